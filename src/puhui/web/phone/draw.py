"""Drawing on a limit by phone (随借随还): how much is left, what a sum costs a day and a month, then yes.

Rule kept: the cost is shown before the draw, for the very sum and day that are then recorded; the confirmation carries a key, so that
pressed twice it draws once, and a day that has ended meanwhile is shown anew. What cannot be is refused in words and nothing moves.
"""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from puhui.kernel.ids import new_id
from puhui.kernel.money import MoneyUnreadable, format_yuan, parse_yuan
from puhui.kernel.refusal import Refused
from puhui.servicing import queries as servicing
from puhui.servicing.limit import draw_cost, limit
from puhui.servicing.operations.record_fact import Happened, record_fact
from puhui.servicing.views import LoanView
from puhui.web import clock
from puhui.web.phone.loans import own_loan
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show

_SHOWN, _KEPT = "draws_shown", 8  # key → what was shown under it; so many of the latest are kept


@require_http_methods(["GET", "POST"])
@owner_page
def draw(request: HttpRequest, owner: Owner, loan_id: str) -> HttpResponse:
    """GET how much can be drawn; with `yuan`, what that costs. POST draws what was shown under its key."""
    loan, today = own_loan(owner, loan_id), servicing.business_date()
    known = limit(loan_id, as_of=today) if today is not None else None
    if today is None or known is None or not known.again:
        raise Http404
    given = request.POST if request.method == "POST" else request.GET
    yuan = given.get("yuan", "").strip()
    context: dict[str, Any] = {"tab": "loans", "loan": loan, "limit": known, "today": today, "yuan": yuan}
    try:
        if request.method == "POST":
            return _take(request, loan, today)
        if "yuan" in given and known.open:
            context |= _cost(request, loan, yuan, today)
    except _NotYet as no:
        context |= {"not_yet": str(no)} | _cost_or_wrong(request, loan, yuan, today)
    except (MoneyUnreadable, Refused) as no:
        context |= _wrong(no)
    failed = "wrong" in context or "not_yet" in context
    return show(request, owner, "phone/draw.html", context, status=422 if failed else 200)


class _NotYet(Exception):
    """Why a confirmation does not count: its cost has to be looked at first."""


def _cost(request: HttpRequest, loan: LoanView, yuan: str, today: date) -> dict[str, Any]:
    """What the sum costs, noted in the session under a fresh key. Raises MoneyUnreadable, Refused."""
    cost, key = draw_cost(loan.loan_id, parse_yuan(yuan), as_of=today), new_id("ask", now=clock.now())
    noted = {
        "loan_id": loan.loan_id, "on": today.isoformat(), "amount_minor": cost.amount_minor, "day_minor": cost.day_minor,
        "month_minor": cost.month_minor, "until_due_minor": cost.until_due_minor, "due_on": cost.due_on.isoformat(),
    }  # fmt: skip
    request.session[_SHOWN] = dict([*request.session.get(_SHOWN, {}).items(), (key, noted)][-_KEPT:])
    return {"cost": cost, "key": key}


def _cost_or_wrong(request: HttpRequest, loan: LoanView, yuan: str, today: date) -> dict[str, Any]:
    try:
        return _cost(request, loan, yuan, today)
    except (MoneyUnreadable, Refused) as no:
        return _wrong(no)


def _wrong(no: MoneyUnreadable | Refused) -> dict[str, Any]:
    return {"wrong": no.refusal.message if isinstance(no, Refused) else _("请只写数字，例如 5000。")}


def _take(request: HttpRequest, loan: LoanView, today: date) -> HttpResponse:
    """Raises _NotYet where this was not shown, MoneyUnreadable, Refused."""
    key = request.POST.get("key", "")
    shown = request.session.get(_SHOWN, {}).get(key, {})
    if (shown.get("loan_id"), shown.get("amount_minor")) != (
        loan.loan_id,
        parse_yuan(request.POST.get("yuan", "").strip()),
    ):
        raise _NotYet(_("请先看清楚这笔钱要花多少，再确认。"))
    if request.POST.get("agreed") != "yes":
        raise _NotYet(_("请先勾选“我看明白了”。"))
    if shown["on"] != today.isoformat():
        raise _NotYet(_("日期变了，请按新的日期再看一遍。"))
    details = {"by": "owner", "channel": "phone", "shown": shown}
    record_fact(
        loan.loan_id, Happened("disburse", today, shown["amount_minor"], details=details), key=key, now=clock.now()
    )
    messages.success(request, _("已借出 %(sum)s 元。") % {"sum": format_yuan(shown["amount_minor"])})
    return redirect("phone:loan", loan_id=loan.loan_id)
