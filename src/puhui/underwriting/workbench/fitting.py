"""`puhui model fit`: a tape → a folder of models with their card, their profile and their figures on rows they never saw.

Rule kept: nothing is written before every kind is fitted and judged.
"""

import importlib.metadata
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core import stability
from puhui.underwriting.core.modelling import evaluation, fitting, preparing, ranking, terms, time_column
from puhui.underwriting.core.modelling.drift import Drift
from puhui.underwriting.core.modelling.model import Model
from puhui.underwriting.core.modelling.preparing import Asked, Prepared
from puhui.underwriting.core.modelling.terms import Terms
from puhui.underwriting.workbench import model_folder
from puhui.underwriting.workbench.rejects import Rejects, augmented
from puhui.underwriting.workbench.tape import Tape, read_tape

LIBRARIES = ("polars", "numpy", "scikit-learn", "xgboost-cpu", "scipy")
BOTH = ("scorecard", "boosting")
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Fitted:
    """One answer a kind, as printed; the card as stored."""

    answers: list[dict[str, Any]]
    card: dict[str, Any]


def fit_tape(
    path: Path, asked: Asked, *, kind: str, out: Path, now: datetime, rejects: Rejects | None = None
) -> Fitted:
    """Read, prepare, fit each kind, judge, write."""
    if kind not in (*BOTH, "both"):
        raise Refused(
            Refusal(
                "KIND_UNKNOWN",
                f"没有“{kind}”这种模型；可选 scorecard、boosting、both · no kind {kind!r}; choose scorecard, boosting or both",
            )
        )
    model_folder.free_or_ours(out)
    started = time.perf_counter()
    tape = read_tape(path)
    read_seconds = time.perf_counter() - started
    _headed(tape, asked)
    policy = terms.in_force()
    rows = preparing.prepare(tape.frame, asked, policy)
    spent = {
        "read_seconds": round(read_seconds, 2),
        "prepare_seconds": round(time.perf_counter() - started - read_seconds, 2),
    }
    inferred, learnt = None, rows
    if rejects is not None:
        learnt, inferred = augmented(rows, rejects, policy, seed=asked.seed)
    done = [_fit_kind(one, (rows, learnt), tape, asked, spent, policy) for one in (BOTH if kind == "both" else (kind,))]
    card = _card(path, tape, rows, done, asked, now)
    if inferred is not None:
        card["reject_inference"] = inferred
        for one in done:
            one.answer["reject_inference"] = inferred
    model_folder.write(
        out, card, [column.as_json() for column in rows.profiles], {one.answer["kind"]: one.model for one in done}
    )
    return Fitted([one.answer for one in done], card)


def _headed(tape: Tape, asked: Asked) -> None:
    """Refuses names asked of a file without any."""
    named = [name for name in (asked.target, asked.time, asked.weight, *asked.drop, *asked.keep) if name]
    strange = [name for name in named if name not in tape.frame.columns]
    if tape.headless and strange:
        last = tape.frame.columns[-1]
        told = (
            f"文件没有表头（第一行就是数据），列名为 column_1 至 {last}，没有“{strange[0]}”：请加表头或用列号 · the file has no header (its "
            f"first row is data); its columns are called column_1 to {last}, none is {strange[0]!r}: add a header or use those names"
        )
        raise Refused(Refusal("HEADER_ABSENT", told, strange[0]))


@dataclass(frozen=True, slots=True)
class _Done:
    """One kind fitted: its model, the answer printed, and the evidence kept for card and report."""

    model: Model
    answer: dict[str, Any]
    evidence: dict[str, Any]


def profile_tape(path: Path, *, target: str | None, time_column: str | None, positive: str | None) -> dict[str, Any]:
    """Every column of a tape, judged against the target where one is given; over all its rows; by month where a time is given."""
    tape, policy = read_tape(path), terms.in_force()
    columns, drift = preparing.look(tape.frame, target=target, time=time_column, positive=positive, terms=policy)
    return {
        "rows": tape.frame.height,
        "columns": tape.frame.width,
        "notes": list(tape.notes),
        "profile": [one.as_json() | _moved(drift, one.name) for one in columns],
        "drift": None if drift is None else drift.as_json(),
    }


def _moved(drift: Drift | None, name: str) -> dict[str, Any]:
    """The month in which a column moved most, beside its profile."""
    worst = None if drift is None else drift.worst(name)
    return {} if worst is None else {"drift_worst": asdict(worst)}


