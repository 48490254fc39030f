"""Give up a booked loan before any money has moved: its offer stays used, nothing is posted."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.servicing.operations.asked_once import Asked, answer_once
from puhui.servicing.operations.write_entry import books_of, loan_or_refusal, move, refuse_unless_today


@transaction.atomic
def cancel_loan(loan_id: str, *, reason: str, on: date, key: str, now: datetime) -> str:
    """Move a booked loan to `cancelled`; returns its id. A loan that was disbursed is refused."""
    asked = Asked(books_of(loan_id), "cancel_loan", key, {"loan_id": loan_id, "reason": reason, "on": on}, now)
    return str(answer_once(asked, lambda: _cancel(loan_id, reason, on, now))["loan_id"])


def _cancel(loan_id: str, reason: str, on: date, now: datetime) -> dict[str, Any]:
    refuse_unless_today(on)
    loan = loan_or_refusal(loan_id)
    move(loan, "cancel", on=on, now=now, reason=reason)
    loan.save(update_fields=["state"])
    return {"loan_id": loan.id}
