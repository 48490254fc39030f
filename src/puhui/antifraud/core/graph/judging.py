"""How well scores order fraud before the rest: AUROC, AUPRC and recall among the k highest.

AUROC: the chance that a fraud is scored above another node, ties half (Mann & Whitney 1947). AUPRC: average precision, ties as one
step. recall_at_k: share of the frauds among the k highest scores, k the number of frauds; a tie over the border counts by its share.

>>> judged(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1]))
Judged(auroc=0.75, auprc=0.8333333333333333, recall_at_k=0.5)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Judged:
    """Each between 0 and 1; None where one of the two labels is missing."""

    auroc: float | None
    auprc: float | None
    recall_at_k: float | None

    @property
    def merit(self) -> float:
        """What a choice maximises: the mean of AUROC and AUPRC."""
        return ((self.auroc or 0.0) + (self.auprc or 0.0)) / 2


def judged(label: npt.NDArray[np.integer], score: npt.NDArray[np.floating]) -> Judged:
    """`label`: 0 or 1 a row; `score`: finite, higher is worse."""
    fraud, clean, hits = _steps(label, score)
    positives, negatives = int(fraud.sum()), int(clean.sum())
    if not positives or not negatives:
        return Judged(None, None, None)
    above = np.cumsum(fraud)
    auroc = float((clean * (above - fraud / 2)).sum() / (positives * negatives))
    precision = above / np.cumsum(hits)
    auprc = float((precision * fraud).sum() / positives)
    taken = np.minimum(np.cumsum(hits), positives) - np.minimum(np.cumsum(hits) - hits, positives)
    return Judged(auroc, auprc, float((fraud * taken / hits).sum() / positives))


def _steps(
    label: npt.NDArray[np.integer], score: npt.NDArray[np.floating]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Frauds, others and all at each different score, from the highest down."""
    _, place = np.unique(-score.astype(np.float64), return_inverse=True)
    every = np.bincount(place).astype(np.float64)
    fraud = np.bincount(place, label == 1).astype(np.float64)
    return fraud, every - fraud, every
