"""Applications that anti-fraud or the credit rules held for a person: what has to be checked, and the release, with its reason, on record."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.antifraud import queries as antifraud
from puhui.journeys import apply as applying
from puhui.journeys import release as releasing
from puhui.kernel.refusal import Refused
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.underwriting import queries as underwriting
from puhui.web import access, clock
from puhui.web.templatetags.puhui import spoken

_MAY = (access.OPERATOR, access.ADMIN)


@require_GET
@access.staff_page(*_MAY)
def index(request: HttpRequest) -> HttpResponse:
    """What waits, newest first as the room orders it."""
    ruled = underwriting.held_by_rules()
    waiting = [{"application": application, "doubts": said.reasons} for application, said in ruled]
    known = {application.application_id for application, _ in ruled}
    for assessment in antifraud.waiting_for_review():
        application = underwriting.application(assessment.application_key)
        if application.state == "submitted" and application.application_id not in known:
            waiting.append({"application": application, "doubts": applying.held_reasons(assessment)})
    shops = parties.shops(row["application"].shop_id for row in waiting)  # type: ignore[attr-defined]
    return render(request, "console/reviews.html", {"waiting": waiting, "shops": shops})


@require_POST
@access.staff_page(*_MAY)
def release(request: HttpRequest, application_id: str) -> HttpResponse:
    """A person has looked: the application goes on to its decision."""
    today = servicing.business_date()
    reason, now = request.POST.get("reason", ""), clock.now()
    try:
        answer = releasing.release(
            application_id, by=request.user.get_username(), reason=reason, on=today or now.date(), now=now
        )
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
        return redirect("console:reviews")
    told = _("已放行，审核通过。") if answer.approved else _("已放行，审核未通过，理由已告知店主。")
    told = _("反欺诈疑点已放行；准入规则仍需人工看一眼。") if answer.held else told
    messages.success(request, told)
    return redirect("console:reviews")
