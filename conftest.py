"""Fixtures of all tests: a real PostgreSQL of the test run's own, migrated once, entered as the application's role.

`db`             a transaction that is rolled back, inside tenancy.scope("platform")
`fresh_database` a committed copy of the migrated template for this one test (kill, commit and isolation tests)

Each worker of pytest-xdist has a server of its own; the process that only hands out tests has none. Copies are made of
a template that no test enters: what is rolled back leaves its dead rows behind, and a template that grows with every
test made each copy take seconds.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from puhui.store import embedded
from tests import databases

_SETTINGS = "fsync=off;synchronous_commit=off;full_page_writes=off;max_connections=40"
# Each worker has a processor; the threads of a matrix library that has none wait by spinning, and take it from the others.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
_ROOM = 4 * 2**30
_COPIES = count()
_home = Path()


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Django and the server, as early as there are options to read: the next conftest may import models."""
    global _home
    _home = Path(tempfile.mkdtemp(prefix="puhui-test-", dir=_in_memory()))
    _home.chmod(0o755)
    os.environ.pop("DATABASE_URL", None)
    os.environ |= {
        "PUHUI_VAR": str(_home),
        "DJANGO_SETTINGS_MODULE": "puhui.web.settings",
        "PUHUI_PG_SETTINGS": _SETTINGS,
        **_ONE_THREAD,
    }
    hands_out = _hands_out(pluginmanager)
    if not hands_out:
        embedded.attach()
    import django
    from django.conf import settings

    django.setup()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # slow ones prove nothing here
    if hands_out:  # or pytest-django would set up the workers with it, before they have a server
        del os.environ["DJANGO_SETTINGS_MODULE"]


def _in_memory() -> str | None:
    """A file system in memory with room enough, if there is one: each copy of the template makes 1,200 files, seconds on some disks."""
    room = Path("/dev/shm")
    if not os.access(room, os.W_OK) or shutil.disk_usage(room).free < _ROOM:
        return None
    return str(room)


def _hands_out(pluginmanager: pytest.PytestPluginManager) -> bool:
    """Does this process only hand tests to the workers of pytest-xdist?"""
    config = pluginmanager.get_plugin("pytestconfig")
    assert isinstance(config, pytest.Config)
    asked = config.known_args_namespace
    workers = getattr(asked, "numprocesses", None) or getattr(asked, "tx", None)
    return bool(workers) and not asked.usepdb and "PYTEST_XDIST_WORKER" not in os.environ


def pytest_unconfigure() -> None:
    embedded.stop()
    shutil.rmtree(_home, ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files of long stories first, so that the workers end together; a file stays in one piece and in order."""
    stories = config.rootpath / "tests"
    long = {item.path for item in items if item.path.is_relative_to(stories) or item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> None:
    """Migrate the run's own database once, and keep a copy for copying; nothing of pytest-django's test_ database."""
    from puhui.cli import upkeep

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        upkeep.bring_up_to_date()
        databases.copy(embedded.DATABASE, databases.PRISTINE)
        databases.seal(databases.PRISTINE)


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
    for name in databases.ADDRESSES:  # a test may set them too, and monkeypatch must end with what stands now
        monkeypatch.setenv(name, os.environ[name])
    name = f"copy_{os.getpid()}_{next(_COPIES)}"
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        databases.copied(databases.PRISTINE, name),
        databases.moved_to(name) as addresses,
    ):
        yield addresses
