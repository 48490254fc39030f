"""Look-alikes (相似人群): who resembles good borrowers, judged by how many of the chosen were good among people the model never saw.

The seed is who turned out good, not who clicked: eager clickers are often those who should not borrow. Precision at a share is the part
of good people among the first of each fold's ranking, with Wilson's interval (1927, JASA 22: 209–212); lift is that over the whole's rate.

>>> figures = precision_at(np.array([0.9, 0.8, 0.2, 0.1]), np.array([1.0, 1.0, 0.0, 0.0]), np.zeros(4, np.int64), share=0.5, level=0.95)
>>> figures.chosen, figures.precision, figures.lift
(2, 1.0, 2.0)
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from puhui.acquisition.core.outcome_model import Fitting, across_folds, fit
from puhui.acquisition.core.uplift_curve import within_folds

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Precision:
    """Of `chosen` people the part that was good, its interval, and how many times the whole's rate that is (None when nobody was good)."""

    share: float
    chosen: int
    precision: float
    low: float
    high: float
    lift: float | None


def held_out_scores(features: Floats, wanted: Floats, fold: NDArray[np.int64], fitting: Fitting) -> Floats:
    """For every labelled person the score of a model that did not see them. `wanted` 0 or 1. Shape (people,)."""
    return across_folds(features, wanted, np.ones(len(wanted), bool), fold, fitting)


def scores_of(features: Floats, wanted: Floats, candidates: Floats, fitting: Fitting) -> Floats:
    """Scores of people without a label, by a model of everybody with one."""
    return fit(features, wanted, fitting)(candidates)


def precision_at(score: Floats, good: Floats, fold: NDArray[np.int64], *, share: float, level: float) -> Precision:
    """Of the first `share` of every fold's ranking; at least one person."""
    order = np.argsort(-within_folds(score, fold), kind="stable")
    chosen = max(1, round(share * len(score)))
    hits, base = float(good[order[:chosen]].sum()), float(good.mean())
    low, high = wilson(hits, chosen, level=level)
    return Precision(share, chosen, hits / chosen, low, high, hits / chosen / base if base > 0 else None)


def wilson(hits: float, trials: int, *, level: float) -> tuple[float, float]:
    """Wilson's interval of a share.

    >>> [round(edge, 3) for edge in wilson(8, 10, level=0.95)]
    [0.49, 0.943]
    """
    z = float(scipy.stats.norm.ppf(0.5 + level / 2))
    middle = (hits + z * z / 2) / (trials + z * z)
    reach = z / (trials + z * z) * (hits * (trials - hits) / trials + z * z / 4) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)
