"""`puhui loan story`: a loan's terms, policy and events in, its instalments, transactions and balances out.

Rule kept: the events are folded by the same code as the book's (fold.py); the answer's journal is double entry and its
trial balance is worked out, not assumed. Shapes: docs/recipes/loan-calculators.md.

>>> answer = tell({"id": 7, "as_of": "2024-02-01", "policy": {"waterfall": ["interest", "principal"]},
...     "terms": {"principal_minor": 10000, "annual_rate": "0.07", "periods": 6, "disbursed_on": "2024-01-01"},
...     "events": [{"on": "2024-02-01", "kind": "repay", "amount_minor": 1701, "ref": "a"}]})
>>> answer["outstanding_minor"], answer["transactions"][1]["interest_minor"], answer["trial_balance_minor"]
(8504, 58, 0)
"""

from collections.abc import Mapping
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core import wire
from puhui.servicing.core.daycount import day_number, day_of
from puhui.servicing.core.dues import HEADS, PREPAYMENTS, Policy, Transaction
from puhui.servicing.core.fold import Fact, Folded, fold
from puhui.servicing.core.told_journal import trial_balance

Record = Mapping[str, Any]
_SHOWN = ("principal", "interest", "fee", "penalty")
_JOINED = {"cost": "fee", "compound": "penalty"}  # heads that the wire shows together with another


def tell(request: Record) -> dict[str, Any]:
    """Fold one story. Raises Refused."""
    given = wire.read(
        {name: value for name, value in request.items() if name != "id"},
        {"terms": wire.read_terms, "policy": _policy, "events": _events, "as_of": wire.day},
        "",
        ("terms", "as_of"),
    )
    as_of = day_number(given["as_of"])
    start = day_number(given["terms"].disbursed_on)
    if as_of < start:
        text = f"截止日早于放款日 · as_of lies before the disbursement: {given['as_of']}"
        raise Refused(Refusal("DATES_OUT_OF_ORDER", text, where="as_of"))
    told = fold(given["terms"], given.get("policy", Policy()), given.get("events", []), as_of)
    return {
        "id": request.get("id"),
        "installments": [_instalment(told, k) for k in range(len(told.dues))],
        "transactions": [_transaction(transaction) for transaction in told.transactions],
        "outstanding_minor": told.outstanding_minor,
        "overpaid_minor": told.credit_minor,
        "days_past_due": told.days_past_due,
        "trial_balance_minor": trial_balance(told),
    }


def _instalment(told: Folded, k: int) -> dict[str, Any]:
    dues = told.dues
    asked, paid = (_shown({head: column[head][k] for head in HEADS}) for column in (dues.asked, dues.paid))
    first = dues.dues[0] == dues.starts[0]
    left = sum(dues.asked["principal"]) - sum(dues.asked["principal"][: k + 1])
    return {
        "n": k if first else k + 1,
        "due_on": day_of(dues.dues[k]).isoformat(),
        "days": dues.dues[k] - dues.starts[k],
        **{f"{head}_minor": asked[head] for head in _SHOWN},
        "due_minor": sum(asked.values()),
        "balance_minor": left,
        **{f"paid_{head}_minor": paid[head] for head in _SHOWN},
        "outstanding_minor": 0 if told.state == "written_off" else sum(asked.values()) - sum(paid.values()),
    }


def _transaction(transaction: Transaction) -> dict[str, Any]:
    by_head = _shown(transaction.by_head)
    if transaction.kind == "disburse":
        by_head["principal"] = transaction.amount_minor
    told: dict[str, Any] = {
        "on": day_of(transaction.on).isoformat(),
        "kind": transaction.kind,
        "amount_minor": transaction.amount_minor,
        **{f"{head}_minor": by_head[head] for head in _SHOWN},
        "balance_minor": transaction.balance_minor,
    }
    if transaction.ref:
        told["ref"] = transaction.ref
    if transaction.credit_minor:
        told["credit_minor"] = transaction.credit_minor
    if transaction.reversed:
        told["reversed"] = True
    return told


