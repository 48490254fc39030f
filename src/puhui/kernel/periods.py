"""Periods are half-open, so months tile with no gap and no overlap (card 23).

>>> date(2026, 2, 1) in Period(date(2026, 1, 1), date(2026, 2, 1))
False
>>> add_months(date(2026, 1, 31), 1)
datetime.date(2026, 2, 28)
"""

import calendar
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Period:
    """[start, end): `start` belongs to it, `end` does not."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a period cannot end ({self.end}) before it starts ({self.start})")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def add_months(anchor: date, n: int, *, day: int | None = None) -> date:
    """The same day of the month `n` months on, clamped to the month's end; `day` overrides the anchor's day.

    >>> add_months(date(2026, 2, 28), 1, day=31)
    datetime.date(2026, 3, 31)
    """
    index = anchor.year * 12 + (anchor.month - 1) + n
    year, month = index // 12, index % 12 + 1
    wanted = anchor.day if day is None else day
    return date(year, month, min(wanted, calendar.monthrange(year, month)[1]))
