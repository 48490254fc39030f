"""Paying early, worked out for the shop owner: all at once on a chosen day, or a part of it, with what it saves. Nothing is stored."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refused
from puhui.servicing import queries as servicing
from puhui.servicing import what_if
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.fold import Fact, Folded
from puhui.servicing.limit import runs
from puhui.servicing.views import LoanView
from puhui.web.phone import plain
from puhui.web.phone.loans import SERVICED, day_in, own_loan
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show

WAYS = ("reduce_installment", "last_installment")  # smaller payments; done sooner


@dataclass(frozen=True, slots=True)
class Course:
    """How the loan goes on: what most payments are, the last day, interest still to come, everything still to pay."""

    level_minor: int
    last_on: date | None
    interest_minor: int
    rest_minor: int

    @classmethod
    def of(cls, told: Folded) -> "Course":
        lines = [line for line in plain.plan(told) if line.unpaid_minor > 0]
        interest = sum(told.dues.open_of(k, "interest") for k in range(len(told.dues)))
        return cls(plain.level_of(lines), lines[-1].due_on if lines else None, interest, told.outstanding_minor)


@require_GET
@owner_page
def early(request: HttpRequest, owner: Owner, loan_id: str) -> HttpResponse:
    """Two questions: all of it on a day, or a part of it."""
    loan, today = own_loan(owner, loan_id), servicing.business_date()
    if today is None or loan.state not in SERVICED:
        raise Http404
    last = max(loan.final_due_on, today)
    asked = request.GET.get("on", today.isoformat())
    day = day_in(asked, first=today, last=last)
    context: dict[str, Any] = {
        "tab": "loans", "loan": loan, "today": today, "last": last, "asked": asked, "day": day or today,
        "tomorrow": today + timedelta(days=1), "wrong_day": day is None,
        "payoff": what_if.payoff(loan_id, on=day or today),
    }  # fmt: skip
    if "yuan" in request.GET:
        context |= _part(loan, today, request.GET)
    return show(request, owner, "phone/early.html", context, status=422 if day is None or context.get("wrong") else 200)


def _part(loan: LoanView, today: date, given: Any) -> dict[str, Any]:
    """The loan with part of it paid today, in both ways."""
    yuan = given.get("yuan", "").strip()
    try:
        minor = parse_yuan(yuan)
    except MoneyUnreadable:
        return {"yuan": yuan, "wrong": _("请只写数字，例如 5000。")}
    if not 0 < minor < what_if.payoff(loan.loan_id, on=today).total_minor:
        return {"yuan": yuan, "wrong": _("金额要大于 0，并且比今天一次还清的数少。")}
    at_will = loan.terms.method == "at_will"
    try:
        looks = {way: _look(loan, today, minor, way) for way in (("",) if at_will else WAYS)}
    except Refused as no:
        return {"yuan": yuan, "wrong": no.refusal.message}
    before = next(iter(looks.values())).before
    return {
        "yuan": yuan,
        "part_minor": minor,
        "before": Course.of(before),
        "ways": [_way(*each) for each in looks.items()],
    }


def _look(loan: LoanView, today: date, minor: int, way: str) -> what_if.Difference:
    kind, details = ("prepay", {"prepayment": way}) if way else ("repay", {})
    fact = Fact(day_number(today), kind, minor, details=details)
    return what_if.with_fact(loan.loan_id, fact, as_of=today)


def _way(way: str, look: what_if.Difference) -> dict[str, Any]:
    after = Course.of(look.after)
    return {
        "way": way,
        "after": after,
        "saved_minor": look.saved_minor,
        "interest_minor": look.by_head.get("interest", 0),
        "principal_minor": look.by_head.get("principal", 0),
        "waits_minor": look.after.credit_minor - look.before.credit_minor,
        "owed_minor": look.after.balance_minor,
        "day_minor": (runs(look.before, look.before.balance_minor, 1), runs(look.after, look.after.balance_minor, 1)),
    }
