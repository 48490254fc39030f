"""How far luck alone carries a ranking that is judged across folds: the law of its z where nobody is moved.

Each of K folds is ranked along the direction that the other folds' rows suggest. Where nothing is true, the folds' directions are
s_k ~ N(0, I_d / K), independent, and the ranking scores

    z = Σ_k s_k · (S − s_k) / |S − s_k|,   S = Σ_k s_k

standard errors. Its variance is near 2, not 1, for any d: each pair of folds is judged twice, once in either direction; and its tails are uneven. Only
the K × K products s_j · s_k matter, so they are drawn (Wishart's law by Bartlett's triangle) and the cost does not depend on d.

>>> law = fold_luck(directions=15, folds=5)
>>> [round(reach, 1) for reach in law.reach(level=0.95)]  # where a normal law has 2.0 and 2.0
[3.0, 2.6]
>>> law.chance(3.0) > 0.01  # .003 by the normal law
True
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_DRAWS = 100_000
_SURE = 200  # draws beyond a point without which its tail is not counted but carried on


@dataclass(frozen=True, slots=True)
class FoldLuck:
    """`drawn`: z of rankings worth nothing, rising."""

    drawn: Floats
    directions: int

    def reach(self, *, level: float) -> tuple[float, float]:
        """(how far below zero, how far above zero) luck stays with chance `level`; both above zero."""
        low, high = np.quantile(self.drawn, [0.5 - level / 2, 0.5 + level / 2])
        return -float(low), float(high)

    def chance(self, z: float) -> float:
        """Of luck as far from zero on this side as z, both sides counted."""
        if z == 0:
            return 1.0
        sign = 1.0 if z > 0 else -1.0
        known = float(np.sort(sign * self.drawn)[-_SURE])
        if sign * z <= known:
            return min(1.0, 2 * float((sign * self.drawn >= sign * z).mean()))
        return 2 * _SURE / len(self.drawn) * self._further(sign * z, known, upwards=z > 0)

    def _further(self, z: float, known: float, *, upwards: bool) -> float:
        """How much rarer z is than `known`. Far up the folds agree and z² is nearly χ² with d degrees; far down they cannot."""
        if not upwards:
            return float(scipy.stats.norm.sf(z) / scipy.stats.norm.sf(known))
        far, near = (((one + (one * one + 4 * self.directions) ** 0.5) / 2) ** 2 for one in (z, known))
        return float(scipy.stats.chi2.sf(far, self.directions) / scipy.stats.chi2.sf(near, self.directions))


@cache
def fold_luck(*, directions: int, folds: int) -> FoldLuck:
    """The law for `directions` columns a model could choose from. It is drawn once, always the same."""
    assert directions >= 1, "nothing to rank by is one direction"
    assert folds >= 2, "one fold has no others to learn from"
    dice = np.random.default_rng([directions, folds])
    half = np.zeros((_DRAWS, folds, folds))
    for row in range(folds):
        half[:, row, :row] = dice.standard_normal((_DRAWS, row))
        half[:, row, row] = np.sqrt(dice.chisquare(directions - row, _DRAWS)) if row < directions else 0.0
    half[:, :, directions:] = 0.0
    products = half @ half.transpose(0, 2, 1) / folds
    rows, own = products.sum(axis=2), np.diagonal(products, axis1=1, axis2=2)
    others = products.sum(axis=(1, 2))[:, None] - 2 * rows + own
    z = ((rows - own) / np.sqrt(np.maximum(others, 1e-300))).sum(axis=1)
    return FoldLuck(np.sort(z), directions)
