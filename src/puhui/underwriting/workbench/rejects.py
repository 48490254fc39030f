"""Refused applications beside the tape: the rows a model is fitted on once reject inference has added to them.

Rules kept: a scorecard of the accepted gives the chances that reject inference works with; the added rows only ever fit
(they neither steer, calibrate nor judge); where rows are split by time the refused have their days too, so that later ones
count for more among them as well; the caveat of the way goes into the answer and the card.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling import columns, fitting, reject_inference, watching
from puhui.underwriting.core.modelling.model import Model
from puhui.underwriting.core.modelling.preparing import Prepared
from puhui.underwriting.core.modelling.reject_inference import Applicants
from puhui.underwriting.core.modelling.splitting import FIT, Split
from puhui.underwriting.core.modelling.terms import Terms
from puhui.underwriting.workbench.tape import read_tape


@dataclass(frozen=True, slots=True)
class Rejects:
    """A tape of refused applications with the columns of the other, and the way to infer."""

    tape: Path
    method: str


def augmented(rows: Prepared, rejects: Rejects, terms: Terms, *, seed: int) -> tuple[Prepared, dict[str, Any]]:
    """The rows to fit on, and what to tell of them. Refuses an unknown way, an empty tape, columns that are absent."""
    if rejects.method not in reject_inference.METHODS:
        told = f"没有这种拒绝推断 · no such way; there are {', '.join(sorted(reject_inference.METHODS))}"
        raise Refused(Refusal("REJECT_METHOD_UNKNOWN", told, where=rejects.method))
    frame = read_tape(rejects.tape).frame
    refused = _values(rows, terms, frame)
    first = fitting.fit("scorecard", rows, terms=terms, seed=seed)
    training = rows.split.training
    accepted = Applicants(
        rows.values.filter(pl.Series(training)), rows.bad[training].astype(np.float64), rows.weight[training], refused,
        first.chances(rows.values)[training], first.chances(refused),
    )  # fmt: skip
    policy = watching.in_force()
    found = reject_inference.augment(rejects.method, accepted, terms=policy.reject_terms, seed=seed)
    answer: dict[str, Any] = found.as_json() | {"refused": refused.height, "policy": policy.version}
    days, undated = _days(rows, frame)
    if undated:
        answer["refused_without_time"] = undated
    return _with(rows, training, found, days), answer


def _with(rows: Prepared, training: np.ndarray, found: reject_inference.Augmented, days: np.ndarray | None) -> Prepared:
    """Training rows keep their parts with the new weights; added rows fit; rows that judge stay as they are. `days` of the
    refused, who may stand more than once, in their order."""
    own = int(training.sum())
    weight = rows.weight.copy()
    weight[training] = found.weight[:own]
    added = found.frame[own:]
    all_days = (
        None
        if days is None or rows.split.days is None
        else np.concatenate([rows.split.days, np.resize(days, added.height)])
    )
    return replace(
        rows, values=pl.concat([rows.values, added], how="vertical_relaxed"),
        bad=np.concatenate([rows.bad, found.outcome[own:].astype(np.int8)]), weight=np.concatenate([weight, found.weight[own:]]),
        split=Split(np.concatenate([rows.split.part, np.full(added.height, FIT, dtype=np.int8)]), rows.split.told, all_days),
    )  # fmt: skip


def _days(rows: Prepared, frame: pl.DataFrame) -> tuple[np.ndarray | None, int]:
    """The day of every refused application, never past the last training day, and how many have none: they stand in the middle
    of the training days, counting for neither more nor less than the usual row."""
    if rows.split.days is None or rows.time is None:
        return None, 0
    known = rows.split.days[rows.split.training]
    raw = (
        frame[rows.time.name] if rows.time.name in frame.columns else pl.Series([None] * frame.height, dtype=pl.String)
    )
    days = columns.read(raw, rows.time).fill_null(np.nan).to_numpy()
    undated = ~np.isfinite(days)
    return np.clip(np.where(undated, np.median(known), days), known.min(), known.max()), int(undated.sum())


def _values(rows: Prepared, terms: Terms, frame: pl.DataFrame) -> pl.DataFrame:
    """Feature values of raw refused rows, read as the other tape's."""
    reader = Model(
        "scorecard", rows.features, rows.columns, rows.time, tuple(float("nan") for _one in rows.features), terms
    )
    absent = [name for name in reader.required if name not in frame.columns]
    if absent:
        told = f"被拒申请缺少列 · the tape of the refused lacks columns: {', '.join(absent)}"
        raise Refused(Refusal("COLUMNS_MISSING", told, where=", ".join(absent)))
    return reader.values(frame)
