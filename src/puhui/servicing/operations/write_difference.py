"""Brings the stored loan from one fold to another: postings of the difference, rows, the loan's own columns, its move.

Rule kept: nothing in the journal is edited. What a fact changes, back-dated or not, is posted on the open business date as the
difference between the fold without it and the fold with it; rows and columns are derived and written anew where they differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from puhui.kernel.ids import new_id
from puhui.servicing import instalment_rows, models
from puhui.servicing.core import accounts, lifecycle
from puhui.servicing.core.daycount import day_of
from puhui.servicing.core.fold import Folded
from puhui.servicing.core.given_up import GIVEN_UP
from puhui.servicing.core.parted import Triple, of_steps, parted
from puhui.servicing.core.positions import MONEY_IN, Booked, Step, positions, steps
from puhui.servicing.core.rows import fees_ahead, rows_of, touched
from puhui.servicing.core.third_parties import CLAIM
from puhui.servicing.holders import holders, provision_parts
from puhui.servicing.operations.asked_once import Asked
from puhui.servicing.operations.write_entry import move


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the loan is written: the event, None where only time has passed; and the business date it is posted on."""

    kind: str
    event: models.Event | None
    effective_date: date
    business_date: date


ONE_DAY = timedelta(days=1)
_LONG = 200  # instalments; of a longer loan only rows that the two folds differ in are looked at


def write_difference(loan: models.Loan, before: Folded, after: Folded, cause: Cause, asked: Asked) -> str:
    """Write everything; returns the id of the first entry, empty where nothing was posted."""
    held, names = holders(loan)
    ended = {before.state, after.state} & set(GIVEN_UP)
    provided = provision_parts(loan, held, names, cause.business_date - ONE_DAY) if ended else None
    booked = Booked(loan.non_accrual_on is not None, 0 if provided is None else int(provided.sum()))
    if before.state == "transferred" and provided is not None:  # undone, or changed: as it was sold
        booked = replace(
            booked, price_minor=_sale(loan).amount_minor or 0, provision_minor=_sale(loan).details["provided"]
        )
    elif cause.event is not None and after.state == "transferred":
        booked = replace(booked, price_minor=cause.event.amount_minor or 0)
    was = positions(before, fees_ahead(before), booked)
    now = positions(after, fees_ahead(after), booked)
    postings = parted(steps(was, now), was, now, held, provided)
    wanted = dict(zip(names, postings, strict=True)) | _of_guarantors(before, after)
    entry_id = store_postings(loan, wanted, cause, asked)
    some = touched(before, after) if len(after.dues) > _LONG else None
    instalment_rows.write(loan, rows_of(after, some), whole=some is None)
    _write_loan(loan, after, cause, asked)
    return entry_id


def _sale(loan: models.Loan) -> models.Event:
    """How the loan went to somebody outside."""
    return models.Event.objects.filter(loan=loan, kind="transfer", details__outside=True).order_by("-sequence")[0]


def _of_guarantors(before: Folded, after: Folded) -> dict[str, list[Triple]]:
    """A guarantor's claim on the borrower, in its own books: it grows by what the guarantor pays, and falls by what it recovers."""
    found: dict[str, list[Triple]] = {}
    for guarantor in before.claims.keys() | after.claims.keys():
        more = after.claims.get(guarantor, 0) - before.claims.get(guarantor, 0)
        pair = (accounts.COMPENSATION_RECEIVABLE, accounts.CASH)
        if more:
            found[guarantor] = [(*(pair if more > 0 else pair[::-1]), abs(more))]
    return found


def post(loan: models.Loan, wanted: Sequence[Step], cause: Cause, asked: Asked) -> str:
    """One entry in the books of every funder that something moves in."""
    held, names = holders(loan)
    return store_postings(loan, dict(zip(names, of_steps(wanted, held), strict=True)), cause, asked)


def store_postings(loan: models.Loan, wanted: Mapping[str, list[Triple]], cause: Cause, asked: Asked) -> str:
    """One entry an institution; returns the id of the first, empty where nothing is posted."""
    stored = [_store(institution, found, loan, cause, asked) for institution, found in wanted.items() if found]
    return stored[0] if stored else ""


def _store(institution: str, found: list[Triple], loan: models.Loan, cause: Cause, asked: Asked) -> str:
    cash = sum(m if debit == accounts.CASH else -m for debit, credit, m in found if accounts.CASH in (debit, credit))
    entry = models.Entry.objects.create(
        id=new_id("entry", now=asked.now),
        institution_id=institution,
        kind=cause.kind,
        loan=loan,
        event=cause.event,
        cash_minor=cash or None,
        effective_date=cause.effective_date,
        business_date=cause.business_date,
        recorded_at=asked.now,
        idempotency_key=asked.key,
        input_hash=asked.input_hash,
    )
    models.Posting.objects.bulk_create(
        models.Posting(
            entry=entry,
            institution_id=institution,
            loan=loan,
            business_date=cause.business_date,
            debit=debit,
            credit=credit,
            amount_minor=minor,
        )
        for debit, credit, minor in found
    )
    return str(entry.id)


def _write_loan(loan: models.Loan, after: Folded, cause: Cause, asked: Asked) -> None:
    """The derived columns, and the move that the facts ask for. The next end of day looks at the loan."""
    back = loan.state == "transferred" and after.state == "open"
    _move(loan, after, cause, asked)
    oldest = after.dues.oldest_open(after.as_of) if after.state == "open" else None
    money_in = (t for t in after.transactions if t.kind in MONEY_IN and not t.reversed)
    received = sum(t.amount_minor - t.by_head.get(CLAIM, 0) for t in money_in)
    columns: dict[str, Any] = {
        "outstanding_minor": after.balance_minor,
        "credit_minor": after.credit_minor,
        "received_minor": received,
        "oldest_due_on": None if oldest is None else day_of(oldest),
        "look_on": None,
        "period_from": None,
        "period_to": None,
        "period_interest_minor": None,
        "closed_on": None if after.closed_on is None else day_of(after.closed_on),
        "final_due_on": day_of(max(after.dues.dues)),
        "state": loan.state,
    }
    if after.state in GIVEN_UP:
        columns |= {"provision_minor": 0, "ecl_minor": 0}
    elif back:
        columns |= _sale(loan).details["targets"]
    if cause.kind == "restructure":
        columns["restructured_on"] = cause.effective_date
    models.Loan.objects.filter(pk=loan.pk).update(**columns)


def _move(loan: models.Loan, after: Folded, cause: Cause, asked: Asked) -> None:
    target = _state(after, cause, loan.state)
    if target == loan.state:
        return
    verb = lifecycle.verb_to(loan.state, target, cause.kind)
    move(loan, verb, on=cause.business_date, now=asked.now, reason=cause.kind)


def _state(after: Folded, cause: Cause, now: str) -> str:
    if after.state in GIVEN_UP:
        return after.state
    if after.state == "closed":
        return "compensated" if after.closed_by == "compensate" else "closed"
    if now == "booked":
        return now
    return "overdue" if after.days_past_due else "active"
