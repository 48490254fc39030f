"""What a stretch of days earns: yearly rate × days ÷ year, by the day count of the contract, as whole numbers.

Rule kept: interest of a day is earned at its end, so a stretch from one day number to another (days since 1970-01-01)
counts the days (start, end], and stretches add up exactly. actual/actual counts each of them against the length of the
calendar year it ends in: the night from 31 December to 1 January belongs to the new year, as in the published schedules
this engine is checked against. 30/360 is a share of a month and belongs to the period it lies in: see due_dates.

>>> units("actual/365", 20_454, 20_485), units("actual/actual", day_number(date(2023, 12, 31)), day_number(date(2024, 1, 2)))
((31, 365), (730, 133590))
"""

from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_EPOCH = date(1970, 1, 1).toordinal()
YEAR_DAYS = {"30/360": 360, "actual/360": 360, "actual/365": 365, "actual/actual": 365 * 366}


def day_number(day: date) -> int:
    """Days since 1970-01-01, NumPy's own count."""
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """The date of a day number."""
    return date.fromordinal(number + _EPOCH)


def units(day_count: str, start: Any, end: Any) -> tuple[Any, int]:
    """(numerator, denominator) of the years between two day numbers; columns or single numbers."""
    if day_count == "actual/actual":
        table = _year_units() if isinstance(start, np.ndarray) or isinstance(end, np.ndarray) else _year_list()
        return table[end] - table[start], YEAR_DAYS[day_count]
    return end - start, YEAR_DAYS[day_count]


@lru_cache(maxsize=1)
def _year_units() -> np.ndarray:
    """Units of 1 ÷ (365 × 366) year up to each day number: 366 for a day in a common year, 365 in a leap year."""
    lengths = [(date(year + 1, 1, 1) - date(year, 1, 1)).days for year in range(_FIRST_YEAR, _LAST_YEAR)]
    units_of_days = np.concatenate([np.full(days, 731 - days, np.int64) for days in lengths])
    return np.cumsum(units_of_days)


@lru_cache(maxsize=1)
def _year_list() -> list[int]:
    return _year_units().tolist()
