"""Month buckets of lateness (逾期账龄), from days past due, and how a worklist is ordered by them.

The same words as the loan book's: M0 is not late, M1 is 1–30 days late, … M7+ is more than 180.

>>> [bucket(days) for days in (0, 1, 30, 31, 180, 181, 4000)]
['M0', 'M1', 'M1', 'M2', 'M6', 'M7+', 'M7+']
"""

from collections.abc import Iterable
from dataclasses import dataclass

NAMES = ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+")
_DAYS_A_BUCKET = 30


@dataclass(frozen=True, slots=True)
class LateLoan:
    """A loan as the book sees it at the end of a day; `overdue_minor` is what is due and unpaid, in fen."""

    loan_id: str
    institution_id: str
    person_id: str
    days_past_due: int
    overdue_minor: int


def bucket(days_past_due: int) -> str:
    """A negative number of days is a ValueError: nothing is late before it is due."""
    if days_past_due < 0:
        raise ValueError(f"days past due cannot be negative, got {days_past_due}")
    return NAMES[min((days_past_due + _DAYS_A_BUCKET - 1) // _DAYS_A_BUCKET, len(NAMES) - 1)]


def in_order(loans: Iterable[LateLoan]) -> list[LateLoan]:
    """Only the late ones, latest bucket first, then the larger amount, then the id. Plain sorting, no model yet."""
    late = [loan for loan in loans if loan.days_past_due > 0]
    return sorted(late, key=lambda loan: (-NAMES.index(bucket(loan.days_past_due)), -loan.overdue_minor, loan.loan_id))
