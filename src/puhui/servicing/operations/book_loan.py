"""Book a loan: a contract with its schedule, against a cost disclosure the borrower has confirmed.

Rule kept: no contract without a confirmed form whose hash is that of these very terms; the cap is checked once more;
one offer becomes one loan.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import transaction

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import columns, models
from puhui.servicing.core import terms as loan_terms
from puhui.servicing.core.disclosure import ContingentItem, contingent_items, draw_up
from puhui.servicing.core.loan_policy import LoanPolicy
from puhui.servicing.core.provision import refuse_multiplier
from puhui.servicing.core.schedule import Schedule, build
from puhui.servicing.core.terms import Days, LoanTerms
from puhui.servicing.core.waterfall import INTEREST_FIRST, WATERFALLS
from puhui.servicing.operations.asked_once import Asked, answer_once
from puhui.servicing.operations.disclose import checked_cap
from puhui.servicing.rules import rules_on
from puhui.store import copying


@dataclass(frozen=True, slots=True)
class Booking:
    """What is signed: the confirmed form, its terms, and how the loan is serviced.

    `policy` is frozen with the loan; without one, `waterfall` names the order and lateness costs nothing. `funders` are
    (institution, weight) where several fund the loan together; the first is the loan's own institution.
    """

    disclosure_id: str
    terms: LoanTerms
    waterfall: str = INTEREST_FIRST.name
    product: str = ""
    policy: LoanPolicy | None = None
    funders: tuple[tuple[str, int], ...] = ()

    def as_record(self) -> dict[str, Any]:
        """For the hash under its key; parts at their plain value are left out, as before they existed."""
        record = asdict(self) | {"terms": self.terms.as_record()}
        plain = {"product": "", "policy": None, "funders": ()}
        return {name: value for name, value in record.items() if name not in plain or value != plain[name]}


@transaction.atomic
def book_loan(booking: Booking, *, key: str, now: datetime) -> str:
    """Store the loan and its instalments, state `booked`; returns the loan's id."""
    disclosure = models.Disclosure.objects.filter(pk=booking.disclosure_id).first()
    if disclosure is None:
        raise Refused(Refusal("DISCLOSURE_UNKNOWN", "没有这份明示表 · no such form", booking.disclosure_id))
    asked = Asked(disclosure.institution_id, "book_loan", key, booking.as_record(), now)
    return str(answer_once(asked, lambda: _store(booking, disclosure, now))["loan_id"])


def _store(booking: Booking, disclosure: models.Disclosure, now: datetime) -> dict[str, Any]:
    today = models.open_day(lock="share")
    _refuse_booking(booking, disclosure, today.business_date if today else None)
    assert today is not None
    plan = build([booking.terms])
    loan = _loan_row(booking, disclosure, plan, today.business_date, now)
    loan.save(force_insert=True)
    _store_shares(loan, booking)
    rows = columns.instalments_of(plan, [loan.id], [loan.institution_id], starts_on=_runs_from(booking.terms, plan))
    copying.copy_frame(rows, "servicing_instalment")
    return {"loan_id": loan.id}


def _refuse_booking(booking: Booking, disclosure: models.Disclosure, today: date | None) -> None:
    if today is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "账簿尚未开启 · open the books on a first business date"))
    if (refusal := loan_terms.refuse(booking.terms)) is not None:
        raise Refused(refusal)
    if (refusal := _refuse_policy(booking, disclosure)) is not None:
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


def _refuse_policy(booking: Booking, disclosure: models.Disclosure) -> Refusal | None:
    """A policy that this book cannot keep, a price of lateness outside the law or not disclosed, funders that are none."""
    policy, terms = booking.policy or LoanPolicy(), booking.terms
    rules = rules_on(terms.disbursed_on, disclosure.lender_type)
    if (refusal := refuse_multiplier(policy.penalty_multiplier, rules.penalty)) is not None:
        return refusal
    if policy.penalty_multiplier and policy.penalty_cap > rules.penalty.cap:
        text = f"罚息上限高于法定 · the cap on penalties is above the legal one: {policy.penalty_cap} > {rules.penalty.cap}"
        return Refusal("ABOVE_PENALTY_CAP", text, where="policy")
    disclosed = [ContingentItem(**item) for item in disclosure.form["overdue_items"]]
    if policy.penalty_multiplier and disclosed != list(contingent_items(policy, terms, disclosure.payee)):
        text = "明示表未载明该罚息 · the penalty is not what the confirmed form says"
        return Refusal("PENALTY_NOT_DISCLOSED", text, where=disclosure.id)
    if policy.prepayment in _NEEDS_RUNNING and not policy.recalculation:
        text = "提前还款冲抵后期须按实际余额计息 · this way of prepayment needs interest on the real balance (recalculation)"
        return Refusal("PREPAYMENT_NEEDS_RUNNING_INTEREST", text, where="policy")
    if policy.recalculation and terms.method == "flat":
        text = "等本等息不按实际余额计息 · flat interest does not follow the balance"
        return Refusal("FLAT_DOES_NOT_RUN", text, where="policy")
    if terms.periods > 1 and (terms.method == "at_will" or (policy.recalculation and terms.method == "bullet")):
        text = "到期一次还清、按实际余额计息的只有一期，期限写在每期间隔里 · one period (period_every) where all is due at the end and interest runs"
        return Refusal("ONE_PERIOD_ONLY", text, where="terms")
    weights = [weight for _, weight in booking.funders]
    wrong = booking.funders and (booking.funders[0][0] != disclosure.institution_id or min(weights) <= 0)
    if wrong or len({name for name, _ in booking.funders}) != len(booking.funders):
        text = "出资方须各不相同、份额为正，且首家为本机构 · distinct funders with weights above zero, the first the loan's own"
        return Refusal("FUNDERS_WRONG", text, where="funders")
    return None


def _runs_from(terms: LoanTerms, plan: Schedule) -> Days:
    """From when each row's interest runs: from its period's first day; a bullet loan's, asked with the last row, from the disbursement."""
    starts = plan.starts_on.copy()
    if terms.method == "bullet":
        starts[-1] = np.datetime64(terms.disbursed_on)
    return starts


_NEEDS_RUNNING = ("next_installment", "last_installment", "reduce_installment")


def _store_shares(loan: models.Loan, booking: Booking) -> None:
    """One row a funder, where there are several; the parts lie end to end."""
    if len(booking.funders) < 2:
        return
    loan.refresh_from_db(fields=["number"])
    total, start = sum(weight for _, weight in booking.funders), 0
    for institution, weight in booking.funders:
        models.Share.objects.create(
            loan=loan,
            loan_number=loan.number,
            institution_id=institution,
            from_weight=start,
            to_weight=start + weight,
            of_weight=total,
        )
        start += weight


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
        product=booking.product,
        policy={} if booking.policy is None else booking.policy.as_record(),
        terms=terms.extras(),
        disbursed_on=terms.disbursed_on,
        first_due_on=terms.first_due_on,
        final_due_on=plan.due_on[-1].item(),
        booked_on=today,
        recorded_at=now,
        state="booked",
    )
