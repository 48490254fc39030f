"""Raise leads (线索) and join them to cases: one that shares a strong entity with an open case joins it; two cases that it joins become one.

Rule kept: nothing raised is lost: the same application and source again is the same lead, and a merged case keeps its leads and its story.
"""

import json
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
    """Two statements, one more where an open case is joined: what makes a case is most of what makes an answer slow."""
    keys, open_states = numbers(draft.entities.values()), list(casework.OPEN)
    found = [_Near(*row) for row in prepared.rows(_NEAR, [draft.application_key, draft.source, keys, open_states])]
    known = next((each.case_id for each in found if each.known), None)
    if known is not None:
        return known
    if found:
        _join(found, draft, now=now)
    case = models.Case(
        id=found[0].case_id if found else new_id("case", now=now), state="new", opened_at=now,
        due_at=now + timedelta(hours=casework.hours_for("new")), score=draft.score, amount_minor=draft.amount_minor,
    )  # fmt: skip
    lead = models.Lead(
        id=new_id("lead", now=now), case=case, source=draft.source, application_key=draft.application_key,
        position=draft.position, score=draft.score, amount_minor=draft.amount_minor, evidence=draft.evidence,
        told=draft.told, raised_by=by, raised_at=now,
    )  # fmt: skip
    told = [{name: getattr(row, name) for name in columns} for row, columns in ((case, _CASE), (lead, _LEAD))]
    entities = [{"case_id": case.id, "key": key, "kind": kind} for kind, key in draft.entities.items()]
    rows = [[] if found else [told[0]], [told[1]], entities]
    prepared.rows(_RAISING, [json.dumps(each, default=_iso, ensure_ascii=False) for each in rows])
    return str(case.id)


@dataclass(frozen=True, slots=True)
class _Near:
    """A case that a lead joins (open, shares a strong entity), or is in already (`known`)."""

    case_id: str
    score: float
    amount_minor: int
    tipping_off: bool
    known: bool


_NEAR = (
    "SELECT c.id, c.score, c.amount_minor, c.tipping_off, c.id = ANY(told.ids) FROM antifraud_case c,"
    " (SELECT ARRAY(SELECT l.case_id FROM antifraud_lead l WHERE l.application_key = %s AND l.source = %s) AS ids) told"
    " WHERE c.id = ANY(told.ids || ARRAY(SELECT e.case_id FROM antifraud_case_entity e WHERE e.key = ANY(%s::bigint[])))"
    " AND (c.state = ANY(%s::text[]) OR c.id = ANY(told.ids)) ORDER BY c.id FOR UPDATE OF c"
)
_CASE = {
    "id": "text", "state": "text", "owner": "text", "opened_at": "timestamptz", "due_at": "timestamptz", "score": "float8",
    "amount_minor": "bigint", "tipping_off": "boolean", "proposed_by": "text",
}  # fmt: skip
_LEAD = {
    "id": "text", "case_id": "text", "source": "text", "application_key": "text", "position": "bigint", "score": "float8",
    "amount_minor": "bigint", "evidence": "jsonb", "told": "text", "raised_by": "text", "raised_at": "timestamptz",
}  # fmt: skip
_ENTITY = {"case_id": "text", "key": "bigint", "kind": "text"}
_RAISING = (
    f"WITH opened AS (INSERT INTO antifraud_case ({', '.join(_CASE)}) SELECT {', '.join(_CASE)} FROM {prepared.json_rows(_CASE)}),"
    f" lead AS (INSERT INTO antifraud_lead ({', '.join(_LEAD)}) SELECT {', '.join(_LEAD)} FROM {prepared.json_rows(_LEAD)})"
    f" INSERT INTO antifraud_case_entity ({', '.join(_ENTITY)}) SELECT {', '.join(_ENTITY)} FROM {prepared.json_rows(_ENTITY)}"
    " ON CONFLICT (case_id, key) DO NOTHING"
)


def _iso(value: Any) -> str:
    return str(value.isoformat())


def _join(found: Sequence[_Near], draft: LeadDraft, *, now: datetime) -> None:
    """The oldest case is joined, the others are merged into it."""
    into, *others = found
    if others:
        case = models.Case.objects.get(id=into.case_id)
        for other in models.Case.objects.filter(id__in=[each.case_id for each in others]).order_by("id"):
            _merge(other, case, now=now)
    score = max(draft.score, *(each.score for each in found))
    amount = draft.amount_minor + sum(each.amount_minor for each in found)
    locked = any(each.tipping_off for each in found)
    values = [str(score), str(amount), locked, into.case_id]
    prepared.moved(
        "UPDATE antifraud_case SET score = %s::float8, amount_minor = %s::bigint, tipping_off = %s WHERE id = %s",
        values,
    )


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
