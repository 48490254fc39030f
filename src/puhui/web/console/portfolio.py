"""The whole book under more than a budget: a loss budget, a share no rating may pass, fewest approvals; with prices and frontier.

A what-if stores nothing. The answer is found by prices, in under a second, and says how far from the best it can be at most.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting import queries as underwriting
from puhui.underwriting.core.offer_book import OptimumNotProven
from puhui.underwriting.portfolio_plan import Plan, PlanAsked
from puhui.underwriting.views import AppraisalView
from puhui.web import access, reading
from puhui.web.charts import Chart, Series
from puhui.web.templatetags.puhui import spoken

_TYPED = ("budget_yuan", "loss_bps", "rating_share", "fewest")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The form with its answer; a wrong value is told beside the form and nothing is solved."""
    appraisal = reading.standing()
    if appraisal is None:
        return render(request, "console/nothing_yet.html")
    typed = {name: request.GET.get(name, "").strip() for name in _TYPED}
    context: dict[str, Any] = {
        "appraisal": appraisal,
        "typed": typed | {"budget_yuan": typed["budget_yuan"] or _shown(appraisal)},
    }
    try:
        found = underwriting.plan(appraisal.appraisal_id, _asked(typed, appraisal))
    except Refused as refused:
        return render(
            request, "console/portfolio.html", context | {"wrong": spoken(refused.refusal.message)}, status=422
        )
    except OptimumNotProven:
        told = _("这些约束下没有找到足够的户数，请放宽一项。")
        return render(request, "console/portfolio.html", context | {"wrong": told}, status=422)
    context |= {"plan": found, "duals": sorted(found.duals.items(), key=lambda pair: -pair[1]), "others": _others(found),
                "compared": _compared(found), "frontier": _frontier(found)}  # fmt: skip
    return render(request, "console/portfolio.html", context)


def _shown(appraisal: AppraisalView) -> str:
    return str(appraisal.budget_minor // 100)


def _asked(typed: dict[str, str], appraisal: AppraisalView) -> PlanAsked:
    budget = appraisal.budget_minor
    if typed["budget_yuan"]:
        try:
            budget = parse_yuan(typed["budget_yuan"])
        except MoneyUnreadable as wrong:
            raise Refused(Refusal("BUDGET_UNREADABLE", f"预算应为数字，单位元 · {wrong}", "budget_yuan")) from wrong
    if not 0 < budget <= 10**15:
        raise Refused(
            Refusal(
                "BUDGET_INVALID", "预算应在 0 到 10 万亿元之间 · above zero, at most 10 trillion yuan", "budget_yuan"
            )
        )
    share = _whole(typed, "rating_share", most=100)
    return PlanAsked(budget, _whole(typed, "loss_bps", most=10_000), None if share is None else share / 100,
                     _whole(typed, "fewest", most=1_000_000) or 0)  # fmt: skip


def _whole(typed: dict[str, str], name: str, *, most: int) -> int | None:
    text = typed[name]
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= most):
        raise Refused(Refusal("NUMBER_UNREADABLE", f"请写 0–{most} 的整数 · a whole number from 0 to {most}", name))
    return int(text)


def _others(found: Plan) -> list[tuple[str, dict[str, int]]]:
    mine = {
        "profit_minor": found.profit_minor,
        "lent_minor": found.lent_minor,
        "loss_minor": found.loss_minor,
        "approved": found.approved,
    }
    names = {"equal_split": _("平均分配"), "by_rating": _("按评级排队"), "by_score": _("按评分贪心")}
    return [(_("最优组合"), mine), *((names[name], row) for name, row in found.others.items())]


def _compared(found: Plan) -> Chart:
    rows = _others(found)
    return Chart(
        id="compared", title=_("同样的钱，四种分法"), unit=_("万元"), labels=[name for name, _row in rows],
        series=[Series(_("期望利润"), [row["profit_minor"] / 1_000_000 for _name, row in rows]),
                Series(_("预期损失"), [row["loss_minor"] / 1_000_000 for _name, row in rows])],
        note=_("三种常见分法用的是同样的企业、同样的约束、各自最好的利率。"),
    )  # fmt: skip


def _frontier(found: Plan) -> Chart:
    return Chart(
        id="frontier", title=_("多担风险，多赚多少"), unit=_("期望利润（万元）"), right_unit=_("风险的影子价格（元/元）"),
        x_title=_("允许的预期损失（万元）"), numeric_x=True, places=4, mark=str(found.loss_minor / 1_000_000), tall=True,
        labels=[f"{point['loss_budget_minor'] / 1_000_000:g}" for point in found.frontier],
        series=[
            Series(_("期望利润（万元）"), [point["expected_profit_minor"] / 1_000_000 for point in found.frontier], kind="line"),
            Series(_("风险的影子价格（元/元）"), [point["loss_dual"] for point in found.frontier], kind="line", axis=1),
        ],
        note=_("影子价格：多允许 1 元预期损失，期望利润多多少元。"),
    )  # fmt: skip
