"""Something happened to a loan: record the fact, fold again, post the difference (补记、冲正、减免、展期、重组、核销 …).

Rule kept: every kind of fact, of today or back-dated, goes through this one door: append the fact, fold the loan with it and
without it, write what differs. A fact that cannot be is refused by the fold, and nothing moves. A plain payment of today has
a faster way to the same end (record_repayment); a property test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import allocation, models
from puhui.servicing.core import lifecycle
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.facts import KINDS
from puhui.servicing.core.fold import Fact, Folded
from puhui.servicing.history import History
from puhui.servicing.holders import holders
from puhui.servicing.operations.asked_once import Asked, answer_once
from puhui.servicing.operations.give_back import give_back
from puhui.servicing.operations.waiting_credit import as_kept
from puhui.servicing.operations.write_difference import Cause, write_difference
from puhui.servicing.operations.write_entry import Said, books_of, loan_or_refusal, store_event

NOT_RECORDED_HERE = ("transfer",)
WITH_AMOUNT = (
    "repay",
    "prepay",
    "refund",
    "charge_fee",
    "charge_penalty",
    "write_off_part",
    "waive",
    "recover",
    "compensate",
    "disburse",
)
_AFTER_THE_END = ("recover", "refund", "reverse", "notify_transfer")


@dataclass(frozen=True, slots=True)
class FactReceipt:
    """What one fact did. `by_head` says what its money went to; the rest is the loan afterwards."""

    event_id: str
    entry_id: str
    loan_id: str
    kind: str
    on: str
    amount_minor: int
    by_head: dict[str, int]
    credit_minor: int
    outstanding_minor: int
    days_past_due: int
    state: str


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact as it is reported. `ref` of a reversal is the event it undoes; `details` as the kind asks (core/amendments)."""

    kind: str
    on: date
    amount_minor: int = 0
    ref: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def record_fact(loan_id: str, happened: Happened, *, key: str, now: datetime) -> FactReceipt:
    """Record a fact. Raises Refused; asked again under the same key it answers again."""
    with transaction.atomic():
        inputs = {"loan_id": loan_id, **asdict(happened)}
        asked = Asked(books_of(loan_id), "record_fact", key, inputs, now)
        return FactReceipt(**answer_once(asked, lambda: asdict(record(loan_id, happened, asked))))


def record(loan_id: str, happened: Happened, asked: Asked) -> FactReceipt:
    """The work itself, inside the caller's transaction and under its key."""
    today = models.open_day(lock="share")
    if today is None:
        raise Refused(Refusal("BOOKS_NOT_OPEN", "账簿尚未开启 · open the books on a first business date"))
    loan = loan_or_refusal(loan_id)
    _refuse(loan, happened, today.business_date)
    history = History.of(loan)
    fact = _fact(loan, happened, history, today.business_date)
    before, after = history.with_and_without(fact, today.business_date)
    before = as_kept(loan, history, before, today.business_date)
    said = Said(happened.on, fact.amount_minor or None, happened.ref, fact.details, _undone(happened))
    event = store_event(happened.kind, asked, loan=loan, said=said, business_date=today.business_date)
    cause = Cause(happened.kind, event, happened.on, today.business_date)
    entry_id = write_difference(loan, before, after, cause, asked) or _given_back(loan, happened, cause, asked)
    return _receipt(loan, event, entry_id, fact, after)


def _refuse(loan: models.Loan, happened: Happened, today: date) -> None:
    kind, amount = happened.kind, happened.amount_minor
    if kind not in KINDS or kind in NOT_RECORDED_HERE:
        text = (
            f"没有这种事件 · no such event: {kind}; known: {', '.join(k for k in KINDS if k not in NOT_RECORDED_HERE)}"
        )
        raise Refused(Refusal("EVENT_UNKNOWN", text, where=loan.id))
    if loan.state in ("booked", "cancelled") or happened.on < loan.disbursed_on:
        text = f"早于放款日 {loan.disbursed_on} · before the disbursement: {happened.on}"
        raise Refused(Refusal("PAYMENT_BEFORE_DISBURSEMENT", text, where=loan.id))
    if happened.on > today:
        text = f"晚于当前营业日 {today} · after the open business date: {happened.on}"
        raise Refused(Refusal("DATES_OUT_OF_ORDER", text, where=loan.id))
    whole = isinstance(amount, int) and not isinstance(amount, bool)
    if not whole or amount < 0 or (kind in WITH_AMOUNT and amount == 0):
        raise Refused(
            Refusal("AMOUNT_NOT_POSITIVE", f"金额须为正整数分 · whole fen above zero: {amount}", where=loan.id)
        )
    if kind == "disburse":
        _refuse_draw(loan)
    if loan.state in lifecycle.ENDED and kind not in _AFTER_THE_END and not _reopens(loan, happened):
        text = f"贷款{lifecycle.STATES[loan.state]} · the loan is {loan.state.replace('_', ' ')}; nothing is owed"
        raise Refused(Refusal("LOAN_CLOSED", text, where=loan.id))


def _refuse_draw(loan: models.Loan) -> None:
    """More is paid out only under a limit that the contract names, and to nobody who is late (the fold asks how much is left)."""
    if not loan.terms.get("limit_minor"):
        text = "合同没有约定额度，不能再放款 · the contract names no limit; nothing more can be paid out under it"
        raise Refused(Refusal("NO_LIMIT_AGREED", text, where=loan.id))
    if loan.restructured_on is not None:
        text = "重组后的贷款不能再支用 · nothing more is paid out under a restructured loan"
        raise Refused(Refusal("DRAW_AFTER_RESTRUCTURING", text, where=loan.id))
    if models.Event.objects.filter(loan=loan, kind="transfer", reversed_by=None).exists():
        text = "债权转让后不能再支用 · part of the loan was sold; the buyer has not agreed to lend more"
        raise Refused(Refusal("DRAW_AFTER_SALE", text, where=loan.id))
    if loan.state == "overdue":
        text = "有逾期未还，还清逾期后才能再支用 · something is overdue; nothing more is paid out until it is paid"
        raise Refused(Refusal("DRAW_WHILE_OVERDUE", text, where=loan.id))


