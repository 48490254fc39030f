"""Folds a shop's books: which rows are one payment, and what each day comes to. Called inside the operation that changed entries.

Rule kept: what is folded depends on the live entries alone, never on the order in which they came.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import connection

from puhui.kernel.periods import add_months
from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import models
from puhui.merchant.bill_tables import bill_words
from puhui.merchant.book_tables import chart, source_kind, tie_rules
from puhui.merchant.core.booking import FEE_OF
from puhui.merchant.core.tie_out import Telling, answered, tie
from puhui.merchant.core.tie_proposals import OWN

_SHORTEST_ORDER = 6  # a shorter number is no order number
_FEW = 500  # more amounts than these are looked for in one pass over the shop's rows
_COLUMNS = """SELECT e.id, e.key, e.source, e.direction, e.amount_minor, e.day, e.clock, e.external_id, e.merchant_id,
       e.counterparty || ' ' || e.kind || ' ' || e.note, e.method, e.layout, e.tied_to
  FROM merchant_entry e WHERE e.shop_id = %(shop)s AND e.live AND e.currency = 'CNY' AND """
_CANDIDATES = (
    """
WITH shared AS MATERIALIZED (
    SELECT amount_minor FROM merchant_entry
     WHERE shop_id = %(shop)s AND origin = 'import' AND live AND currency = 'CNY' AND (%(all)s OR amount_minor = ANY(%(amounts)s))
     GROUP BY 1 HAVING min(source || layout) <> max(source || layout) OR count(tied_to) > 0)
"""
    + _COLUMNS
    + """e.origin = 'import'
   AND e.amount_minor IN (SELECT amount_minor FROM shared) AND (%(all)s OR e.amount_minor = ANY(%(amounts)s))
"""
)
_ANSWERED_ROWS = _COLUMNS + "e.id = ANY(%(ids)s) AND (%(all)s OR e.amount_minor = ANY(%(amounts)s))"
_RECENT = (
    _COLUMNS
    + """e.counted AND e.day > %(since)s AND e.direction <> 'neutral' AND e.amount_minor IN
       (SELECT amount_minor FROM merchant_entry WHERE shop_id = %(shop)s AND counted AND day > %(since)s
         GROUP BY 1 HAVING min(source) <> max(source))"""
)
_STANDING = """
SELECT entry_id, main, verb FROM (
    SELECT DISTINCT ON (entry_id, now_is) entry_id, now_is::bigint AS main, verb, id FROM merchant_correction
     WHERE shop_id = %s AND verb IN ('tie', 'untie', 'forget') ORDER BY entry_id, now_is, id DESC) newest
 WHERE verb <> 'forget' ORDER BY id
"""
_REFOLD = """
DELETE FROM merchant_day_total WHERE shop_id = %(shop)s AND day = ANY(%(days)s);
INSERT INTO merchant_day_total (shop_id, day, debit, credit, amount_minor, entries)
SELECT shop_id, day, debit, credit, sum(amount_minor), count(*) FROM merchant_entry
 WHERE shop_id = %(shop)s AND day = ANY(%(days)s) AND counted GROUP BY 1, 2, 3, 4
"""
_PAID = """
SELECT day - extract(day FROM day)::int + 1 AS month,
       CASE WHEN source = ANY(%(platforms)s) THEN source WHEN counterparty IN (note, kind) THEN '' ELSE counterparty END AS payer,
       sum(CASE WHEN credit = ANY(%(income)s) THEN amount_minor ELSE -amount_minor END)::bigint AS minor
  FROM {rows} counted AND (credit = ANY(%(income)s) OR debit = ANY(%(income)s)) GROUP BY month, payer
"""
_OF_DAYS = "merchant_entry WHERE shop_id = %(shop)s AND day >= %(since)s AND day < %(until)s AND"
_PAYERS = """
INSERT INTO merchant_payer_month AS kept (shop_id, month, payers, minors)
SELECT %(shop)s, month, array_agg(payer), array_agg(minor) FROM ({paid}) paid {where} GROUP BY month
    ON CONFLICT (shop_id, month) DO UPDATE SET (payers, minors) = (
       SELECT array_agg(payer), array_agg(minor) FROM (
            SELECT payer, sum(minor)::bigint AS minor
              FROM unnest(kept.payers || EXCLUDED.payers, kept.minors || EXCLUDED.minors) AS both_told (payer, minor) GROUP BY payer) added_up)
