"""Import a bill into a shop's books, undo it, remember which column is which in a bill nobody knew."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
import psycopg
from django.db import connection

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import ledger_folding, models
from puhui.merchant.bill_tables import bill_words
from puhui.merchant.book_tables import refund_with_fee, tie_rules
from puhui.merchant.core.bills.entry import Bill, BillEntry
from puhui.merchant.core.bills.reading import read_bill, uncollected
from puhui.merchant.core.booking import Booker, fees_of, grossed
from puhui.merchant.operations.books import books_of, sorter_of
from puhui.store.copying import stream_frame
from puhui.store.undivided import undivided

_BETWEEN = "\x1f"
_PIECE = 16_384  # payments that PostgreSQL stores while the next are booked
# Of the keys a bill tells, those the books have. A list of values, not a join: whatever statistics say, the worst plan is one walk
# over the shop's entries (a join of new rows with entries once took 259 s: the planner took a shop it did not know for one entry).
_KNOWN = "SELECT key, id, live, day, amount_minor FROM merchant_entry WHERE shop_id = %(shop)s AND key = ANY(string_to_array(%(keys)s, ' '))"
_STAGE = """
CREATE TEMPORARY TABLE stage_entry ON COMMIT DROP AS
SELECT key, source, layout, day, clock, direction, amount_minor, currency, debit, credit, sure_percent, why, counterparty, note,
       kind, method, status, external_id, merchant_id, balance_minor, refund, line FROM merchant_entry WITH NO DATA
"""
_INSERT = (
    """
WITH added AS (
    INSERT INTO merchant_entry (shop_id, origin, recorded_at, told_by, {names})
    SELECT %(shop)s, 'import', %(now)s, %(import)s, {values} FROM stage_entry
    RETURNING {summed}),
"""
    + ledger_folding.ADD
)
_TELL_KNOWN = """
INSERT INTO merchant_telling (entry_id, bill_import_id, line)
SELECT entry_id, %(import)s, line FROM unnest(%(ids)s::bigint[], %(lines)s::int[]) AS known (entry_id, line)
"""
_REVIVE = """
UPDATE merchant_entry e SET live = true WHERE e.id = ANY(%(ids)s) AND NOT e.live AND NOT EXISTS
       (SELECT 1 FROM merchant_correction c WHERE c.entry_id = e.id AND c.verb IN ('strike', 'restore')
         GROUP BY c.entry_id HAVING (array_agg(c.verb ORDER BY c.id DESC))[1] = 'strike')
RETURNING e.day, e.amount_minor
"""
_CLEAR = "TRUNCATE stage_entry"
_WITHDRAW = """
UPDATE merchant_entry e SET live = false
 WHERE e.live AND e.id IN
       (SELECT id FROM merchant_entry WHERE shop_id = %(shop)s AND day BETWEEN %(first)s AND %(last)s AND told_by = %(import)s
         UNION ALL SELECT entry_id FROM merchant_telling WHERE bill_import_id = %(import)s)
   AND NOT EXISTS (SELECT 1 FROM merchant_import i WHERE i.id = e.told_by AND i.undone_at IS NULL)
   AND NOT EXISTS (SELECT 1 FROM merchant_telling o JOIN merchant_import i ON i.id = o.bill_import_id
                    WHERE o.entry_id = e.id AND i.undone_at IS NULL)
