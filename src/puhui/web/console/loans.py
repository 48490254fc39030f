"""Loans: the list, and one loan: where it stands, its plan, events, journal, life, funders, papers, and what an early payoff would cost.

Row-level security decides which loans there are: these views filter by what the reader asks, never by who the reader is.
"""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from puhui.funding import queries as funding
from puhui.kernel.refusal import Refused
from puhui.parties import queries as parties
from puhui.servicing import book, what_if
from puhui.servicing import queries as servicing
from puhui.servicing.core.fold import Folded
from puhui.servicing.limit import limit
from puhui.servicing.papers.contents import PAYMENTS
from puhui.servicing.views import LoanFilter, LoanView
from puhui.web import access, papers, words
from puhui.web.console import chain, loan_shown
from puhui.web.console.event_forms import EVENTS, EventKind
from puhui.web.console.paging import Pages, page_number
from puhui.web.templatetags.puhui import named

_MAY_RECORD = (access.OPERATOR, access.ADMIN)
_FROM_A_FACT = ("reverse", "notify_transfer")
_UNTOUCHED = ("booked", "cancelled")  # nothing has happened to such a loan yet


@require_GET
@access.staff_page(*access.EVERYBODY)
def index(request: HttpRequest) -> HttpResponse:
    """All loans the reader may see, newest first."""
    wanted = LoanFilter(
        state=request.GET.get("state", ""),
        institution_id=request.GET.get("institution", ""),
        text=request.GET.get("text", "").strip(),
    )
    found = servicing.loans(page=page_number(request), where=wanted)
    context = {
        "loans": found.loans, "wanted": wanted, "pager": Pages(found.page, found.pages, found.total),
        "states": words.LOAN_STATES.items(), "institutions": funding.institutions(), "names": _institution_names(),
        "shops": parties.shops(loan.shop_id for loan in found.loans),
    }  # fmt: skip
    return render(request, "console/loans.html", context)


@require_GET
@access.staff_page(*access.EVERYBODY)
def one(request: HttpRequest, loan_id: str) -> HttpResponse:
    """One loan. Another institution's loan is not found, like one that does not exist."""
    loan, today = servicing.loan(loan_id), _today(servicing.loan(loan_id))
    told, names = what_if.told(loan_id, as_of=today), _institution_names()
    role = access.role_of(request)
    context = {
        "loan": loan, "today": today, "now": loan_shown.standing(told), "rows": loan_shown.rows(loan.terms, told),
        "facts": what_if.facts(loan_id), "entries": loan_shown.entries(servicing.journal(loan_id)), "moves": servicing.moves(loan_id),
        "limit": limit(loan_id, as_of=today), "risk": book.risk(loan_id), "shares": _shares(loan_id), "payments": PAYMENTS, "untouched": loan.state in _UNTOUCHED,
        "disclosure": servicing.disclosure(loan.disclosure_id), "institution": funding.institution(loan.institution_id),
        "shop": parties.shop(loan.shop_id), "person": parties.person(loan.person_id),
        "chain": chain.of_loan(loan, platform=role in access.PLATFORM_ROLES),
        "balance_chart": loan_shown.balance_chart(loan.terms, told),
        "claims": [(names.get(who, who), minor) for who, minor in told.claims.items()],
        "events": _events(loan, _recoverable(told)) if role in _MAY_RECORD else [],
        "sellable": loan.state in ("active", "overdue") and role in _MAY_RECORD, "may_record": role in _MAY_RECORD,
    }  # fmt: skip
    return render(request, "console/loan.html", context | _payoff(request, loan))


@require_GET
@access.staff_page(*access.EVERYBODY)
def payoff(request: HttpRequest, loan_id: str) -> HttpResponse:
    """What would settle the loan on a day, as a fragment."""
    return render(request, "console/payoff.html", _payoff(request, servicing.loan(loan_id)))


@require_GET
@access.staff_page(*access.EVERYBODY)
def accruals(request: HttpRequest, loan_id: str) -> HttpResponse:
    """What each end of day accrued on this loan: a fragment, or a page of its own without scripts."""
    context = {"loan": servicing.loan(loan_id), "lines": book.accruals(loan_id)}
    fragment = getattr(request, "htmx", False)
    return render(request, "console/accruals.html" if fragment else "console/accruals_page.html", context)


@require_GET
@access.staff_page(*access.EVERYBODY)
def paper(request: HttpRequest, loan_id: str, kind: str) -> HttpResponse:
    """The contract, statement or payoff letter as PDF; names in full only for who may reveal them."""
    return papers.paper(servicing.loan(loan_id), kind, by=_in_full(request))


@require_GET
@access.staff_page(*access.EVERYBODY)
def receipt(request: HttpRequest, loan_id: str, fact_id: str) -> HttpResponse:
    """One payment's receipt as PDF."""
    return papers.receipt(servicing.loan(loan_id), fact_id, by=_in_full(request))


def _payoff(request: HttpRequest, loan: LoanView) -> dict[str, Any]:
    """The quote of the day asked for; without one, or of a loan that is not open, only the form or nothing."""
    today = _today(loan)
    if loan.state not in ("active", "overdue"):
        return {"payoff": None, "quotable": False, "loan": loan}
    asked = request.GET.get("on", today.isoformat())
    context: dict[str, Any] = {"loan": loan, "quotable": True, "asked": asked, "today": today}
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        return context | {"payoff": None, "wrong_day": True}
    if day < loan.terms.disbursed_on or day.year > loan.final_due_on.year + 10:
        return context | {"payoff": None, "wrong_day": True}
    try:
        return context | {"payoff": what_if.payoff(loan.loan_id, on=day)}
    except Refused as no:
        return context | {"payoff": None, "refused": no.refusal.message}


def _recoverable(told: Folded) -> bool:
    """Has a guarantor a claim, or was a part written off?"""
    in_part = any(each.kind == "write_off_part" and not each.reversed for each in told.transactions)
    return in_part or any(told.claims.values())


def _events(loan: LoanView, recoverable: bool) -> list[EventKind]:
    """The kinds of event that can happen to a loan in this state, as buttons; a reversal or a notice starts from the fact it names."""
    if loan.state in _UNTOUCHED:
        return []
    after = {
        "written_off": ("recover",), "compensated": ("recover",), "transferred": ("refund",),
        "closed": ("disburse", "charge_fee", "refund"),
    }.get(loan.state)  # fmt: skip
    wanted = after or tuple(kind for kind in EVENTS if kind not in _FROM_A_FACT)
    hidden = {"refund"} if loan.credit_minor <= 0 else set()
    hidden |= set() if loan.state == "written_off" or recoverable else {"recover"}
    known = limit(loan.loan_id, as_of=_today(loan))
    hidden |= set() if known and known.left_minor else {"disburse"}
    return [EVENTS[kind] for kind in wanted if kind not in hidden]


def _today(loan: LoanView) -> date:
    """The business date, and not before the loan begins."""
    return max(servicing.business_date() or loan.terms.disbursed_on, loan.terms.disbursed_on)


def _in_full(request: HttpRequest) -> str:
    """The name under which a look at sealed values is logged; empty for who sees them masked."""
    return request.user.get_username() if access.role_of(request) in _MAY_RECORD else ""


def _shares(loan_id: str) -> list[dict[str, Any]]:
    names = _institution_names()
    return [
        {"name": names.get(institution, institution), "percent": f"{weight * 10_000 // of / 100:.2f}%"}
        for institution, weight, of in book.shares(loan_id)
    ]


def _institution_names() -> dict[str, str]:
    return {row.id: named(row) for row in funding.institutions()}
