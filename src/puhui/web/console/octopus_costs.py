"""What a borrower cost, and what the clicks of a period brought back: by media, campaign, creative or audience, with intervals."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.acquisition import unit_costs, vintages
from puhui.acquisition.core.unit_cost import DAYS
from puhui.web import access, clock
from puhui.web.charts import Chart, Series
from puhui.web.console import octopus_labels as labels
from puhui.web.console.octopus import period

_CHINA = ZoneInfo("Asia/Shanghai")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The clicks of a period, the last seven days when none is named."""
    (since, until), by = period(request), labels.by_of(request)
    lines = unit_costs.unit_costs(since, until + timedelta(days=1), by=by)
    rows = [(labels.text(line.label, by), line) for line in lines]
    drawn = [row for row in rows[1:] if row[1].cost_minor][: labels.SHOWN]
    chart = None
    if drawn:
        titles = {"register": _("每个注册"), "credit": _("每个授信"), "draw": _("每个用款"), "good": _("每个好客户")}
        series = [
            Series(str(titles[stage]), [None if line.stages[place].minor is None else (line.stages[place].minor or 0) / 100 for _name, line in drawn])
            for place, stage in enumerate(unit_costs.STAGES)
        ]  # fmt: skip
        chart = Chart(
            "unit-costs", _("一个人花了多少"), [name for name, _line in drawn], series, unit=_("元"), places=0
        )
    context = {"since": since, "until": until, "by": by, "grouped": labels.choices(), "rows": rows, "chart": chart}
    return render(request, "console/octopus_costs.html", context)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def back(request: HttpRequest) -> HttpResponse:
    """Money back a yuan spent by day after the click; when no days are named, those that are a month old by now."""
    (since, until), by = period(request), labels.by_of(request)
    today = clock.now().astimezone(_CHINA).date()
    if "since" not in request.GET and "until" not in request.GET:
        until = today - timedelta(days=31)
        since = until - timedelta(days=29)
    lines = vintages.vintage(since, until + timedelta(days=1), by=by, as_of=today)
    rows = [(labels.text(line.label, by), line) for line in lines]
    drawn = [row for row in rows if row[1].cost_minor][:5]
    chart = None
    if any(each.ratio is not None for _name, line in drawn for each in line.returns):
        series = [Series(name, [each.ratio for each in line.returns], kind="line") for name, line in drawn]
        chart = Chart(
            "returns",
            _("每花一元收回多少"),
            [_("第 %(day)s 天") % {"day": day} for day in DAYS],
            series,
            unit=_("元"),
            places=3,
        )
    context = {
        "since": since,
        "until": until,
        "by": by,
        "grouped": labels.choices(),
        "rows": rows,
        "chart": chart,
        "days": DAYS,
    }
    return render(request, "console/octopus_returns.html", context)
