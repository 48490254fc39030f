"""Evidence of small owners: recorded once, never edited, verified by a named person, read as of a day.

Rules kept: every value is checked by `core.evidence_item` before anything is stored; the grade follows from the source; an item
recorded or observed later than the moment asked about is invisible, in a replay as on the day; what looks like fraud (a field
that another owner has brought too) becomes a signal row, which anti-fraud reads and this room does not judge.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.plain import as_plain
from puhui.kernel.refusal import Refusal, Refused
from puhui.parties import queries as parties
from puhui.store import asked_once, prepared
from puhui.store.undivided import undivided
from puhui.underwriting import models
from puhui.underwriting.core import coefficients, evidence_item, plots
from puhui.underwriting.core.evidence_item import Observed
from puhui.underwriting.evidence import query

ZONE = ZoneInfo("Asia/Shanghai")
PLOT_OVERLAP = "PLOT_OVERLAP"


@dataclass(frozen=True, slots=True)
class EvidenceDraft:
    """One observation of one shop. `document_hash` is SHA-256 of the paper or photo, `verified_by` who looked, both optional."""

    person_id: str
    shop_id: str
    seen: Observed
    application_id: str | None = None
    document_hash: str = ""
    consent_id: str = ""
    verified_by: str = ""
    replaces: str | None = None


@undivided
def record_evidence(drafts: Sequence[EvidenceDraft], *, key: str, now: datetime) -> list[str]:
    """Store observations, all or none; returns their ids. The same key with the same content gives the same ids."""
    today = now.astimezone(ZONE).date()
    checked = [evidence_item.check(draft.seen, now=today) for draft in drafts]
    asked = {f"{key}/{n}": digest(as_plain(draft)) for n, draft in enumerate(drafts)}
    if drafts and not any(
        draft.replaces or "boundary" in plain["values"] for draft, plain in zip(drafts, checked, strict=True)
    ):
        items = [
            _item(draft, plain, key=part, input_hash=wanted, now=now)
            for (part, wanted), draft, plain in zip(asked.items(), drafts, checked, strict=True)
        ]
        if prepared.added_all(items, unless="key"):
            return [item.id for item in items]
    stored = asked_once.stored_parts(models.EvidenceItem, key, asked, code="KEY_REUSED") if drafts else {}
    fresh: list[models.EvidenceItem] = []
    for (part, wanted), draft, plain in zip(asked.items(), drafts, checked, strict=True):
        if part not in stored:
            stored[part] = _item(draft, plain, key=part, input_hash=wanted, now=now)
            fresh.append(stored[part])
    _refuse_if_replaced_twice(fresh)
    prepared.add_all(fresh)
    for item in fresh:
        if "boundary" in item.values:
            _pass_on_overlaps(item, now=now)
    return [str(stored[part].id) for part in asked]


@undivided
def verify_evidence(item_id: str, *, by: str, now: datetime) -> str:
    """A named person has looked at the thing itself: the item is said again with the grade of a visit. Idempotent."""
    item = models.EvidenceItem.objects.filter(id=item_id).first()
    if item is None:
        raise Refused(Refusal("EVIDENCE_UNKNOWN", "没有这条证据 · no such evidence", item_id))
    if not by.strip():
        raise Refused(Refusal("VERIFIER_MISSING", "须写明核对人 · name who looked", "by"))
    visit = coefficients.sources()["staff_visit"]
    if item.grade <= visit["grade"]:
        raise Refused(
            Refusal(
                "EVIDENCE_GOOD_ENOUGH", "该证据等级不低于上门核对 · it is graded as well as a visit would be", item_id
            )
        )
    seen = Observed(item.kind, "staff_visit", item.observed_from, item.observed_to, item.values)
    draft = EvidenceDraft(item.person_id, item.shop_id, seen, item.application_id, item.document_hash, item.consent_id, by.strip(),
                          replaces=item.id)  # fmt: skip
    return record_evidence([draft], key=f"verify/{item_id}", now=now)[0]


def gather(shop_ids: Sequence[str], *, as_of: date, known_at: datetime) -> dict[str, list[dict[str, Any]]]:
    """Visible items of each shop as plain JSON, in the shape the core reads; none whose consent had been taken back by then (decision 0261)."""
    asked: dict[str, Any] = {"shop_ids": list(shop_ids), "as_of": as_of, "known_at": known_at}
    found: dict[str, list[dict[str, Any]]] = {shop_id: [] for shop_id in shop_ids}
    rows = list(prepared.rows(query("owner_evidence"), asked))
    under = {row[-1] for row in rows if row[-1]}
    forbidden = parties.taken_back(under, known_at=known_at) if under else set()
    for shop_id, item_id, kind, source, grade, start, end, values, consent in rows:
        if consent in forbidden:
            continue
        found[shop_id].append({
            "id": item_id, "kind": kind, "source": source, "grade": grade, "observed_from": start.isoformat(),
            "observed_to": end.isoformat(), "values": json.loads(values) if isinstance(values, str) else values,
        })  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Brought:
    """The visible items of one shop, with what was asked: whoever asks the same again within one operation need not ask the database."""

    shop_id: str
    as_of: date
    known_at: datetime
    items: list[dict[str, Any]]


def brought(shop_id: str, *, as_of: date, known_at: datetime, before: Brought | None = None) -> Brought:
    """What a shop brought; `before` where it was asked for the same."""
    if before is not None and (before.shop_id, before.as_of, before.known_at) == (shop_id, as_of, known_at):
        return before
    return Brought(shop_id, as_of, known_at, gather([shop_id], as_of=as_of, known_at=known_at)[shop_id])


def end_of(day: date) -> datetime:
    """The first moment after a Chinese day: what was recorded on it is known."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZONE)


