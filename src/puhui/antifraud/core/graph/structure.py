"""Where a node stands in the graph, whatever its features: neighbours by kind and way, cores, triangles, rank, component, times.

Rule kept: where the future was cut off (`timed`), only what a node itself sees is told; cores, ranks and components of the whole graph
would know it.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from puhui.antifraud.core.graph import rings
from puhui.antifraud.core.graph.adjacency import Matrix as Sparse
from puhui.antifraud.core.graph.adjacency import degrees
from puhui.antifraud.core.graph.links import Links
from puhui.antifraud.core.graph.neighbourhood import Neighbourhood

Column = npt.NDArray[np.float32]


def columns(
    near: Neighbourhood, links: Links, *, triangle_work: int, absolute_times: bool
) -> Iterator[tuple[str, Column]]:
    """(name, a value a node), one after another. `absolute_times`: first and last edge, useless where the split is in order of time."""
    many = degrees(near.whole_seen)
    safe = np.maximum(many, 1)
    yield "neighbours", many
    weight = np.asarray(near.whole.sum(axis=1), np.float32)
    if float(near.whole.data.max(initial=1)) > 1:
        yield "edges", weight
    yield "mean neighbours of neighbours", (near.whole_seen @ many) / safe
    yield "neighbours with one neighbour", near.whole_seen @ (many == 1).astype(np.float32)
    for name, seen in (*near.ways, *((f"kind {name}", seen) for name, seen in near.kinds)):
        yield f"neighbours {name}", degrees(seen)
    if not near.timed:
        yield from _of_whole(near, many, triangle_work)
        if links.at is not None:
            yield from times(links, absolute=absolute_times)


def _of_whole(near: Neighbourhood, many: Column, triangle_work: int) -> Iterator[tuple[str, Column]]:
    yield "core", rings.core_numbers(near.whole_seen).astype(np.float32)
    components = rings.components_of(near.whole_seen)
    yield "component size", np.bincount(components)[components].astype(np.float32)
    yield "rank", rank(near.whole_seen, many)
    if float(np.square(many.astype(np.float64)).sum()) <= triangle_work:
        closed = triangles(near.whole_seen)
        yield "triangles", closed
        yield "clustering", (closed / np.maximum(many * (many - 1) / 2, 1)).astype(np.float32)


def rank(seen: Sparse, many: Column, *, keep: float = 0.85, steps: int = 20) -> Column:
    """PageRank times the number of nodes (Brin & Page 1998) on an undirected graph; nodes without neighbours keep their start."""
    share = (keep / np.maximum(many, 1)).astype(np.float32)
    value = np.ones(len(many), np.float32)
    for _ in range(steps):
        value = (np.float32(1 - keep) + seen @ (value * share)).astype(np.float32)
    return value


def triangles(seen: Sparse) -> Column:
    """Triangles through every node: half of the pairs of neighbours that are neighbours."""
    plain = sparse.csr_array((seen.data, seen.indices, seen.indptr), shape=seen.shape)
    return (np.asarray((plain @ plain).multiply(plain).sum(axis=1), np.float32) / 2).astype(np.float32)


def times(links: Links, *, absolute: bool) -> Iterator[tuple[str, Column]]:
    """Of every node's edges in both ways: span from first to last, how evenly they came; and first, last, mean where `absolute`."""
    assert links.at is not None
    known = np.isfinite(links.at)
    ends = np.concatenate([links.src[known], links.dst[known]])
    at = np.concatenate([links.at[known], links.at[known]])
    if not len(at):
        return
    low, high = float(at.min()), float(at.max())
    unit = (at - low) / max(high - low, 1e-12)
    first, last = np.full(links.nodes, np.nan), np.full(links.nodes, np.nan)
    np.fmin.at(first, ends, unit)
    np.fmax.at(last, ends, unit)
    count = np.bincount(ends, minlength=links.nodes)
    safe = np.maximum(count, 1)
    mean = np.where(count > 0, np.bincount(ends, unit, links.nodes) / safe, np.nan)
    square = np.bincount(ends, unit * unit, links.nodes) / safe
    yield "edge times span", (last - first).astype(np.float32)
    yield "edge times spread", np.sqrt(np.maximum(square - mean * mean, 0)).astype(np.float32)
    yield "edge times lean", np.where(last > first, (mean - first) / np.maximum(last - first, 1e-12), np.nan).astype(np.float32)  # fmt: skip
    if absolute:
        yield "first edge", first.astype(np.float32)
        yield "last edge", last.astype(np.float32)
        yield "mean edge time", mean.astype(np.float32)
