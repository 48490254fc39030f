"""Loans: the list, and one loan with its schedule, journal, life, disclosure and the chain that led to it.

Row-level security decides which loans there are: these views filter by what the reader asks, never by who the reader is.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.funding import queries as funding
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.servicing.views import LoanFilter, LoanView
from puhui.web import access, words
from puhui.web.charts import Chart, Series
from puhui.web.console import chain
from puhui.web.console.paging import Pages, page_number
from puhui.web.templatetags.puhui import named


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
    loan = servicing.loan(loan_id)
    schedule = servicing.schedule(loan_id)
    context = {
        "loan": loan, "schedule": schedule, "journal": servicing.journal(loan_id), "moves": servicing.moves(loan_id),
        "disclosure": servicing.disclosure(loan.disclosure_id), "institution": funding.institution(loan.institution_id),
        "shop": parties.shop(loan.shop_id), "person": parties.person(loan.person_id),
        "chain": chain.of_loan(loan, platform=access.role_of(request) in access.PLATFORM_ROLES),
        "balance_chart": _balance_chart(loan, schedule),
    }  # fmt: skip
    return render(request, "console/loan.html", context)


def _balance_chart(loan: LoanView, schedule: list[Any]) -> Chart:
    labels = [f"{line.due_on:%Y-%m-%d}" for line in schedule]
    return Chart(
        id="loan-balance", title=_("每期还款构成与剩余本金"), labels=labels, unit=_("每期（元）"), x_title=_("到期日"),
        stacked=True,
        series=[
            Series(_("本金"), [line.principal_minor / 100 for line in schedule]),
            Series(_("利息"), [line.interest_minor / 100 for line in schedule]),
            Series(_("剩余本金"), [line.balance_minor / 100 for line in schedule], kind="line", axis=1),
        ],
        right_unit=_("剩余本金（元）"),
    )  # fmt: skip


def _institution_names() -> dict[str, str]:
    return {row.id: named(row) for row in funding.institutions()}
