"""Neighbour-aggregated features: mean, spread, least and greatest of each feature among neighbours, and means of means further out.

Published comparisons (Tang et al., GADBench, 2023; Bazhenov et al., GraphLand, 2025) find boosted trees on such features ahead of most
graph networks. Everything is a sparse product or a segment reduction over one column at a time, so memory stays at a few vectors.

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

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from puhui.antifraud.core.graph.adjacency import Matrix as Sparse
from puhui.antifraud.core.graph.adjacency import degrees

Values = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Empty = npt.NDArray[np.bool_]


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
    known = _around_of(seen)
    for place in range(width):
        for number, column in enumerate(_of_one(seen, features[:, place], known, wanted)):
            out[:, number * width + place] = column[rows]
    return Made(out, made)


def recipes(wanted: Wanted) -> list[str]:
    """The columns made of one feature {}, in their order."""
    near = ["mean {}"] + ["spread {}"] * wanted.spread + ["least {}", "greatest {}"] * wanted.extremes
    return near + [f"far{hop} {{}}" for hop in range(1, wanted.far + 1)]


@dataclass(frozen=True, slots=True)
class _Around:
    """Of every node: neighbours, one over them, and whether anybody sees it."""

    many: Values
    inverse: Values
    reached: Empty


def _around_of(seen: Sparse) -> _Around:
    many = degrees(seen)
    reached = np.zeros(seen.shape[1], np.bool_)
    reached[seen.indices] = True
    return _Around(many, (1 / np.maximum(many, 1)).astype(np.float32), reached)


def _of_one(seen: Sparse, column: Values, around: _Around, wanted: Wanted) -> list[Values]:
    """One feature's columns for all nodes. Sums run over the standardised feature: float32 keeps seven digits, amounts may need more."""
    present = np.isfinite(column)
    holes = not present.all()
    centre, scale = _centre(column[present])
    plain = np.where(present, (column - np.float32(centre)) / np.float32(scale), 0).astype(np.float32)
    counted = seen @ present.astype(np.float32) if holes else around.many
    share = 1 / np.maximum(counted, 1)
    none = counted == 0
    mean = (seen @ plain) * share
    made = [_told(mean, none, centre, scale)]
    if wanted.spread:
        square = (seen @ (plain * plain)) * share - mean * mean
        made.append(_told(np.sqrt(np.maximum(square, 0)), none, 0, scale))
    if wanted.extremes:
        for reduce, filled in ((np.minimum, np.inf), (np.maximum, -np.inf)):
            made.append(_reduced(seen, np.where(present, column, filled).astype(np.float32), reduce, none))
    hop, empty = mean, none
    for _ in range(wanted.far):
        hop, empty = _further(seen, hop, empty, around)
        made.append(_told(hop, empty, centre, scale))
    return made


def _further(seen: Sparse, hop: Values, empty: Empty, around: _Around) -> tuple[Values, Empty]:
    """Mean over the neighbours that have a value; where all of them do, the plain mean."""
    if not (empty & around.reached).any():
        return (seen @ hop) * around.inverse, around.many == 0
    counted = seen @ (~empty).astype(np.float32)
    return (seen @ np.where(empty, np.float32(0), hop)) / np.maximum(counted, 1), counted == 0


def _centre(values: Values) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    wide = values.astype(np.float64)
    return float(wide.mean()), float(wide.std()) or 1.0


def _told(values: Values, none: npt.NDArray[np.bool_], centre: float, scale: float) -> Values:
    told = (values * np.float32(scale) + np.float32(centre)).astype(np.float32)
    told[none] = np.nan
    return told


def _reduced(seen: Sparse, column: Values, reduce: np.ufunc, none: npt.NDArray[np.bool_]) -> Values:
    out = np.full(seen.shape[0], np.nan, np.float32)
    rows = np.flatnonzero(np.diff(seen.indptr))
    if len(rows):
        out[rows] = reduce.reduceat(column[seen.indices], seen.indptr[rows])
    out[none] = np.nan
    return out
