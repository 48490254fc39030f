"""What goes over the wire: money in fen (整数分), rates as decimal text, days in ISO form, text without control characters.

Rule kept: what is not in these shapes is refused by name before anything is read further.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, StringConstraints

_PLAIN = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=_PLAIN)]
Word = Annotated[str, StringConstraints(max_length=120, pattern=_PLAIN)]
Key = Annotated[str, StringConstraints(min_length=8, max_length=80, pattern=r"^[A-Za-z0-9_.:-]+$")]
Fen = Annotated[int, Field(ge=1, le=10**12, strict=True)]
SignedFen = Annotated[int, Field(ge=-(10**13), le=10**13, strict=True)]


def prefixed(prefix: str) -> Any:
    """The pattern of our ids, such as `offer_` and 32 hexadecimal digits."""
    return StringConstraints(pattern=rf"^{prefix}_[0-9a-f]{{32}}$")


class Strict(Schema):
    """A body with a field we do not know is refused rather than half understood."""

    model_config = ConfigDict(extra="forbid")


class Person(Strict):
    name: Name
    id_number: Annotated[str, StringConstraints(min_length=15, max_length=20, pattern=_PLAIN)]
    phone: Annotated[str, StringConstraints(min_length=11, max_length=20, pattern=_PLAIN)]


class Shop(Strict):
    name: Name
    credit_code: Annotated[str, StringConstraints(max_length=18, pattern=_PLAIN)] = ""
    evidence_code: Annotated[str, StringConstraints(max_length=60, pattern=_PLAIN)] = ""


class Touch(Strict):
    """Where the applicant came from, for the effect of advertising; optional."""

    channel: Name
    campaign: Word = ""
    click_id: Word = ""
    landed_at: datetime


class Consent(Strict):
    """The applicant's own consent to be assessed (PIPL 13–15); never assumed.

    `credit_bureau_query`: a separate consent to ask the credit bureau (征信业管理条例 18). Without it the bureau is not asked."""

    credit_assessment: Literal[True]
    credit_bureau_query: bool = False
    given_on: Literal["partner_page", "partner_paper"]


class Invoice(Strict):
    """One VAT invoice. `counterparty` is a code or name; a red invoice is negative."""

    direction: Literal["sale", "purchase"]
    number: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=_PLAIN)]
    issued_on: date
    counterparty: Name
    net_minor: SignedFen
    tax_minor: SignedFen
    valid: bool = True


class Evidence(Strict):
    """Something of a small owner's beside invoices. `values` are the kind's own fields, in fen; checked by kind and named when
    wrong. What a partner passes on is graded as such: a bank's or a tax office's grade comes from them, not from here."""

    kind: Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[a-z_]+$")]
    source: Literal["partner", "document", "photo", "statement"]
    observed_from: date
    observed_to: date
    values: dict[str, Any]
    document_hash: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""


class ApplicationIn(Strict):
    """`answers` are those of the small owners' questions by name (docs/recipes/small-owners.md), amounts in yuan as text."""

    person: Person
    shop: Shop
    requested_minor: Fen
    months: Annotated[int, Field(ge=1, le=60, strict=True)]
    consent: Consent
    touch: Touch | None = None
    invoices: Annotated[list[Invoice], Field(max_length=20_000)] = []
    segment: Literal["", "shop", "company", "farmer"] = ""
    answers: Annotated[dict[Name, Word], Field(max_length=60)] = {}
    evidence: Annotated[list[Evidence], Field(max_length=200)] = []


class InvoicesIn(Strict):
    invoices: Annotated[list[Invoice], Field(min_length=1, max_length=20_000)]


class AcceptIn(Strict):
    """`disclosure_hash` is that of the form shown; the consent names the institution the data goes to (PIPL 23)."""

    disclosure_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    consent_institution_id: Annotated[str, prefixed("inst")]
    shown_at: datetime
    scrolled_to_end: bool
    device: Word = ""


class Reason(Schema):
    code: str
    text_zh: str
    text_en: str


class ApplicationOut(Schema):
    """`state` is the application's; an offer stands when `offer_id` is not null."""

    application_id: str
    state: str
    decision_id: str | None
    offer_id: str | None
    limit_minor: int | None
    annual_rate: str | None
    months: int
    valid_until: datetime | None
    loan_id: str | None
    reasons: list[Reason]


class InstalmentOut(Schema):
    n: int
    due_on: date
    due_minor: int


class OfferOut(Schema):
    """What the borrower must be shown. `form` is the cost disclosure; `disclosure_hash` is what is confirmed."""

    offer_id: str
    application_id: str
    state: str
    principal_minor: int
    months: int
    valid_until: datetime
    institution_id: str | None
    institution_name: str | None
    institution_is_sample: bool
    annual_rate: str | None
    apr_simple: str | None
    apr_compound: str | None
    total_interest_minor: int
    total_repaid_minor: int
    instalments: list[InstalmentOut]
    disclosure_hash: str | None
    min_read_seconds: int
    form: dict[str, Any] | None


class AcceptedOut(Schema):
    loan_id: str
    offer_id: str
    application_id: str
    institution_id: str
    institution_name: str


class StateOut(Schema):
    id: str
    state: str


class LineOut(Schema):
    n: int
    due_on: date
    principal_minor: int
    interest_minor: int
    due_minor: int
    unpaid_minor: int
    state: str


class LoanOut(Schema):
    loan_id: str
    application_id: str
    institution_id: str
    state: str
    principal_minor: int
    annual_rate: str
    apr_simple: str
    outstanding_minor: int
    disbursed_on: date
    days_past_due: int
    schedule: list[LineOut]


class Problem(Schema):
    """Every error, whatever its status: a stable code, what to do (中文 · English), and where."""

    code: str
    message: str
    where: str
