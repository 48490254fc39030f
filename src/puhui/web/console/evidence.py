"""What a small owner brought and what the answer made of it: items with source, age and grade; estimates, bounds, price.

A named person who looked at the thing itself says so here; the item is then said again with the grade of a visit. Opening a photo
is logged, as revealing any sealed value is.
"""

from typing import Any

import structlog
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.kernel.money import format_yuan
from puhui.kernel.refusal import Refused
from puhui.underwriting import operations, queries
from puhui.underwriting.core.evidence_item import KINDS
from puhui.underwriting.core.owner_words import bound_text
from puhui.web import access, clock
from puhui.web.templatetags.puhui import spoken

_MAY = (access.OPERATOR, access.ADMIN)
_PARTS = (
    ("cost_of_funds_micro", ("资金成本", "cost of funds")), ("expected_loss_micro", ("预期损失", "expected loss")),
    ("operating_micro", ("运营", "operation")), ("acquisition_micro", ("获客", "acquisition")), ("capital_micro", ("资本", "capital")),
    ("floor_micro", ("成本合计", "all costs")), ("rate_micro", ("年利率", "yearly rate")),
)  # fmt: skip
_log = structlog.get_logger("puhui.web")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def one(request: HttpRequest, application_id: str) -> HttpResponse:
    """One application."""
    try:
        shown = queries.evidence_shown(application_id)
    except queries.ApplicationUnknown:
        raise Http404 from None
    answer = shown.answer
    context = {
        "lines": [{"row": line, "told": _told(line.values)} for line in shown.lines],
        "kinds": {name: (kind.zh, kind.en) for name, kind in KINDS.items()} | {"invoices": ("发票", "invoices")}, "shown": shown, "application": shown.application, "may": access.role_of(request) in _MAY,
        "bounds": _bounds(answer), "price": _price(answer), "estimates": answer.get("estimates"), "reasons": answer.get("reasons", []),
        "cap": answer.get("price", {}).get("cap"),
    }  # fmt: skip
    return render(request, "console/evidence.html", context)


@require_POST
@access.staff_page(*_MAY)
def verify(request: HttpRequest, application_id: str, item_id: str) -> HttpResponse:
    """I have looked at it."""
    try:
        operations.verify_evidence(item_id, by=request.user.get_username(), now=clock.now())
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    else:
        messages.success(request, _("已记录核对，等级为 B；下一次申请按此评估。"))
    return redirect("console:evidence", application_id=application_id)


@require_GET
@access.staff_page(*_MAY)
def photo(request: HttpRequest, content_hash: str) -> HttpResponse:
    """A kept photo or paper, as a file."""
    found = queries.document(content_hash)
    if found is None:
        raise Http404
    content, media = found
    _log.info("document opened", document=content_hash, user=request.user.get_username())
    answer = HttpResponse(content, content_type=media)
    answer["Content-Disposition"] = f'attachment; filename="{content_hash[:12]}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _told(values: dict[str, Any]) -> list[str]:
    """Values as staff read them: fen in yuan, months one by one."""
    told = []
    for name, value in values.items():
        if name.endswith("_minor"):
            told.append(f"{name.removesuffix('_minor')}: ¥{format_yuan(value)}")
        elif name.endswith("_by_month"):
            told += [f"{month}: ¥{format_yuan(amount)}" for month, amount in sorted(value.items())]
        else:
            told.append(f"{name}: {value}")
    return told


def _bounds(answer: dict[str, Any]) -> list[tuple[tuple[str, str], int, bool]]:
    """(words, amount, does it bind), the tightest first."""
    told = sorted(answer.get("bounds", {}).items(), key=lambda pair: pair[1])
    names = {"INVOICES": ("按发票计", "by invoices")}
    return [(names.get(name) or bound_text(name, grade=answer.get("grade", "")), amount, name == answer.get("binding"))
            for name, amount in told]  # fmt: skip


def _price(answer: dict[str, Any]) -> list[tuple[tuple[str, str], float]]:
    price = answer.get("price") or {}
    return [(words, price[name] / 1_000_000) for name, words in _PARTS if price.get(name) is not None]
