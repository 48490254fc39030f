"""From the house's values to the wire and back; and every error in one shape, mapped to HTTP in one place.

Rule kept: 401 at the door, 404 for what is not yours, 409 for the state of things, 422 for what was sent, 429 for too
often. A bug is a 500 that says nothing of its inside and is logged.
"""

from datetime import datetime
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from puhui.acquisition.operations import TouchDraft
from puhui.funding.partners import PartnerShown
from puhui.journeys import apply as applying
from puhui.journeys import outside_facts
from puhui.journeys.apply import Applied
from puhui.journeys.offer_shown import OfferShown
from puhui.kernel.refusal import Refusal, Refused
from puhui.parties.operations import ConsentDraft, PersonDraft, ShopDraft
from puhui.servicing import queries as servicing
from puhui.servicing.views import LoanView
from puhui.underwriting import queries as underwriting
from puhui.underwriting.core import questionnaire
from puhui.underwriting.core.evidence_item import Observed
from puhui.web import errors
from puhui.web.api import shapes
from puhui.web.api.door import CallRefused

_DOOR = {401: shapes.Problem, 429: shapes.Problem}
READS: dict[int, Any] = {**_DOOR, 404: shapes.Problem, 409: shapes.Problem, 422: shapes.Problem}
WRITES: dict[int, Any] = READS | {400: shapes.Problem}
_log = structlog.get_logger("puhui.api")


class NotYours(LookupError):
    """Nothing under this id was sent by you."""


def install(api: NinjaAPI) -> None:
    """One handler an error of the house."""

    def problem(request: HttpRequest, status: int, refusal: Refusal) -> HttpResponse:
        return api.create_response(
            request, {"code": refusal.code, "message": refusal.message, "where": refusal.where}, status=status
        )

    def unknown(request: HttpRequest, fault: Exception) -> HttpResponse:
        text = "没有找到，或不是您提交的 · there is no such thing, or you did not send it"
        return problem(request, 404, Refusal("NOT_FOUND", text, where=request.path))

    def bug(request: HttpRequest, fault: Exception) -> HttpResponse:
        _log.error("api fault", path=request.path, exc_info=fault)
        text = "系统出错，已记录；请稍后用同一幂等键重试 · our fault, logged; try again later with the same key"
        return problem(request, 500, Refusal("FAULT", text))

    api.exception_handler(CallRefused)(lambda request, no: problem(request, no.status, no.refusal))
    api.exception_handler(Refused)(lambda request, no: problem(request, errors.status_of(no.refusal), no.refusal))
    api.exception_handler(ValidationError)(lambda request, no: problem(request, 422, _first_wrong(no)))
    api.exception_handler(HttpError)(
        lambda request, no: problem(request, no.status_code, Refusal("REQUEST_UNREADABLE", str(no), "body"))
    )
    for missing in (NotYours, servicing.LoanNotFound, underwriting.OfferUnknown, underwriting.ApplicationUnknown):
        api.exception_handler(missing)(unknown)
    api.exception_handler(Exception)(bug)


def _first_wrong(fault: ValidationError) -> Refusal:
    """The first thing wrong; the value itself is not repeated, it may be personal."""
    wrong = fault.errors[0]
    where = ".".join(str(part) for part in wrong["loc"] if part != "body_params")
    more = f" (+{len(fault.errors) - 1})" if len(fault.errors) > 1 else ""
    return Refusal("INPUT_INVALID", f"内容不符合要求 · {wrong['msg']}{more}", where=where)


def intake(body: shapes.ApplicationIn, partner: PartnerShown) -> applying.Intake:
    touch = None
    if body.touch is not None:
        landed_at = aware(body.touch.landed_at, "touch.landed_at")
        touch = TouchDraft(body.touch.channel, body.touch.campaign, body.touch.click_id, None, landed_at)
    return applying.Intake(
        entrance="partner",
        person=PersonDraft(body.person.name, body.person.id_number, body.person.phone),
        shop=ShopDraft(body.shop.name, body.shop.credit_code, body.shop.evidence_code),
        requested_minor=body.requested_minor,
        months=body.months,
        consents=_consents(body),
        touch=touch,
        invoices=invoices(body.invoices) if body.invoices else None,
        partner_id=partner.id,
        segment=body.segment,
        answers=body.answers,
        proofs=_proofs(body),
    )


