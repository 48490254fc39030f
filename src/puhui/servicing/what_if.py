"""Front door, reads that ask what would be: an early payoff on a day, part of the loan paid early, any event before it is recorded.

Rule kept: an answer is the fold of the loan's facts with one more fact, by the code that books it (core/fold), so a preview and the
booking cannot differ. Nothing is stored. Days ahead assume that nothing else happens until then.
"""

from dataclasses import dataclass
from datetime import date, datetime

from puhui.servicing import models, queries
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.dues import CHARGES, Amounts
from puhui.servicing.core.fold import Fact, Folded
from puhui.servicing.history import History


@dataclass(frozen=True, slots=True)
class FactLine:
    """One recorded fact. `by` is who recorded it where that is known; `undone_by` the fact that reversed it."""

    id: str
    kind: str
    on: date
    amount_minor: int | None
    ref: str
    by: str
    reason: str
    business_date: date
    recorded_at: datetime
    reverses: str
    undone_by: str
    first: bool = False  # the disbursement that the loan began with

    @property
    def can_be_undone(self) -> bool:
        """By kind: everything but a reversal and the disbursement that lies in the terms."""
        return self.kind != "reverse" and not self.first


@dataclass(frozen=True, slots=True)
class Payoff:
    """What settles the loan on `on`, and what staying in it would cost instead; good for that day."""

    on: date
    principal_minor: int
    interest_minor: int
    charges_minor: int
    credit_minor: int
    total_minor: int
    rest_minor: int  # all that is still to be paid if the plan is kept
    saved_minor: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The loan without and with one more fact, both folded to the same day."""

    before: Folded
    after: Folded

    @property
    def by_head(self) -> Amounts:
        """What the new fact's amount went to."""
        fresh = self.after.transactions[len(self.before.transactions) :]
        return fresh[-1].by_head if fresh else {}

    @property
    def saved_minor(self) -> int:
        """Interest that will never be asked because of the new fact: what was still to come, less what is, less what the fact pays."""
        before, after = (
            sum(told.dues.open_of(k, "interest") for k in range(len(told.dues))) for told in (self.before, self.after)
        )
        return before - after - self.by_head.get("interest", 0)


def facts(loan_id: str) -> list[FactLine]:
    """Every fact of a loan, latest first. Raises LoanNotFound."""
    queries.loan(loan_id)
    rows = list(models.Event.objects.filter(loan_id=loan_id).order_by("-sequence"))
    undone = {row.reverses_id: row.id for row in rows if row.reverses_id}
    first = next((row for row in reversed(rows) if row.kind == "disburse"), None)
    return [
        FactLine(
            id=row.id,
            kind=row.kind,
            on=row.effective_date,
            amount_minor=row.amount_minor,
            ref=row.ref,
            by=str(row.details.get("by", "")),
            reason=str(row.details.get("reason", "")),
            business_date=row.business_date,
            recorded_at=row.recorded_at,
            reverses=row.reverses_id or "",
            undone_by=undone.get(row.id, ""),
            first=row is first,
        )
        for row in rows
    ]


def told(loan_id: str, *, as_of: date) -> Folded:
    """The loan as its facts tell it on a day. Raises LoanNotFound; Refused where the facts cannot be."""
    return _history(loan_id).folded(as_of, overdue_stays=True)


def order(loan_id: str) -> tuple[str, ...]:
    """The heads in the order in which money settles them while the loan performs. Raises LoanNotFound."""
    return _history(loan_id).policy.waterfall


def payoff(loan_id: str, *, on: date) -> Payoff:
    """The quote of a day, not before the disbursement. Raises Refused where the loan is not open."""
    history = _history(loan_id)
    kept = history.folded(on, overdue_stays=True)
    settled = history.folded(on, [history.next(Fact(day_number(on), "payoff"))])
    paid = next(each for each in reversed(settled.transactions) if each.kind == "payoff")
    taken = sum(paid.by_head.values())
    return Payoff(
        on=on,
        principal_minor=paid.by_head.get("principal", 0),
        interest_minor=paid.by_head.get("interest", 0),
        charges_minor=sum(paid.by_head.get(head, 0) for head in CHARGES),
        credit_minor=kept.credit_minor,
        total_minor=paid.amount_minor,
        rest_minor=kept.outstanding_minor,
        saved_minor=kept.outstanding_minor - taken,
    )


def with_fact(loan_id: str, fact: Fact, *, as_of: date) -> Difference:
    """The loan without and with this fact, which counts as the last one entered. Raises Refused."""
    history = _history(loan_id)
    return Difference(*history.with_and_without(history.next(fact), as_of))


def without_fact(loan_id: str, fact_id: str, *, on: date, as_of: date) -> Difference:
    """The loan before and after the reversal of one of its facts. Raises Refused."""
    return with_fact(loan_id, Fact(day_number(on), "reverse", ref=fact_id), as_of=as_of)


def _history(loan_id: str) -> History:
    row = models.Loan.objects.filter(pk=loan_id).first()
    if row is None:
        raise queries.LoanNotFound(loan_id)
    return History.of(row)
