"""The shop owner's other pages: home, the answer to an application in plain words, my shop, tax, help."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from puhui.antifraud import queries as antifraud
from puhui.funding import queries as funding
from puhui.journeys import advertising
from puhui.journeys import apply as applying
from puhui.merchant import book_queries
from puhui.merchant import queries as merchant
from puhui.merchant.queries import MonthGross
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tools import shop_health
from puhui.parties import operations as party_operations
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.servicing.views import LoanFilter
from puhui.underwriting import queries as underwriting
from puhui.underwriting.views import ApplicationView, AppraisalView
from puhui.web import clock, words
from puhui.web.phone.books import today_in_china
from puhui.web.phone.loans import next_payment
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show

_OVER = ("refused", "declined", "expired", "withdrawn", "funded", "unfunded")
_MAIN_REASONS = 3


@require_GET
@owner_page
def home(request: HttpRequest, owner: Owner) -> HttpResponse:
    """What matters now: the next payment, then each application."""
    applications = _applications(owner)
    context = {"tab": "home", "applications": applications, "due": _due(owner), "plan": _plan(owner),
               "may_apply": all(each.state in _OVER for each in applications)}  # fmt: skip
    return show(request, owner, "phone/home.html", context)


@require_GET
@owner_page
def answer(request: HttpRequest, owner: Owner, application_id: str) -> HttpResponse:
    """Why, and what to do about it."""
    application = next((each for each in _applications(owner) if each.application_id == application_id), None)
    if application is None:
        raise Http404
    if application.offer_id:
        return redirect("phone:offer", offer_id=application.offer_id)
    reasons = applying.shown(application_id)["reasons"]
    context = {"tab": "home", "application": application, "reasons": reasons[:_MAIN_REASONS],
               "more_reasons": reasons[_MAIN_REASONS:], "appeal": antifraud.appeal_of(application_id)}  # fmt: skip
    return show(request, owner, "phone/answer.html", context)


@require_GET
@owner_page
def shop(request: HttpRequest, owner: Owner) -> HttpResponse:
    """My shops, and what I agreed to."""
    shops = parties.shops_of(owner.person_id) if owner.person_id else []
    rows = parties.consents(owner.person_id) if owner.person_id else []
    names = {row.id: row.name for row in funding.institutions()}
    consents = [
        {"row": row, "title": words.word("purpose", row.purpose), "receiver": names.get(row.institution_id, ""),
         "withdrawn": getattr(row, "withdrawal", None)}
        for row in rows
    ]  # fmt: skip
    return show(request, owner, "phone/shop.html", {"tab": "shop", "shops": shops, "consents": consents})


@require_POST
@owner_page
def withdraw(request: HttpRequest, owner: Owner, consent_id: str) -> HttpResponse:
    """As easy as giving."""
    mine = {row.id: row.purpose for row in parties.consents(owner.person_id)}
    if consent_id not in mine:
        raise Http404
    if not advertising.take_back(owner.person_id, mine[consent_id], now=clock.now()):
        party_operations.withdraw_consent(consent_id, now=clock.now())
    return redirect("phone:shop")


@require_GET
@owner_page
def vat(request: HttpRequest, owner: Owner, shop_id: str) -> HttpResponse:
    """The quarter's VAT from the shop's own sales invoices, estimated."""
    mine = {row.id: row for row in parties.shops_of(owner.person_id)}
    standing = underwriting.standing_appraisal()
    if shop_id not in mine or standing is None or not mine[shop_id].evidence_code:
        raise Http404
    day = servicing.business_date() or standing.as_of
    year, quarter = day.year, (day.month + 2) // 3
    months = _months(standing, mine[shop_id].evidence_code, date(year, 3 * quarter - 2, 1))
    estimate = merchant.quarter_estimate(months, year=year, quarter=quarter)
    context = {"tab": "shop", "shop": mine[shop_id], "answer": estimate, "year": year, "quarter": quarter}
    return show(request, owner, "phone/vat.html", context)


@require_GET
@owner_page
def helped(request: HttpRequest, owner: Owner) -> HttpResponse:
    return show(request, owner, "phone/help.html", {"tab": "help"})


def _applications(owner: Owner) -> list[ApplicationView]:
    """This person's own, latest first."""
    if not owner.person_id:
        return []
    found = [each for shop in parties.shops_of(owner.person_id) for each in underwriting.applications_of_shop(shop.id)]
    return sorted((each for each in found if each.person_id == owner.person_id), key=lambda each: each.submitted_at,
                  reverse=True)  # fmt: skip


def _plan(owner: Owner) -> list[tuple[str, str]]:
    """Steps out of debt for the owner of an over-indebted shop, who is shown no invitation to borrow; else nothing."""
    day = today_in_china(clock.now())
    for shop in parties.shops_of(owner.person_id) if owner.person_id else []:
        if book_queries.are_open(shop.id):
            guard = shop_health.assessed(Facts(shop.id, day))["guard"]
            if guard["over_indebted"]:
                return [(step["zh"], step["en"]) for step in guard["plan"]]
    return []


def _due(owner: Owner) -> dict[str, Any] | None:
    """The loan whose next payment comes first."""
    if not owner.person_id:
        return None
    rows: list[dict[str, Any]] = [
        {"loan": loan, "next": line}
        for loan in servicing.loans(where=LoanFilter(person_id=owner.person_id)).loans
        if (line := next_payment(loan))
    ]
    return min(rows, key=lambda row: row["next"].due_on, default=None)


def _months(standing: AppraisalView, code: str, since: date) -> list[MonthGross]:
    """Tax-inclusive sales a month from the valid sales invoices since a day; a month below zero (red) counts as nothing."""
    sums: dict[date, int] = {}
    page, more = 1, True
    while more:
        rows, _total = underwriting.invoices(standing.load_id, code, page=page)  # latest first
        for row in rows:
            if row["direction"] == "sale" and row["valid"] and row["issued_on"] >= since:
                month = row["issued_on"].replace(day=1)
                sums[month] = sums.get(month, 0) + row["gross_minor"]
        more, page = bool(rows) and rows[-1]["issued_on"] >= since, page + 1
    return [MonthGross(month, max(minor, 0)) for month, minor in sorted(sums.items())]
