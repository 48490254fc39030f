"""What an end of day takes from the discounts at which loans were bought: income as principal comes in, a smaller loss where it is given up.

Rule kept: a discount stands at its share of the principal bought that is still owed (core/sale); the difference to what the ledger
carries is posted, loan by loan, so that a part of the book that was sold on or paid back leaves nothing behind.
"""

from datetime import datetime

from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.servicing import models, parts_of_loans
from puhui.servicing.core import accounts
from puhui.servicing.parts_of_loans import Carried
from puhui.servicing.slices import Range

KIND = "release_discount"


def release_discounts(wanted: Range, *, key: str, now: datetime) -> None:
    """Post them for a range of loans, inside the caller's transaction: one entry an institution."""
    due = [
        each
        for each in parts_of_loans.carried(wanted.first, wanted.last, posted_on=wanted.day)
        if each.carried_minor != each.left_minor
    ]
    for institution in sorted({each.institution_id for each in due}):
        entry = models.Entry.objects.create(
            id=new_id("entry", now=now),
            institution_id=institution,
            kind=KIND,
            effective_date=wanted.day,
            business_date=wanted.day,
            recorded_at=now,
            idempotency_key=key,
            input_hash=digest({"kind": KIND, "key": key, "institution": institution}),
        )
        models.Posting.objects.bulk_create(_posting(each, entry) for each in due if each.institution_id == institution)


def _posting(each: Carried, entry: models.Entry) -> models.Posting:
    carrying = accounts.PURCHASE_PREMIUM if each.premium else accounts.PURCHASE_DISCOUNT
    earned = accounts.IMPAIRMENT_LOSS if each.state == "written_off" else accounts.INTEREST_INCOME
    released = each.carried_minor - each.left_minor
    debit, credit = (carrying, earned) if released > 0 else (earned, carrying)
    return models.Posting(
        entry=entry,
        institution_id=entry.institution_id,
        loan_id=each.loan_id,
        business_date=entry.business_date,
        debit=debit,
        credit=credit,
        amount_minor=abs(released),
    )
