"""End of day (日终): pay out what is booked for today, close the business date, list who is late.

Rule kept: each step is its own transaction and idempotent, so a run that is killed is simply run again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from puhui.arrears import operations as arrears
from puhui.arrears.core.buckets import LateLoan
from puhui.journeys import day_attempts, disburse
from puhui.kernel.refusal import Refused
from puhui.servicing import book
from puhui.servicing import operations as servicing
from puhui.servicing import queries as servicing_queries
from puhui.servicing.operations.close_day import DaySummary

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class DayClosed:
    """`late` loans are on the worklist of the closed date; `refused` loans could not be paid out, with the reason."""

    day: DaySummary
    disbursed: int
    late: int
    refused: dict[str, str]


def close_day(*, now: datetime, day: date | None = None, progress: Progress | None = None) -> DayClosed:
    """Close `day` (the open business date if not given). A day that is closed already is answered, nothing moves."""
    disbursed, refused = 0, dict[str, str]()
    turn = book.date_to_close()
    if turn == servicing_queries.business_date() and day in (None, turn):  # not where a killed run only goes on
        disbursed, refused = _pay_out(now=now)
    with day_attempts.remembered(day or turn or now.date(), now=now):
        summary = servicing.close_day(now=now, day=day, progress=progress)
    late_loans = (LateLoan(*each) for each in servicing_queries.late_loans(as_of=summary.business_date))
    late = arrears.refresh_worklist(late_loans, as_of=summary.business_date)
    return DayClosed(summary, disbursed, late, refused)


def close_through(last: date, *, now: datetime, progress: Progress | None = None) -> Iterator[DayClosed]:
    """Catch up: one end of day after the other, up to and including `last`."""
    while (turn := book.date_to_close()) is not None and turn <= last:
        yield close_day(now=now, day=turn, progress=progress)


def _pay_out(*, now: datetime) -> tuple[int, dict[str, str]]:
    done, refused = 0, dict[str, str]()
    for loan_id in disburse.waiting():
        try:
            done += disburse.disburse(loan_id, now=now).state == "active"
        except Refused as no:
            refused[loan_id] = str(no.refusal)
    return done, refused
