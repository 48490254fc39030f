"""Front door, reads of the workbench: registered models, one model, its days and alerts, fits under way, proposed splits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Subquery

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting import models
from puhui.underwriting.core import model_life
from puhui.underwriting.core.lifecycle import MoveImpossible, after
from puhui.underwriting.registry import state_of

_ORDER = ("live", "approved", "registered", "retired", "rejected")


@dataclass(frozen=True, slots=True)
class MoveLine:
    move: str
    state_after: str
    moved_by: str
    note: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class ModelView:
    """One registered model; `evaluation` are the figures of its test part, `possible` the moves from here."""

    id: str
    name: str
    version: int
    kind: str
    digest: str
    state: str
    tape_name: str
    tape_hash: str
    registered_by: str
    registered_at: datetime
    made_from: str | None
    evaluation: dict[str, Any]
    possible: tuple[str, ...]
    moves: tuple[MoveLine, ...]
    card: dict[str, Any] = field(repr=False, default_factory=dict)
    content: dict[str, Any] = field(repr=False, default_factory=dict)
    picture: dict[str, Any] | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class DayView:
    """Figures, details and what is missing, of one day of one model."""

    day: date
    figures: dict[str, float | None]
    details: dict[str, Any]
    missing: dict[str, str]
    policy_version: str


@dataclass(frozen=True, slots=True)
class AlertView:
    model_id: str
    title: str
    day: date
    figure: str
    value: float
    level: str
    message: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class FitView:
    """A fit asked for on a page: `step` queued, started, done or refused; `told` what it says."""

    id: str
    name: str
    tape_name: str
    asked: dict[str, Any]
    requested_by: str
    requested_at: datetime
    step: str
    told: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SplitView:
    """A proposed split; `accepted` is None while nobody has answered."""

    id: str
    tape_name: str
    target: str
    study: dict[str, Any]
    proposed_by: str
    proposed_at: datetime
    accepted: bool | None
    said_by: str
    note: str


def fitted_models() -> list[ModelView]:
    """All of them, live ones first, then by name and newest version."""
    rows = models.FittedModel.objects.defer("content", "picture").prefetch_related(_MOVES)
    shown = [_model(row, whole=False) for row in rows]
    return sorted(shown, key=lambda one: (_ORDER.index(one.state), one.name, -one.version))


def live_models() -> list[ModelView]:
    """Models in use, whole."""
    rows = models.FittedModel.objects.filter(moves__state_after="live").distinct().prefetch_related(_MOVES)
    return [_model(row, whole=True) for row in rows if state_of(row) == "live"]


def fitted_model(model_id: str) -> ModelView:
    """One model with its content and card. Raises Refused for an unknown id."""
    row = models.FittedModel.objects.filter(id=model_id).prefetch_related(_MOVES).first()
    if row is None:
        raise Refused(Refusal("MODEL_UNKNOWN", "没有这个模型 · no such model", where=model_id))
    return _model(row, whole=True)


def model_days(model_id: str, *, limit: int = 120) -> list[DayView]:
    """The latest days, oldest first."""
    rows = models.ModelDay.objects.filter(model_id=model_id).order_by("-day")[:limit]
    return [_day(row) for row in reversed(rows)]


def alerts(*, model_id: str = "", limit: int = 50) -> list[AlertView]:
    """The latest alerts, newest first; of one model or of all."""
    rows = models.ModelAlert.objects.select_related("model_day__model").order_by("-raised_at", "-id")
    if model_id:
        rows = rows.filter(model_day__model_id=model_id)
    return [_alert(row) for row in rows[:limit]]


def alerts_since(moment: datetime) -> list[AlertView]:
    """Alerts of every model raised at or after the moment, oldest first."""
    rows = models.ModelAlert.objects.filter(raised_at__gte=moment).select_related("model_day__model")
    return [_alert(row) for row in rows.order_by("raised_at", "id")]


def _alert(row: models.ModelAlert) -> AlertView:
    title = f"{row.model_day.model.name} v{row.model_day.model.version}"
    return AlertView(
        row.model_day.model_id, title, row.model_day.day, row.figure, row.value, row.level, row.message, row.raised_at
    )


def fits(*, limit: int = 20) -> list[FitView]:
    """Fits asked for on pages, newest first."""
    rows = models.FitRequest.objects.prefetch_related("steps").order_by("-requested_at")[:limit]
    return [_fit(row) for row in rows]


def fit(fit_id: str) -> FitView:
    row = models.FitRequest.objects.prefetch_related("steps").filter(id=fit_id).first()
    if row is None:
        raise Refused(Refusal("FIT_UNKNOWN", "没有这次建模 · no such fit", where=fit_id))
    return _fit(row)


def split_proposals(*, limit: int = 50) -> list[SplitView]:
    """Proposed splits, newest first."""
    rows = models.SplitProposal.objects.select_related("verdict").order_by("-proposed_at")[:limit]
    return [_split(row) for row in rows]


def earlier_loans(application_ids: Sequence[str]) -> dict[str, int]:
    """How many loans each applicant already had from us when the application came in."""
    asked = models.Application.objects.filter(id__in=application_ids)
    same = models.Application.objects.filter(
        person_id=OuterRef("person_id"), submitted_at__lt=OuterRef("submitted_at")
    ).exclude(loan_id="")
    counted = same.order_by().values("person_id").annotate(n=Count("id")).values("n")
    return {row.id: row.earlier or 0 for row in asked.annotate(earlier=Subquery(counted))}


_MOVES = Prefetch("moves", queryset=models.ModelMove.objects.order_by("id"))


def _model(row: models.FittedModel, *, whole: bool) -> ModelView:
    moves = tuple(MoveLine(m.move, m.state_after, m.moved_by, m.note, m.moved_at) for m in row.moves.all())
    state = moves[-1].state_after if moves else model_life.BORN
    return ModelView(
        id=row.id, name=row.name, version=row.version, kind=row.kind, digest=row.digest, state=state, tape_name=row.tape_name,
        tape_hash=row.tape_hash, registered_by=row.registered_by, registered_at=row.registered_at, made_from=row.made_from_id,
        evaluation=row.card.get("evaluation") or {}, possible=_possible(state), moves=moves, card=row.card,
        content=row.content if whole else {}, picture=row.picture if whole else None,
    )  # fmt: skip


def _possible(state: str) -> tuple[str, ...]:
    found = []
    for move in dict.fromkeys(move for _state, move in model_life.MODEL):
        try:
            after(model_life.MODEL, state, move)
        except MoveImpossible:
            continue
        found.append(move)
    return tuple(found)


def _day(row: models.ModelDay) -> DayView:
    return DayView(row.day, row.told["figures"], row.told["details"], row.told["missing"], row.policy_version)


def _fit(row: models.FitRequest) -> FitView:
    last = max(row.steps.all(), key=lambda step: step.id, default=None)
    return FitView(row.id, row.name, row.tape_name, row.asked, row.requested_by, row.requested_at,
                   last.step if last else "queued", last.told if last else {})  # fmt: skip


def _split(row: models.SplitProposal) -> SplitView:
    verdict = getattr(row, "verdict", None)
    return SplitView(
        row.id, row.tape_name, row.target, row.study, row.proposed_by, row.proposed_at,
        verdict.accepted if verdict else None, verdict.said_by if verdict else "", verdict.note if verdict else "",
    )  # fmt: skip
