"""What the room's queries hand out: frozen values, never rows. Amounts in fen, rates as shares of one a year."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class LoadView:
    """`origin` is real or invented (虚构); `counts` holds firms, invoices and everything left out or warned of."""

    load_id: str
    name: str
    kind: str
    origin: str
    counts: dict[str, int]
    loaded_at: datetime

    @property
    def invented(self) -> bool:
        return self.origin == "invented"


@dataclass(frozen=True, slots=True)
class AppraisalView:
    """One solve. `checks`: cross-validated quality of the models; `caution_zh/en` say that the data are small."""

    appraisal_id: str
    load_id: str
    origin: str
    as_of: date
    budget_minor: int
    lgd: Decimal
    cost_of_funds: Decimal
    policy_version: str
    scorecard_id: str
    expected_profit_minor: int
    lent_minor: int
    dual_price: float
    dual_price_set_held: float
    firms: int
    approved: int
    checks: dict[str, Any]
    caution_zh: str
    caution_en: str
    seconds: dict[str, float]
    appraised_at: datetime

    @property
    def invented(self) -> bool:
        return self.origin == "invented"


@dataclass(frozen=True, slots=True)
class VerdictView:
    """The answer to one firm. `reasons` are {code, text_zh, text_en}, the decisive one first."""

    firm: str
    name: str
    rating: str | None
    rating_on_file: bool
    defaulted: int | None
    pd: float | None
    approved: bool
    limit_cap_minor: int
    limit_minor: int
    rate: float | None
    expected_profit_minor: int
    value_per_yuan: float | None
    reasons: list[dict[str, str]]
    decision_id: str
    appraisal_id: str


@dataclass(frozen=True, slots=True)
class OfferBookPage:
    rows: list[VerdictView]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class FirmPage:
    """A firm with its evidence (raw figures), model features (with words), ratios shown, and its verdict if appraised."""

    load_id: str
    origin: str
    firm_id: int
    code: str
    name: str
    rating: str | None
    defaulted: int | None
    as_of: date | None
    verdict: VerdictView | None
    evidence: dict[str, Any]
    features: list[dict[str, Any]]
    shown: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class AppraisalOutcome:
    """An appraisal with all its verdicts in the order of the load; `seconds` has load, features, model, optimise."""

    appraisal_id: str
    load_id: str
    view: AppraisalView
    rows: list[VerdictView]

    @property
    def seconds(self) -> dict[str, float]:
        return self.view.seconds


@dataclass(frozen=True, slots=True)
class Resolved:
    """A what-if at another budget; nothing is stored. `limits` maps approved firm codes to (limit, rate, profit)."""

    appraisal_id: str
    budget_minor: int
    expected_profit_minor: int
    lent_minor: int
    approved: int
    dual_price: float
    limits: dict[str, tuple[int, float, int]]
    seconds: float


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """`moves` are {move, state_before, state_after, moved_at}, oldest first; `offer_id` is empty before an offer."""

    application_id: str
    entrance: str
    person_id: str
    shop_id: str
    partner_ref: str
    load_id: str | None
    firm_code: str | None
    requested_minor: int
    months: int
    state: str
    submitted_at: datetime
    decision_id: str
    approved: bool | None
    limit_minor: int
    rating: str | None
    reasons: list[dict[str, str]]
    offer_id: str
    loan_id: str
    moves: list[dict[str, Any]]
    segment: str = ""
    purpose: str = ""
    id_expires_on: date | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class OfferView:
    """At most `limit_minor` at `annual_rate` until `valid_until`."""

    offer_id: str
    application_id: str
    decision_id: str
    person_id: str
    shop_id: str
    rating: str | None
    limit_minor: int
    annual_rate: Decimal
    months: int
    state: str
    made_at: datetime
    valid_until: datetime
    disclosure_hash: str


@dataclass(frozen=True, slots=True)
class FairnessView:
    """A kept report; `content` is that of core.fairness.report with `declared`, `not_found`, `over` and `four_fifths_line`."""

    report_id: str
    appraisal_id: str | None
    content: dict[str, Any]
    asked_by: str
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceLine:
    """One item as staff see it; `replaced` when a later one says it again, `verifiable` when a visit would grade it better."""

    item_id: str
    kind: str
    words: tuple[str, str]
    source: tuple[str, str]
    grade: str
    observed_from: date
    observed_to: date
    values: dict[str, Any]
    document_hash: str
    verified_by: str
    recorded_at: datetime
    replaced: bool
    verifiable: bool
    signals: list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class EvidenceShown:
    """What an application's shop brought, and what the answer made of it: estimates, bounds of the limit, parts of the price."""

    application: ApplicationView
    lines: list[EvidenceLine]
    answer: dict[str, Any]
