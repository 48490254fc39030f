"""How late a loan is: days past due from its oldest unpaid due date, and the bucket that puts it in.

Rule kept: days past due = as_of − oldest unpaid due date (domain facts 2.3), never negative; a due date that is today
is due, not late. An instalment's state is read off its dates, never stored, so it cannot be wrong.

>>> due = np.array(["2026-02-15", "2026-03-15"], "datetime64[D]")
>>> days_past_due(due, np.array([5, 5]), np.array([0, 0]), 1, np.datetime64("2026-03-01")).tolist()
[14]
>>> bucket_of(np.array([0, 1, 30, 31, 181])).tolist()
['M0', 'M1', 'M1', 'M2', 'M7+']
"""

from datetime import date

import numpy as np

from puhui.servicing.core.terms import Days, Whole

BUCKETS = ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+")  # M1 = 1–30 days late, … M7+ = more than 180
_BUCKET_STARTS = np.array([1, 31, 61, 91, 121, 151, 181])
INSTALMENT_STATES = {"planned": "未到期", "due": "当日应还", "overdue": "已逾期", "paid": "已还清"}


def days_past_due(due_on: Days, unpaid_minor: Whole, loan: Whole, loans: int, as_of: np.datetime64) -> Whole:
    """Days late of each loan, from one row an instalment (`loan` is its position, `loans` how many there are)."""
    late = (as_of - due_on).astype(np.int64)
    oldest = np.zeros(loans, np.int64)
    np.maximum.at(oldest, loan, np.where(unpaid_minor > 0, late, 0))
    return oldest


def bucket_of(days: Whole) -> np.ndarray:
    """The month bucket of each number of days."""
    return np.array(BUCKETS)[np.searchsorted(_BUCKET_STARTS, days, side="right")]


def instalment_state(due_on: date, *, unpaid_minor: int, settled: bool, as_of: date) -> str:
    """planned, due, overdue or paid."""
    if settled or (unpaid_minor == 0 and due_on <= as_of):
        return "paid"
    if due_on > as_of:
        return "planned"
    return "due" if due_on == as_of else "overdue"
