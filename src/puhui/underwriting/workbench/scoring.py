"""`puhui model score` and `puhui model report`: a stored model on another tape.

Rules kept: scores are written to a file beside the wanted one and renamed; a report says whether the tape is the training tape.
"""

import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core import stability
from puhui.underwriting.core.modelling import evaluation, label, preparing
from puhui.underwriting.core.modelling.model import Model
from puhui.underwriting.workbench import model_folder
from puhui.underwriting.workbench.tape import read_tape

DIGITS = 9
MOST_SEGMENTS = 50


@dataclass(frozen=True, slots=True)
class Scored:
    """What was written: rows, mean chance, and how many rows carry each note."""

    rows: int
    mean_pd: float
    notes: dict[str, int]


def score_tape(place: Path, path: Path, *, out: Path, kind: str | None, reasons: bool = True) -> Scored:
    """Score a tape into a CSV: row_id (1 is the first row), pd, score, reasons, reasons_text, notes."""
    model, _ = model_folder.read(place, kind)
    tape = read_tape(path)
    table = score_frame(model, tape.frame, reasons=reasons)
    if out.is_dir():
        raise Refused(
            Refusal(
                "OUT_IS_A_FOLDER",
                "输出位置是文件夹，请给出文件名 · the place for the scores is a folder; name a file",
                str(out),
            )
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{out.name}-", dir=out.parent)
    os.close(handle)
    try:
        table.write_csv(name)
        os.chmod(name, 0o644)
        os.replace(name, out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    counted = table["notes"].filter(table["notes"] != "").str.split(";").explode().value_counts(sort=True)
    notes = dict(zip(counted["notes"].to_list(), counted["count"].to_list(), strict=True))
    return Scored(table.height, float(table["pd"].mean() or 0.0), notes)  # type: ignore[arg-type]


def score_frame(model: Model, frame: pl.DataFrame, *, reasons: bool = True) -> pl.DataFrame:
    """The table of scores of raw rows."""
    scored = model.score(frame, reasons=reasons)
    return pl.DataFrame({
        "row_id": np.arange(1, frame.height + 1), "pd": scored.pd, "score": scored.points, "reasons": scored.reasons,
        "reasons_text": scored.reasons_text, "notes": scored.notes,
    })  # fmt: skip


def report_tape(place: Path, path: Path, *, kind: str | None, seed: int = 1, by: str | None = None) -> dict[str, Any]:
    """Figures of a stored model on a tape: ranking, calibration, how far scores moved since training; by a column's segments."""
    model, card = model_folder.read(place, kind)
    tape, asked = read_tape(path), card["asked"]
    scored = model.score(tape.frame, reasons=False)
    evidence = card["evidence"][model.kind]
    cuts = stability.Cuts(tuple(evidence["pd_edges"]))
    counts = np.bincount(cuts.places(scored.pd), minlength=len(cuts.labels()))
    told: dict[str, Any] = {
        "kind": model.kind, "rows": tape.frame.height, "mean_pd": round(float(scored.pd.mean()), 6),
        "psi": round(stability.psi_of_counts(evidence["pd_counts"], counts), 6), "csi": _csi(model, tape.frame),
        "fitted_on_this_tape": tape.sha256 == card["tape"]["sha256"], "auc": None, "ks": None, "brier": None,
    }  # fmt: skip
    if told["fitted_on_this_tape"]:
        first = next(answer for answer in card["answers"] if answer["kind"] == model.kind)
        told["test_part"] = {name: first[name] for name in ("auc", "ks", "brier", "psi")} | {
            "rows": first["split"]["test_rows"]
        }
    if asked["target"] not in tape.frame.columns:
        return told | {"outcome": "absent"}
    try:
        outcome = label.label(tape.frame[asked["target"]], terms=model.terms, positive=asked["positive"]).bad
    except Refused as refused:
        if refused.refusal.code != "TARGET_ONE_CLASS":
            raise
        return told | {
            "outcome": str(refused.refusal)
        }  # young loans have no bads yet; how scores moved is known all the same
    known = outcome.is_not_null().to_numpy()
    bad = outcome.drop_nulls().to_numpy()
    weight = _weight(tape.frame, asked["weight"], known)
    segments = None if by is None else _segments(tape.frame, by, known)
    found = evaluation.evaluate(bad, scored.pd[known], weight=weight, segments=segments, seed=seed)
    if segments is not None:
        told["segments"] = [asdict(row) for row in found.segments]
    return told | {
        "labelled_rows": int(known.sum()), "bads": found.bads, "bad_rate": round(found.bad_rate, 6), "auc": round(found.auc, 6),
        "ks": round(found.ks, 6), "gini": round(found.gini, 6), "brier": round(found.brier, 6), "ece": round(found.ece, 6),
        "intervals": {name: [round(low, 5), round(high, 5)] for name, (low, high) in found.intervals.items()},
    }  # fmt: skip


def _segments(frame: pl.DataFrame, by: str, known: np.ndarray) -> list[str]:
    """The segment of every labelled row: the words of a column that has few."""
    name = label.known_column(frame, by, code="SEGMENT_COLUMN_ABSENT", what="--by")
    words = frame[name].filter(pl.Series(known)).cast(pl.String).fill_null("missing")
    if words.n_unique() > MOST_SEGMENTS:
        told = f"客群太多（{words.n_unique()} 个，最多 {MOST_SEGMENTS}） · too many segments: {words.n_unique()}, at most {MOST_SEGMENTS}"
        raise Refused(Refusal("SEGMENTS_TOO_MANY", told, where=name))
    return words.to_list()


def _csi(model: Model, frame: pl.DataFrame) -> dict[str, float]:
    """PSI of each feature of a scorecard over its own bins."""
    if model.scorecard is None:
        return {}
    values = model.values(frame)
    return {
        bins.name: round(
            stability.psi_of_counts(bins.rows, np.bincount(bins.place(values[bins.name]), minlength=len(bins.labels))),
            6,
        )
        for bins in model.scorecard.bins
    }


def _weight(frame: pl.DataFrame, name: str | None, known: np.ndarray) -> np.ndarray | None:
    if name is None or name not in frame.columns:
        return None
    return preparing.weights(frame.filter(pl.Series(known)), name)
