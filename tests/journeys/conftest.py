"""A small lender for the stories: an invented town appraised, sample institutions, open books, one good firm to apply.

Everything here is invented (虚构). The lender is founded once a run, in a database of its own; a story either rolls back in
a copy that all share (`lender`) or runs in one that is its own (`committed`).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from django.db import transaction

from puhui.journeys import accept as accepting
from puhui.journeys import apply as applying
from puhui.journeys.accept import Accepted, Confirmation
from puhui.journeys.apply import Applied, Intake
from puhui.journeys.offer_shown import OfferShown
from puhui.parties.operations import ShopDraft
from puhui.simulate.owners import invented_owner
from puhui.simulate.town import build_town
from puhui.underwriting.views import AppraisalOutcome, VerdictView
from tests.databases import PRISTINE, copied, moved_to, seal

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
READING = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Lender:
    """What a story starts from."""

    outcome: AppraisalOutcome
    today: date

    @property
    def approved(self) -> list[VerdictView]:
        return [row for row in self.outcome.rows if row.approved]

    def intake(self, row: VerdictView, **changes: object) -> Intake:
        """The firm's invented owner asks for what the appraisal would lend."""
        wanted = Intake(
            entrance="phone",
            person=invented_owner(row.firm, seed=1),
            shop=ShopDraft(row.name, evidence_code=row.firm, invented=True),
            requested_minor=row.limit_minor or 10_000_000,
            months=12,
            consents=(applying.assessment_consent("phone"),),
        )
        return replace(wanted, **changes)  # type: ignore[arg-type]

    def applied(self, *, skip: int = 0, now: datetime = NOW, **changes: object) -> Applied:
        """The first approved firm (after `skip`) that nobody doubts applies and gets an offer."""
        for row in self.approved[skip:]:
            applied = applying.apply(self.intake(row, **changes), key=f"apply/{row.firm}", now=now)
            if applied.offer_id and accepting.show_offer(applied.offer_id, now=now).institution_id:
                return applied
        raise AssertionError("no firm of the town got a funded offer; build another town")

    def booked(self, applied: Applied, *, key: str = "key-accept") -> Accepted:
        assert applied.offer_id is not None
        shown = accepting.show_offer(applied.offer_id, now=NOW)
        return accepting.accept(applied.offer_id, confirmation(shown), key=key, now=NOW + READING)


def confirmation(shown: OfferShown, **changes: object) -> Confirmation:
    """The borrower read the form to its end and consented to the institution it names."""
    read = Confirmation(
        disclosure_hash=shown.disclosure_hash or "",
        consent_institution_id=shown.institution_id or "",
        shown_at=NOW,
        scrolled_to_end=True,
        channel="phone",
    )
    return replace(read, **changes)  # type: ignore[arg-type]


def found(folder: Path, *, now: datetime = NOW) -> Lender:
    """Load, appraise, bring the sample institutions, open the books. Needs a database in the platform's scope."""
    from puhui.funding import operations as funding
    from puhui.servicing import operations as servicing
    from puhui.underwriting import operations as underwriting

    load = underwriting.load_folder(folder, now=now)
    outcome = underwriting.appraise(load.load_id, terms=underwriting.AppraisalTerms(), now=now)
    funding.load_sample_programmes(now=now)
    servicing.open_books(outcome.view.as_of, now=now)
    return Lender(outcome, outcome.view.as_of)


@pytest.fixture(scope="session")
def founded(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[tuple[str, Lender]]:
    """One database a run in which `found` is committed; it is only copied, nobody enters it any more."""
    town = build_town(tmp_path_factory.mktemp("town") / "town", firms=160, seed=1)
    name = f"founded_{os.getpid()}"
    with django_db_blocker.unblock(), copied(PRISTINE, name):  # type: ignore[attr-defined]
        with moved_to(name):
            lender = found(town.folder)
        seal(name)
        yield name, lender


@pytest.fixture(scope="session")
def rolled_back_in(founded: tuple[str, Lender], django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """The copy that all stories with `lender` share; what they roll back leaves dead rows, so it is never copied."""
    name = f"stories_{os.getpid()}"
    with django_db_blocker.unblock(), copied(founded[0], name):  # type: ignore[attr-defined]
        yield name


@pytest.fixture
def lender(
    founded: tuple[str, Lender], rolled_back_in: str, django_db_blocker: pytest.FixtureRequest
) -> Iterator[Lender]:
    """In a transaction that is rolled back."""
    with django_db_blocker.unblock(), moved_to(rolled_back_in), transaction.atomic():  # type: ignore[attr-defined]
        yield founded[1]
        transaction.set_rollback(True)


@pytest.fixture
def committed(founded: tuple[str, Lender], django_db_blocker: pytest.FixtureRequest) -> Iterator[Lender]:
    """In a database of its own, committed: for workers, kills and isolation. The addresses stand in the environment."""
    name = f"story_{os.getpid()}_{next(_NUMBERS)}"
    with django_db_blocker.unblock(), copied(founded[0], name), moved_to(name):  # type: ignore[attr-defined]
        yield founded[1]


_NUMBERS = count()