def _consents(body: shapes.ApplicationIn) -> tuple[ConsentDraft, ...]:
    """Whoever brings more than invoices has agreed to more being looked at; the credit bureau is a consent of its own."""
    more = questionnaire.says_more(body.answers) or bool(body.evidence)
    assessed = (applying.owner_consent if more else applying.assessment_consent)(body.consent.given_on)
    if not body.consent.credit_bureau_query:
        return (assessed,)
    return assessed, outside_facts.bureau_consent(body.consent.given_on)


def _proofs(body: shapes.ApplicationIn) -> tuple[applying.Proof, ...]:
    return tuple(
        applying.Proof(Observed(e.kind, e.source, e.observed_from, e.observed_to, e.values), e.document_hash)
        for e in body.evidence
    )


def invoices(sent: list[shapes.Invoice]) -> applying.OwnInvoices:
    return applying.invoices_of([applying.InvoiceDraft(**each.dict()) for each in sent])


def aware(moment: datetime, where: str) -> datetime:
    if moment.tzinfo is None:
        text = "时间须带时区，如 2026-01-31T09:00:00+08:00 · a time needs its zone"
        raise Refused(Refusal("TIME_ZONE_MISSING", text, where=where))
    return moment


def applied(answer: Applied) -> dict[str, Any]:
    """What was answered when it was applied for: the same again under the same key."""
    return {
        "application_id": answer.application_id,
        "state": answer.state,
        "decision_id": answer.decision_id,
        "offer_id": answer.offer_id,
        "limit_minor": answer.limit_minor if answer.offer_id else None,
        "annual_rate": answer.annual_rate,
        "months": answer.months,
        "valid_until": answer.valid_until,
        "loan_id": None,
        "reasons": answer.reasons,
    }


def offer(shown: OfferShown) -> dict[str, Any]:
    """The borrower's view: what other programmes refused, and what quota is left, is not the partner's business."""
    return {
        "offer_id": shown.offer_id,
        "application_id": shown.application_id,
        "state": shown.state,
        "principal_minor": shown.principal_minor,
        "months": shown.months,
        "valid_until": shown.valid_until,
        "institution_id": shown.institution_id,
        "institution_name": shown.institution_name,
        "institution_is_sample": shown.sample,
        "annual_rate": shown.annual_rate,
        "apr_simple": shown.apr_simple,
        "apr_compound": shown.apr_compound,
        "total_interest_minor": shown.total_interest_minor,
        "total_repaid_minor": shown.total_repaid_minor,
        "instalments": list(shown.instalments),
        "disclosure_hash": shown.disclosure_hash,
        "min_read_seconds": shown.min_read_seconds,
        "form": shown.disclosure,
    }


def loan(shown: LoanView) -> dict[str, Any]:
    names = ("n", "due_on", "principal_minor", "interest_minor", "due_minor", "unpaid_minor", "state")
    lines = servicing.schedule(shown.loan_id)
    return {
        "loan_id": shown.loan_id,
        "application_id": shown.application_id,
        "institution_id": shown.institution_id,
        "state": shown.state,
        "principal_minor": shown.terms.principal_minor,
        "annual_rate": f"{shown.terms.annual_rate:.6f}",
        "apr_simple": f"{shown.apr_simple:.6f}",
        "outstanding_minor": shown.outstanding_minor,
        "disbursed_on": shown.terms.disbursed_on,
        "days_past_due": shown.days_past_due,
        "schedule": [{name: getattr(line, name) for name in names} for line in lines],
    }
