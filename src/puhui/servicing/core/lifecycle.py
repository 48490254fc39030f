"""The life of a loan as a table: which move leads from which state to which (card 25).

Rule kept: a state changes only by a move of this table, and each move is stored as a row. The diagram is generated.

>>> after("booked", "disburse")
'active'
>>> after("closed", "repay").code
'MOVE_NOT_ALLOWED'
"""

from puhui.kernel.refusal import Refusal

STATES = {
    "booked": "已签约待放款",
    "active": "还款中",
    "overdue": "逾期",
    "closed": "已结清",
    "cancelled": "已取消",
    "written_off": "已核销",
    "compensated": "已代偿",
    "transferred": "已转让",
}
MOVES = {
    ("booked", "disburse"): "active",
    ("booked", "cancel"): "cancelled",
    ("active", "miss_due"): "overdue",
    ("overdue", "cure"): "active",
    ("active", "settle"): "closed",
    ("overdue", "settle"): "closed",
    ("active", "write_off"): "written_off",
    ("overdue", "write_off"): "written_off",
    ("active", "compensate"): "compensated",
    ("overdue", "compensate"): "compensated",
    ("active", "transfer"): "transferred",
    ("overdue", "transfer"): "transferred",
    ("closed", "reopen"): "active",
    ("closed", "reopen_late"): "overdue",
    ("written_off", "reopen"): "active",
    ("written_off", "reopen_late"): "overdue",
    ("compensated", "reopen"): "active",
    ("compensated", "reopen_late"): "overdue",
    ("compensated", "settle"): "closed",
    ("closed", "compensate"): "compensated",
    ("transferred", "reopen"): "active",
    ("transferred", "reopen_late"): "overdue",
}
SERVICED = ("active", "overdue")  # states in which money may be received and interest runs
ENDED = ("closed", "written_off", "compensated", "transferred")  # nothing more is owed to the lender


def after(state: str, verb: str) -> str | Refusal:
    """The state after a move, or the refusal that names both."""
    if (reached := MOVES.get((state, verb))) is not None:
        return reached
    text = f"{STATES.get(state, state)}状态不能执行 {verb} · a loan that is {state} cannot {verb}"
    return Refusal("MOVE_NOT_ALLOWED", text)


def move_for(state: str, *, days_past_due: int, settled: bool) -> str | None:
    """The move that facts ask for, if any: settled, late, or late no more."""
    if state not in SERVICED:
        return None
    if settled:
        return "settle"
    if days_past_due > 0:
        return "miss_due" if state == "active" else None
    return "cure" if state == "overdue" else None


def verb_to(state: str, target: str, kind: str) -> str:
    """The verb that leads from a state to another; a kind of fact that is itself a verb goes first. Asserts there is one.

    >>> verb_to("active", "overdue", "reverse"), verb_to("overdue", "written_off", "write_off")
    ('miss_due', 'write_off')
    """
    if MOVES.get((state, kind)) == target:
        return kind
    verbs = [verb for (start, verb), end in MOVES.items() if start == state and end == target]
    assert verbs, f"no move leads from {state} to {target}"
    return verbs[0]


def mermaid() -> str:
    """The state diagram, in Mermaid's notation."""
    lines = [f"    {start} --> {end}: {verb}" for (start, verb), end in MOVES.items()]
    return "\n".join(["stateDiagram-v2", "    [*] --> booked", *lines])
