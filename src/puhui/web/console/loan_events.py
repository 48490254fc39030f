"""Recording an event of a loan: filled in, shown as a difference, then confirmed.

Rule kept: nothing is recorded before its difference was shown; the preview is the fold with and without the event, side by side, and
the booking goes through the same fold. The confirmation carries a key, so that pressed twice it records once. What cannot be is
refused in words and nothing moves.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refused
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.servicing import what_if
from puhui.servicing.core.daycount import day_number, day_of
from puhui.servicing.core.dues import HEADS
from puhui.servicing.core.fold import Fact, Folded
from puhui.servicing.limit import draw_cost
from puhui.servicing.operations.record_fact import Happened, record_fact
from puhui.servicing.views import LoanView
from puhui.servicing.what_if import Difference
from puhui.web import access, clock
from puhui.web.console import loan_shown
from puhui.web.console.event_forms import EVENTS, EventForm

_MAY = (access.OPERATOR, access.ADMIN)
_COMPARED = (
    ("principal_minor", _("剩余本金")),
    ("due_minor", _("到期未还")),
    ("next_minor", _("下一期应还")),
    ("rest_interest_minor", _("以后的利息")),
    ("charges_minor", _("罚息和费用")),
    ("rest_minor", _("一共还要还")),
    ("credit_minor", _("溢缴款")),
)


@dataclass(frozen=True, slots=True)
class Proposed:
    """An event as filled in: which loan and kind, whose word, and for a reversal the fact it undoes."""

    loan: LoanView
    form: EventForm
    undoes: str

    def looked_at(self, today: date) -> Difference:
        """The loan without and with it. Raises Refused."""
        form, loan_id = self.form, self.loan.loan_id
        if form.event.kind == "reverse":
            return what_if.without_fact(loan_id, self.undoes, on=form.on, as_of=today)
        fact = Fact(day_number(form.on), form.event.kind, form.amount_minor or 0, details=form.details())
        return what_if.with_fact(loan_id, fact, as_of=today)


@require_http_methods(["GET", "POST"])
@access.staff_page(*_MAY)
def event(request: HttpRequest, loan_id: str, kind: str) -> HttpResponse:
    """GET the form; POST `preview` shows the difference, POST `confirm` records the event."""
    loan, today = servicing.loan(loan_id), servicing.business_date()
    if kind not in EVENTS or today is None:
        raise Http404
    undoes = _named_fact(request, loan_id, kind) if kind in _ABOUT_A_FACT else None
    given = request.POST if request.method == "POST" else None
    form = EventForm(EVENTS[kind], today=today, first=loan.terms.disbursed_on, data=given)
    context: dict[str, Any] = {
        "loan": loan, "form": form, "event": EVENTS[kind], "undoes": undoes, "shop": parties.shop(loan.shop_id), "today": today,
    }  # fmt: skip
    if given is None or not form.is_valid():
        return render(request, "console/event.html", context, status=200 if given is None else 422)
    proposed = Proposed(loan, form, undoes.id if undoes else "")
    try:
        if request.POST.get("step") == "confirm":
            return _record(request, proposed)
        context |= _compared(proposed.looked_at(today)) | {"key": new_id("ask", now=clock.now())}
        if kind == "disburse":
            context["cost"] = draw_cost(loan_id, form.amount_minor or 0, as_of=today)
    except Refused as no:
        return render(request, "console/event.html", context | {"refused": no.refusal}, status=409)
    return render(request, "console/event.html", context)


def _record(request: HttpRequest, proposed: Proposed) -> HttpResponse:
    form, loan_id = proposed.form, proposed.loan.loan_id
    happened = Happened(
        form.event.kind,
        form.on,
        form.amount_minor or 0,
        ref=proposed.undoes,
        details=form.details() | {"by": request.user.get_username()},
    )
    record_fact(loan_id, happened, key=request.POST.get("key", ""), now=clock.now())
    messages.success(request, _("已入账：%(what)s，%(day)s。") % {"what": form.event.title, "day": form.on})
    return redirect("console:loan", loan_id=loan_id)


_ABOUT_A_FACT = ("reverse", "notify_transfer")


def _named_fact(request: HttpRequest, loan_id: str, kind: str) -> what_if.FactLine:
    """The fact that a reversal or a notice names: one of this loan, not undone; a reversal, that can be undone; a notice, a sale."""
    wanted = request.POST.get("fact", "") or request.GET.get("fact", "")
    fact = next((each for each in what_if.facts(loan_id) if each.id == wanted), None)
    fits = fact is not None and (fact.can_be_undone if kind == "reverse" else fact.kind == "transfer")
    if fact is None or fact.undone_by or not fits:
        raise Http404
    return fact


def _compared(look: Difference) -> dict[str, Any]:
    before, after = loan_shown.standing(look.before), loan_shown.standing(look.after)
    lines = [
        {"name": name, "before": before[key], "after": after[key], "change": after[key] - before[key]}
        for key, name in _COMPARED
    ]
    shown = {
        "compared": lines,
        "before": before,
        "after": after,
        "by_head": look.by_head.items(),
        "moved": _moved(look),
    }
    return shown | {"saved_minor": look.saved_minor, "reaches_principal": bool(look.by_head.get("principal"))}


def _moved(look: Difference) -> list[dict[str, Any]]:
    """The instalments that differ, each as it was and as it would be."""
    was = _instalments(look.before)
    will = _instalments(look.after)
    return [
        {"n": n, "before": was.get(n), "after": will.get(n)} for n in sorted({*was, *will}) if was.get(n) != will.get(n)
    ]


def _instalments(told: Folded) -> dict[int, tuple[date, int, int]]:
    """Due date, asked and unpaid by number."""
    dues = told.dues
    return {
        k + 1: (day_of(dues.dues[k]), sum(dues.asked[head][k] for head in HEADS), dues.open_minor(k))
        for k in range(len(dues))
    }
