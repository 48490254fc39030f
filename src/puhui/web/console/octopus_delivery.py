"""Delivery under control: stop everything or a media, hand audiences over, see who may be shown what; and how good the data is."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.acquisition import audiences, board, delivery_gate
from puhui.acquisition.rta import publication, tables
from puhui.journeys import audience_feed
from puhui.kernel.refusal import Refused
from puhui.store import places
from puhui.web import access, clock
from puhui.web.charts import Chart, Series
from puhui.web.console.octopus import period
from puhui.web.templatetags.puhui import spoken
from puhui.web.words import word

_MAY = (access.ANALYST, access.ADMIN)
_CHINA = ZoneInfo("Asia/Shanghai")
_ID_KINDS = ("oaid", "imei", "idfa", "android_id", "caid", "md5")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The switch, what is served, and a look at one device where one is named."""
    now, folder = clock.now(), places.var_dir() / "rta"
    context: dict[str, Any] = {
        "gate": publication.read_gate(folder), "published": publication.current(folder), "sizes": audiences.sizes(),
        "media": list(tables.media_rules(now.astimezone(_CHINA).date())), "moves": delivery_gate.moves(),
        "publications": delivery_gate.publications(), "id_kinds": _ID_KINDS, "may": access.role_of(request) in _MAY,
        "told": {"id_kind": request.GET.get("id_kind", "oaid"), "device": request.GET.get("device", "")[:128]},
    }  # fmt: skip
    status = 200
    if context["told"]["device"]:
        try:
            context["device"] = delivery_gate.device(
                context["told"]["id_kind"], context["told"]["device"], folder, now=now
            )
        except Refused as refused:
            messages.error(request, spoken(refused.refusal.message))
            status = 422
    return render(request, "console/octopus_delivery.html", context, status=status)


@require_POST
@access.staff_page(*_MAY)
def switch(request: HttpRequest) -> HttpResponse:
    """Stop, or let go on; written down with its reason."""
    act = delivery_gate.stop if request.POST.get("verb") == "stop" else delivery_gate.go_on
    try:
        act(
            places.var_dir() / "rta", media=request.POST.get("media", ""), why=request.POST.get("why", ""),
            by=request.user.get_username(), now=clock.now(),
        )  # fmt: skip
        messages.success(request, _("已生效。"))
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("console:octopus_delivery")


@require_POST
@access.staff_page(*_MAY)
def hand_over(request: HttpRequest) -> HttpResponse:
    """Audiences brought up to date with what the rooms know, and handed to the servers in one rename."""
    try:
        info = audience_feed.hand_over(places.var_dir() / "rta", by=request.user.get_username(), now=clock.now())
        messages.success(request, _("已发布 %(n)d 台设备。") % {"n": info.ids})
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("console:octopus_delivery")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def quality(request: HttpRequest) -> HttpResponse:
    """Our counts against the media's own by day, and the last day's figures and alarms."""
    since, until = period(request)
    by_day = board.clicks_by_day(since, until + timedelta(days=1))
    charts = []
    for media, days in by_day.items():
        if any(ours or theirs for _day, ours, theirs in days):
            series = [
                Series(_("我方点击"), [ours for _day, ours, _theirs in days]),
                Series(_("媒体统计"), [theirs for _day, _ours, theirs in days], kind="line"),
            ]
            charts.append(
                Chart(
                    f"clicks-{media}",
                    str(word("media", media)),
                    [f"{day:%m-%d}" for day, _o, _t in days],
                    series,
                    unit=_("次"),
                    places=0,
                )
            )
    context = {
        "since": since, "until": until, "charts": charts, "rows": board.seen_on(until),
        "alarms": board.alarms(until, now=clock.now()), "conversions": board.conversions_by_state(),
    }  # fmt: skip
    return render(request, "console/octopus_quality.html", context)
