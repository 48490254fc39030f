"""Overview: what a person of each role would look at first."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.underwriting import queries as underwriting
from puhui.underwriting.views import AppraisalView
from puhui.web import access, reading
from puhui.web.charts import Chart, Series
from puhui.web.console import institutions


@require_GET
@access.staff_page(*access.EVERYBODY)
def index(request: HttpRequest) -> HttpResponse:
    """An institution's user sees its portfolio; the platform's staff the house."""
    if access.role_of(request) == access.INSTITUTION:
        return redirect("console:institutions")
    appraisal, rows = reading.standing(), institutions.rows_of_all()
    applications, waiting = underwriting.applications(size=8)
    context = {
        "appraisal": appraisal, "rows": rows, "applications": applications, "applications_total": waiting,
        "shops": parties.shops(each.shop_id for each in applications),
        "outstanding_minor": sum(row["outstanding_minor"] for row in rows), "loans": sum(row["loans"] for row in rows),
        "late": sum(row["late"] for row in rows), "summary": servicing.book_summary(),
        "ratings_chart": _ratings_chart(appraisal) if appraisal else None,
        "exposure_chart": institutions.exposure_chart(rows) if rows else None,
    }  # fmt: skip
    return render(request, "console/home.html", context)


def _ratings_chart(appraisal: AppraisalView) -> Chart:
    counts: dict[str, list[int]] = {}
    for row in underwriting.outcome(appraisal.appraisal_id).rows:
        yes_no: Any = counts.setdefault(row.rating or "—", [0, 0])
        yes_no[0 if row.approved else 1] += 1
    labels = sorted(counts)
    return Chart(
        id="ratings", title=_("各评级的授信结果"), labels=labels, unit=_("家"), x_title=_("评级"), places=0, stacked=True,
        series=[
            Series(_("通过"), [counts[letter][0] for letter in labels]),
            Series(_("未通过"), [counts[letter][1] for letter in labels]),
        ],
    )  # fmt: skip
