"""What it takes to settle today (提前结清): principal, interest to the day, less the borrower's credit.

Rule kept: interest that has not been earned is never charged (Civil Code 677). The interest is the very figure the
ledger holds as receivable on that day, so paying the quote leaves nothing over (domain facts 2.4).

>>> from puhui.servicing.core.schedule import build
>>> from puhui.servicing.core.terms import LoanTerms
>>> from datetime import date; from decimal import Decimal
>>> plan = build([LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 3, 1))])
>>> six_paid = np.where(plan.n <= 6, plan.principal_minor, 0), np.where(plan.n <= 6, plan.interest_minor, 0)
>>> quote(plan, *six_paid, credit_minor=0, as_of=np.datetime64("2026-09-16")).total_minor
5174955
"""

from dataclasses import dataclass

import numpy as np

from puhui.servicing.core.accrual import accrued_to
from puhui.servicing.core.schedule import Schedule
from puhui.servicing.core.terms import Whole


@dataclass(frozen=True, slots=True)
class PayoffQuote:
    """Good for payment on `as_of` only."""

    as_of: str
    principal_minor: int
    interest_minor: int
    credit_minor: int

    @property
    def total_minor(self) -> int:
        return max(self.principal_minor + self.interest_minor - self.credit_minor, 0)


def quote(
    plan: Schedule, paid_principal: Whole, paid_interest: Whole, *, credit_minor: int, as_of: np.datetime64
) -> PayoffQuote:
    """The quote of one loan from its schedule and what has been paid of it."""
    earned = accrued_to(plan.interest_minor, plan.starts_on, plan.due_on, as_of)
    return PayoffQuote(
        as_of=str(as_of),
        principal_minor=int((plan.principal_minor - paid_principal).sum()),
        interest_minor=int((earned - paid_interest).sum()),
        credit_minor=credit_minor,
    )
