"""What a policy would have earned, judged on a log of another policy before it spends a fen.

Row i of the log: action a_i drawn with chance p_i, reward r_i; the policy to judge would take a_i with chance π_i; w_i = π_i / p_i.

    IPS    = mean(w r)                         (Horvitz and Thompson 1952, JASA 47: 663–685)
    SNIPS  = Σ w r / Σ w                       (Swaminathan and Joachims 2015, NeurIPS)
    DR     = mean(Σ_a π(a|x) q(x, a) + w (r − q(x, a_i)))   (Dudík, Langford and Li 2011, ICML), q fitted across folds

Intervals are from the normal law of each mean (SNIPS: of its linearised mean). Effective sample size: (Σ w)² / Σ w² (Kish 1965).

>>> log = Weighed(weight=np.array([2.0, 0.0, 2.0, 0.0]), reward=np.array([1.0, 0.0, 0.0, 1.0]))
>>> figures = by_weights(log, level=0.95)
>>> figures["ips"].value, figures["snips"].value, effective_rows(log.weight)
(0.5, 0.5, 2.0)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from puhui.acquisition.core.effects import Estimate, around, mean_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weighed:
    """Shapes (rows,)."""

    weight: Floats
    reward: Floats


def by_weights(log: Weighed, *, level: float) -> dict[str, Estimate]:
    """IPS and SNIPS."""
    total = float(log.weight.sum())
    found = {"ips": mean_of(log.weight * log.reward, level=level)}
    if total > 0:
        value = float((log.weight * log.reward).sum()) / total
        spread = log.weight * (log.reward - value) / (total / len(log.weight))
        found["snips"] = around(value, float(spread.std(ddof=1)) / len(spread) ** 0.5, level=level)
    return found


def doubly_robust(
    log: Weighed, expected_taken: Floats, expected_policy: Floats, *, level: float
) -> dict[str, Estimate]:
    """DR, and the direct method beside it (its interval ignores the model's own error, so it is too narrow).

    `expected_taken[i]`: q(x_i, a_i); `expected_policy[i]`: Σ_a π(a|x_i) q(x_i, a).
    """
    return {
        "dr": mean_of(expected_policy + log.weight * (log.reward - expected_taken), level=level),
        "direct": mean_of(expected_policy, level=level),
    }


def effective_rows(weight: Floats) -> float:
    """How many rows of the policy's own this log is worth; 0 when it never agrees."""
    square = float((weight**2).sum())
    return float(weight.sum()) ** 2 / square if square > 0 else 0.0
