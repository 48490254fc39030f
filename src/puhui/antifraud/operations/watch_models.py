"""The day of every fraud model that scores or waits for approval: figures kept once, an alert for each line passed, until seen.

Rule kept: a day is computed once and never edited; applications and labels later than the day are not read.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from puhui.antifraud import labelled, live_scoring, models
from puhui.antifraud.core import fraud_scorer, model_watch, signals
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core import alert_line

WATCHED = ("champion", "challenger")
_MOST_TOLD = 12


def watch_models(day: date, *, now: datetime) -> int:
    """Keep the figures of `day` of every champion and challenger that has none yet; answers how many alerts were raised."""
    waiting = models.FraudModel.objects.filter(state__in=WATCHED).exclude(days__day=day).order_by("id")
    return sum(_watch(model, day, now=now) for model in waiting)


@transaction.atomic
def mark_alert_seen(alert_id: int, *, by: str, now: datetime) -> None:
    """Somebody has seen an alert; the first to say so stays. Idempotent."""
    row = models.FraudModelAlert.objects.select_for_update().filter(id=alert_id).first()
    if row is None:
        raise Refused(Refusal("ALERT_UNKNOWN", "没有这条告警 · no such alert", where=str(alert_id)))
    if not by.strip():
        raise Refused(Refusal("PERSON_MISSING", "须写明是谁 · it needs to say who", where=str(alert_id)))
    if not row.seen_by:
        row.seen_by, row.seen_at = by, now
        row.save(update_fields=["seen_by", "seen_at"])


@transaction.atomic
def _watch(model: models.FraudModel, day: date, *, now: datetime) -> int:
    table = model_watch.in_force()
    daily, scorer = table["daily"], live_scoring.scorer(model.id)
    width, matured = timedelta(days=daily["window_days"]), timedelta(days=daily["matured_days"])
    end = datetime.combine(day + timedelta(days=1), time(), signals.ZONE)
    recent = labelled.between(end - width, end, known_by=end, most=daily["most_rows"])
    old = labelled.between(end - matured - width, end - matured, known_by=end, most=daily["most_rows"])
    moved = {}
    if len(recent.rows) >= daily["min_rows"] and (kept := model.content.get("picture")):
        seen = fraud_scorer.matrix(recent.rows, scorer.features)
        moved = model_watch.shifts(kept, seen, scorer.features, np.array(scorer.chances(recent.rows)))
    judged = _judged(scorer, old.rows, old.fraud, daily["min_frauds"])
    figures = model_watch.figures(moved, model.measures, judged)
    most = sorted(moved.items(), key=lambda one: -one[1].psi)[:_MOST_TOLD]
    details = {
        "rows": len(recent.rows), "matured": len(old.rows), "frauds": sum(old.fraud),
        "signals": [{"signal": name, "psi": round(shift.psi, 4), "noise": round(shift.noise, 4)} for name, shift in most],
    }  # fmt: skip
    kept_day = models.FraudModelDay.objects.create(
        model=model, day=day, figures=figures, details=details, policy_version=table["version"], computed_at=now
    )
    raised = alert_line.passed(figures, model_watch.lines())
    models.FraudModelAlert.objects.bulk_create(
        models.FraudModelAlert(
            model_day=kept_day, figure=alert.line.figure, value=alert.value, above=alert.line.above, level=alert.line.level,
            message=alert.message[:300], raised_at=now,
        )
        for alert in raised
    )  # fmt: skip
    return len(raised)


def _judged(
    scorer: fraud_scorer.FraudScorer, rows: Sequence[dict[str, Any]], fraud: Sequence[bool], least: int
) -> dict[str, float] | None:
    """How it did on what has matured; None where too few frauds (or no honest) are known."""
    if sum(fraud) < least or all(fraud):
        return None
    raw, chance = scorer.raw_and_chance(rows)
    return fraud_scorer.measures(chance, np.asarray(fraud, dtype=np.float64), raw=raw)
