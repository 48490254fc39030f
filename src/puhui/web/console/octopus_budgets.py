"""Budgets across campaigns: a proposal from what every campaign's own days say, shown with the price of the next yuan, and applied as a whole."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.acquisition import budget_proposal, campaigns, steps
from puhui.kernel.refusal import Refused
from puhui.web import access, clock
from puhui.web.charts import Chart, Series
from puhui.web.console.octopus import fen
from puhui.web.templatetags.puhui import spoken

_MAY = (access.ANALYST, access.ADMIN)
_CHINA = ZoneInfo("Asia/Shanghai")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The form, and the proposal once it is filled in."""
    today = clock.now().astimezone(_CHINA).date()
    told = {name: request.GET.get(name, "").strip() for name in ("kind", "worth", "budget")}
    context = {"kinds": steps.steps(today), "told": told, "may": access.role_of(request) in _MAY}
    if not any(told.values()):
        return render(request, "console/octopus_budgets.html", context)
    worth, budget = fen(told["worth"]), fen(told["budget"])
    if worth is None or budget is None or told["kind"] not in {step.kind for step in steps.steps(today)}:
        messages.error(request, _("请选择一步，并输入金额，例如 5000 或 5000.50。"))
        return render(request, "console/octopus_budgets.html", context, status=422)
    try:
        found = budget_proposal.propose(budget_proposal.Asked(told["kind"], worth, budget), until=today)
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
        return render(request, "console/octopus_budgets.html", context, status=422)
    names = [share.name for share in found.shares]
    limits = [
        Series(_("现在"), [share.now_minor / 100 for share in found.shares]),
        Series(_("建议"), [share.proposed_minor / 100 for share in found.shares]),
    ]
    context |= {
        "proposal": found,
        "limits": json.dumps(found.limits),
        "chart": Chart("limits", _("日预算"), names, limits, unit=_("元"), places=0),
    }
    return render(request, "console/octopus_budgets.html", context)


@require_POST
@access.staff_page(*_MAY)
def apply(request: HttpRequest) -> HttpResponse:
    """All limits of the proposal that was shown, or none."""
    now = clock.now()
    try:
        shown = json.loads(request.POST.get("limits", ""))
        limits = {str(campaign_id): int(minor) for campaign_id, minor in shown.items()}
    except (ValueError, TypeError, AttributeError):
        messages.error(request, _("建议已失效，请重新计算。"))
        return redirect("console:octopus_budgets")
    try:
        changed = campaigns.apply_proposal(limits, name=_proposal_name(now), by=request.user.get_username(), now=now)
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
        return redirect("console:octopus_budgets")
    messages.success(request, _("已按建议调整 %(n)s 个计划的日预算。") % {"n": changed})
    return redirect("console:campaigns")


def _proposal_name(now: datetime) -> str:
    return f"proposal {now.astimezone(_CHINA):%Y-%m-%d %H:%M}"
