"""Mirror's models 反欺诈模型: the champion and its challenger side by side, how far each has moved, alerts, training and approval.

Rule kept: who trains does not approve; an alert stands until a person says that they have seen it.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.antifraud import operations, queries
from puhui.antifraud.core import model_watch
from puhui.kernel.refusal import Refused
from puhui.web import access, clock
from puhui.web.templatetags.puhui import spoken

MAY = access.PLATFORM_ROLES


@require_GET
@access.staff_page(*MAY)
def index(request: HttpRequest) -> HttpResponse:
    """Every model, the newest first, with its latest day; what waits for approval; alerts not seen yet."""
    days = queries.model_days()
    rows: list[dict[str, Any]] = [row | {"day": days.get(row["id"])} for row in queries.fraud_models()]
    me = request.user.get_username()
    context = {
        "rows": rows,
        "watched": [row for row in rows if row["day"]],
        "waiting": [row | {"mine": row["trained_by"] == me} for row in rows if row["state"] == "challenger"],
        "alerts": queries.open_model_alerts(),
        "table": model_watch.in_force(),
    }
    return render(request, "console/mirror_models.html", context)


@require_POST
@access.staff_page(*MAY)
def train(request: HttpRequest) -> HttpResponse:
    """A challenger now, by who asks."""
    by, now = request.user.get_username(), clock.now()
    seed = int(now.timestamp()) % 100_000
    return _done(request, lambda: operations.train_model(seed=seed, by=by, now=now), _("挑战者已训练，待他人批准。"))


@require_POST
@access.staff_page(*MAY)
def approve(request: HttpRequest, model_id: str) -> HttpResponse:
    """Make the challenger the champion."""
    by = request.user.get_username()
    return _done(request, lambda: operations.approve_model(model_id, by=by), _("已批准，此后的申请由该模型评分。"))


@require_POST
@access.staff_page(*MAY)
def seen(request: HttpRequest, alert_id: int) -> HttpResponse:
    """An alert that somebody has looked at."""
    by, now = request.user.get_username(), clock.now()
    return _done(request, lambda: operations.mark_alert_seen(alert_id, by=by, now=now), _("已标为已阅。"))


def _done(request: HttpRequest, write: Callable[[], object], told: str) -> HttpResponse:
    try:
        write()
        messages.success(request, told)
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("console:mirror_models")
