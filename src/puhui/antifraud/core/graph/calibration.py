"""Log-odds become chances that come true: one slope and one shift, fitted on validation rows (Platt 1999).

Targets are drawn a little to the middle, as Platt does, so that few rows give no certainty. The order of nodes never changes: where the fitted
slope is not positive, or a label is rarer than the terms ask, only the shift is fitted, so that the mean chance equals the share.

>>> dice = np.random.default_rng(1)
>>> score = dice.normal(size=4_000)
>>> label = (dice.random(4_000) < 1 / (1 + np.exp(-(0.5 * score - 2)))).astype(np.int8)
>>> fitted = fit(score, label, rarest=30)
>>> round(fitted.slope, 1), round(fitted.shift, 1), round(float(fitted.chances(score).mean() / label.mean()), 3)
(0.5, -2.0, 1.0)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Scores = npt.NDArray[np.float64]
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Calibration:
    """chance = logistic(slope × log-odds + shift). `rows`, `frauds`: what it was fitted on; none: the log-odds as they are."""

    slope: float = 1.0
    shift: float = 0.0
    rows: int = 0
    frauds: int = 0

    def chances(self, score: Scores) -> Scores:
        """Chances of fraud."""
        return np.asarray(expit(self.slope * score + self.shift), np.float64)


def fit(score: Scores, label: npt.NDArray[np.integer], *, rarest: int) -> Calibration:
    """`score`: log-odds of validation rows; `rarest`: of the rarer label so many rows are needed for a slope."""
    frauds = int((label == 1).sum())
    clean = len(label) - frauds
    if not frauds or not clean:
        return Calibration()
    target = np.where(label == 1, (frauds + 1) / (frauds + 2), 1 / (clean + 2))
    if min(frauds, clean) >= rarest:
        slope, shift = _newton(score, target, with_slope=True)
        if slope > 0:
            return Calibration(slope, shift, len(label), frauds)
    _, shift = _newton(score, target, with_slope=False)
    return Calibration(1.0, shift, len(label), frauds)


def error(chance: Scores, label: npt.NDArray[np.integer], *, bins: int = 10) -> float:
    """Expected calibration error: over bins of equal numbers of rows, the mean distance of mean chance from share, by rows."""
    order = np.argsort(chance, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    return float(sum(abs(chance[part].mean() - label[part].mean()) * len(part) for part in parts) / len(order))


def _newton(score: Scores, target: Scores, *, with_slope: bool) -> tuple[float, float]:
    """Logistic likelihood, by Newton's steps halved while they do not help; a faint ridge keeps them finite."""
    given = np.column_stack([score, np.ones_like(score)]) if with_slope else np.ones((len(score), 1))
    offset = np.zeros_like(score) if with_slope else score
    weight = np.zeros(given.shape[1])

    def loss(at: Scores) -> float:
        told = offset + given @ at
        return float(np.logaddexp(0, told).sum() - target @ told + 1e-6 * at @ at)

    best = loss(weight)
    for _ in range(_STEPS):
        chance = expit(offset + given @ weight)
        slope = given.T @ (chance - target) + 2e-6 * weight
        bend = (given * (chance * (1 - chance))[:, None]).T @ given + 2e-6 * np.eye(len(weight))
        step = np.linalg.solve(bend, slope)
        while (reached := loss(weight - step)) > best and np.abs(step).max() > 1e-10:
            step = step / 2
        weight, gained, best = weight - step, best - reached, min(best, reached)
        if gained < 1e-9 * max(1.0, best):
            break
    return (float(weight[0]), float(weight[1])) if with_slope else (1.0, float(weight[0]))
