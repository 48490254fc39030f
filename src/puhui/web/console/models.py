"""Fitted models: the register, tapes being fitted, alerts, proposed splits; one model with its figures, bins and life.

Nothing is fitted inside a request: a tape that is brought becomes a row and a job, and the page asks how far it is.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.kernel.refusal import Refused
from puhui.underwriting import model_queries, registry, tape_jobs
from puhui.underwriting.tape_jobs import TapeSent
from puhui.underwriting.workbench import card
from puhui.underwriting.workbench.card_sections import FIGURES
from puhui.web import access, clock
from puhui.web.charts import Chart, Series
from puhui.web.console import model_pictures
from puhui.web.templatetags.puhui import spoken

MAY = (access.ANALYST, access.ADMIN)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The register and what goes on around it."""
    context = _under_way() | {
        "models": model_queries.fitted_models(), "alerts": model_queries.alerts(limit=10),
        "splits": model_queries.split_proposals(limit=10), "may": access.role_of(request) in MAY, "kinds": tape_jobs.KINDS,
        "suffixes": ",".join(tape_jobs.SUFFIXES),
    }  # fmt: skip
    return render(request, "console/models.html", context)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def fits(request: HttpRequest) -> HttpResponse:
    """Fits asked for, as a fragment that asks again while one runs."""
    context = _under_way()
    response = render(request, "console/fits.html", context)
    if not context["waiting"]:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@access.staff_page(*MAY)
def upload(request: HttpRequest) -> HttpResponse:
    """Take a tape in and queue its fit."""
    file = request.FILES.get("tape")
    told = {name: request.POST.get(name, "").strip() for name in ("target", "positive", "time", "weight", "kind")}
    asked: dict[str, Any] = told | {
        "drop": [name.strip() for name in request.POST.get("drop", "").split(",") if name.strip()]
    }
    try:
        sent = TapeSent(str(file.name), file.read()) if file else TapeSent("", b"")
        tape_jobs.ask_for_fit(
            sent, asked, name=request.POST.get("name", ""), by=request.user.get_username(), now=clock.now()
        )
    except Refused as no:
        messages.error(request, spoken(no.refusal.message))
    else:
        messages.success(request, _("数据已收到，建模已排队，后台完成后自动登记。"))
    return redirect("console:models")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def one(request: HttpRequest, model_id: str) -> HttpResponse:
    """One model: figures, calibration, gain, bins or columns, its life and what can be done now."""
    model = model_queries.fitted_model(model_id)
    own = model.card["models"][0]
    found, role = own.get("evaluation") or {}, access.role_of(request)
    context = {
        "model": model, "card": model.card, "own": own, "figures": _figures(found), "found": found,
        "calibration": _calibration(found), "gain": _gain(found), "features": model_pictures.features(own),
        "columns": model_pictures.columns(own), "may": role in MAY, "mine": request.user.get_username() == model.registered_by,
        "alerts": model_queries.alerts(model_id=model_id, limit=5), "can_rebin": bool((model.picture or {}).get("fine")),
    }  # fmt: skip
    return render(request, "console/model.html", context)


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def model_card(request: HttpRequest, model_id: str) -> HttpResponse:
    """The model card as a file of its own (its style stands inside it, which our pages do not allow)."""
    model = model_queries.fitted_model(model_id)
    response = HttpResponse(card.html(model.card), content_type="text/html; charset=utf-8")
    name = content_disposition_header(True, f"puhui-{model.name}-v{model.version}-card.html")
    response["Content-Disposition"] = name or "attachment"
    return response


@require_POST
@access.staff_page(*MAY)
def move(request: HttpRequest, model_id: str) -> HttpResponse:
    """Approve, reject, set live or retire."""
    try:
        registry.move_model(model_id, request.POST.get("move", ""), by=request.user.get_username(),
                            note=request.POST.get("note", "").strip(), now=clock.now())  # fmt: skip
    except Refused as no:
        messages.error(request, spoken(no.refusal.message))
    else:
        messages.success(request, _("已记录。"))
    return redirect("console:model", model_id)


@require_POST
@access.staff_page(*MAY)
def answer_split(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """A person accepts or declines a proposed split."""
    try:
        registry.answer_proposal(proposal_id, accepted=request.POST.get("accepted") == "yes", by=request.user.get_username(),
                                 note=request.POST.get("note", "").strip(), now=clock.now())  # fmt: skip
    except Refused as no:
        messages.error(request, spoken(no.refusal.message))
    else:
        messages.success(request, _("已记录。"))
    return redirect("console:models")


def _under_way() -> dict[str, Any]:
    found = model_queries.fits(limit=8)
    return {"fits": found, "waiting": any(fit.step in ("queued", "started") for fit in found)}


def _figures(found: dict[str, Any]) -> list[tuple[str, float, list[float] | None]]:
    return [
        (name, found[key], found.get("intervals", {}).get(key)) for key, name in FIGURES if found.get(key) is not None
    ]


def _calibration(found: dict[str, Any]) -> Chart | None:
    rows = found.get("calibration")
    if not rows:
        return None
    return Chart(
        id="calibration", title=_("校准：预测与实际违约率"), unit="%", places=2, x_title=_("按预测概率分段"),
        labels=[f"{100 * row['mean_pd']:.2f}%" for row in rows],
        series=[
            Series(_("预测"), [100 * row["mean_pd"] for row in rows], kind="line"),
            Series(_("实际"), [100 * row["bad_rate"] for row in rows], kind="line"),
            Series(_("实际：区间下限"), [100 * row["low"] for row in rows], kind="line"),
            Series(_("实际：区间上限"), [100 * row["high"] for row in rows], kind="line"),
        ],
    )  # fmt: skip


def _gain(found: dict[str, Any]) -> Chart | None:
    rows = found.get("lift")
    if not rows:
        return None
    return Chart(
        id="gain", title=_("增益：最高风险的人中抓住多少坏客户"), unit="%", places=1, right_unit=_("倍"), x_title=_("最高风险的占比"),
        labels=[f"{100 * row['share']:.0f}%" for row in rows],
        series=[
            Series(_("捕获的坏客户"), [100 * row["gain"] for row in rows], kind="line"),
            Series(_("提升倍数"), [row["lift"] for row in rows], axis=1),
        ],
    )  # fmt: skip
