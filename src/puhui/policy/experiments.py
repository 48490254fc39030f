"""Experiments as read: their arms side by side, the shadow beside the champion, guard-rails and alerts."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from puhui.policy import models
from puhui.policy.core.experiment import CHALLENGER, CHAMPION, SHADOW
from puhui.policy.core.guardrail import ArmSeen
from puhui.policy.operations.start_experiment import arm_seen

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_SHADOWED = """
SELECT acted.output->>'outcome', watched.output->>'outcome', count(*)
  FROM policy_batch run
  JOIN policy_decision watched ON watched.batch_id = run.id
  JOIN policy_batch live ON live.kind = 'policy.' || run.policy_name AND live.decided_at = run.decided_at
  JOIN policy_decision acted ON acted.batch_id = live.id AND acted.subject = watched.subject
 WHERE run.experiment_id = %s AND run.arm = 'shadow'
 GROUP BY 1, 2 ORDER BY 3 DESC
"""


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """One experiment. `arms` is what each arm did; `agreement` counts (live outcome, shadow outcome) pairs."""

    experiment_id: str
    kind: str
    version: str
    mode: str
    share: float
    starts_at: datetime
    ends_at: datetime | None
    started_by: str
    stopped_at: datetime | None
    stopped_by: str
    stop_reason: str
    running: bool
    arms: dict[str, ArmSeen]
    agreement: list[tuple[str, str, int]]
    guardrails: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class AlertView:
    """Something that a person must look at."""

    experiment_id: str
    kind: str
    told: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """An alert as codes and figures, without the text of a fault: that may quote an applicant's inputs."""

    alert_id: int
    experiment_id: str
    rulebook: str
    version: str
    mode: str
    kind: str
    metric: str
    value: float | None
    bound: float | None
    n: int
    raised_at: datetime


def experiments(kind: str, now: datetime) -> list[ExperimentView]:
    """All experiments of a kind, newest first."""
    rows = models.Experiment.objects.filter(rulebook_id=kind).select_related("version", "stop").order_by("-starts_at")
    return [_view(row, now) for row in rows]


def alerts(kind: str, *, limit: int = 50) -> list[AlertView]:
    """The latest alerts of a kind."""
    rows = models.Alert.objects.filter(experiment__rulebook_id=kind).order_by("-raised_at", "-id")[:limit]
    return [AlertView(row.experiment_id, row.kind, row.told, row.raised_at) for row in rows]


def raised_since(moment: datetime) -> list[AlertRaised]:
    """Alerts of every kind raised at or after the moment, oldest first."""
    rows = models.Alert.objects.filter(raised_at__gte=moment).select_related("experiment__version")
    return [
        AlertRaised(row.pk, row.experiment_id, row.experiment.rulebook_id, f"{row.experiment.rulebook_id}@{row.experiment.version.number}",
                    row.experiment.mode, row.kind, row.metric, row.value, row.bound, row.n, row.raised_at)
        for row in rows.order_by("raised_at", "id")
    ]  # fmt: skip


def as_json(view: ExperimentView) -> dict[str, Any]:
    """For the command line."""
    plain = asdict(view)
    return plain | {name: str(plain[name] or "") for name in ("starts_at", "ends_at", "stopped_at")}


def _view(row: models.Experiment, now: datetime) -> ExperimentView:
    stop = getattr(row, "stop", None)
    wanted = (SHADOW,) if row.mode == SHADOW else (CHAMPION, CHALLENGER)
    over = stop is not None or (row.ends_at is not None and row.ends_at <= now)
    return ExperimentView(
        row.id, row.rulebook_id, f"{row.rulebook_id}@{row.version.number}", row.mode, row.share_buckets / 10_000, row.starts_at,
        row.ends_at, row.started_by, stop.stopped_at if stop else None, stop.by if stop else "", stop.reason if stop else "",
        not over, {arm: arm_seen(row.id, arm, since=_EVER, now=now) for arm in wanted},
        _agreement(row.id) if row.mode == SHADOW else [],
        [{"metric": rail.metric, "low": rail.low, "high": rail.high, "window_minutes": rail.window_minutes, "minimum_n": rail.minimum_n}
         for rail in row.guardrails.order_by("id")],
    )  # fmt: skip


def _agreement(experiment_id: str) -> list[tuple[str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_SHADOWED, [experiment_id])
        return [tuple(row) for row in cursor.fetchall()]
