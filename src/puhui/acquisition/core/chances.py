"""Chances of treatment: shares of the arms where it was drawn by lot, else a model's, across folds and away from zero."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]


def arm_chances(
    features: Floats, arm: NDArray[np.int64], fold: NDArray[np.int64], *, drawn: bool, least: float
) -> Floats:
    """Shape (rows, arms), each row sums to 1. Not drawn: multinomial logistic regression on the other folds, clipped to `least`."""
    arms = int(arm.max()) + 1
    if drawn or features.shape[1] == 0:
        return np.tile(np.bincount(arm, minlength=arms) / len(arm), (len(arm), 1))
    centre, spread = features.mean(axis=0), features.std(axis=0)
    scaled = np.clip((features - centre) / np.where(spread > 0, spread, 1.0), -6.0, 6.0)
    found = np.zeros((len(arm), arms))
    for one in np.unique(fold):
        inside = fold == one
        model = LogisticRegression(C=1.0, max_iter=300).fit(scaled[~inside], arm[~inside])
        found[np.ix_(inside, model.classes_)] = model.predict_proba(scaled[inside])
    found = np.maximum(found, least)
    return found / found.sum(axis=1, keepdims=True)
