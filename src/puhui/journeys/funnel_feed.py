"""Our own funnel told to acquisition: what became of the applications that an advertisement brought.

Rule kept: told from what the rooms know, never from within the applicant's own request, so a slow board slows nobody
down; each step of a person is told once. A media hears of a credit outcome only where the person gave a consent of its
own for that (purpose `tell_media`), and never of an overdue loan (acquisition/tables/conversions.csv).
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from puhui.acquisition import board, data_link
from puhui.acquisition import queries as acquisition
from puhui.acquisition.core import device_ids, signals
from puhui.acquisition.queries import Brought
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.underwriting import queries as underwriting

TELL_MEDIA = "tell_media"
DEFAULT_DAYS = 90
_CHINA = ZoneInfo("Asia/Shanghai")
_STEPS = ("register", "complete", "credit", "draw", "first_payment", "default")


def feed(*, now: datetime, back: timedelta = timedelta(days=3)) -> data_link.Taken:
    """Tell the steps, not told before, of applications brought since `now - back`."""
    brought = acquisition.brought_since(now - back)
    known = board.known_steps([each.application_id for each in brought])
    rows = []
    for each in brought:
        if all((each.application_id, kind) in known for kind in _STEPS[:-1]):
            continue
        rows += [row for row in _steps(each, now) if (each.application_id, row["kind"]) not in known]
    return data_link.take_signals(signals.frame_of(rows), now=now)


def _steps(brought: Brought, now: datetime) -> Iterator[dict[str, Any]]:
    application = underwriting.application(brought.application_id)
    said = {
        "subject": brought.application_id,
        "click_id": brought.click_id,
        "device": signals.signed(device_ids.from_digest(brought.device_hash)) if brought.device_hash else None,
        "consent": parties.has_consent(application.person_id, purpose=TELL_MEDIA),
    }
    for kind in ("register", "complete"):
        yield said | {"kind": kind, "happened_at": application.submitted_at}
    at = {move["state_after"]: move["moved_at"] for move in application.moves}
    if application.approved:
        yield said | {"kind": "credit", "happened_at": at.get("approved", now), "value_minor": application.limit_minor}
    if application.loan_id and "funded" in at:
        yield from (said | step for step in _loan_steps(application.loan_id, at["funded"], now))


def _loan_steps(loan_id: str, paid_out_at: datetime, now: datetime) -> Iterator[dict[str, Any]]:
    loan = servicing.loan(loan_id)
    yield {"kind": "draw", "happened_at": paid_out_at, "value_minor": loan.terms.principal_minor}
    first = next(iter(servicing.schedule(loan_id)), None)
    if first is not None and first.settled_on is not None:
        yield {"kind": "first_payment", "happened_at": min(_morning(first.settled_on), now)}
    if loan.days_past_due > DEFAULT_DAYS:
        yield {"kind": "default", "happened_at": now}


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=_CHINA)
