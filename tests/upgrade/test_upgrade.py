"""Upgrades keep data: a filled database of every release, from the first on, is restored, migrated and proved.

`tests/upgrade/releases/<version>/` is a backup that `python -m tests.upgrade.fill` wrote with that release: a small
invented town, appraised, with loans booked and a day closed. Its keys are of that town only.
"""

import os
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from puhui.cli import upkeep
from puhui.parties import queries as parties
from puhui.policy import queries as policy
from puhui.policy import replay
from puhui.servicing import queries as servicing
from puhui.store import archive, embedded, keyring, tenancy

RELEASES = sorted((Path(__file__).parent / "releases").glob("*/manifest.json"))


def test_there_is_a_filled_database_of_the_first_release() -> None:
    assert "0.1.0" in {manifest.parent.name for manifest in RELEASES}


@pytest.mark.parametrize("release", [manifest.parent for manifest in RELEASES], ids=lambda path: path.name)
def test_a_filled_database_is_migrated_without_losing_a_row(
    release: Path, fresh_database: embedded.Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUHUI_KEYS", str(release / "keys.json"))
    keyring.load.cache_clear()
    try:
        with psycopg.connect(fresh_database.owner, autocommit=True) as link:
            for table in archive.checksums(link):
                link.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))
            link.execute("DROP SCHEMA public CASCADE")
            link.execute("CREATE SCHEMA public")
        connections["default"].close()
        connections["owner"].close()
        assert os.environ["PUHUI_OWNER_URL"] == fresh_database.owner
        before = archive.read(release)["tables"]
        upkeep.bring_up_to_date()
        with psycopg.connect(fresh_database.owner) as link:
            after = archive.checksums(link)
        _nothing_lost(before, after)
        tenancy.enter(tenancy.PLATFORM)
        _everything_still_holds()
    finally:
        monkeypatch.undo()
        keyring.load.cache_clear()


def _nothing_lost(before: dict, after: dict) -> None:
    own = [table for table in before if not table.startswith(("django_", "auth_permission", "procrastinate_"))]
    assert len(own) > 20
    assert {t: after[t]["rows"] for t in own} == {t: before[t]["rows"] for t in own}


def _everything_still_holds() -> None:
    assert policy.verify_chain().broken_at is None
    assert servicing.verify() == []
    page = servicing.loans()
    assert page.total > 0
    person = parties.person(page.loans[0].person_id)
    assert person is not None
    assert person.invented
    decision = policy.models.Decision.objects.select_related("batch").order_by("sequence").first()
    assert decision is not None
    assert replay.replay(decision.id).same
