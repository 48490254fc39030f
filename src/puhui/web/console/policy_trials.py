"""Experiments 实验: a challenger's arms side by side, a shadow beside what was decided, guard-rails, alerts; start and stop."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.kernel.refusal import Refused
from puhui.policy import experiments, operations, versions
from puhui.policy.core.guardrail import METRICS, read_guardrail
from puhui.web import access, clock
from puhui.web.console import policies, policy_forms
from puhui.web.templatetags.puhui import spoken


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest, kind: str) -> HttpResponse:
    """All experiments of a rulebook, newest first."""
    if kind not in {book.kind for book in versions.rulebooks()}:
        raise Http404(kind)
    now = clock.now()
    fit = [row for row in versions.versions(kind) if row.state in ("in_review", "approved", "published")]
    live = policies.live_version(kind, now)
    return render(request, "console/policy_trials.html", {
        "kind": kind, "rows": experiments.experiments(kind, now), "alerts": experiments.alerts(kind), "metrics": list(METRICS),
        "fit": [row for row in fit if live is None or row.version_id != live.version_id], "live": live,
        "may_run": access.role_of(request) in policies.PUBLISHERS,
    })  # fmt: skip


@require_POST
@access.staff_page(*policies.PUBLISHERS)
def start(request: HttpRequest, kind: str) -> HttpResponse:
    """Start one from the form."""
    now = clock.now()
    try:
        rails = [read_guardrail(line) for line in request.POST.get("guardrails", "").splitlines() if line.strip()]
        ends = request.POST.get("ends_at", "").strip()
        draft = operations.ExperimentDraft(
            request.POST.get("version", ""), request.POST.get("mode", ""), policy_forms.read_share(request.POST.get("share", "")),
            policy_forms.read_time(ends, now=now) if ends else None, rails,
        )  # fmt: skip
        operations.start_experiment(draft, by=request.user.get_username(), now=now)
        messages.success(request, _("实验已开始。"))
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("console:policy_trials", kind=kind)


@require_POST
@access.staff_page(*policies.PUBLISHERS)
def stop(request: HttpRequest, experiment_id: str) -> HttpResponse:
    """Stop one, with a reason."""
    try:
        reason = request.POST.get("reason", "").strip()
        operations.stop_experiment(experiment_id, by=request.user.get_username(), reason=reason, now=clock.now())
        messages.success(request, _("实验已停止。"))
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    return redirect("console:policy_trials", kind=request.POST.get("kind", ""))
