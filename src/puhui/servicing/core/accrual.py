"""Daily interest in columns; what is below a cent is carried, never lost.

Rule kept: interest accrued *to* a date is one pure function of the instalment, rounded once; the accrual *of* a day
is the difference of two such figures. The residue is therefore implied, not stored: it cannot drift or be dropped,
and a period's days always add up to the scheduled interest (decision 0020). The first day earns, the last does not
(算头不算尾).

>>> start, due = np.array(["2026-01-15"], "datetime64[D]"), np.array(["2026-02-15"], "datetime64[D]")
>>> accrued_to(np.array([100]), start, due, np.datetime64("2026-01-16")).tolist()
[3]
"""

import numpy as np

from puhui.servicing.core.rounding import divide, widen
from puhui.servicing.core.terms import Days, Flags, Whole

_ONE_DAY = np.timedelta64(1, "D")


def accrued_to(
    interest_minor: Whole, starts_on: Days, due_on: Days, as_of: np.datetime64, half_even: Flags | bool = False
) -> Whole:
    """Interest earned from the period's start up to (not including) `as_of`: interest × elapsed ÷ days, in cents."""
    days = np.maximum((due_on - starts_on).astype(np.int64), 1)
    elapsed = np.clip((as_of - starts_on).astype(np.int64), 0, days)
    product = widen(interest_minor, int(interest_minor.max(initial=0)), int(days.max(initial=1))) * elapsed
    return np.asarray(divide(product, days, half_even=half_even)).astype(np.int64)


def accrual_of(
    interest_minor: Whole, starts_on: Days, due_on: Days, day: np.datetime64, half_even: Flags | bool = False
) -> Whole:
    """Interest that one business day adds."""
    until = accrued_to(interest_minor, starts_on, due_on, day + _ONE_DAY, half_even)
    return until - accrued_to(interest_minor, starts_on, due_on, day, half_even)
