"""Default and rating models of small data: two L2 logistic models whose fitted form is plain JSON.

Rules kept: the model is data, never a pickle (card 27); one firm scored alone gets the same bits as in the batch
(sums run column by column, so no matrix kernel can reorder them); chance comes in as `seed`. Weights may only point in
the direction of risk the feature declares, so that a reason can never read "too few of its invoices were void".
The credit rating is never a column of the default model: in this data rating D *is* the default (decisions/0010).

    P(default) = 1 / (1 + exp(−(b + Σ w_j·z_j)))             z: winsorised, standardised feature
    P(rating ≤ k) = 1 / (1 + exp(−(t_k − Σ w_j·z_j)))        proportional odds (McCullagh 1980), A < B < C < D
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

Columns = npt.NDArray[np.float64]
RATINGS = ("A", "B", "C", "D")
PD_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class FitTerms:
    """How models are fitted; every number stands in the appraisal policy. `strength` is scikit-learn's C."""

    strength: float
    rating_strength: float
    winsor_low: float
    winsor_high: float
    folds: int
    repeats: int


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights over standardised columns. One cut: default (−intercept). Three cuts: rating thresholds."""

    names: tuple[str, ...]
    weights: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    cuts: tuple[float, ...]

    def as_json(self) -> dict[str, Any]:
        return {key: list(value) for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "LinearModel":
        return cls(**{key: tuple(value) for key, value in stored.items()})


def default_probability(model: LinearModel, columns: Columns) -> Columns:
    """Chance of default per row, rounded to the six decimals that are printed and used everywhere."""
    return np.round(_sigmoid(_sum_by_column(model, columns) - model.cuts[0]), PD_DECIMALS)


def rating_probabilities(model: LinearModel, columns: Columns) -> Columns:
    """Rows × four ratings; each row adds to one (before rounding)."""
    risk = _sum_by_column(model, columns)
    below = [_sigmoid(cut - risk) for cut in model.cuts]
    edges = [np.zeros_like(risk), *below, np.ones_like(risk)]
    return np.column_stack([edges[k + 1] - edges[k] for k in range(len(RATINGS))])


def likeliest_rating(model: LinearModel, columns: Columns) -> list[str]:
    """The most probable rating of each row; the safer one is not preferred: argmax, first on a tie."""
    return [RATINGS[k] for k in np.argmax(rating_probabilities(model, columns), axis=1)]


def contributions(model: LinearModel, columns: Columns) -> Columns:
    """Rows × features: what each feature adds to the log-odds of default, against the average labelled firm."""
    return np.column_stack([_standard(model, columns, j) * model.weights[j] for j in range(len(model.names))])


def fit_default(columns: Columns, defaulted: npt.NDArray[np.int64], signs: Sequence[int], *,
                names: Sequence[str], terms: FitTerms) -> LinearModel:  # fmt: skip
    """Sign-constrained L2 logistic regression of the default flag (1 = defaulted)."""
    worse = np.where(np.asarray(defaulted) == 1, 1, 0)
    return _fit(columns, worse, signs, names=names, terms=terms, levels=2)


def fit_rating(columns: Columns, rating: npt.NDArray[np.int64], signs: Sequence[int], *,
               names: Sequence[str], terms: FitTerms) -> LinearModel:  # fmt: skip
    """Proportional-odds model of the rating (0 = A … 3 = D)."""
    return _fit(columns, rating, signs, names=names, terms=terms, levels=4)


def _fit(columns: Columns, level: npt.NDArray[np.int64], signs: Sequence[int], *, names: Sequence[str],
         terms: FitTerms, levels: int) -> LinearModel:  # fmt: skip
    strength = terms.strength if levels == 2 else terms.rating_strength
    lows, highs = np.percentile(columns, [100 * terms.winsor_low, 100 * terms.winsor_high], axis=0)
    clipped = np.clip(columns, lows, highs)
    means, scales = clipped.mean(axis=0), clipped.std(axis=0)
    scales = np.where(scales > 1e-12, scales, 1.0)
    standard = (clipped - means) / scales
    weights, cuts = _proportional_odds(standard, level, signs, strength=strength, levels=levels)
    # Ten decimals are far finer than any printed figure and hide the last-digit noise of the optimiser.
    stored = [tuple(round(float(v), 10) for v in vector) for vector in (weights, means, scales, lows, highs, cuts)]
    return LinearModel(tuple(names), *stored)


def _proportional_odds(z: Columns, level: npt.NDArray[np.int64], signs: Sequence[int], *, strength: float,
                       levels: int) -> tuple[Columns, Columns]:  # fmt: skip
    """Weights and cuts that maximise the penalised likelihood; with two levels this is plain logistic regression."""
    features = z.shape[1]
    shares = np.cumsum(np.bincount(level, minlength=levels))[:-1] / len(level)
    shares = np.clip(shares, 1e-3, 1 - 1e-3)
    start_cuts = np.log(shares / (1 - shares))
    start = np.concatenate([np.zeros(features), start_cuts[:1], np.maximum(np.diff(start_cuts), 1e-3)])
    bounds: list[tuple[float | None, float | None]] = [
        (0, None) if sign > 0 else (None, 0) if sign < 0 else (None, None) for sign in signs
    ]
    bounds += [(None, None)] + [(1e-4, None)] * (levels - 2)
    found = scipy.optimize.minimize(_loss_and_slope, start, args=(z, level, strength), jac=True, method="L-BFGS-B", bounds=bounds,
                     options={"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-8})  # fmt: skip
    return found.x[:features], np.cumsum(found.x[features:])


def _loss_and_slope(point: Columns, z: Columns, level: npt.NDArray[np.int64], strength: float) -> tuple[float, Columns]:
    features = z.shape[1]
    weights, gaps = point[:features], point[features:]
    cuts = np.cumsum(gaps)
    risk = np.einsum("ij,j->i", z, weights)
    upper = np.append(cuts, np.inf)[level] - risk
    lower = np.insert(cuts, 0, -np.inf)[level] - risk
    p_upper, p_lower = _sigmoid(upper), _sigmoid(lower)
    chance = np.maximum(p_upper - p_lower, 1e-300)
    d_upper, d_lower = p_upper * (1 - p_upper) / chance, p_lower * (1 - p_lower) / chance
    loss = float(-np.log(chance).sum() + 0.5 / strength * np.square(weights).sum())
    slope_weights = np.einsum("ij,i->j", z, d_upper - d_lower) + weights / strength
    slope_cuts = np.array([d_lower[level == k + 1].sum() - d_upper[level == k].sum() for k in range(len(cuts))])
    slope_gaps = np.cumsum(slope_cuts[::-1])[::-1]
    return loss, np.concatenate([slope_weights, slope_gaps])


def _standard(model: LinearModel, columns: Columns, j: int) -> Columns:
    clipped = np.minimum(np.maximum(columns[:, j], model.lows[j]), model.highs[j])
    result: Columns = (clipped - model.means[j]) / model.scales[j]
    return result


def _sum_by_column(model: LinearModel, columns: Columns) -> Columns:
    total = np.zeros(len(columns))
    for j, weight in enumerate(model.weights):
        total = total + _standard(model, columns, j) * weight
    return total


def _sigmoid(x: Columns) -> Columns:
    result: Columns = 1.0 / (1.0 + np.exp(-np.clip(x, -700, 700)))
    return result


def logit(share: float) -> float:
    """Log-odds of a share strictly between 0 and 1."""
    return math.log(share / (1 - share))
