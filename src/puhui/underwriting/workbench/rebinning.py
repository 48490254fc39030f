"""`puhui model rebin`: bins edited by hand → the scorecard fitted again on the training rows, as a model of its own.

Rules kept: only cuts and groups are taken from the file, counts are counted anew on the training rows; the tape must be the one
the model was fitted on; a cut out of order, a word in two groups or a feature the model has not is refused by name.
"""

import itertools
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling import evaluation, fitting, preparing, scorecard
from puhui.underwriting.core.modelling.binning import Bins
from puhui.underwriting.core.modelling.model import Model
from puhui.underwriting.core.modelling.preparing import Asked, Prepared
from puhui.underwriting.workbench import model_folder
from puhui.underwriting.workbench.tape import read_tape


def rebin(place: Path, bins_file: Path, tape_file: Path, *, out: Path, now: datetime) -> dict[str, Any]:
    """Fit the scorecard of `place` again with the bins of a file; write it to `out` (which may be `place`)."""
    model, card = model_folder.read(place, "scorecard")
    assert model.scorecard is not None
    edits = _edits(bins_file)
    tape = read_tape(tape_file)
    if tape.sha256 != card["tape"]["sha256"]:
        raise Refused(
            Refusal("TAPE_DIFFERS", "不是建模时的数据文件 · not the tape that the model was fitted on", tape_file.name)
        )
    rows = preparing.prepare(tape.frame, _asked(card), model.terms)
    fresh = refitted(model, edits, rows)
    answer, found = _judged(fresh, rows, card)
    whole = card | {"kinds": ["scorecard"], "answers": [answer], "evidence": {"scorecard": card["evidence"]["scorecard"] | {"evaluation": found}},
                    "rebinned_at": now.isoformat(timespec="seconds")}  # fmt: skip
    model_folder.write(out, whole, model_folder.read_profile(place), {"scorecard": fresh})
    return answer


def refitted(model: Model, edits: dict[str, dict[str, Any]], rows: Prepared) -> Model:
    """The scorecard with the cuts or groups of the edits, counted and fitted anew on the training rows."""
    assert model.scorecard is not None
    training = pl.Series(rows.split.training)
    values, bad, weight = rows.values.filter(training), rows.bad[rows.split.training], rows.weight[rows.split.training]
    changed = apply_edits(model.scorecard.bins, edits)
    counted = [bins.recounted(values[bins.name], bad, weight) for bins in changed]
    aged = weight * fitting.recency_of(rows, model.terms)
    days = None if rows.split.days is None else rows.split.days[rows.split.training]
    fitted = scorecard.fit(counted, values, bad, aged, model.terms, days=days)
    again = scorecard.calibrated(fitted, model.scorecard.calibration, model.terms)
    kept = {bins.name for bins in again.bins}
    return replace(model, scorecard=again, features=tuple(f for f in model.features if f.name in kept),
                    columns=tuple(c for c in model.columns if c.name in kept),
                    middles=tuple(m for f, m in zip(model.features, model.middles, strict=True) if f.name in kept))  # fmt: skip


def apply_edits(bins: tuple[Bins, ...], edits: dict[str, dict[str, Any]]) -> list[Bins]:
    """Bins with the cuts or groups of the edits; those not named stay. Counts are those of before: count them anew."""
    names = {one.name for one in bins}
    strange = [name for name in edits if name not in names]
    if strange:
        raise Refused(
            Refusal("FEATURE_UNKNOWN", f"模型中没有：{', '.join(strange)} · the model has no {', '.join(strange)}")
        )
    return [_edited(one, edits[one.name]) if one.name in edits else one for one in bins]


def _edited(bins: Bins, edit: dict[str, Any]) -> Bins:
    if bins.kind == "category":
        groups = tuple(tuple(str(word) for word in group) for group in edit.get("groups", bins.groups) if group)
        words = [word for group in groups for word in group]
        if len(words) != len(set(words)):
            raise Refused(Refusal("WORD_TWICE", "同一取值出现在两组 · a word stands in two groups", bins.name))
        return replace(bins, groups=groups, trend="by_hand")
    edges = edit.get("edges", list(bins.edges))
    numbers = all(isinstance(edge, int | float) and not isinstance(edge, bool) and np.isfinite(edge) for edge in edges)
    if not numbers or any(low >= high for low, high in itertools.pairwise(edges)):
        raise Refused(
            Refusal("EDGES_NOT_RISING", "分箱边界须为递增的数字 · bin edges must be rising numbers", bins.name)
        )
    return replace(bins, edges=tuple(float(edge) for edge in edges), trend="by_hand")


def _edits(path: Path) -> dict[str, dict[str, Any]]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {feature["name"]: feature for feature in stored["features"]}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise Refused(
            Refusal("BINS_UNREADABLE", f"分箱文件无法读取：{fault} · the bins cannot be read: {fault}", str(path))
        ) from fault


def _asked(card: dict[str, Any]) -> Asked:
    asked = card["asked"]
    return Asked(
        asked["target"],
        asked["positive"],
        asked["time"],
        asked["weight"],
        tuple(asked["drop"]),
        tuple(asked["keep"]),
        asked["seed"],
    )


def _judged(model: Model, rows: Prepared, card: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    before = next(answer for answer in card["answers"] if answer["kind"] == "scorecard")
    test = rows.split.judging
    weight = None if rows.told["weight"] is None else rows.weight[test]
    found = evaluation.evaluate(
        rows.bad[test], model.chances(rows.values.filter(pl.Series(test))), weight=weight, seed=card["asked"]["seed"]
    )
    answer = before | {
        "auc": round(found.auc, 6), "ks": round(found.ks, 6), "gini": round(found.gini, 6), "brier": round(found.brier, 6),
        "intervals": {name: [round(low, 5), round(high, 5)] for name, (low, high) in found.intervals.items()},
        "before": {name: before[name] for name in ("auc", "ks", "brier")},
        "features": [{"name": bins.name, "iv": round(bins.iv, 4), "coefficient": round(coefficient, 4), "bins": len(bins.labels), "trend": bins.trend}
                     for bins, coefficient in zip(model.scorecard.bins, model.scorecard.coefficients, strict=True)] if model.scorecard else [],
    }  # fmt: skip
    return answer, found.as_json()