def _shown(by_head: Mapping[str, int]) -> dict[str, int]:
    shown = dict.fromkeys(_SHOWN, 0)
    for head, amount in by_head.items():
        name = _JOINED.get(head, head)
        if name in shown:
            shown[name] += amount
    return shown


def _heads(value: Any, where: str) -> tuple[str, ...]:
    heads = tuple(wire.text(head, where) for head in wire.listed(value, where))
    for head in heads:
        _one_of(head, HEADS, "HEAD_UNKNOWN", where)
    if len(set(heads)) != len(heads):
        raise Refused(Refusal("HEAD_TWICE", f"冲账项目重复 · a head is named twice: {', '.join(heads)}", where=where))
    return heads


def _one_of(value: Any, known: tuple[str, ...], code: str, where: str) -> str:
    if value not in known:
        raise Refused(Refusal(code, f"须为其中之一 · one of {', '.join(known)}: {value}", where=where))
    return str(value)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise Refused(Refusal("FLAG_EXPECTED", f"须为 true 或 false: {value}", where=where))
    return value


_POLICY = {
    "waterfall": _heads,
    "waterfall_in_advance": _heads,
    "prepayment": lambda value, where: _one_of(value, PREPAYMENTS, "PREPAYMENT_UNKNOWN", where),
    "overpayment": lambda value, where: _one_of(value, ("credit",), "OVERPAYMENT_UNKNOWN", where),
    "interest_recalculation": _flag,
}


def _policy(value: Any, where: str) -> Policy:
    given = dict(wire.read(value, _POLICY, where, ()))
    given.pop("overpayment", None)
    given["recalculation"] = given.pop("interest_recalculation", False)
    return Policy(**given)


_KINDS = ("repay", "payoff", "fee", "penalty", "write_off", "reverse")
_EVENT = {
    "on": wire.day,
    "kind": lambda value, where: _one_of(value, _KINDS, "EVENT_UNKNOWN", where),
    "amount_minor": wire.whole,
    "ref": lambda value, where: str(value),
    "recorded_on": wire.day,
}
_WITH_AMOUNT = ("repay", "fee", "penalty")


def _events(value: Any, where: str) -> list[Fact]:
    """Events in order of entry. The same ref again is the same event, or refused when it says something else."""
    facts: list[Fact] = []
    known: dict[str, Record] = {}
    for number, record in enumerate(wire.listed(value, where)):
        place = f"{where}[{number}]"
        event = wire.read(record, _EVENT, place, ("on", "kind"))
        ref = event.get("ref", "")
        _refuse_event(event, ref, known, place)
        if ref and event["kind"] != "reverse":
            if known.get(ref) == event:
                continue
            known[ref] = event
        recorded = event.get("recorded_on")
        known_on = day_number(recorded) if recorded and event["kind"] in ("fee", "penalty") else None
        facts.append(Fact(day_number(event["on"]), event["kind"], event.get("amount_minor", 0), ref, number, known_on))
    return facts


def _refuse_event(event: Record, ref: str, known: Mapping[str, Record], place: str) -> None:
    if event["kind"] in _WITH_AMOUNT and "amount_minor" not in event:
        raise Refused(Refusal("FIELD_MISSING", "缺少金额 · this event needs amount_minor", where=place))
    if event["kind"] == "reverse":
        if ref not in known:
            raise Refused(Refusal("REVERSES_NOTHING", f"没有这笔还款 · no such payment to undo: {ref}", where=place))
        if event["on"] < known[ref]["on"]:
            raise Refused(Refusal("DATES_OUT_OF_ORDER", f"冲正早于原还款 · undone before it was made: {ref}", place))
    elif ref in known and known[ref] != event:
        text = f"同一编号内容不同 · this ref was used before with other content: {ref}"
        raise Refused(Refusal("DUPLICATE_KEY_OTHER_CONTENT", text, where=place))