"""
SUMMED = "day, debit, credit, amount_minor, counted, source, counterparty, note, kind"
# Adds rows of a WITH named `added` (these columns of entries that came new) to their days and to what payers paid by month.
ADD = """
totals AS (
    INSERT INTO merchant_day_total AS total (shop_id, day, debit, credit, amount_minor, entries)
    SELECT %(shop)s, day, debit, credit, sum(amount_minor), count(*) FROM added WHERE counted GROUP BY day, debit, credit
        ON CONFLICT (shop_id, day, debit, credit) DO UPDATE
       SET amount_minor = total.amount_minor + EXCLUDED.amount_minor, entries = total.entries + EXCLUDED.entries)
""" + _PAYERS.format(paid=_PAID.format(rows="added WHERE"), where="")
_ADD_THESE = (
    f"WITH added AS (SELECT {SUMMED} FROM merchant_entry WHERE shop_id = %(shop)s AND id = ANY(%(ids)s)), {ADD}"
)
_REFOLD_PAYERS = _PAYERS.format(paid=_PAID.format(rows=_OF_DAYS), where="WHERE month = ANY(%(months)s)")


def fold(shop_id: str, *, days: Iterable[date], amounts: Iterable[int] = ()) -> None:
    """Tie rows of these amounts out anew and sum these days anew, with the days of rows whose tie changed.

    Raises Refused MONTH_CLOSED where a row of a closed month would begin or cease to count.
    """
    touched = set(days)
    tied = _tie_out(shop_id, sorted(set(amounts)))
    if tied - touched:
        refuse_closed(shop_id, tied - touched)
    refold_days(shop_id, sorted(touched | tied))


def add_new(shop_id: str, entry_ids: Sequence[int]) -> None:
    """Add entries that came new to their days and to what payers paid in their months."""
    if entry_ids:
        with connection.cursor() as cursor:
            cursor.execute(_ADD_THESE, payer_words() | {"shop": shop_id, "ids": list(entry_ids)})


def refold_days(shop_id: str, days: Sequence[date]) -> None:
    """Replace the totals of these days by the sums of their counted entries, and what payers paid in their months."""
    if days:
        with connection.cursor() as cursor:
            for statement in _REFOLD.split(";"):
                cursor.execute(statement, {"shop": shop_id, "days": list(days)})
            months = sorted({day.replace(day=1) for day in days})
            asked: dict[str, Any] = payer_words() | {
                "shop": shop_id, "months": months, "since": months[0], "until": add_months(months[-1], 1)}  # fmt: skip
            cursor.execute(
                "DELETE FROM merchant_payer_month WHERE shop_id = %(shop)s AND month = ANY(%(months)s)", asked
            )
            cursor.execute(_REFOLD_PAYERS, asked)


def payer_words() -> dict[str, list[str]]:
    """Which sources are platforms, each one payer, and which accounts are income: what the sums by payer ask for."""
    return {
        "platforms": [source.code for source in bill_words().sources if source.kind == "platform"],
        "income": [code for code, account in chart().accounts.items() if account.kind == "income"],
    }


def paid_by_month(shop_id: str, *, since: date, as_of: date) -> dict[date, dict[str, int]]:
    """First day of the month → payer ("" where not named) → income less refunds in fen, of the months from `since` to the end of a day."""
    kept = models.PayerMonth.objects.filter(shop_id=shop_id, month__gte=since, month__lte=as_of)
    found = {row.month: dict(zip(row.payers, row.minors, strict=True)) for row in kept}
    month, after = as_of.replace(day=1), as_of + timedelta(days=1)
    if models.DayTotal.objects.filter(shop_id=shop_id, day__gte=after, day__lt=add_months(month, 1)).exists():
        asked: dict[str, Any] = payer_words() | {"shop": shop_id, "since": month, "until": after}
        with connection.cursor() as cursor:
            cursor.execute(_PAID.format(rows=_OF_DAYS), asked)
            found[month] = {payer: minor for _, payer, minor in cursor.fetchall()}
    return found


def refuse_closed(shop_id: str, days: Iterable[date]) -> None:
    """A closed month takes no entry: Refused MONTH_CLOSED with its name. It can be opened again first."""
    months = {day.replace(day=1) for day in days}
    closed = sorted(months & closed_months(shop_id))
    if closed:
        names = "、".join(f"{month:%Y-%m}" for month in closed)
        raise Refused(
            Refusal("MONTH_CLOSED", f"{names} 已结账；要改，请先反结账 · closed; open the month again first", names)
        )


def closed_months(shop_id: str) -> set[date]:
    """Months whose newest closing row says close."""
    rows = models.MonthClosing.objects.filter(shop_id=shop_id).order_by("month", "-id").distinct("month")
    return {row.month for row in rows if row.verb == "close"}


def answers(shop_id: str) -> list[tuple[int, int, bool]]:
    """(lesser, main, same) as the owner said last of each pair, the newest last; what was taken back is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [shop_id])
        return [(lesser, main, verb == "tie") for lesser, main, verb in cursor.fetchall()]


