"""An offer as it is shown: who funds it, what it costs, the form to confirm; or why nobody funds it.

Rule kept: the numbers shown are those of the stored form, the one whose hash is confirmed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from puhui.funding import queries as funding_queries
from puhui.funding.queries import MatchShown
from puhui.journeys.way_to_borrow import AT_WILL
from puhui.kernel.money import format_yuan
from puhui.servicing import queries as servicing_queries
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.limit import MONTH_DAYS, first_days_minor
from puhui.servicing.operations.disclose import DrawnUp
from puhui.underwriting.views import OfferView


@dataclass(frozen=True, slots=True)
class OfferShown:
    """An offer with its cost. Without an institution (`institution_id` None) `candidates` say why; nothing to accept.

    Rates are text with six decimals; `apr_simple` is the total yearly cost that is checked against `cap`.
    """

    offer_id: str
    application_id: str
    state: str
    principal_minor: int
    months: int
    valid_until: datetime
    institution_id: str | None
    institution_name: str | None
    sample: bool
    annual_rate: str | None
    apr_simple: str | None
    apr_compound: str | None
    cap: str | None
    above_cap_compound: bool
    total_interest_minor: int
    total_repaid_minor: int
    instalments: tuple[dict[str, Any], ...]
    disclosure_id: str | None
    disclosure_hash: str | None
    disclosure: dict[str, Any] | None
    min_read_seconds: int
    candidates: list[dict[str, Any]]
    method: str = "equal_installment"
    draw_minor: int = 0  # at will: what is drawn first, and what it costs if kept: a day, thirty days
    day_minor: int = 0
    month_minor: int = 0

    @property
    def draw_yuan(self) -> str:
        """What is drawn first, as it is typed."""
        return format_yuan(self.draw_minor)


def of_open(offer: OfferView, match: MatchShown, drawn: DrawnUp | None, terms: LoanTerms | None = None) -> OfferShown:
    """An offer with the match that stands and the form drawn up for it."""
    kept = servicing_queries.disclosure(drawn.disclosure_id) if drawn else None
    form = kept["form"] if kept else {}
    at_will = terms is not None and terms.method == AT_WILL
    return OfferShown(
        offer_id=offer.offer_id,
        application_id=offer.application_id,
        state=offer.state,
        principal_minor=offer.limit_minor,
        months=offer.months,
        valid_until=offer.valid_until,
        institution_id=match.institution_id,
        institution_name=match.institution_name,
        sample=match.sample,
        annual_rate=f"{match.annual_rate:.6f}" if match.annual_rate is not None else None,
        apr_simple=drawn.apr_simple if drawn else None,
        apr_compound=drawn.apr_compound if drawn else None,
        cap=drawn.cap if drawn else None,
        above_cap_compound=drawn.above_cap_compound if drawn else False,
        total_interest_minor=form.get("total_cost_minor", 0),
        total_repaid_minor=form.get("total_repaid_minor", 0),
        instalments=tuple({"n": n, "due_on": due, "due_minor": minor} for n, due, minor in form.get("instalments", ())),
        disclosure_id=drawn.disclosure_id if drawn else None,
        disclosure_hash=drawn.sha256 if drawn else None,
        disclosure=form or None,
        min_read_seconds=kept["min_read_seconds"] if kept else 0,
        candidates=match.candidates,
        method=terms.method if terms else "equal_installment",
        draw_minor=terms.principal_minor if terms and at_will else 0,
        day_minor=first_days_minor(terms, 1) if terms and at_will else 0,
        month_minor=first_days_minor(terms, MONTH_DAYS) if terms and at_will else 0,
    )


def of_settled(offer: OfferView) -> OfferShown:
    """An offer that was accepted, declined or has expired: with the form it was accepted under, if any; nothing is drawn up."""
    loan_id = servicing_queries.loans_of_offers([offer.offer_id]).get(offer.offer_id)
    loan = servicing_queries.loan(loan_id) if loan_id else None
    kept = servicing_queries.disclosure(loan.disclosure_id) if loan else None
    match = next((m for m in reversed(funding_queries.matches_of(offer.application_id)) if m.programme_id), None)
    if loan is None or kept is None or match is None:
        return _bare(offer)
    drawn = DrawnUp(
        disclosure_id=loan.disclosure_id,
        sha256=kept["sha256"],
        apr_simple=f"{loan.apr_simple:.6f}",
        apr_compound=f"{loan.apr_compound:.6f}",
        cap=f"{kept['cap']:.6f}",
        above_cap_compound=loan.apr_compound > kept["cap"],
    )
    return of_open(offer, match, drawn, loan.terms)


def _bare(offer: OfferView) -> OfferShown:
    empty = MatchShown(
        id="",
        application_id=offer.application_id,
        offer_id=offer.offer_id,
        programme_id=None,
        programme_code=None,
        institution_id=None,
        institution_name=None,
        lender_type=None,
        sample=False,
        amount_minor=offer.limit_minor,
        months=offer.months,
        annual_rate=None,
        as_of=offer.made_at.date(),
        candidates=[],
    )
    return of_open(offer, empty, None)
