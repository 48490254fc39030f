"""kill -9 of the worker and of PostgreSQL at random moments of an end of day, while payments arrive: the book is the same.

Each attempt has a copy of one made-up book (虚构) in a server of its own, because PostgreSQL is killed too; afterwards the day is
simply run again, and everything is compared with a run that nobody disturbed: loans, instalments, lines, postings, moves, records.
Three attempts in `make test`, twenty in `make nightly`.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from puhui.servicing.tests import killing
from puhui.simulate import loan_book_rows
from puhui.store import embedded

PUHUI = str(Path(sys.executable).parent / "puhui")


class Server:
    """An installation of its own, with the book in the database `book`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {
            "PUHUI_VAR": str(home),
            "PUHUI_PG_SETTINGS": "fsync=off;full_page_writes=off;max_connections=30",
        }
        for name in ("DATABASE_URL", "PUHUI_OWNER_URL", "PUHUI_APP_URL", "PYTEST_XDIST_WORKER"):
            self.environment.pop(name, None)
        (home / "serving").touch()  # no command of ours stops the server when it ends
        self.start()
        self._migrated_like(os.environ["PUHUI_OWNER_URL"])
        with psycopg.connect(self.address("puhui")) as link:
            loan_book_rows.store(link, killing.LOANS, on=killing.ON, seed=11, now=killing.NOW, journal=True)

    def _migrated_like(self, source: str) -> None:
        """Tables, laws and rights as in the database of the test run, which nothing has been committed to."""
        with psycopg.connect(self.address("puhui"), autocommit=True) as link:
            link.execute(f"CREATE ROLE {embedded.APP_ROLE} LOGIN NOBYPASSRLS")
            link.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE puhui TO {embedded.APP_ROLE}")
        dumped = subprocess.run([embedded.program("pg_dump"), "-d", source], check=True, capture_output=True)
        restored = [embedded.program("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-d", self.address("puhui")]
        subprocess.run(restored, input=dumped.stdout, check=True, capture_output=True)

    def start(self) -> None:
        """Start the server, or wait until it has recovered from being killed."""
        code = "from puhui.store import embedded; print(embedded.attach(keep_running=True).owner)"
        done = subprocess.run(
            [sys.executable, "-c", code], env=self.environment, check=True, capture_output=True, text=True
        )
        self.owner = done.stdout.strip().splitlines()[-1]

    def address(self, database: str, *, role: str = "postgres") -> str:
        return self.owner.replace("/puhui?", f"/{database}?").replace("//postgres@", f"//{role}@")

    def copy(self, name: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as link:
            link.execute(f"CREATE DATABASE {name} TEMPLATE puhui STRATEGY FILE_COPY")
            link.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO puhui_app")

    def run(self, database: str, *arguments: str) -> "subprocess.Popen[str]":
        address = {"PUHUI_OWNER_URL": self.address(database), "PUHUI_APP_URL": self.address(database, role="puhui_app")}
        command = [sys.executable, "-m", "puhui.servicing.tests.killing", *arguments]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, env=self.environment | address, text=True, **pipes)

    def kill_postgres(self) -> None:
        """The postmaster and every process of it, at once and without a word."""
        postmaster = psutil.Process(int((self.home / "pg/postmaster.pid").read_text().split()[0]))
        doomed = [*postmaster.children(recursive=True), postmaster]
        for process in doomed:
            with suppress(psutil.NoSuchProcess):  # a helper of a query that has just ended
                process.kill()
        psutil.wait_procs(doomed, timeout=20)


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Server]:
    home = Path(tempfile.mkdtemp(prefix="puhui-kill-"))
    home.chmod(0o755)
    made = Server(home)
    try:
        yield made
    finally:
        subprocess.run([PUHUI, "down"], env=made.environment, check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def undisturbed(server: Server) -> tuple[str, float]:
    """The digest of a run that nobody disturbed, with the payments after it, and how long its first day took."""
    server.copy("undisturbed")
    process = server.run("undisturbed", "close", "pay", "through", "digest")
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    began = time.monotonic()
    assert process.stdout.readline() == "closed\n"
    seconds = time.monotonic() - began
    digest = digest_of(process)
    assert "breaches 0\n" in digest
    return digest, seconds


def digest_of(process: "subprocess.Popen[str]") -> str:
    """What a process that is left alone prints in the end, after it has closed the last day."""
    output, errors = process.communicate("go on\n", timeout=300)
    assert process.returncode == 0, errors[-3000:]
    return output.rpartition("closed\n")[2]


def attempt(server: Server, name: str, victim: str, after_seconds: float) -> str:
    """Kill the victim so long after the end of day has begun, then run everything again; returns the digest."""
    server.copy(name)
    payer, closer = server.run(name, "pay"), server.run(name, "close")
    assert closer.stdout is not None
    assert closer.stdout.readline() == "begun\n"
    time.sleep(after_seconds)
    if victim == "postgres":
        server.kill_postgres()
        payer.kill()  # it lost its connection
    else:
        closer.kill()
    closer.communicate(timeout=120)
    server.start()
    again = server.run(name, "close", "wait", "pay", "through", "digest")
    payer.communicate(timeout=120)  # after a killed worker the payments still go on
    return digest_of(again)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "victim"), [(1, "worker"), (2, "postgres"), (3, "worker")])
def test_a_killed_end_of_day_ends_in_the_identical_book(
    server: Server, undisturbed: tuple[str, float], number: int, victim: str
) -> None:
    moment = random.Random(number).random() * undisturbed[1]
    assert attempt(server, f"killed_{number}", victim, moment) == undisturbed[0]


@pytest.mark.nightly
@pytest.mark.parametrize("number", range(20))
def test_twenty_times_at_random_moments(server: Server, undisturbed: tuple[str, float], number: int) -> None:
    moment, victim = random.Random().random() * undisturbed[1], ("worker", "postgres")[number % 2]
    assert attempt(server, f"nightly_{number}", victim, moment) == undisturbed[0], f"{victim} after {moment:.3f} s"
