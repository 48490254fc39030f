"""Folds a shop's books: which rows are one payment, and what each day comes to. Called inside the operation that changed entries.

Rule kept: what is folded depends on the live entries alone, never on the order in which they came.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import connection

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import models
from puhui.merchant.bill_tables import bill_words
from puhui.merchant.book_tables import source_kind, tie_rules
from puhui.merchant.core.tie_out import Telling, tie

_SHORTEST_ORDER = 6  # a shorter number is no order number
_FEW = 500  # more amounts than these are looked for in one pass over the shop's rows
_CANDIDATES = """
WITH shared AS MATERIALIZED (
    SELECT amount_minor FROM merchant_entry
     WHERE shop_id = %(shop)s AND origin = 'import' AND live AND currency = 'CNY' AND (%(all)s OR amount_minor = ANY(%(amounts)s))
     GROUP BY 1 HAVING min(source || layout) <> max(source || layout) OR count(tied_to) > 0)
SELECT e.id, e.key, e.source, e.direction, e.amount_minor, e.day, e.clock, e.external_id, e.merchant_id,
       e.counterparty || ' ' || e.kind || ' ' || e.note, e.method, e.layout, e.tied_to
  FROM merchant_entry e
 WHERE e.shop_id = %(shop)s AND e.origin = 'import' AND e.live AND e.currency = 'CNY'
   AND e.amount_minor IN (SELECT amount_minor FROM shared) AND (%(all)s OR e.amount_minor = ANY(%(amounts)s))
"""
_STANDING = """
SELECT e.id, c.verb, c.now_is FROM merchant_correction c JOIN merchant_entry e ON e.id = c.entry_id
 WHERE c.shop_id = %s AND c.verb IN ('tie', 'untie') ORDER BY c.id
"""
_REFOLD = """
DELETE FROM merchant_day_total WHERE shop_id = %(shop)s AND day = ANY(%(days)s);
INSERT INTO merchant_day_total (shop_id, day, debit, credit, amount_minor, entries)
SELECT shop_id, day, debit, credit, sum(amount_minor), count(*) FROM merchant_entry
 WHERE shop_id = %(shop)s AND day = ANY(%(days)s) AND counted GROUP BY 1, 2, 3, 4
"""


def fold(shop_id: str, *, days: Iterable[date], amounts: Iterable[int] = ()) -> None:
    """Tie rows of these amounts out anew and sum these days anew, with the days of rows whose tie changed."""
    touched = set(days)
    touched |= _tie_out(shop_id, sorted(set(amounts)))
    refold_days(shop_id, sorted(touched))


def refold_days(shop_id: str, days: Sequence[date]) -> None:
    """Replace the totals of these days by the sums of their counted entries."""
    if days:
        with connection.cursor() as cursor:
            for statement in _REFOLD.split(";"):
                cursor.execute(statement, {"shop": shop_id, "days": list(days)})


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


def _tie_out(shop_id: str, amounts: Sequence[int]) -> set[date]:
    layouts = models.BillImport.objects.filter(shop_id=shop_id).values("source", "layout").distinct()[:2]
    if not amounts or len(layouts) < 2:  # nothing else could tell the same payments
        return set()
    every = len(amounts) > _FEW
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, {"shop": shop_id, "amounts": [] if every else list(amounts), "all": every})
        rows = cursor.fetchall()
    if not rows:
        return set()
    ties, _ = tie([_telling(row) for row in rows], tie_rules())
    ids = {row[1]: row[0] for row in rows}
    wanted = {ids[each.lesser]: (ids[each.main], each.why) for each in ties}
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [shop_id])
        for entry_id, verb, main in cursor.fetchall():  # what the owner said goes before what the rules found
            if verb == "untie":
                wanted.pop(entry_id, None)
            else:
                wanted[entry_id] = (int(main), "owner")
    changed = [row for row in rows if row[12] != wanted.get(row[0], (None,))[0]]
    for row in changed:
        main_id, why = wanted.get(row[0], (None, ""))
        models.Entry.objects.filter(id=row[0]).update(tied_to=main_id, tie_why=why)
    return {row[5] for row in changed}


def _telling(row: tuple[Any, ...]) -> Telling:
    _, key, source, direction, minor, day, clock, external_id, merchant_id, text, method, layout, _ = row
    orders = tuple(number for number in (external_id, merchant_id) if len(number) >= _SHORTEST_ORDER)
    kind = source_kind(bill_words().sources, source)
    return Telling(key, source, kind, direction, minor, day, clock, orders, text, method, layout)
