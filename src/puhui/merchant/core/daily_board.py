"""The daily board: sales against the same weekday, and days out of the ordinary by the median absolute deviation.

Rules kept: |z| > 3 by MAD of the same weekday flags a day (domain facts 4, tool 3): z = (x − median) ÷ (1.4826 · MAD); a MAD of nothing flags nothing.

>>> from datetime import timedelta
>>> days = {date(2026, 6, 1) + timedelta(days=7 * k): 1_000 + k for k in range(8)} | {date(2026, 7, 27): 9_000}
>>> [(day.isoformat(), str(z)) for day, z in unusual(days)]
[('2026-07-27', '2696.6')]
"""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

_LINE, _NORMAL, _LEAST = 3, Decimal("1.4826"), 5


def unusual(days: Mapping[date, int]) -> list[tuple[date, Decimal]]:
    """Days out of the ordinary for their weekday, with z, oldest first."""
    found = []
    for weekday in range(7):
        same = {day: minor for day, minor in days.items() if day.weekday() == weekday}
        if len(same) < _LEAST:
            continue
        middle = Decimal(median(same.values()))
        spread = Decimal(median(abs(minor - middle) for minor in same.values())) * _NORMAL
        for day, minor in same.items():
            if spread and abs(minor - middle) > _LINE * spread:
                found.append((day, ((minor - middle) / spread).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)))
    return sorted(found)


def change(now_minor: int, before_minor: int) -> Decimal | None:
    """Share of change; None where there was nothing before."""
    return (Decimal(now_minor - before_minor) / before_minor).quantize(Decimal("0.001")) if before_minor else None
