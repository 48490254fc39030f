"""The shop owner's loans: the next payment first and large, then the plan, then what was paid."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from puhui.funding import queries as funding
from puhui.servicing import queries as servicing
from puhui.servicing.views import InstalmentView, LoanFilter
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show


@require_GET
@owner_page
def index(request: HttpRequest, owner: Owner) -> HttpResponse:
    """All loans of this person, each with its next payment."""
    loans = servicing.loans(where=LoanFilter(person_id=owner.person_id)).loans if owner.person_id else []
    rows = [{"loan": loan, "next": next_payment(servicing.schedule(loan.loan_id))} for loan in loans]
    return show(request, owner, "phone/loans.html", {"tab": "loans", "rows": rows})


@require_GET
@owner_page
def one(request: HttpRequest, owner: Owner, loan_id: str) -> HttpResponse:
    """One loan: plan and receipts."""
    loan = servicing.loan(loan_id)
    if not owner.person_id or loan.person_id != owner.person_id:
        raise Http404
    schedule = servicing.schedule(loan_id)
    receipts = [line for line in servicing.journal(loan_id) if line.debit == "cash"]
    today = servicing.business_date()
    serviced = loan.state in ("active", "overdue")
    context = {
        "tab": "loans", "loan": loan, "schedule": schedule, "next": next_payment(schedule),
        "receipts": _by_entry(receipts), "institution": funding.institution(loan.institution_id),
        "payoff": servicing.payoff_quote(loan_id, as_of=today) if today and serviced else None,
    }  # fmt: skip
    return show(request, owner, "phone/loan.html", context)


def next_payment(schedule: list[InstalmentView]) -> InstalmentView | None:
    """The oldest instalment that is not paid."""
    return next((line for line in schedule if line.unpaid_minor > 0), None)


def _by_entry(lines: list[Any]) -> list[dict[str, Any]]:
    """One receipt a payment, though it was posted to several accounts; newest first."""
    receipts: dict[str, dict[str, Any]] = {}
    for line in lines:
        receipt = receipts.setdefault(line.entry_id, {"on": line.effective_date, "minor": 0, "id": line.entry_id})
        receipt["minor"] += line.amount_minor
    return list(receipts.values())[::-1]
