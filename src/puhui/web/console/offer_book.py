"""The offer book: what was approved, what more money would bring, and the budget solved again at the slider's touch.

A what-if stores nothing; the standing appraisal stays what applicants are judged against.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting import queries as underwriting
from puhui.underwriting.views import AppraisalView, Resolved, VerdictView
from puhui.web import access, reading
from puhui.web.charts import Chart, Series

_STEP_MINOR = 100_000_000  # one million yuan: the slider's step
_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Change:
    """One firm whose answer differs at the new budget; `shift_minor` is the change of its limit."""

    firm: VerdictView
    limit_minor: int
    rate: float | None

    @property
    def shift_minor(self) -> int:
        return self.limit_minor - self.firm.limit_minor

    @property
    def kind(self) -> str:
        if self.firm.limit_minor == 0:
            return "added"
        return "dropped" if self.limit_minor == 0 else "moved"


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The whole book; with `budget_yuan` in the address, solved at that budget (also without scripts)."""
    appraisal = reading.standing()
    if appraisal is None:
        return render(request, "console/nothing_yet.html")
    curve = underwriting.profit_curve(appraisal.appraisal_id)
    budget_minor = _budget(request, appraisal)
    top_minor = max([point["budget_minor"] for point in curve] + [appraisal.budget_minor])
    context = _solution(appraisal, budget_minor) | {
        "appraisal": appraisal, "chart": _curve_chart(curve, budget_minor),
        "slider_most": -(-top_minor // _STEP_MINOR) * _STEP_MINOR // 100, "slider_step": _STEP_MINOR // 100,
    }  # fmt: skip
    return render(request, "console/offer_book.html", context)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def solved(request: HttpRequest) -> HttpResponse:
    """The fragment that follows the slider."""
    appraisal = reading.standing()
    if appraisal is None:
        raise Refused(Refusal("NO_STANDING_APPRAISAL", "还没有授信评审 · no appraisal stands yet"))
    return render(request, "console/solved.html", _solution(appraisal, _budget(request, appraisal)))


def _budget(request: HttpRequest, appraisal: AppraisalView) -> int:
    text = request.GET.get("budget_yuan", "").strip()
    if not text:
        return appraisal.budget_minor
    try:
        minor = parse_yuan(text)
    except MoneyUnreadable as wrong:
        told = f"预算应为数字，单位元，如 50000000 · {wrong}"
        raise Refused(Refusal("BUDGET_UNREADABLE", told, where="budget_yuan")) from wrong
    if not 0 <= minor <= 10**15:
        told = "预算应在 0 到 10 万亿元之间 · between 0 and 10 trillion yuan"
        raise Refused(Refusal("BUDGET_INVALID", told, where="budget_yuan"))
    return minor


def _solution(appraisal: AppraisalView, budget_minor: int) -> dict[str, Any]:
    answer = underwriting.resolve(appraisal.appraisal_id, budget_minor)
    changes = _changes(underwriting.outcome(appraisal.appraisal_id).rows, answer)
    return {
        "appraisal": appraisal, "answer": answer, "budget_yuan": budget_minor // 100,
        "more_approved": answer.approved - appraisal.approved,
        "more_profit_minor": answer.expected_profit_minor - appraisal.expected_profit_minor,
        "more_lent_minor": answer.lent_minor - appraisal.lent_minor,
        "same_budget": budget_minor == appraisal.budget_minor, "mark": budget_minor / 1_000_000,
        "changes": changes[:_MOST_SHOWN], "more_changes": max(0, len(changes) - _MOST_SHOWN),
    }  # fmt: skip


def _changes(rows: list[VerdictView], answer: Resolved) -> list[Change]:
    """Firms whose limit is another one now, the largest shift first."""
    changes = []
    for firm in rows:
        limit_minor, rate, _profit = answer.limits.get(firm.firm, (0, None, 0))
        if limit_minor != firm.limit_minor:
            changes.append(Change(firm, limit_minor, rate))
    return sorted(changes, key=lambda change: -abs(change.shift_minor))


def _curve_chart(curve: list[dict[str, Any]], budget_minor: int) -> Chart:
    return Chart(
        id="curve", title=_("预算与期望利润"), unit=_("期望利润（万元）"), right_unit=_("影子价格（元/元）"),
        x_title=_("预算（万元）"), numeric_x=True, places=4, mark=str(budget_minor / 1_000_000),
        labels=[f"{point['budget_minor'] / 1_000_000:g}" for point in curve],
        series=[
            Series(_("期望利润（万元）"), [point["expected_profit_minor"] / 1_000_000 for point in curve], kind="line"),
            Series(_("影子价格（元/元）"), [point["dual_price"] for point in curve], kind="line", axis=1),
        ],
        note=_("红线是当前预算。影子价格：预算每多 1 元，期望利润多多少元。"), tall=True,
    )  # fmt: skip
