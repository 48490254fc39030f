"""Components, cores and triangles equal networkx on any graph; communities are groups within components, the same for the same seed."""

import networkx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.antifraud.core.graph import adjacency, rings, structure
from puhui.antifraud.core.graph.links import link

PAIRS = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), min_size=1, max_size=80)
SIMPLE = settings(max_examples=60, deadline=None)


def both(pairs):
    links = link(pl.DataFrame(pairs, schema=["src", "dst"], orient="row"))
    known = networkx.Graph()
    known.add_nodes_from(links.ids.to_list())
    known.add_edges_from((a, b) for a, b in pairs if a != b)
    return links, adjacency.both_ways(links), known


def groups(links, labels):
    made = pl.DataFrame({"id": links.ids, "label": labels}).group_by("label").agg("id")
    return {frozenset(ids) for ids in made["id"].to_list()}


@SIMPLE
@given(PAIRS)
def test_components_equal_networkx(pairs):
    links, matrix, known = both(pairs)
    assert groups(links, rings.components_of(matrix)) == set(map(frozenset, networkx.connected_components(known)))


@SIMPLE
@given(PAIRS)
def test_cores_and_triangles_equal_networkx(pairs):
    links, matrix, known = both(pairs)
    seen = adjacency.pattern(matrix)
    cores, closed = networkx.core_number(known), networkx.triangles(known)
    ids = links.ids.to_list()
    assert rings.core_numbers(matrix).tolist() == [cores[one] for one in ids]
    assert structure.triangles(seen).tolist() == [closed[one] for one in ids]


@pytest.mark.parametrize("method", [rings.LOUVAIN, rings.PROPAGATION])
@settings(max_examples=25, deadline=None)
@given(PAIRS)
def test_communities_lie_within_components(method, pairs):
    _, matrix, _ = both(pairs)
    found = rings.communities_of(matrix, method=method, seed=3)
    assert found.tolist() == rings.communities_of(matrix, method=method, seed=3).tolist()
    components = rings.components_of(matrix)
    owner = pl.DataFrame({"community": found, "component": components}).unique()
    assert owner["community"].is_unique().all()


@pytest.mark.parametrize("method", [rings.LOUVAIN, rings.PROPAGATION])
def test_two_cliques_and_a_bridge_are_two_communities(method):
    cliques = [(a + shift, b + shift) for shift in (0, 10) for a in range(8) for b in range(a)]
    links, matrix, known = both([*cliques, (0, 10)])
    found = rings.communities_of(matrix, method=method, seed=1)
    assert groups(links, found) == {frozenset(range(8)), frozenset(range(10, 18))}
    parts = [set(range(8)), set(range(10, 18))]
    assert rings.modularity_of(matrix, found) == pytest.approx(networkx.community.modularity(known, parts))


def test_parallel_edges_weigh_and_loops_join_nobody():
    links, matrix, _ = both([(1, 2), (2, 1), (1, 2), (3, 3)])
    assert links.told["self_loops"] == 1
    assert links.ids.to_list() == [1, 2, 3]
    assert matrix.toarray().tolist() == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]
    assert np.bincount(rings.components_of(matrix)).tolist() == [2, 1]


@SIMPLE
@given(PAIRS)
def test_triangles_do_not_depend_on_how_many_pairs_are_looked_up_at_once(pairs):
    _, matrix, known = both(pairs)
    found = structure.triangles(adjacency.pattern(matrix), pairs_at_once=3)
    assert found.sum() == sum(networkx.triangles(known).values())


@pytest.mark.parametrize(
    ("pairs", "directed"),
    [
        ([(1, 2), (2, 3)], False),
        ([(2, 1), (3, 2)], False),
        ([(1, 2), (3, 2), (1, 2)], True),
        ([(1, 2), (2, 1), (2, 3), (3, 2)], False),
        ([(n, n + 1) for n in range(20)] + [(n + 1, n) for n in range(18)], True),
        ([(n, n + 1) for n in range(40)] + [(n + 1, n) for n in range(39)], False),
        ([(5, 5)], False),
    ],
)
def test_direction_means_something_unless_edges_rise_fall_or_go_both_ways(pairs, directed):
    """Of the last but two, 36 of 38 have their like (.947); of the last but one, 78 of 79 (.987)."""
    assert adjacency.is_directed(both(pairs)[0]) is directed
