"""Spraying and feeding plots: how long before harvest a product may be used, what is still to be done, when a plot may be harvested.

Rules kept: the safe interval is the one on the product's label, in days from its last use to the harvest (食品安全法 Art. 49); a plan is done
by the first use of the same product on the same plot that no earlier plan has taken.

>>> spray = Spray("东坡", "吡虫啉", date(2026, 7, 1), 14)
>>> earliest_harvest([spray]), last_day(spray, harvest_on=date(2026, 7, 10))
(datetime.date(2026, 7, 15), datetime.date(2026, 6, 26))
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Spray:
    """One use, planned or done, of a product on a plot; a fertiliser's interval is 0 where its label has none."""

    plot: str
    product: str
    on: date
    interval_days: int


def earliest_harvest(done: Sequence[Spray]) -> date | None:
    """The first day on which no safe interval runs any more; None where nothing was used."""
    return max((each.on + timedelta(days=each.interval_days) for each in done), default=None)


def last_day(spray: Spray, *, harvest_on: date) -> date:
    """The last day on which it may be used before a harvest."""
    return harvest_on - timedelta(days=spray.interval_days)


def open_plans(planned: Sequence[Spray], done: Sequence[Spray]) -> list[Spray]:
    """What is still to be done, by day.

    >>> twice = [Spray("东坡", "尿素", date(2026, 6, day), 0) for day in (1, 20)]
    >>> [str(each.on) for each in open_plans(twice, twice[:1])]
    ['2026-06-20']
    """
    used = Counter((each.plot, each.product) for each in done)
    left = []
    for each in sorted(planned, key=lambda spray: spray.on):
        if used[each.plot, each.product]:
            used[each.plot, each.product] -= 1
        else:
            left.append(each)
    return left


def too_early(harvested: Sequence[tuple[str, date]], done: Sequence[Spray]) -> list[tuple[str, date, Spray]]:
    """(plot, day, use) of each harvest within the safe interval of a use before it."""
    return [
        (plot, day, each)
        for plot, day in harvested
        for each in done
        if each.plot == plot and each.on <= day < each.on + timedelta(days=each.interval_days)
    ]
