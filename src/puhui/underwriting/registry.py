"""The register of fitted models: put in, approved by a second person, live, retired; and verdicts on proposed splits.

Rules kept: one verb, one transaction; the same content registers once; who registered a model never approves it; one
version of a name is live at a time (the one before retires in the same transaction); nothing here is edited.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting import models
from puhui.underwriting.core import model_life
from puhui.underwriting.core.forbidden_inputs import refuse_forbidden
from puhui.underwriting.core.lifecycle import MoveImpossible, after

_LOCK = 7_306_030  # one writer at a time numbers versions and moves models


@dataclass(frozen=True, slots=True)
class ModelDraft:
    """A fitted model as it comes from the workbench; `card` are the facts of its card, `picture` of its training."""

    name: str
    kind: str
    content: dict[str, Any]
    card: dict[str, Any]
    tape_name: str
    tape_hash: str
    picture: dict[str, Any] | None = None
    made_from: str | None = None


@transaction.atomic
def register_model(draft: ModelDraft, *, by: str, now: datetime) -> str:
    """Put a fitted model in the register; returns its id. The same content is the model that is already there."""
    name = draft.name.strip()
    if not name or len(name) > 60:
        raise Refused(
            Refusal("MODEL_NAME_INVALID", "模型名须为 1 至 60 字 · a name of 1 to 60 characters", where="name")
        )
    _one_writer()
    found = digest(draft.content)
    known = models.FittedModel.objects.filter(digest=found).first()
    if known:
        return known.id
    last = models.FittedModel.objects.filter(name=name).aggregate(last=Max("version"))["last"] or 0
    row = models.FittedModel.objects.create(
        id=new_id("model", now=now), name=name, version=last + 1, kind=draft.kind, digest=found, content=draft.content,
        card=draft.card, picture=draft.picture, tape_name=draft.tape_name[:200], tape_hash=draft.tape_hash,
        made_from_id=draft.made_from, registered_by=by, registered_at=now,
    )  # fmt: skip
    _moved(row, ("register", "", model_life.BORN), by=by, note="", now=now)
    return row.id


@transaction.atomic
def move_model(model_id: str, move: str, *, by: str, note: str = "", now: datetime) -> str:
    """Approve, reject, go_live or retire; returns the new state. Going live retires the version that was.

    A model that reads what nobody may be judged by is refused by name before it is approved.
    """
    _one_writer()
    row = models.FittedModel.objects.filter(id=model_id).first()
    if row is None:
        raise Refused(Refusal("MODEL_UNKNOWN", "没有这个模型 · no such model", where=model_id))
    before = state_of(row)
    try:
        state = after(model_life.MODEL, before, move)
    except MoveImpossible as no:
        told = f"当前状态下不能这样做 · {no}"
        raise Refused(Refusal("MOVE_IMPOSSIBLE", told, where=model_id)) from None
    if move in model_life.SECOND_PERSON and by == row.registered_by:
        told = "登记人不能批准自己的模型，须由另一人复核 · a second person must review it"
        raise Refused(Refusal("SECOND_PERSON_NEEDED", told, where=model_id))
    if state in ("approved", "live"):
        columns = (row.content.get("model") or {}).get("columns", [])
        refuse_forbidden([column["name"] for column in columns], on=now.date())
    if state == "live":
        for other in models.FittedModel.objects.filter(name=row.name).exclude(id=row.id):
            if state_of(other) == "live":
                _moved(other, ("retire", "live", "retired"), by=by, note=f"v{row.version}", now=now)
    _moved(row, (move, before, state), by=by, note=note, now=now)
    return state


@transaction.atomic
def record_proposal(study: dict[str, Any], *, tape: tuple[str, str], target: str, terms_version: str, by: str,
                    now: datetime) -> str:  # fmt: skip
    """Keep a proposal to split a model, for a person to answer; `tape` is its name and hash. The same study is kept once."""
    if study.get("proposal") is None:
        raise Refused(Refusal("NOTHING_PROPOSED", "没有值得拆分的客群 · no split pays"))
    _one_writer()
    found = digest([study, tape[1], target, terms_version])
    known = models.SplitProposal.objects.filter(digest=found).first()
    if known:
        return known.id
    row = models.SplitProposal.objects.create(
        id=new_id("split", now=now), digest=found, tape_name=tape[0][:200], tape_hash=tape[1], target=target[:200],
        study=study, terms_version=terms_version, proposed_by=by, proposed_at=now,
    )  # fmt: skip
    return row.id


@transaction.atomic
def answer_proposal(proposal_id: str, *, accepted: bool, by: str, note: str = "", now: datetime) -> None:
    """A person accepts or declines. Answered once; who answered and when stands for ever."""
    _one_writer()
    row = models.SplitProposal.objects.filter(id=proposal_id).first()
    if row is None:
        raise Refused(Refusal("PROPOSAL_UNKNOWN", "没有这项拆分建议 · no such proposal", where=proposal_id))
    if models.SplitVerdict.objects.filter(proposal=row).exists():
        raise Refused(Refusal("PROPOSAL_ANSWERED", "该建议已有结论 · it has been answered", where=proposal_id))
    if not by.strip():
        raise Refused(Refusal("PERSON_NEEDED", "须由具名的人决定 · a named person must answer", where="by"))
    models.SplitVerdict.objects.create(proposal=row, accepted=accepted, said_by=by, note=note[:400], said_at=now)


def state_of(row: models.FittedModel) -> str:
    """Where the model stands: its last move."""
    last = row.moves.order_by("-id").first()
    return last.state_after if last else model_life.BORN


def _moved(row: models.FittedModel, steps: tuple[str, str, str], *, by: str, note: str, now: datetime) -> None:
    move, before, state = steps
    models.ModelMove.objects.create(
        model=row, move=move, state_before=before, state_after=state, moved_by=by, registered_by=row.registered_by,
        note=note[:400], moved_at=now,
    )  # fmt: skip


def _one_writer() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
