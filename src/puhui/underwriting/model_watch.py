"""The day of a live model, computed and kept once: figures over the window, and an alert for each line passed.

What it needs of other rooms comes in as frames (journeys/watch_models gathers them). Rules kept: a day is computed once
and never edited; a figure whose source is not there is None and says why; the policy version stands beside the figures.

    decisions   a row a recorded decision of the two windows: decided_on, approved, reason, rate, overridden, latency_ms,
                and every input as seen, as a column
    outcomes    a row a matured loan: the same inputs as seen by its decision, and bad (0/1)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl
from django.db import transaction

from puhui.policy.core import alert_line
from puhui.underwriting import models
from puhui.underwriting.core.modelling import daily_figures, watching
from puhui.underwriting.core.modelling.daily_figures import Told
from puhui.underwriting.core.modelling.training_picture import TrainingPicture
from puhui.underwriting.model_queries import DayView, ModelView


@dataclass(frozen=True, slots=True)
class Scored:
    """Chances of default (null where none), and the features as the model read them."""

    pd: pl.Series
    values: pl.DataFrame


Score = Callable[[ModelView, pl.DataFrame], Scored]


class ModelCannotScore(LookupError):
    """The rows lack columns that the model reads; `columns` names them."""

    def __init__(self, columns: list[str]) -> None:
        super().__init__(f"columns are missing: {', '.join(columns)}")
        self.columns = columns


@dataclass(frozen=True, slots=True)
class Seen:
    """What the other rooms have told, up to and with `day`."""

    day: date
    decisions: pl.DataFrame
    outcomes: pl.DataFrame


def watch_day(model: ModelView, seen: Seen, *, score: Score, now: datetime) -> DayView:
    """Compute, keep and return the model's day; a day that is kept is only returned."""
    known = models.ModelDay.objects.filter(model_id=model.id, day=seen.day).first()
    if known:
        return DayView(
            known.day, known.told["figures"], known.told["details"], known.told["missing"], known.policy_version
        )
    policy = watching.in_force()
    told = figures(model, seen, policy, score=score)
    raised = alert_line.passed(told.figures, policy.alert_lines)
    with transaction.atomic():
        row = models.ModelDay.objects.create(
            model_id=model.id, day=seen.day, told=told.as_json(), policy_version=policy.version, computed_at=now
        )
        models.ModelAlert.objects.bulk_create([
            models.ModelAlert(model_day=row, figure=alert.line.figure, value=alert.value, above=alert.line.above, level=alert.line.level,
                              message=alert.message[:300], raised_at=now)
            for alert in raised
        ])  # fmt: skip
    return DayView(seen.day, told.figures, told.details, told.missing, policy.version)


def figures(model: ModelView, seen: Seen, policy: watching.Watching, *, score: Score) -> Told:
    """All figures of the day, without keeping them."""
    daily, days = policy.daily, timedelta(days=policy.daily["window_days"])
    since = seen.day - days
    window = seen.decisions.filter((pl.col("decided_on") > since) & (pl.col("decided_on") <= seen.day))
    before = seen.decisions.filter((pl.col("decided_on") > since - days) & (pl.col("decided_on") <= since))
    told = daily_figures.of_decisions(window, before, min_rows=daily["min_rows"])
    return told | _drift(model, window, daily, score) | _outcomes(model, seen.outcomes, daily, score)


def _drift(model: ModelView, window: pl.DataFrame, daily: dict[str, int], score: Score) -> Told:
    names = ("psi_score", "psi_inputs_most")
    if model.picture is None:
        return Told(dict.fromkeys(names), {}, dict.fromkeys(names, "NO_TRAINING_PICTURE"))
    try:
        scored = score(model, window)
    except ModelCannotScore as no:
        return Told(dict.fromkeys(names), {"columns_missing": no.columns}, dict.fromkeys(names, "COLUMNS_MISSING"))
    return daily_figures.of_drift(
        TrainingPicture.from_json(model.picture), scored.values, scored.pd, min_rows=daily["min_rows"]
    )


def _outcomes(model: ModelView, outcomes: pl.DataFrame, daily: dict[str, int], score: Score) -> Told:
    trained = model.evaluation.get("auc")
    try:
        pd = score(model, outcomes).pd
    except ModelCannotScore:
        pd = pl.Series([None] * outcomes.height, dtype=pl.Float64)
    usable = pd.is_not_null()
    return daily_figures.of_outcomes(
        pd.filter(usable), outcomes["bad"].filter(usable), trained_auc=trained, min_bads=daily["min_bads"]
    )