def _reopens(loan: models.Loan, happened: Happened) -> bool:
    """A back-dated fact from before the loan's end may change how it ended; a limit outlives a loan that was paid back."""
    if loan.state == "closed" and happened.kind == "disburse":
        return loan.method == "at_will"
    return loan.closed_on is not None and happened.on < loan.closed_on


def _undone(happened: Happened) -> str | None:
    return happened.ref if happened.kind == "reverse" else None


def _fact(loan: models.Loan, happened: Happened, history: History, today: date) -> Fact:
    """The fact as the last one entered; a payoff gets its amount from the fold, a reversal the event it undoes."""
    details = dict(happened.details) | _by_rule(loan, happened)
    fact = history.next(
        Fact(day_number(happened.on), happened.kind, happened.amount_minor, happened.ref, details=details)
    )
    if happened.kind == "reverse":
        return _reversal(loan, happened, fact)
    if happened.kind == "payoff":
        return _payoff(history, fact, today)
    if happened.kind == "notify_transfer":
        _refuse_notice(loan, happened)
    return fact


def _by_rule(loan: models.Loan, happened: Happened) -> dict[str, Any]:
    """What a rule of the day adds to the fact, so that it is folded the same way ever after. A funder guarantees nothing to itself."""
    if happened.kind == "recover":
        return {"first": allocation.recovery(happened.on).first}
    if happened.kind == "compensate" and happened.details.get("guarantor") in holders(loan)[1]:
        text = "担保方不能是该贷款的出资方 · a funder of the loan cannot be its guarantor"
        raise Refused(Refusal("GUARANTOR_IS_FUNDER", text, where=loan.id))
    return {}


def _given_back(loan: models.Loan, happened: Happened, cause: Cause, asked: Asked) -> str:
    """A sale inside the book that is undone: nothing changes for the borrower, the two books do."""
    event = models.Event.objects.get(pk=happened.ref) if happened.kind == "reverse" else None
    inside = event is not None and event.kind == "transfer" and not event.details.get("outside")
    return give_back(loan, event, cause, asked) if inside and event is not None else ""


def _reversal(loan: models.Loan, happened: Happened, fact: Fact) -> Fact:
    event = models.Event.objects.filter(loan=loan, pk=happened.ref).first()
    if event is None or event.kind == "reverse" or _is_first(event):
        text = "没有可冲正的事件 · no such event of this loan that can be undone"
        raise Refused(Refusal("REVERSES_NOTHING", text, where=happened.ref))
    if models.Event.objects.filter(reverses=event).exists():
        raise Refused(
            Refusal("ALREADY_REVERSED", "该事件已冲正 · this event has been undone before", where=happened.ref)
        )
    if happened.on < event.effective_date:
        raise Refused(Refusal("DATES_OUT_OF_ORDER", "冲正早于原事件 · undone before it happened", where=happened.ref))
    return fact


def _is_first(event: models.Event) -> bool:
    """The disbursement that the loan began with lies in its terms and cannot be undone; a later draw can."""
    earlier = models.Event.objects.filter(loan_id=event.loan_id, kind="disburse", sequence__lt=event.sequence)
    return event.kind == "disburse" and not earlier.exists()


def _refuse_notice(loan: models.Loan, happened: Happened) -> None:
    """A notice names a sale of this loan that stands, and is not of a day before it."""
    event = models.Event.objects.filter(loan=loan, pk=happened.ref, kind="transfer", reversed_by=None).first()
    if event is None:
        raise Refused(Refusal("NOTICE_OF_NOTHING", "没有这笔转让 · no such sale of this loan", where=happened.ref))
    if happened.on < event.effective_date:
        raise Refused(Refusal("DATES_OUT_OF_ORDER", "通知早于转让 · told before it was sold", where=happened.ref))


def _payoff(history: History, fact: Fact, today: date) -> Fact:
    """What closes the loan on that day; an amount that was named must be that very amount."""
    told = history.folded(today, [replace(fact, amount_minor=0)])
    due = next(t.amount_minor for t in reversed(told.transactions) if t.kind == "payoff" and not t.reversed)
    if fact.amount_minor not in (0, due):
        text = (
            f"当日结清金额为 {due} 分 · the amount that settles the loan on that day is {due}, not {fact.amount_minor}"
        )
        raise Refused(Refusal("PAYOFF_AMOUNT_DIFFERS", text, where=fact.ref))
    return replace(fact, amount_minor=due)


def _receipt(loan: models.Loan, event: models.Event, entry_id: str, fact: Fact, after: Folded) -> FactReceipt:
    mine = [t for t in after.transactions if t.kind == fact.kind and t.on == fact.on and t.ref == fact.ref]
    return FactReceipt(
        event_id=event.id,
        entry_id=entry_id,
        loan_id=loan.id,
        kind=fact.kind,
        on=event.effective_date.isoformat(),
        amount_minor=fact.amount_minor,
        by_head=mine[-1].by_head if mine else {},
        credit_minor=after.credit_minor,
        outstanding_minor=after.balance_minor,
        days_past_due=after.days_past_due,
        state=loan.state,
    )
