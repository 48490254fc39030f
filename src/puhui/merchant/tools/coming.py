"""What a shop knows will be paid or received in the coming weeks: suppliers' bills and customers' debts by their day, taxes by the filing calendar,
wage tax, instalments, plans.

Rules kept: taxes are worked out by the tax tools from the books, the rest of a running quarter as the last four weeks were; a day without a
loaded rule gives no amount and a note; what is late and owed to the shop is not counted on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from puhui.kernel.periods import add_months
from puhui.kernel.refusal import Refused
from puhui.merchant import rule_files, taxes
from puhui.merchant.core import filing, known_cash
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import Words, yuan
from puhui.merchant.tools import dues, people

_WEEK, _USUAL_DAYS = 7, 28
_ESTIMATED: Words = ("税，按账本估算", "a tax, estimated from the books")
_BILL: Words = ("要付的货款", "a supplier's bill")
_OWED: Words = ("该还来的赊账", "a customer's debt")
_INSTALMENT: Words = ("还借款", "an instalment")
_PLAN: Words = ("您计划的", "planned")
_SETTLED = {
    "supplier": (("payable",), "out", "known_usual_weeks"),
    "customer": (("receivable",), "in", "known_usual_weeks"),
    "debt": (("loan", "interest"), "out", "known_usual_weeks"),
    "tax": (("tax",), "out", "tax_usual_weeks"),
}  # kind → (accounts that its payments stand in, way, the line that says over how many weeks the ordinary run is taken)


@dataclass(frozen=True, slots=True)
class Coming:
    """One amount, fen, received above zero and paid below. `kind` is a key of `_SETTLED`, or `planned`: outside any ordinary run."""

    kind: str
    on: date
    minor: int
    who: Words
    told: Words


def coming(facts: Facts, days: int) -> tuple[list[Coming], list[Words]]:
    """All that is known of the coming days, by day; and what is left out, in words."""
    last = facts.as_of + timedelta(days=days)
    notes: list[Words] = []
    found = [*_promises(facts, notes), *_taxes(facts, last, notes), *_debts(facts), *_plans(facts)]
    return sorted((each for each in found if each.on <= last and each.minor), key=lambda each: each.on), notes


def added(facts: Facts, known: Sequence[Coming], weeks: int) -> list[int]:
    """Fen by week that known amounts add to the ordinary run of the books."""
    lines = {row["name"]: int(row["value"]) for row in rule_files.in_force("tool_lines", on=facts.as_of) if row["name"].endswith("_usual_weeks")}  # fmt: skip
    sums = [0] * weeks
    for kind in ("planned", *_SETTLED):
        told = [0] * weeks
        for each in known:
            if each.kind == kind:
                told[min(max((each.on - facts.as_of).days - 1, 0) // _WEEK, weeks - 1)] += each.minor
        if kind == "planned":
            sums = [a + b for a, b in zip(sums, told, strict=True)]
            continue
        accounts, way, line = _SETTLED[kind]
        span = min(lines[line], facts.weeks_of_books)
        usual = facts.settled(accounts, way, span * _WEEK)
        sign = 1 if way == "in" else -1
        extra = known_cash.beyond([abs(minor) for minor in told], usual_minor=usual, usual_weeks=span)
        sums = [a + sign * b for a, b in zip(sums, extra, strict=True)]
    return sums


def _promises(facts: Facts, notes: list[Words]) -> Iterator[Coming]:
    """Open bills by their day (late ones at once) and open debts of customers that are not late."""
    for bill in facts.owed("bill", "bill_paid").all:
        yield Coming("supplier", max(bill.debt.due_on, facts.as_of), -bill.left_minor, (bill.debt.who,) * 2, _BILL)
    late = 0
    for debt in facts.owed("credit_sale", "credit_paid").all:
        if debt.debt.due_on < facts.as_of:
            late += debt.left_minor
        else:
            yield Coming("customer", debt.debt.due_on, debt.left_minor, (debt.debt.who,) * 2, _OWED)
    if late:
        notes.append(
            (
                f"已经晚了的赊账 {yuan(late)} 说不准哪天还，没算进去",
                f"{yuan(late)} that customers owe late is not counted on",
            )
        )


def _taxes(facts: Facts, last: date, notes: list[Words]) -> Iterator[Coming]:
    entity = facts.about("entity", "sole_trader")
    for each in dues.deadlines(facts):
        if each.due_on > last:
            break
        try:
            minor = _tax(facts, each, entity)
        except (Refused, rule_files.RuleAbsent):
            notes.append(
                (
                    f"{each.zh} {each.due_on}：那时的税率还没载入，没算进去",
                    f"{each.en}, {each.due_on}: no rates are loaded for it yet, not counted",
                )
            )
            continue
        yield Coming("tax", each.due_on, -minor, (each.zh, each.en), _ESTIMATED)


def _tax(facts: Facts, deadline: filing.Deadline, entity: str) -> int:
    """Fen due on a deadline of the calendar; nothing of reports that cost nothing and of what the books cannot tell. Raises Refused."""
    if deadline.code == "wage_tax":
        return people.withheld_month(facts)
    first = deadline.planned.replace(day=1)
    quarter, end = add_months(first, -3), first - timedelta(days=1)
    if deadline.code == "vat_quarter":
        gross = _until(facts, facts.sales, quarter, end)
        place = facts.about("place", "city")
        return int(
            taxes.ask("vat", {"quarter_gross": taxes.plain_yuan(gross), "place": place, "on": end})["total_minor"]
        )
    if deadline.code in ("iit_prepay", "cit_prepay"):
        before = _year_so_far(facts, quarter - timedelta(days=1), entity) if quarter.month > 1 else 0
        return max(0, _year_so_far(facts, end, entity) - before)
    return 0


def _year_so_far(facts: Facts, end: date, entity: str) -> int:
    """Income tax of the year to the end of a quarter, as if each quarter before had been prepaid."""
    start = end.replace(month=1, day=1)
    revenue, cost = (_until(facts, days, start, end) for days in (facts.sales, facts.costs))
    if entity == "firm":
        return int(taxes.ask("cit", {"taxable": taxes.plain_yuan(revenue - cost), "on": end})["due_minor"])
    asked = {"revenue": taxes.plain_yuan(revenue), "cost": taxes.plain_yuan(cost), "months": end.month, "on": end}
    return int(taxes.ask("iit", asked)["due_minor"])


def _until(facts: Facts, days: dict[date, int], start: date, end: date) -> int:
    """Fen from a day to the end of a period, what has not come yet as the last four weeks were; never below zero."""
    so_far = sum(minor for day, minor in days.items() if start <= day <= min(end, facts.as_of))
    ahead = max(0, (end - facts.as_of).days)
    return max(0, so_far + facts.summed(days, _USUAL_DAYS) * ahead // _USUAL_DAYS)


def _debts(facts: Facts) -> Iterator[Coming]:
    for each in facts.newest("debt", "who"):
        ends = each.day("ends_on") or facts.as_of
        for month in range(1, 4):
            on = add_months(facts.as_of, month)
            if on <= ends:
                yield Coming("debt", on, -each.minor("instalment"), (each.text("who"),) * 2, _INSTALMENT)


def _plans(facts: Facts) -> Iterator[Coming]:
    for each in facts.of("planned"):
        on = each.day("on")
        if on and on > facts.as_of:
            sign = 1 if each.text("way") == "in" else -1
            yield Coming("planned", on, sign * each.minor("amount"), (each.text("name"),) * 2, _PLAN)
