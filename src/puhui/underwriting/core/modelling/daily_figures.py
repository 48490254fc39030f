"""One day of a live model in figures: approvals, drift of score and inputs, ranking on matured loans, overrides, reasons,
price spread, latency; always over a window, so that a slow day is not a sensation.

Decisions come as a frame, a row a decision: `approved`, `reason` (the first code), `rate` (null if refused), `overridden`
and `latency_ms` (null where not recorded), and `pd` by this model (null where it could not score). Rule kept: a figure
without enough rows, or whose source does not exist yet, is None and is told in `missing`; it is never nought.

>>> frame = pl.DataFrame({"approved": [True, False], "reason": ["OK", "CAP"], "rate": [0.08, None],
...                       "overridden": [None, None], "latency_ms": [None, None], "pd": [0.1, 0.2]}, schema=DECISIONS)
>>> told = of_decisions(frame, frame.clear(), min_rows=2)
>>> told.figures["approval_rate"], told.figures["rate_median"], told.missing["override_rate"]
(0.5, 0.08, 'NOT_RECORDED')
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from puhui.underwriting.core.modelling import ranking
from puhui.underwriting.core.modelling.training_picture import TrainingPicture

DECISIONS = {"approved": pl.Boolean, "reason": pl.String, "rate": pl.Float64, "overridden": pl.Boolean,
             "latency_ms": pl.Float64, "pd": pl.Float64}  # fmt: skip
FEW, NOT_RECORDED, NOT_SCORED, NOT_MATURED = "FEW_ROWS", "NOT_RECORDED", "NOT_SCORED", "NOT_MATURED"
_MOST_REASONS, _MOST_COLUMNS = 12, 40


@dataclass(frozen=True, slots=True)
class Told:
    """Figures by name, details for tables, and why a figure is missing."""

    figures: dict[str, float | None] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def __or__(self, other: "Told") -> "Told":
        return Told(self.figures | other.figures, self.details | other.details, self.missing | other.missing)

    def as_json(self) -> dict[str, Any]:
        return {"figures": self.figures, "details": self.details, "missing": self.missing}


def of_decisions(window: pl.DataFrame, before: pl.DataFrame, *, min_rows: int) -> Told:
    """Approvals and their change against the window before, reasons, price spread, overrides, latency."""
    if window.height < min_rows:
        names = (
            "approval_rate",
            "approval_change",
            "rate_median",
            "rate_p10",
            "rate_p90",
            "override_rate",
            "latency_p99_ms",
        )
        return Told({"decisions": float(window.height), **dict.fromkeys(names)}, {}, dict.fromkeys(names, FEW))
    told = Told({"decisions": float(window.height), "approval_rate": _mean(window, "approved")})
    change = told.figures["approval_rate"] or 0.0
    told |= (
        Told({"approval_change": abs(change - (_mean(before, "approved") or 0.0))}) if before.height >= min_rows
        else Told({"approval_change": None}, {}, {"approval_change": FEW})
    )  # fmt: skip
    for name, share in (("rate_p10", 0.1), ("rate_median", 0.5), ("rate_p90", 0.9)):
        told |= _known(name, window["rate"].quantile(share, "nearest"), "NONE_APPROVED")
    told |= _known("override_rate", _mean(window, "overridden"), NOT_RECORDED)
    told |= _known("latency_p99_ms", window["latency_ms"].quantile(0.99, "nearest"), NOT_RECORDED)
    reasons = window["reason"].drop_nulls().value_counts(sort=True).head(_MOST_REASONS)
    return told | Told(
        {},
        {
            "reasons": [{"code": code, "decisions": n} for code, n in reasons.iter_rows()],
            "segments": _by_segment(window),
        },
    )


def _by_segment(window: pl.DataFrame) -> list[dict[str, Any]]:
    """Decisions and approvals of every segment, where the frame has columns `segment_…`."""
    told = []
    for name in (name for name in window.columns if name.startswith("segment_")):
        counted = (
            window.group_by(name)
            .agg(pl.len().alias("n"), pl.col("approved").cast(pl.Float64).mean().alias("rate"))
            .sort(name)
        )
        told += [{"dimension": name.removeprefix("segment_"), "segment": code, "decisions": n, "approval_rate": rate}
                 for code, n, rate in counted.iter_rows()]  # fmt: skip
    return told


def of_drift(picture: TrainingPicture, values: pl.DataFrame, pd: pl.Series, *, min_rows: int) -> Told:
    """PSI of the score and of each input, over the rows the model could score."""
    scored = pd.is_not_null()
    names = ("psi_score", "psi_inputs_most")
    if int(scored.sum()) < min_rows:
        why = NOT_SCORED if not scored.any() else FEW
        return Told({"scored": float(scored.sum()), **dict.fromkeys(names)}, {}, dict.fromkeys(names, why))
    score, columns = picture.against(values.filter(scored), pd.filter(scored).to_numpy())
    told = [{"column": one.column, "psi": one.psi, "noise": one.noise} for one in columns[:_MOST_COLUMNS]]
    figures = {"scored": float(scored.sum()), "psi_score": score.psi, "psi_score_noise": score.noise,
               "psi_inputs_most": columns[0].psi if columns else None}  # fmt: skip
    bins = [{"label": b.label, "expected": b.expected, "actual": b.actual} for b in score.bins]
    return Told(figures, {"columns": told, "score_bins": bins})


def of_outcomes(pd: pl.Series, bad: pl.Series, *, trained_auc: float | None, min_bads: int) -> Told:
    """AUC and KS on loans whose outcome is known by now, and how far AUC lies below that of the test part."""
    bads, names = int(bad.sum()), ("auc_matured", "ks_matured", "auc_drop")
    counts: dict[str, float | None] = {"matured": float(bad.len()), "matured_bads": float(bads)}
    if bads < min_bads or bad.len() - bads < min_bads:
        return Told({**counts, **dict.fromkeys(names)}, {}, dict.fromkeys(names, NOT_MATURED))
    area, distance = ranking.auc(bad.to_numpy(), pd.to_numpy()), ranking.ks(bad.to_numpy(), pd.to_numpy())
    drop = None if trained_auc is None else trained_auc - area
    return Told({**counts, "auc_matured": area, "ks_matured": distance, "auc_drop": drop})


def _mean(frame: pl.DataFrame, name: str) -> float | None:
    found = frame[name].cast(pl.Float64).mean()
    return None if found is None else float(found)  # type: ignore[arg-type]


def _known(name: str, value: float | None, why: str) -> Told:
    return Told({name: value}, {}, {} if value is not None else {name: why})
