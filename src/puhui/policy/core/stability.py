"""Has the population moved? PSI of a score and CSI of every column, against the training rows.

Rules kept: bins come from the expected side only (training); missing and special values are bins of their own; a
category never seen in training is the bin `unseen`; an empty bin is half a row, never a division by zero; the bands
(stable, watch, act) are the policy's, never a number in code.

    PSI = Σ_b (a_b − e_b)·ln(a_b / e_b)        a, e: shares of bin b in the actual and the expected rows
    (Siddiqi 2006, ch. 8; it is the symmetric Kullback–Leibler divergence, whose sampling noise alone is about
    (bins − 1)·(1/n + 1/m): Yurdakul & Naranjo 2020. `noise` tells it, so that a small month is not taken for a drift.)

>>> found = psi_of_counts([50, 50], [40, 60])
>>> round(found, 6)
0.040547
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

MISSING, UNSEEN = "missing", "unseen"
BINS = 10


@dataclass(frozen=True, slots=True)
class Bands:
    """Up to `watch` stable, up to `act` watch, above it act."""

    watch: float
    act: float

    def band(self, psi: float) -> str:
        return "act" if psi > self.act else "watch" if psi >= self.watch else "stable"


@dataclass(frozen=True, slots=True)
class BinShare:
    """One bin: its label, and its share among expected and actual rows."""

    label: str
    expected: float
    actual: float
    part: float


@dataclass(frozen=True, slots=True)
class Shift:
    """PSI of one column. `noise` is what chance alone would give at these numbers of rows."""

    column: str
    psi: float
    noise: float
    bins: tuple[BinShare, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Cuts:
    """How a column of numbers is cut: inner edges (right-open bins), and the special values that stand alone."""

    edges: tuple[float, ...]
    specials: tuple[float, ...] = ()

    def labels(self) -> list[str]:
        ends = ["-∞", *(f"{edge:g}" for edge in self.edges), "+∞"]
        return [
            *(f"[{a}, {b})" for a, b in itertools.pairwise(ends)),
            *(f"= {value:g}" for value in self.specials),
            MISSING,
        ]

    def places(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
        """The bin of every value, in the order of `labels`."""
        place = np.searchsorted(np.asarray(self.edges), values, side="right")
        for k, special in enumerate(self.specials):
            place[values == special] = len(self.edges) + 1 + k
        place[np.isnan(values)] = len(self.edges) + 1 + len(self.specials)
        return place


def psi(expected: npt.ArrayLike, actual: npt.ArrayLike, *, bins: int = BINS, specials: Sequence[float] = ()) -> float:
    """PSI of two samples of numbers, cut at the deciles of the expected one; missing is a bin."""
    return shift_of_numbers("", expected, actual, cuts=cuts_of(expected, bins=bins, specials=specials)).psi


def cuts_of(expected: npt.ArrayLike, *, bins: int = BINS, specials: Sequence[float] = ()) -> Cuts:
    """Edges at the quantiles of the expected values; a value that alone fills a bin (most often nought) stands by itself."""
    values = np.asarray(expected, dtype=np.float64)
    plain = values[np.isfinite(values) & ~np.isin(values, np.asarray(specials, dtype=np.float64))]
    if plain.size == 0:
        return Cuts((), tuple(specials))
    distinct, counts = np.unique(plain, return_counts=True)
    heavy = np.flatnonzero(counts * bins >= plain.size)
    around = np.concatenate([distinct[heavy], distinct[np.minimum(heavy + 1, len(distinct) - 1)]])
    edges = np.unique(np.concatenate([np.quantile(plain, np.arange(1, bins) / bins, method="higher"), around]))
    return Cuts(tuple(float(edge) for edge in edges if edge > distinct[0]), tuple(specials))


def shift_of_numbers(column: str, expected: npt.ArrayLike, actual: npt.ArrayLike, *, cuts: Cuts,
                     weight: npt.ArrayLike | None = None) -> Shift:  # fmt: skip
    """How the numbers of one column moved between the bins; `weight` is of the actual rows."""
    labels = cuts.labels()
    before, after = (cuts.places(np.asarray(side, dtype=np.float64)) for side in (expected, actual))
    counts = np.bincount(before, minlength=len(labels)), np.bincount(after, _maybe(weight), minlength=len(labels))
    return shift(column, labels, counts[0], counts[1])


def shift_of_categories(column: str, expected: Mapping[str | None, int], actual: Mapping[str | None, int]) -> Shift:
    """How categories moved, by their counts; what training never saw is one bin."""
    known = sorted(name for name in expected if name is not None)
    unseen = sum(count for name, count in actual.items() if name is not None and name not in expected)
    before = [*(expected[name] for name in known), expected.get(None, 0), 0]
    after = [*(actual.get(name, 0) for name in known), actual.get(None, 0), unseen]
    return shift(column, [*known, MISSING, UNSEEN], before, after)


def shift(column: str, labels: Sequence[str], expected: npt.ArrayLike, actual: npt.ArrayLike) -> Shift:
    """PSI from counts by bin; bins empty on both sides are left out."""
    e, a = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    used = np.flatnonzero((e > 0) | (a > 0))
    if used.size == 0 or e.sum() <= 0 or a.sum() <= 0:
        return Shift(column, 0.0, 0.0, ())
    e_share, a_share, parts = _parts(e[used], a[used])
    bins = tuple(
        BinShare(labels[int(k)], float(x), float(y), float(p)) for k, x, y, p in zip(used, e_share, a_share, parts)
    )
    noise = (len(bins) - 1) * (1 / float(e.sum()) + 1 / float(a.sum()))
    return Shift(column, float(parts.sum()), noise, bins)


def psi_of_counts(expected: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """PSI of two rows of counts over the same bins."""
    e, a = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    return shift("", [str(k) for k in range(len(e))], e, a).psi


def csi(training: pl.DataFrame, actual: pl.DataFrame, *, specials: Mapping[str, Sequence[float]] | None = None,
        cuts: Mapping[str, Cuts] | None = None) -> list[Shift]:  # fmt: skip
    """Every column both frames have, the largest shift first. `cuts` are a model's own bins where it has them."""
    found = []
    for name in training.columns:
        if name not in actual.columns:
            continue
        if training[name].dtype.is_numeric() or training[name].dtype == pl.Boolean:
            before, after = (_numbers(frame[name]) for frame in (training, actual))
            own = (cuts or {}).get(name) or cuts_of(before, specials=(specials or {}).get(name, ()))
            found.append(shift_of_numbers(name, before, after, cuts=own))
        else:
            found.append(shift_of_categories(name, _counts(training[name]), _counts(actual[name])))
    return sorted(found, key=lambda one: (-one.psi, one.column))


