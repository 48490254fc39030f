"""Book a loan: a contract with its schedule, against a cost disclosure the borrower has confirmed.

Rule kept: no contract without a confirmed form whose hash is that of these very terms; the cap is checked once more;
one offer becomes one loan.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import columns, models
from puhui.servicing.core import terms as loan_terms
from puhui.servicing.core.disclosure import ContingentItem, draw_up
from puhui.servicing.core.schedule import Schedule, build
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.core.waterfall import INTEREST_FIRST, WATERFALLS
from puhui.servicing.operations.asked_once import Asked, answer_once
from puhui.servicing.operations.disclose import checked_cap
from puhui.store import copying


@dataclass(frozen=True, slots=True)
class Booking:
    """What is signed: the confirmed form, its terms, and the order in which payments settle dues."""

    disclosure_id: str
    terms: LoanTerms
    waterfall: str = INTEREST_FIRST.name


@transaction.atomic
def book_loan(booking: Booking, *, key: str, now: datetime) -> str:
    """Store the loan and its instalments, state `booked`; returns the loan's id."""
    disclosure = models.Disclosure.objects.filter(pk=booking.disclosure_id).first()
    if disclosure is None:
        raise Refused(Refusal("DISCLOSURE_UNKNOWN", "没有这份明示表 · no such form", booking.disclosure_id))
    inputs = asdict(booking) | {"terms": booking.terms.as_record()}
    asked = Asked(disclosure.institution_id, "book_loan", key, inputs, now)
    return str(answer_once(asked, lambda: _store(booking, disclosure, now))["loan_id"])


def _store(booking: Booking, disclosure: models.Disclosure, now: datetime) -> dict[str, Any]:
    today = models.open_day(lock="share")
    _refuse_booking(booking, disclosure, today.business_date if today else None)
    assert today is not None
    plan = build([booking.terms])
    loan = _loan_row(booking, disclosure, plan, today.business_date, now)
    loan.save(force_insert=True)
    copying.copy_frame(columns.instalments_of(plan, [loan.id], [loan.institution_id]), "servicing_instalment")
    return {"loan_id": loan.id}


def _refuse_booking(booking: Booking, disclosure: models.Disclosure, today: date | None) -> None:
    if today is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "账簿尚未开启 · open the books on a first business date"))
    if (refusal := loan_terms.refuse(booking.terms)) is not None:
        raise Refused(refusal)
    if booking.waterfall not in WATERFALLS:
        raise Refused(Refusal("WATERFALL_UNKNOWN", "没有这种冲账顺序 · no such waterfall", booking.waterfall))
    confirmation = models.DisclosureConfirmation.objects.filter(disclosure=disclosure).first()
    if confirmation is None:
        text = "综合融资成本明示表尚未确认 · the cost disclosure has not been confirmed"
        raise Refused(Refusal("DISCLOSURE_NOT_CONFIRMED", text, where=disclosure.id))
    contingent = tuple(ContingentItem(**item) for item in disclosure.form["overdue_items"])
    form = draw_up(booking.terms, payee=disclosure.payee, overdue_items=contingent)
    if form.disclosure_hash != confirmation.sha256:
        text = "合同条款与已确认的明示表不一致 · the terms are not those the borrower confirmed"
        raise Refused(Refusal("DISCLOSURE_DIFFERS", text, where=disclosure.id))
    checked_cap(form, lender_type=disclosure.lender_type)
    if booking.terms.disbursed_on < today:
        text = f"放款日早于营业日 {today} · the disbursement lies before the business date"
        raise Refused(Refusal("DATES_OUT_OF_ORDER", text, where=str(booking.terms.disbursed_on)))
    if models.Loan.objects.filter(offer_id=disclosure.offer_id).exists():
        raise Refused(
            Refusal("OFFER_ALREADY_BOOKED", "该报价已签约 · this offer is a loan already", disclosure.offer_id)
        )


def _loan_row(
    booking: Booking, disclosure: models.Disclosure, plan: Schedule, today: date, now: datetime
) -> models.Loan:
    terms = booking.terms
    return models.Loan(
        id=new_id("loan", now=now),
        institution_id=disclosure.institution_id,
        person_id=disclosure.person_id,
        shop_id=disclosure.shop_id,
        application_id=disclosure.application_id,
        offer_id=disclosure.offer_id,
        disclosure=disclosure,
        currency=terms.currency,
        principal_minor=terms.principal_minor,
        annual_rate=terms.annual_rate,
        periods=terms.periods,
        method=terms.method,
        day_count=terms.day_count,
        rounding=terms.rounding,
        waterfall=booking.waterfall,
        disbursed_on=terms.disbursed_on,
        first_due_on=terms.first_due_on,
        final_due_on=plan.due_on[-1].item(),
        booked_on=today,
        recorded_at=now,
        state="booked",
    )
