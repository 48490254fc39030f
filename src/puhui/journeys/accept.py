"""From an offer to a booked loan: find who funds it, show what it costs, accept it, have it paid out.

Rules kept: the cost form (综合融资成本明示表) names the institution and is confirmed by its hash before any contract;
the legal cap by kind of lender and day is a hard gate (servicing checks it when the form is drawn up and again at
booking); handing data to that institution needs a consent of its own (PIPL Art. 23), which nothing here ticks by
default; the quota is reserved, the loan booked and its disbursement enqueued in one transaction.
"""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.funding import operations as funding
from puhui.funding.queries import MatchShown
from puhui.journeys import fraud_conditions, offer_shown, tasks
from puhui.journeys.asked_once import Asked, answer_once
from puhui.journeys.offer_shown import OfferShown
from puhui.journeys.way_to_borrow import AT_WILL, LEVEL, Way, policy_of, refuse_way, terms_of
from puhui.kernel import china_ids
from puhui.kernel.refusal import Refusal, Refused
from puhui.parties import operations as parties
from puhui.parties import queries as parties_queries
from puhui.parties.operations import ConsentDraft
from puhui.servicing import operations as servicing
from puhui.servicing import queries as servicing_queries
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.operations.book_loan import Booking
from puhui.servicing.operations.confirm_disclosure import Reading
from puhui.servicing.operations.disclose import DisclosureRequest, DrawnUp
from puhui.underwriting import operations as underwriting
from puhui.underwriting import queries as underwriting_queries
from puhui.underwriting.views import OfferView

FUNDING_PURPOSE = "funding"
FUNDING_TEXT = "funding-1"
HANDED_ON = ("identity", "contact", "business", "loan")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the borrower did: read the form, confirmed its hash, and consented to this one institution."""

    disclosure_hash: str
    consent_institution_id: str
    shown_at: datetime
    scrolled_to_end: bool
    channel: str
    device: str = ""
    way: Way = field(default_factory=Way)

    def as_record(self) -> dict[str, Any]:
        """For the hash under its key; the plain way is left out, as before there were two."""
        record = asdict(self)
        if self.way.plain:
            del record["way"]
        return record


@dataclass(frozen=True, slots=True)
class Accepted:
    """The loan is booked; its disbursement is enqueued."""

    loan_id: str
    offer_id: str
    application_id: str
    institution_id: str
    institution_name: str
    allotment_id: str
    consent_id: str
    disclosure_id: str


@transaction.atomic
def show_offer(offer_id: str, *, now: datetime, way: Way | None = None) -> OfferShown:
    """Find who funds the offer and draw up its cost form. Asked again on the same day it shows the same form. Raises Refused."""
    offer = underwriting_queries.offer(offer_id)
    if offer.state != "open":
        return offer_shown.of_settled(offer)
    match, terms, drawn = _prepare(offer, way or Way(), now=now)
    return offer_shown.of_open(offer, match, drawn, terms)


def ways_of(offer_id: str) -> tuple[str, ...]:
    """The ways of paying back that somebody funds this offer in today; nothing is recorded."""
    offer, today = underwriting_queries.offer(offer_id), servicing_queries.business_date()
    if offer.state != "open" or today is None:
        return ()
    return tuple(each for each in (LEVEL, AT_WILL) if funding.would_fund(_match_request(offer, each), as_of=today))


@transaction.atomic
def accept(offer_id: str, confirmation: Confirmation, *, key: str, now: datetime) -> Accepted:
    """Book the loan and enqueue its disbursement. Refused, with nothing moved, when anything differs from what was
    shown and confirmed."""

    def work() -> dict[str, Any]:
        booked = _book(offer_id, confirmation, key, now)
        loan_id = booked["loan_id"]
        tasks.disburse_loan.configure(lock=loan_id, queueing_lock=f"disburse:{loan_id}").defer(loan_id=loan_id)
        return booked

    return Accepted(**answer_once(_asked(offer_id, confirmation, key, now), work))


@transaction.atomic
def book(offer_id: str, confirmation: Confirmation, *, key: str, now: datetime) -> Accepted:
    """`accept` without the job, for a caller that pays out itself (the simulated lending day)."""
    asked = _asked(offer_id, confirmation, key, now)
    return Accepted(**answer_once(asked, lambda: _book(offer_id, confirmation, key, now)))


def _asked(offer_id: str, confirmation: Confirmation, key: str, now: datetime) -> Asked:
    return Asked("accept", key, confirmation.as_record() | {"offer_id": offer_id}, now)


@transaction.atomic
def decline(offer_id: str, *, key: str, now: datetime) -> str:
    """The borrower does not want it; returns the offer's state. Idempotent."""
    asked = Asked("decline", key, {"offer_id": offer_id}, now)
    return str(answer_once(asked, lambda: _decline(offer_id, now))["state"])


def _decline(offer_id: str, now: datetime) -> dict[str, Any]:
    underwriting.decline_offer(offer_id, now=now)
    return {"state": "declined"}


