"""Who sees whom: the matrices that features are summed over, with the future cut off where times are known.

Rules kept: where nodes bear a time, node i sees an edge only if it happened by i's time and the other end was there by then, so that a
feature never knows what came later; a label is seen only from the moment it became known (`label_at`, else strictly after its
node's time). Edges later than `as_of` are not seen by anybody.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from puhui.antifraud.core.graph import adjacency
from puhui.antifraud.core.graph.adjacency import Mask, Matrix
from puhui.antifraud.core.graph.alongside import alongside
from puhui.antifraud.core.graph.links import Floats, Links


@dataclass(frozen=True, slots=True)
class Times:
    """Of nodes: when each is judged and when its label became known; −∞ where not told (always there)."""

    at: Floats
    label_at: Floats


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """`whole`: weighted by parallel edges; `whole_seen`: each neighbour once; `labels_seen`: neighbours whose label, if there is one, may
    be used. `kinds` and `ways`: (name, each neighbour once). `timed`: somebody's future was cut off, so nothing global may be used."""

    whole: Matrix
    whole_seen: Matrix
    labels_seen: Matrix
    kinds: tuple[tuple[str, Matrix], ...]
    ways: tuple[tuple[str, Matrix], ...]
    timed: bool
    told: dict[str, int]


def look(links: Links, *, times: Times | None, as_of: float | None, kinds_most: int) -> Neighbourhood:
    """`times`: of all nodes of the links, listed or not. Of many kinds the commonest `kinds_most` have a matrix of their own."""
    there = np.ones(len(links.src), np.bool_)
    told = {}
    if as_of is not None and links.at is not None:
        there = ~(links.at > as_of)
        told["edges_after_as_of"] = int((~there).sum())
    by_src, by_dst = there, there
    if times is not None:
        happened = np.full(len(links.src), -np.inf) if links.at is None else np.nan_to_num(links.at, nan=-np.inf)
        by_src = there & _visible(happened, times.at, links.src, links.dst)
        by_dst = there & _visible(happened, times.at, links.dst, links.src)
        told["edges_unseen_by_an_end"] = int((there & ~(by_src & by_dst)).sum())
    whole = adjacency.seen(links, by_src, by_dst)
    whole_seen = adjacency.pattern(whole)
    labels_seen = whole_seen if times is None else _labels_seen(links, by_src, by_dst, times)
    ways: tuple[tuple[str, Matrix], ...] = ()
    if adjacency.is_directed(links):
        nobody = np.zeros(len(links.src), np.bool_)
        ways = (
            ("out", adjacency.pattern(adjacency.seen(links, by_src, nobody))),
            ("in", adjacency.pattern(adjacency.seen(links, nobody, by_dst))),
        )
    kinds = tuple(_by_kind(links, by_src, by_dst, kinds_most))
    return Neighbourhood(whole, whole_seen, labels_seen, kinds, ways, times is not None, told)


def _visible(happened: Floats, at: Floats, viewer: npt.NDArray[np.integer], other: npt.NDArray[np.integer]) -> Mask:
    return (happened <= at[viewer]) & (at[other] <= at[viewer])


def _labels_seen(links: Links, by_src: Mask, by_dst: Mask, times: Times) -> Matrix:
    src_knows = by_src & (times.label_at[links.dst] <= times.at[links.src])
    dst_knows = by_dst & (times.label_at[links.src] <= times.at[links.dst])
    return adjacency.pattern(adjacency.seen(links, src_knows, dst_knows))


def _by_kind(links: Links, by_src: Mask, by_dst: Mask, most: int) -> list[tuple[str, Matrix]]:
    if links.kind is None:
        return []
    rows = np.bincount(links.kind, minlength=len(links.kinds))
    commonest = np.sort(np.argsort(-rows, kind="stable")[:most])

    def of_kind(one: np.int64) -> tuple[str, Matrix]:
        own = links.kind == one
        return links.kinds[one], adjacency.pattern(adjacency.seen(links, by_src & own, by_dst & own))

    return alongside(of_kind, [one for one in commonest if rows[one]])
