"""Where a node stands in the graph, whatever its features: neighbours by kind and way, cores, triangles, rank, component, times.

Rule kept: where the future was cut off (`timed`), only what a node itself sees is told; cores, ranks and components of the whole graph
would know it.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from puhui.antifraud.core.graph import rings
from puhui.antifraud.core.graph.adjacency import Matrix as Sparse
from puhui.antifraud.core.graph.adjacency import degrees
from puhui.antifraud.core.graph.alongside import alongside
from puhui.antifraud.core.graph.links import Links
from puhui.antifraud.core.graph.neighbourhood import Neighbourhood

Column = npt.NDArray[np.float32]
PAIRS_AT_ONCE = 4_000_000


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
    seen = near.whole_seen
    work: list[tuple[str, Callable[[], Column]]] = [
        ("core", lambda: rings.core_numbers(seen).astype(np.float32)),
        ("component size", lambda: _component_sizes(seen)),
        ("rank", lambda: rank(seen, many)),
    ]
    counted = float(np.square(many.astype(np.float64)).sum()) <= triangle_work
    if counted:
        work.append(("triangles", lambda: triangles(seen)))
    made = dict(zip((name for name, _ in work), alongside(lambda one: one[1](), work), strict=True))
    yield from made.items()
    if counted:
        pairs = np.maximum(many * (many - 1) / 2, 1)
        yield "clustering", (made["triangles"] / pairs).astype(np.float32)


def _component_sizes(seen: Sparse) -> Column:
    components = rings.components_of(seen)
    return np.bincount(components)[components].astype(np.float32)


def rank(seen: Sparse, many: Column, *, keep: float = 0.85, steps: int = 20) -> Column:
    """PageRank times the number of nodes (Brin & Page 1998) on an undirected graph; nodes without neighbours keep their start."""
    share = (keep / np.maximum(many, 1)).astype(np.float32)
    value = np.ones(len(many), np.float32)
    for _ in range(steps):
        value = (np.float32(1 - keep) + seen @ (value * share)).astype(np.float32)
    return value


def triangles(seen: Sparse, *, pairs_at_once: int = PAIRS_AT_ONCE) -> Column:
    """Triangles through every node. Edges lead to the node of more neighbours, so that few lead on from any; every pair of them is
    looked up, a portion of the pairs at a time."""
    nodes = seen.shape[0]
    place = np.empty(nodes, np.int64)
    place[np.argsort(np.diff(seen.indptr), kind="stable")] = np.arange(nodes)
    src, dst = np.repeat(place, np.diff(seen.indptr)), place[seen.indices]
    edges = (src * nodes + dst)[src < dst]
    edges.sort()
    src, dst = np.divmod(edges, nodes)
    later = np.searchsorted(src, src, side="right") - np.arange(len(src)) - 1
    maybe = _Maybe(edges)
    count = np.zeros(nodes, np.int64)
    for start, end in _portions(later, pairs_at_once):
        first = np.repeat(np.arange(start, end), later[start:end])
        second = rings.spots(np.arange(start + 1, end + 1), later[start:end])
        closing = dst[first] * nodes + dst[second]
        asked = maybe.has(closing)
        first, second, closing = first[asked], second[asked], closing[asked]
        there = edges[np.searchsorted(edges, closing).clip(max=len(edges) - 1)] == closing
        for corner in (src[first[there]], dst[first[there]], dst[second[there]]):
            count += np.bincount(corner, minlength=nodes)
    return count[place].astype(np.float32)


def _portions(many: npt.NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Runs of places whose numbers add up to about `most` (one place at least)."""
    total = np.cumsum(many)
    cuts = np.searchsorted(total, np.arange(0, int(total[-1]) if len(total) else 0, most), side="right")
    return pairwise(np.unique(np.append(cuts, len(many))).tolist())


class _Maybe:
    """A table of bits by hash (Bloom 1970, one hash): says no for most keys that are not among `keys`, never for one that is."""

    def __init__(self, keys: npt.NDArray[np.int64]) -> None:
        self.shift = np.uint64(64 - max(8, (8 * len(keys)).bit_length()))
        self.table = np.zeros(1 << (64 - int(self.shift)), np.bool_)
        self.table[self._place(keys)] = True

    def has(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        return self.table[self._place(keys)]

    def _place(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
        return keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> self.shift


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
