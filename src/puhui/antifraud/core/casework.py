"""The life of a case (案件生命周期) as a table, and the figures of `policy/casework.toml` by which it is worked.

Rule kept: what a case ends as (confirmed, cleared) is said by a second person; each move is a row.

>>> after("investigating", "propose_confirm"), after("confirm_proposed", "agree"), MOVES["agree"][0].second
('confirm_proposed', 'confirmed', True)
>>> after("new", "agree")
Traceback (most recent call last):
    ...
puhui.antifraud.core.casework.MoveImpossible: new: agree
"""

from dataclasses import dataclass
from typing import Any

from puhui.kernel import shipped

OPEN = ("new", "triage", "investigating", "confirm_proposed", "clear_proposed")
STATES = (*OPEN, "confirmed", "cleared", "filed", "merged")
SOURCES = ("rule", "model", "graph", "complaint", "police", "fpd_autopsy", "person")


class MoveImpossible(ValueError):
    """There is no such move from this state."""


@dataclass(frozen=True, slots=True)
class Move:
    """`second`: only another person than who proposed it; `note`: it needs a reason in words."""

    before: str
    after: str
    second: bool
    note: bool
    zh: str
    en: str


MOVES: dict[str, tuple[Move, ...]] = {
    "take": (Move("new", "triage", False, False, "认领", "take"),),
    "investigate": (Move("triage", "investigating", False, False, "立案调查", "investigate"),),
    "propose_confirm": (Move("investigating", "confirm_proposed", False, True, "提请认定欺诈", "propose: fraud"),),
    "propose_clear": (
        Move("investigating", "clear_proposed", False, True, "提请排除", "propose: no fraud"),
        Move("triage", "clear_proposed", False, True, "提请排除", "propose: no fraud"),
    ),
    "agree": (
        Move("confirm_proposed", "confirmed", True, False, "复核同意", "agree"),
        Move("clear_proposed", "cleared", True, False, "复核同意", "agree"),
    ),
    "send_back": (
        Move("confirm_proposed", "investigating", True, True, "退回补查", "send back"),
        Move("clear_proposed", "investigating", True, True, "退回补查", "send back"),
    ),
    "file": (Move("confirmed", "filed", False, True, "报送归档", "file with the authorities"),),
    "reopen": (Move("cleared", "investigating", False, True, "重新调查", "reopen"),),
    "merge": tuple(Move(state, "merged", False, False, "并案", "merge") for state in OPEN),
}


def move_of(state: str, name: str) -> Move:
    """The move of this name from this state; MoveImpossible where there is none."""
    for move in MOVES.get(name, ()):
        if move.before == state:
            return move
    raise MoveImpossible(f"{state}: {name}")


def after(state: str, name: str) -> str:
    """The state that the move leads to."""
    return move_of(state, name).after


def moves_from(state: str) -> list[str]:
    """What a person can do now (merging is done by the machine)."""
    return [name for name, moves in MOVES.items() if name != "merge" and any(move.before == state for move in moves)]


def figures() -> dict[str, Any]:
    """The table of figures, by section."""
    return shipped.tree("puhui.antifraud", "policy/casework.toml")


def hours_for(state: str) -> int:
    """How long a case may stand in this state before it is late."""
    hours: dict[str, int] = figures()["deadline_hours"]
    return hours.get(state, hours["proposed"])
