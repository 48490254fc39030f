"""What the tools compute from: the shop's records that stand, and its books by day.

Everything is read once a page; a page sums day totals (some rows a day), never entries, so a shop of half a million entries is as quick.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import connection

from puhui.kernel.periods import Period, add_months
from puhui.merchant import book_queries, ledger_folding, models, photo_proof
from puhui.merchant.book_tables import chart
from puhui.merchant.core import debts, stock
from puhui.merchant.core.tool_records import Record

_BACK = 3 * 366  # days of books that tools look at
_PAYERS_MONTHS = 2  # months before this one whose payers count
CLOCK_DAYS = 28  # days whose payments tell the busy hours: four of each weekday
_HISTORY_MONTHS = 12  # months before this one that health is told of
_MOVES = {"stock_in": "in", "stock_out": "out", "stock_count": "count"}


def records(shop_id: str, *kinds: str) -> list[Record]:
    """Records that stand, in order of day, then as they came; all kinds when none is named."""
    rows = models.ToolRecord.objects.filter(shop_id=shop_id, revocation=None)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return [Record(row.id, row.kind, row.on, row.body) for row in rows.order_by("on", "recorded_at", "id")]


def shelf(moves: Sequence[Record], name: str) -> stock.Shelf:
    """One item folded from its records. Raises Refused STOCK_BELOW_ZERO."""
    return stock.fold(_moves(moves), name)


def _moves(moves: Sequence[Record]) -> list[stock.Move]:
    return [
        stock.Move(
            _MOVES[move.kind], move.number("counted" if move.kind == "stock_count" else "quantity"),
            move.minor("unit_cost"), move.on, move.day("expires_on"),
        )
        for move in moves
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class StockTake:
    """One item counted: what was missing (below zero: found more), and the photos behind it."""

    record: Record
    missing: Decimal
    missing_minor: int
    photos: tuple[photo_proof.Photo, ...]

    @property
    def proven(self) -> bool:
        """There is a photo, and none was changed."""
        return bool(self.photos) and all(photo.unchanged for photo in self.photos)


def barcodes(items: Sequence[Record]) -> dict[str, str]:
    """Barcode → name of the item that it was recorded for."""
    return {each.text("barcode"): each.text("name") for each in items if each.text("barcode")}


def _until(days: dict[date, int], last: date) -> dict[date, int]:
    return {day: minor for day, minor in days.items() if day <= last}


@dataclass
class Facts:
    """A shop on a day, as its tools see it. Loaded when first asked for."""

    shop_id: str
    as_of: date

    @cached_property
    def records(self) -> list[Record]:
        return [each for each in records(self.shop_id) if each.on <= self.as_of]

    def at(self, day: date) -> "Facts":
        """The shop at the end of an earlier month (the last day of it), from what is read already."""
        assert (day + timedelta(days=1)).day == 1, "payers are known by month"
        earlier = Facts(self.shop_id, day)
        earlier._payers = self._payers_of_history
        earlier.records = [each for each in self.records if each.on <= day]
        earlier._totals = [row for row in self._totals if row["day"] <= day]
        earlier.sales, earlier.costs = _until(self.sales, day), _until(self.costs, day)
        earlier.money = {way: _until(days, day) for way, days in self.money.items()}
        return earlier

    def of(self, *kinds: str) -> list[Record]:
        return [each for each in self.records if each.kind in kinds]

    def newest(self, kind: str, key: str) -> list[Record]:
        """What was said last of each name."""
        return list({each.text(key): each for each in self.of(kind)}.values())

    @cached_property
    def profile(self) -> Record | None:
        return next(iter(reversed(self.of("profile"))), None)

    def about(self, name: str, otherwise: str) -> str:
        return self.profile.text(name) or otherwise if self.profile else otherwise

    @cached_property
    def shelves(self) -> dict[str, stock.Shelf]:
        """Every item with moves."""
        return {name: shelf(each, name) for name, each in self._moves_by_item.items()}

    @cached_property
    def _moves_by_item(self) -> dict[str, list[Record]]:
        moves: dict[str, list[Record]] = defaultdict(list)
        for each in self.of("stock_in", "stock_out", "stock_count"):
            moves[each.text("name")].append(each)
        return moves

    def stock_takes(self, most: int) -> list[StockTake]:
        """The newest counts, the newest first."""
        newest = [each.id for each in self.of("stock_count")[-most:]]
        counted = {
            moves[place].id: (moves[place], gone, minor)
            for name, moves in self._moves_by_item.items() if any(each.id in newest for each in moves)
            for place, gone, minor in stock.missing_at(_moves(moves), name)
        }  # fmt: skip
        photos = photo_proof.photos(self.shop_id, [counted[each][0] for each in newest])
        return [StockTake(*counted[each], tuple(photos.get(each, ()))) for each in reversed(newest)]

    @cached_property
    def _totals(self) -> list[dict[str, Any]]:
        since = self.as_of - timedelta(days=_BACK)
        return book_queries.day_totals(self.shop_id, Period(since, self.as_of + timedelta(days=1)))

    @cached_property
    def sales(self) -> dict[date, int]:
        """Income a day, returns taken off, fen; days without are left out."""
        return self._by_day(("income",), debit_is_plus=False)

    @cached_property
    def costs(self) -> dict[date, int]:
        """Goods and running costs a day, fen."""
        return self._by_day(("cost", "expense"), debit_is_plus=True)

    @cached_property
    def money(self) -> dict[str, dict[date, int]]:
        """`in` and `out` of all pockets a day, fen; moves between own pockets left out."""
        accounts = chart()
        found: dict[str, dict[date, int]] = {"in": defaultdict(int), "out": defaultdict(int)}
        for row in self._totals:
            into, out_of = accounts.is_money(row["debit"]), accounts.is_money(row["credit"])
            if into != out_of and accounts.of(row["credit" if into else "debit"]).kind != "transit":
                found["in" if into else "out"][row["day"]] += row["amount_minor"]
        return found

    @cached_property
    def orders(self) -> dict[date, int]:
        """Payments by customers a day."""
        counts: dict[date, int] = defaultdict(int)
        for row in self._totals:
            if chart().of(row["credit"]).kind == "income":
                counts[row["day"]] += row["entries"]
        return counts

    def account(self, code: str, days: int) -> int:
        """Debits less credits of one account over the last days, fen."""
        since = self.as_of - timedelta(days=days)
        return sum(
            row["amount_minor"] * ((row["debit"] == code) - (row["credit"] == code))
            for row in self._totals if row["day"] > since
        )  # fmt: skip

    def settled(self, codes: Sequence[str], way: str, days: int) -> int:
        """Money that came in from, or went out against, some accounts over the last days, fen."""
        since, accounts, money, other = self.as_of - timedelta(days=days), chart(), *(("debit", "credit") if way == "in" else ("credit", "debit"))  # fmt: skip
        return sum(
            row["amount_minor"] for row in self._totals
            if since < row["day"] <= self.as_of and row[other] in codes and accounts.is_money(row[money])
        )  # fmt: skip

    @property
    def weeks_of_books(self) -> int:
        """Whole weeks since money first moved."""
        first = min((day for days in self.money.values() for day in days), default=None)
        return ((self.as_of - first).days + 1) // 7 if first else 0

    def held(self) -> int:
        """Money in all pockets now, fen."""
        return sum(line.amount_minor for line in book_queries.balance(self.shop_id, as_of=self.as_of).money)

    def summed(self, days: dict[date, int], count: int) -> int:
        """Sum of the last `count` days."""
        since = self.as_of - timedelta(days=count)
        return sum(minor for day, minor in days.items() if since < day <= self.as_of)

    def gross_share(self) -> tuple[int, int]:
        """(sales, goods bought) of the last 90 days, fen: what is left of a yuan of sales."""
        return self.summed(self.sales, 90), self.account("goods", 90)

    def returned(self, days: int) -> tuple[int, int]:
        """(income given back, income before it) of the last days, fen."""
        since, accounts = self.as_of - timedelta(days=days), chart()
        rows = [row for row in self._totals if row["day"] > since]
        back = sum(row["amount_minor"] for row in rows if accounts.of(row["debit"]).kind == "income")
        return back, sum(row["amount_minor"] for row in rows if accounts.of(row["credit"]).kind == "income")

    def fixed_month(self) -> int:
        """Rent, wages, water and power of a month, fen: the mean of the last three."""
        return sum(self.account(code, 90) for code in ("rent", "wages", "utilities")) // 3

    def owed(self, sold: str, paid: str) -> debts.Debts:
        """Promises and payments of customers (credit_sale, credit_paid) or to suppliers (bill, bill_paid)."""
        return debts.settle(
            [
                debts.Debt(
                    each.text("who"),
                    each.on,
                    each.minor("amount"),
                    each.day("due_on") or each.on,
                    each.text("debtor"),
                    each.number("late_rate") if "late_rate" in each.body else None,
                )
                for each in self.of(sold)
            ],
            [debts.Payment(each.text("who"), each.on, each.minor("amount")) for each in self.of(paid)],
        )

    @cached_property
    def orders_by_clock(self) -> dict[tuple[int, int], int]:
        """(weekday 1 to 7, hour) → payments by customers over the last four weeks; those without a time are left out."""
        statement = """
            SELECT extract(isodow FROM day)::int, substr(clock, 1, 2)::int, count(*) FROM merchant_entry
             WHERE shop_id = %s AND day > %s AND day <= %s AND direction = 'in' AND counted AND clock ~ '^[0-2][0-9]:'
             GROUP BY 1, 2 ORDER BY 1, 2"""
        with connection.cursor() as cursor:
            cursor.execute(statement, [self.shop_id, self.as_of - timedelta(days=CLOCK_DAYS), self.as_of])
            return {(weekday, hour): count for weekday, hour, count in cursor.fetchall()}

    def orders_by_hour(self) -> dict[int, int]:
        """The same by hour alone, in order."""
        hours: dict[int, int] = defaultdict(int)
        for (_weekday, hour), count in self.orders_by_clock.items():
            hours[hour] += count
        return dict(sorted(hours.items()))

    def largest_payer(self) -> tuple[int, int, int]:
        """(income of the largest customer or platform, income whose payer is named, all income) of this month and the two before, fen,
        refunds taken off.

        A platform is one payer; a name that a bill only made up from its goods or its kind names nobody.
        """
        month, found = self.as_of.replace(day=1), defaultdict[str, int](int)
        for back in range(_PAYERS_MONTHS + 1):
            for payer, minor in self._payers.get(add_months(month, -back), {}).items():
                found[payer] += minor
        whole = {payer: max(minor, 0) for payer, minor in found.items()}
        named = [minor for payer, minor in whole.items() if payer]
        return max(named, default=0), sum(named), sum(whole.values())

    @cached_property
    def _payers(self) -> dict[date, dict[str, int]]:
        return self._payers_since(_PAYERS_MONTHS)

    @cached_property
    def _payers_of_history(self) -> dict[date, dict[str, int]]:
        return self._payers_since(_HISTORY_MONTHS + _PAYERS_MONTHS)

    def _payers_since(self, months: int) -> dict[date, dict[str, int]]:
        since = add_months(self.as_of.replace(day=1), -months)
        return ledger_folding.paid_by_month(self.shop_id, since=since, as_of=self.as_of)

    def _by_day(self, kinds: tuple[str, ...], *, debit_is_plus: bool) -> dict[date, int]:
        accounts = chart()
        found: dict[date, int] = defaultdict(int)
        for row in self._totals:
            sign = (accounts.of(row["debit"]).kind in kinds) - (accounts.of(row["credit"]).kind in kinds)
            if sign:
                found[row["day"]] += row["amount_minor"] * (sign if debit_is_plus else -sign)
        return found
