"""Rates before everybody has answered: who converted so far, divided by the chance to have converted by now.

Delays are seen only of those who have already converted, and only delays shorter than the time since the click: right truncation. Their law
comes from the reverse-time product limit (Lagakos, Barraj and De Gruttola 1988, Biometrika 75: 515–523), F(t) = Π over delays u > t of
(1 − d(u) / n(u)), n(u) the conversions with delay ≤ u that were watched for at least u. The corrected rate is Σ conversions / Σ F(age).

>>> curve = delay_curve(delay=np.array([1.0, 2.0]), age=np.array([9.0, 9.0]))
>>> curve.by(np.array([0.5, 1.0, 5.0])).tolist()
[0.0, 0.5, 1.0]
>>> corrected_rate(conversions=10, ages=np.array([1.0] * 100), curve=curve).rate
0.2
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DelayCurve:
    """`share[i]`: chance that a conversion comes within `delay[i]`, of all that come within the longest watch."""

    delay: Floats
    share: Floats

    def by(self, age: Floats) -> Floats:
        """F at each age."""
        place = np.searchsorted(self.delay, age, side="right") - 1
        return np.where(place >= 0, self.share[np.maximum(place, 0)], 0.0)


@dataclass(frozen=True, slots=True)
class Rate:
    """Conversions a click once all have answered, with an interval (Garwood's for a count); `matured` is Σ F(age)."""

    rate: float | None
    low: float | None
    high: float | None
    matured: float


def delay_curve(*, delay: Floats, age: Floats) -> DelayCurve:
    """From conversions: each one's delay and the time since its click (age ≥ delay). Shapes (conversions,)."""
    order = np.unique(delay)
    share, reached = np.ones(len(order)), 1.0
    for place in range(len(order) - 1, 0, -1):
        happened = float((delay == order[place]).sum())
        at_risk = float(((delay <= order[place]) & (age >= order[place])).sum())
        reached *= 1 - happened / at_risk
        share[place - 1] = reached
    return DelayCurve(order, share)


def corrected_rate(*, conversions: int, ages: Floats, curve: DelayCurve, level: float = 0.95) -> Rate:
    """`ages` of all clicks, converted or not. Nothing matured: not known."""
    matured = float(curve.by(ages).sum()) if len(curve.delay) else 0.0
    if matured <= 0:
        return Rate(None, None, None, 0.0)
    low, high = count_interval(conversions, level=level)
    return Rate(conversions / matured, low / matured, high / matured, matured)


def count_interval(count: int, *, level: float) -> tuple[float, float]:
    """Exact interval of a Poisson mean from one count (Garwood 1936).

    >>> [round(edge, 3) for edge in count_interval(10, level=0.95)], count_interval(0, level=0.95)[0]
    ([4.795, 18.39], 0.0)
    """
    tail = (1 - level) / 2
    low = float(scipy.stats.chi2.ppf(tail, 2 * count) / 2) if count else 0.0
    return low, float(scipy.stats.chi2.ppf(1 - tail, 2 * count + 2) / 2)