def recent_tellings(shop_id: str, *, since: date) -> tuple[dict[int, Telling], set[str]]:
    """(counted rows after a day whose amount two sources tell, by id; keys of those that another row is tied to)."""
    with connection.cursor() as cursor:
        cursor.execute(_RECENT, {"shop": shop_id, "since": since})
        rows = {row[0]: _telling(row) for row in cursor.fetchall()}
    tied = models.Entry.objects.filter(shop_id=shop_id, live=True, tied_to__in=list(rows))
    return rows, {rows[main].key for main in tied.values_list("tied_to", flat=True) if main is not None}


def _tie_out(shop_id: str, amounts: Sequence[int]) -> set[date]:
    said = answers(shop_id) if amounts else []
    layouts = models.BillImport.objects.filter(shop_id=shop_id).values("source", "layout").distinct()[:2]
    if not amounts or (len(layouts) < 2 and not said):  # nothing else could tell the same payments
        return set()
    rows = _rows_of(shop_id, amounts, sorted({entry_id for lesser, main, _ in said for entry_id in (lesser, main)}))
    keys = {row[0]: row[1] for row in rows}
    ids = {row[1]: row[0] for row in rows}
    ties = tie([_telling(row) for row in rows], tie_rules())
    pairs = [(keys.get(main, ""), keys.get(lesser, ""), same) for lesser, main, same in said]
    ties = answered(
        ties,
        [(main, lesser) for main, lesser, same in pairs if same],
        {(main, lesser) for main, lesser, same in pairs if not same},
        ids,
    )
    wanted = {ids[each.lesser]: (ids[each.main], each.why) for each in ties}
    changed = [row for row in rows if row[12] != wanted.get(row[0], (None,))[0]]
    for row in changed:
        main_id, why = wanted.get(row[0], (None, ""))
        models.Entry.objects.filter(id=row[0]).update(tied_to=main_id, tie_why=why)
    return {row[5] for row in changed}


def _rows_of(shop_id: str, amounts: Sequence[int], said: Sequence[int]) -> list[tuple[Any, ...]]:
    """Live rows of bills of these amounts that may be tied or are, and those an owner said something of, each once."""
    every = len(amounts) > _FEW
    asked: dict[str, Any] = {
        "shop": shop_id,
        "amounts": [] if every else list(amounts),
        "all": every,
        "ids": list(said),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, asked)
        rows = cursor.fetchall()
        if said:
            cursor.execute(_ANSWERED_ROWS, asked)
            known = {row[0] for row in rows}
            rows += [row for row in cursor.fetchall() if row[0] not in known]
    return rows


def _telling(row: tuple[Any, ...]) -> Telling:
    """A row as the tie-out sees it; the fee of an order carries the order's number (`fees_of`)."""
    _, key, source, direction, minor, day, clock, external_id, merchant_id, text, method, layout, _ = row
    numbers = (number.removesuffix(FEE_OF) for number in (external_id, merchant_id))
    orders = tuple(number for number in numbers if len(number) >= _SHORTEST_ORDER)
    kind = source_kind(bill_words().sources, source) if source else OWN
    return Telling(key, source, kind, direction, minor, day, clock, orders, text, method, layout)
