"""Open a shop's books; type, correct, strike an entry; close and open a month; keep a paper; close the books away."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import ledger_folding, models
from puhui.merchant.book_tables import category_rules, chart
from puhui.merchant.core.categories import Correction, Sorter
from puhui.merchant.core.sentence import Sentence, read_sentence
from puhui.store.undivided import undivided

FALLBACK = {"in": "unsorted_in", "out": "unsorted_out", "neutral": "transfer"}
_SURE_ENOUGH = 80
_REMEMBERED = 5000
_LARGEST_PAPER = 10_000_000
_REPEATED = """
UPDATE merchant_entry SET credit = CASE WHEN credit = %(was)s THEN %(now)s ELSE credit END,
       debit = CASE WHEN debit = %(was)s THEN %(now)s ELSE debit END, why = 'owner', sure_percent = 100
 WHERE shop_id = %(shop)s AND counterparty = %(who)s AND counterparty <> '' AND direction = %(way)s AND why <> 'owner'
   AND (debit = %(was)s OR credit = %(was)s) AND NOT (date_trunc('month', day)::date = ANY(%(closed)s))
RETURNING day
"""


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """A double entry that a tool or a person gives. `client_id` makes it once, however often it is sent."""

    client_id: str
    day: date
    amount_minor: int
    debit: str
    credit: str
    note: str
    counterparty: str = ""
    origin: str = "typed"


@dataclass(frozen=True, slots=True)
class Paper:
    """A photo, invoice or file; it belongs to an entry, to an import, or to the record of a tool that names its hash."""

    content: bytes
    name: str
    media_type: str
    entry_id: int | None = None
    import_id: str | None = None


@undivided
def open_books(
    shop_id: str, person_id: str, *, trade: str = "", opening: dict[str, int] | None = None, now: datetime
) -> None:
    """Open the books of a shop, with what it has to begin with (account → minor units, a debt below nought). Idempotent."""
    _, created = models.Books.objects.get_or_create(
        shop_id=shop_id, defaults={"person_id": person_id, "trade": trade[:60], "opened_at": now}
    )
    drafts = []
    for account, minor in (opening or {}).items() if created else ():
        if minor:
            debit, credit = (account, "opening") if minor > 0 else ("opening", account)
            drafts.append(
                EntryDraft(f"opening/{account}", now.date(), abs(minor), debit, credit, "期初", origin="tool")
            )
    record_entries(shop_id, drafts, today=now.date(), now=now)


@undivided
def record_entries(shop_id: str, drafts: Sequence[EntryDraft], *, today: date, now: datetime) -> list[int]:
    """Put entries into the books, all or none; returns their ids. A client id that is known gives the entry it made.

    Raises Refused: ACCOUNT_UNKNOWN, AMOUNT_NOT_POSITIVE, DATE_IN_FUTURE, MONTH_CLOSED, CLIENT_ID_REUSED, BOOKS_CLOSED.
    """
    books_of(shop_id, lock=True)
    known = {
        row.key: row for row in models.Entry.objects.filter(shop_id=shop_id, key__in=[_client(each) for each in drafts])
    }
    fresh: dict[str, models.Entry] = {}
    for draft in drafts:
        key = _client(draft)
        _refuse_draft(draft, known.get(key) or fresh.get(key), today)
        if key not in known and key not in fresh:
            fresh[key] = _typed(shop_id, key, draft, now)
    ledger_folding.refuse_closed(shop_id, [row.day for row in fresh.values()])
    stored = models.Entry.objects.bulk_create(fresh.values())
    ledger_folding.add_new(shop_id, [row.id for row in stored])
    ids = {row.key: row.id for row in (*known.values(), *stored)}
    return [ids[_client(draft)] for draft in drafts]


@undivided
def record_sentence(shop_id: str, text: str, *, client_id: str, today: date, now: datetime) -> tuple[int, Sentence]:
    """Book a sentence such as `进货 烟 3200 微信`; the same client id posts once. Raises Refused as `read_sentence` does."""
    said = read_sentence(text, chart(), today=today)
    draft = EntryDraft(client_id, said.day, said.amount_minor, said.debit, said.credit, said.note)
    return record_entries(shop_id, [draft], today=today, now=now)[0], said


@undivided
def sort_entry(shop_id: str, entry_id: int, category: str, *, by: str, now: datetime, alike: bool = True) -> int:
    """Say what an entry was for; with `alike` all others of this counterparty that nobody sorted follow. Returns how many moved.

    Raises Refused: ENTRY_UNKNOWN, ACCOUNT_UNKNOWN, MONTH_CLOSED.
    """
    books_of(shop_id, lock=True)
    entry = entry_of(shop_id, entry_id)
    _account(category)
    ledger_folding.refuse_closed(shop_id, [entry.day])
    was = _category_of(entry)
    if was == category or not entry.debit:
        return 0
    models.Correction.objects.create(
        shop_id=shop_id, entry=entry, verb="sort", direction=entry.direction, counterparty=entry.counterparty,
        text=f"{entry.kind} {entry.note}".strip(), was=was, now_is=category, said_by=by, said_at=now,
    )  # fmt: skip
    entry.debit, entry.credit = (category if side == was else side for side in (entry.debit, entry.credit))
    entry.why, entry.sure_percent = "owner", 100
    entry.save(update_fields=["debit", "credit", "why", "sure_percent"])
    days = {entry.day}
    if alike and entry.origin == "import":
        told: dict[str, Any] = {"shop": shop_id, "who": entry.counterparty, "way": entry.direction, "was": was, "now": category,
                "closed": sorted(ledger_folding.closed_months(shop_id))}  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_REPEATED, told)
            moved = [day for (day,) in cursor.fetchall()]
        days |= set(moved)
    else:
        moved = []
    ledger_folding.refold_days(shop_id, sorted(days))
    return 1 + len(moved)


@undivided
def strike_entry(shop_id: str, entry_id: int, *, by: str, now: datetime, restore: bool = False) -> None:
    """Take an entry out of the books (it stays, struck through), or put it back. Raises ENTRY_UNKNOWN, MONTH_CLOSED."""
    books_of(shop_id, lock=True)
    entry = entry_of(shop_id, entry_id)
    ledger_folding.refuse_closed(shop_id, [entry.day])
    if entry.live == restore:
        return
    models.Correction.objects.create(
        shop_id=shop_id,
        entry=entry,
        verb="restore" if restore else "strike",
        direction=entry.direction,
        said_by=by,
        said_at=now,
    )
    entry.live = restore
    entry.save(update_fields=["live"])
    ledger_folding.fold(shop_id, days=[entry.day], amounts=[entry.amount_minor])


@undivided
def close_month(shop_id: str, month: date, *, by: str, today: date, now: datetime) -> str:
    """Close a month that is over: its trial balance is kept with a digest, and it takes no more entries. Idempotent."""
    first = month.replace(day=1)
    books_of(shop_id, lock=True)
    if first >= today.replace(day=1):
        raise Refused(Refusal("MONTH_NOT_OVER", "这个月还没有过完 · the month is not over", f"{first:%Y-%m}"))
    if first in ledger_folding.closed_months(shop_id):
        return models.MonthClosing.objects.filter(shop_id=shop_id, month=first).latest("id").digest
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    rows = models.DayTotal.objects.filter(shop_id=shop_id, day__lt=after)
    balances: dict[str, int] = {}
    for debit, credit, minor in rows.values_list("debit", "credit", "amount_minor"):
        balances[debit] = balances.get(debit, 0) + minor
        balances[credit] = balances.get(credit, 0) - minor
    sealed = digest(balances)
    models.MonthClosing.objects.create(
        shop_id=shop_id, month=first, verb="close", totals=balances, digest=sealed, said_by=by, said_at=now
    )
    return sealed


@undivided
def open_month(shop_id: str, month: date, *, by: str, now: datetime) -> None:
    """Open a closed month again; the closing stays on record."""
    first = month.replace(day=1)
    books_of(shop_id, lock=True)
    if first in ledger_folding.closed_months(shop_id):
        models.MonthClosing.objects.create(
            shop_id=shop_id, month=first, verb="open", totals={}, digest="", said_by=by, said_at=now
        )


@undivided
def attach(shop_id: str, paper: Paper, *, now: datetime) -> str:
    """Keep a paper or photo with an entry, or a file with its import. Raises Refused PAPER_TOO_BIG, ENTRY_UNKNOWN."""
    books_of(shop_id)
    if len(paper.content) > _LARGEST_PAPER:
        raise Refused(Refusal("PAPER_TOO_BIG", "文件超过 10 MB；请压缩后再传 · larger than 10 MB", paper.name))
    if paper.entry_id is not None:
        entry_of(shop_id, paper.entry_id)
    return models.Attachment.objects.create(
        id=new_id("att", now=now), shop_id=shop_id, entry_id=paper.entry_id, bill_import_id=paper.import_id,
        name=paper.name[:200], media_type=paper.media_type[:80], size=len(paper.content),
        sha256=hashlib.sha256(paper.content).hexdigest(), content=paper.content, added_at=now,
    ).id  # fmt: skip


@undivided
def restrict(shop_id: str, *, now: datetime) -> None:
    """Close the books away at the owner's wish: nothing is worked with any more, nothing is shown to a lender; they are kept as the law asks."""
    books_of(shop_id, lock=True)
    models.Books.objects.filter(shop_id=shop_id, restricted_at=None).update(restricted_at=now)


