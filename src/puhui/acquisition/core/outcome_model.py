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
    most = min(fitting.terms["tried_rows_max"], _rows_of(fitting.terms["tried_cells_max"], features))
    tried = np.random.default_rng(fitting.seed).permutation(len(outcome))[:most]
    part = np.arange(len(tried)) % fitting.terms["trials"]
    strengths, bushy = fitting.terms["ridge_strengths"], len(features) >= fitting.terms["boosting_rows_min"]
    errors = np.zeros(len(strengths) + bushy)
    for one in range(fitting.terms["trials"]):
        judges, learners = tried[part == one], tried[part != one]
        seen, told = features[learners], outcome[learners]
        models = _ridges(seen, told, strengths) + ([_trees(seen, told, fitting)] if bushy else [])
        for place, model in enumerate(models):
            errors[place] += float(np.sum((outcome[judges] - model(features[judges])) ** 2))
    best = int(np.argmin(errors))
    if best == len(strengths):
        return _trees(features, outcome, fitting)
    return _ridges(features, outcome, [strengths[best]])[0]


def across_folds(features: Floats, outcome: Floats, used: NDArray[np.bool_], fold: NDArray[np.int64], fitting: Fitting) -> Floats:  # fmt: skip
    """For every row the prediction of a model fitted on the `used` rows of the other folds."""
    found = np.zeros(len(outcome))
    for one in np.unique(fold):
        inside = fold == one
        found[inside] = fit(features[used & ~inside], outcome[used & ~inside], fitting)(features[inside])
    return found


def _rows_of(cells: int, features: Floats) -> int:
    """How many rows so many cells are: of a table of many columns fewer are read."""
    return max(1, cells // features.shape[1])


def _ridges(features: Floats, outcome: Floats, strengths: list[float]) -> list[Predict]:
    """One straight-line model a strength; the squares are summed and turned to their own axes once for all of them."""
    centre, spread, mean = features.mean(axis=0), features.std(axis=0), float(outcome.mean())
    spread = np.where(spread > 0, spread, 1.0)
    scaled = (features - centre) / spread
    size, axes = np.linalg.eigh(scaled.T @ scaled)
    along = axes.T @ (scaled.T @ (outcome - mean))
    return [_line(centre, spread, mean, axes @ (along / (np.maximum(size, 0.0) + each))) for each in strengths]


def _line(centre: Floats, spread: Floats, mean: float, slope: Floats) -> Predict:
    # A value far outside what was seen is read as the edge of what was seen.
    return lambda rows: mean + np.clip((rows - centre) / spread, -6.0, 6.0) @ slope


def _trees(features: Floats, outcome: Floats, fitting: Fitting) -> Predict:
    terms = fitting.terms
    most = _rows_of(terms["boosting_cells_max"], features)
    if most < len(outcome):
        part = np.sort(np.random.default_rng(fitting.seed).permutation(len(outcome))[:most])
        features, outcome = features[part], outcome[part]
    model = HistGradientBoostingRegressor(
        max_iter=terms["boosting_rounds"],
        learning_rate=terms["boosting_rate"],
        max_depth=terms["boosting_depth"],
        min_samples_leaf=max(20, int(terms["boosting_leaf_share"] * len(outcome))),
        early_stopping=False,
        random_state=fitting.seed,
    )
    found: Predict = model.fit(features, outcome).predict
    return found
