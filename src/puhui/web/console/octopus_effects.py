"""Whose doing it was, and how much is still to come: rules of attribution side by side, and each day's answers with what is expected."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.acquisition import late_answers, steps, touch_paths
from puhui.acquisition.evaluation_terms import terms
from puhui.web import access, clock
from puhui.web.charts import Chart, Series
from puhui.web.console import octopus_labels as labels
from puhui.web.console.octopus import period

_CHINA = ZoneInfo("Asia/Shanghai")
_UNITS = ("media", "campaign", "creative")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def attribution(request: HttpRequest) -> HttpResponse:
    """Six rules over the same ways; each column re-adds to the same whole."""
    since, until = period(request)
    names = {kind: name for kind, name in labels.step_names(until).items() if kind not in ("impression", "click")}
    kind, unit = labels.kind_of(request, names, "register"), labels.by_of(request, allowed=_UNITS, usual="media")
    windows = terms()["touches"]["windows_days"]
    window = next((days for days in windows if str(days) == request.GET.get("window")), touch_paths.USUAL_WINDOW_DAYS)
    found = touch_paths.credited(touch_paths.Asked(kind, since, until + timedelta(days=1), unit, window))
    rules = {"last": _("末次点击"), "first": _("首次点击"), "even": _("平均"), "position": _("按位置"), "markov": _("马尔可夫移除"), "shapley": _("夏普利值")}  # fmt: skip
    rows = [
        (labels.unit_text(each), [(found.people[rule].get(each, 0) / 100, found.value[rule].get(each, 0)) for rule in rules])
        for each in found.units
    ]  # fmt: skip
    totals = [(sum(found.people[rule].values()) / 100, sum(found.value[rule].values())) for rule in rules]
    chart = ways = None
    if rows:
        shown = rows[: labels.SHOWN]
        drawn = {
            name: place
            for place, name in enumerate(rules)
            if name in ("last", "position", "markov", "shapley", "first")
        }
        series = [
            Series(str(rules[rule]), [cells[place][0] for _name, cells in shown]) for rule, place in drawn.items()
        ]
        chart = Chart(
            "attribution", _("各规则记给谁"), [name for name, _cells in shown], series, unit=_("人"), places=2
        )
        touches = [_("%(n)d 次及以上") % {"n": n} if n == 10 else str(n) for n, _people in found.longest]
        ways = Chart(
            "ways",
            _("得到结果的人一共点击了几次"),
            touches,
            [Series(_("人数"), [people for _n, people in found.longest])],
            unit=_("人"),
            places=0,
        )
    context = {
        "since": since, "until": until, "by": unit, "grouped": labels.choices(_UNITS), "kind": kind, "names": names, "window": window, "windows": windows,
        "rules": list(rules.values()), "rows": rows, "totals": totals, "found": found, "chart": chart, "ways": ways,
    }  # fmt: skip
    return render(request, "console/octopus_attribution.html", context)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def answers(request: HttpRequest) -> HttpResponse:
    """Of each day's clicks: how many took the step so far, how complete that is, how many will have."""
    since, until = period(request)
    names = {kind: name for kind, name in labels.step_names(until).items() if kind not in ("impression", "click")}
    kind = labels.kind_of(request, names, "complete")
    media = request.GET.get("media", "")
    media = media if media in steps.MEDIA else ""
    found = late_answers.answers(since, until + timedelta(days=1), kind=kind, media=media, now=clock.now())
    days = [f"{day.on:%m-%d}" for day in found.days]
    chart = None
    if any(day.expected for day in found.days):
        series = [
            Series(_("已经来的人"), [day.so_far for day in found.days]),
            Series(_("预计还会来"), [None if day.expected is None else max(day.expected[0] - day.so_far, 0) for day in found.days]),
            Series(_("区间下端"), [None if day.expected is None else day.expected[1] for day in found.days], kind="line"),
            Series(_("区间上端"), [None if day.expected is None else day.expected[2] for day in found.days], kind="line"),
        ]  # fmt: skip
        chart = Chart("answers", _("每天的点击带来的人"), days, series, unit=_("人"), places=1, stacked=True)
    context = {
        "since": since, "until": until, "kind": kind, "names": names, "media": media, "every_media": steps.MEDIA,
        "found": found, "chart": chart, "watch_days": terms()["answers"]["watch_days"],
    }  # fmt: skip
    return render(request, "console/octopus_answers.html", context)
