"""The room's jobs: fitting a tape that was brought on a page.

A job carries an id and nothing else; it may run twice. The clock is the database's, so that all workers agree.
"""

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from puhui.store import tenancy
from puhui.underwriting import tape_jobs

_AGAIN = RetryStrategy(max_attempts=3, exponential_wait=5, retry_exceptions=[OperationalError, InterfaceError])


@app.task(name="puhui.underwriting.fit_model", queue="models", lock="fit_model", retry=_AGAIN)
def fit_model(*, fit_id: str) -> str:
    """Fit, judge and register; one at a time, for a fit takes all the cores there are. Answers done or refused."""
    close_old_connections()
    with tenancy.scope(tenancy.PLATFORM):
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            now = cursor.fetchone()[0]
        return tape_jobs.run(fit_id, now=now)
