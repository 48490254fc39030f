"""An owner objects to an answer and wants a person to look (PIPL 24): said in their own words, answered by staff within the hours set."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from puhui.antifraud import operations as antifraud
from puhui.kernel.refusal import Refused
from puhui.underwriting import queries as underwriting
from puhui.web import clock
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.templatetags.puhui import spoken


@require_POST
@owner_page
def appeal(request: HttpRequest, owner: Owner, application_id: str) -> HttpResponse:
    """Asked twice it is the same appeal while it is open."""
    try:
        application = underwriting.application(application_id)
    except Refused as unknown:
        raise Http404 from unknown
    if not owner.person_id or application.person_id != owner.person_id:
        raise Http404
    try:
        antifraud.raise_appeal(application_id, request.POST.get("text", ""), now=clock.now())
        messages.success(request, _("已收到，工作人员会重新看一遍并答复您。"))
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("phone:answer", application_id=application_id)
