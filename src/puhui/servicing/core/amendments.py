"""Changes of the agreed plan (变更): what is closed stays, the rest is planned anew by the same sums.

Rules kept: interest that has run to the day of the change stays at the old terms and is asked with the next instalment;
a new rate or a further tranche keeps the due dates and levels the payment anew, exactly; new dates or numbers of
instalments (展期, 延期还款, 重组) make a new tail by the schedule's own code; early payments already made stay where they are.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.terms import LoanTerms
>>> plan = Running.of(LoanTerms("CNY", 10_000, Decimal("0.07"), 6, date(2024, 1, 1)))
>>> plan.advance(plan.dues.dues[0]); relevel(plan, 1); plan.level
1701
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from puhui.kernel.money import format_yuan
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core.daycount import day_of
from puhui.servicing.core.due_dates import steps_after
from puhui.servicing.core.dues import HEADS, Amounts
from puhui.servicing.core.level import Annuities
from puhui.servicing.core.plan import Mark, Planned, Running, planned_rows
from puhui.servicing.core.rounding import MODES, round_ratio
from puhui.servicing.core.spans import Spans
from puhui.servicing.core.terms import LoanTerms, TermsColumns, refuse

Plan = Planned | Running
Details = Mapping[str, Any]


def amend(plan: Plan, kind: str, amount: int, details: Details, *, where: str) -> Amounts:
    """Change the plan as of its `now`; returns what has become principal, by head. Raises Refused, naming the reason."""
    if kind == "restructure":
        return _restructure(plan, details, where)
    if plan.closed >= plan.periods:
        text = "最后一期已到期，只能重组 · the last instalment is due; only a restructuring can follow"
        if kind == "disburse":
            text = "额度已到期，不能再支用 · the last due date has passed; nothing more can be paid out"
        raise Refused(Refusal("NOTHING_LEFT_TO_CHANGE", text, where=where))
    _CHANGES[kind](plan, amount, details, where)
    return {}


def relevel(plan: Plan, first: int) -> None:
    """Level the instalments from `first` on anew, over the principal that is left for them."""
    left = _left_for(plan, first)
    spans = plan.spans
    count = plan.periods - first
    if count <= 0:
        return
    factors = [spans.whole(k) for k in range(first, plan.periods)]
    if first == plan.closed and isinstance(plan, Running):
        factors[0] = _current_factor(plan, left)
    if plan.level and plan.terms.method != "flat":
        plan.level = _level(plan.terms, factors, left)
    if isinstance(plan, Planned):
        _replan(plan, first, left, spans)
        if plan.terms.method == "flat":
            plan.level = plan.dues.asked["interest"][first] + plan.dues.asked["principal"][first]
    elif not plan.level:
        plan.planned_principal[first:] = _shares(plan.terms, left, count)


def replan(plan: Planned, first: int) -> None:
    """Plan the rest anew at the same level payment; the last instalment takes what is left."""
    _replan(plan, first, _left_for(plan, first), plan.spans)


def _current_factor(plan: Running, left: int) -> tuple[int, int]:
    """The open period as a factor of what is left: what has run already, and what the rest of it will earn."""
    k = plan.closed
    ahead = plan.spans.weight(k, plan.now, plan.spans.dues[k])
    up = plan.weight + plan.moved * plan.spans.denominators[k] + left * ahead
    return up, plan.spans.denominators[k] * max(left, 1)


def _level(terms: LoanTerms, factors: list[tuple[int, int]], left: int) -> int:
    """The level payment over given factors, rounded as the contract says."""
    up, down = (np.array([[pair[side]] for pair in factors], dtype=object) for side in (0, 1))
    mode = MODES.get(terms.installment_rounding, MODES[terms.rounding])
    work = Annuities.of(up, down, np.array([len(factors)]), np.array([0]))
    one = np.array([left], dtype=object)
    return int(work.level(one, np.array([mode]), np.array([terms.installment_multiple_minor]))[0])


def _shares(terms: LoanTerms, left: int, count: int) -> list[int]:
    """Planned principal of methods without a level payment: equal parts, or all at the end."""
    if terms.method not in ("equal_principal", "flat"):
        return [0] * (count - 1) + [left]
    mode = MODES.get(terms.installment_rounding, MODES[terms.rounding])
    part = min(round_ratio(left, count, mode), left)
    return [part] * (count - 1) + [left - part * (count - 1)]


def _replan(plan: Planned, first: int, left: int, spans: Spans) -> None:
    """Planned interest and principal of the rest, one row after the other."""
    asked, paid = plan.dues.asked, plan.dues.paid
    if plan.terms.method == "bullet":  # its interest is settled by the plan; all principal comes last
        for k in range(first, plan.periods):
            asked["principal"][k] = paid["principal"][k] + (left if k == plan.periods - 1 else 0)
        return
    flat, base = (
        plan.terms.method == "flat",
        plan.terms.principal_minor,
    )  # flat interest stands on the principal of the terms
    shares = [] if plan.level and not flat else _shares(plan.terms, left, plan.periods - first)
    for k in range(first, plan.periods):
        up, down = spans.whole(k)
        interest = round_ratio((base if flat else left) * up, down, plan.mode)
        last = k == plan.periods - 1
        part = left if last else min(shares[k - first] if shares else max(plan.level - interest, 0), left)
        asked["interest"][k] = max(interest, paid["interest"][k])
        asked["principal"][k] = part + paid["principal"][k]
        left -= part


def _left_for(plan: Plan, first: int) -> int:
    """Principal not yet paid that the instalments from `first` on have to bring."""
    overdue = plan.dues.overdue("principal")
    before = sum(plan.dues.open_of(k, "principal") for k in range(plan.closed, first))
    return plan.balance - overdue - before


# The kinds of change ----------------------------------------------------------------------------------------


def _rate_change(plan: Plan, amount: int, details: Details, where: str) -> None:
    """A new yearly rate from today; due dates stay."""
    del amount
    _retermed(plan, replace(plan.terms, annual_rate=_rate(details, where)), where)


def _tranche(plan: Plan, amount: int, details: Details, where: str) -> None:
    """More principal is paid out today, within the limit agreed; due dates stay, the payment is levelled anew."""
    del details
    before = plan.balance if plan.terms.method == "at_will" else plan.terms.principal_minor
    if amount <= 0:
        raise Refused(Refusal("AMOUNT_NOT_POSITIVE", f"放款金额须大于零 · a tranche above zero: {amount}", where=where))
    plan.balance += amount
    if isinstance(plan, Running):
        plan.total += amount
    _retermed(plan, replace(plan.terms, principal_minor=before + amount), where)


def refuse_above_limit(terms: LoanTerms, out_minor: int, amount: int, where: str) -> None:
    """`out_minor` counts against the limit: what is owed at will, else all that was paid out. Without a limit nothing is asked."""
    left = max(terms.limit_minor - out_minor, 0)
    if terms.limit_minor and amount > left:
        text = f"超过可用额度，还可支用 {format_yuan(left)} 元 · above what is left of the limit: {format_yuan(amount)}"
        raise Refused(Refusal("ABOVE_LIMIT", text, where=where))


def _retermed(plan: Plan, terms: LoanTerms, where: str) -> None:
    """The same due dates under other terms, from today on."""
    _refuse(terms, where)
    k, old = plan.closed, plan.spans
    run = plan.earned_of_open() if isinstance(plan, Planned) else 0
    plan.terms = terms
    fresh = plan.spans if isinstance(plan, Planned) else Spans.of(terms)
    if isinstance(plan, Planned):
        left = _left_for(plan, k)
        rest = round_ratio(left * fresh.weight(k, plan.now, fresh.dues[k]), fresh.denominators[k], plan.mode)
        relevel(plan, k)
        if terms.method == "bullet":
            plan.ask_at_end(run)
            return
        _first_interest(plan, k, run + rest, left)
        plan.mark = Mark(k, plan.now, run)
        return
    fresh.prepend(plan.dues.dues[: plan.first])
    plan.weight *= fresh.denominators[k]  # what has run keeps its exact size under the new denominator
    fresh.denominators[k] *= old.denominators[k]
    fresh.pieces[k] = [(since, until, daily * old.denominators[k]) for since, until, daily in fresh.pieces[k]]
    fresh.rates[k] *= old.denominators[k] if fresh.day_count else 1
    plan.spans.continue_with(k, fresh.since(k))
    relevel(plan, k)
    plan.set_mark(changed=True)


def _first_interest(plan: Planned, k: int, interest: int, left: int) -> None:
    """The open instalment asks this interest; its principal gives way, the next ones are planned from there."""
    asked, paid = plan.dues.asked, plan.dues.paid
    last = k == plan.periods - 1
    asked["interest"][k] = max(interest, paid["interest"][k])
    if plan.level and not last:
        part = min(max(plan.level - interest, 0), left)
        asked["principal"][k] = part + paid["principal"][k]
        _replan(plan, k + 1, left - part, plan.spans)


def _reschedule(plan: Plan, amount: int, details: Details, where: str) -> None:
    """Another number of instalments, another first due date, or both (展期)."""
    del amount
    count = details.get("periods", plan.periods - plan.closed)
    first_due = _date(details, "first_due_on", where) or day_of(plan.dues.dues[plan.closed])
    _new_tail(plan, replace(plan.terms, periods=count, first_due_on=first_due), where)


def _holiday(plan: Plan, amount: int, details: Details, where: str) -> None:
    """Nothing is due for some periods; interest runs on (延期还款)."""
    del amount
    skipped = details.get("periods", 1)
    if not isinstance(skipped, int) or skipped < 1:
        raise Refused(Refusal("PERIODS_OUT_OF_RANGE", f"延期期数须为正整数 · {skipped}", where=where))
    columns = TermsColumns.of([plan.terms])
    due = np.array([day_of(plan.dues.dues[plan.closed])], "datetime64[D]")
    first_due = steps_after(columns, due, skipped)[0].item()
    _new_tail(plan, replace(plan.terms, periods=plan.periods - plan.closed, first_due_on=first_due), where)


def _restructure(plan: Plan, details: Details, where: str) -> Amounts:
    """New terms for all that is owed; what is overdue becomes principal again where `capitalise` says so (重组)."""
    terms = replace(plan.terms, limit_minor=0)  # nothing more is lent under terms that could not be kept
    if "annual_rate" in details:
        terms = replace(terms, annual_rate=_rate(details, where))
    capitalised = _capitalise(plan) if details.get("capitalise", True) else {}
    count = details.get("periods", max(plan.periods - plan.closed, 1))
    first_due = _date(details, "first_due_on", where)
    method = details.get("method", terms.method)
    _new_tail(plan, replace(terms, periods=count, first_due_on=first_due, method=method), where)
    return capitalised


def _capitalise(plan: Plan) -> Amounts:
    """What is due and unpaid is asked no more where it stands, and joins the principal; charges and interest by head."""
    asked, paid = plan.dues.asked, plan.dues.paid
    joined: Amounts = {}
    for k in plan.dues.open_due:
        for head in HEADS:
            open_minor = plan.dues.open_of(k, head)
            asked[head][k] = paid[head][k]
            if head != "principal":
                joined[head] = joined.get(head, 0) + open_minor
                plan.balance += open_minor
                if isinstance(plan, Running):
                    plan.total += open_minor
            elif isinstance(plan, Running):
                plan.asked_principal -= open_minor
    plan.dues.close_paid()
    return {head: minor for head, minor in joined.items() if minor}


def _new_tail(plan: Plan, terms: LoanTerms, where: str) -> None:
    """Everything from the open instalment on is planned anew from today."""
    carried = plan.earned_of_open() if isinstance(plan, Planned) else plan.take_running()
    fees = sum(
        plan.dues.open_of(k, head)
        for k in range(plan.closed, len(plan.dues))
        for head in ("cost", "penalty", "compound")
    )
    _keep_early(plan)
    left = _left_for(plan, plan.closed)
    if left <= 0:
        text = "没有未到期本金可变更 · no principal is left that is not due; restructure with capitalise"
        raise Refused(Refusal("NOTHING_LEFT_TO_CHANGE", text, where=where))
    tail = replace(
        terms, principal_minor=left, disbursed_on=day_of(plan.now), principal_grace_periods=0,
        interest_grace_periods=0, down_payment_minor=0, fees=(),
    )  # fmt: skip
    _refuse(tail, where)
    plan.splice(tail, planned_rows(tail), carried, fees)


def _keep_early(plan: Plan) -> None:
    """What was paid on instalments that will not be: a row of today, asked and paid."""
    dues = plan.dues
    paid = {head: sum(column[plan.closed :]) for head, column in dues.paid.items()}
    dues.cut(plan.closed)
    if any(paid.values()):
        k = dues.insert(plan.now, plan.now)
        for head, amount in paid.items():
            dues.asked[head][k] = dues.paid[head][k] = amount
        plan.closed += 1
        if isinstance(plan, Running):
            plan.asked_principal += paid["principal"]
            plan.early = 0
            plan.periods = min(plan.periods, k)


def _rate(details: Details, where: str) -> Decimal:
    try:
        return Decimal(str(details["annual_rate"]))
    except (KeyError, ArithmeticError):
        raise Refused(
            Refusal("RATE_NOT_EXACT", "缺少或无效的 annual_rate · a decimal is needed", where=where)
        ) from None


def _date(details: Details, name: str, where: str) -> date | None:
    value = details.get(name)
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise Refused(Refusal("DATE_UNREADABLE", f"日期须为 YYYY-MM-DD: {value}", where=where)) from None


def _refuse(terms: LoanTerms, where: str) -> None:
    if (refusal := refuse(terms)) is not None:
        raise Refused(replace(refusal, where=where))


_CHANGES: dict[str, Callable[[Plan, int, Details, str], None]] = {
    "rate_change": _rate_change,
    "disburse": _tranche,
    "reschedule": _reschedule,
    "holiday": _holiday,
}
