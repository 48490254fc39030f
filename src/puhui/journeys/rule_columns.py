"""What the credit rules may ask that other rooms know: anti-fraud's signals, the loan book, the consents; and who outside was asked.

Rule kept: a column is told only where it is known; the consent is looked up again for every decision made later than the application,
since it may have been taken back (PIPL 15). No lender is known before an offer has been matched, so nothing is told of one (0171).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from puhui.antifraud.core.assessment import Assessment
from puhui.journeys import outside_facts
from puhui.parties import queries as parties_queries
from puhui.servicing import queries as servicing_queries
from puhui.underwriting.outside.asking import Asked
from puhui.underwriting.owner_evidence import Brought

_HEARD = (
    "age_years",
    "red_share",
    "self_dealing_share",
)  # columns of the credit rules that anti-fraud's signals answer


@dataclass(frozen=True, slots=True)
class Known:
    """Whether the consent to be assessed stands, which keepers were asked, and the shop's evidence where it was read already."""

    consented: bool
    asked: tuple[Asked, ...] = ()
    brought: Brought | None = None


def known_later(person_id: str, *, needed: str, now: datetime) -> Known:
    """Of a decision made later than the application; `needed` is the purpose nobody is assessed without."""
    consented = parties_queries.has_consent(person_id, purpose=needed)
    return Known(consented, outside_facts.standing(person_id, now=now))


def columns(assessment: Assessment | None, person_id: str, known: Known) -> dict[str, Any]:
    """By the names of the shipped policy."""
    signals = assessment.signals if assessment is not None else {}
    seen = {name: signals[name] for name in _HEARD if signals.get(name) is not None}
    return seen | {"prior_loans": servicing_queries.loans_repaid(person_id), "consent_to_assess": known.consented}
