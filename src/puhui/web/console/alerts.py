"""Alerts 告警: which channels carry them to people, what was sent where and when, failed tries; a test message, and a second offer."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.journeys.alerts import board, outbox
from puhui.journeys.models import AlertMessage
from puhui.kernel.refusal import Refused
from puhui.web import access, alert_ways, clock
from puhui.web.templatetags.puhui import spoken

_MAY = (access.OPERATOR, access.ADMIN)
_STATES = (AlertMessage.QUEUED, AlertMessage.SENT, AlertMessage.REFUSED, AlertMessage.GIVEN_UP, AlertMessage.WITHDRAWN)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """Channels, and the last hundred messages; of one state where one is named."""
    now, state = clock.now(), request.GET.get("state", "")
    state = state if state in _STATES else ""
    lines = board.messages(state=state, now=now)
    context: dict[str, Any] = {
        "channels": [(line, alert_ways.fault(line.channel)) for line in board.channel_lines(alert_ways.channels(), now=now)],
        "messages_sent": [(line, _link(line)) for line in lines], "state": state, "states": _STATES, "may": access.role_of(request) in _MAY,
    }  # fmt: skip
    return render(request, "console/alerts.html", context)


@require_POST
@access.staff_page(*_MAY)
def test(request: HttpRequest) -> HttpResponse:
    """Queue a test message to one channel; the worker sends it within a minute."""
    channel, by = request.POST.get("channel", "")[:12], request.user.get_username()
    try:
        number = outbox.ask_for_test(channel, alert_ways.channels(), by=by, now=clock.now())
        messages.success(request, _("测试消息 %(number)s 已排队，一分钟内发出。") % {"number": number})
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("console:alerts")


@require_POST
@access.staff_page(*_MAY)
def again(request: HttpRequest, message_id: str) -> HttpResponse:
    """Offer a refused or given-up message once more."""
    try:
        outbox.again(message_id, alert_ways.channels(), now=clock.now())
        messages.success(request, _("已重新排队，一分钟内发出。"))
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("console:alerts")


def _link(line: board.MessageLine) -> str:
    """The page that explains the latest alert of a message; none for a test."""
    return alert_ways.place(line.notices[-1].page, line.notices[-1].subject) if line.notices else ""
