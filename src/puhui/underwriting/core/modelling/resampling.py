"""Intervals by bootstrap: rows drawn again with replacement, bads and goods apart, chance through a seed.

Rules kept: stratified by outcome, so that no resample has one class (Efron & Tibshirani 1993, ch. 6 and 16; Carpenter &
Bithell 2000 on percentile intervals); a resample is a count per row, never a copy of the rows, so 1,000 resamples of
100,000 rows are 1,000 running sums; two models are compared on the same resamples (paired).

DeLong, DeLong & Clarke-Pearson (1988) give the variance of a difference of two AUCs without drawing; here by mid-ranks
(Sun & Xu 2014, "Fast implementation of DeLong's algorithm"), for rows without weights.

>>> y, a = np.array([0, 0, 0, 1, 1, 1]), np.array([0.1, 0.2, 0.6, 0.5, 0.7, 0.9])
>>> delong(y, a, 1 - a).difference
0.7777777777777777
"""

import math
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from puhui.underwriting.core.modelling import ranking
from puhui.underwriting.core.modelling.ranking import Floats

RESAMPLES = 1000
LEVEL = 0.95
_ENDS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
Statistic = Callable[[Floats, Floats], tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second, with its interval; `p_value` of "no difference" (two-sided)."""

    difference: float
    low: float
    high: float
    p_value: float

    def as_json(self) -> dict[str, float]:
        return {"difference": self.difference, "low": self.low, "high": self.high, "p_value": self.p_value}


def drawn(bads: int, goods: int, *, seed: int, resamples: int = RESAMPLES) -> Iterator[tuple[Floats, Floats]]:
    """How often every bad and every good is drawn in each resample; both keep their numbers."""
    chance = np.random.default_rng(seed)
    for _ in range(resamples):
        bad, good = (_counts(chance, rows) for rows in (bads, goods))
        yield bad, good


def intervals(bad: Floats, good: Floats, statistic: Statistic, *, seed: int,
              resamples: int = RESAMPLES) -> list[tuple[float, float]]:  # fmt: skip
    """Percentile interval of every figure that `statistic` tells of the weights of bads and goods."""
    draws = drawn(len(bad), len(good), seed=seed, resamples=resamples)
    told = np.array([statistic(b * bad, g * good) for b, g in draws])
    low, high = np.quantile(told, _ENDS, axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high)]


def auc_difference(y: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, *, seed: int,
                   weight: npt.ArrayLike | None = None, resamples: int = RESAMPLES) -> Difference:  # fmt: skip
    """AUC of the first score less that of the second on the same rows, by paired bootstrap."""
    a, b = ranking.rank(y, first), ranking.rank(y, second)
    by_row = ranking.weights(weight, len(a.bads) + len(a.goods))
    bad, good = a.split(by_row)
    # Draws are in the order of the first score; here are the same rows in the order of the second.
    places = np.empty(len(by_row), dtype=np.intp)
    places[a.bads], places[a.goods] = np.arange(len(a.bads)), np.arange(len(a.goods))
    bads, goods = places[b.bads], places[b.goods]

    def gap(of_bads: Floats, of_goods: Floats) -> float:
        return a.auc_and_ks(of_bads, of_goods)[0] - b.auc_and_ks(of_bads[bads], of_goods[goods])[0]

    draws = drawn(len(bad), len(good), seed=seed, resamples=resamples)
    told = np.array([gap(x * bad, z * good) for x, z in draws])
    low, high = np.quantile(told, _ENDS)
    beyond = min(float(np.mean(told <= 0)), float(np.mean(told >= 0)))
    return Difference(gap(bad, good), float(low), float(high), min(1.0, 2 * max(beyond, 1 / (resamples + 1))))


def delong(y: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike) -> Difference:
    """The same difference with DeLong's variance and a normal interval; rows without weights."""
    bad, scores = ranking.checked(y, first)
    placed = [_placements(bad, scores), _placements(bad, ranking.checked(y, second)[1])]
    difference = float(placed[0][0].mean() - placed[1][0].mean())
    variance = sum(
        float(np.var(placed[0][side] - placed[1][side], ddof=1)) / len(placed[0][side]) for side in (0, 1)
        if len(placed[0][side]) > 1
    )  # fmt: skip
    deviation = math.sqrt(variance)
    wide = reach() * deviation
    p_value = math.erfc(abs(difference) / deviation / math.sqrt(2)) if deviation > 0 else float(difference == 0)
    return Difference(difference, difference - wide, difference + wide, p_value)


def reach() -> float:
    """How many standard errors a normal interval of `LEVEL` reaches to each side: 1.96."""
    return statistics.NormalDist().inv_cdf((1 + LEVEL) / 2)


def _counts(chance: np.random.Generator, rows: int) -> Floats:
    drawn_rows = chance.integers(rows, size=rows, dtype=np.int32)
    return np.bincount(drawn_rows, minlength=rows).astype(np.float64)


def _placements(bad: Floats, score: Floats) -> tuple[Floats, Floats]:
    """Per bad: the share of goods below it. Per good: the share of bads above it. Ties count half."""
    from scipy.stats import rankdata

    bads, goods = score[bad == 1], score[bad == 0]
    together = rankdata(np.concatenate([bads, goods]))
    of_bads = (together[: len(bads)] - rankdata(bads)) / len(goods)
    of_goods = 1 - (together[len(bads) :] - rankdata(goods)) / len(bads)
    return of_bads, of_goods