def by_month(expected: npt.ArrayLike, actual: npt.ArrayLike, months: Sequence[str], *,
             bins: int = BINS) -> list[tuple[str, int, Shift]]:  # fmt: skip
    """(month, rows, shift) of the numbers of each month against the expected ones, in order of month."""
    cuts, values, labels = cuts_of(expected, bins=bins), np.asarray(actual, dtype=np.float64), np.asarray(months)
    parts = [(str(month), values[labels == month]) for month in np.unique(labels)]
    return [(month, len(part), shift_of_numbers(month, expected, part, cuts=cuts)) for month, part in parts]


def _parts(e: npt.NDArray[np.float64], a: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Shares of both sides and each bin's part; an empty bin stands as half a row."""
    e_share, a_share = e / e.sum(), a / a.sum()
    e_safe, a_safe = np.where(e > 0, e, 0.5) / e.sum(), np.where(a > 0, a, 0.5) / a.sum()
    return e_share, a_share, (a_safe - e_safe) * np.log(a_safe / e_safe)


def _maybe(weight: npt.ArrayLike | None) -> npt.NDArray[np.float64] | None:
    return None if weight is None else np.asarray(weight, dtype=np.float64)


def _numbers(column: pl.Series) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = column.cast(pl.Float64, strict=False).fill_null(math.nan).to_numpy()
    return values


def _counts(column: pl.Series) -> dict[str | None, int]:
    counted = column.cast(pl.String, strict=False).value_counts()
    return dict(zip(counted[counted.columns[0]].to_list(), counted["count"].to_list()))