RETURNING e.day, e.amount_minor
"""


@dataclass(frozen=True, slots=True)
class ImportDone:
    """`fresh` entries came new into the books; `told` are all the file tells; `known` says the same file had been imported."""

    import_id: str
    source: str
    told: int
    fresh: int
    known: bool


@dataclass(frozen=True, slots=True)
class BillFile:
    """A file as handed in; `mapping` is role → column, as a person named them."""

    content: bytes
    name: str
    password: str = ""
    mapping: Mapping[str, str] | None = None


@undivided
def import_bill(shop_id: str, file: BillFile, *, by: str, today: date, now: datetime) -> ImportDone:
    """Read a file and put what is new into the books. The same file again adds nothing.

    Raises Refused as `read_bill` does, and MONTH_CLOSED where a new payment falls into a closed month; then nothing moved.
    """
    books_of(shop_id, lock=True)
    file_hash = hashlib.sha256(file.content).hexdigest()
    standing = models.BillImport.objects.filter(shop_id=shop_id, file_hash=file_hash, undone_at=None).first()
    if standing:
        return ImportDone(standing.id, standing.source, standing.told, 0, True)
    mapping = file.mapping or remembered_mapping(shop_id, file.content, file.password)
    with uncollected():
        bill = read_bill(file.content, bill_words(), today=today, password=file.password, mapping=mapping)
        told = _told_by(shop_id, bill)
        days = {day for _, live, day, _ in told.known.values() if not live}
        ledger_folding.refuse_closed(shop_id, days | {each.date for each in told.fresh})
        row = _import_row(shop_id, bill, file.name, file_hash, by, now)
        row.fresh = len(told.fresh)
        row.save(force_insert=True)
        revived = _store(told, {"shop": shop_id, "now": now, "import": row.id} | ledger_folding.payer_words())
    amounts = {each.amount_minor for each in told.fresh} | {minor for _, minor in revived}
    ledger_folding.fold(shop_id, days={day for day, _ in revived}, amounts=amounts)
    return ImportDone(row.id, bill.source, row.told, row.fresh, False)


@undivided
def undo_import(shop_id: str, import_id: str, *, now: datetime) -> None:
    """Take an import out of the books: every total is again what it would be without it. Idempotent.

    What another import tells too stays. Raises Refused IMPORT_UNKNOWN, MONTH_CLOSED.
    """
    books_of(shop_id, lock=True)
    row = models.BillImport.objects.filter(shop_id=shop_id, id=import_id).first()
    if row is None:
        raise Refused(Refusal("IMPORT_UNKNOWN", "没有这次导入 · there is no such import", import_id))
    if row.undone_at is not None:
        return
    row.undone_at = now
    row.save(update_fields=["undone_at"])
    with connection.cursor() as cursor:
        asked = {"shop": shop_id, "import": import_id, "first": row.first_day, "last": row.last_day}
        cursor.execute(_WITHDRAW, asked)
        gone = cursor.fetchall()
    ledger_folding.refuse_closed(shop_id, {day for day, _ in gone})
    ledger_folding.fold(shop_id, days={day for day, _ in gone}, amounts={minor for _, minor in gone})


@undivided
def remember_mapping(shop_id: str, heading: tuple[str, ...], mapping: Mapping[str, str], *, now: datetime) -> None:
    """Keep which column is which for bills with this heading."""
    models.ColumnMapping.objects.update_or_create(
        shop_id=shop_id, heading="\x1f".join(heading), defaults={"mapping": dict(mapping), "said_at": now}
    )


def remembered_mapping(shop_id: str, content: bytes, password: str) -> dict[str, str] | None:
    """What the owner said of a bill with such a heading, if anything."""
    known = list(models.ColumnMapping.objects.filter(shop_id=shop_id))
    if not known:
        return None
    from puhui.merchant.core.bills.opening import open_sheets

    for sheet in open_sheets(content, bill_words().limits, password=password):
        headings = {
            "\x1f".join(cell.strip() for cell in row) for row in sheet.rows[: bill_words().limits["header_rows"]]
        }
        for each in known:
            if each.heading in headings:
                return dict(each.mapping)
    return None


def _import_row(shop_id: str, bill: Bill, file_name: str, file_hash: str, by: str, now: datetime) -> models.BillImport:
    days, summary = {entry.date for entry in bill.entries}, bill.summary()
    return models.BillImport(
        id=new_id("imp", now=now), shop_id=shop_id, source=bill.source, layout=bill.layout, file_name=file_name[:200], file_hash=file_hash,
        encoding=bill.encoding, row_count=bill.rows, told=len(bill.entries), fresh=0, duplicates=len(bill.duplicates),
        rejected=summary["rejected"], skipped=summary["skipped"], totals=summary["totals"],
        first_day=min(days, default=None), last_day=max(days, default=None), imported_at=now, imported_by=by,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Told:
    """What a bill tells: payments that are new with their keys and who books them, and (id, live, day, minor) of those the books have,
    by key, with their lines."""

    layout: str
    fresh: list[BillEntry]
    keys: list[str]
    booker: Booker
    known: dict[str, tuple[int, bool, date, int]]
    lines: list[int]


def _told_by(shop_id: str, bill: Bill) -> _Told:
    """The bill's payments, parted into those that the books have and new ones."""
    kinds = {source.code: source.kind for source in bill_words().sources} | {"bank": "bank"}
    booker = Booker(sorter_of(shop_id), tie_rules(), kinds, card=bill.card)
    rows = grossed(bill.entries, refund_with_fee())
    rows += fees_of(rows)
    keys = _keys(rows)
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"shop": shop_id, "keys": " ".join(keys)})
        known = {key: (entry_id, live, day, minor) for key, entry_id, live, day, minor in cursor.fetchall()}
    if not known:
        return _Told(bill.layout, rows, keys, booker, known, [])
    new = [n for n, key in enumerate(keys) if key not in known]
    lines = {key: row.row for key, row in zip(keys, rows, strict=True) if key in known}
    return _Told(
        bill.layout, [rows[n] for n in new], [keys[n] for n in new], booker, known, [lines[key] for key in known]
    )


