"""Complaints (投诉) about an application or about something that applications share become leads, whoever comes later included.

A complaint is a fact: what it is about, in whose words, through which door it came, when. The nightly job looks for applications near it
in time that name the same thing: the newest so many are leads of the source `complaint`, joined to cases as any lead.

Rule kept: terms are `policy/casework.toml`; the same complaint again is the same one; nothing is raised twice, and not what has a conclusion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from puhui.antifraud import models
from puhui.antifraud.core import casework
from puhui.antifraud.core.entity_kind import KINDS, key_of
from puhui.antifraud.core.facts import EntitySeen
from puhui.antifraud.operations import leads
from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused

_LONGEST = 400
_NOTHING_SHARED = ("channel", "ip_block", "place")  # half a town shares them


@dataclass(frozen=True, slots=True)
class ComplaintDraft:
    """About an application by its key, or about an entity of a kind (`core/entity_kind`) that applications name; `door`: where it was told."""

    text: str
    door: str
    received_at: datetime
    application_key: str = ""
    kind: str = ""
    entity: EntitySeen | None = None


@transaction.atomic
def record_complaint(draft: ComplaintDraft, *, by: str, now: datetime) -> str:
    """Keep a complaint; returns its id. The same words about the same thing are one complaint."""
    _check(draft, now)
    key = key_of(draft.kind, draft.entity.material) if draft.entity else None
    fingerprint = digest([draft.application_key, draft.kind, key, draft.text.strip(), draft.received_at])
    known = models.Complaint.objects.filter(fingerprint=fingerprint).first()
    if known is not None:
        return str(known.id)
    row = models.Complaint.objects.create(
        id=new_id("comp", now=now), fingerprint=fingerprint, application_key=draft.application_key, kind=draft.kind, key=key,
        shown=draft.entity.shown[:60] if draft.entity else "", text=draft.text.strip()[:_LONGEST], door=draft.door[:40],
        received_at=draft.received_at, by=by, recorded_at=now,
    )  # fmt: skip
    return str(row.id)


@transaction.atomic
def leads_from_complaints(*, now: datetime) -> int:
    """Applications that a complaint of late is about become leads; answers how many leads are new."""
    terms = casework.figures()["complaint"]
    since = now - timedelta(days=terms["days_after"])
    rows = models.Complaint.objects.filter(received_at__gt=since, received_at__lte=now).order_by("received_at", "id")
    raised = 0
    for row in rows:
        for arrival in _met(row, terms, now):
            leads.raise_draft(_draft(row, arrival), now=now)
            raised += 1
    return raised


def _met(row: models.Complaint, terms: dict[str, int], now: datetime) -> Sequence[dict[str, Any]]:
    """The newest applications that it is about, near it in time, that nobody has looked at for a complaint and that are not concluded."""
    about = Q(application_key=row.application_key) if row.application_key else Q(**{row.kind: row.key})
    near = Q(applied_at__gt=row.received_at - timedelta(days=terms["days_before"]), applied_at__lte=now)
    led = models.Lead.objects.filter(source="complaint").values("application_key")
    concluded = models.Label.objects.filter(known_at__lte=now).values("application_key")
    found = models.Arrival.objects.filter(about, near).order_by("-applied_at", "-position")
    newest = list(found.values("application_key", "position", "amount_minor", *KINDS)[: terms["applications_most"]])
    names = {each["application_key"] for each in newest}
    done = set(led.filter(application_key__in=names).values_list("application_key", flat=True))
    done |= set(concluded.filter(application_key__in=names).values_list("application_key", flat=True))
    once = {each["application_key"]: each for each in reversed(newest) if each["application_key"] not in done}
    return list(once.values())


def _draft(row: models.Complaint, arrival: dict[str, Any]) -> leads.LeadDraft:
    kind = KINDS.get(row.kind)
    about = f"{kind.zh} {row.shown} · {kind.en}" if kind else "本申请 · this application"
    seen = {"complaint": row.id, "about": row.kind or "application", "received_at": row.received_at.isoformat()}
    strong = [name for name, each in KINDS.items() if each.strong]
    return leads.LeadDraft(
        source="complaint", application_key=arrival["application_key"], score=casework.figures()["complaint"]["score"],
        amount_minor=arrival["amount_minor"] or 0, position=arrival["position"], told=f"{row.door}：{row.text}"[:_LONGEST],
        entities={name: arrival[name] for name in strong if arrival[name] is not None},
        evidence=[{"code": "COMPLAINT", "text_zh": f"投诉涉及：{about}", "text_en": f"a complaint about {kind.en if kind else 'this application'}", "seen": seen}],
    )  # fmt: skip


def _check(draft: ComplaintDraft, now: datetime) -> None:
    if len(draft.text.strip()) < 4:
        raise Refused(
            Refusal("NOTE_MISSING", "请写明投诉内容（至少 4 个字） · say what is complained of", where="text")
        )
    if not draft.door.strip():
        raise Refused(Refusal("DOOR_MISSING", "请写明投诉来自哪里 · say through which door it came", where="door"))
    if draft.received_at.tzinfo is None or draft.received_at > now:
        text = "投诉时间须带时区且不晚于现在 · the time needs a zone and is not later than now"
        raise Refused(Refusal("TIME_UNREADABLE", text, where="received_at"))
    if bool(draft.application_key) == bool(draft.entity):
        text = "写明一笔申请，或一个共用的实体，二者居其一 · name an application or a shared entity, one of the two"
        raise Refused(Refusal("COMPLAINT_ABOUT_NOTHING", text, where="about"))
    if draft.entity and (draft.kind not in KINDS or draft.kind in _NOTHING_SHARED):
        may = "、".join(kind for kind in KINDS if kind not in _NOTHING_SHARED)
        text = f"实体种类应为 {may} 之一 · one of them"
        raise Refused(Refusal("ENTITY_UNKNOWN", text, where=draft.kind[:20]))
    if draft.application_key and not models.Arrival.objects.filter(application_key=draft.application_key).exists():
        text = "该申请没有反欺诈评估 · it was never assessed"
        raise Refused(Refusal("APPLICATION_UNKNOWN", text, where=draft.application_key[:80]))
