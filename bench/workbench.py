"""The workbench beside its peers: `python -m bench.workbench [SET …]`, one JSON line a figure; same rows, features and split for all.

Boosted trees stand beside plain XGBoost and LightGBM (300 trees, small steps, 80 % of rows and columns, native categories over the
whole tape, which favours them); the scorecard beside optbinning's Scorecard (BinningProcess and logistic regression, defaults) and
toad (select, chi-merge, WOE, logistic regression, defaults). Columns that our profile calls leaks are left out for everybody, except
in the sets called `_leaks`, where everybody may keep them. Differences of AUC carry paired bootstrap intervals. A peer that is not
installed (bench/peers.txt) is said to be absent; real data are read through PUHUI_DATA.
"""

import contextlib
import importlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from puhui.store import places
from puhui.underwriting.core.modelling import fitting, preparing, ranking, resampling, terms
from puhui.underwriting.core.modelling.preparing import Asked, Prepared

SEED = 1
SBA_LEAKS = ("Term", "DisbursementDate", "DisbursementGross")


def main(wanted: list[str]) -> None:
    """Measure and print."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    warnings.simplefilter("ignore")
    data = places.data_dir()
    if data is None:
        say("absent", {"reason": "PUHUI_DATA names no folder of real data"})
        return
    warm()
    for name, (reader, asked) in SETS.items():
        if wanted and name not in wanted:
            continue
        rows = preparing.prepare(reader(data), asked, terms.in_force())
        for kind, peers in (("boosting", TREES), ("scorecard", CARDS)):
            beside(name, kind, rows, peers)


def beside(name: str, kind: str, rows: Prepared, peers: Mapping[str, Callable[[Prepared], np.ndarray]]) -> None:
    """Ours, then each peer with the difference of AUC."""
    test = rows.split.judging
    about = {"set": name, "split": rows.split.told["by"], "rows": len(rows.bad), "test_rows": int(test.sum()), "test_bads": int(rows.bad[test].sum()),
             "features": len(rows.features)}  # fmt: skip
    ours, spent = timed(lambda: _ours(kind, rows))
    say(f"{kind}.puhui", about | figures(rows, ours) | spent)
    for peer, fit in peers.items():
        try:
            theirs, spent = timed(lambda fit=fit: fit(rows))  # type: ignore[misc]
        except ImportError as absent:
            say(f"{kind}.{peer}", about | {"absent": str(absent)})
            continue
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as fault:  # a panic of toad's compiled part is no Exception
            say(f"{kind}.{peer}", about | {"failed": f"{type(fault).__name__}: {str(fault)[:160]}"})
            continue
        gap = resampling.auc_difference(rows.bad[test], ours, theirs, seed=SEED, resamples=400)
        say(f"{kind}.{peer}", about | figures(rows, theirs) | spent | {"puhui_less_peer": round(gap.difference, 4),
                                                               "interval": [round(gap.low, 4), round(gap.high, 4)]})  # fmt: skip


def figures(rows: Prepared, scores: np.ndarray) -> dict[str, float]:
    bad = rows.bad[rows.split.judging]
    return {"auc": round(ranking.auc(bad, scores), 4), "ks": round(ranking.ks(bad, scores), 4)}


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, dict[str, float]]:
    """What the work gives, with its time by the clock and on all processors (the fairer one where others work too)."""
    started, before = time.perf_counter(), time.process_time()
    result = work()
    return result, {
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(time.process_time() - before, 2),
    }


def warm() -> None:
    """Import every library beforehand, so that nobody's time holds the loading of a library that another one loaded before."""
    for name in ("sklearn.linear_model", "xgboost", "lightgbm", "optbinning", "toad"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def say(name: str, told: dict[str, Any]) -> None:
    print(json.dumps({"name": f"workbench.{name}", "data": "real", **told}), flush=True)


def _ours(kind: str, rows: Prepared) -> np.ndarray:
    model = fitting.fit(kind, rows, terms=terms.in_force(), seed=SEED)
    return fitting.judge(model, rows).test_pd


def _frames(rows: Prepared, *, categories: bool) -> tuple[Any, np.ndarray, Any]:
    """Training features and outcome, test features, as pandas."""
    table = rows.values.to_pandas()
    for column in rows.values.get_columns():
        if column.dtype == pl.String:
            words = table[column.name].astype("category") if categories else column.fill_null("missing").to_list()
            table[column.name] = words  # the card makers stumble over missing words: they get one for it
    training = rows.split.training
    return table[training], rows.bad[training].astype(int), table[rows.split.judging]


def _xgboost(rows: Prepared) -> np.ndarray:
    from xgboost import XGBClassifier

    x, y, test = _frames(rows, categories=True)
    model = XGBClassifier(n_estimators=300, learning_rate=0.05, max_depth=4, subsample=0.8, colsample_bytree=0.8, enable_categorical=True,
                          tree_method="hist", random_state=SEED)  # fmt: skip
    return model.fit(x, y).predict_proba(test)[:, 1].astype(float)


def _lightgbm(rows: Prepared) -> np.ndarray:
    maker = importlib.import_module("lightgbm").LGBMClassifier
    x, y, test = _frames(rows, categories=True)
    names = {name: f"f{number}" for number, name in enumerate(x.columns)}  # LightGBM refuses some characters in names
    model = maker(n_estimators=300, learning_rate=0.05, num_leaves=15, min_child_samples=50, subsample=0.8, subsample_freq=1,
                           colsample_bytree=0.8, random_state=SEED, verbose=-1)  # fmt: skip
    return model.fit(x.rename(columns=names), y).predict_proba(test.rename(columns=names))[:, 1]


def _optbinning(rows: Prepared) -> np.ndarray:
    from optbinning import BinningProcess, Scorecard
    from sklearn.linear_model import LogisticRegression

    x, y, test = _frames(rows, categories=False)
    words = [column.name for column in rows.values.get_columns() if column.dtype == pl.String]
    process = BinningProcess(variable_names=list(x.columns), categorical_variables=words)
    card = Scorecard(binning_process=process, estimator=LogisticRegression(max_iter=1000))
    return card.fit(x, y).predict_proba(test)[:, 1]


def _toad(rows: Prepared) -> np.ndarray:
    toad = importlib.import_module("toad")
    from sklearn.linear_model import LogisticRegression

    x, y, test = _frames(rows, categories=False)
    frame = x.assign(target=y)
    frame.columns = frame.columns.astype(object)  # toad reads names as pandas kept them before its version 3
    chosen = toad.selection.select(frame, target="target")
    combiner = toad.transform.Combiner()
    combiner.fit(chosen, y="target", method="chi", min_samples=0.05, empty_separate=True)
    woe = toad.transform.WOETransformer()
    train = woe.fit_transform(combiner.transform(chosen), chosen["target"], exclude=["target"])
    names = [name for name in chosen.columns if name != "target"]
    model = LogisticRegression(max_iter=1000).fit(train[names], y)
    return model.predict_proba(woe.transform(combiner.transform(test[names]))[names])[:, 1]


def _sba(data: Path) -> pl.DataFrame:
    return pl.read_parquet(data / "sba/loans.parquet")


def _bank_calls(data: Path) -> pl.DataFrame:
    return pl.read_parquet(data / "marketing/bank_calls.parquet").with_row_index("call").drop("duration")


def _superlender(data: Path) -> pl.DataFrame:
    """Each loan with what its customer's earlier loans told before it was approved."""
    loans = pl.read_csv(data / "superlender/trainperf.csv", try_parse_dates=True)
    before = pl.read_csv(data / "superlender/trainprevloans.csv", try_parse_dates=True)
    late = (pl.col("closeddate") - pl.col("firstduedate")).dt.total_days()
    slow = (pl.col("firstrepaiddate") - pl.col("firstduedate")).dt.total_days()
    told = before.sort("approveddate").group_by("customerid", maintain_order=True).agg(
        pl.len().alias("loans_before"), late.mean().alias("late_mean"), late.max().alias("late_max"), late.last().alias("late_last"),
        slow.mean().alias("slow_mean"), slow.last().alias("slow_last"), pl.col("loanamount").max().alias("amount_max_before"))  # fmt: skip
    return loans.join(told, on="customerid", how="left")


SETS: dict[str, tuple[Callable[[Path], pl.DataFrame], Asked]] = {
    "sba": (_sba, Asked("MIS_Status", time="ApprovalDate")),
    "sba_leaks": (_sba, Asked("MIS_Status", time="ApprovalDate", keep=SBA_LEAKS)),
    "gmsc": (lambda data: pl.read_parquet(data / "gmsc/applicants.parquet"), Asked("SeriousDlqin2yrs")),
    "taiwan_cards": (lambda data: pl.read_parquet(data / "taiwan_cards/accounts.parquet"), Asked("has_default")),
    "superlender": (_superlender, Asked("good_bad_flag", time="approveddate")),
    "bank_calls": (_bank_calls, Asked("y", time="call")),
}
TREES = {"xgboost": _xgboost, "lightgbm": _lightgbm}
CARDS = {"optbinning": _optbinning, "toad": _toad}

if __name__ == "__main__":
    main(sys.argv[1:])
