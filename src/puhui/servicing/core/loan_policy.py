"""The policy a loan was booked under, frozen with it: allocation orders, price of being late, prepayment, recalculation.

Rule kept: policy is versioned, dated data (card 26). What was in force at booking is written on the loan; a later version of a
rule moves no loan that is on the book. Without a penalty nothing is charged for being late.

>>> frozen = LoanPolicy(INTEREST_FIRST, INTEREST_FIRST, penalty_multiplier=1_500_000, penalty_cap=240_000)
>>> LoanPolicy.of_record(frozen.as_record()) == frozen
True
>>> LoanPolicy.of_record({}, waterfall="principal-first-1").performing.heads
('principal', 'interest')
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from puhui.servicing.core.accounts import RECEIVABLE_OF_HEAD
from puhui.servicing.core.waterfall import INTEREST_FIRST, WATERFALLS, Waterfall

NON_PERFORMING_OVER = 90  # only for loans booked without a policy: their two orders are the same list
YEAR_DAYS = {"actual/365": 365, "actual/actual": 365}  # every other day count has a year of 360 days


@dataclass(frozen=True, slots=True)
class LoanPolicy:
    """Rates and multipliers in millionths; a multiplier of 0 says that nothing is charged for being late."""

    performing: Waterfall = INTEREST_FIRST
    non_performing: Waterfall = INTEREST_FIRST
    non_performing_over: int = NON_PERFORMING_OVER
    penalty_multiplier: int = 0
    penalty_cap: int = 0
    grace_days: int = 0
    compounds: bool = False
    prepayment: str = ""
    recalculation: bool = False

    @property
    def folds(self) -> bool:
        """Does early money do more than wait as credit, or interest follow the balance? Then a payment needs the fold."""
        return self.recalculation or self.prepayment not in ("", "credit")

    def as_record(self) -> dict[str, Any]:
        """The JSON of the loan's `policy` column."""
        return {
            "waterfall": {
                "performing": {"name": self.performing.name, "heads": list(self.performing.heads)},
                "non_performing": {"name": self.non_performing.name, "heads": list(self.non_performing.heads)},
                "over_days": self.non_performing_over,
            },
            "penalty": {
                "multiplier": self.penalty_multiplier,
                "cap": self.penalty_cap,
                "grace_days": self.grace_days,
                "compound": self.compounds,
            },
            "prepayment": self.prepayment,
            "recalculation": self.recalculation,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any], *, waterfall: str = INTEREST_FIRST.name) -> "LoanPolicy":
        """Read what was frozen. A loan of release 0.1.0 has an empty record and only the name of its waterfall."""
        orders, penalty = record.get("waterfall", {}), record.get("penalty", {})
        performing = _order(orders["performing"]) if "performing" in orders else WATERFALLS[waterfall]
        return cls(
            performing=performing,
            non_performing=_order(orders["non_performing"]) if "non_performing" in orders else performing,
            non_performing_over=int(orders.get("over_days", NON_PERFORMING_OVER)),
            penalty_multiplier=int(penalty.get("multiplier", 0)),
            penalty_cap=int(penalty.get("cap", 0)),
            grace_days=int(penalty.get("grace_days", 0)),
            compounds=bool(penalty.get("compound", False)),
            prepayment=str(record.get("prepayment", "")),
            recalculation=bool(record.get("recalculation", False)),
        )


def _order(record: Mapping[str, Any]) -> Waterfall:
    """Heads that this book has no column for (costs of enforcing are booked as fees) take nothing."""
    return Waterfall(record["name"], tuple(head for head in record["heads"] if head in RECEIVABLE_OF_HEAD))