def _book(offer_id: str, confirmation: Confirmation, key: str, now: datetime) -> dict[str, Any]:
    offer = underwriting_queries.offer(offer_id)
    _refuse_unless_open(offer, now=now)
    fraud_conditions.refuse_unless_payee_named(offer.application_id)
    match, terms, drawn = _prepare(offer, confirmation.way, now=now)
    if match.institution_id is None or drawn is None or terms is None:
        raise Refused(Refusal("NO_FUNDER", "暂无资金方承接，请稍后再试 · nobody funds this offer now", where=offer_id))
    _refuse_if_changed(confirmation, match, drawn)
    consent = ConsentDraft(FUNDING_PURPOSE, HANDED_ON, FUNDING_TEXT, confirmation.channel, match.institution_id)
    consent_id = parties.give_consent(offer.person_id, consent, now=now)
    allotment_id = funding.reserve(match.id, as_of=match.as_of, now=now)
    reading = Reading(confirmation.shown_at, confirmation.scrolled_to_end, confirmation.device)
    servicing.confirm_disclosure(
        drawn.disclosure_id, sha256=confirmation.disclosure_hash, reading=reading, key=key, now=now
    )
    booking = Booking(drawn.disclosure_id, terms, policy=policy_of(confirmation.way))
    loan_id = servicing.book_loan(booking, key=f"book:{offer_id}", now=now)
    underwriting.accept_offer(offer_id, disclosure_hash=confirmation.disclosure_hash, now=now)
    accepted = Accepted(
        loan_id=loan_id,
        offer_id=offer_id,
        application_id=offer.application_id,
        institution_id=match.institution_id,
        institution_name=match.institution_name or "",
        allotment_id=allotment_id,
        consent_id=consent_id,
        disclosure_id=drawn.disclosure_id,
    )
    return asdict(accepted)


def _match_request(offer: OfferView, method: str) -> funding.MatchRequest:
    """The whole limit looks for money, however much of it is drawn first."""
    return funding.MatchRequest(
        application_id=offer.application_id,
        offer_id=offer.offer_id,
        amount_minor=offer.limit_minor,
        annual_rate=offer.annual_rate,
        months=offer.months,
        rating=offer.rating or "",
        method=method,
        place=_place_of(offer),
    )


def _place_of(offer: OfferView) -> str:
    """Where the business is: as its unified credit code says, else as its owner told; never where the owner was born."""
    shop = parties_queries.shop(offer.shop_id)
    registered = china_ids.division_of(shop.credit_code) if shop is not None else ""
    return registered or underwriting_queries.application(offer.application_id).place


def _prepare(offer: OfferView, way: Way, *, now: datetime) -> tuple[MatchShown, LoanTerms | None, DrawnUp | None]:
    """The match that stands, the terms it leads to, and the cost form of these terms; the same again on the same day."""
    today = _open_business_date()
    refuse_way(offer, way, where=offer.offer_id)
    match = funding.match(_match_request(offer, way.method), as_of=today, now=now)
    if match.institution_id is None or match.annual_rate is None:
        return match, None, None
    terms = terms_of(offer, match.annual_rate, way, fraud_conditions.payout_day(offer.application_id, today))
    form = DisclosureRequest(
        institution_id=match.institution_id,
        lender_type=match.lender_type or "",
        payee=match.institution_name or "",
        person_id=offer.person_id,
        shop_id=offer.shop_id,
        application_id=offer.application_id,
        offer_id=offer.offer_id,
        terms=terms,
    )
    drawn_first = "" if way.plain else f"/{way.draw_minor}"
    return match, terms, servicing.disclose(form, key=f"{offer.offer_id}/{match.id}/{today}{drawn_first}", now=now)


def _open_business_date() -> date:
    today = servicing_queries.business_date()
    if today is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "账簿尚未开启 · open the books on a first business date"))
    return today


def _refuse_unless_open(offer: OfferView, *, now: datetime) -> None:
    if offer.state != "open":
        text = f"该报价已是 {offer.state} 状态 · the offer is {offer.state} already"
        raise Refused(Refusal("OFFER_NOT_OPEN", text, where=offer.offer_id))
    if now >= offer.valid_until:
        raise Refused(
            Refusal("OFFER_EXPIRED", "该报价已过期，请重新申请 · the offer has expired", where=offer.offer_id)
        )


def _refuse_if_changed(confirmation: Confirmation, match: MatchShown, drawn: DrawnUp) -> None:
    if confirmation.disclosure_hash != drawn.sha256:
        text = "条款已变化，请重新查看明示表 · the terms are no longer those that were shown; look at the form again"
        raise Refused(Refusal("DISCLOSURE_DIFFERS", text, where=drawn.disclosure_id))
    if confirmation.consent_institution_id != match.institution_id:
        text = "需单独同意向该资金方提供信息 · a separate consent to this institution is needed (PIPL 23)"
        raise Refused(Refusal("CONSENT_MISSING", text, where=match.institution_id or ""))
