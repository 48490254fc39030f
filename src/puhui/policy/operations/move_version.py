"""Move a version along its life: submit, send back, approve, publish at a time, retire. Each move is a row.

Rules kept: the second person is another one (here and by a constraint of the table); what is submitted names only scorers
that are offered and columns that keep their kind and that no room forbids; a version is published for the future or for now, never for the past.
"""

from datetime import datetime

from django.db import transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy import guards, models, scorers, versions
from puhui.policy.core import lifecycle
from puhui.policy.core.policy_text import check, read_policy
from puhui.policy.operations.draft_version import lock_rulebook, lock_version


@transaction.atomic
def move_version(version_id: str, move: str, *, by: str, now: datetime, note: str = "", force: bool = False) -> str:
    """submit, send_back, approve, retire or discard; returns the new state. `force` submits in spite of grave findings."""
    row = lock_version(version_id)
    wanted = _wanted(row, move, by)
    if move == "publish":
        raise Refused(Refusal("PUBLISH_AT", "发布须写明生效时间 · publishing needs a time", where=version_id))
    if move == "submit":
        _check_ready(row, now=now, force=force)
    if move == "send_back" and not note.strip():
        raise Refused(Refusal("NOTE_MISSING", "退回须写明原因 · sending back needs a reason", where=version_id))
    if move == "approve":
        row.reviewer = by
    if move == "send_back":
        row.reviewer = ""
    if move == "retire":
        _check_unused(row, now)
        row.retired_at = now
    return _store(row, move, wanted.after, by=by, note=note, now=now)


@transaction.atomic
def publish_version(version_id: str, *, at: datetime, by: str, now: datetime, note: str = "") -> str:
    """An approved version decides from `at` on (now or later)."""
    row = lock_version(version_id)
    wanted = _wanted(row, "publish", by)
    lock_rulebook(row.rulebook_id)
    if at.tzinfo is None or at < now:
        told = "生效时间须带时区且不早于现在 · the time needs a zone and cannot lie in the past"
        raise Refused(Refusal("PUBLISH_AT", told, where=str(at)))
    if models.Version.objects.filter(rulebook_id=row.rulebook_id, published_from=at).exists():
        raise Refused(
            Refusal("PUBLISH_AT", "另一版本同时生效 · another version begins at that very time", where=str(at))
        )
    policy = read_policy(row.texts)
    versions.check_columns_agree(row.rulebook_id, policy)
    guards.check_now(row.rulebook_id, policy, now=now)
    row.published_from = at
    return _store(row, "publish", wanted.after, by=by, note=note, now=now)


def _wanted(row: models.Version, move: str, by: str) -> lifecycle.Move:
    try:
        wanted = lifecycle.move_of(row.state, move)
    except lifecycle.MoveImpossible:
        told = f"状态 {row.state} 不能做 {move} · from {row.state} there is no {move}"
        raise Refused(Refusal("MOVE_IMPOSSIBLE", told, where=row.id)) from None
    if not by.strip():
        raise Refused(Refusal("PERSON_MISSING", "须写明是谁 · it needs to say who", where=row.id))
    if wanted.second and by == row.author:
        told = "须由作者以外的第二人审核 · a second person reviews, not the author"
        raise Refused(Refusal("SECOND_PERSON", told, where=row.id))
    if wanted.by == "author" and by != row.author:
        raise Refused(Refusal("NOT_YOUR_DRAFT", "只有作者可以 · only its author can", where=row.id))
    return wanted


def _check_ready(row: models.Version, *, now: datetime, force: bool) -> None:
    policy = read_policy(row.texts)
    guards.check(row.rulebook_id, policy, on=now.date())
    guards.check_now(row.rulebook_id, policy, now=now)
    scorer = scorers.find(policy.scorer)
    if scorer and (lacking := sorted(set(scorer.columns) - set(policy.columns))):
        told = f"模型需要字段 {lacking[0]} · the scorer needs the column {lacking[0]}"
        raise Refused(Refusal("SCORER_COLUMNS", told, where=policy.scorer))
    versions.check_columns_agree(row.rulebook_id, policy)
    grave = [finding for finding in check(policy) if finding.grave]
    if grave and not force:
        raise Refused(Refusal("STATIC_CHECKS", f"{grave[0]}", where=row.id))


def _check_unused(row: models.Version, now: datetime) -> None:
    running = models.Experiment.objects.filter(version=row, stop__isnull=True).exclude(ends_at__lte=now)
    if running.exists():
        raise Refused(Refusal("IN_EXPERIMENT", "该版本正在实验中 · an experiment still runs on it", where=row.id))


def _store(row: models.Version, move: str, state: str, *, by: str, note: str, now: datetime) -> str:
    before, row.state = row.state, state
    row.save()
    models.VersionMove.objects.create(version=row, move=move, state_before=before, state_after=state, by=by, note=note[:400],
                                      content_hash=row.content_hash, moved_at=now)  # fmt: skip
    return state
