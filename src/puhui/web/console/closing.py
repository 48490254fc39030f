"""End of day 日终: what is open, what is closing and how far, what each run came to; the operator's button queues the run as a job."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.journeys import day_attempts
from puhui.journeys.day_attempts import Attempt
from puhui.servicing import book
from puhui.servicing.book import Turn
from puhui.web import access
from puhui.web.charts import Chart, Series

_MAY_CLOSE = (access.OPERATOR, access.ADMIN)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The dates, latest first."""
    turns = book.turns()
    closed = [turn for turn in turns if turn.state == "closed"]
    context = _under_way(request) | {"rows": _rows(closed), "chart": _chart(closed)}
    return render(request, "console/closing.html", context)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def progress(request: HttpRequest) -> HttpResponse:
    """The run that is asked for or under way, as a fragment that asks again; when it is over, the whole page is loaded anew."""
    context = _under_way(request)
    shown = request.GET.get("day", "")
    response = render(request, "console/closing_run.html", context)
    if not context["waiting"] and shown and context["turn"] and shown != context["turn"].isoformat():
        response["HX-Refresh"] = "true"
    return response


@require_POST
@access.staff_page(*_MAY_CLOSE)
def run(request: HttpRequest) -> HttpResponse:
    """Queue the end of the date named on the button. Pressed twice, the second press finds it queued and moves nothing."""
    shown, turn = request.POST.get("day", ""), book.date_to_close()
    if turn is None or shown != turn.isoformat():
        messages.warning(request, _("营业日已经变动，没有重复执行。请核对后再点一次。"))
    elif day_attempts.ask_for(turn):
        messages.success(request, _("%(day)s 日终已排队，后台正在执行。") % {"day": turn})
    else:
        messages.warning(request, _("%(day)s 日终已经在执行，不用再点。") % {"day": turn})
    return redirect("console:closing")


def _under_way(request: HttpRequest) -> dict[str, Any]:
    turn = book.date_to_close()
    closing = next((each for each in book.turns(limit=2) if each.state == "closing"), None)
    waiting = turn is not None and day_attempts.asked_for(turn)
    failed = [each for each in day_attempts.attempts(limit=20) if each.fault and each.business_date == turn]
    return {
        "turn": turn, "closing": closing, "waiting": waiting, "failed": failed[:3],
        "may_close": access.role_of(request) in _MAY_CLOSE,
    }  # fmt: skip


def _rows(closed: list[Turn]) -> list[dict[str, Any]]:
    runs: dict[date, list[Attempt]] = {}
    for attempt in day_attempts.attempts():
        runs.setdefault(attempt.business_date, []).append(attempt)
    return [
        {"turn": turn, "attempts": runs.get(turn.business_date, []),
         "seconds": _seconds(runs.get(turn.business_date, [])),
         "failed": [each for each in runs.get(turn.business_date, []) if each.fault]}
        for turn in closed
    ]  # fmt: skip


def _seconds(attempts: list[Attempt]) -> str:
    """How long the run that closed the date took (a later one only answers that it is closed)."""
    good = [each.milliseconds for each in attempts if not each.fault]
    return f"{max(good) / 1000:.2f}" if good else ""


def _chart(closed: list[Turn]) -> Chart | None:
    days = [turn for turn in closed[::-1] if turn.figures]
    if len(days) < 2:
        return None
    return Chart(
        id="days", title=_("在贷余额与当日计息"), labels=[str(day.business_date) for day in days], unit=_("万元"),
        right_unit=_("元"), x_title=_("营业日"),
        series=[
            Series(_("在贷余额（万元）"), [day.figures["outstanding_minor"] / 1_000_000 for day in days], kind="line"),
            Series(_("当日计息（元）"), [day.figures["accrued_minor"] / 100 for day in days], axis=1),
        ],
    )  # fmt: skip
