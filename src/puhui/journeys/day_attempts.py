"""Each run of an end of day is remembered: when it began, how long it took, what ended it. And the run that is asked for or under way.

Rule kept: a run that fails says why to whoever looks, not only to the log. A run that is killed leaves no row; the date stays
`closing` and the next run goes on with it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from puhui.journeys import models

_TASK = "puhui.journeys.close_day"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One finished run; `fault` is empty where the date was closed."""

    business_date: date
    started_at: datetime
    milliseconds: int
    fault: str


@contextmanager
def remembered(day: date, *, now: datetime) -> Iterator[None]:
    """Measure what happens inside and keep it, with the fault that ended it."""
    began = time.perf_counter()
    fault = "killed"
    try:
        yield
        fault = ""
    except Exception as ended:
        fault = f"{type(ended).__name__}: {ended}"[:500]
        raise
    finally:
        if fault != "killed" and not (fault and connection.in_atomic_block):  # a broken transaction can keep nothing
            models.DayAttempt.objects.create(
                business_date=day, started_at=now, milliseconds=round((time.perf_counter() - began) * 1000), fault=fault
            )


def attempts(*, limit: int = 200) -> list[Attempt]:
    """The last runs, latest first."""
    rows = models.DayAttempt.objects.order_by("-id")[:limit]
    return [Attempt(row.business_date, row.started_at, row.milliseconds, row.fault) for row in rows]


def asked_for(day: date) -> bool:
    """Whether a job that closes this date waits or runs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE task_name = %s AND status IN ('todo', 'doing') "
            "AND args ->> 'day' = %s)",
            [_TASK, day.isoformat()],
        )
        return bool(cursor.fetchone()[0])


@transaction.atomic
def ask_for(day: date) -> bool:
    """Queue the job that closes this date, unless one waits or runs already; answers whether it was queued."""
    from puhui.journeys import tasks

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{_TASK}/{day}"])
    if asked_for(day):
        return False
    tasks.close_day.defer(day=day.isoformat())
    return True
