"""Fairness by declared group: a file names groups for this report only; answers are compared with intervals and kept.

Nothing here reaches a decision: the report reads stored answers, and what is forbidden as an input is listed beside it.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.kernel.refusal import Refused
from puhui.underwriting import operations, queries
from puhui.web import access, clock, reading
from puhui.web.templatetags.puhui import spoken

_MOST_BYTES = 5 * 1024 * 1024
_MAY = (access.ANALYST, access.ADMIN)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The latest report in full, the earlier ones by date."""
    reports = queries.fairness_reports()
    wanted = request.GET.get("report", "")
    shown = next((row for row in reports if row.report_id == wanted), reports[0] if reports else None)
    context = {
        "reports": reports,
        "shown": shown,
        "may": access.role_of(request) in _MAY,
        "standing": reading.standing(),
    }
    return render(request, "console/fairness.html", context)


@require_POST
@access.staff_page(*_MAY)
def run(request: HttpRequest) -> HttpResponse:
    """A new report from an uploaded file."""
    file, over = request.FILES.get("file"), request.POST.get("over", "")
    if file is None or (file.size or 0) > _MOST_BYTES:
        messages.error(request, _("请选择一个不超过 5 MB 的 CSV 文件。"))
        return redirect("console:fairness")
    standing = reading.standing()
    appraisal_id = standing.appraisal_id if over == "appraisal" and standing else None
    try:
        operations.report_fairness(
            file.read(), by=request.user.get_username(), now=clock.now(), appraisal_id=appraisal_id
        )
    except Refused as refused:
        messages.error(request, f"{spoken(refused.refusal.message)} ({refused.refusal.where})")
        return redirect("console:fairness")
    messages.success(request, _("报告已生成并留存。"))
    return redirect("console:fairness")
