"""End of day 日终: the history of business days, the trial balance, and the operator's button that closes the open day."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.journeys import close_day as closing
from puhui.servicing import queries as servicing
from puhui.web import access, clock
from puhui.web.charts import Chart, Series


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """What has been closed, and what is open."""
    history, lines = servicing.day_history(), servicing.trial_balance()
    context = {
        "history": history, "lines": lines, "chart": _chart(history),
        "debit_minor": sum(line.debit_minor for line in lines), "credit_minor": sum(line.credit_minor for line in lines),
        "may_close": access.role_of(request) in (access.OPERATOR, access.ADMIN),
    }  # fmt: skip
    return render(request, "console/closing.html", context)


@require_POST
@access.staff_page(access.OPERATOR, access.ADMIN)
def run(request: HttpRequest) -> HttpResponse:
    """Close the day named on the button. Pressed twice, the second press finds it closed and moves nothing."""
    shown = request.POST.get("day", "")
    today = servicing.business_date()
    if today is None or shown != today.isoformat():
        messages.warning(request, _("营业日已经变动，没有重复执行。请核对后再点一次。"))
        return redirect("console:closing")
    answer = closing.close_day(now=clock.now(), day=today)
    done = answer.day
    for loan_id, why in answer.refused.items():
        messages.warning(request, f"{loan_id}: {why}")
    told = _("%(day)s 日终完成：%(loans)s 笔在贷，新增逾期 %(late)s 笔，结清 %(closed)s 笔。") % {
        "day": done.business_date, "loans": done.loans, "late": done.became_overdue, "closed": done.closed,
    }  # fmt: skip
    messages.success(request, told)
    return redirect("console:closing")


def _chart(history: list[dict[str, object]]) -> Chart | None:
    days = history[::-1]
    if len(days) < 2:
        return None
    return Chart(
        id="days", title=_("在贷余额与当日计息"), labels=[str(day["business_date"]) for day in days], unit=_("万元"),
        right_unit=_("元"), x_title=_("营业日"),
        series=[
            Series(_("在贷余额（万元）"), [int(str(day["outstanding_minor"])) / 1_000_000 for day in days], kind="line"),
            Series(_("当日计息（元）"), [int(str(day["accrued_minor"])) / 100 for day in days], axis=1),
        ],
    )  # fmt: skip
