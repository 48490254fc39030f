"""Writes one fact of one loan and one move, and takes the loan to be written on: what the single-loan operations share.

Rule kept: facts are appended; moves follow the life-cycle table. Entries are posted by write_difference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models
from puhui.servicing.core import lifecycle
from puhui.servicing.operations.asked_once import Asked
from puhui.servicing.operations.close_early import close_early


@dataclass(frozen=True, slots=True)
class Said:
    """What a fact says: its day, and as its kind asks an amount, a reference, further details, the event it undoes."""

    on: date
    amount_minor: int | None = None
    ref: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    reverses: str | None = None


def store_event(kind: str, asked: Asked, *, loan: models.Loan, said: Said, business_date: date) -> models.Event:
    """Append one fact; its place among the facts of its day is the order in which facts are stored."""
    return models.Event.objects.create(
        id=new_id("event", now=asked.now),
        institution_id=loan.institution_id,
        loan=loan,
        kind=kind,
        effective_date=said.on,
        amount_minor=said.amount_minor,
        ref=said.ref,
        details=dict(said.details),
        reverses_id=said.reverses,
        business_date=business_date,
        recorded_at=asked.now,
        idempotency_key=asked.key,
        input_hash=asked.input_hash,
    )


def move(loan: models.Loan, verb: str, *, on: date, now: datetime, reason: str = "") -> None:
    """Change the loan's state by the table and store the step; the caller saves the loan."""
    reached = lifecycle.after(loan.state, verb)
    if isinstance(reached, Refusal):
        raise Refused(reached)
    models.Move.objects.create(
        loan=loan,
        institution_id=loan.institution_id,
        from_state=loan.state,
        verb=verb,
        to_state=reached,
        effective_date=on,
        recorded_at=now,
        reason=reason,
    )
    loan.state = reached


def refuse_unless_today(on: date) -> date:
    """The open business date, kept open until the transaction ends; refuses any other day."""
    today = models.open_day(lock="share")
    if today is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "账簿尚未开启 · open the books on a first business date"))
    if on != today.business_date:
        text = f"只能记在当前营业日 {today.business_date} · only the open business date can be posted to, not {on}"
        raise Refused(Refusal("NOT_THE_BUSINESS_DATE", text, where=str(on)))
    return today.business_date


def loan_or_refusal(loan_id: str) -> models.Loan:
    """The loan, locked and ready to be written on: while a day is closing it is closed for that day first.

    Refuses an unknown id (or one of another institution, which is the same thing).
    """
    close_early(loan_id)
    loan = models.lock_loan(loan_id)
    if loan is None:
        raise _unknown(loan_id)
    return loan


def books_of(loan_id: str) -> str:
    """The institution in whose books the loan stands; refuses an unknown id."""
    found = models.Loan.objects.filter(pk=loan_id).values_list("institution_id", flat=True).first()
    if found is None:
        raise _unknown(loan_id)
    return str(found)


def _unknown(loan_id: str) -> Refused:
    return Refused(Refusal("LOAN_UNKNOWN", "没有这笔贷款 · no such loan", where=loan_id))
