"""The life-cycle tables: every state can be reached, and what is not in the table is impossible."""

import pytest

from puhui.underwriting.core import lifecycle


@pytest.mark.parametrize(("moves", "start"), [(lifecycle.APPLICATION, "submitted"), (lifecycle.OFFER, "open")])
def test_every_state_is_reached_from_the_start(moves: lifecycle.Moves, start: str) -> None:
    reached = {start}
    for _ in moves:
        reached |= {after for (before, _), after in moves.items() if before in reached}
    assert {before for before, _ in moves} | set(moves.values()) == reached


def test_a_move_outside_the_table_is_impossible() -> None:
    with pytest.raises(lifecycle.MoveImpossible, match="possible moves: approve, refuse, withdraw"):
        lifecycle.after(lifecycle.APPLICATION, "submitted", "fund")


def test_the_diagram_names_every_move() -> None:
    assert lifecycle.diagram(lifecycle.OFFER).count("-->") == len(lifecycle.OFFER)
