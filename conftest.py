"""Fixtures of all tests: a real PostgreSQL of the test run's own, migrated once, entered as the application's role.

`db`             a transaction that is rolled back, inside tenancy.scope("platform")
`fresh_database` a committed copy of the migrated template for this one test (kill, commit and isolation tests)
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_HOME = Path(tempfile.mkdtemp(prefix="puhui-test-"))
_HOME.chmod(0o755)
os.environ["PUHUI_VAR"] = str(_HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "puhui.web.settings"
os.environ["PUHUI_PG_SETTINGS"] = "fsync=off;synchronous_commit=off;full_page_writes=off;max_connections=40"
os.environ.pop("DATABASE_URL", None)

from puhui.store import embedded

_ADDRESSES = embedded.attach()

import django

django.setup()


def pytest_unconfigure() -> None:
    embedded.stop()
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> None:
    """Migrate the run's own database once; nothing of pytest-django's test_ database."""
    from puhui.cli import upkeep

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        upkeep.bring_up_to_date()
        _forget_connections()


@pytest.fixture(autouse=True)
def _as_platform(request: pytest.FixtureRequest) -> Iterator[None]:
    rolled_back = "db" in request.fixturenames or request.node.get_closest_marker("django_db")
    if not rolled_back or "fresh_database" in request.fixturenames:
        yield
        return
    request.getfixturevalue("_django_db_helper")
    from puhui.store import tenancy

    with tenancy.scope(tenancy.PLATFORM):
        yield


@pytest.fixture
def fresh_database(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[embedded.Addresses]:
    """Both connections moved to a copy of the migrated database; scope is the platform's on `default`."""
    import psycopg
    from django.db import connections

    from puhui.store import tenancy

    name = f"copy_{os.getpid()}_{next(_COPIES)}"
    admin = _ADDRESSES.owner.replace(f"/{embedded.DATABASE}?", "/postgres?")
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        _forget_connections()
        with psycopg.connect(admin, autocommit=True) as link:
            link.execute(f"CREATE DATABASE {name} TEMPLATE {embedded.DATABASE}")
            link.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {embedded.APP_ROLE}")
        moved = embedded.Addresses(
            owner=_ADDRESSES.owner.replace(f"/{embedded.DATABASE}?", f"/{name}?"),
            app=_ADDRESSES.app.replace(f"/{embedded.DATABASE}?", f"/{name}?"),
            embedded=True,
        )
        monkeypatch.setenv("PUHUI_OWNER_URL", moved.owner)
        monkeypatch.setenv("PUHUI_APP_URL", moved.app)
        before = {alias: connections[alias].settings_dict["NAME"] for alias in ("default", "owner")}
        for alias in before:
            connections[alias].settings_dict["NAME"] = name
        tenancy.enter(tenancy.PLATFORM)
        try:
            yield moved
        finally:
            _forget_connections()
            for alias, former in before.items():
                connections[alias].settings_dict["NAME"] = former
            with psycopg.connect(admin, autocommit=True) as link:
                link.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


_COPIES = _numbers()


def _forget_connections() -> None:
    from django.db import connections

    for alias in connections:
        connections[alias].close()
