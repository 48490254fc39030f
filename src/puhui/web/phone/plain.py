"""A folded loan as a shop owner reads it: one line a payment, with what it is made of and how far off it is.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.fold import LoanTerms, Policy, day_number, fold
>>> terms = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 8, 15))
>>> lines = plan(fold(terms, Policy(), [], day_number(date(2026, 9, 1))))
>>> next_of(lines).due_minor, next_of(lines).days_to, next_of(lines).state
(888488, 14, 'planned')
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from puhui.servicing.core.daycount import day_of
from puhui.servicing.core.dues import CHARGES, HEADS
from puhui.servicing.core.fold import Folded


@dataclass(frozen=True, slots=True)
class Line:
    """One payment of the plan; `state` is planned, due, overdue or paid; `days_to` is below zero when it is late."""

    n: int
    due_on: date
    principal_minor: int
    interest_minor: int
    charges_minor: int
    due_minor: int
    unpaid_minor: int
    days_to: int
    state: str

    @property
    def days_late(self) -> int:
        return max(-self.days_to, 0)


def plan(told: Folded) -> list[Line]:
    """Every payment, first to last; one that asks nothing (all of it was paid ahead elsewhere) is left out."""
    lines = [_line(told, k) for k in range(len(told.dues))]
    return [line for line in lines if line.due_minor]


def next_of(lines: Sequence[Line]) -> Line | None:
    """The oldest payment that is not paid in full."""
    return next((line for line in lines if line.unpaid_minor > 0), None)


def level_of(lines: Sequence[Line]) -> int:
    """What most of the coming payments ask: that of the one after the next, or of the last there is."""
    ahead = [line for line in lines if line.unpaid_minor > 0 and line.days_to > 0]
    return ahead[min(1, len(ahead) - 1)].due_minor if ahead else 0


def _line(told: Folded, k: int) -> Line:
    dues = told.dues
    asked = {head: dues.asked[head][k] for head in HEADS}
    unpaid, days_to = dues.open_minor(k), dues.dues[k] - told.as_of
    state = "paid" if unpaid == 0 else "overdue" if days_to < 0 else "due" if days_to == 0 else "planned"
    return Line(
        n=k + 1,
        due_on=day_of(dues.dues[k]),
        principal_minor=asked["principal"],
        interest_minor=asked["interest"],
        charges_minor=sum(asked[head] for head in CHARGES),
        due_minor=sum(asked.values()),
        unpaid_minor=unpaid,
        days_to=days_to,
        state=state,
    )
