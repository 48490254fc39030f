"""Octopus 章鱼: the board of the funnel, what is wrong with the data, campaigns, their wordings and budgets.

The board asks for itself anew every two seconds, so a fact that has just come is seen without anybody pressing anything.
"""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.acquisition import board, campaigns, creative_watch, steps
from puhui.acquisition.campaigns import Wording
from puhui.kernel.refusal import Refused
from puhui.policy import rule_table
from puhui.store import places
from puhui.web import access, clock
from puhui.web.charts import Chart, Series
from puhui.web.templatetags.puhui import spoken

_MAY = (access.ANALYST, access.ADMIN)
_CHINA = ZoneInfo("Asia/Shanghai")
_MOST_DAYS = 92


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The funnel of a period, the last seven days when none is named."""
    return render(request, "console/octopus.html", _board(request))


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def lines(request: HttpRequest) -> HttpResponse:
    """The board alone, as a fragment that asks again."""
    return render(request, "console/octopus_board.html", _board(request))


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def all_campaigns(request: HttpRequest) -> HttpResponse:
    """Every campaign with its state and today's money, and a form for another."""
    context = {
        "campaigns": campaigns.campaigns(on=_today()),
        "media": steps.MEDIA,
        "may": access.role_of(request) in _MAY,
    }
    return render(request, "console/campaigns.html", context)


@require_POST
@access.staff_page(*_MAY)
def create(request: HttpRequest) -> HttpResponse:
    """A draft."""
    try:
        name, media = request.POST.get("name", ""), request.POST.get("media", "")
        strategy = request.POST.get("strategy", "").strip()
        found = campaigns.create(media, name, strategy=strategy, by=request.user.get_username(), now=clock.now())
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
        return redirect("console:campaigns")
    return redirect("console:campaign", campaign_id=found)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def campaign(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """One campaign."""
    return _campaign(request, campaign_id)


@require_POST
@access.staff_page(*_MAY)
def word(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Another wording; one that the linter stops is shown again as it was typed, with everything that was found."""
    told = {name: request.POST.get(name, "").strip() for name in ("title", "text", "landing", "shown_as")}
    now = clock.now()
    try:
        campaigns.word(campaign_id, Wording(**told), by=request.user.get_username(), now=now, cap=_cap(_today()))
    except Refused as refused:
        return _campaign(request, campaign_id, wording=told, stopped=refused.refusal, status=422)
    messages.success(request, _("素材通过审查，已保存。"))
    return redirect("console:campaign", campaign_id=campaign_id)


@require_POST
@access.staff_page(*_MAY)
def act(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Another state or another daily limit."""
    by, now = request.user.get_username(), clock.now()
    try:
        if "state" in request.POST:
            campaigns.move(campaign_id, request.POST["state"], why=request.POST.get("why", ""), by=by, now=now)
        else:
            daily, target = fen(request.POST.get("daily", "")), fen(request.POST.get("target", ""))
            if daily is None or (target is None and request.POST.get("target", "").strip()):
                messages.error(request, _("请输入金额，例如 5000 或 5000.50。"))
                return redirect("console:campaign", campaign_id=campaign_id)
            campaigns.set_budget(campaign_id, daily, target_minor=target, by=by, now=now)
        campaigns.obey(places.var_dir() / "rta", now=now)
        messages.success(request, _("已保存。"))
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("console:campaign", campaign_id=campaign_id)


def _campaign(request: HttpRequest, campaign_id: str, *, status: int = 200, **more: Any) -> HttpResponse:
    try:
        found = campaigns.one(campaign_id, on=_today())
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
        return redirect("console:campaigns")
    context = {
        "campaign": found, "moves": sorted(campaigns.MOVES[found.state]), "may": access.role_of(request) in _MAY,
        "last_move": found.moves[-1], "verdicts": creative_watch.verdicts_of(campaign_id), "chart": _tiring(campaign_id),
    }  # fmt: skip
    return render(request, "console/campaign.html", context | more, status=status)


def _tiring(campaign_id: str) -> Chart | None:
    """Click rate by day of the creatives most clicked; nothing where no impression is known."""
    history = creative_watch.history_of(campaign_id, now=clock.now())
    named = sorted((name for name in history if name), key=lambda name: -sum(clicked for _day, _shown, clicked in history[name]))[:5]  # fmt: skip
    days = [day for day, _shown, _clicked in history[named[0]]] if named else []
    rates = {
        name: [100 * clicked / shown if shown else None for _day, shown, clicked in history[name]] for name in named
    }
    if not any(rate is not None for each in rates.values() for rate in each):
        return None
    series = [Series(name, each, kind="line") for name, each in rates.items()]
    return Chart("tiring", _("每条素材的点击率"), [f"{day:%m-%d}" for day in days], series, unit="%", places=2)


def _board(request: HttpRequest) -> dict[str, Any]:
    since, until = period(request)
    found = board.board(since, until + timedelta(days=1))
    shown = [step for step in found.kinds if any(step.kind in line.counts for line in found.lines)]
    english = get_language() == "en"
    names = [step.en if english else step.zh for step in shown]
    rows = [
        {"line": line, "counts": [line.counts.get(step.kind, 0) for step in shown],
         "each": [line.cost_each_minor.get(step.kind) for step in shown]}
        for line in found.lines
    ]  # fmt: skip
    chart = None
    if shown:
        values = [found.total.counts.get(step.kind, 0) for step in shown]
        chart = Chart("funnel", _("漏斗"), names, [Series(_("人数"), values)], unit=_("人"), places=0)
    return {
        "since": since, "until": until, "names": names, "rows": rows, "total": found.total, "chart": chart,
        "total_counts": [found.total.counts.get(step.kind, 0) for step in shown], "newest_at": found.newest_at,
        "alarms": board.alarms(until, now=clock.now()), "conversions": board.conversions_by_state(),
    }  # fmt: skip


def _cap(on: date) -> Decimal | None:
    """The highest lawful yearly cost that day; none where no rule is in force."""
    try:
        return rule_table.find("CAP_ALLIN", metric="apr_simple", lender_type="bank", on=on).value
    except rule_table.RuleAbsent:
        return None


def period(request: HttpRequest) -> tuple[date, date]:
    """The first and last day asked for; the last seven days when none or nonsense is."""
    today = _today()
    since, until = _day(request.GET.get("since", "")), _day(request.GET.get("until", ""))
    until = until or today
    since = since or until - timedelta(days=6)
    if not since <= until <= since + timedelta(days=_MOST_DAYS):
        since, until = today - timedelta(days=6), today
    return since, until


def fen(text: str) -> int | None:
    """Yuan as typed → fen; None when it is no amount."""
    try:
        yuan = Decimal(text.replace(",", "").replace("，", "").strip())
        return int(yuan * 100) if yuan.is_finite() and yuan >= 0 and yuan * 100 == int(yuan * 100) else None
    except (InvalidOperation, ValueError):
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _today() -> date:
    return clock.now().astimezone(_CHINA).date()
