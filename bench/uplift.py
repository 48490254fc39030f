"""Uplift on a real randomised campaign, ours beside the libraries people use, ranked on the same held-out rows by the same measure.

    python -m bench.uplift

Data: `marketing/hillstrom.parquet` of PUHUI_DATA. Peers (`pip install scikit-uplift causalml`, in bench/peers.txt; absent ones are said to be): class
transformation and two models of scikit-uplift, X-learner and DR-learner of causalml, each with gradient boosting from scikit-learn of like size. Every
ranking is made for rows its model did not see (the same five folds) and judged by our Qini on doubly robust effect scores, and by scikit-uplift's own
`qini_auc_score` where that is installed. Figures of peers come without intervals; ours is the one that says what chance would do.
"""

import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import polars as pl
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, HistGradientBoostingRegressor

from puhui.acquisition.core.effects import Trial, scores
from puhui.acquisition.core.outcome_model import Fitting, folds_of
from puhui.acquisition.core.table_design import designed, tables
from puhui.acquisition.core.uplift_curve import ranked, within_folds
from puhui.store import places

Ranker = Callable[[Any, Any, Any, Any], Any]
PAIRS = (("Womens E-Mail", "visit"), ("Mens E-Mail", "visit"), ("Womens E-Mail", "conversion"), ("Mens E-Mail", "conversion"))  # fmt: skip
NOT_FEATURES = ("segment", "visit", "conversion", "spend")


def main() -> None:
    """One JSON line a pair and method."""
    data = places.data_dir()
    if data is None or not (data / "marketing/hillstrom.parquet").is_file():
        print(json.dumps({"name": "uplift", "skipped": "no marketing/hillstrom.parquet under PUHUI_DATA"}), flush=True)
        return
    frame = pl.read_parquet(data / "marketing/hillstrom.parquet")
    for name in ("sklift", "causalml"):
        if not find_spec(name):
            print(json.dumps({"name": "uplift", "skipped": f"{name} is not installed"}), flush=True)
    for arm, outcome in PAIRS:
        for line in compared(frame.filter(pl.col("segment").is_in([arm, "No E-Mail"])), arm, outcome):
            print(json.dumps(line), flush=True)


def compared(frame: pl.DataFrame, arm: str, outcome: str) -> list[dict[str, Any]]:
    """Ours first, then every peer that is installed."""
    terms = tables()
    treated = (frame["segment"] == arm).to_numpy().astype(np.int64)
    result = frame[outcome].to_numpy().astype(np.float64)
    features = designed(frame, leave=NOT_FEATURES, terms=terms["reading"]).values
    fold = folds_of(treated, folds=5, seed=1)
    chance = np.tile([1 - treated.mean(), treated.mean()], (len(treated), 1))
    started = time.perf_counter()
    found = scores(Trial(features, treated, result, chance, fold), Fitting(terms["fitting"], 1))
    seconds = {"Puhui": time.perf_counter() - started}
    gains = {"Puhui": found.gain[:, 1]}
    for name, ranker in _peers().items():
        started = time.perf_counter()
        gain = np.zeros(len(treated))
        for one in range(5):
            inside = fold == one
            gain[inside] = ranker(features[~inside], treated[~inside], result[~inside], features[inside])
        gains[name], seconds[name] = gain, time.perf_counter() - started
    lines = []
    for name, gain in gains.items():
        ranking = ranked(found.effect(1), within_folds(gain, fold), resamples=300, level=0.95, seed=1)
        lines.append({"name": f"uplift.qini {outcome}, {arm}", "method": name, "data": "real", "rows": len(treated), "qini": ranking.qini.value,
                      "low": ranking.qini.low, "high": ranking.qini.high, "p": ranking.qini.chance, "seconds": round(seconds[name], 2)} | _sklift(result, gain, treated))  # fmt: skip
    return lines


def _sklift(result: Any, gain: Any, treated: Any) -> dict[str, float]:
    if not find_spec("sklift"):
        return {}
    from sklift.metrics import qini_auc_score  # type: ignore[import-not-found]

    return {"sklift_qini_auc_score": float(qini_auc_score(result, gain, treated))}


def _peers() -> dict[str, Ranker]:
    found: dict[str, Ranker] = {}
    if find_spec("sklift"):
        found |= {"scikit-uplift class transformation": _class_transformation, "scikit-uplift two models": _two_models}
    if find_spec("causalml"):
        found |= {"causalml X-learner": _x_learner, "causalml DR-learner": _dr_learner}
    return found


def _trees() -> Any:
    return HistGradientBoostingClassifier(max_iter=60, max_depth=3, random_state=1)


def _class_transformation(features: Any, treated: Any, result: Any, rows: Any) -> Any:
    from sklift.models import ClassTransformation  # type: ignore[import-not-found]

    return ClassTransformation(GradientBoostingClassifier(n_estimators=60, max_depth=3, random_state=1)).fit(features, result, treated).predict(rows)  # fmt: skip


def _two_models(features: Any, treated: Any, result: Any, rows: Any) -> Any:
    from sklift.models import TwoModels  # type: ignore[import-not-found]

    return TwoModels(_trees(), _trees(), method="vanilla").fit(features, result, treated).predict(rows)


def _x_learner(features: Any, treated: Any, result: Any, rows: Any) -> Any:
    from causalml.inference.meta import BaseXRegressor  # type: ignore[import-not-found]

    model = BaseXRegressor(HistGradientBoostingRegressor(max_iter=60, max_depth=3, random_state=1))
    share = np.full(len(treated), treated.mean())
    model.fit(features, treated, result, p=share)
    return model.predict(rows, p=np.full(len(rows), treated.mean())).ravel()


def _dr_learner(features: Any, treated: Any, result: Any, rows: Any) -> Any:
    from causalml.inference.meta import BaseDRRegressor  # type: ignore[import-not-found]

    model = BaseDRRegressor(HistGradientBoostingRegressor(max_iter=60, max_depth=3, random_state=1))
    model.fit(features, treated, result, p=np.full(len(treated), treated.mean()), seed=1)
    return model.predict(rows).ravel()


if __name__ == "__main__":
    main()
