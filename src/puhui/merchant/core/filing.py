"""When taxes and reports are due, moved by holidays (申报日历).

Rules kept: deadlines are dated data handed in. A period that ends on a day of rest ends on the next working day; where at least three
days of a public holiday in a row lie within the filing window (1st to the deadline), the deadline moves on by as many *working* days
(税收征管法实施细则 Art. 109, as the tax offices publish it each year: May 2025 to the 22nd, October 2025 to the 27th). What is a day of rest is handed in.

>>> from datetime import date
>>> new_year = {date(2026, 1, d) for d in (1, 2, 3)}
>>> moved(date(2026, 1, 15), works=lambda day: day.weekday() < 5 and day not in new_year, holiday=lambda day: day in new_year)
datetime.date(2026, 1, 20)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

DayTest = Callable[[date], bool]
_LONG = 3
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Deadline:
    """`planned` is the day in the rule, `due_on` after holidays; `sure` is False where the year's holidays are not known yet."""

    code: str
    zh: str
    en: str
    planned: date
    due_on: date
    sure: bool
    source: str


def moved(deadline: date, *, works: DayTest, holiday: DayTest, extends: bool = True) -> date:
    """The day a deadline really falls on. `extends`: long holidays within the window move it too."""
    extra = _long_holidays(deadline, holiday) if extends else 0
    day = deadline
    if not extra:
        while not works(day):
            day += _DAY
        return day
    while extra:
        day += _DAY
        extra -= works(day)
    return day


def _long_holidays(deadline: date, holiday: DayTest) -> int:
    """Days of runs of at least three public holidays between the first of the month and the deadline."""
    total, run = 0, 0
    for number in range(1, deadline.day + 1):
        if holiday(deadline.replace(day=number)):
            run += 1
            continue
        total, run = total + (run if run >= _LONG else 0), 0
    return total + (run if run >= _LONG else 0)
