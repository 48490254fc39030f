"""Due dates that fall on a day of rest are rolled over the Chinese calendar (节假日顺延): following, preceding, modified.

Rule kept: a day is a working day by the State Council's yearly notice, make-up Saturdays and Sundays included
(library chinesecalendar). For a year that it does not know only weekends rest, and the result says so row by row, so
that nobody takes a guess for the calendar. Rolling moves the day of payment; interest follows only where that is
agreed (`adjusted`).

>>> new_year_and_make_up_saturday = np.array(["2026-02-16", "2026-02-28"], "datetime64[D]")
>>> roll(new_year_and_make_up_saturday, "following").day.tolist()
[datetime.date(2026, 2, 24), datetime.date(2026, 2, 28)]
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from chinese_calendar import constants

from puhui.kernel.refusal import Refusal
from puhui.servicing.core.terms import Days, Flags

CONVENTIONS = {"none": "不顺延", "following": "顺延", "preceding": "提前", "modified_following": "月内顺延"}
_REACH = 31  # days looked at on both sides; the longest rest so far is nine days
_MARGIN = np.timedelta64(_REACH, "D")


@dataclass(frozen=True, slots=True, eq=False)
class Rolled:
    """The days after rolling; `weekends_only` marks those for which the calendar of the year is not known."""

    day: Days
    weekends_only: Flags


@dataclass(frozen=True, slots=True, eq=False)
class RolledPeriods:
    """When each instalment is paid, and from when to when its interest runs, [starts_on, ends_on)."""

    pay_on: Days
    starts_on: Days
    ends_on: Days
    weekends_only: Flags


def refuse_convention(convention: str) -> Refusal | None:
    """Refuses a name that is not in CONVENTIONS."""
    if convention in CONVENTIONS:
        return None
    text = f"节假日规则不支持 · no such business-day convention: {convention}"
    return Refusal("BUSINESS_DAY_UNKNOWN", text, where="business_day")


def roll(days: Days, convention: str | np.ndarray) -> Rolled:
    """Each day, or the working day that the convention names for it; one convention for all, or one a row.

    modified_following goes forward unless that leaves the month, then back. Raises ValueError for an unknown name
    (the caller refuses with `refuse_convention` first).
    """
    names = np.asarray(convention, dtype=str)
    if unknown := set(np.unique(names).tolist()) - set(CONVENTIONS):
        raise ValueError(f"unknown business-day conventions: {sorted(unknown)}")
    if not len(days) or (names == "none").all():
        return Rolled(days, np.zeros(len(days), np.bool_))
    forward, back = _neighbours(days)
    leaves_month = forward.astype("datetime64[M]") != days.astype("datetime64[M]")
    goes_back = (names == "preceding") | ((names == "modified_following") & leaves_month)
    rolled = np.where(names == "none", days, np.where(goes_back, back, forward))
    guessed = (~_known(days) | ~_known(rolled)) & (names != "none")
    return Rolled(rolled, guessed)


def roll_periods(
    starts_on: Days, due_on: Days, first: Flags, convention: str | np.ndarray, *, adjusted: Flags | bool = False
) -> RolledPeriods:
    """Payment days of a schedule, and the periods its interest is worked out for. All columns (instalments,).

    Unadjusted: interest runs between the planned dates, only the payment moves. Adjusted: interest runs to the day of
    payment, and the next period starts there. `first` marks a loan's first instalment: it starts at the disbursement,
    which is never rolled.
    """
    due = roll(due_on, convention)
    start = np.where(first, starts_on, roll(starts_on, convention).day)
    moved = np.broadcast_to(np.asarray(adjusted), due_on.shape)
    return RolledPeriods(
        pay_on=due.day,
        starts_on=np.where(moved, start, starts_on),
        ends_on=np.where(moved, due.day, due_on),
        weekends_only=due.weekends_only,
    )


def is_business_day(days: Days) -> Flags:
    """Working days by the calendar, or Monday to Friday where the year is not known to it."""
    rest, make_up = _calendar()
    weekday = np.is_busday(days)
    return np.isin(days, make_up) | (weekday & ~np.isin(days, rest))


def _neighbours(days: Days) -> tuple[Days, Days]:
    """The nearest working day not before, and not after, each day."""
    every = np.arange(days.min() - _MARGIN, days.max() + _MARGIN + np.timedelta64(1, "D"))
    position = np.arange(len(every))
    working = is_business_day(every)
    after = np.minimum.accumulate(np.where(working, position, len(every))[::-1])[::-1]
    before = np.maximum.accumulate(np.where(working, position, -1))
    at = (days - every[0]).astype(np.int64)
    return every[after[at]], every[before[at]]


def _known(days: Days) -> Flags:
    rest, _ = _calendar()
    years = days.astype("datetime64[Y]")
    return (years >= rest[0].astype("datetime64[Y]")) & (years <= rest[-1].astype("datetime64[Y]"))


@lru_cache(maxsize=1)
def _calendar() -> tuple[Days, Days]:
    """Days of rest by notice and make-up working days, sorted."""
    return tuple(np.sort(np.array(list(table), "datetime64[D]")) for table in (constants.holidays, constants.workdays))  # type: ignore[return-value]
