"""The life of a rulebook's version (版本生命周期), as a table: who may move it from where to where.

Rule kept: what has left `draft` is never edited; what is published was reviewed by a second person.

>>> after("draft", "submit"), after("in_review", "send_back"), live_from("published")
('in_review', 'draft', True)
>>> after("published", "submit")
Traceback (most recent call last):
    ...
puhui.policy.core.lifecycle.MoveImpossible: published: submit
"""

from dataclasses import dataclass

STATES = ("draft", "in_review", "approved", "published", "retired", "discarded")


class MoveImpossible(ValueError):
    """There is no such move from this state."""


@dataclass(frozen=True, slots=True)
class Move:
    """`by`: which permission it takes; `second`: only another person than the author."""

    before: str
    after: str
    by: str
    second: bool
    zh: str
    en: str


MOVES: dict[str, tuple[Move, ...]] = {
    "submit": (Move("draft", "in_review", "author", False, "提交审核", "submit for review"),),
    "send_back": (
        Move("in_review", "draft", "reviewer", True, "退回修改", "send back"),
        Move("approved", "draft", "reviewer", True, "退回修改", "send back"),
    ),
    "approve": (Move("in_review", "approved", "reviewer", True, "审核通过", "approve"),),
    "publish": (Move("approved", "published", "publisher", False, "发布", "publish"),),
    "retire": (Move("published", "retired", "publisher", False, "停用", "retire"),),
    "discard": (Move("draft", "discarded", "author", False, "放弃草稿", "discard"),),
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
    """What can be done now."""
    return [name for name, moves in MOVES.items() if any(move.before == state for move in moves)]


def live_from(state: str) -> bool:
    """Can a version in this state decide?"""
    return state == "published"
