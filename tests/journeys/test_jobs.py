"""Jobs: exactly what is committed is done; a rolled back one never runs; a killed worker loses nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import psycopg
import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app

from puhui.funding import queries as funding
from puhui.journeys import tasks
from puhui.journeys.apply import Applied
from puhui.kernel.refusal import Refused
from puhui.servicing import queries as servicing
from puhui.underwriting import queries as underwriting
from puhui.underwriting.views import VerdictView
from tests.journeys.conftest import NOW, Lender

PATIENCE = 30.0


class TestAJob:
    def test_of_a_transaction_that_rolls_back_never_runs(self, committed: Lender) -> None:
        applied = committed.applied()
        with transaction.atomic():
            accepted = committed.booked(applied)
            assert jobs() == [("todo", 0)]
            transaction.set_rollback(True)
        assert jobs() == []
        with one_shot_worker() as worker:
            assert worker.wait(PATIENCE) == 0
        with pytest.raises(LookupError):
            servicing.loan(accepted.loan_id)
        assert sum(use.used_minor for use in funding.quota_use()) == 0

    def test_of_a_committed_acceptance_pays_out_once(self, committed: Lender) -> None:
        accepted = committed.booked(committed.applied())
        with one_shot_worker() as worker:
            assert worker.wait(PATIENCE) == 0
        assert jobs() == [("succeeded", 1)]
        assert servicing.loan(accepted.loan_id).state == "active"
        tasks.disburse_loan(loan_id=accepted.loan_id)  # the same job once more
        assert len(servicing.journal(accepted.loan_id)) == 1

    def test_of_a_worker_killed_in_the_middle_is_run_again_and_pays_once(self, committed: Lender) -> None:
        accepted = committed.booked(committed.applied())
        with loan_held(accepted.loan_id), waiting_worker() as victim:
            wait_for(lambda: jobs() == [("doing", 0)] and somebody_waits_for_a_lock())
            victim.send_signal(signal.SIGKILL)
            assert victim.wait(PATIENCE) == -signal.SIGKILL
        wait_for(lambda: not somebody_waits_for_a_lock())
        assert jobs() == [("doing", 0)]
        assert servicing.loan(accepted.loan_id).state == "booked"
        assert in_a_loop_of_its_own(give_back) == 1
        with one_shot_worker() as worker:
            assert worker.wait(PATIENCE) == 0
        assert [status for status, _ in jobs()] == ["succeeded"]
        assert servicing.loan(accepted.loan_id).state == "active"
        assert len(servicing.journal(accepted.loan_id)) == 1
        assert servicing.verify() == []

    def test_that_expires_offers_closes_those_past_their_time_and_no_other(self, committed: Lender) -> None:
        late = committed.applied(now=NOW - timedelta(days=400))
        live = committed.applied(skip=1 + committed.approved.index(firm_of(committed, late)), now=database_clock())
        assert [tasks.expire_offers(timestamp=0) for _ in range(2)] == [1, 0]
        states = [underwriting.application(each.application_id).state for each in (late, live)]
        assert states == ["expired", "offered"]
        with pytest.raises(Refused, match="OFFER_NOT_OPEN"):
            committed.booked(late)
        rows = {each.task.name: each.cron for each in app.periodic_registry.periodic_tasks.values()}
        assert rows["puhui.journeys.expire_offers"] == "*/10 * * * *"

    def test_that_gives_stalled_jobs_back_runs_every_minute(self) -> None:
        rows = {each.task.name: each.cron for each in app.periodic_registry.periodic_tasks.values()}
        assert rows["puhui.journeys.retry_stalled"] == "* * * * *"
        assert tasks.STALLED_SECONDS == 30


def firm_of(lender: Lender, applied: Applied) -> VerdictView:
    code = underwriting.application(applied.application_id).firm_code
    return next(row for row in lender.approved if row.firm == code)


def database_clock() -> datetime:
    """The clock that jobs go by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def in_a_loop_of_its_own(work: Callable[[], Coroutine[None, None, int]]) -> int:
    """In a thread, since a browser test before this one may have left a running loop here."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


async def give_back() -> int:
    """What `retry_stalled` does, without waiting for thirty silent seconds."""
    with app.replace_connector(app.connector.get_worker_connector()) as jobs_app:
        async with jobs_app.open_async():
            return await tasks.retry_jobs_of_dead_workers(jobs_app, seconds=0)


def jobs() -> list[tuple[str, int]]:
    """Status and finished attempts of the disbursements (the worker's own upkeep left out)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text, attempts FROM procrastinate_jobs WHERE task_name = %s ORDER BY id",
            [tasks.disburse_loan.name],
        )
        return cursor.fetchall()


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def wait_for(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


@contextmanager
def loan_held(loan_id: str) -> Iterator[None]:
    """Another session holds the loan's row, so that the job stops in the middle of its transaction."""
    with psycopg.connect(os.environ["PUHUI_APP_URL"]) as link:
        link.execute("SELECT set_config('puhui.tenant', 'platform', false)")
        assert link.execute("SELECT id FROM servicing_loan WHERE id = %s FOR UPDATE", [loan_id]).fetchone()
        yield
        link.rollback()


@contextmanager
def waiting_worker(*extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker process on this test's database, as the application's role."""
    command = [sys.executable, "-m", "django", "procrastinate", "worker", "--concurrency", "1", *extra]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield worker
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.wait()


def one_shot_worker() -> "contextmanager[subprocess.Popen[bytes]]":  # type: ignore[valid-type]
    """A worker that leaves when there is nothing more to do."""
    return waiting_worker("--one-shot")