def _item(
    draft: EvidenceDraft, plain: dict[str, Any], *, key: str, input_hash: str, now: datetime
) -> models.EvidenceItem:
    """The row of a checked observation, not stored yet."""
    _check_hash(draft.document_hash)
    return models.EvidenceItem(
        id=new_id("evi", now=now), key=key, input_hash=input_hash, person_id=draft.person_id, shop_id=draft.shop_id,
        application_id=draft.application_id, kind=plain["kind"], source=plain["source"], grade=plain["grade"],
        observed_from=draft.seen.observed_from, observed_to=draft.seen.observed_to, values=plain["values"],
        document_hash=draft.document_hash, consent_id=draft.consent_id, verified_by=draft.verified_by,
        replaces=_replaced(draft), recorded_at=now, **_box(plain["values"]),
    )  # fmt: skip


def _check_hash(text: str) -> None:
    if text and not (len(text) == 64 and set(text) <= set("0123456789abcdef")):
        raise Refused(
            Refusal("DOCUMENT_HASH_INVALID", "须为 64 位十六进制 SHA-256 · 64 hexadecimal digits", "document_hash")
        )


def _replaced(draft: EvidenceDraft) -> models.EvidenceItem | None:
    """The item this one corrects: of the same shop and kind, and not corrected before."""
    if draft.replaces is None:
        return None
    former = models.EvidenceItem.objects.filter(id=draft.replaces).first()
    if former is None or (former.shop_id, former.kind) != (draft.shop_id, draft.seen.kind):
        raise Refused(
            Refusal(
                "EVIDENCE_UNKNOWN", "没有可更正的同类证据 · no item of this shop and kind to replace", draft.replaces
            )
        )
    if models.EvidenceItem.objects.filter(replaces=former).exists():
        raise Refused(_replaced_already(draft.replaces))
    return former


def _refuse_if_replaced_twice(items: Sequence[models.EvidenceItem]) -> None:
    """Two items of one call that correct the same one."""
    corrected = [item.replaces_id for item in items if item.replaces_id is not None]
    for former in corrected:
        if corrected.count(former) > 1:
            raise Refused(_replaced_already(former))


def _replaced_already(item_id: str) -> Refusal:
    return Refusal("EVIDENCE_REPLACED", "该证据已被更正 · it has been replaced; replace the newer one", item_id)


def _box(values: dict[str, Any]) -> dict[str, float]:
    boundary = values.get("boundary")
    if not boundary:
        return {}
    xs, ys = [corner[0] for corner in boundary], [corner[1] for corner in boundary]
    return {"box_west": min(xs), "box_east": max(xs), "box_south": min(ys), "box_north": max(ys)}


def _pass_on_overlaps(item: models.EvidenceItem, *, now: datetime) -> None:
    """A field that lies on another owner's by more than the policy allows is told; who is right, others find out."""
    most = coefficients.in_force(now.astimezone(ZONE).date()).value(PLOT_OVERLAP, "iou")
    asked = {"person_id": item.person_id, "north": item.box_north, "south": item.box_south, "east": item.box_east,
             "west": item.box_west}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(query("plots_nearby"), asked)
        others = [(other, json.loads(b) if isinstance(b, str) else b) for other, b in cursor.fetchall()]
    shared = [(other, plots.overlap(item.values["boundary"], boundary)) for other, boundary in others]
    models.EvidenceSignal.objects.bulk_create([
        models.EvidenceSignal(item=item, other_id=other, code=PLOT_OVERLAP, value=round(share, 6), recorded_at=now)
        for other, share in shared if share > most
    ])  # fmt: skip
