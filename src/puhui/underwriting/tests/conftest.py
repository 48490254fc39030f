"""One made-up folder of firms, loaded and appraised once a run; each test that starts from it rolls back."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from puhui.underwriting import loading, operations
from puhui.underwriting.operations import AppraisalOutcome, AppraisalTerms
from puhui.underwriting.tests.invented_folder import Town, write_folder
from tests import databases

TOWN = Town(firms=60, labelled=45, sales_yuan=9_000_000)
TERMS = AppraisalTerms(budget_minor=300_000_000)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def appraised_once(
    django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, AppraisalOutcome]]:
    """The database, the folder it was loaded from (to be read only) and the outcome."""
    name, folder = f"appraised_{os.getpid()}", write_folder(tmp_path_factory.mktemp("appraised"), TOWN)
    with django_db_blocker.unblock(), databases.copied(databases.PRISTINE, name):
        with databases.moved_to(name):
            load_id = loading.load_folder(folder, now=NOW).load_id
            outcome = operations.appraise(load_id, terms=TERMS, now=NOW)
        yield name, folder, outcome


@pytest.fixture
def standing(
    appraised_once: tuple[str, Path, AppraisalOutcome], django_db_blocker: pytest.FixtureRequest
) -> Iterator[AppraisalOutcome]:
    """What stands, in a transaction that is rolled back."""
    name, _folder, outcome = appraised_once
    with django_db_blocker.unblock(), databases.rolled_back_in(name):  # type: ignore[attr-defined]
        yield outcome


@pytest.fixture
def its_folder(appraised_once: tuple[str, Path, AppraisalOutcome]) -> Path:
    """The folder that stands; to be read only."""
    return appraised_once[1]
