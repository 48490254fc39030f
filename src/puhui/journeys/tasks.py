"""The jobs: they run in a worker, are enqueued in the same transaction as what they follow from, and may run twice.

Rule kept: exactly what is committed is done. A worker that is killed leaves its job `doing`; the heartbeat stops, and
`retry_stalled` gives the job to another worker. Every job is idempotent by the id it carries.
The clock is the database's, so that all workers agree; a job is a door like web/ and cli/.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from puhui.acquisition import campaigns, creative_watch
from puhui.funding import partners
from puhui.journeys import audience_feed, fraud_leads, funnel_feed, money_feed
from puhui.journeys import close_day as closing
from puhui.journeys import disburse as disbursing
from puhui.journeys import watch_models as watching
from puhui.kernel.refusal import Refused
from puhui.policy import operations as policy
from puhui.policy import snapshot, versions
from puhui.store import places, tenancy
from puhui.underwriting import operations as underwriting

STALLED_SECONDS = 30
_AGAIN = RetryStrategy(max_attempts=8, exponential_wait=2, retry_exceptions=[OperationalError, InterfaceError])


@app.task(name="puhui.journeys.disburse_loan", queue="money", retry=_AGAIN)
def disburse_loan(*, loan_id: str) -> str:
    """Pay a booked loan out. Answers the loan's state."""
    with _as_platform() as now:
        return disbursing.disburse(loan_id, now=now).state


@app.task(name="puhui.journeys.close_day", queue="money", lock="close_day", retry=_AGAIN)
def close_day(*, day: str) -> str:
    """Close that business date; answers the next one. A date already closed is answered, nothing moves."""
    with _as_platform() as now:
        return closing.close_day(now=now, day=date.fromisoformat(day)).day.next_business_date.isoformat()


