"""The partner API (助贷渠道接口), mounted at /api/v1/: applications in, offers and loans out.

Rule kept: a partner sees only what it sent, and what is not its own answers like what does not exist (404). Writing
calls carry an Idempotency-Key: the same key with the same body gives the same answer, with another body 409.
"""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Header, NinjaAPI, Path
from ninja.responses import Status

from puhui.funding import partners
from puhui.funding.partners import PartnerShown
from puhui.journeys import accept as accepting
from puhui.journeys import apply as applying
from puhui.servicing import queries as servicing
from puhui.underwriting import queries as underwriting
from puhui.web import clock
from puhui.web.api import answers, shapes
from puhui.web.api.door import SignedByPartner, as_platform, docs_page

ABOUT = """\
合作渠道接口：提交申请，查看报价与贷款 · Applications in, offers and loans out.

Money is in fen (整数分), rates are decimal text, days ISO 8601, times with a zone. Every error has the same shape
`{code, message, where}`.

**Signing 签名.** Send `X-Key-Id`, `X-Timestamp` (Unix seconds, at most 300 s from ours), `X-Nonce` (8–80 characters, never used
before) and `X-Signature` = hex(HMAC-SHA256(secret, text)), where text is five lines joined by a line feed: the method, the path with its
query string, the timestamp, the nonce, hex(SHA-256(body)). Anything wrong is 401 and stores nothing.

**Idempotency 幂等.** Calls that write carry `Idempotency-Key`: the same key with the same body gives the same answer, with another
body 409. A retry carries a new nonce and the same key.

**Rate 频率.** Calls a minute by contract: `X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset` (seconds); beyond it 429 with
`Retry-After`.
"""

api = NinjaAPI(
    title="Puhui 普惠 partner API",
    version="1",
    urls_namespace="partner-api",
    description=ABOUT,
    auth=SignedByPartner(),
    docs_decorator=docs_page,
    openapi_extra={"info": {"license": {"name": "Apache-2.0"}}},
)
api.add_decorator(as_platform, mode="view")
answers.install(api)

Key = Annotated[shapes.Key, Header(alias="Idempotency-Key")]
ApplicationId = Annotated[str, Path(), shapes.prefixed("app")]
OfferId = Annotated[str, Path(), shapes.prefixed("offer")]
LoanId = Annotated[str, Path(), shapes.prefixed("loan")]


@api.post("/applications", response={201: shapes.ApplicationOut} | answers.WRITES, operation_id="apply")
def apply(request: HttpRequest, body: shapes.ApplicationIn, key: Key) -> Any:
    """An application, decided at once. 201 with an offer or with reasons."""
    partner = _partner(request)
    applied = applying.apply(answers.intake(body, partner), key=f"{partner.id}/{key}", now=clock.now())
    return Status(201, answers.applied(applied))


@api.get("/applications/{application_id}", response={200: shapes.ApplicationOut} | answers.READS,
         operation_id="application")  # fmt: skip
def application(request: HttpRequest, application_id: ApplicationId) -> Any:
    """An application of yours as it stands now."""
    _own(request, application_id)
    return applying.shown(application_id)


@api.post("/applications/{application_id}/invoices", response={201: shapes.ApplicationOut} | answers.WRITES,
          operation_id="add_invoices")  # fmt: skip
def add_invoices(request: HttpRequest, application_id: ApplicationId, body: shapes.InvoicesIn, key: Key) -> Any:
    """The applicant's own invoices, after a refusal for want of them: a new application on the same terms."""
    partner = _own(request, application_id)
    sent = answers.invoices(body.invoices)
    applied = applying.apply_again(application_id, sent, key=f"{partner.id}/{key}", now=clock.now())
    return Status(201, answers.applied(applied))


@api.get("/offers/{offer_id}", response={200: shapes.OfferOut} | answers.READS, operation_id="offer")
def offer(request: HttpRequest, offer_id: OfferId) -> Any:
    """The offer with its cost form, as the borrower must see it before accepting."""
    _own_offer(request, offer_id)
    return answers.offer(accepting.show_offer(offer_id, now=clock.now()))


@api.post("/offers/{offer_id}/accept", response={201: shapes.AcceptedOut} | answers.WRITES, operation_id="accept")
def accept(request: HttpRequest, offer_id: OfferId, body: shapes.AcceptIn, key: Key) -> Any:
    """The borrower read the form, confirms its hash, and consents to this institution. 201: the loan is booked."""
    partner = _own_offer(request, offer_id)
    confirmation = accepting.Confirmation(
        disclosure_hash=body.disclosure_hash,
        consent_institution_id=body.consent_institution_id,
        shown_at=answers.aware(body.shown_at, "shown_at"),
        scrolled_to_end=body.scrolled_to_end,
        channel="partner",
        device=body.device,
    )
    return Status(201, accepting.accept(offer_id, confirmation, key=f"{partner.id}/{key}", now=clock.now()))


@api.post("/offers/{offer_id}/decline", response={200: shapes.StateOut} | answers.WRITES, operation_id="decline")
def decline(request: HttpRequest, offer_id: OfferId, key: Key) -> Any:
    """The borrower does not want it."""
    partner = _own_offer(request, offer_id)
    return {"id": offer_id, "state": accepting.decline(offer_id, key=f"{partner.id}/{key}", now=clock.now())}


@api.get("/loans/{loan_id}", response={200: shapes.LoanOut} | answers.READS, operation_id="loan")
def loan(request: HttpRequest, loan_id: LoanId) -> Any:
    """A loan with its schedule."""
    shown = servicing.loan(loan_id)
    _own(request, shown.application_id)
    return answers.loan(shown)


def _partner(request: HttpRequest) -> PartnerShown:
    partner: PartnerShown = request.auth  # type: ignore[attr-defined]
    return partner


def _own(request: HttpRequest, application_id: str) -> PartnerShown:
    """The caller, when it sent this application; for anybody else the application does not exist."""
    partner = _partner(request)
    if not partners.sent_by(partner.id, application_id):
        raise answers.NotYours(application_id)
    return partner


def _own_offer(request: HttpRequest, offer_id: str) -> PartnerShown:
    return _own(request, underwriting.offer(offer_id).application_id)
