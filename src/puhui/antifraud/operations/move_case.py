"""Work a case: take it, investigate, write down what was found, propose what it is; a second person says it; then it has its effects.

Rules kept: who proposed does not agree (four eyes); every move is a row with its reason. A confirmed case labels its applications,
puts its entities on the black list (each with reason, source, evidence and an end) and so feeds rules and models; a cleared one
labels them the other way. Under the tipping-off lock nothing of it is told to the applicant.
"""

from datetime import datetime, timedelta

from django.db import transaction

from puhui.antifraud import models
from puhui.antifraud.core import casework
from puhui.antifraud.core.entity_kind import KINDS, key_of
from puhui.antifraud.operations.list_entity import EntryDraft, list_keys
from puhui.kernel.refusal import Refusal, Refused

_NOTE_KINDS = ("note", "evidence", "contact")
_LONGEST = 2_000


@transaction.atomic
def move_case(case_id: str, move: str, *, by: str, now: datetime, note: str = "") -> str:
    """take, investigate, propose_confirm, propose_clear, agree, send_back, file or reopen; returns the new state."""
    case = _locked(case_id)
    wanted = _wanted(case, move, by=by, note=note)
    before, case.state = case.state, wanted.after
    if move == "take":
        case.owner = by
    if move.startswith("propose_"):
        case.proposed_by = by
    case.due_at = now + timedelta(hours=casework.hours_for(case.state))
    case.closed_at = (
        now if case.state in ("confirmed", "cleared") else case.closed_at if case.state == "filed" else None
    )
    case.save()
    models.CaseMove.objects.create(
        case=case, move=move, state_before=before, state_after=case.state, by=by, note=note[:_LONGEST], moved_at=now
    )
    if move == "agree":
        _take_effect(case, by=by, now=now)
    return case.state


@transaction.atomic
def add_note(case_id: str, text: str, *, by: str, now: datetime, kind: str = "note", document_hash: str = "") -> None:
    """Write something down, or name a paper by its SHA-256."""
    case = _locked(case_id)
    if kind not in _NOTE_KINDS:
        raise Refused(Refusal("NOTE_KIND", f"类型应为 {'、'.join(_NOTE_KINDS)} 之一 · one of them", where=kind[:20]))
    if not text.strip():
        raise Refused(Refusal("NOTE_MISSING", "请写明内容 · the note is empty", where="text"))
    if document_hash and (len(document_hash) != 64 or not set(document_hash) <= set("0123456789abcdef")):
        raise Refused(
            Refusal(
                "DOCUMENT_HASH", "文件指纹应为 SHA-256（64 位十六进制） · 64 hexadecimal digits", where="document_hash"
            )
        )
    models.CaseNote.objects.create(
        case=case, kind=kind, text=text.strip()[:_LONGEST], document_hash=document_hash, by=by, written_at=now
    )


@transaction.atomic
def lock_tipping_off(case_id: str, *, on: bool, by: str, now: datetime, note: str) -> None:
    """While it is on, nobody tells the applicant why (反洗钱保密义务); each change needs a reason and is a note of the case."""
    case = _locked(case_id)
    if len(note.strip()) < 4:
        raise Refused(Refusal("NOTE_MISSING", "请写明原因（至少 4 个字） · say why", where="note"))
    case.tipping_off = on
    case.save(update_fields=["tipping_off"])
    told = f"{'开启' if on else '解除'}保密锁 · tipping-off lock {'on' if on else 'off'}: {note.strip()}"
    models.CaseNote.objects.create(case=case, kind="note", text=told[:_LONGEST], by=by, written_at=now)


def _wanted(case: models.Case, move: str, *, by: str, note: str) -> casework.Move:
    try:
        wanted = casework.move_of(case.state, move)
    except casework.MoveImpossible:
        told = f"状态 {case.state} 不能做 {move} · from {case.state} there is no {move}"
        raise Refused(Refusal("MOVE_IMPOSSIBLE", told, where=case.id)) from None
    if not by.strip():
        raise Refused(Refusal("PERSON_MISSING", "须写明是谁 · it needs to say who", where=case.id))
    if wanted.second and by == case.proposed_by:
        raise Refused(
            Refusal(
                "SECOND_PERSON", "须由提请人以外的第二人复核 · a second person decides, not who proposed", where=case.id
            )
        )
    if wanted.note and len(note.strip()) < 4:
        raise Refused(
            Refusal("NOTE_MISSING", "请写明理由（至少 4 个字） · say why, in at least 4 characters", where="note")
        )
    return wanted


def _take_effect(case: models.Case, *, by: str, now: datetime) -> None:
    fraud = case.state == "confirmed"
    merged = models.Case.objects.filter(merged_into=case).values("id")
    leads = models.Lead.objects.filter(case_id__in=[case.id, *(row["id"] for row in merged)])
    names = sorted(set(leads.values_list("application_key", flat=True)))
    models.Label.objects.bulk_create(
        models.Label(
            application=key_of("application", name.encode()), application_key=name, fraud=fraud, known_at=now, source="case",
            case_id=case.id, by=by, recorded_at=now,
        )
        for name in names
    )  # fmt: skip
    if fraud:
        figures = casework.figures()["confirmed"]
        held = list(case.entities.values_list("key", "kind"))
        for colour, kinds in (("black", figures["black_kinds"]), ("grey", figures["grey_kinds"])):
            draft = EntryDraft(
                colour,
                "案件认定欺诈 · fraud confirmed in a case",
                "case",
                {"case": case.id, "applications": names[:50]},
            )
            list_keys([(key, kind) for key, kind in held if kind in kinds and kind in KINDS], draft, by=by, now=now)


def _locked(case_id: str) -> models.Case:
    found = models.Case.objects.select_for_update().filter(id=case_id).first()
    if found is None:
        raise Refused(Refusal("CASE_UNKNOWN", "没有这个案件 · no such case", where=case_id[:60]))
    return found