def books_of(shop_id: str, *, lock: bool = False) -> models.Books:
    """The books of a shop that may be worked with. Raises Refused BOOKS_NOT_OPEN, BOOKS_CLOSED."""
    rows = models.Books.objects.filter(shop_id=shop_id)
    found = (rows.select_for_update() if lock else rows).first()
    if found is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "还没有开账本 · the books are not open yet", shop_id))
    if found.restricted_at is not None:
        raise Refused(Refusal("BOOKS_CLOSED", "账本已按您的要求封存 · closed away at the owner's wish", shop_id))
    return found


def sorter_of(shop_id: str) -> Sorter:
    """What sorts this shop's payments: its owner's answers, the rules, the model taught by both."""
    rows = models.Correction.objects.filter(shop_id=shop_id, verb="sort").order_by("-id")[:_REMEMBERED]
    said = [Correction(row.direction, row.counterparty, row.text, row.now_is) for row in reversed(rows)]
    return Sorter(category_rules(), said, bar_percent=_SURE_ENOUGH, fallback=FALLBACK)


def _client(draft: EntryDraft) -> str:
    return f"{draft.origin}/{draft.client_id}"


def _refuse_draft(draft: EntryDraft, known: Any, today: date) -> None:
    _account(draft.debit)
    _account(draft.credit)
    if draft.amount_minor <= 0 or draft.debit == draft.credit:
        raise Refused(Refusal("AMOUNT_NOT_POSITIVE", "金额要大于零 · the amount must be above nought", draft.note))
    if draft.day > today:
        raise Refused(
            Refusal("DATE_IN_FUTURE", "日期还没到，不能记将来的账 · that day has not come yet", draft.day.isoformat())
        )
    if known is not None and (known.day, known.amount_minor) != (draft.day, draft.amount_minor):
        raise Refused(
            Refusal("CLIENT_ID_REUSED", "这个编号已经记过另一笔账 · this id made another entry", draft.client_id)
        )


