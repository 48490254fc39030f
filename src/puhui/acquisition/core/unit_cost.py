"""What a registered, credited, funded and good borrower cost, and what money came back by day, with intervals.

Counts are taken as Poisson: cost / upper … cost / lower of the exact interval. No one: not known, and only a lower edge. *Good* is a
funded borrower who reached the watch day without being overdue longer than allowed; younger ones are not counted either way.

>>> cost_per(cost_minor=100_000, count=10, level=0.95)
UnitCost(count=10, minor=10000, low_minor=5438, high_minor=20853)
>>> cost_per(cost_minor=100_000, count=0, level=0.95).minor is None
True
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import polars as pl
import scipy

from puhui.acquisition.core.delayed_feedback import count_interval
from puhui.kernel.rounding import half_up

DAYS = (0, 7, 30, 90)


@dataclass(frozen=True, slots=True)
class UnitCost:
    """Fen a head. `minor` and `high_minor` None where nobody came."""

    count: int
    minor: int | None
    low_minor: int | None
    high_minor: int | None


@dataclass(frozen=True, slots=True)
class Return:
    """Money back a yuan spent by `day` after the click; None when the vintage is younger, or nothing was spent."""

    day: int
    back_minor: int | None
    ratio: float | None
    low: float | None
    high: float | None


def cost_per(*, cost_minor: int, count: int, level: float) -> UnitCost:
    """Cost of one of `count`."""
    low, high = count_interval(count, level=level)
    return UnitCost(
        count,
        half_up(Decimal(cost_minor) / count) if count else None,
        half_up(Decimal(cost_minor) / Decimal(high)),
        half_up(Decimal(cost_minor) / Decimal(low)) if count else None,
    )


def returns(flows: pl.DataFrame, *, cost_minor: int, age_days: int, level: float, days: Sequence[int] = DAYS) -> list[Return]:  # fmt: skip
    """`flows`: person, day (since the click), amount_minor (income, loss negative) of one vintage clicked within one period.

    The interval takes people as a compound Poisson stream: variance Σ (sum of a person)².
    """
    found = []
    for day in days:
        if age_days < day or cost_minor <= 0:
            found.append(Return(day, None, None, None, None))
            continue
        sums = flows.filter(pl.col("day") <= day).group_by("person").agg(pl.col("amount_minor").sum())["amount_minor"]
        back = int(sums.sum())
        reach = float(scipy.stats.norm.ppf(0.5 + level / 2)) * float(
            np.sqrt((sums.to_numpy().astype(np.float64) ** 2).sum())
        )
        found.append(Return(day, back, back / cost_minor, (back - reach) / cost_minor, (back + reach) / cost_minor))
    return found
