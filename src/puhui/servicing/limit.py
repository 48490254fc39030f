"""Front door, reads of a limit (额度): how much of it is left, and what a draw costs before it is taken.

Rule kept: the answer is the fold of the loan's facts with the draw as one more fact, by the code that books it; a day's cost is a
stretch of the same spans that interest runs by. Nothing is stored.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models, queries, what_if
from puhui.servicing.columns import terms_of
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.fold import Fact, Folded
from puhui.servicing.core.rounding import MODES, round_ratio
from puhui.servicing.core.spans import Spans
from puhui.servicing.core.terms import LoanTerms

MONTH_DAYS = 30  # what "a month" means where a cost is told: thirty days, said beside the figure


@dataclass(frozen=True, slots=True)
class Limit:
    """A loan's limit on a day. `again`: what is paid back can be drawn again. `until` is the last day it can be drawn before."""

    limit_minor: int
    used_minor: int
    until: date
    again: bool
    open: bool

    @property
    def left_minor(self) -> int:
        return max(self.limit_minor - self.used_minor, 0) if self.open else 0


@dataclass(frozen=True, slots=True)
class DrawCost:
    """What drawing an amount on `on` costs if it is kept: a day, thirty days, until it is due; and what is due then in all."""

    on: date
    amount_minor: int
    day_minor: int
    month_minor: int
    until_due_minor: int
    due_on: date
    due_minor: int
    balance_minor: int
    left_minor: int


def limit(loan_id: str, *, as_of: date) -> Limit | None:
    """The limit of a loan, None where its contract names none. Raises LoanNotFound."""
    row = models.Loan.objects.filter(pk=loan_id).first()
    if row is None:
        raise queries.LoanNotFound(loan_id)
    terms = terms_of(row)
    if not terms.limit_minor:
        return None
    again = terms.method == "at_will"
    draws = models.Event.objects.filter(loan_id=loan_id, kind="disburse", reversed_by=None)
    paid_out = (minor or 0 for minor in draws.values_list("amount_minor", flat=True))
    used = row.outstanding_minor if again else sum(paid_out)
    sold = models.Event.objects.filter(loan_id=loan_id, kind="transfer", reversed_by=None).exists()
    serviced = row.state == "active" or (again and row.state == "closed")
    still = serviced and row.restructured_on is None and not sold
    return Limit(terms.limit_minor, used, row.final_due_on, again, still and as_of < row.final_due_on)


def draw_cost(loan_id: str, amount_minor: int, *, as_of: date) -> DrawCost:
    """What it costs to draw `amount_minor` on `as_of`. Raises Refused where the draw cannot be."""
    known = limit(loan_id, as_of=as_of)
    if known is None or not known.open:
        text = "现在没有可用的额度：合同没有约定、已到期、有逾期或已重组 · no limit to draw on: none agreed, expired, overdue or restructured"
        raise Refused(Refusal("NO_LIMIT_TO_DRAW_ON", text, where=loan_id))
    fact = Fact(day_number(as_of), "disburse", amount_minor)
    look = what_if.with_fact(loan_id, fact, as_of=as_of)
    last = len(look.after.dues) - 1
    return DrawCost(
        on=as_of,
        amount_minor=amount_minor,
        day_minor=runs(look.after, amount_minor, 1),
        month_minor=runs(look.after, amount_minor, MONTH_DAYS),
        until_due_minor=_interest_ahead(look.after) - _interest_ahead(look.before),
        due_on=as_of + timedelta(days=look.after.dues.dues[last] - look.after.as_of),
        due_minor=look.after.outstanding_minor,
        balance_minor=look.after.balance_minor,
        left_minor=known.left_minor - amount_minor,
    )


def runs(told: Folded, balance_minor: int, days: int) -> int:
    """Interest that a balance earns in the next days, at most to the end of the period that is open."""
    assert told.plan is not None
    plan = told.plan
    return _earns(plan.spans, min(plan.closed, plan.periods - 1), balance_minor, (told.as_of, days), plan.mode)


def first_days_minor(terms: LoanTerms, days: int) -> int:
    """Interest of the first days after the disbursement.

    >>> from decimal import Decimal
    >>> first_days_minor(LoanTerms("CNY", 1_000_000, Decimal("0.072"), 1, date(2026, 8, 3), method="at_will", day_count="actual/360"), 30)
    6000
    """
    mode = MODES.get(terms.interest_rounding, MODES[terms.rounding])
    return _earns(Spans.of(terms), 0, terms.principal_minor, (day_number(terms.disbursed_on), days), mode)


def _earns(spans: Spans, k: int, balance_minor: int, stretch: tuple[int, int], mode: int) -> int:
    """Interest of a balance from a day number on, so many days, at most to the end of period `k`."""
    since, days = stretch
    weight = spans.weight(k, since, min(since + days, spans.dues[k]))
    return round_ratio(balance_minor * weight, spans.denominators[k], mode)


def _interest_ahead(told: Folded) -> int:
    return sum(told.dues.open_of(k, "interest") for k in range(len(told.dues)))
