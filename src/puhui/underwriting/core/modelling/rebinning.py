"""Bins moved by hand: merge two, split one, shift an edge, with evidence and points told at once, without the tape.

A registered scorecard keeps, for each column, its training counts in fine cells (at most so many quantile cells, the
edges in use among them; single words). Any coarser bins over these cells are sums. Rules kept: an edge lies on a cell
border; missing, special codes and the rest stay where they are; nothing is saved here.

>>> fine = Bins("months", "number", "fine", (1.0, 2.0, 3.0), (), (), (10.0, 20.0, 30.0, 40.0, 0.0), (5.0, 6.0, 3.0, 2.0, 0.0), 0.0)
>>> bins = coarsened(fine, edges=(2.0,))
>>> bins.rows, bins.bads
((30.0, 70.0, 0.0), (11.0, 5.0, 0.0))
>>> split(fine, bins, 1).edges, merged(fine, split(fine, bins, 1), 0).edges, shifted(fine, bins, 0, +1).edges
((2.0, 3.0), (3.0,), (3.0,))
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling.binning import Bins, Floats, Outcome

MOST_CELLS = 60
MOST_WORDS = 200
Group = tuple[str, ...]


def fine_counts(bins: Bins, values: pl.Series, bad: Outcome, weight: Floats) -> Bins:
    """Training counts of a column in fine cells that its bins are sums of."""
    if bins.kind == "category":
        words = [word for group in bins.groups for word in group][:MOST_WORDS]
        bare = replace(bins, trend="fine", groups=tuple((word,) for word in words), rows=(), bads=())
        return bare.recounted(values, bad, weight)
    numbers = values.fill_null(np.nan).to_numpy()
    plain = numbers[~np.isnan(numbers) & ~np.isin(numbers, bins.specials)]
    borders = (
        np.unique(np.quantile(plain, np.arange(1, MOST_CELLS) / MOST_CELLS, method="higher")) if len(plain) else plain
    )
    edges = sorted({*bins.edges, *(float(edge) for edge in borders)})
    return replace(bins, trend="fine", edges=tuple(edges), rows=(), bads=()).recounted(values, bad, weight)


def coarsened(fine: Bins, *, edges: Sequence[float] = (), groups: Sequence[Group] = ()) -> Bins:
    """The fine cells summed into these bins. Refuses an edge between cell borders, a word that has no cell."""
    if fine.kind == "category":
        return _grouped(fine, [tuple(group) for group in groups])
    strange = [edge for edge in edges if edge not in fine.edges]
    if strange or list(edges) != sorted(set(edges)):
        told = "分箱边界须在细分点上且递增 · edges must lie on cell borders and rise"
        raise Refused(Refusal("EDGE_IMPOSSIBLE", told, where=", ".join(f"{edge:g}" for edge in strange)))
    lower = np.array([-np.inf, *fine.edges])
    place = np.searchsorted(np.array(edges), lower, side="right")
    cells = len(fine.edges) + 1
    rows, bads = (_summed(side, place, len(edges) + 1, cells) for side in (fine.rows, fine.bads))
    return replace(fine, trend=_direction(rows, bads, len(edges) + 1), edges=tuple(edges), rows=rows, bads=bads)


def merged(fine: Bins, bins: Bins, place: int) -> Bins:
    """Bin `place` and the next one become one."""
    if bins.kind == "category":
        groups = list(bins.groups)
        _there(place, len(groups) - 1)
        return coarsened(fine, groups=[*groups[:place], groups[place] + groups[place + 1], *groups[place + 2 :]])
    _there(place, len(bins.edges))
    return coarsened(fine, edges=bins.edges[:place] + bins.edges[place + 1 :])


def split(fine: Bins, bins: Bins, place: int) -> Bins:
    """Bin `place` becomes two of about equal weight: numbers at a cell border, words by their bad rate."""
    if bins.kind == "category":
        _there(place, len(bins.groups))
        words = sorted(bins.groups[place], key=lambda word: _rate(fine, word))
        _there(0, len(words) - 1)
        half = len(words) // 2
        return coarsened(
            fine, groups=[*bins.groups[:place], tuple(words[:half]), tuple(words[half:]), *bins.groups[place + 1 :]]
        )
    _there(place, len(bins.edges) + 1)
    low, high = (-np.inf, *bins.edges)[place], (*bins.edges, np.inf)[place]
    inside = [edge for edge in fine.edges if low < edge < high]
    _there(0, len(inside))
    borders = np.array([-np.inf, *fine.edges])
    mass = [sum(row for row, border in zip(fine.rows, borders) if low <= border < edge) for edge in inside]
    middle = bins.rows[place] / 2
    chosen = min(zip(mass, inside), key=lambda pair: abs(pair[0] - middle))[1]
    return coarsened(fine, edges=sorted((*bins.edges, chosen)))


def shifted(fine: Bins, bins: Bins, place: int, steps: int) -> Bins:
    """Edge `place` goes so many cell borders up (or down, below nought); never past its neighbours."""
    _there(place, len(bins.edges))
    target = fine.edges.index(bins.edges[place]) + steps
    low = fine.edges.index(bins.edges[place - 1]) if place else -1
    high = fine.edges.index(bins.edges[place + 1]) if place + 1 < len(bins.edges) else len(fine.edges)
    _there(target - low - 1, high - low - 1)
    edges = list(bins.edges)
    edges[place] = fine.edges[target]
    return coarsened(fine, edges=edges)


def told(bins: Bins, feature: dict[str, Any], card: dict[str, Any]) -> dict[str, Any]:
    """What the page shows: the table with points at the coefficient in force, IV before and after, and the direction."""
    slope = card["factor"] * card["calibration"]["slope"] * feature["coefficient"]
    points = [int(part) for part in np.rint(-slope * bins.woe)]
    table = [row | {"points": point} for row, point in zip(bins.as_json()["table"], points)]
    return {"table": table, "iv": bins.iv, "iv_before": feature["bins"]["iv"], "trend": bins.trend, "edges": list(bins.edges),
            "groups": [list(group) for group in bins.groups]}  # fmt: skip


def _grouped(fine: Bins, groups: list[Group]) -> Bins:
    place = {word: number for number, group in enumerate(groups) for word in group}
    known = [group[0] for group in fine.groups]
    strange = [word for word in place if word not in known]
    if strange or sum(map(len, groups)) != len(place):
        raise Refused(
            Refusal("WORD_UNKNOWN", "未知或重复的取值 · a word unknown or named twice", where=", ".join(strange))
        )
    rest = len(groups)
    where = np.array([place.get(word, rest) for word in known] + [rest])
    rows, bads = (_summed(side, where, rest + 1, len(known) + 1) for side in (fine.rows, fine.bads))
    return replace(fine, trend="by_hand", groups=tuple(groups), rows=rows, bads=bads)


def _summed(counts: Sequence[float], place: Any, bins: int, cells: int) -> tuple[float, ...]:
    """The first `cells` counts summed by place; what follows (codes, missing) stays."""
    return (*(float(one) for one in np.bincount(place, counts[:cells], bins)), *counts[cells:])


def _direction(rows: Sequence[float], bads: Sequence[float], bins: int) -> str:
    rates = [bad / row for row, bad in zip(rows[:bins], bads[:bins]) if row > 0]
    steps = np.diff(rates)
    return (
        "flat"
        if len(rates) < 2
        else "ascending"
        if (steps >= 0).all()
        else "descending"
        if (steps <= 0).all()
        else "mixed"
    )


def _rate(fine: Bins, word: str) -> float:
    place = [group[0] for group in fine.groups].index(word)
    return fine.bads[place] / fine.rows[place] if fine.rows[place] > 0 else 0.0


def _there(place: int, count: int) -> None:
    if not 0 <= place < count:
        raise Refused(
            Refusal("BIN_IMPOSSIBLE", "不能再这样分 · these bins cannot be changed that way", where=str(place))
        )
