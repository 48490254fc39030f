"""Ordinary sharing (寻常共用) among made-up honest people (虚构): what makes rules about shared things wrong now and then.

Families share devices and shops, dormitories a Wi-Fi, stalls an address, officers bring a tablet, telephones are sold on, numbers given
out again, bookkeepers put their own telephone on their clients' forms. How many do so is a table of our own (`ordinary_sharing.csv`),
since no public figure is known: a false-positive rate found with it is a figure of this table, and is told way by way.

Rule kept: invented and labelled so; the same seed gives the same world; nobody is in two ways. Numbers of shared things begin at `BASE`.

>>> from datetime import UTC, datetime
>>> from puhui.simulate import fraud_world
>>> plain = fraud_world.honest(2_000, seed=1, start=datetime(2026, 1, 1, tzinfo=UTC), days=100)
>>> world = shared(plain, seed=1, start=datetime(2026, 1, 1, tzinfo=UTC), days=100)
>>> world.height, world["applied_at"].is_sorted(), world.filter(way="second_hand")["device"].n_unique() <= 4
(2000, True, True)
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from puhui.antifraud.core.entity_kind import KINDS
from puhui.kernel import shipped

BASE = 1_000_000_000
_SPAN = 10_000_000  # numbers a way
_DAY = 86_400
_FAST = (35.0, 90.0)  # seconds, where somebody practised fills in


@dataclass(frozen=True, slots=True)
class Way:
    """`share` of people in groups of about `size`, who ask within `days` of one another (None: at any time). `takes`: the chance that a
    member uses what the group shares, by kind of entity; `fast`: that somebody practised fills in."""

    name: str
    share: float
    size: int
    days: float | None
    takes: dict[str, float]
    fast: float


@lru_cache(maxsize=1)
def ways() -> tuple[Way, ...]:
    """The table."""
    return tuple(map(_way, shipped.rows("puhui.simulate", "ordinary_sharing.csv")))


def shared(world: pl.DataFrame, *, seed: int, start: datetime, days: int) -> pl.DataFrame:
    """`world` of the honest with people put into ways; the column `way` names theirs ("" for most). Sorted by time, `n` anew."""
    dice = np.random.default_rng([seed, 1])
    person = world["person"].to_numpy()
    people = int(person.max()) + 1
    kinds = [kind for kind in KINDS if kind != "person"]
    taken = {kind: np.full(people, -1, np.int64) for kind in kinds}
    way_of, second, fast = np.zeros(people, np.int64), np.full(people, -1, np.int64), np.zeros(people, np.bool_)
    order, first = dice.permutation(people), 0
    for number, way in enumerate(ways(), 1):
        members = order[first : first + round(way.share * people)]
        first += len(members)
        group = _groups(len(members), way.size, dice)
        way_of[members] = number
        for kind, chance in way.takes.items():
            uses = dice.random(len(members)) < chance
            taken[kind][members[uses]] = BASE + number * _SPAN + group[uses]
        fast[members] = dice.random(len(members)) < way.fast
        if way.days is not None and len(members):
            begins = dice.uniform(0, max(days - way.days, 0) * _DAY, group.max() + 1)
            second[members] = begins[group] + dice.uniform(0, way.days * _DAY, len(members))
    earliest = np.zeros(len(person), np.bool_)
    earliest[np.unique(person, return_index=True)[1]] = True  # who asks again does so when they please
    names = np.array(["", *(way.name for way in ways())])
    moved = earliest & (second[person] >= 0)
    made = world.with_columns(
        *[_taken(world[kind], taken[kind][person]) for kind in kinds],
        _filled(world["fill_seconds"], fast[person], dice),
        pl.Series("way", names[way_of[person]]),
        _at(world["applied_at"], moved, second[person], start),
    )
    return made.sort("applied_at", "n").with_columns(pl.Series("n", np.arange(world.height)))


def _way(row: dict[str, str]) -> Way:
    takes = {kind: float(row[kind]) for kind in KINDS if row.get(kind) and float(row[kind])}
    return Way(row["way"], float(row["share"]), int(row["size"]), float(row["days"]) if row["days"] else None, takes, float(row["fast"]))  # fmt: skip


def _groups(members: int, size: int, dice: np.random.Generator) -> Any:
    """Pairs stay pairs; larger groups differ in size."""
    if size <= 3:
        return np.arange(members) // size
    return dice.integers(0, max(1, members // size), members)


def _taken(column: pl.Series, numbers: Any) -> pl.Series:
    return pl.Series(column.name, numbers).zip_with(pl.Series(numbers >= 0), column)


def _filled(column: pl.Series, fast: Any, dice: np.random.Generator) -> pl.Series:
    quick = pl.Series(column.name, np.round(dice.uniform(*_FAST, len(column)), 1))
    return quick.zip_with(pl.Series(fast), column)


def _at(column: pl.Series, moved: Any, second: Any, start: datetime) -> pl.Series:
    stamps = np.datetime64(start.replace(tzinfo=None), "us") + second.astype("timedelta64[s]")
    return pl.Series(column.name, stamps).dt.replace_time_zone("UTC").zip_with(pl.Series(moved), column)
