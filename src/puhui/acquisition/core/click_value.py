"""What an auction is worth once its price is known: rivals who pay more know something about the click.

    logit p = s + β·log f + γ·log(z + 1)          f: the forecast chance, z: the price paid

An auction is worth its price while p ≥ λ z. With p ≈ e^s f^β z^γ that is z ≤ (e^s f^β / λ)^(1/(1−γ)): the bid is proportional to
f^(β/(1−γ)), one power of the forecast, whatever λ is (the winner's curse of common values: Milgrom and Weber 1982,
Econometrica 50: 1089–1122). β and γ are a Bayesian logistic regression over our own wins, refreshed by Laplace's approximation.

>>> prior = Belief(mean=np.array([0.0, 1.0, 0.0]), precision=np.eye(3), centre=(0.0, 0.0))
>>> round(prior.power(rivals_max=0.7, least=0.0, most=3.0), 2)
1.0
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS = 8


@dataclass(frozen=True, slots=True)
class Belief:
    """Mean and precision of (s, β, γ), the logarithms counted from `centre`: (log forecast, log (price + 1))."""

    mean: Floats
    precision: Floats
    centre: tuple[float, float]

    def power(self, *, rivals_max: float, least: float, most: float) -> float:
        """The power of the forecast that bids are proportional to."""
        slope, rivals = float(self.mean[1]), min(float(self.mean[2]), rivals_max)
        return min(most, max(least, slope / (1.0 - rivals)))


def centred(forecast: Floats, price: Floats) -> tuple[float, float]:
    """The centre for a belief that starts with these wins."""
    return float(np.log(forecast).mean()), float(np.log(price + 1.0).mean())


def updated(belief: Belief, forecast: Floats, price: Floats, clicked: Floats) -> Belief:
    """The belief after these wins. Shapes (wins,); forecast above zero, `clicked` 0 or 1."""
    if not len(forecast):
        return belief
    columns = np.column_stack(
        (np.ones(len(forecast)), np.log(forecast) - belief.centre[0], np.log(price + 1.0) - belief.centre[1])
    )
    mean, precision = belief.mean, belief.precision
    for _ in range(_STEPS):
        # The scale s is counted from the centre's own forecast, so that a forecast in its right scale has s = 0.
        chance = 1.0 / (1.0 + np.exp(-np.clip(belief.centre[0] + columns @ mean, -30.0, 30.0)))
        slope = columns.T @ (clicked - chance) - belief.precision @ (mean - belief.mean)
        precision = (columns * (chance * (1.0 - chance))[:, None]).T @ columns + belief.precision
        step = np.linalg.solve(precision, slope)
        mean = mean + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-6:
            break
    return Belief(mean, precision, belief.centre)
