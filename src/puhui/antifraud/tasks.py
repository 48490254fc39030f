"""The room's jobs: looking for dense groups in the graph of half a year, leads from complaints, watching fraud models, training them again.

A job may run twice. The clock is the database's, so that all workers agree.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from puhui.antifraud import operations
from puhui.antifraud.core.signals import ZONE
from puhui.store import tenancy

_AGAIN = RetryStrategy(max_attempts=3, exponential_wait=5, retry_exceptions=[OperationalError, InterfaceError])


@app.periodic(cron="50 18 * * *")  # ten to three in the morning in China
@app.task(name="puhui.antifraud.watch_groups", queue="upkeep", queueing_lock="watch_groups", retry=_AGAIN)
def watch_groups(timestamp: int) -> int:
    """Groups of applications that share things and still grow become leads; answers how many leads."""
    with _as_platform() as now:
        return sum(group.leads for group in operations.watch_groups(now=now))


@app.periodic(cron="55 18 * * *")  # five to three in the morning in China
@app.task(
    name="puhui.antifraud.leads_from_complaints", queue="upkeep", queueing_lock="leads_from_complaints", retry=_AGAIN
)
def leads_from_complaints(timestamp: int) -> int:
    """Applications that complaints of late are about become leads; answers how many."""
    with _as_platform() as now:
        return operations.leads_from_complaints(now=now)


@app.periodic(cron="35 18 * * *")  # twenty-five to three in the morning in China
@app.task(name="puhui.antifraud.learn_peers", queue="models", queueing_lock="learn_peers", retry=_AGAIN)
def learn_peers(timestamp: int) -> int:
    """What is ordinary among peers, anew; answers the picture's number, 0 where too few applications are on record."""
    with _as_platform() as now:
        return operations.learn_peers(now=now) or 0


@app.periodic(cron="5 19 * * *")  # five past three in the morning in China
@app.task(name="puhui.antifraud.watch_fraud_models", queue="upkeep", queueing_lock="watch_fraud_models", retry=_AGAIN)
def watch_fraud_models(timestamp: int) -> int:
    """Yesterday's figures of every fraud model that scores or waits, and alerts where they passed a line; answers how many alerts."""
    with _as_platform() as now:
        return operations.watch_models(now.astimezone(ZONE).date() - timedelta(days=1), now=now)


@app.periodic(cron="20 19 * * 6")  # on Sundays, twenty past three in the morning in China
@app.task(name="puhui.antifraud.retrain", queue="models", queueing_lock="retrain_fraud_model", retry=_AGAIN)
def retrain(timestamp: int) -> str:
    """A new challenger where one is due; answers its id, or why none was trained. A person approves it or not."""
    with _as_platform() as now:
        return operations.retrain_if_due(now=now)


@contextmanager
def _as_platform() -> Iterator[datetime]:
    close_old_connections()  # a worker lives longer than a connection may
    with tenancy.scope(tenancy.PLATFORM):
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            now = cursor.fetchone()[0]
        yield now
