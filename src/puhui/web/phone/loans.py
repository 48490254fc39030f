"""The shop owner's loans in plain words: what to pay next and when, where each payment goes, receipts and papers."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from puhui.funding import queries as funding
from puhui.servicing import queries as servicing
from puhui.servicing import what_if
from puhui.servicing.limit import limit, runs
from puhui.servicing.papers.contents import PAYMENTS
from puhui.servicing.views import LoanFilter, LoanView
from puhui.web import papers
from puhui.web.phone import plain
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show

SERVICED = ("active", "overdue")


@require_GET
@owner_page
def index(request: HttpRequest, owner: Owner) -> HttpResponse:
    """All loans of this person, each with its next payment."""
    loans = servicing.loans(where=LoanFilter(person_id=owner.person_id)).loans if owner.person_id else []
    rows = [{"loan": loan, "next": next_payment(loan)} for loan in loans]
    return show(request, owner, "phone/loans.html", {"tab": "loans", "rows": rows})


@require_GET
@owner_page
def one(request: HttpRequest, owner: Owner, loan_id: str) -> HttpResponse:
    """One loan: the next payment first and large, then the plan, then receipts and papers."""
    loan, today = own_loan(owner, loan_id), servicing.business_date()
    serviced = loan.state in SERVICED and today is not None
    told = what_if.told(loan_id, as_of=today or loan.terms.disbursed_on) if loan.state != "cancelled" else None
    plan = plain.plan(told) if told else []
    context = {
        "tab": "loans", "loan": loan, "plan": plan, "next": plain.next_of(plan) if serviced else None, "today": today,
        "paid_minor": loan.terms.principal_minor - loan.outstanding_minor, "receipts": _receipts(loan),
        "institution": funding.institution(loan.institution_id), "serviced": serviced,
    }  # fmt: skip
    if loan.terms.limit_minor and today is not None and told is not None:
        context |= {
            "limit": limit(loan_id, as_of=today), "draws": _draws(loan),
            "day_minor": runs(told, told.balance_minor, 1), "run_minor": told.earned_minor - told.dues.total("interest")[1],
        }  # fmt: skip
    return show(request, owner, "phone/loan.html", context)


@require_GET
@owner_page
def paper(request: HttpRequest, owner: Owner, loan_id: str, kind: str) -> HttpResponse:
    """The contract, the statement, or the letter that all is paid, as PDF."""
    return papers.paper(own_loan(owner, loan_id), kind, by="owner")


@require_GET
@owner_page
def receipt(request: HttpRequest, owner: Owner, loan_id: str, fact_id: str) -> HttpResponse:
    """One payment's receipt as PDF."""
    return papers.receipt(own_loan(owner, loan_id), fact_id, by="owner")


def own_loan(owner: Owner, loan_id: str) -> LoanView:
    """This person's loan; another's is not found, like one that does not exist."""
    loan = servicing.loan(loan_id)
    if not owner.person_id or loan.person_id != owner.person_id:
        raise Http404
    return loan


def next_payment(loan: LoanView) -> plain.Line | None:
    """The oldest payment of a loan in service that is not paid in full."""
    today = servicing.business_date()
    if today is None or loan.state not in SERVICED:
        return None
    return plain.next_of(plain.plan(what_if.told(loan.loan_id, as_of=today)))


def _receipts(loan: LoanView) -> list[dict[str, Any]]:
    """One receipt a payment, newest first."""
    return [
        {"id": fact.id, "on": fact.on, "minor": fact.amount_minor or 0, "undone": bool(fact.undone_by)}
        for fact in what_if.facts(loan.loan_id)
        if fact.kind in PAYMENTS
    ]


def _draws(loan: LoanView) -> list[dict[str, Any]]:
    """What was paid out and when, newest first."""
    return [
        {"on": fact.on, "minor": fact.amount_minor or 0, "undone": bool(fact.undone_by)}
        for fact in what_if.facts(loan.loan_id)
        if fact.kind == "disburse"
    ]


def day_in(text: str, *, first: date, last: date) -> date | None:
    """A day typed into a form, if it is one and lies in [first, last]."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if first <= day <= last else None
