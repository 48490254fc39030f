"""Fees known at signing: withheld at disbursement, with every instalment, or on the balance still owed.

Rule kept: a rate is taken of the original principal, for `balance` of the principal owed before the instalment; each
fee is rounded by the contract's rounding when it falls due. What is not agreed here is never charged.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.terms import LoanTerms, Fee
>>> withheld_minor(LoanTerms("CNY", 10_000, Decimal(0), 2, date(2026, 1, 1), fees=(Fee("disbursement", rate=Decimal("0.02")),)))
200
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from puhui.servicing.core.rounding import MODES, round_ratio
from puhui.servicing.core.terms import FINE_SCALE, Fee, LoanTerms, Whole

if TYPE_CHECKING:
    from puhui.servicing.core.schedule import Schedule


def withheld_minor(terms: LoanTerms) -> int:
    """What the borrower does not receive at disbursement."""
    return sum(fee_minor(fee, terms.principal_minor, terms) for fee in terms.fees if fee.at == "disbursement")


def fee_minor(fee: Fee, base_minor: int, terms: LoanTerms) -> int:
    """One fee on a base, in minor units."""
    share = round_ratio(base_minor * int(fee.rate * FINE_SCALE), FINE_SCALE, MODES[terms.rounding])
    return fee.amount_minor + int(share)


def fees_of(plan: "Schedule", batch: Sequence[LoanTerms]) -> Whole:
    """What each instalment of the plan asks in fees, one row an instalment."""
    asked = np.zeros(len(plan), np.int64)
    for loan, terms in enumerate(batch):
        for row in np.flatnonzero(plan.loan == loan) if terms.fees else ():
            owed = int(plan.balance_minor[row] + plan.principal_minor[row])
            asked[row] = sum(
                fee_minor(fee, owed if fee.at == "balance" else terms.principal_minor, terms)
                for fee in terms.fees
                if fee.at != "disbursement"
            )
    return asked
