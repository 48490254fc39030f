"""What a treatment does, on average and for each person, without the model being able to flatter itself.

For arm a against the control 0 every person has a doubly robust score

    ψ_a = μ_a(x) − μ_0(x) + 1{T = a}(Y − μ_a(x)) / e_a(x) − 1{T = 0}(Y − μ_0(x)) / e_0(x)

whose mean is the average effect if either the outcome models μ or the chances of treatment e are right (Robins, Rotnitzky and Zhao
1994, JASA 89: 846–866). μ, e and the effect τ(x), a regression of ψ on x (the DR-learner, Kennedy 2023, Electronic Journal of
Statistics 17: 3008–3049), are predicted across folds: no row is scored by a model that saw it.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from puhui.acquisition.core.outcome_model import Fitting, across_folds

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """Rows of a table that hold: `arm` 0 is the control; `chance[i, a]` the probability that row i gets arm a."""

    features: Floats
    arm: NDArray[np.int64]
    outcome: Floats
    chance: Floats
    fold: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Shapes (rows, arms): `value[i, a]` the doubly robust score of the outcome under arm a; `gain[i, a]` the predicted effect
    over the control, 0 for the control itself."""  # fmt: skip

    value: Floats
    gain: Floats

    def effect(self, arm: int) -> Floats:
        """ψ of the arm. Shape (rows,)."""
        return self.value[:, arm] - self.value[:, 0]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval at the level asked for, and the chance of one so far from zero if it were zero."""

    value: float
    low: float
    high: float
    chance: float

    def told(self) -> dict[str, float]:
        """As a plain mapping."""
        return {"value": self.value, "low": self.low, "high": self.high, "p": self.chance}


def scores(trial: Trial, fitting: Fitting) -> Scores:
    """Every row's doubly robust scores and predicted gains."""
    arms = trial.chance.shape[1]
    value = np.empty((len(trial.outcome), arms))
    for one in range(arms):
        given = trial.arm == one
        expected = across_folds(trial.features, trial.outcome, given, trial.fold, fitting)
        value[:, one] = expected + given * (trial.outcome - expected) / trial.chance[:, one]
    gain = np.zeros_like(value)
    everybody = np.ones(len(trial.outcome), bool)
    for one in range(1, arms):
        gain[:, one] = across_folds(trial.features, value[:, one] - value[:, 0], everybody, trial.fold, fitting)
    return Scores(value, gain)


def mean_of(values: Floats, *, level: float) -> Estimate:
    """The mean with its interval from the normal law."""
    spread = float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else float("inf")
    return around(float(values.mean()), spread, level=level)


def around(value: float, error: float, *, level: float) -> Estimate:
    """A figure with standard error `error`."""
    reach = float(scipy.stats.norm.ppf(0.5 + level / 2)) * error
    chance = float(2 * scipy.stats.norm.sf(abs(value) / error)) if error > 0 else float(value == 0)
    return Estimate(value, value - reach, value + reach, chance)
