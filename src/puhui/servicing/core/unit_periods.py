"""The unit-period of Regulation Z, Appendix J (12 CFR 1026): inferred from the dates, and counted between two dates.

Rules kept, by paragraph: (b)(3) a period is the time between advances, between payments, or from the first advance to
the first payment; standard intervals are a day, week, semimonth, month, or multiples of a week or month up to a year.
(b)(4) the unit-period is the common period that occurs most often, the smaller of two that occur equally often; without
one, the average of all intervals rounded to the nearest standard interval. (b)(5) months are measured back from the
later date, the days left over are thirtieths; semimonths and multiples of a month count thirty days a month; weeks and
days divide days; a year measures years back, then whole months ÷ 12 or days ÷ 365. One advance and one payment: the term.

>>> monthly = [months_on(date(1978, 2, 10), k) for k in range(3)]
>>> infer([date(1978, 1, 10)], monthly)
UnitPeriod(unit='month', every=1)
>>> between(UnitPeriod("month", 1), date(1978, 2, 10), date(1978, 4, 1))
(1, 19, 30)
"""

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

_UNITS = ("day", "week", "semimonth", "month", "year", "term_months", "term_days")
_DAYS = {"day": Decimal(1), "week": Decimal(7), "semimonth": Decimal("15.2"), "month": Decimal("30.42")}
_SEMIMONTH = range(13, 19)  # days in half a month: 13 (end of February) to 18


@dataclass(frozen=True, slots=True)
class UnitPeriod:
    """`every` units; a year is twelve months. `term_…`: the whole term of a single payment."""

    unit: str
    every: int = 1

    @property
    def per_year(self) -> Decimal:
        """Unit-periods in a year."""
        of_year = {"day": 365, "week": 52, "semimonth": 24, "month": 12, "year": 1, "term_months": 12, "term_days": 365}
        return Decimal(of_year[self.unit]) / self.every


def infer(advances: Sequence[date], payments: Sequence[date]) -> UnitPeriod:
    """The unit-period of a transaction; both lists in order, without repeats."""
    if len(advances) == 1 and len(payments) == 1:
        return _single(advances[0], payments[0])
    later = [day for day in payments if day > advances[0]]
    chains = [list(advances), [advances[0], *later] if later else []]
    counted: Counter[UnitPeriod] = Counter()
    for chain in chains:
        counted.update(_half_months(chain))
        for start, end in pairwise(chain):
            counted.update(_readings(start, end))
    common = [(-count, _length(period), period) for period, count in counted.items() if count > 1]
    if common:
        return min(common, key=lambda entry: entry[:2])[2]
    intervals = [(end - start).days for chain in chains for start, end in pairwise(chain)]
    return _nearest_standard(Decimal(sum(intervals)) / max(len(intervals), 1))


def between(period: UnitPeriod, start: date, end: date, due_day: int = 0) -> tuple[int, int, int]:
    """Unit-periods from `start` to `end`: (whole, part up, part down); the part is up ÷ down, below one.

    `due_day`: the day of the month of the series `end` belongs to, where a short month ends before it.
    """
    days = (end - start).days
    if period.unit in ("term_months", "term_days"):
        return (1, 0, 1) if days else (0, 0, 1)
    if period.unit in ("day", "week"):
        length = period.every * (7 if period.unit == "week" else 1)
        return days // length, days % length, length
    months, left = months_back(start, end, due_day)
    if period.unit == "month" and period.every == 1:
        return (months, left, 30) if left < 30 else (months + 1, left - 30, 30)
    if period.unit == "year" or (period.unit == "month" and period.every == 12):
        whole, rest = divmod(months, 12)
        anchor = months_on(end, -12 * whole)
        return (whole, rest, 12) if left == 0 else (whole, (anchor - start).days, 365)
    length = 15 if period.unit == "semimonth" else 30 * period.every
    return (*divmod(30 * months + left, length), length)


def months_back(start: date, end: date, due_day: int = 0) -> tuple[int, int]:
    """Whole months measured back from `end`, and the days from `start` to where they begin.

    >>> months_back(date(2024, 1, 31), date(2024, 2, 29)), months_back(date(2024, 1, 15), date(2024, 3, 1))
    ((1, 0), (1, 17))
    """
    months = (end.year - start.year) * 12 + end.month - start.month
    if months_on(end, -months, due_day) < start and not _same_day(start, end):
        months -= 1
    return months, max((months_on(end, -months, due_day) - start).days, 0)


def months_on(day: date, months: int, due_day: int = 0) -> date:
    """`day` moved by whole months, clamped to the month's end; `due_day` stands for a day that a short month cut off."""
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    return date(year, month + 1, min(due_day or day.day, monthrange(year, month + 1)[1]))


def due_day(series: Sequence[date]) -> int:
    """The day of the month of a series, paragraph (b)(3)(iv): 31 for a series of last days; 0 where it has none.

    >>> due_day([date(2023, 1, 30), date(2023, 2, 28), date(2023, 3, 30)])
    30
    """
    if len(series) > 1 and all(map(_is_last, series)):
        return 31
    day = max(day.day for day in series)
    return day if all(on == months_on(on, 0, day) for on in series) else 0


def _same_day(start: date, end: date) -> bool:
    """The same day of the month, where a short month's last day stands for all later ones."""
    return start.day == end.day or (_is_last(end) and start.day > end.day)


def _is_last(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _single(advance: date, payment: date) -> UnitPeriod:
    """(b)(5)(vi)–(vii): less than a year, the term; else a year."""
    months, left = months_back(advance, payment)
    if months >= 12:
        return UnitPeriod("year")
    return (
        UnitPeriod("term_months", months) if months and not left else UnitPeriod("term_days", (payment - advance).days)
    )


def _readings(start: date, end: date) -> list[UnitPeriod]:
    """Every standard interval that the time between two days is: months, weeks, days."""
    days = (end - start).days
    found = []
    months, left = months_back(start, end)
    backwards = (end.year - start.year) * 12 + end.month - start.month
    if left or not months:
        months = backwards if backwards and months_on(start, backwards) == end else 0
    if 0 < months <= 12:
        found.append(UnitPeriod("year") if months == 12 else UnitPeriod("month", months))
    if days and days % 7 == 0 and days <= 364:
        found.append(UnitPeriod("week", days // 7))
    return found or ([UnitPeriod("day", days)] if 0 < days <= 365 else [])


def _half_months(chain: Sequence[date]) -> list[UnitPeriod]:
    """One semimonth for every step of a chain whose every second date lies a month on."""
    found = []
    for i, (start, end) in enumerate(pairwise(chain)):
        if (end - start).days not in _SEMIMONTH:
            continue
        around = [(chain[i - 1], end)] if i else []
        around += [(start, chain[i + 2])] if i + 2 < len(chain) else []
        if any(UnitPeriod("month", 1) in _readings(*ends) for ends in around):
            found.append(UnitPeriod("semimonth"))
    return found


def _length(period: UnitPeriod) -> Decimal:
    return Decimal(365) if period.unit == "year" else _DAYS[period.unit] * period.every


def _nearest_standard(days: Decimal) -> UnitPeriod:
    """The standard interval nearest to an average, the lower of two equally near."""
    standard = [UnitPeriod("day"), UnitPeriod("semimonth"), UnitPeriod("year")]
    standard += [UnitPeriod("week", n) for n in range(1, 53)] + [UnitPeriod("month", n) for n in range(1, 12)]
    return min(standard, key=lambda period: (abs(_length(period) - days), _length(period)))