def _store(told: _Told, asked: dict[str, Any]) -> list[tuple[date, int]]:
    """Put what the bill tells into the books, told by this import; (day, minor) of entries that live again."""
    revived = []
    with connection.cursor() as cursor:
        if told.known:
            ids = [entry_id for entry_id, _, _, _ in told.known.values()]
            cursor.execute(_TELL_KNOWN, asked | {"ids": ids, "lines": told.lines})
            cursor.execute(_REVIVE, {"ids": [entry_id for entry_id, live, _, _ in told.known.values() if not live]})
            revived = cursor.fetchall()
        if told.fresh:
            _store_fresh(cursor, told, asked)
    return revived


def _store_fresh(cursor: Any, told: _Told, asked: dict[str, Any]) -> None:
    """New entries and their day totals: PostgreSQL works on one piece while the next is booked and made."""
    link: Any = connection.connection
    pieces = (_piece(told, first) for first in range(0, len(told.fresh), _PIECE))
    piece = next(pieces, None)
    cursor.execute(_STAGE)
    with connection.wrap_database_errors, psycopg.Cursor(link) as storing:
        while piece is not None:
            same, frame = piece
            stream_frame(cursor, frame, "stage_entry")
            names = (*same, *frame.columns)
            values = ", ".join((*(f"%({name})s" for name in same), *frame.columns))
            insert = _INSERT.format(names=", ".join(names), values=values, summed=ledger_folding.SUMMED)
            with link.pipeline():
                storing.execute(insert, asked | same)
                storing.execute(_CLEAR)
                piece = next(pieces, None)
    cursor.execute("DROP TABLE stage_entry")


def _piece(told: _Told, first: int) -> tuple[dict[str, Any], pl.DataFrame]:
    """Some of what is new, booked: (what all these rows say alike, said once in the statement; columns of the stage)."""
    rows = told.fresh[first : first + _PIECE]
    booked = told.booker.book(rows)
    columns: dict[str, list[Any]] = {
        "key": told.keys[first : first + _PIECE], "source": [row.source for row in rows], "layout": [told.layout] * len(rows),
        "day": [row.date for row in rows], "clock": [row.time for row in rows], "direction": [row.direction for row in rows],
        "amount_minor": [row.amount_minor for row in rows], "currency": [row.currency for row in rows],
        "debit": [each.debit for each in booked], "credit": [each.credit for each in booked],
        "sure_percent": [each.sure_percent for each in booked], "why": [each.why for each in booked],
        "counterparty": [row.counterparty for row in rows], "note": [row.description for row in rows],
        "kind": [row.kind for row in rows], "method": [row.method for row in rows], "status": [row.status for row in rows],
        "external_id": [row.external_id for row in rows], "merchant_id": [row.merchant_id for row in rows],
        "balance_minor": [row.balance_minor for row in rows], "refund": [row.refund for row in rows],
        "line": [row.row for row in rows],
    }  # fmt: skip
    same = {name: said[0] for name, said in columns.items() if name != "key" and len(set(said)) == 1}
    varied = {name: said for name, said in columns.items() if name not in same}
    whole = {"balance_minor": pl.Int64} if "balance_minor" in varied else None
    return same, pl.DataFrame(varied, schema_overrides=whole)


def _keys(rows: Sequence[BillEntry]) -> list[str]:
    """A name for each payment that is the same in every file that tells it: its day, so that names of one day stand together in
    the index, and a hash of the n-th of payments alike in all that is told."""
    days = {day: (f"\x1f{day.isoformat()}\x1f", f"{day:%y%m%d}") for day in {entry.date for entry in rows}}
    told = [
        f"{entry.source}{days[entry.date][0]}{entry.time}\x1f{entry.direction}\x1f{entry.amount_minor}\x1f{entry.currency}\x1f"
        f"{entry.external_id or f'{entry.balance_minor}{_BETWEEN}{entry.counterparty}{_BETWEEN}{entry.description}'}"
        for entry in rows
    ]
    return [
        days[entry.date][1] + hashlib.blake2b(f"{each}\x1f{nth}".encode(), digest_size=16).hexdigest()
        for entry, each, nth in zip(rows, told, _nth(told), strict=True)
    ]


def _nth(told: Sequence[str]) -> Iterable[int]:
    """The how-maniest of its like each is."""
    if len(set(told)) == len(told):
        return [1] * len(told)
    seen: dict[str, int] = {}
    found = []
    for each in told:
        seen[each] = nth = seen.get(each, 0) + 1
        found.append(nth)
    return found
