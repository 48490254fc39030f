"""Life-cycles of applications and offers as tables; the diagram is read off the table (card 25).

>>> after(APPLICATION, "submitted", "approve")
'approved'
"""

Moves = dict[tuple[str, str], str]

# 申请: (state, move) → state
APPLICATION: Moves = {
    ("submitted", "approve"): "approved",
    ("submitted", "refuse"): "refused",
    ("submitted", "withdraw"): "withdrawn",
    ("approved", "offer"): "offered",
    ("approved", "withdraw"): "withdrawn",
    ("offered", "accept"): "accepted",
    ("offered", "decline"): "declined",
    ("offered", "expire"): "expired",
    ("accepted", "fund"): "funded",
    ("accepted", "fail_funding"): "unfunded",
}

# 要约: (state, move) → state
OFFER: Moves = {
    ("open", "accept"): "accepted",
    ("open", "decline"): "declined",
    ("open", "expire"): "expired",
}


class MoveImpossible(LookupError):
    """The life-cycle has no such move from this state; nothing was changed."""


def after(moves: Moves, state: str, move: str) -> str:
    """The state a move leads to; raises MoveImpossible."""
    if (state, move) not in moves:
        possible = ", ".join(sorted(m for s, m in moves if s == state)) or "none"
        raise MoveImpossible(f"cannot {move} from {state}; possible moves: {possible}")
    return moves[state, move]


def diagram(moves: Moves) -> str:
    """Mermaid state diagram of a life-cycle."""
    lines = [f"    {state} --> {to}: {move}" for (state, move), to in moves.items()]
    return "\n".join(["stateDiagram-v2", *lines])
