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
}
MOVES = {
    ("booked", "disburse"): "active",
    ("booked", "cancel"): "cancelled",
    ("active", "miss_due"): "overdue",
    ("overdue", "cure"): "active",
    ("active", "settle"): "closed",
    ("overdue", "settle"): "closed",
}
SERVICED = ("active", "overdue")  # states in which money may be received and interest runs


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


def mermaid() -> str:
    """The state diagram, in Mermaid's notation."""
    lines = [f"    {start} --> {end}: {verb}" for (start, verb), end in MOVES.items()]
    return "\n".join(["stateDiagram-v2", "    [*] --> booked", *lines])
