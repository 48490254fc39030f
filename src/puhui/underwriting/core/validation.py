"""Honest figures from small data: repeated stratified cross-validation, AUC with an interval, Brier, rating accuracy.

Rule kept: a labelled firm is judged by models that never saw it. Its shown probability is the mean of its out-of-fold
predictions. The AUC interval is DeLong's, on the scale of log-odds, so that it stays inside 0…1.
Source: DeLong, DeLong, Clarke-Pearson, Biometrics 44 (1988).

>>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
0.75
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from puhui.underwriting.core import scoring
from puhui.underwriting.core.features import MODEL_FEATURES, MODEL_NAMES

Columns = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
_SIGNS = tuple(feature.sign for feature in MODEL_FEATURES)
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class DefaultCheck:
    """Cross-validated quality of the default model; `out_of_fold` holds one probability per labelled firm."""

    out_of_fold: tuple[float, ...]
    auc: float
    auc_low: float
    auc_high: float
    brier: float
    brier_of_base_rate: float
    firms: int
    defaults: int

    def as_json(self) -> dict[str, Any]:
        return {
            "auc": round(self.auc, 4), "auc_interval": [round(self.auc_low, 4), round(self.auc_high, 4)],
            "brier": round(self.brier, 4), "brier_of_base_rate": round(self.brier_of_base_rate, 4),
            "firms": self.firms, "defaults": self.defaults,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class RatingCheck:
    """Cross-validated accuracy of the rating model, beside always naming the most common rating."""

    accuracy: float
    within_one: float
    accuracy_of_commonest: float
    firms: int

    def as_json(self) -> dict[str, Any]:
        return {
            "accuracy": round(self.accuracy, 4), "within_one": round(self.within_one, 4),
            "accuracy_of_commonest": round(self.accuracy_of_commonest, 4), "firms": self.firms,
        }  # fmt: skip


def cross_fit_default(columns: Columns, defaulted: Labels, *, terms: scoring.FitTerms, seed: int) -> DefaultCheck:
    """Out-of-fold probabilities of the labelled firms and what they are worth. Needs both classes."""
    predictions = np.zeros((terms.repeats, len(defaulted)))
    for repeat, train, test in splits(defaulted, terms=terms, seed=seed):
        model = scoring.fit_default(columns[train], defaulted[train], _SIGNS, names=MODEL_NAMES, terms=terms)
        predictions[repeat, test] = scoring.default_probability(model, columns[test])
    mean = np.round(predictions.mean(axis=0), scoring.PD_DECIMALS)
    level = float(np.mean([auc(row, defaulted) for row in predictions]))
    low, high = auc_interval(level, mean, defaulted)
    rate = float(defaulted.mean())
    return DefaultCheck(
        tuple(float(p) for p in mean), level, low, high, float(np.mean((mean - defaulted) ** 2)), rate * (1 - rate),
        len(defaulted), int(defaulted.sum()),
    )  # fmt: skip


def cross_check_rating(columns: Columns, rating: Labels, *, terms: scoring.FitTerms, seed: int) -> RatingCheck:
    """How often the rating model names the right letter for firms it never saw."""
    hits, near, count = 0, 0, 0
    for _, train, test in splits(rating, terms=terms, seed=seed):
        model = scoring.fit_rating(columns[train], rating[train], _SIGNS, names=MODEL_NAMES, terms=terms)
        named = np.argmax(scoring.rating_probabilities(model, columns[test]), axis=1)
        hits += int((named == rating[test]).sum())
        near += int((np.abs(named - rating[test]) <= 1).sum())
        count += len(test)
    commonest = float(np.bincount(rating).max() / len(rating))
    return RatingCheck(hits / count, near / count, commonest, len(rating))


def splits(labels: Labels, *, terms: scoring.FitTerms, seed: int) -> Iterator[tuple[int, Labels, Labels]]:
    """(repeat, training rows, test rows): each class dealt evenly over the folds, reshuffled every repeat."""
    dice = np.random.default_rng(seed)
    folds = max(2, min(terms.folds, int(np.bincount(labels)[np.unique(labels)].min())))
    for repeat in range(terms.repeats):
        fold = np.zeros(len(labels), dtype=np.int64)
        for level in np.unique(labels):
            rows = dice.permutation(np.flatnonzero(labels == level))
            fold[rows] = (np.arange(len(rows)) + dice.integers(folds)) % folds
        for k in range(folds):
            yield repeat, np.flatnonzero(fold != k), np.flatnonzero(fold == k)


def auc(score: Columns, label: Labels) -> float:
    """Chance that a random defaulter scores above a random good firm; ties count half."""
    ranks, bad = scipy.stats.rankdata(score), label == 1
    n_bad, n_good = int(bad.sum()), int((~bad).sum())
    return float((ranks[bad].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * n_good))


def auc_interval(level: float, score: Columns, label: Labels) -> tuple[float, float]:
    """95 % interval around `level` from DeLong's variance, computed on the log-odds of the AUC."""
    bad, good = score[label == 1], score[label == 0]
    wins = (bad[:, None] > good[None, :]) + 0.5 * (bad[:, None] == good[None, :])
    spread = _variance(wins.mean(axis=1)) + _variance(wins.mean(axis=0))
    if not 0 < level < 1:
        return level, level
    half = _Z95 * math.sqrt(spread) / (level * (1 - level))
    centre = scoring.logit(level)
    return 1 / (1 + math.exp(half - centre)), 1 / (1 + math.exp(-half - centre))


def _variance(shares: Columns) -> float:
    return float(shares.var(ddof=1) / len(shares)) if len(shares) > 1 else 0.0
