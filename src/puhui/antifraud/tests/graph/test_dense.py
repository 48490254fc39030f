"""Dense groups by peeling: never worse than the bound beside all subsets, and a planted one is found behind its camouflage."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from puhui.antifraud.core.graph import dense


def ties_of(pairs):
    left, right = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    return dense.Ties(left, right, np.ones(len(pairs)))


def greatest(pairs):
    """The greatest density there is, by trying all sets of nodes."""
    nodes = sorted({("a", one) for one, _ in pairs} | {("e", other) for _, other in pairs})
    best = 0.0
    for size in range(1, len(nodes) + 1):
        for chosen in combinations(nodes, size):
            inside = sum(("a", one) in chosen and ("e", other) in chosen for one, other in pairs)
            best = max(best, inside / size)
    return best


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_peeling_is_within_its_bound_of_the_greatest_density(pairs):
    pairs = sorted(pairs)
    found = dense.densest(ties_of(pairs), most=1, least_density=0.0)
    whole = max(group.density for group in found)
    assert whole >= greatest(pairs) / (2 + 2 * dense.SLACK) - 1e-9
    for group in found:
        inside = sum(one in group.applications and other in group.entities for one, other in pairs)
        assert group.density == inside / (len(group.applications) + len(group.entities))


def test_a_planted_group_is_found_behind_its_camouflage():
    dice = np.random.default_rng(4)
    honest = {(int(one), int(other)) for one, other in zip(dice.integers(0, 400, 900), dice.integers(0, 300, 900))}
    gang = {(400 + one, 300 + int(other)) for one in range(15) for other in dice.choice(6, 4, replace=False)}
    camouflage = {(400 + one, int(other)) for one in range(15) for other in dice.integers(0, 300, 4)}
    pairs = sorted(honest | gang | camouflage)
    plain = ties_of(pairs)
    ties = dense.Ties(plain.application, plain.entity, dense.hidden_in_crowds(plain.entity, plain.weight))
    first = dense.densest(ties, most=1, least_density=0.1)[0]
    assert set(range(400, 415)) <= set(first.applications.tolist())
    assert set(range(300, 306)) <= set(first.entities.tolist())
    assert len(first.applications) <= 20


def test_two_groups_that_no_tie_joins_are_two():
    pairs = [(one, other) for one in range(3) for other in range(3)] + [(5 + one, 5 + other) for one in range(3) for other in range(3)]  # fmt: skip
    found = dense.densest(ties_of(pairs), most=9, least_density=0.5)
    assert [(group.applications.tolist(), group.density) for group in found] == [([0, 1, 2], 1.5), ([5, 6, 7], 1.5)]
