"""Front door, reads: the worklist of a business date, the contacts of a loan, and whether a contact is allowed now."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Max

from puhui.arrears import models
from puhui.arrears.core.contact_rules import may_contact
from puhui.kernel.refusal import Refusal

_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """A late loan in its place; `contacts` counts all contacts so far about it."""

    place: int
    loan_id: str
    institution_id: str
    person_id: str
    days_past_due: int
    bucket: str
    overdue_minor: int
    contacts: int


@dataclass(frozen=True, slots=True)
class ContactMade:
    """One contact about a loan."""

    id: str
    channel: str
    contacted_at: datetime
    contacted_by: str
    result: str
    promised_on: date | None


def latest_date() -> date | None:
    """The business date of the newest worklist the asker may see."""
    found: date | None = models.WorklistItem.objects.aggregate(newest=Max("as_of"))["newest"]
    return found


def worklist(as_of: date) -> list[WorklistRow]:
    """The late loans of that business date in order; an institution sees its own."""
    items = list(models.WorklistItem.objects.filter(as_of=as_of).order_by("place"))
    made: dict[str, int] = {}
    rows = models.Contact.objects.filter(loan_id__in=[item.loan_id for item in items])
    for loan_id in rows.values_list("loan_id", flat=True):
        made[loan_id] = made.get(loan_id, 0) + 1
    return [
        WorklistRow(
            place=item.place,
            loan_id=item.loan_id,
            institution_id=item.institution_id,
            person_id=item.person_id,
            days_past_due=item.days_past_due,
            bucket=item.bucket,
            overdue_minor=item.overdue_minor,
            contacts=made.get(item.loan_id, 0),
        )
        for item in items
    ]


def contacts_of(loan_id: str) -> list[ContactMade]:
    """Contacts about a loan, oldest first."""
    return [
        ContactMade(row.id, row.channel, row.contacted_at, row.contacted_by, row.result, row.promised_on)
        for row in models.Contact.objects.filter(loan_id=loan_id).order_by("contacted_at")
    ]


def contact_allowed(person_id: str, channel: str, *, now: datetime) -> Refusal | None:
    """What `record_contact` would say now, so that a page can say it before anybody dials."""
    local = now.astimezone(_ZONE)
    return may_contact(channel, local.time(), models.contacts_on(person_id, local.date()), on=local.date())
