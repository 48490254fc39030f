"""How well a ranking finds those whom the treatment moves: gain curve, AUUC and Qini, with resampled intervals.

Order people by predicted gain. G(k) is the sum of the effect scores of the first k over all n: what treating them brings a
head of the whole table. AUUC = mean of G(k) over k; Qini = AUUC − G(n)/2, the area over treating people at random (Radcliffe 2007,
Direct Marketing Analytics Journal 1: 14–21). Zero is a ranking worth nothing. Ties share their place.

>>> effect = np.array([1.0, 0.0, 0.0, 1.0])
>>> round(auuc(effect, np.array([4.0, 1.0, 2.0, 3.0])), 4), round(qini(effect, np.array([4.0, 1.0, 2.0, 3.0])), 4)
(0.375, 0.125)
>>> round(qini(effect, np.ones(4)), 4)  # all the same: no ranking
0.0
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from puhui.acquisition.core.effects import Estimate, around
from puhui.acquisition.core.ranking_luck import FoldLuck

Floats = NDArray[np.float64]
POINTS = 20


@dataclass(frozen=True, slots=True)
class Ranking:
    """Figures of one ranking; `curve` has (share treated, gain a head) at twenty even shares."""

    auuc: Estimate
    qini: Estimate
    curve: list[tuple[float, float]]


def auuc(effect: Floats, predicted: Floats) -> float:
    """Area under the gain curve, by straight lines between people and across ties."""
    return float(_areas(*_grouped(effect, predicted))[0])


def qini(effect: Floats, predicted: Floats) -> float:
    """Area over the line of random order."""
    return auuc(effect, predicted) - float(effect.mean()) / 2


def searched(value: float, error: float, luck: FoldLuck, *, level: float) -> Estimate:
    """A cross-fitted Qini with the interval and the chance it really has (core/ranking_luck.py).

    >>> from puhui.acquisition.core.ranking_luck import fold_luck
    >>> found = searched(3.0, 1.0, fold_luck(directions=15, folds=5), level=0.95)
    >>> round(found.low, 1), round(found.high, 1), found.chance > 0.01
    (0.4, 6.0, True)
    """
    below, above = luck.reach(level=level)
    chance = luck.chance(value / error) if error > 0 else 1.0
    return Estimate(value, value - above * error, value + below * error, chance)


def ranked(effect: Floats, predicted: Floats, *, resamples: int, level: float, seed: int, luck: FoldLuck | None = None) -> Ranking:  # fmt: skip
    """The ranking's figures; `luck` where it was learned across folds of these rows, none where it was given beforehand.

    Errors come from `resamples` draws of people with replacement, as weights (Rubin's Bayesian bootstrap).
    """
    sums, counts = _grouped(effect, predicted)
    whole, over = _areas(sums, counts)
    order = np.argsort(-predicted, kind="stable")
    group = np.searchsorted(np.cumsum(counts), np.arange(len(effect)), side="right")
    dice = np.random.default_rng(seed)
    drawn: list[tuple[float, float]] = []
    for _ in range(resamples):
        weight = dice.standard_exponential(len(effect))
        weighted = _summed(group, weight * effect[order], len(counts))
        drawn.append(_areas(weighted, _summed(group, weight, len(counts))))
    spread = np.std(np.array(drawn), axis=0)
    heads = np.concatenate(([0.0], np.cumsum(counts) / len(effect)))
    gains = np.concatenate(([0.0], np.cumsum(sums) / len(effect)))
    shares = np.linspace(0, 1, POINTS + 1)
    curve = [(float(share), float(gain)) for share, gain in zip(shares, np.interp(shares, heads, gains))]
    return Ranking(
        around(whole, float(spread[0]), level=level),
        around(over, float(spread[1]), level=level)
        if luck is None
        else searched(over, float(spread[1]), luck, level=level),
        curve,
    )


def within_folds(predicted: Floats, fold: NDArray[np.int64]) -> Floats:
    """Each prediction as its share of the way through its fold, ties in their middle.

    Folds have models of their own. Compared across folds, a fold that happens to answer less than the rest would be ranked
    above it, since its model learned from the rest: a ranking worth nothing would then look harmful.
    """
    found = np.empty(len(predicted))
    for one in np.unique(fold):
        inside = fold == one
        found[inside] = (scipy.stats.rankdata(predicted[inside]) - 0.5) / inside.sum()
    return np.round(found, 9)


def _grouped(effect: Floats, predicted: Floats) -> tuple[Floats, Floats]:
    """Sum of effects and head count of every distinct prediction, highest first."""
    distinct, place = np.unique(-predicted, return_inverse=True)
    ones = np.ones(len(place))
    return _summed(place, effect, len(distinct)), _summed(place, ones, len(distinct))


def _summed(place: NDArray[np.int64], values: Floats, size: int) -> Floats:
    return np.bincount(place, values, size).astype(np.float64)


def _areas(sums: Floats, counts: Floats) -> tuple[float, float]:
    """(AUUC, Qini) of groups in order."""
    n = counts.sum()
    gain = np.cumsum(sums) / n
    middle = gain - sums / n / 2  # the straight line across the group
    area = float((middle * counts).sum() / n)
    return area, area - float(gain[-1]) / 2
