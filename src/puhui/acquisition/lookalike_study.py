"""`puhui octopus lookalike`: a table of people, some known to be good or not → who among the rest resembles the good, and how well that works.

People with a label teach and judge (each scored by a model that did not see them); people without one are ranked. Whoever is marked as not to
be sought is never in the list, whatever the score.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from puhui.acquisition.core.lookalike import held_out_scores, precision_at, scores_of
from puhui.acquisition.core.outcome_model import Fitting, folds_of
from puhui.acquisition.core.table_design import Floats, designed, tables
from puhui.acquisition.trial_table import column, outcome_of, refused

SHARES = (0.01, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class Asked:
    """Column names. `beside`: another label (such as "clicked") whose look-alikes are judged by the same goodness; `size`: people wanted."""

    good: str
    person: str
    size: int
    positive: str | None = None
    beside: str | None = None
    suppress: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """`answer` is what the command prints; `people` (person, score), best first."""

    answer: dict[str, Any]
    people: pl.DataFrame


def study(frame: pl.DataFrame, asked: Asked) -> Found:
    """Raises Refused; the frame is not changed."""
    good, positive = outcome_of(column(frame, asked.good), positive=asked.positive)
    labelled, person = ~np.isnan(good), column(frame, asked.person)
    _check(good[labelled], asked)
    forbidden = np.zeros(frame.height, bool)
    for name in asked.suppress:
        marks, _ = outcome_of(column(frame, name), positive=None)
        forbidden |= np.nan_to_num(marks) != 0
    spoken_for = [column(frame, name).name for name in (asked.good, asked.person, *asked.suppress, *asked.drop)]
    other = None if asked.beside is None else outcome_of(column(frame, asked.beside), positive=None)[0]
    if asked.beside is not None:
        spoken_for.append(column(frame, asked.beside).name)
    design = designed(frame, leave=spoken_for, terms=tables()["reading"])
    fitting = Fitting(tables()["fitting"], asked.seed)
    known, wanted = design.values[labelled], good[labelled]
    fold = folds_of(wanted.astype(np.int64), folds=tables()["fitting"]["folds"], seed=asked.seed)
    rankings = {"good": held_out_scores(known, wanted, fold, fitting)}
    if other is not None:
        rankings[asked.beside or ""] = held_out_scores(known, np.nan_to_num(other[labelled]), fold, fitting)
    rest = np.flatnonzero(~labelled & ~forbidden)
    score: Floats = scores_of(known, wanted, design.values[rest], fitting) if len(rest) else np.zeros(0)
    order = np.argsort(-score, kind="stable")[: asked.size]
    level = tables()["interval"]["level"]
    answer = {
        "labelled": int(labelled.sum()),
        "good": int((wanted != 0).sum()),
        "positive": positive,
        "candidates": len(rest),
        "suppressed": int((forbidden & ~labelled).sum()),
        "chosen": len(order),
        "features": sorted(set(design.source)),
        "left_out": design.left_out,
        "held_out": {name: [_told(precision_at(scored, wanted, fold, share=share, level=level)) for share in SHARES] for name, scored in rankings.items()},
        "seed": asked.seed,
        "terms": tables()["version"],
    }  # fmt: skip
    return Found(answer, pl.DataFrame({"person": person.gather(rest[order].tolist()), "score": score[order]}))


def _check(good: Floats, asked: Asked) -> None:
    if asked.size < 1:
        raise refused("SIZE_ZERO", "人数至少为 1 · at least one person is wanted", "--size")
    if not np.isin(good, (0.0, 1.0)).all():
        raise refused("LABEL_NOT_BINARY", "标签须为 0、1 或空 · the label is 0, 1 or empty", asked.good)
    least = tables()["fitting"]["arm_rows_min"]
    few = min(int((good == 1).sum()), int((good == 0).sum()))
    if few < least:
        raise refused("LABELS_TOO_FEW", f"好与不好各至少 {least} 人，现有较少一方 {few} 人 · at least {least} good and {least} not good are needed; the smaller side has {few}", asked.good)  # fmt: skip


def _told(found: Any) -> dict[str, Any]:
    return {
        "share": found.share,
        "chosen": found.chosen,
        "precision": found.precision,
        "low": found.low,
        "high": found.high,
        "lift": found.lift,
    }
