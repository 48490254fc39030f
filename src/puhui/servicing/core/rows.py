"""What the book keeps of a folded loan, instalment by instalment: the derived rows that the end of day works on.

Rule kept: rows are derived, any fold may rewrite them; the same facts give the same rows. The row that runs says from when its
interest is a share of days and what was earned before (core/plan.Mark); what being late costs is kept exactly, whole cents and the
rest below a cent (core/penalty).

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.fold import Policy, fold
>>> from puhui.servicing.core.terms import LoanTerms
>>> told = fold(LoanTerms("CNY", 10_000, Decimal("0.07"), 2, date(2024, 1, 1)), Policy(), [], 19_723)
>>> [(row.n, row.due_on.isoformat(), row.interest_minor) for row in rows_of(told)]
[(1, '2024-02-01', 58), (2, '2024-03-01', 29)]
"""

from dataclasses import dataclass
from datetime import date

from puhui.servicing.core.daycount import day_of
from puhui.servicing.core.dues import HEADS, Amounts
from puhui.servicing.core.fold import Folded
from puhui.servicing.core.given_up import GIVEN_UP
from puhui.servicing.core.terms import RATE_SCALE


@dataclass(frozen=True, slots=True)
class Row:
    """One instalment as stored. Names are those of the table's columns."""

    n: int
    starts_on: date
    due_on: date
    principal_minor: int
    interest_minor: int
    balance_minor: int
    planned_fee_minor: int
    fee_minor: int
    penalty_minor: int
    penalty_carry: int
    charged_penalty_minor: int
    compound_minor: int
    compound_carry: int
    penalty_to: date | None
    earned_before_minor: int
    paid_principal_minor: int
    paid_interest_minor: int
    paid_fee_minor: int
    paid_penalty_minor: int
    paid_compound_minor: int
    settled_on: date | None


def rows_of(told: Folded, only: set[int] | None = None) -> list[Row]:
    """The rows of a loan folded with `overdue_stays`, all or those at some positions."""
    dues = told.dues
    first = 0 if dues.dues and dues.dues[0] == dues.starts[0] else 1
    left = sum(dues.asked["principal"])
    planned = planned_fees(told)
    found = []
    for k in range(len(dues)):
        left -= dues.asked["principal"][k]
        if only is None or k in only:
            found.append(_row(told, k, first, left, planned.get(k, 0)))
    return found


def touched(before: Folded, after: Folded) -> set[int] | None:
    """Positions whose rows can differ between two folds of one loan; None where the plan itself is another."""
    was, now = before.dues, after.dues
    if was.starts != now.starts or was.dues != now.dues or was.asked["principal"] != now.asked["principal"]:
        return None
    found = {*was.open_due, *now.open_due}
    for old, new in ((was.asked, now.asked), (was.paid, now.paid)):
        for head in HEADS:
            if old[head] != new[head]:
                found |= {k for k, (a, b) in enumerate(zip(old[head], new[head], strict=True)) if a != b}
    found |= {k for k in was.settled.keys() | now.settled.keys() if was.settled.get(k) != now.settled.get(k)}
    for told in (before, after):
        assert told.plan is not None
        found |= set(range(told.plan.closed, min(told.plan.running_row() + 1, len(now))))
    return found if before.state == after.state else None


def planned_fees(told: Folded) -> dict[int, int]:
    """Planned fees of instalments by position: what they ask beyond what facts have charged."""
    assert told.lateness is not None
    charged = told.lateness.charged
    fees = ((k, asked - charged.get((k, "fee"), 0)) for k, asked in enumerate(told.dues.asked["fee"]))
    return {k: minor for k, minor in fees if minor > 0}


def fees_ahead(told: Folded) -> Amounts:
    """Planned fees that are not due yet and not paid, as a sum under one name: they are not earned."""
    dues = told.dues
    until = told.closed_on if told.state in GIVEN_UP and told.closed_on is not None else told.as_of
    ahead = sum(max(minor - dues.paid["fee"][k], 0) for k, minor in planned_fees(told).items() if dues.dues[k] > until)
    return {"fee": ahead}


def _row(told: Folded, k: int, first: int, left: int, planned_fee: int) -> Row:
    dues = told.dues
    start, earned_before = _runs_from(told, k)
    penalty, compound = _counted(told, k, "penalty"), _counted(told, k, "compound")
    return Row(
        n=k + first,
        starts_on=day_of(start),
        due_on=day_of(dues.dues[k]),
        principal_minor=dues.asked["principal"][k],
        interest_minor=dues.asked["interest"][k],
        balance_minor=left,
        earned_before_minor=earned_before,
        planned_fee_minor=planned_fee,
        fee_minor=dues.asked["fee"][k] + dues.asked["cost"][k],
        penalty_minor=penalty[0],
        penalty_carry=penalty[1],
        charged_penalty_minor=_charged_penalty(told, k),
        compound_minor=compound[0],
        compound_carry=compound[1],
        penalty_to=day_of(told.as_of) if _counting(told, k) else None,
        paid_principal_minor=dues.paid["principal"][k],
        paid_interest_minor=dues.paid["interest"][k],
        paid_fee_minor=dues.paid["fee"][k] + dues.paid["cost"][k],
        paid_penalty_minor=dues.paid["penalty"][k],
        paid_compound_minor=dues.paid["compound"][k],
        settled_on=_settled_on(told, k),
    )


def _runs_from(told: Folded, k: int) -> tuple[int, int]:
    """From which day the interest of a row is a share of days, and what was earned before: all, where an early payment settled it."""
    plan, dues = told.plan, told.dues
    assert plan is not None
    if plan.closed <= k < plan.running_row():
        return dues.starts[k], dues.asked["interest"][k]
    mark = plan.mark
    if mark is None or mark.row != k or k < plan.closed:
        return dues.starts[k], 0
    return mark.day, mark.earned_minor


def _counting(told: Folded, k: int) -> bool:
    lateness = told.lateness
    return lateness is not None and any(k in carried for carried in lateness.carry.values())


def _counted(told: Folded, k: int, head: str) -> tuple[int, int]:
    """(whole cents, numerator of the rest) of what being late costs, charged and waived amounts with the cents."""
    lateness = told.lateness
    assert lateness is not None
    carry = lateness.carry[head].get(k)
    if carry is None or lateness.late is None:
        return told.dues.asked[head][k], 0
    whole, rest = divmod(carry, lateness.late.basis_days * RATE_SCALE)
    return whole + lateness.charged.get((k, head), 0) - lateness.waived.get((k, head), 0), rest


def _charged_penalty(told: Folded, k: int) -> int:
    """What facts charged as penalty and nobody waived: owed within the days of grace too."""
    lateness = told.lateness
    assert lateness is not None
    return max(lateness.charged.get((k, "penalty"), 0) - lateness.waived.get((k, "penalty"), 0), 0)


def _settled_on(told: Folded, k: int) -> date | None:
    dues = told.dues
    if told.state != "open" and told.closed_on is not None and k not in dues.settled:
        return day_of(told.closed_on)
    if dues.dues[k] > told.as_of or dues.open_minor(k):
        return None
    return day_of(dues.settled.get(k, dues.dues[k]))
