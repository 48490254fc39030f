"""How late a loan is: days past due from its oldest unpaid due date, and the bucket that puts it in.

Rule kept: days past due = as_of − oldest unpaid due date (domain facts 2.3), never negative; a due date that is today
is due, not late. An instalment's state is read off its dates, never stored, so it cannot be wrong.

>>> due = np.array(["2026-02-15", "2026-03-15"], "datetime64[D]")
>>> days_late(oldest_due(due, np.array([5, 5]), np.array([0, 0]), 1, _MARCH := np.datetime64("2026-03-01")), _MARCH).tolist()
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


def oldest_due(due_on: Days, unpaid_minor: Whole, loan: Whole, loans: int, as_of: np.datetime64) -> Days:
    """Each loan's oldest unpaid due date up to `as_of`, NaT where nothing due is unpaid.

    >>> due = np.array(["2026-02-15", "2026-03-15"], "datetime64[D]")
    >>> oldest_due(due, np.array([5, 5]), np.array([0, 1]), 2, np.datetime64("2026-03-01")).astype(str).tolist()
    ['2026-02-15', 'NaT']
    """
    latest = np.datetime64("9999-12-31")
    oldest = np.full(loans, latest)
    unpaid = (unpaid_minor > 0) & (due_on <= as_of)
    np.minimum.at(oldest, loan[unpaid], due_on[unpaid])
    return np.where(oldest == latest, np.datetime64("NaT"), oldest)


def days_late(oldest_due_on: Days, as_of: np.datetime64) -> Whole:
    """Days from the oldest unpaid due date to `as_of`; 0 where there is none.

    >>> days_late(np.array(["2026-02-15", "NaT"], "datetime64[D]"), np.datetime64("2026-03-01")).tolist()
    [14, 0]
    """
    late = (as_of - np.where(np.isnat(oldest_due_on), as_of, oldest_due_on)).astype(np.int64)
    return np.maximum(late, 0)


def bucket_of(days: Whole) -> np.ndarray:
    """The month bucket of each number of days."""
    return np.array(BUCKETS)[bucket_position(days)]


def bucket_position(days: Whole) -> Whole:
    """The same as positions in BUCKETS."""
    return np.searchsorted(_BUCKET_STARTS, days, side="right")


def instalment_state(due_on: date, *, unpaid_minor: int, settled: bool, as_of: date) -> str:
    """planned, due, overdue or paid."""
    if settled or (unpaid_minor == 0 and due_on <= as_of):
        return "paid"
    if due_on > as_of:
        return "planned"
    return "due" if due_on == as_of else "overdue"
