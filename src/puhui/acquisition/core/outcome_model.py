"""Models of an outcome from features, chosen by held-out error among straight lines and small trees. Same data, same seed, same model.

Every prediction that is used for measuring is made for rows the model did not see (`across_folds`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

Floats = NDArray[np.float64]
Predict = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Fitting:
    """The [fitting] table and the seed of draws."""

    terms: dict[str, Any]
    seed: int


def folds_of(arm: NDArray[np.int64], *, folds: int, seed: int) -> NDArray[np.int64]:
    """A fold for every row, each arm spread evenly. Shape (rows,)."""
    dice = np.random.default_rng(seed)
    fold = np.empty(len(arm), np.int64)
    for one in np.unique(arm):
        rows = np.flatnonzero(arm == one)
        fold[dice.permutation(rows)] = np.arange(len(rows)) % folds
    return fold


def fit(features: Floats, outcome: Floats, fitting: Fitting) -> Predict:
    """The model of least held-out squared error: ridges of several strengths, small trees (with enough rows).

    Chances are fitted as numbers by least squares: what is compared later are means, which least squares keeps.
    """
    mean = float(outcome.mean()) if len(outcome) else 0.0
    if features.shape[1] == 0 or len(outcome) < 2 * fitting.terms["folds"] or np.ptp(outcome) == 0:
        return lambda rows: np.full(len(rows), mean)
    makers = _makers(features, fitting)
    tried = np.random.default_rng(fitting.seed).permutation(len(outcome))[: fitting.terms["tried_rows_max"]]
    part = np.arange(len(tried)) % fitting.terms["trials"]
    errors = np.zeros(len(makers))
    for one in range(fitting.terms["trials"]):
        judges, learners = tried[part == one], tried[part != one]
        for place, make in enumerate(makers):
            model = make(features[learners], outcome[learners])
            errors[place] += float(np.sum((outcome[judges] - model(features[judges])) ** 2))
    return makers[int(np.argmin(errors))](features, outcome)


def across_folds(features: Floats, outcome: Floats, used: NDArray[np.bool_], fold: NDArray[np.int64], fitting: Fitting) -> Floats:  # fmt: skip
    """For every row the prediction of a model fitted on the `used` rows of the other folds."""
    found = np.zeros(len(outcome))
    for one in np.unique(fold):
        inside = fold == one
        found[inside] = fit(features[used & ~inside], outcome[used & ~inside], fitting)(features[inside])
    return found


def _makers(features: Floats, fitting: Fitting) -> list[Callable[[Floats, Floats], Predict]]:
    makers: list[Callable[[Floats, Floats], Predict]] = [
        _ridge(strength) for strength in fitting.terms["ridge_strengths"]
    ]
    if len(features) >= fitting.terms["boosting_rows_min"]:
        makers.append(_trees(fitting))
    return makers


def _ridge(strength: float) -> Callable[[Floats, Floats], Predict]:
    def make(features: Floats, outcome: Floats) -> Predict:
        centre, spread, mean = features.mean(axis=0), features.std(axis=0), float(outcome.mean())
        spread = np.where(spread > 0, spread, 1.0)
        scaled = (features - centre) / spread
        square = scaled.T @ scaled + strength * np.eye(scaled.shape[1])
        slope = np.linalg.solve(square, scaled.T @ (outcome - mean))
        # A value far outside what was seen is read as the edge of what was seen.
        return lambda rows: mean + np.clip((rows - centre) / spread, -6.0, 6.0) @ slope

    return make


def _trees(fitting: Fitting) -> Callable[[Floats, Floats], Predict]:
    terms = fitting.terms

    def make(features: Floats, outcome: Floats) -> Predict:
        model = HistGradientBoostingRegressor(
            max_iter=terms["boosting_rounds"],
            learning_rate=terms["boosting_rate"],
            max_depth=terms["boosting_depth"],
            min_samples_leaf=max(20, int(terms["boosting_leaf_share"] * len(outcome))),
            early_stopping=False,
            random_state=fitting.seed,
        )
        return model.fit(features, outcome).predict

    return make
