"""Neighbours as sparse matrices: one for all edges, one a kind, one a direction where direction means something.

Rule kept: a matrix holds each neighbour once; parallel edges are its weight, and whoever wants neighbours and not rows reads `pattern`.

>>> from puhui.antifraud.core.graph.links import link
>>> import polars as pl
>>> whole = both_ways(link(pl.DataFrame({"src": [0, 0, 1], "dst": [1, 1, 2]})))
>>> whole.toarray().tolist()
[[0.0, 2.0, 0.0], [2.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from puhui.antifraud.core.graph.links import Links, Positions

Mask = npt.NDArray[np.bool_]
Matrix = Any  # scipy.sparse.csr_array: rows are nodes, columns their neighbours, float32


def both_ways(links: Links, rows: Mask | None = None) -> Matrix:
    """Symmetric adjacency of `rows` of the links (all of them when left out), weighted by the number of parallel edges."""
    src, dst = _chosen(links, rows)
    return _matrix(np.concatenate([src, dst]), np.concatenate([dst, src]), links.nodes)


def one_way(links: Links, *, backwards: bool, rows: Mask | None = None) -> Matrix:
    """Row i holds where i's edges lead; `backwards`: whose edges lead to i."""
    src, dst = _chosen(links, rows)
    return _matrix(dst, src, links.nodes) if backwards else _matrix(src, dst, links.nodes)


def seen(links: Links, seen_by_src: Mask, seen_by_dst: Mask) -> Matrix:
    """Row i holds whom i sees: over edges where the mask of its own end says so."""
    row = np.concatenate([links.src[seen_by_src], links.dst[seen_by_dst]])
    column = np.concatenate([links.dst[seen_by_src], links.src[seen_by_dst]])
    return _matrix(row, column, links.nodes)


def pattern(matrix: Matrix) -> Matrix:
    """The same neighbours, each with weight one; shares the places with the matrix it came from."""
    return sparse.csr_array(
        (np.ones(matrix.nnz, np.float32), matrix.indices, matrix.indptr), shape=matrix.shape, copy=False
    )


def degrees(matrix: Matrix) -> npt.NDArray[np.float32]:
    """Different neighbours a node."""
    return np.diff(matrix.indptr).astype(np.float32)


def is_directed(links: Links) -> bool:
    """Whether direction can mean something: not where every edge is stored from the lower to the higher id (or the other way round),
    nor where nearly every edge is stored both ways."""
    if not len(links.src):
        return False
    rising = float((links.src < links.dst).mean())
    if rising in (0.0, 1.0):
        return False
    low, high = np.minimum(links.src, links.dst).astype(np.int64), np.maximum(links.src, links.dst)
    pairs = _once(2 * (low * links.nodes + high) + (links.src > links.dst))[0]
    both = int(np.count_nonzero(pairs[1:] >> 1 == pairs[:-1] >> 1))
    return 2 * both < 0.95 * len(pairs)


def _chosen(links: Links, rows: Mask | None) -> tuple[Positions, Positions]:
    return (links.src, links.dst) if rows is None else (links.src[rows], links.dst[rows])


def _matrix(row: Positions, column: Positions, nodes: int) -> Matrix:
    """One sort of the pairs as single numbers takes half as long as going by way of a list of places."""
    pairs, many = _once(row.astype(np.int64) << 32 | column)
    starts = np.zeros(nodes + 1, np.int32)
    np.cumsum(np.bincount(pairs >> 32, minlength=nodes), out=starts[1:])
    return sparse.csr_array(
        (many.astype(np.float32), (pairs & 0xFFFFFFFF).astype(np.int32), starts), shape=(nodes, nodes)
    )


def _once(keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Different keys in rising order, and how often each is there. Sorts `keys` in place."""
    keys.sort()
    starts = run_starts(keys)
    return keys[starts], np.diff(np.append(starts, len(keys)))


def run_starts(keys: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Where a run of equal keys begins."""
    first = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    return np.flatnonzero(first)
