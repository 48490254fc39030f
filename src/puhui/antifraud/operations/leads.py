"""Raise leads (线索) and join them to cases: one that shares a strong entity with an open case joins it; two cases that it joins become one.

Rule kept: nothing raised is lost: the same application and source again is the same lead, and a merged case keeps its leads and its story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from puhui.antifraud import models
from puhui.antifraud.arrivals import numbers
from puhui.antifraud.core import casework
from puhui.antifraud.core.assessment import Assessment
from puhui.antifraud.core.entity_kind import KINDS, STRONG
from puhui.antifraud.core.rulebook import Hit
from puhui.antifraud.core.signals import SOURCES
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import prepared

_MACHINE = "puhui"


@dataclass(frozen=True, slots=True)
class LeadDraft:
    """`entities` are strong keys by kind; `score` a chance of fraud; `evidence` what made it suspicious."""

    source: str
    application_key: str
    score: float
    amount_minor: int
    position: int | None = None
    entities: Mapping[str, int] = field(default_factory=dict)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    told: str = ""


def raise_from_assessments(
    stored: Sequence[Assessment], rows: Mapping[int, Mapping[str, Any]], *, now: datetime
) -> None:
    """A lead for each answer that a person must look at for a grave reason. `rows`: keys of entities by position."""
    for each in stored:
        grave = [hit for hit in each.hits if hit.severity == "grave" and hit.outcome in ("review", "refuse")]
        if not grave or each.position is None:
            continue
        row = rows[each.position]
        draft = LeadDraft(
            source=_source(grave),
            application_key=each.application_key,
            score=each.score or 0.0,
            amount_minor=row.get("amount_minor") or 0,
            position=each.position,
            entities={kind: row[kind] for kind in STRONG if row.get(kind) is not None},
            evidence=[{"code": hit.code, "text_zh": hit.text_zh, "text_en": hit.text_en, "seen": hit.evidence} for hit in grave],
        )  # fmt: skip
        _raise(draft, by=_MACHINE, now=now)


def raise_draft(draft: LeadDraft, *, now: datetime) -> str:
    """A lead that a job found; returns the case's id. Idempotent by application and source."""
    return _raise(draft, by=_MACHINE, now=now)


@transaction.atomic
def raise_lead(
    source: str, application_key: str, *, told: str, by: str, now: datetime, amount_minor: int | None = None
) -> str:
    """A lead on an application (complaint, police, autopsy of a default …); returns the case's id. Idempotent.

    `amount_minor`: what is at stake where that is another sum than was asked for.
    """
    if source not in casework.SOURCES:
        raise Refused(
            Refusal("LEAD_SOURCE", f"来源应为 {'、'.join(casework.SOURCES)} 之一 · one of them", where=source)
        )
    if len(told.strip()) < 4:
        raise Refused(Refusal("NOTE_MISSING", "请写明线索内容（至少 4 个字） · say what is suspicious", where="told"))
    latest = models.Assessment.objects.filter(application_key=application_key).order_by("-id").first()
    if latest is None:
        raise Refused(
            Refusal("APPLICATION_UNKNOWN", "该申请没有反欺诈评估 · it was never assessed", where=application_key)
        )
    arrival = models.Arrival.objects.filter(position=latest.position or latest.id).values(*KINDS, "amount_minor").get()
    draft = LeadDraft(
        source=source,
        application_key=application_key,
        score=latest.score or 0.0,
        amount_minor=arrival["amount_minor"] or 0 if amount_minor is None else amount_minor,
        position=latest.position or latest.id,
        entities={kind: arrival[kind] for kind in STRONG if arrival[kind] is not None},
        told=told.strip()[:400],
    )
    return _raise(draft, by=by, now=now)


def _raise(draft: LeadDraft, *, by: str, now: datetime) -> str:
    known = prepared.first(
        "SELECT case_id FROM antifraud_lead WHERE application_key = %s AND source = %s",
        [draft.application_key, draft.source],
    )
    if known is not None:
        return str(known[0])
    case = _case_for(draft, now=now)
    lead = models.Lead(
        id=new_id("lead", now=now), case=case, source=draft.source, application_key=draft.application_key,
        position=draft.position, score=draft.score, amount_minor=draft.amount_minor, evidence=draft.evidence,
        told=draft.told, raised_by=by, raised_at=now,
    )  # fmt: skip
    prepared.add(lead)
    prepared.moved(
        "INSERT INTO antifraud_case_entity (case_id, key, kind) SELECT %s, k, n FROM unnest(%s::bigint[], %s::text[]) AS e(k, n)"
        " ON CONFLICT (case_id, key) DO NOTHING",
        [case.id, numbers(draft.entities.values()), list(draft.entities)],
    )
    return str(case.id)


def _case_for(draft: LeadDraft, *, now: datetime) -> models.Case:
    """The open case that shares a strong entity (the oldest, the others merged into it), else a new one."""
    touching = (
        "id IN (SELECT case_id FROM antifraud_case_entity WHERE key = ANY(%s::bigint[])) AND state = ANY(%s::text[])"
    )
    found = prepared.instances(
        models.Case, f"{touching} ORDER BY id FOR UPDATE", [numbers(draft.entities.values()), list(casework.OPEN)]
    )
    if not found:
        due = now + timedelta(hours=casework.hours_for("new"))
        case = models.Case(
            id=new_id("case", now=now), state="new", opened_at=now, due_at=due, score=draft.score, amount_minor=draft.amount_minor
        )  # fmt: skip
        prepared.add(case)
        return case
    case, *others = found
    for other in others:
        _merge(other, case, now=now)
    case.score = max(case.score, draft.score, *(other.score for other in others), 0.0)
    case.amount_minor += draft.amount_minor + sum(other.amount_minor for other in others)
    case.tipping_off = case.tipping_off or any(other.tipping_off for other in others)
    prepared.change(case, ["score", "amount_minor", "tipping_off"])
    return case


def _merge(other: models.Case, into: models.Case, *, now: datetime) -> None:
    """The other case ends here; its leads stay its own and are read through `merged_into`, its entities count for both."""
    before, other.state = other.state, casework.after(other.state, "merge")
    other.merged_into, other.closed_at = into, now
    other.save(update_fields=["state", "merged_into", "closed_at"])
    models.CaseMove.objects.create(
        case=other, move="merge", state_before=before, state_after=other.state, by=_MACHINE, note=into.id, moved_at=now
    )
    keys = models.CaseEntity.objects.filter(case=other).values_list("key", "kind")
    models.CaseEntity.objects.bulk_create(
        [models.CaseEntity(case=into, key=key, kind=kind) for key, kind in keys], ignore_conflicts=True
    )


def _source(grave: Sequence[Hit]) -> str:
    """Where the suspicion comes from, by what the hits looked at."""
    looked_at = {SOURCES.get(name, "") for hit in grave for name in hit.evidence}
    return next((source for source in ("graph", "model") if source in looked_at), "rule")
