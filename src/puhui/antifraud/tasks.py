"""The room's jobs: looking for dense groups in the graph of half a year.

A job may run twice. The clock is the database's, so that all workers agree.
"""

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from puhui.antifraud import operations
from puhui.store import tenancy

_AGAIN = RetryStrategy(max_attempts=3, exponential_wait=5, retry_exceptions=[OperationalError, InterfaceError])


@app.periodic(cron="50 18 * * *")  # ten to three in the morning in China
@app.task(name="puhui.antifraud.watch_groups", queue="upkeep", queueing_lock="watch_groups", retry=_AGAIN)
def watch_groups(timestamp: int) -> int:
    """Groups of applications that share things and still grow become leads; answers how many leads."""
    close_old_connections()
    with tenancy.scope(tenancy.PLATFORM):
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            now = cursor.fetchone()[0]
        return sum(group.leads for group in operations.watch_groups(now=now))
