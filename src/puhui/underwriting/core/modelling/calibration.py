"""Log-odds of a model → chance of default on rows it was not fitted on: Platt's two numbers, in order-keeping form.

Rules kept: the slope is positive, so calibration never changes an order; each value is mapped by itself, so one row gives the
same bits as a million (SciPy's expit works one number at a time, while NumPy's exp may round a lone number differently).

Source: Platt (1999), Probabilistic outputs for support vector machines; target smoothing as there.

>>> [round(float(chance), 3) for chance in chances(np.array([0.0, 2.0]))]
[0.5, 0.881]
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
SLOPES = (0.25, 3.0)
STEPS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """log-odds' = intercept + slope · log-odds."""

    intercept: float = 0.0
    slope: float = 1.0

    def apply(self, log_odds: Floats) -> Floats:
        return self.intercept + self.slope * log_odds

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def chances(log_odds: Floats) -> Floats:
    """1/(1 + e^−x), number by number."""
    from scipy.special import expit

    return np.asarray(expit(log_odds), dtype=np.float64)


def log_odds(chance: Floats) -> Floats:
    """ln(p/(1−p)), number by number."""
    from scipy.special import logit

    return np.asarray(logit(np.clip(chance, 1e-9, 1 - 1e-9)), dtype=np.float64)


def fit(raw: Floats, bad: npt.NDArray[np.int8], weight: Floats) -> Calibration:
    """Newton steps on the weighted likelihood; outside sensible slopes only the level is moved."""
    bads, goods = float((weight * bad).sum()), float((weight * (1 - bad)).sum())
    target = np.where(bad == 1, (bads + 1) / (bads + 2), 1 / (goods + 2))
    found = _newton(raw, target, weight, free_slope=True)
    if not SLOPES[0] <= found.slope <= SLOPES[1]:
        return _newton(raw, target, weight, free_slope=False)
    return found


def _newton(raw: Floats, target: Floats, weight: Floats, *, free_slope: bool) -> Calibration:
    intercept, slope = 0.0, 1.0
    for _ in range(STEPS):
        chance = chances(intercept + slope * raw)
        error, spread = weight * (chance - target), weight * chance * (1 - chance) + 1e-12
        g0, h00 = error.sum(), spread.sum()
        if not free_slope:
            step0, step1 = g0 / h00, 0.0
        else:
            g1, h01, h11 = (error * raw).sum(), (spread * raw).sum(), (spread * raw * raw).sum()
            det = h00 * h11 - h01 * h01
            if det <= 1e-9 * h00 * max(h11, 1e-9):
                return _newton(raw, target, weight, free_slope=False)
            step0, step1 = (h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det
        size = max(1.0, abs(step0) / 2, abs(step1) / 1)
        intercept, slope = intercept - step0 / size, slope - step1 / size
        if abs(step0) + abs(step1) < 1e-10:
            break
    return Calibration(float(intercept), float(slope))
