"""Front door, writes: refresh the worklist of a business date; record a contact, which is also the leave to make it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from puhui.arrears import models
from puhui.arrears.core import buckets
from puhui.arrears.core.buckets import LateLoan
from puhui.arrears.core.contact_rules import may_contact
from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import asked_once

ZONE = ZoneInfo("Asia/Shanghai")
RESULTS = ("reached", "no_answer", "promised", "disputed", "hardship", "wrong_number")
_DEBTOR_LOCK = 7_305_060


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """A contact with the debtor (nobody else may be contacted). `promised_on` goes with the result `promised`."""

    loan_id: str
    institution_id: str
    person_id: str
    channel: str
    contacted_by: str
    result: str
    promised_on: date | None = None


@transaction.atomic
def refresh_worklist(loans: Iterable[LateLoan], *, as_of: date) -> int:
    """Replace the worklist of that business date by the late ones among `loans`; returns how many are late.

    The list is derived from the loan book, so a back-dated repayment is shown by refreshing, not by editing.
    """
    items = [
        models.WorklistItem(
            as_of=as_of,
            loan_id=loan.loan_id,
            institution_id=loan.institution_id,
            person_id=loan.person_id,
            days_past_due=loan.days_past_due,
            bucket=buckets.bucket(loan.days_past_due),
            overdue_minor=loan.overdue_minor,
            place=place,
        )
        for place, loan in enumerate(buckets.in_order(loans), start=1)
    ]
    models.WorklistItem.objects.filter(as_of=as_of).delete()
    models.WorklistItem.objects.bulk_create(items, batch_size=1000)
    return len(items)


@transaction.atomic
def record_contact(draft: ContactDraft, *, key: str, now: datetime) -> str:
    """The contact's id. Refused in quiet hours and above the day's limits, with nothing stored.

    Call it when the contact is made: `now` is its time. Two people dialling at once cannot both pass the limit.
    """
    _check(draft, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_DEBTOR_LOCK, draft.person_id])
    input_hash = digest(asdict(draft))
    columns = {"institution_id": draft.institution_id, "key": key}
    known = asked_once.stored(asked_once.Key(models.Contact, columns, input_hash, code="KEY_REUSED"))
    if known is not None:
        return str(known.id)
    local = now.astimezone(ZONE)
    refusal = may_contact(
        draft.channel, local.time(), models.contacts_on(draft.person_id, local.date()), on=local.date()
    )
    if refusal is not None:
        raise Refused(refusal)
    return models.Contact.objects.create(
        id=new_id("cont", now=now),
        key=key,
        input_hash=input_hash,
        contacted_at=now,
        contacted_on=local.date(),
        **asdict(draft),
    ).id


def _check(draft: ContactDraft, *, now: datetime) -> None:
    if draft.result not in RESULTS:
        raise Refused(Refusal("RESULT_UNKNOWN", f"联系结果应为 {'、'.join(RESULTS)} · not a result", where="result"))
    if (draft.result == "promised") != (draft.promised_on is not None):
        raise Refused(
            Refusal("PROMISE_INCOMPLETE", "承诺还款须写明日期 · a promise needs its day", where="promised_on")
        )
    if draft.promised_on is not None and draft.promised_on < now.astimezone(ZONE).date():
        raise Refused(Refusal("PROMISE_IN_PAST", "承诺日期已过 · the promised day has passed", where="promised_on"))
