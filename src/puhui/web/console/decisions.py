"""The record of decisions: what was seen, what came out, why, under which policy; and deciding again to compare."""

import json
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from puhui.policy import queries, replay
from puhui.web import access


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """The latest decisions, or straight to one by its id."""
    wanted = request.GET.get("id", "").strip()
    if wanted:
        return redirect("console:decision", decision_id=wanted)
    page = Paginator(queries.latest(), 50).get_page(request.GET.get("page"))
    return render(request, "console/decisions.html", {"page": page})


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def one(request: HttpRequest, decision_id: str) -> HttpResponse:
    row = queries.decision(decision_id)
    plain = queries.as_dict(row)
    context = {"decision": plain, "inputs": _written(plain["inputs"]), "output": _written(plain["output"]),
               "previous_hash": row.previous_hash, "application_id": _application(plain)}  # fmt: skip
    return render(request, "console/decision.html", context)


@require_POST
@access.staff_page(*access.PLATFORM_ROLES)
def run_again(request: HttpRequest, decision_id: str) -> HttpResponse:
    """Decide again from the recorded inputs, by the code that runs live. A fragment; a page without HTMX."""
    context: dict[str, Any] = {"decision_id": decision_id}
    try:
        answer = replay.replay(decision_id)
        context |= {"same": answer.same, "recorded": _written(answer.recorded), "replayed": _written(answer.replayed)}
    except replay.KindUnknown:
        context["no_code"] = True
    return render(request, "console/replay.html" if request.htmx else "console/replay_page.html", context)  # type: ignore[attr-defined]


def _application(decision: dict[str, Any]) -> str:
    """The application a credit decision is about, whose evidence has a page of its own."""
    kind, _colon, name = str(decision["subject"]).partition(":")
    return name if (decision["kind"], kind) == ("underwriting.application", "application") else ""


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
