"""An invented day of lending (虚构): the approved firms of an appraisal apply, and some of them accept.

What is invented, and labelled so wherever shown: the owners, that they apply, that they read the form for a minute, and
whether they accept. They accept with probability 1 − churn(rating, rate), the data's own curve, by a seeded hash.
What is not invented: everything else runs through the same journeys as for a real applicant. Idempotent: a second run
finds every application under its key and adds nothing.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from puhui.funding import operations as funding
from puhui.funding import queries as funding_queries
from puhui.journeys import accept as accepting
from puhui.journeys import apply as applying
from puhui.journeys import disburse as disbursing
from puhui.journeys.accept import Confirmation
from puhui.journeys.apply import Intake
from puhui.journeys.offer_shown import OfferShown
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import operations as servicing
from puhui.servicing import queries as servicing_queries
from puhui.simulate.owners import invented_owner, invented_shop
from puhui.underwriting import queries as underwriting
from puhui.underwriting.core.offer_book import ChurnCurve
from puhui.underwriting.loading import churn_of
from puhui.underwriting.views import AppraisalOutcome, VerdictView

STAGE = "模拟放款 invented lending day"
MONTHS = 12
READING = timedelta(minutes=1)  # how long the invented borrower reads the form
_TOGETHER = 20  # firms in one transaction
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What this run did; counts of firms. `loans_booked` and `lent_minor` are of this run only."""

    appraisal_id: str
    approved_firms: int
    outcomes: dict[str, int]
    loans_booked: int
    lent_minor: int
    by_institution: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Day:
    """What every firm of the day shares."""

    outcome: AppraisalOutcome
    curve: ChurnCurve
    seed: int
    now: datetime


def lend(
    appraisal_id: str, *, seed: int, now: datetime, progress: Progress | None = None, leave_out: Collection[str] = ()
) -> Summary:
    """Run the day for every approved firm, but those left out. Opens the books on the appraisal's day where none is open yet."""
    began, tell = time.perf_counter(), progress or (lambda stage, done, total: None)
    outcome = underwriting.outcome(appraisal_id)
    standing = underwriting.standing_appraisal()
    if standing is None or standing.load_id != outcome.load_id:
        text = "只能对最新数据的评审放款 · applicants are judged by the standing appraisal; lend from that one"
        raise Refused(Refusal("NOT_THE_STANDING_LOAD", text, where=appraisal_id))
    _prepare(outcome, now=now)
    day = _Day(outcome, churn_of(outcome.load_id), seed, now)
    approved = [row for row in outcome.rows if row.approved and row.firm not in leave_out]
    done: list[tuple[str, OfferShown | None]] = []
    for start in range(0, len(approved), _TOGETHER):
        tell(STAGE, start, len(approved))
        with transaction.atomic():
            done += [_one_firm(day, row) for row in approved[start : start + _TOGETHER]]
    tell(STAGE, len(approved), len(approved))
    booked = [shown for word, shown in done if word == "lent" and shown is not None]
    return Summary(
        appraisal_id=appraisal_id,
        approved_firms=len(approved),
        outcomes=dict(Counter(word for word, _ in done)),
        loans_booked=len(booked),
        lent_minor=sum(shown.principal_minor for shown in booked),
        by_institution=dict(Counter(shown.institution_name or "" for shown in booked)),
        seconds=round(time.perf_counter() - began, 3),
    )


def _prepare(outcome: AppraisalOutcome, *, now: datetime) -> None:
    if not funding_queries.programmes():
        funding.load_sample_programmes(now=now)
    if servicing_queries.business_date() is None:
        servicing.open_books(outcome.view.as_of, now=now)


def _one_firm(day: _Day, row: VerdictView) -> tuple[str, OfferShown | None]:
    """One word on how far the firm came, and its offer where it was lent on."""
    key = f"lending-day/{day.outcome.appraisal_id}/{day.seed}/{row.firm}"
    known = applying.asked_before(key)
    applied = applying.apply(_intake(day, row), key=key, now=day.now)
    if applied.held:
        return "held", None
    if applied.offer_id is None:
        return "refused", None
    shown = accepting.show_offer(applied.offer_id, now=day.now)
    if shown.state != "open":
        return "known" if known else "settled", None
    if shown.institution_id is None or shown.disclosure_hash is None:
        return "no_funder", None
    if _leaves(day, row, applied.annual_rate):
        accepting.decline(applied.offer_id, key=f"{key}/decline", now=day.now + READING)
        return "left", None
    return _lend(day, shown, key=key)


def _lend(day: _Day, shown: OfferShown, *, key: str) -> tuple[str, OfferShown | None]:
    later = day.now + READING
    confirmation = Confirmation(
        disclosure_hash=shown.disclosure_hash or "",
        consent_institution_id=shown.institution_id or "",
        shown_at=day.now,
        scrolled_to_end=True,
        channel="file",
        device="invented 虚构",
    )
    accepted = accepting.book(shown.offer_id, confirmation, key=f"{key}/accept", now=later)
    disbursing.disburse(accepted.loan_id, now=later)
    return "lent", shown


def _intake(day: _Day, row: VerdictView) -> Intake:
    return Intake(
        entrance="file",
        person=invented_owner(row.firm, seed=day.seed),
        shop=invented_shop(row.firm, row.name, invented=day.outcome.view.invented),
        requested_minor=row.limit_minor,
        months=MONTHS,
        consents=(applying.assessment_consent("file"),),
        partner_ref="虚构申请 invented application",
    )


def _leaves(day: _Day, row: VerdictView, annual_rate: str | None) -> bool:
    """Seeded by firm, so that the same day comes out again."""
    assert annual_rate is not None, "an offer has a rate"
    assert row.rating is not None, "an approved firm has a rating"
    place = day.curve.rates.index(float(annual_rate))
    return draw(day.seed, row.firm) < day.curve.churn[row.rating][place]


def draw(seed: int, firm: str) -> float:
    """A number in [0, 1) that belongs to the firm, the same on every machine."""
    text = f"lending day\x1f{seed}\x1f{firm}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:6]) / 2**48