def _typed(shop_id: str, key: str, draft: EntryDraft, now: datetime) -> models.Entry:
    inward = chart().is_money(draft.debit)
    direction = "in" if inward else "out" if chart().is_money(draft.credit) else "neutral"
    return models.Entry(
        shop_id=shop_id, key=key, origin=draft.origin, day=draft.day, direction=direction, amount_minor=draft.amount_minor,
        debit=draft.debit, credit=draft.credit, why="owner", counterparty=draft.counterparty[:120], note=draft.note[:200], recorded_at=now,
    )  # fmt: skip


def _account(code: str) -> None:
    if code not in chart():
        raise Refused(Refusal("ACCOUNT_UNKNOWN", "没有这个科目 · there is no such account", code))


def entry_of(shop_id: str, entry_id: int) -> models.Entry:
    """An entry of this shop, live or not. Raises Refused ENTRY_UNKNOWN."""
    found = models.Entry.objects.filter(shop_id=shop_id, id=entry_id).first()
    if found is None:
        raise Refused(Refusal("ENTRY_UNKNOWN", "没有这笔账 · there is no such entry", str(entry_id)))
    return found


def _category_of(entry: models.Entry) -> str:
    """The side that is not the pocket."""
    return entry.credit if chart().is_money(entry.debit) else entry.debit