@app.periodic(cron="* * * * *")
@app.task(name="puhui.journeys.retry_stalled", queue="upkeep", queueing_lock="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> int:
    """Give the jobs of dead workers (no heartbeat for 30 s) to living ones; answers how many."""
    return await retry_jobs_of_dead_workers(context.app, seconds=STALLED_SECONDS)


@app.periodic(cron="17 * * * *")
@app.task(name="puhui.journeys.sweep_partner_calls", queue="upkeep", queueing_lock="sweep_partner_calls")
def sweep_partner_calls(timestamp: int) -> int:
    """Forget used nonces and minute counts that can no longer matter."""
    with _as_platform() as now:
        return partners.sweep(now=now)


@app.periodic(cron="*/10 * * * *")
@app.task(name="puhui.journeys.expire_offers", queue="upkeep", queueing_lock="expire_offers", retry=_AGAIN)
def expire_offers(timestamp: int) -> int:
    """Close the offers whose time has passed; answers how many. Until then an offer too old is refused all the same."""
    with _as_platform() as now:
        return len(underwriting.expire_offers(now=now))


@app.periodic(cron="30 18 * * *")  # half past two in the morning in China
@app.task(name="puhui.journeys.watch_models", queue="upkeep", queueing_lock="watch_models", retry=_AGAIN)
def watch_models(timestamp: int) -> int:
    """Yesterday's figures of every live model, and alerts where they passed a line; answers how many models."""
    with _as_platform() as now:
        yesterday = now.astimezone(watching.SHANGHAI).date() - timedelta(days=1)
        return len(watching.watch_models(yesterday, now=now))


@app.periodic(cron="45 19 * * *")  # a quarter to four in the morning in China
@app.task(name="puhui.journeys.autopsies", queue="upkeep", queueing_lock="autopsies", retry=_AGAIN)
def autopsies(timestamp: int) -> int:
    """Loans that never paid become leads of anti-fraud; answers how many."""
    with _as_platform() as now:
        return fraud_leads.autopsies(now=now)


@app.periodic(cron="* * * * *")
@app.task(name="puhui.journeys.watch_guardrails", queue="upkeep", queueing_lock="watch_guardrails", retry=_AGAIN)
def watch_guardrails(timestamp: int) -> int:
    """Stop challengers that are beyond a guard-rail, also where nobody applies just now; answers how many."""
    with _as_platform() as now:
        return len(policy.check_guardrails(now=now))


@app.periodic(cron="* * * * *")
@app.task(name="puhui.journeys.run_shadows", queue="upkeep", queueing_lock="run_shadows", retry=_AGAIN)
def run_shadows(timestamp: int) -> int:
    """Let the shadows look at what was decided in the last minute; answers how many decisions."""
    with _as_platform() as now:
        return policy.run_shadows(now=now)


@app.periodic(cron="23 18 * * *")
@app.task(name="puhui.journeys.policy_snapshots", queue="upkeep", queueing_lock="policy_snapshots", retry=_AGAIN)
def policy_snapshots(timestamp: int) -> int:
    """Bring the columnar copies that backtests read up to date (02:23 in Beijing); answers how many rows they hold."""
    with _as_platform():
        return sum(snapshot.fill(book.kind).rows for book in versions.rulebooks())


@app.periodic(cron="* * * * *")
@app.task(name="puhui.journeys.feed_funnel", queue="media", queueing_lock="feed_funnel", retry=_AGAIN)
def feed_funnel(timestamp: int) -> int:
    """Tell acquisition what became of the last days' applications; once a night of the last four months'. Answers new facts."""
    with _as_platform() as now:
        nightly = now.hour == 19 and now.minute == 0
        return funnel_feed.feed(now=now, back=timedelta(days=120 if nightly else 3)).new


@app.periodic(cron="40 18 * * *")  # twenty to three in the morning in China
@app.task(name="puhui.journeys.build_audiences", queue="media", queueing_lock="build_audiences", retry=_AGAIN)
def build_audiences(timestamp: int) -> int:
    """Bring the audiences up to date with what the rooms know and hand them to the servers; answers how many devices entered or left one."""
    with _as_platform() as now:
        moved = sum(moved.entered + moved.left for moved in audience_feed.build(now=now).values())
        _publish_audiences("nightly", now)
        return moved


@app.task(name="puhui.journeys.publish_audiences", queue="media", lock="publish_audiences", retry=_AGAIN)
def publish_audiences(*, by: str) -> int:
    """Hand the audiences as they stand to the servers; answers how many devices they hold."""
    with _as_platform() as now:
        return _publish_audiences(by, now)


@app.periodic(cron="10 19 * * *")  # ten past three in the morning in China, after the night's funnel
@app.task(name="puhui.journeys.feed_money", queue="media", queueing_lock="feed_money", retry=_AGAIN)
def feed_money(timestamp: int) -> int:
    """Tell acquisition what the loans it brought earned, by day; answers how many rows that took."""
    with _as_platform() as now:
        return money_feed.feed(now=now)


@app.periodic(cron="20 17 * * *")  # twenty past one in the morning in China: yesterday is whole
@app.task(name="puhui.journeys.watch_creatives", queue="media", queueing_lock="watch_creatives", retry=_AGAIN)
def watch_creatives(timestamp: int) -> int:
    """Judge what runs, stop campaigns that lose, and shut their strategies; answers how many campaigns were stopped."""
    with _as_platform() as now:
        stopped = creative_watch.watch(now=now)
        campaigns.obey(places.var_dir() / "rta", now=now)
        return stopped


def _publish_audiences(by: str, now: datetime) -> int:
    """Nobody in any audience is no fault: then there is nothing to hand over."""
    try:
        return audience_feed.publish(places.var_dir() / "rta", by=by, now=now).ids
    except Refused as refused:
        if refused.refusal.code != "AUDIENCE_EMPTY":
            raise
        return 0


async def retry_jobs_of_dead_workers(jobs: Any, *, seconds: float) -> int:
    """Every job in `doing` whose worker is gone or silent is put back to `todo`."""
    stalled = list(await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=seconds))
    for job in stalled:
        await jobs.job_manager.retry_job(job)
    return len(stalled)


@contextmanager
def _as_platform() -> Iterator[datetime]:
    """A fresh connection if the old one died, the platform's scope, and the database's clock."""
    close_old_connections()
    with tenancy.scope(tenancy.PLATFORM):
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            now = cursor.fetchone()[0]
        yield now
