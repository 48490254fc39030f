"""Signals of a single application, drawn from tables (虚构): of the honest and, where a scheme is known for it, of adversaries.

How often an honest telephone is rooted, a face misses the threshold or a form's ID is edited is a table of our own
(`ordinary_signals.csv`); what a scheme leaves differently stands in `adversary_signals.csv`. No public figure is known for either: what
rules are worth on them is a figure of these tables.

Rule kept: invented and labelled so; the same seed gives the same signals; what the tables call unknown is null.

>>> added = told(pl.DataFrame({"n": range(2_000)}), seed=1)
>>> added.height, 0 < added["rooted"].mean() < 0.03, added["rooted"].null_count() > 0
(2000, True, True)
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from puhui.antifraud.core.signals import SCHEMA
from puhui.kernel import shipped

_DRAWS: dict[str, Callable[[np.random.Generator, int, float, float], Any]] = {
    "chance": lambda dice, count, a, b: dice.random(count) < a,
    "fixed": lambda dice, count, a, b: np.full(count, a),
    "uniform": lambda dice, count, a, b: dice.uniform(a, b, count),
    "normal": lambda dice, count, a, b: dice.normal(a, b, count),
    "lognormal": lambda dice, count, a, b: np.exp(dice.normal(a, b, count)),
    "exponential": lambda dice, count, a, b: dice.exponential(a, count),
    "poisson": lambda dice, count, a, b: dice.poisson(a, count),
    "beta": lambda dice, count, a, b: dice.beta(a, b, count),
    "less_poisson": lambda dice, count, a, b: np.maximum(a - dice.poisson(b, count), 0),  # of so many, some are missing
}
NAMES: tuple[str, ...] = tuple(row["name"] for row in shipped.rows("puhui.simulate", "ordinary_signals.csv"))


def told(world: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """`world` with the signals of the honest."""
    rows = shipped.rows("puhui.simulate", "ordinary_signals.csv")
    return world.with_columns(_drawn(rows, world.height, np.random.default_rng([seed, 2])))


def told_by(scheme: str, gang: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """`gang` with the signals of the honest, but for those that its scheme is known for."""
    known = [row for row in shipped.rows("puhui.simulate", "adversary_signals.csv") if row["scheme"] == scheme]
    return told(gang, seed=seed).with_columns(_drawn(known, gang.height, np.random.default_rng([seed, 3])))


def _drawn(rows: Any, count: int, dice: np.random.Generator) -> list[pl.Series]:
    return [_column(row, count, dice) for row in rows]


def _column(row: dict[str, str], count: int, dice: np.random.Generator) -> pl.Series:
    kind = SCHEMA[row["name"]]
    values = _DRAWS[row["draw"]](dice, count, float(row["a"]), float(row["b"] or 0))
    series = pl.Series(row["name"], values)
    series = series.cast(kind) if kind.is_integer() or kind == pl.Boolean else series.round(4)
    known = pl.Series(dice.random(count) >= float(row["unknown"]))
    return series.zip_with(known, pl.Series(row["name"], [None], dtype=series.dtype))
