"""The borrower confirms exactly the form that was shown, after having had time to read it.

Rule kept: online, the form must be shown, scrolled through and stay open for the minimum reading time; what is
confirmed is a hash, so another form cannot slip in between (domain facts 1.3).
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models
from puhui.servicing.operations.asked_once import Asked, answer_once


@dataclass(frozen=True, slots=True)
class Reading:
    """How the form was read: when it came up, whether its end was reached, on what device."""

    shown_at: datetime
    scrolled_to_end: bool
    device: str = ""


@transaction.atomic
def confirm_disclosure(disclosure_id: str, *, sha256: str, reading: Reading, key: str, now: datetime) -> str:
    """Store the confirmation; returns the disclosure's id. Refuses another hash, and a reading too short."""
    disclosure = models.Disclosure.objects.filter(pk=disclosure_id).first()
    if disclosure is None:
        raise Refused(Refusal("DISCLOSURE_UNKNOWN", "没有这份明示表 · no such disclosure form", disclosure_id))
    inputs = {"disclosure_id": disclosure_id, "sha256": sha256, "reading": asdict(reading)}
    asked = Asked(disclosure.institution_id, "confirm_disclosure", key, inputs, now)
    return str(answer_once(asked, lambda: _store(disclosure, sha256, reading, now))["disclosure_id"])


def _store(disclosure: models.Disclosure, sha256: str, reading: Reading, now: datetime) -> dict[str, Any]:
    if sha256 != disclosure.sha256:
        text = "确认的内容与明示表不一致 · what was confirmed is not this form; show it again"
        raise Refused(Refusal("DISCLOSURE_DIFFERS", text, where=disclosure.id))
    read_seconds = (now - reading.shown_at).total_seconds()
    if not reading.scrolled_to_end or read_seconds < disclosure.min_read_seconds:
        text = f"请阅读完整内容至少 {disclosure.min_read_seconds} 秒 · read to the end before confirming"
        raise Refused(Refusal("READING_TOO_SHORT", text, where=disclosure.id))
    if models.DisclosureConfirmation.objects.filter(disclosure=disclosure).exists():
        raise Refused(Refusal("DISCLOSURE_CONFIRMED", "已确认过 · this form is confirmed already", disclosure.id))
    models.DisclosureConfirmation.objects.create(
        disclosure=disclosure,
        institution_id=disclosure.institution_id,
        sha256=sha256,
        shown_at=reading.shown_at,
        scrolled_to_end=reading.scrolled_to_end,
        device=reading.device,
        confirmed_at=now,
    )
    return {"disclosure_id": disclosure.id}
