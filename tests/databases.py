"""Databases of the tests: copies of a template that nobody enters, and the connections moved into them.

Rule kept: a database that is copied is sealed first. What a test rolls back leaves its dead rows in the files, so a
template that tests also work in grows, and every copy with it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import connections, transaction

from puhui.store import embedded, tenancy

PRISTINE = "puhui_pristine"
ADDRESSES = ("PUHUI_OWNER_URL", "PUHUI_APP_URL")
_ALIASES = ("default", "owner")


@contextmanager
def copied(template: str, name: str) -> Iterator[None]:
    """A copy of a database that nobody is connected to, dropped in the end."""
    copy(template, name)
    try:
        yield
    finally:
        _forget_connections()
        _as_admin(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def moved_to(name: str) -> Iterator[embedded.Addresses]:
    """Both connections, and the addresses that a child process reads, point to this database; platform's scope."""
    urls = {key: os.environ[key] for key in ADDRESSES}
    names = {alias: connections[alias].settings_dict["NAME"] for alias in _ALIASES}
    _forget_connections()
    for alias in names:
        connections[alias].settings_dict["NAME"] = name
    os.environ.update({key: url.replace(f"/{embedded.DATABASE}?", f"/{name}?") for key, url in urls.items()})
    tenancy.enter(tenancy.PLATFORM)
    try:
        yield embedded.Addresses(os.environ["PUHUI_OWNER_URL"], os.environ["PUHUI_APP_URL"], embedded=True)
    finally:
        _forget_connections()
        for alias, former in names.items():
            connections[alias].settings_dict["NAME"] = former
        os.environ.update(urls)


@contextmanager
def rolled_back_in(name: str) -> Iterator[None]:
    """In this database, in a transaction that is rolled back: for tests that start from what a file filled once."""
    with moved_to(name), transaction.atomic():
        yield
        transaction.set_rollback(True)


def copy(template: str, name: str) -> None:
    """Copy files, not pages by way of the log: a third of the time for a database of this size."""
    _forget_connections()
    _as_admin(
        f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {embedded.APP_ROLE}",
    )


def seal(name: str) -> None:
    """Nobody enters this database any more; it stays as it is, to be copied."""
    _as_admin(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")


def _forget_connections() -> None:
    for alias in connections:
        connections[alias].close()


def _as_admin(*statements: str) -> None:
    address = urlunsplit(urlsplit(os.environ["PUHUI_OWNER_URL"])._replace(path="/postgres"))
    with psycopg.connect(address, autocommit=True) as link:
        for statement in statements:
            link.execute(statement)
