"""Pay a booked loan out: principal becomes an asset, cash leaves (Dr loan principal, Cr cash)."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models
from puhui.servicing.columns import terms_of
from puhui.servicing.core import accounts
from puhui.servicing.core.fees import withheld_minor
from puhui.servicing.core.positions import Step
from puhui.servicing.operations.asked_once import Asked, answer_once
from puhui.servicing.operations.write_difference import Cause, post
from puhui.servicing.operations.write_entry import (
    Said,
    books_of,
    loan_or_refusal,
    move,
    refuse_unless_today,
    store_event,
)


@transaction.atomic
def disburse(loan_id: str, *, on: date, key: str, now: datetime) -> str:
    """Post the disbursement on the agreed day, which must be the open business date; returns the entry's id."""
    asked = Asked(books_of(loan_id), "disburse", key, {"loan_id": loan_id, "on": on}, now)
    return str(answer_once(asked, lambda: _post(loan_id, asked, on))["entry_id"])


def _post(loan_id: str, asked: Asked, on: date) -> dict[str, Any]:
    today = refuse_unless_today(on)
    loan = loan_or_refusal(loan_id)
    if on != loan.disbursed_on:
        text = f"合同放款日为 {loan.disbursed_on} · the agreed day differs; its schedule counts from it"
        raise Refused(Refusal("DISBURSED_ON_OTHER_DATE", text, where=loan_id))
    move(loan, "disburse", on=on, now=asked.now)
    loan.outstanding_minor = loan.principal_minor
    loan.save(update_fields=["state", "outstanding_minor"])
    event = store_event("disburse", asked, loan=loan, said=Said(on, loan.principal_minor), business_date=today)
    return {"entry_id": post(loan, _steps(loan), Cause("disburse", event, on, today), asked)}


def _steps(loan: models.Loan) -> list[Step]:
    """The principal goes out, from every funder its part; a fee that was agreed to be withheld comes back at once."""
    paid_out = Step((accounts.LOAN_PRINCIPAL, accounts.CASH), 0, loan.principal_minor)
    withheld = withheld_minor(terms_of(loan))
    return [paid_out, Step((accounts.CASH, accounts.FEE_INCOME), 0, withheld)] if withheld else [paid_out]
