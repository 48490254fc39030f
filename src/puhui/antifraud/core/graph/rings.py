"""Rings (团伙) in a graph: connected components, communities, and how densely each node is knitted in.

Communities are Louvain's (Blondel et al. 2008, by scikit-network) up to a size given in the terms, and label propagation (Raghavan et
al. 2007) over sorted arrays beyond it, where Louvain takes minutes. Both are the same for the same seed.

>>> from puhui.antifraud.core.graph.links import link
>>> import polars as pl
>>> pairs = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (2, 3), (7, 8)]
>>> found = find(both_ways(link(pl.DataFrame(pairs, schema=["src", "dst"], orient="row"))), seed=1)
>>> found.components.tolist(), found.communities.tolist(), found.cores.tolist()
([0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1, 2, 2], [2, 2, 2, 2, 2, 2, 1, 1])
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from puhui.antifraud.core.graph.adjacency import Matrix, both_ways, degrees, run_starts  # noqa: F401 - both_ways is for the example
from puhui.antifraud.core.graph.alongside import alongside

Labels = npt.NDArray[np.int32]
LOUVAIN, PROPAGATION = "louvain", "label_propagation"
LOUVAIN_EDGES = 400_000


@dataclass(frozen=True, slots=True)
class Rings:
    """A number a node: its component, its community (0 is the first met by position), its core number (the largest k such that it
    lies in a part where everybody has k neighbours). `method`: how communities were found; `modularity` (Newman) of them."""

    components: Labels
    communities: Labels
    cores: Labels
    method: str
    modularity: float


def find(matrix: Matrix, *, seed: int, louvain_edges: int = LOUVAIN_EDGES) -> Rings:
    """`matrix`: symmetric adjacency without self-loops."""
    method = LOUVAIN if matrix.nnz // 2 <= louvain_edges else PROPAGATION
    work: list[Callable[[], Labels]] = [
        lambda: communities_of(matrix, method=method, seed=seed),
        lambda: components_of(matrix),
        lambda: core_numbers(matrix),
    ]
    communities, components, cores = alongside(lambda one: one(), work)
    return Rings(components, communities, cores, method, round(modularity_of(matrix, communities), 6))


def components_of(matrix: Matrix) -> Labels:
    """Connected components, numbered in the order of their first node."""
    if not matrix.shape[0]:
        return np.zeros(0, np.int32)
    _, labels = scipy.sparse.csgraph.connected_components(matrix, directed=False)
    return in_order(labels)


def communities_of(matrix: Matrix, *, method: str, seed: int) -> Labels:
    """Communities, numbered in the order of their first node; a node without neighbours is one by itself."""
    if not matrix.nnz:
        return np.arange(matrix.shape[0], dtype=np.int32)
    if method == PROPAGATION:
        return in_order(_propagated(matrix, seed=seed))
    from scipy import sparse
    from sknetwork.clustering import Louvain

    given = sparse.csr_matrix((matrix.data, matrix.indices, matrix.indptr), shape=matrix.shape)
    return in_order(Louvain(random_state=seed, shuffle_nodes=False).fit_predict(given))


def core_numbers(matrix: Matrix) -> Labels:
    """Core number of every node (Batagelj & Zaversnik 2003), by peeling all nodes of least degree at once, layer by layer."""
    left = np.diff(matrix.indptr).astype(np.int64)
    cores = np.zeros(len(left), np.int32)
    alive = np.ones(len(left), np.bool_)
    level, remaining = 0, len(left)
    while remaining:
        level = max(level, int(left[alive].min()))
        peeled = np.flatnonzero(alive & (left <= level))
        while len(peeled):
            cores[peeled] = level
            alive[peeled] = False
            remaining -= len(peeled)
            met = _neighbours_of(matrix, peeled)
            met = met[alive[met]]
            if not len(met):
                break
            nodes, lost = np.unique(met, return_counts=True)
            left[nodes] -= lost
            peeled = nodes[left[nodes] <= level]
    return cores


def modularity_of(matrix: Matrix, communities: Labels) -> float:
    """Share of edge weight inside communities less what degrees alone would put there (Newman & Girvan 2004)."""
    total = float(matrix.data.sum(dtype=np.float64))
    if not total:
        return 0.0
    rows = np.repeat(communities, np.diff(matrix.indptr))
    inside = float(matrix.data[rows == communities[matrix.indices]].sum(dtype=np.float64)) / total
    weight = np.bincount(rows, matrix.data)
    return inside - float(np.square(weight / total).sum())


def in_order(labels: npt.NDArray[np.integer]) -> Labels:
    """The same grouping, numbered in the order in which groups are met.

    >>> in_order(np.array([7, 3, 7, 5])).tolist()
    [0, 1, 0, 2]
    """
    if not len(labels):
        return np.zeros(0, np.int32)
    place = np.arange(len(labels), dtype=np.int32)
    first = np.empty(int(labels.max()) + 1, np.int32)
    first[labels[::-1]] = place[::-1]  # of several the last one written stays: the first by position
    first_of = first[labels]
    number = np.cumsum(first_of == place, dtype=np.int32) - np.int32(1)
    return number[first_of]


def _propagated(matrix: Matrix, *, seed: int, rounds: int = 12) -> npt.NDArray[np.int64]:
    """Every node takes the label that weighs most among its neighbours, ties by a drawn order. Half of the nodes move in a round, so
    that two neighbours do not swap labels for ever; who has settled and whose neighbours have settled is not asked again."""
    nodes = matrix.shape[0]
    dice = np.random.default_rng(seed)
    labels = dice.permutation(nodes).astype(np.int64)
    half = dice.random(nodes) < 0.5
    restless = degrees(matrix) > 0
    for turn in range(rounds):
        moving = np.flatnonzero(restless & (half if turn % 2 else ~half))
        if not len(moving):
            if not restless.any():
                break
            continue
        chosen = _heaviest(matrix, moving, labels)
        changed = moving[chosen != labels[moving]]
        labels[moving] = chosen
        restless[moving] = False
        restless[_neighbours_of(matrix, changed)] = True
    return labels


def _heaviest(matrix: Matrix, nodes: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Of each of `nodes` (with neighbours), the label of most weight; of two as heavy, its own if among them, else the greater."""
    lengths = np.diff(matrix.indptr)[nodes]
    where = spots(matrix.indptr[nodes], lengths)
    row = np.repeat(np.arange(len(nodes), dtype=np.int64), lengths)
    keys = row << 32 | labels[matrix.indices[where]]
    weight = matrix.data[where]
    if weight.max() == weight.min():
        keys.sort()
        starts = run_starts(keys)
        total = np.diff(np.append(starts, len(keys))).astype(np.float32)
    else:
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = run_starts(keys)
        total = np.add.reduceat(weight[order], starts)
    keys = keys[starts]
    owner, label = keys >> 32, keys & 0xFFFFFFFF
    total = total + np.where(label == labels[nodes][owner], np.float32(0.5), np.float32(0))
    first = run_starts(owner)
    best = np.maximum.reduceat(total, first)
    winning = total == best[owner]
    return np.maximum.reduceat(np.where(winning, label, -1), first)


def _neighbours_of(matrix: Matrix, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Neighbours of all `nodes`, with repeats."""
    return matrix.indices[spots(matrix.indptr[nodes], np.diff(matrix.indptr)[nodes])]


def spots(starts: npt.NDArray[np.integer], lengths: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Places start, start + 1, … of every run, one run after another."""
    total = int(lengths.sum())
    before = np.cumsum(lengths, dtype=np.int64) - lengths
    return np.arange(total, dtype=np.int64) + np.repeat(starts.astype(np.int64) - before, lengths)
