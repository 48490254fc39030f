"""Experiments of a growth analyst: made and put in force, looked at every day without cheating, stopped with an arm kept."""

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.acquisition import audiences, experiment_book
from puhui.acquisition.experiment_book import Draft, Seen
from puhui.acquisition.rta import tables
from puhui.kernel.refusal import Refused
from puhui.store import places
from puhui.web import access, clock
from puhui.web.charts import Chart, Series
from puhui.web.console import octopus_labels as labels
from puhui.web.templatetags.puhui import spoken

_MAY = (access.ANALYST, access.ADMIN)
_CHINA = ZoneInfo("Asia/Shanghai")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """All of them, and a form for another."""
    return _index(request)


@require_POST
@access.staff_page(*_MAY)
def start(request: HttpRequest) -> HttpResponse:
    """Fixed from here on; a fault is told on the form as it was typed."""
    told = {name: request.POST.get(name, "").strip() for name in ("name", "strategy", "other", "buckets", "audience", "kind", "planned")}  # fmt: skip
    now = clock.now()
    media, _slash, strategy = told["strategy"].partition("/")
    other_media, _slash, other = told["other"].partition("/")
    numbers = told["planned"].isdecimal() and len(told["planned"]) < 12 and told["buckets"] in list("123456789")
    if not numbers or (other and other_media != media):
        messages.error(request, _("两组须属于同一媒体；桶数为 1 到 9，计划台数为整数。"))
        return _index(request, told=told, status=422)
    arms = experiment_book.two_arms(told["name"], strategy, other, buckets=int(told["buckets"]))
    draft = Draft(told["name"], media, arms, told["audience"], told["kind"], int(told["planned"]))
    try:
        found = experiment_book.start(draft, places.var_dir() / "rta", by=request.user.get_username(), now=now)
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
        return _index(request, told=told, status=422)
    messages.success(request, _("实验已开始，服务器已按分组投放。"))
    return redirect("console:octopus_experiment", experiment_id=found)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def one(request: HttpRequest, experiment_id: str) -> HttpResponse:
    """Today's look and every day's before it."""
    try:
        shown = experiment_book.one(experiment_id)
        seen = experiment_book.seen(experiment_id, now=clock.now())
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
        return redirect("console:octopus_experiments")
    step = labels.step_names(clock.now().astimezone(_CHINA).date()).get(shown.draft.kind, shown.draft.kind)
    context = {
        "shown": shown, "seen": seen, "step": step, "charts": _charts(seen), "may": access.role_of(request) in _MAY,
        "rows": list(zip(shown.draft.arms, seen.arms, strict=True)), "heads": sum(arm.heads for arm in seen.arms),
    }  # fmt: skip
    return render(request, "console/octopus_experiment.html", context)


@require_POST
@access.staff_page(*_MAY)
def stop(request: HttpRequest, experiment_id: str) -> HttpResponse:
    """With an arm kept, or with none."""
    try:
        experiment_book.stop(
            experiment_id, places.var_dir() / "rta", keep=request.POST.get("keep", ""), by=request.user.get_username(), now=clock.now()
        )  # fmt: skip
        messages.success(request, _("实验已停止。"))
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("console:octopus_experiment", experiment_id=experiment_id)


def _index(request: HttpRequest, *, told: dict[str, str] | None = None, status: int = 200) -> HttpResponse:
    today = clock.now().astimezone(_CHINA).date()
    names = {kind: name for kind, name in labels.step_names(today).items() if kind not in ("impression", "click")}
    protected = tables.protected_audiences(today)
    context: dict[str, Any] = {
        "experiments": [(each, names.get(each.draft.kind, each.draft.kind)) for each in experiment_book.experiments_now()],
        "strategies": experiment_book.strategies_now(places.var_dir() / "rta", on=today),
        "audiences": [(name, number) for name, number in audiences.sizes().items() if name not in protected],
        "names": names, "told": told or {"kind": "complete", "buckets": "1"}, "may": access.role_of(request) in _MAY,
    }  # fmt: skip
    return render(request, "console/octopus_experiments.html", context, status=status)


def _charts(seen: Seen) -> list[Chart]:
    """One an arm: the difference with its always-valid interval, day by day, in points of a hundred."""
    drawn = []
    for number, (name, days) in enumerate(seen.days.items()):
        if days:
            columns = (
                (_("差异"), [look.difference for _day, look in days]),
                (_("区间下端"), [look.low for _day, look in days]),
                (_("区间上端"), [look.high for _day, look in days]),
            )
            series = [Series(str(title), [100 * value for value in values], kind="line") for title, values in columns]
            title = _("%(arm)s 与对照组的差异") % {"arm": name}
            drawn.append(
                Chart(
                    f"looks-{number}",
                    title,
                    [f"{day:%m-%d}" for day, _look in days],
                    series,
                    unit=_("百分点"),
                    places=3,
                )
            )
    return drawn
