"""Pay a booked loan out: principal becomes an asset, cash leaves (Dr loan principal, Cr cash)."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core import accounts
from puhui.servicing.core.journal import Entry, Posting
from puhui.servicing.operations.asked_once import Asked, answer_once
from puhui.servicing.operations.write_entry import (
    Said,
    loan_or_refusal,
    move,
    refuse_unless_today,
    store_entry,
    store_event,
)


@transaction.atomic
def disburse(loan_id: str, *, on: date, key: str, now: datetime) -> str:
    """Post the disbursement on the agreed day, which must be the open business date; returns the entry's id."""
    loan = loan_or_refusal(loan_id, lock=False)
    asked = Asked(loan.institution_id, "disburse", key, {"loan_id": loan_id, "on": on}, now)
    return str(answer_once(asked, lambda: _post(loan_id, asked, on))["entry_id"])


def _post(loan_id: str, asked: Asked, on: date) -> dict[str, Any]:
    today = refuse_unless_today(on)
    loan = loan_or_refusal(loan_id, lock=True)
    if on != loan.disbursed_on:
        text = f"合同放款日为 {loan.disbursed_on} · the agreed day differs; its schedule counts from it"
        raise Refused(Refusal("DISBURSED_ON_OTHER_DATE", text, where=loan_id))
    move(loan, "disburse", on=on, now=asked.now)
    loan.outstanding_minor = loan.principal_minor
    loan.save(update_fields=["state", "outstanding_minor"])
    line = Posting(accounts.LOAN_PRINCIPAL, accounts.CASH, loan.principal_minor, loan.id)
    entry = Entry("disburse", loan.institution_id, on, (line,))
    event = store_event("disburse", asked, loan=loan, said=Said(on, loan.principal_minor), business_date=today)
    return {"entry_id": store_entry(entry, asked, loan=loan, event=event, cash_minor=-loan.principal_minor)}