def _fit_kind(
    kind: str, both: tuple[Prepared, Prepared], tape: Tape, asked: Asked, spent: dict[str, float], policy: Terms
) -> _Done:
    rows, learnt = both  # those that were lent to, and (with reject inference) those it is learnt from
    begun = time.perf_counter()
    model = fitting.fit(kind, learnt, terms=policy, seed=asked.seed)
    seconds = time.perf_counter() - begun
    judged = fitting.judge(model, rows)
    test, training = rows.split.judging, rows.split.training
    weights = (None, None) if asked.weight is None else (rows.weight[test], rows.weight[training])
    found = evaluation.evaluate(rows.bad[test], judged.test_pd, weight=weights[0], seed=asked.seed)
    cuts = stability.cuts_of(judged.training_pd)
    expected, actual = (
        np.bincount(cuts.places(side), minlength=len(cuts.labels())).tolist()
        for side in (judged.training_pd, judged.test_pd)
    )
    answer = {
        "kind": kind, "rows": tape.frame.height, "columns": tape.frame.width, "target": asked.target, "positive": rows.label.positive,
        "positive_by": rows.label.how, "split": _split(rows), "auc": round(found.auc, 6), "ks": round(found.ks, 6),
        "gini": round(found.gini, 6), "brier": round(found.brier, 6),
        "intervals": {name: [round(low, 5), round(high, 5)] for name, (low, high) in found.intervals.items()},
        "bad_rate": round(found.bad_rate, 6), "mean_pd": round(found.mean_pd, 6),
        "training_auc": round(ranking.auc(rows.bad[training], judged.training_pd, weights[1]), 6),
        "psi": round(stability.psi_of_counts(expected, actual), 5), "train_seconds": round(seconds, 2), **spent,
        "features": fitting.importance(model, rows), "calibration": (model.scorecard or model.boosted).calibration.as_json(),  # type: ignore[union-attr]
        "settings": {} if model.boosted is None else model.boosted.settings,
        "leakage": [finding.as_json() for column in rows.profiles for finding in column.findings],
        "left_out": [{"column": column.name, "role": column.role} for column in rows.profiles if column.role not in ("feature", "target")],
        "told": rows.told, "notes": list(tape.notes),
    }  # fmt: skip
    return _Done(
        model,
        answer,
        {"evaluation": found.as_json(), "pd_edges": list(cuts.edges), "pd_counts": expected, "csi": _csi(model, rows)},
    )


def _csi(model: Model, rows: Prepared) -> dict[str, float]:
    """How far each input moved from training to the rows that judge."""
    values = rows.values.select([feature.name for feature in model.features])
    cuts = {feature.name: list(feature.specials) for feature in model.features}
    shifts = stability.csi(
        values.filter(pl.Series(rows.split.training)), values.filter(pl.Series(rows.split.judging)), specials=cuts
    )
    return {shift.column: round(shift.psi, 6) for shift in shifts}


def _split(rows: Prepared) -> dict[str, Any]:
    training, test = rows.split.training, rows.split.judging
    told = dict(rows.split.told)
    for name in ("last_training_day", "first_test_day"):
        if name in told and rows.time is not None and rows.time.kind == "date":
            told[name] = time_column.iso_day(told[name])
    return told | {"training_rows": int(training.sum()), "training_bads": int(rows.bad[training].sum()), "test_rows": int(test.sum()),
                   "test_bads": int(rows.bad[test].sum()), "steering_rows": int((rows.split.part == 1).sum())}  # fmt: skip


def _card(path: Path, tape: Tape, rows: Prepared, done: list[_Done], asked: Asked, now: datetime) -> dict[str, Any]:
    answers = [one.answer for one in done]
    return {
        "format": FORMAT, "fitted_at": now.isoformat(timespec="seconds"), "kinds": [answer["kind"] for answer in answers],
        "tape": {"name": path.name, "sha256": tape.sha256, "rows": tape.frame.height, "columns": tape.frame.width},
        "asked": {"target": asked.target, "positive": rows.label.positive, "time": asked.time, "weight": asked.weight,
                  "drop": list(asked.drop), "keep": list(asked.keep), "seed": asked.seed},
        "terms": done[0].model.terms.version, "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "puhui": importlib.metadata.version("puhui"), "answers": answers, "evidence": {one.answer["kind"]: one.evidence for one in done},
        "leak_suspects": list(dict.fromkeys(finding.column for column in rows.profiles for finding in column.findings)),
    }  # fmt: skip
