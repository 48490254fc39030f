"""End of day (日终) over the whole book, in slices, while payments go on arriving.

Rule kept: when the closing of D starts, D+1 is opened in the same transaction, so every payment belongs to exactly one date. The
book is closed in slices of loans, each in one transaction, by two workers at once; a loan that is written on before its slice's
turn is closed for D first. Killed anywhere, the next run goes on with the slices that are not done and ends in the identical
book; a day that is closed is answered from its record. If a law does not hold, the day stays `closing` and a person must look.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from queue import SimpleQueue
from threading import Thread

from django.db import connection, connections, transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models
from puhui.servicing.operations.close_slice import Closing, close_slice, closing_of
from puhui.servicing.operations.finish_day import LawBroken, finish_day
from puhui.servicing.slices import Range
from puhui.store import tenancy

__all__ = ["DaySummary", "LawBroken", "close_day", "close_through"]

Progress = Callable[[str, int, int], None]
STAGES = ("open next 开启次日", "close slices 分片结账", "prove 核对")
ONE_DAY = timedelta(days=1)
SLICE_LOANS = 25_000
WORKERS = 2
# Each core has its slice already, and every read and update of a slice goes by the index of a few thousand keys.
_PLAIN_PLANS = (
    "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
)


@dataclass(frozen=True, slots=True)
class DaySummary:
    """What the end of one business date did, over all institutions."""

    business_date: date
    next_business_date: date
    loans: int
    accrued_minor: int
    credit_used_minor: int
    became_overdue: int
    cured: int
    closed: int
    overdue_loans: int
    outstanding_minor: int
    penalty_minor: int = 0
    compound_minor: int = 0
    off_balance_minor: int = 0
    provision_minor: int = 0
    already_closed: bool = False


def close_day(*, now: datetime, day: date | None = None, progress: Progress | None = None) -> DaySummary:
    """Close `day`, or the date whose turn it is; returns the summary. A later day than that one is refused."""
    tell = progress or (lambda stage, done, total: None)
    turn = _start(day, now)
    if isinstance(turn, DaySummary):
        return turn
    tell(STAGES[0], 1, 1)
    _close_slices(turn, now, tell)
    finish_day(turn, now=now)
    tell(STAGES[2], 1, 1)
    return _summary(turn, already_closed=False)


def close_through(last: date, *, now: datetime, progress: Progress | None = None) -> list[DaySummary]:
    """Catch up: close every business date up to and including `last`, one after the other."""
    summaries = []
    while (turn := models.day_to_close()) is not None and turn.business_date <= last:
        summaries.append(close_day(now=now, day=turn.business_date, progress=progress))
    return summaries


@transaction.atomic
def _start(day: date | None, now: datetime) -> date | DaySummary:
    """The date to close, which is `closing` from here on: the next one is open and the slices are planned."""
    today = models.open_day(lock="update")
    if today is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "账簿尚未开启 · open the books on a first business date"))
    turn = models.closing_day() or today
    if day is not None and day != turn.business_date:
        return _answer_for_another_day(day, turn.business_date)
    if turn.state == "open":
        turn.state = "closing"
        turn.save(update_fields=["state"])
        models.BusinessDay.objects.create(business_date=turn.business_date + ONE_DAY, opened_at=now)
        _plan_slices(turn.business_date)
    return turn.business_date


def _answer_for_another_day(day: date, turn: date) -> DaySummary:
    if day > turn:
        text = f"请先关闭营业日 {turn} · days are closed in order"
        raise Refused(Refusal("DATES_OUT_OF_ORDER", text, where=str(day)))
    if not models.BusinessDay.objects.filter(business_date=day).exists():
        raise Refused(Refusal("DAY_UNKNOWN", "早于首个营业日 · before the books were opened", where=str(day)))
    return _summary(day, already_closed=True)


def _plan_slices(day: date) -> None:
    """Ranges of loan numbers that hold every loan booked so far, each about SLICE_LOANS wide."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO servicing_day_slice (business_date, first_number, last_number) "
            "SELECT %s, first, least(first + %s - 1, ends.highest) FROM "
            "(SELECT min(number) AS lowest, max(number) AS highest FROM servicing_loan) ends, "
            "generate_series(ends.lowest, ends.highest, %s) first",
            [day, SLICE_LOANS, SLICE_LOANS],
        )


def _close_slices(day: date, now: datetime, tell: Progress) -> None:
    slices = list(models.DaySlice.objects.filter(business_date=day).order_by("first_number"))
    waiting = [each for each in slices if each.done_at is None]
    done = len(slices) - len(waiting)
    tell(STAGES[1], done, len(slices))
    closing = closing_of(day, now=now)
    if connection.in_atomic_block or len(waiting) < WORKERS:  # other connections would not see what is not committed
        finished: Iterator[None] = (_close_one(each, closing) for each in waiting)
    else:
        finished = _in_parallel(waiting, closing)
    for _ in finished:
        done += 1
        tell(STAGES[1], done, len(slices))


@transaction.atomic
def _close_one(planned: models.DaySlice, closing: Closing) -> None:
    """One slice, alone: whoever writes on one of its loans waits, or has closed that loan already."""
    models.lock_slice(planned)
    with connection.cursor() as cursor:
        cursor.execute(_PLAIN_PLANS)
    planned.refresh_from_db()
    if planned.done_at is not None:
        return
    early = models.DayPart.objects.filter(
        business_date=planned.business_date,
        closed_early=True,
        first_number__range=(planned.first_number, planned.last_number),
    )
    without = tuple(early.values_list("first_number", flat=True).distinct())
    close_slice(Range(planned.business_date, planned.first_number, planned.last_number, without), closing)
    planned.done_at = closing.now
    planned.save(update_fields=["done_at"])


def _in_parallel(waiting: list[models.DaySlice], closing: Closing) -> Iterator[None]:
    """Two workers, each with its own connection: the work is done by PostgreSQL and in columns, outside Python's lock."""
    tenant, todo = tenancy.current(), deque(waiting)

    def work(tell: SimpleQueue[BaseException | None]) -> None:
        try:
            with tenancy.scope(tenant):
                while todo:
                    _close_one(todo.popleft(), closing)
                    tell.put(None)
        except IndexError:  # the other worker took the last one
            pass
        except BaseException as fault:
            todo.clear()
            tell.put(fault)
        finally:
            connections.close_all()

    told = SimpleQueue[BaseException | None]()
    workers = [Thread(target=work, args=(told,), name=f"end-of-day-{n}", daemon=True) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    try:
        for _ in waiting:
            if (fault := told.get()) is not None:
                raise fault
            yield
    finally:
        todo.clear()
        for worker in workers:
            worker.join()


def _summary(day: date, *, already_closed: bool) -> DaySummary:
    runs = list(models.DayRun.objects.filter(business_date=day))
    names = [field.name for field in fields(DaySummary) if hasattr(models.DayRun, field.name)]
    totals = {name: sum(getattr(run, name) for run in runs) for name in names if name != "business_date"}
    return DaySummary(day, day + ONE_DAY, **totals, already_closed=already_closed)
