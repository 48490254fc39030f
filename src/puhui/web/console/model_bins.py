"""Bins of one column moved by hand, with evidence and points at once; saved as the next version by a job that fits again.

The page holds the cuts; the server holds the fine counts of training. Trying stores nothing.
"""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting import model_queries, tape_jobs
from puhui.underwriting.core.modelling import rebinning
from puhui.underwriting.core.modelling.binning import Bins
from puhui.underwriting.model_queries import ModelView
from puhui.web import access, clock
from puhui.web.console import model_pictures
from puhui.web.console.models import MAY
from puhui.web.templatetags.puhui import spoken


@require_GET
@access.staff_page(*MAY)
def page(request: HttpRequest, model_id: str, place: int) -> HttpResponse:
    """The bins in force of the column in that place, ready to be moved."""
    model, feature = _feature(model_id, place)
    bins = Bins.of(feature["bins"])
    return render(request, "console/model_bins.html", _shown(model, feature, bins, place) | {"feature": feature})


@require_POST
@access.staff_page(*MAY)
def tried(request: HttpRequest, model_id: str, place: int) -> HttpResponse:
    """The bins after one change, as a fragment; a change that cannot be made is said, and the bins stay. Without scripts
    the same answer is a whole page."""
    model, feature = _feature(model_id, place)
    fine = Bins.of((model.picture or {})["fine"][feature["name"]])
    bins, told = _cut(fine, request.POST.get("cuts", "")), ""
    try:
        bins = _changed(fine, bins, request.POST.get("change", ""))
    except Refused as no:
        told = spoken(no.refusal.message)
    context = _shown(model, feature, bins, place) | {"feature": feature, "told": told}
    fragment = getattr(request, "htmx", False)
    return render(request, "console/model_bins_table.html" if fragment else "console/model_bins.html", context)


@require_POST
@access.staff_page(*MAY)
def save(request: HttpRequest, model_id: str, place: int) -> HttpResponse:
    """Queue the next version with these bins."""
    model, feature = _feature(model_id, place)
    fine = Bins.of((model.picture or {})["fine"][feature["name"]])
    try:
        bins = _cut(fine, request.POST.get("cuts", ""))
        cut = (
            {"groups": [list(group) for group in bins.groups]}
            if bins.kind == "category"
            else {"edges": list(bins.edges)}
        )
        tape_jobs.ask_for_rebin(model.id, {feature["name"]: cut}, by=request.user.get_username(), now=clock.now())
    except Refused as no:
        messages.error(request, spoken(no.refusal.message))
        return redirect("console:model_bins", model_id, place)
    messages.success(request, _("新分箱已排队，后台重新拟合后登记为下一版本。"))
    return redirect("console:models")


def _feature(model_id: str, place: int) -> tuple[ModelView, dict[str, Any]]:
    """The model and its column in that place. A model without fine counts has no such page."""
    model = model_queries.fitted_model(model_id)
    features = (model.content["model"].get("scorecard") or {}).get("features", [])
    if place >= len(features) or not (model.picture or {}).get("fine"):
        raise Http404
    return model, features[place]


def _cut(fine: Bins, text: str) -> Bins:
    """The cuts the page holds. Refuses what is no list of them."""
    try:
        cuts = json.loads(text)
        if fine.kind == "category":
            return rebinning.coarsened(fine, groups=[tuple(str(word) for word in group) for group in cuts])
        return rebinning.coarsened(fine, edges=[float(edge) for edge in cuts])
    except (ValueError, TypeError) as fault:
        raise Refused(
            Refusal("CUTS_UNREADABLE", "分箱无法读取，请刷新 · the cuts cannot be read; load the page again")
        ) from fault


def _changed(fine: Bins, bins: Bins, change: str) -> Bins:
    """`merge:2`, `split:0`, `up:1`, `down:1`; anything else changes nothing."""
    verb, _colon, number = change.partition(":")
    if not number.isdigit():
        return bins
    at = int(number)
    if verb in ("up", "down"):
        return rebinning.shifted(fine, bins, at, 1 if verb == "up" else -1)
    if verb in ("merge", "split"):
        return (rebinning.merged if verb == "merge" else rebinning.split)(fine, bins, at)
    return bins


def _shown(model: ModelView, feature: dict[str, Any], bins: Bins, place: int) -> dict[str, Any]:
    told = rebinning.told(bins, feature, model.content["model"]["scorecard"])
    points = [row["points"] for row in told["table"]]
    movable = len(bins.groups) if bins.kind == "category" else len(bins.edges) + 1
    rows = model_pictures.rows(told["table"], points)
    for number, row in enumerate(rows):
        row["place"], row["movable"] = number, number < movable
        row["mergeable"], row["edge"] = number + 1 < movable, bins.kind == "number" and number + 1 < movable
    cuts = told["groups"] if bins.kind == "category" else told["edges"]
    return {"model": model, "place": place, "rows": rows, "bins": told, "cuts": json.dumps(cuts, ensure_ascii=False),
            "picture": model_pictures.bins(told["table"], points), "changed": cuts != _in_force(feature)}  # fmt: skip


def _in_force(feature: dict[str, Any]) -> list[Any]:
    stored = feature["bins"]
    return stored["groups"] if stored["kind"] == "category" else stored["edges"]
