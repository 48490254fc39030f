"""A supervised model of fraud: boosted trees on the signals (windows and neighbours included), calibrated, with reasons.

It trains on signals as they were stored when each application came, so nothing later is in them, and on labels known since. The
judge is time: the last quarter is never trained on; it calibrates (isotonic, pooled) in its first half and measures in its second.

Rule kept: a model is plain data (JSON of trees as text, points of the calibration); the same function scores one and a million.

>>> names()[:2], "fraud_chance" in names()
(('age_years', 'elements_checked'), False)
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.antifraud.core.signals import COLUMNS, SOURCES

Matrix = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]
_NUMERIC = ("integer", "float", "boolean")
ROUNDS, DEPTH, RATE = 120, 4, 0.1
LEAST_FRAUDS = 20


@dataclass(frozen=True)
class FraudScorer:
    """`booster` is XGBoost's; `points` the calibration, raw chance → chance, both ascending."""

    features: tuple[str, ...]
    booster: Any
    points: tuple[Numbers, Numbers]

    def chances(self, rows: Sequence[Mapping[str, Any]]) -> list[float]:
        """The chance of fraud of each row of signals."""
        return self.raw_and_chance(rows)[1].tolist()

    def raw_and_chance(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Numbers, Numbers]:
        """The trees' own order, which has fewer ties, and the calibrated chance of each row."""
        raw = self.booster.inplace_predict(matrix(rows, self.features), validate_features=False)
        return raw, np.interp(raw, *self.points)

    def reasons(self, rows: Sequence[Mapping[str, Any]], *, most: int = 3) -> list[list[dict[str, Any]]]:
        """What raised each score most: the feature, its value and its share of log-odds (SHAP values of the trees)."""
        shares = self.booster.predict(_frame(matrix(rows, self.features)), pred_contribs=True)[:, :-1]
        told = []
        for row, share in zip(rows, shares, strict=True):
            first = [place for place in np.argsort(-share)[:most].tolist() if share[place] > 0]
            told.append([
                {"signal": self.features[place], "value": row.get(self.features[place]), "log_odds": round(float(share[place]), 3)}
                for place in first
            ])  # fmt: skip
        return told

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        trees = base64.b64encode(bytes(self.booster.save_raw("ubj"))).decode()
        return {"features": list(self.features), "trees": trees, "points": [points.tolist() for points in self.points]}


def names() -> tuple[str, ...]:
    """The signals that a model reads: every number and every yes or no that no model made."""
    return tuple(n for n, column in COLUMNS.items() if column.kind in _NUMERIC and SOURCES[n] != "model")


def matrix(rows: Sequence[Mapping[str, Any]], features: Sequence[str]) -> Matrix:
    """Rows of signals as numbers; what is missing is NaN, which the trees know how to send on."""
    nothing = float("nan")
    return np.array(
        [[nothing if (value := row.get(name)) is None else value for name in features] for row in rows],
        dtype=np.float32,
    ).reshape(len(rows), len(features))


def read(content: Mapping[str, Any]) -> FraudScorer:
    """From plain data."""
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(base64.b64decode(content["trees"])))
    raw, chance = (np.array(points) for points in content["points"])
    return FraudScorer(tuple(content["features"]), booster, (raw, chance))


class TooFewFrauds(ValueError):
    """There are too few confirmed frauds (or none in the last quarter) to train and to judge on."""


def fit(rows: Sequence[Mapping[str, Any]], fraud: Sequence[bool], *, seed: int) -> tuple[FraudScorer, dict[str, float]]:
    """Rows in the order of time. Returns the model and how it did on the last eighth, which it never saw."""
    import xgboost

    labels = np.asarray(fraud, dtype=np.float64)
    trained, judged = len(rows) * 3 // 4, len(rows) * 7 // 8
    parts = labels[:trained], labels[trained:judged], labels[judged:]
    if parts[0].sum() < LEAST_FRAUDS or min(part.sum() for part in parts[1:]) < 2 or parts[2].all():
        raise TooFewFrauds(f"{int(labels.sum())} confirmed frauds, {[int(part.sum()) for part in parts]} by part")
    features = names()
    seen = matrix(rows, features)
    settings = {
        "objective": "binary:logistic", "max_depth": DEPTH, "eta": RATE, "subsample": 0.8, "colsample_bytree": 0.8,
        "min_child_weight": 5, "seed": seed, "nthread": 1, "tree_method": "hist",
    }  # fmt: skip
    booster = xgboost.train(settings, _frame(seen[:trained], parts[0]), num_boost_round=ROUNDS)
    raw = booster.predict(_frame(seen[trained:]))
    scorer = FraudScorer(features, booster, _calibration(raw[: judged - trained], parts[1]))
    chance = np.interp(raw[judged - trained :], *scorer.points)
    return scorer, measures(chance, parts[2], raw=raw[judged - trained :])


def measures(chance: Numbers, fraud: Numbers, *, raw: Numbers) -> dict[str, float]:
    """AUROC and average precision by the raw order, recall at as many alarms as frauds, calibration in the large."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    alarms = int(fraud.sum())
    first = np.argsort(-raw, kind="stable")[:alarms]
    return {
        "auroc": round(float(roc_auc_score(fraud, raw)), 4),
        "auprc": round(float(average_precision_score(fraud, raw)), 4),
        "recall_at_frauds": round(float(fraud[first].mean()), 4),
        "expected_over_seen": round(float(chance.sum() / max(alarms, 1)), 3),
        "judged": len(fraud),
        "frauds": alarms,
    }


@dataclass(frozen=True, slots=True)
class Draws:
    """How a difference is told from chance."""

    seed: int
    resamples: int
    interval: float


def compared(
    champion: FraudScorer,
    challenger: FraudScorer,
    rows: Sequence[Mapping[str, Any]],
    fraud: Sequence[bool],
    draws: Draws,
) -> dict[str, float]:
    """Average precision of both on the same rows, and the difference with its interval over resamples of the rows."""
    from sklearn.metrics import average_precision_score

    truth, dice = np.asarray(fraud, dtype=bool), np.random.default_rng(draws.seed)
    old, new = (scorer.raw_and_chance(rows)[0] for scorer in (champion, challenger))
    told = []
    for _ in range(draws.resamples):
        drawn = dice.integers(0, len(truth), len(truth))
        if truth[drawn].any():
            told.append(
                average_precision_score(truth[drawn], new[drawn]) - average_precision_score(truth[drawn], old[drawn])
            )
    low, high = np.quantile(told, [(1 - draws.interval) / 2, (1 + draws.interval) / 2])
    champions, challengers = (float(average_precision_score(truth, raw)) for raw in (old, new))
    return {
        "auprc_champion": round(champions, 4), "auprc_challenger": round(challengers, 4),
        "difference": round(challengers - champions, 4), "low": round(float(low), 4), "high": round(float(high), 4),
    }  # fmt: skip


def _calibration(raw: Numbers, fraud: Numbers) -> tuple[Numbers, Numbers]:
    """Isotonic regression as points; both ends drawn in by one imagined case, so that nothing is certain."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.5 / (len(fraud) + 1), y_max=1 - 0.5 / (fraud.sum() + 1), out_of_bounds="clip")
    fitted.fit(raw, fraud)
    return np.asarray(fitted.X_thresholds_, dtype=np.float64), np.asarray(fitted.y_thresholds_, dtype=np.float64)


def _frame(seen: Matrix, labels: Any = None) -> Any:
    import xgboost

    return xgboost.DMatrix(seen, label=labels, nthread=1)
