"""What advertising may know of the owner: two switches, and everything that media were told so far."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.acquisition import steps
from puhui.journeys import advertising
from puhui.web import clock
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show

_CHINA = ZoneInfo("Asia/Shanghai")


@require_GET
@owner_page
def index(request: HttpRequest, owner: Owner) -> HttpResponse:
    """As it stands. Before a first application nothing is known that could be told."""
    choices = advertising.choices(owner.person_id) if owner.person_id else None
    english = (get_language() or "").startswith("en")
    names = {step.kind: step.en if english else step.zh for step in steps.steps(clock.now().astimezone(_CHINA).date())}
    told = [(each, names.get(each.kind, each.kind)) for each in choices.told] if choices else []
    return show(request, owner, "phone/advertising.html", {"tab": "shop", "choices": choices, "told": told})


@require_POST
@owner_page
def change(request: HttpRequest, owner: Owner) -> HttpResponse:
    """One tap either way."""
    verb, now = request.POST.get("verb", ""), clock.now()
    if not owner.person_id:
        raise Http404
    if verb in ("tell", "keep"):
        advertising.tell_media(owner.person_id, allowed=verb == "tell", now=now)
    elif verb in ("personal", "plain"):
        advertising.personalise(owner.person_id, allowed=verb == "personal", now=now)
    else:
        raise Http404
    messages.success(request, _("已改好。"))
    return redirect("phone:advertising")
