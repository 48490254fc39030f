"""Money arrives from a borrower: it settles what is due by the loan's waterfall, the rest stays as credit.

Rule kept: the five beats lock, load, decide (core/settlement), store, answer, in one transaction. On time, partial and
over are one case. Credit settles later instalments on their own due dates, at the end of day.
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime

import numpy as np
from django.db import transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models
from puhui.servicing.core import lifecycle
from puhui.servicing.core.settlement import OpenLoans, OpenRows, Settlement, settle_due
from puhui.servicing.operations.asked_once import Asked, answer_once
from puhui.servicing.operations.write_entry import (
    Said,
    entry_of,
    loan_or_refusal,
    move,
    refuse_unless_today,
    store_entry,
    store_event,
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one payment did. `interest` and `principal` include credit used with it; `credit` is what is held after."""

    entry_id: str
    loan_id: str
    on: str
    amount_minor: int
    interest_minor: int
    principal_minor: int
    credit_minor: int
    outstanding_minor: int
    days_past_due: int
    state: str


@transaction.atomic
def record_repayment(loan_id: str, amount_minor: int, *, on: date, key: str, now: datetime) -> Receipt:
    """Post one payment of the open business date. Refuses a loan not in service and an amount of nothing."""
    loan = loan_or_refusal(loan_id, lock=False)
    inputs = {"loan_id": loan_id, "amount_minor": amount_minor, "on": on}
    asked = Asked(loan.institution_id, "record_repayment", key, inputs, now)
    return Receipt(**answer_once(asked, lambda: asdict(_post(loan_id, amount_minor, on, asked))))


def _post(loan_id: str, amount_minor: int, on: date, asked: Asked) -> Receipt:
    if isinstance(amount_minor, bool) or not isinstance(amount_minor, int) or amount_minor <= 0:
        raise Refused(
            Refusal("AMOUNT_NOT_POSITIVE", f"还款金额须为正整数分 · whole fen above zero: {amount_minor}", loan_id)
        )
    _refuse_loan(loan_or_refusal(loan_id, lock=False), on)
    today = refuse_unless_today(on)
    loan = loan_or_refusal(loan_id, lock=True)
    _refuse_loan(loan, on)
    instalments = list(models.Instalment.objects.filter(loan=loan, settled_on=None, due_on__lte=on).order_by("n"))
    done = _settle(loan, instalments, amount_minor, on)
    _store_instalments(instalments, done, on)
    _store_loan(loan, done, amount_minor, on, asked)
    event = store_event("repay", asked, loan=loan, said=Said(on, amount_minor), business_date=today)
    entry = entry_of("repay", loan, done.flows, on=on)
    entry_id = store_entry(entry, asked, loan=loan, event=event, cash_minor=amount_minor)
    return Receipt(
        entry_id=entry_id,
        loan_id=loan.id,
        on=on.isoformat(),
        amount_minor=amount_minor,
        interest_minor=int(done.interest_minor.sum()),
        principal_minor=int(done.principal_minor.sum()),
        credit_minor=loan.credit_minor,
        outstanding_minor=loan.outstanding_minor,
        days_past_due=int(done.days_past_due[0]),
        state=loan.state,
    )


def _refuse_loan(loan: models.Loan, on: date) -> None:
    if loan.state == "closed":
        raise Refused(Refusal("LOAN_CLOSED", "贷款已结清 · the loan is closed; nothing is owed", where=loan.id))
    if loan.state not in lifecycle.SERVICED or on < loan.disbursed_on:
        text = "贷款尚未放款 · a payment before the disbursement"
        raise Refused(Refusal("PAYMENT_BEFORE_DISBURSEMENT", text, where=loan.id))


def _settle(loan: models.Loan, instalments: list[models.Instalment], amount_minor: int, on: date) -> Settlement:
    rows = OpenRows.of_one(
        [
            (
                row.due_on.isoformat(),
                row.interest_minor - row.paid_interest_minor,
                row.principal_minor - row.paid_principal_minor,
            )
            for row in instalments
        ]
    )
    held = OpenLoans.of_one(loan.credit_minor, loan.waterfall)
    return settle_due(rows, held, np.array([amount_minor], np.int64), np.datetime64(on))


def _store_instalments(instalments: list[models.Instalment], done: Settlement, on: date) -> None:
    for row, interest, principal, settled in zip(
        instalments, done.interest_minor, done.principal_minor, done.row_settled, strict=True
    ):
        if interest or principal or settled:
            row.paid_interest_minor += int(interest)
            row.paid_principal_minor += int(principal)
            row.settled_on = on if settled else None
            row.save(update_fields=["paid_interest_minor", "paid_principal_minor", "settled_on"])


def _store_loan(loan: models.Loan, done: Settlement, amount_minor: int, on: date, asked: Asked) -> None:
    loan.outstanding_minor -= int(done.principal_minor.sum())
    loan.received_minor += amount_minor
    loan.credit_minor = int(done.credit_minor[0])
    loan.oldest_due_on = done.oldest_due_on[0].item()
    loan.look_on = None
    settled = loan.outstanding_minor == 0 and int(done.unpaid_due_minor[0]) == 0
    verb = lifecycle.move_for(loan.state, days_past_due=int(done.days_past_due[0]), settled=settled)
    if verb is not None:
        move(loan, verb, on=on, now=asked.now)
    if settled:
        loan.closed_on = on
        models.Instalment.objects.filter(loan=loan, settled_on=None).update(settled_on=on)
    loan.save(
        update_fields=[
            "outstanding_minor",
            "received_minor",
            "credit_minor",
            "oldest_due_on",
            "look_on",
            "state",
            "closed_on",
        ]
    )
