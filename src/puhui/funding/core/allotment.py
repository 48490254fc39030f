"""An allotment's life as a table: money of a quota is reserved, then confirmed when lent, or voided (card 25).

Rule kept: the used quota is a fold over facts; a fact is never edited.

>>> used([("reserve", 300), ("reserve", 200), ("confirm", 300), ("void", 200)])
300
>>> after("confirmed", "void").code
'ALLOTMENT_MOVE_NOT_ALLOWED'
"""

from collections.abc import Iterable

from puhui.kernel.refusal import Refusal

MOVES = {
    ("", "reserve"): "reserved",
    ("reserved", "confirm"): "confirmed",
    ("reserved", "void"): "voided",
}
STATES = {"": "无", "reserved": "已占用", "confirmed": "已放款", "voided": "已释放"}


def after(state: str, verb: str) -> str | Refusal:
    """The state after a move, or the refusal that names both."""
    if (reached := MOVES.get((state, verb))) is not None:
        return reached
    text = f"{STATES.get(state, state)}的额度不能 {verb} · an allotment that is {state or 'absent'} cannot {verb}"
    return Refusal("ALLOTMENT_MOVE_NOT_ALLOWED", text)


def fold(verbs: Iterable[str]) -> str:
    """The state that facts in their order lead to; facts that cannot follow one another are a bug."""
    state = ""
    for verb in verbs:
        reached = after(state, verb)
        assert isinstance(reached, str), f"stored facts contradict each other: {state} then {verb}"
        state = reached
    return state


def used(facts: Iterable[tuple[str, int]]) -> int:
    """Quota in use: what was reserved less what was voided; confirming moves nothing."""
    sign = {"reserve": 1, "void": -1, "confirm": 0}
    return sum(sign[verb] * amount for verb, amount in facts)


def mermaid() -> str:
    """The state diagram, in Mermaid's notation."""
    lines = [f"    {start or '[*]'} --> {end}: {verb}" for (start, verb), end in MOVES.items()]
    return "\n".join(["stateDiagram-v2", *lines])
