"""Neighbour-aggregated features: mean, spread, least and greatest of each feature among neighbours, and means of means further out.

Published comparisons (Tang et al., GADBench, 2023; Bazhenov et al., GraphLand, 2025) find boosted trees on such features ahead of most
graph networks. Everything is a sparse product over a few columns at a time (an entry's place is looked up once for all of them) or a segment
reduction of the nodes asked for, so memory stays at a few narrow arrays.

>>> from scipy import sparse
>>> line = sparse.csr_array(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32))
>>> made = around(line, np.array([[1.0], [np.nan], [5.0]], np.float32), rows=np.arange(3), wanted=Wanted(extremes=True, spread=False, far=1))
>>> made.names
['mean {}', 'least {}', 'greatest {}', 'far1 {}']
>>> np.round(made.values[:, 0], 3).tolist(), made.values[:, 1].tolist()
([nan, 3.0, nan], [nan, 1.0, nan])
>>> made.values[:, 3].tolist()
[3.0, nan, 3.0]
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from puhui.antifraud.core.graph.adjacency import Matrix as Sparse
from puhui.antifraud.core.graph.adjacency import degrees
from puhui.antifraud.core.graph.alongside import alongside

Values = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Empty = npt.NDArray[np.bool_]
AT_ONCE = 5  # features a product: more need less processor time each, and more memory


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is made of each feature: `extremes`: least and greatest; `spread`: standard deviation; `far`: hops beyond the first."""

    extremes: bool = True
    spread: bool = True
    far: int = 2


@dataclass(slots=True)
class Made:
    """`values`: rows by columns; `names`: a column's recipe, {} stands for the feature (features vary slowest within a recipe)."""

    values: Values
    names: list[str] = field(default_factory=list)


def around(seen: Sparse, features: Values, *, rows: Rows, wanted: Wanted) -> Made:
    """Columns ordered by recipe, then feature. A neighbour that does not give the feature does not count; nobody gives it: NaN."""
    made = recipes(wanted)
    width = features.shape[1]
    out = np.empty((len(rows), len(made) * width), np.float32, order="F")
    known = _around_of(seen, rows)

    def told(places: Rows) -> None:
        for number, columns in enumerate(_of_some(features[:, places], known, wanted)):
            out[:, number * width + places] = columns

    alongside(told, _portions(features))
    return Made(out, made)


def _portions(features: Values) -> list[Rows]:
    """Places of features a few at a time: those that every node gives apart from those with gaps."""
    whole = np.array([bool(np.isfinite(features[:, place]).all()) for place in range(features.shape[1])], np.bool_)
    return [
        part
        for places in (np.flatnonzero(whole), np.flatnonzero(~whole))
        if len(places)
        for part in np.array_split(places, -(-len(places) // AT_ONCE))
    ]


def recipes(wanted: Wanted) -> list[str]:
    """The columns made of one feature {}, in their order."""
    near = ["mean {}"] + ["spread {}"] * wanted.spread + ["least {}", "greatest {}"] * wanted.extremes
    return near + [f"far{hop} {{}}" for hop in range(1, wanted.far + 1)]


@dataclass(frozen=True, slots=True)
class _Around:
    """`seen`: whom every node sees; `near`: whom the asked `rows` see; `many` neighbours of every node; whether anybody sees it."""

    seen: Sparse
    near: Sparse
    rows: Rows
    many: Values
    reached: Empty


def _around_of(seen: Sparse, rows: Rows) -> _Around:
    reached = np.zeros(seen.shape[1], np.bool_)
    reached[seen.indices] = True
    near = seen if len(rows) == seen.shape[0] and (np.diff(rows) == 1).all() else seen[rows]
    return _Around(seen, near, rows, degrees(seen)[:, None], reached[:, None])


def _of_some(features: Values, around: _Around, wanted: Wanted) -> Iterator[Values]:
    """Some features' columns of the asked rows, recipe by recipe: all of them given by every node, or all with gaps. Sums run over
    the standardised feature: float32 keeps seven digits, amounts may need more."""
    present = np.isfinite(features)
    holes = not present.all()
    centre, scale = np.array([_centre(column[there]) for column, there in zip(features.T, present.T)], np.float32).T
    plain = np.where(present, (features - centre) / scale, np.float32(0))
    seen, rows = (around.seen, slice(None)) if wanted.far else (around.near, around.rows)
    counted = seen @ present.astype(np.float32) if holes else around.many[rows]
    mean = (seen @ plain) * (1 / np.maximum(counted, 1))
    none = counted == 0
    asked = around.rows if wanted.far else slice(None)
    own, own_none = mean[asked], none[asked]
    yield _told(own, own_none, centre, scale)
    if wanted.spread:
        square = (around.near @ (plain * plain)) / np.maximum(counted[asked], 1) - own * own
        yield _told(np.sqrt(np.maximum(square, 0)), own_none, np.zeros_like(centre), scale)
    if wanted.extremes:
        for reduce, filled in ((np.minimum, np.inf), (np.maximum, -np.inf)):
            yield _reduced(around.near, np.where(present, features, np.float32(filled)), reduce, own_none)
    hop, empty = mean, none
    for last in range(wanted.far - 1, -1, -1):
        hop, empty = _further(around, hop, empty, last=not last)
        yield _told(hop if not last else hop[around.rows], empty if not last else empty[around.rows], centre, scale)


def _further(around: _Around, hop: Values, empty: Empty, *, last: bool) -> tuple[Values, Empty]:
    """Mean over the neighbours that have a value; where all of them do, the plain mean. `last`: of the asked rows only."""
    seen, many = (around.near, around.many[around.rows]) if last else (around.seen, around.many)
    if not (empty & around.reached).any():
        return (seen @ hop) / np.maximum(many, 1), many == 0
    counted = seen @ (~empty).astype(np.float32)
    return (seen @ np.where(empty, np.float32(0), hop)) / np.maximum(counted, 1), counted == 0


def _centre(values: Values) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    wide = values.astype(np.float64)
    return float(wide.mean()), float(wide.std()) or 1.0


def _told(values: Values, none: Empty, centre: Values, scale: Values) -> Values:
    told = values * scale + centre
    told[np.broadcast_to(none, told.shape)] = np.nan
    return told


def _reduced(near: Sparse, columns: Values, reduce: np.ufunc, none: Empty) -> Values:
    out = np.full((near.shape[0], columns.shape[1]), np.nan, np.float32)
    rows = np.flatnonzero(np.diff(near.indptr))
    if len(rows):
        for place in range(columns.shape[1]):
            out[rows, place] = reduce.reduceat(columns[:, place][near.indices], near.indptr[rows])
    out[np.broadcast_to(none, out.shape)] = np.nan
    return out
