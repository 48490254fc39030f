"""Firms: search and filters over the standing appraisal; one firm's months, partners, features, answer and record."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.policy import queries as policy
from puhui.underwriting import queries as underwriting
from puhui.underwriting.views import FirmPage
from puhui.web import access, reading
from puhui.web.charts import Chart, Series
from puhui.web.console.paging import Pages, page_number

_ANSWERS = {"yes": True, "no": False}


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The firms of the standing appraisal."""
    appraisal = reading.standing()
    if appraisal is None:
        return render(request, "console/nothing_yet.html")
    wanted = {name: request.GET.get(name, "").strip() for name in ("text", "answer", "rating", "order")}
    found = underwriting.offer_book_rows(
        appraisal.appraisal_id, page=page_number(request), text=wanted["text"], approved=_ANSWERS.get(wanted["answer"]),
        rating=wanted["rating"], order=wanted["order"] or "firm_id",
    )  # fmt: skip
    context = {
        "appraisal": appraisal, "rows": found.rows, "pager": Pages(found.page, found.pages, found.total),
        "wanted": wanted, "ratings": "ABCD",
    }  # fmt: skip
    return render(request, "console/firms.html", context)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """One firm, as of the appraisal's day."""
    appraisal = reading.standing()
    if appraisal is None:
        raise Http404
    firm = underwriting.firm_page(appraisal.load_id, code, appraisal_id=appraisal.appraisal_id)
    asked: dict[str, Any] = {"load_id": appraisal.load_id, "code": code, "as_of": appraisal.as_of}
    context = {
        "firm": firm, "verdict": firm.verdict, "appraisal": appraisal, "chart": _months(firm, asked),
        "buyers": underwriting.top_counterparties(direction="sale", most=8, **asked),
        "suppliers": underwriting.top_counterparties(direction="purchase", most=8, **asked),
        "features": _features(firm),
        "decision": policy.as_dict(policy.decision(firm.verdict.decision_id)) if firm.verdict else None,
    }  # fmt: skip
    return render(request, "console/firm.html", context)


def _months(firm: FirmPage, asked: dict[str, Any]) -> Chart:
    rows = underwriting.monthly_flows(**asked)
    return Chart(
        id="months", title=_("每月销售与进货"), unit=_("万元（不含税）"), x_title=_("月份"),
        labels=[f"{row['month']:%Y-%m}" for row in rows],
        series=[
            Series(_("销售"), [round(float(row["sales_minor"]) / 1_000_000, 4) for row in rows]),
            Series(_("进货"), [round(float(row["purchases_minor"]) / 1_000_000, 4) for row in rows], kind="line"),
        ],
        note=_("只计有效发票，红字发票冲减当月。"), tall=True,
    )  # fmt: skip


def _features(firm: FirmPage) -> list[dict[str, str]]:
    english = (get_language() or "").startswith("en")
    if not english:
        return [{"name": row["zh"], "shown": row["shown"]} for row in firm.features]
    return [{"name": row["en"], "shown": row["shown"].replace("元", " yuan")} for row in firm.features]
