"""Funding institutions: for an institution's user its own portfolio, for the platform all of them side by side."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.funding import queries as funding
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.servicing.views import LoanFilter
from puhui.web import access, words
from puhui.web.charts import Chart, Series
from puhui.web.templatetags.puhui import named


@require_GET
@access.staff_page(*access.EVERYBODY)
def index(request: HttpRequest) -> HttpResponse:
    """All institutions; an institution's user is led to its own."""
    profile = access.profile_of(request)
    if profile is not None and profile.role == access.INSTITUTION:
        return redirect("console:institution", institution_id=profile.institution_id)
    book = servicing.live_book()
    rows = [_row(each, book.get(each.id, {})) for each in funding.institutions()]
    return render(request, "console/institutions.html", {"rows": rows, "chart": exposure_chart(rows)})


@require_GET
@access.staff_page(*access.EVERYBODY)
def one(request: HttpRequest, institution_id: str) -> HttpResponse:
    """One portfolio: balances, ageing, quotas, loans."""
    institution = funding.institution(institution_id)
    if institution is None:
        raise Http404
    book = servicing.live_book().get(institution_id, {})
    page = servicing.loans(where=LoanFilter(institution_id=institution_id))
    context = {
        "institution": institution, "book": book, "quotas": funding.quota_use(institution_id),
        "programmes": {row.id: row for row in funding.programmes(institution_id)},
        "loans": page.loans, "shops": parties.shops(loan.shop_id for loan in page.loans), "total": page.total, "balances": servicing.trial_balance(institution_id),
        "ageing": [(words.word("bucket", code), *sums) for code, *sums in servicing.ageing(institution_id)],
    }  # fmt: skip
    return render(request, "console/institution.html", context)


def exposure_chart(rows: list[dict[str, Any]]) -> Chart:
    """Outstanding principal by institution, in units of 10,000 yuan."""
    return Chart(
        id="exposure", title=_("各资金机构在贷余额"), labels=[named(row["institution"]) for row in rows], unit=_("万元"),
        x_title=_("资金机构"), series=[Series(_("在贷余额"), [row["outstanding_minor"] / 1_000_000 for row in rows])],
    )  # fmt: skip


def rows_of_all() -> list[dict[str, Any]]:
    book = servicing.live_book()
    return [_row(each, book.get(each.id, {})) for each in funding.institutions()]


def _row(institution: Any, book: dict[str, int]) -> dict[str, Any]:
    quotas = funding.quota_use(institution.id)
    return {
        "institution": institution, "loans": book.get("loans", 0), "late": book.get("late", 0),
        "outstanding_minor": book.get("outstanding_minor", 0),
        "quota_minor": sum(quota.quota_minor for quota in quotas), "used_minor": sum(quota.used_minor for quota in quotas),
    }  # fmt: skip
