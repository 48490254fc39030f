"""Start and stop experiments; guard-rails stop a challenger by themselves and raise an alert.

Rules kept: at most one challenger a rulebook at a time, any number of shadows; an experiment is never edited, it ends by a
row; a challenger was reviewed like everything that decides, a shadow may still be in review: it decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import models, versions
from puhui.policy.core.experiment import BUCKETS, CHALLENGER, SHADOW
from puhui.policy.core.guardrail import ArmSeen, Breach, Guardrail, breach
from puhui.policy.operations.draft_version import lock_rulebook
from puhui.store import prepared

AUTOMATIC = "护栏 guard-rail"
_FIT = {CHALLENGER: ("approved", "published"), SHADOW: ("in_review", "approved", "published")}
_SEEN = """
SELECT count(*), count(*) FILTER (WHERE output->>'outcome' = 'pass'), count(*) FILTER (WHERE output->>'outcome' = 'refuse'),
       coalesce(sum((output->>'limit_minor')::bigint), 0),
       coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY run.elapsed_microseconds), 0) / 1000.0
  FROM policy_batch run JOIN policy_decision decision ON decision.batch_id = run.id
 WHERE run.experiment_id = %s AND run.arm = %s AND run.decided_at > %s AND run.decided_at <= %s
"""


@dataclass(frozen=True, slots=True)
class ExperimentDraft:
    """`mode`: challenger (decides for its share) or shadow (watches its share)."""

    version_id: str
    mode: str
    share_buckets: int
    ends_at: datetime | None = None
    guardrails: Sequence[Guardrail] = ()


@transaction.atomic
def start_experiment(draft: ExperimentDraft, *, by: str, now: datetime) -> str:
    """Let a version challenge or shadow from now on; returns the experiment's id."""
    version_id, mode, share_buckets, ends_at = draft.version_id, draft.mode, draft.share_buckets, draft.ends_at
    view = versions.version(version_id)
    if mode not in _FIT or view.state not in _FIT[mode]:
        told = f"{mode} 需要状态为 {'、'.join(_FIT.get(mode, ()))} 的版本 · not a version that may do that"
        raise Refused(Refusal("EXPERIMENT_VERSION", told, where=view.name))
    if not 1 <= share_buckets <= BUCKETS or (ends_at is not None and ends_at <= now):
        told = "份额为 1–10000 个桶，结束须在将来 · a share is 1 to 10,000 buckets, the end lies ahead"
        raise Refused(Refusal("EXPERIMENT_SHARE", told, where=str(share_buckets)))
    lock_rulebook(view.kind)
    live = versions.live(view.kind, now)
    if live.version_id == view.version_id:
        raise Refused(Refusal("EXPERIMENT_VERSION", "该版本正在决策 · this version decides already", where=view.name))
    if mode == CHALLENGER and any(each.mode == CHALLENGER for each in running(view.kind, now)):
        raise Refused(
            Refusal("CHALLENGER_RUNNING", "已有一个挑战者在运行 · a challenger runs already", where=view.kind)
        )
    experiment_id = new_id("exp", now=now)
    row = models.Experiment.objects.create(
        id=experiment_id, rulebook_id=view.kind, version_id=view.version_id, mode=mode, salt=experiment_id,
        share_buckets=share_buckets, starts_at=now, ends_at=ends_at, started_by=by,
    )  # fmt: skip
    models.Guardrail.objects.bulk_create(
        models.Guardrail(experiment=row, metric=rail.metric, low=rail.low, high=rail.high, window_minutes=rail.window_minutes,
                         minimum_n=rail.minimum_n)
        for rail in draft.guardrails
    )  # fmt: skip
    if mode == SHADOW:
        last = models.Decision.objects.order_by("-sequence").values_list("sequence", flat=True).first()
        models.ShadowProgress.objects.create(experiment=row, upto_sequence=last or 0)
    return row.id


@transaction.atomic
def stop_experiment(experiment_id: str, *, by: str, reason: str, now: datetime) -> None:
    """End it early. Stopped twice, the first stop stands."""
    if not models.Experiment.objects.filter(id=experiment_id).exists():
        raise Refused(Refusal("EXPERIMENT_UNKNOWN", "没有这个实验 · there is no such experiment", where=experiment_id))
    models.ExperimentStop.objects.get_or_create(
        experiment_id=experiment_id, defaults={"stopped_at": now, "by": by, "reason": reason[:400]}
    )


def running(kind: str, now: datetime) -> list[models.Experiment]:
    """Experiments of this kind that are under way, oldest first."""
    return prepared.instances(models.Experiment, f"{versions.RUNNING} ORDER BY starts_at", {"kind": kind, "now": now})


@transaction.atomic
def check_guardrails(*, now: datetime, kind: str | None = None) -> list[str]:
    """Hold every running challenger against its guard-rails; returns the ids of those stopped now."""
    kinds = [kind] if kind else models.Rulebook.objects.values_list("kind", flat=True)
    stopped = []
    for experiment in [each for name in kinds for each in running(name, now) if each.mode == CHALLENGER]:
        rails = [
            Guardrail(row.metric, row.low, row.high, row.window_minutes, row.minimum_n)
            for row in experiment.guardrails.all()
        ]
        seen: dict[int, ArmSeen] = {}
        for rail in rails:
            window = rail.window_minutes
            seen[window] = seen.get(window) or arm_seen(
                experiment.id, CHALLENGER, since=now - timedelta(minutes=window), now=now
            )
            found = breach(rail, seen[window])
            if found:
                _stop_on(experiment, found, now)
                stopped.append(experiment.id)
                break
    return stopped


def arm_seen(experiment_id: str, arm: str, *, since: datetime, now: datetime) -> ArmSeen:
    """What an arm did in (since, now]."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [experiment_id, arm, since, now])
        n, passed, refused, limit_minor, latency = cursor.fetchone()
    faults = models.Alert.objects.filter(
        experiment_id=experiment_id, kind="fault", raised_at__gt=since, raised_at__lte=now
    )
    return ArmSeen(n, passed, refused, int(limit_minor), faults.count(), float(latency))


def _stop_on(experiment: Any, found: Breach, now: datetime) -> None:
    told = (
        f"{found.metric} {found.value:g} 越过 {found.bound:g}（{found.n} 笔），挑战者已停 · beyond its bound; stopped"
    )
    stop_experiment(experiment.id, by=AUTOMATIC, reason=told, now=now)
    models.Alert.objects.create(experiment=experiment, kind="guardrail", metric=found.metric, value=found.value, bound=found.bound,
                                n=found.n, told=told[:400], raised_at=now)  # fmt: skip
