"""Appeals (申诉): an applicant objects to a refusal or to a list entry, and a person answers within the table's hours (PIPL 24, 50).

Rule kept: the answer is a person's, with words; an upheld appeal against an entry ends it at once.
"""

from datetime import datetime, timedelta

from django.db import transaction

from puhui.antifraud import models
from puhui.antifraud.core import casework
from puhui.antifraud.operations.list_entity import end_listing
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused


@transaction.atomic
def raise_appeal(application_key: str, text: str, *, now: datetime, listing_id: str = "") -> str:
    """An appeal about an assessed application; one that is open already is the same appeal. Returns its id."""
    if not models.Assessment.objects.filter(application_key=application_key).exists():
        raise Refused(Refusal("APPLICATION_UNKNOWN", "没有这笔申请 · no such application", where=application_key[:80]))
    if not 4 <= len(text.strip()) <= 2_000:
        raise Refused(Refusal("APPEAL_TEXT", "请用 4–2000 个字说明 · say it in 4 to 2000 characters", where="text"))
    if listing_id and not models.Listing.objects.filter(id=listing_id).exists():
        raise Refused(Refusal("LISTING_UNKNOWN", "没有这条名单记录 · no such entry", where=listing_id[:60]))
    still = models.Appeal.objects.filter(
        application_key=application_key, listing_id=listing_id or None, state="open"
    ).first()
    if still is not None:
        return str(still.id)
    row = models.Appeal.objects.create(
        id=new_id("appeal", now=now), application_key=application_key, listing_id=listing_id or None, text=text.strip(),
        state="open", raised_at=now, due_at=now + timedelta(hours=casework.hours_for("appeal")),
    )  # fmt: skip
    return str(row.id)


@transaction.atomic
def answer_appeal(appeal_id: str, *, upheld: bool, answer: str, by: str, now: datetime) -> None:
    """A person's answer. Refused when it has one already."""
    row = models.Appeal.objects.select_for_update().filter(id=appeal_id).first()
    if row is None:
        raise Refused(Refusal("APPEAL_UNKNOWN", "没有这份申诉 · no such appeal", where=appeal_id[:60]))
    if row.state != "open":
        raise Refused(Refusal("APPEAL_ANSWERED", "该申诉已答复 · it has been answered", where=appeal_id))
    if len(answer.strip()) < 4:
        raise Refused(Refusal("NOTE_MISSING", "请写明答复（至少 4 个字） · say why", where="answer"))
    row.state, row.answer = "upheld" if upheld else "rejected", answer.strip()[:2_000]
    row.answered_by, row.answered_at = by, now
    row.save()
    if upheld and row.listing_id:
        end_listing(row.listing_id, reason=f"申诉成立 · appeal upheld: {answer.strip()}", by=by, now=now)
