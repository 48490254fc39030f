"""Import a bill into a shop's books, undo it, remember which column is which in a bill nobody knew."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
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

_STAGE = """
CREATE TEMPORARY TABLE stage_entry ON COMMIT DROP AS
SELECT key, source, layout, day, clock, direction, amount_minor, currency, debit, credit, sure_percent, why, counterparty, note,
       kind, method, status, external_id, merchant_id, balance_minor, refund, 0 AS line FROM merchant_entry WITH NO DATA
"""
_INSERT = """
INSERT INTO merchant_entry (shop_id, origin, recorded_at, key, source, layout, day, clock, direction, amount_minor, currency, debit,
       credit, sure_percent, why, counterparty, note, kind, method, status, external_id, merchant_id, balance_minor, refund)
SELECT %(shop)s, 'import', %(now)s, key, source, layout, day, clock, direction, amount_minor, currency, debit, credit, sure_percent,
       why, counterparty, note, kind, method, status, external_id, merchant_id, balance_minor, refund FROM stage_entry
    ON CONFLICT (shop_id, key) DO NOTHING
"""
_TELL = """
INSERT INTO merchant_telling (entry_id, bill_import_id, line)
SELECT e.id, %(import)s, s.line FROM stage_entry s JOIN merchant_entry e ON e.shop_id = %(shop)s AND e.key = s.key
"""
_REVIVE = """
UPDATE merchant_entry e SET live = true FROM stage_entry s
 WHERE e.shop_id = %(shop)s AND e.key = s.key AND NOT e.live AND NOT EXISTS
       (SELECT 1 FROM merchant_correction c WHERE c.entry_id = e.id AND c.verb IN ('strike', 'restore')
         GROUP BY c.entry_id HAVING (array_agg(c.verb ORDER BY c.id DESC))[1] = 'strike')
"""
_WITHDRAW = """
UPDATE merchant_entry e SET live = false FROM merchant_telling t
 WHERE t.bill_import_id = %(import)s AND e.id = t.entry_id AND e.live AND NOT EXISTS
       (SELECT 1 FROM merchant_telling o JOIN merchant_import i ON i.id = o.bill_import_id
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
        frame = _frame(shop_id, bill)
    row = _import_row(shop_id, bill, file.name, file_hash, by, now)
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        stream_frame(cursor, frame, "stage_entry")
        cursor.execute("SELECT DISTINCT day FROM stage_entry s WHERE NOT EXISTS (SELECT 1 FROM merchant_entry e "
                       "WHERE e.shop_id = %s AND e.key = s.key AND e.live)", [shop_id])  # fmt: skip
        days = [day for (day,) in cursor.fetchall()]
        ledger_folding.refuse_closed(shop_id, days)
        told: dict[str, Any] = {"shop": shop_id, "now": now, "import": row.id}
        cursor.execute(_INSERT, told)
        row.fresh = cursor.rowcount
        row.save(force_insert=True)
        cursor.execute(_TELL, told)
        cursor.execute(_REVIVE, told)
        cursor.execute("DROP TABLE stage_entry")
    ledger_folding.fold(shop_id, days=days, amounts=frame["amount_minor"].to_list())
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
        cursor.execute(_WITHDRAW, {"import": import_id})
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
    days = [entry.date for entry in bill.entries]
    return models.BillImport(
        id=new_id("imp", now=now), shop_id=shop_id, source=bill.source, layout=bill.layout, file_name=file_name[:200], file_hash=file_hash,
        encoding=bill.encoding, row_count=bill.rows, told=len(bill.entries), fresh=0, duplicates=len(bill.duplicates),
        rejected=bill.summary()["rejected"], skipped=bill.summary()["skipped"], totals=bill.totals(),
        first_day=min(days, default=None), last_day=max(days, default=None), imported_at=now, imported_by=by,
    )  # fmt: skip


def _frame(shop_id: str, bill: Bill) -> pl.DataFrame:
    """The bill's entries as columns of the stage, booked."""
    kinds = {source.code: source.kind for source in bill_words().sources} | {"bank": "bank"}
    booker = Booker(sorter_of(shop_id), tie_rules(), kinds, card=bill.card)
    rows = grossed(bill.entries, refund_with_fee())
    rows += fees_of(rows)
    booked, keys = booker.book(rows), _keys(rows)
    return pl.DataFrame({
        "key": keys, "source": [row.source for row in rows], "layout": [bill.layout] * len(rows), "day": [row.date for row in rows],
        "clock": [row.time for row in rows], "direction": [row.direction for row in rows],
        "amount_minor": [row.amount_minor for row in rows], "currency": [row.currency for row in rows],
        "debit": [each.debit for each in booked], "credit": [each.credit for each in booked],
        "sure_percent": [each.sure_percent for each in booked], "why": [each.why for each in booked],
        "counterparty": [row.counterparty for row in rows], "note": [row.description for row in rows],
        "kind": [row.kind for row in rows], "method": [row.method for row in rows], "status": [row.status for row in rows],
        "external_id": [row.external_id for row in rows], "merchant_id": [row.merchant_id for row in rows],
        "balance_minor": [row.balance_minor for row in rows], "refund": [row.refund for row in rows],
        "line": [row.row for row in rows],
    }, schema_overrides={"balance_minor": pl.Int64})  # fmt: skip


def _keys(rows: Sequence[BillEntry]) -> list[str]:
    """A name for each payment that is the same in every file that tells it: its day, so that names of one day stand together in
    the index, and a hash of the n-th of payments alike in all that is told."""
    seen: dict[str, int] = {}
    days = {entry.date: (entry.date.isoformat(), f"{entry.date:%y%m%d}") for entry in rows}
    keys = []
    for entry in rows:
        iso, short = days[entry.date]
        told = f"{entry.source}\x1f{iso}\x1f{entry.time}\x1f{entry.direction}\x1f{entry.amount_minor}\x1f{entry.currency}\x1f"
        told += entry.external_id or f"{entry.balance_minor}\x1f{entry.counterparty}\x1f{entry.description}"
        seen[told] = nth = seen.get(told, 0) + 1
        keys.append(short + hashlib.blake2b(f"{told}\x1f{nth}".encode(), digest_size=16).hexdigest())
    return keys
