"""A/B experiments: buckets by hash, results that may be looked at every day, and less noise from what was known before.

- A bucket is a digest of the experiment's salt and the id: the same person always falls into the same one, experiments are independent.
- Always-valid intervals: the normal mixture of Robbins (1970) in the form of Howard et al. 2021 (Annals of Statistics 49: 1055–1080): the interval
  covers the truth at all looks together, so stopping at the first that leaves zero out is honest.
- CUPED (Deng et al. 2013, WSDM): Y − θ(X − mean X) with θ = cov(X, Y) / var X; X was known before the draw.

>>> bucket_of("exp-1", "party_7", buckets=10_000) == bucket_of("exp-1", "party_7", buckets=10_000)
True
>>> arm_of(9_999, [("a", 5_000), ("b", 5_000)])
'b'
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """A difference of means (treated − control) with its always-valid interval and p."""

    difference: float
    low: float
    high: float
    chance: float


def bucket_of(salt: str, subject_id: str, *, buckets: int) -> int:
    """0 … buckets − 1."""
    digest = hashlib.sha256(f"{salt}\x1f{subject_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * buckets >> 64


def arm_of(bucket: int, arms: Sequence[tuple[str, int]]) -> str | None:
    """The arm whose range holds the bucket; ranges follow each other; None beyond them (nobody's)."""
    edge = 0
    for name, width in arms:
        edge += width
        if bucket < edge:
            return name
    return None


def people_needed(base: float, lift: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """A head count an arm to see a rate go from `base` to `base + lift` in one fixed look, two sides.

    >>> people_needed(0.10, 0.02)
    3839
    """
    other = base + lift
    reach = float(scipy.stats.norm.ppf(0.5 + level / 2) + scipy.stats.norm.ppf(power))
    return math.ceil(reach**2 * (base * (1 - base) + other * (1 - other)) / lift**2)


def look(treated: Floats, control: Floats, *, level: float, planned: int) -> Look:
    """Today's look. `planned`: the head count of both arms at which the interval should be narrowest."""
    difference = float(treated.mean() - control.mean())
    error2 = float(treated.var(ddof=1) / len(treated) + control.var(ddof=1) / len(control))
    if error2 <= 0:
        return Look(difference, difference, difference, 1.0 if difference == 0 else 0.0)
    # Variance process V = n² error², mixture scale ρ tuned so that the boundary is tightest at the planned size.
    heads = len(treated) + len(control)
    mixing = _mixing(level) / planned
    scale = 1.0 + heads * mixing
    reach = math.sqrt(error2 * scale / (heads * mixing) * (math.log(scale) - 2 * math.log(1 - level)))
    evidence = -0.5 * math.log(scale) + difference**2 / (2 * error2) * (heads * mixing) / scale
    return Look(difference, difference - reach, difference + reach, min(1.0, math.exp(-evidence)))


def adjusted(outcome: Floats, before: Floats, *, slope: float | None = None) -> Floats:
    """CUPED: the outcome less what `before` explains; the mean over all people stays. `slope`: given, or fitted on these rows."""
    spread = float(before.var())
    theta = (
        slope if slope is not None else (float(np.cov(before, outcome, ddof=0)[0, 1]) / spread if spread > 0 else 0.0)
    )
    return outcome - theta * (before - before.mean())


def _mixing(level: float) -> float:
    """ρ n at which the boundary is about tightest: −2 log α + log(−2 log α + 1) (Howard et al. 2021, section 3.5)."""
    alpha = -2 * math.log(1 - level)
    return alpha + math.log(alpha + 1)
