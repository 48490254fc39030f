"""How the columns of a tape move from month to month: PSI and missing share of each, against the first months.

Rules kept: the base is the earliest whole months that hold a set share of the rows, and bins come from it alone; a word the base
never saw is the bin `unseen`, missing is a bin of its own; beside every PSI stands what chance alone would bring to so few rows
(policy.core.stability). Where the time column is no date, parts of equally many rows stand for months.

>>> days = np.repeat([17897.0, 17928.0, 17956.0], 100)  # 1 January, 1 February, 1 March 2019
>>> words = pl.Series("trade", ["shop"] * 200 + ["shop"] * 50 + ["cart"] * 50)
>>> found = by_month(pl.DataFrame(words), days, None, dated=True, limits={"base_share": 0.3, "least_rows": 30, "parts": 12})
>>> found.base, [(one.month, round(one.psi, 2)) for one in found.columns["trade"]]
(('2019-01',), [('2019-02', 0.0), ('2019-03', 2.63)])
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.policy.core import stability

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Month:
    """One column in one month: its rows, the share of them missing, PSI against the base, and the PSI of chance alone."""

    month: str
    rows: int
    missing_share: float
    psi: float
    noise: float


@dataclass(frozen=True, slots=True)
class Drift:
    """`base`: the first months; `rates`: (month, rows, bad rate or None); `columns`: each column in the months after the base."""

    base: tuple[str, ...]
    rates: tuple[tuple[str, int, float | None], ...]
    columns: Mapping[str, tuple[Month, ...]]

    def as_json(self) -> dict[str, Any]:
        return {
            "base": list(self.base),
            "months": [{"month": month, "rows": rows, "bad_rate": rate} for month, rows, rate in self.rates],
            "columns": {name: [asdict(one) for one in months] for name, months in self.columns.items()},
        }

    def worst(self, name: str) -> Month | None:
        """The month in which a column lies farthest beyond chance."""
        return max(self.columns.get(name, ()), key=lambda one: one.psi - one.noise, default=None)


def by_month(values: pl.DataFrame, days: Floats, bad: npt.NDArray[np.int8] | None, *, dated: bool,
             limits: Mapping[str, Any]) -> Drift:  # fmt: skip
    """Of columns as read (numbers or words) and the day of every row; rows without a day are left out, and so are months with
    fewer than `least_rows`."""
    known = np.isfinite(days)
    names, place = _months(days[known]) if dated else _parts(days[known], int(limits["parts"]))
    rows = np.bincount(place, minlength=len(names))
    until = int(np.searchsorted(np.cumsum(rows), float(limits["base_share"]) * rows.sum())) + 1
    later = [number for number in range(until, len(names)) if rows[number] >= limits["least_rows"]]
    bads = None if bad is None else np.bincount(place, bad[known], len(names))
    rates = tuple(
        (name, int(rows[k]), None if bads is None else round(float(bads[k] / rows[k]), 6))
        for k, name in enumerate(names)
    )
    columns = {}
    for column in values.filter(pl.Series(known)).get_columns():
        cell, cells, missing = _cells(column, place < until)
        counts = np.bincount(place * cells + cell, minlength=len(names) * cells).reshape(len(names), cells)
        base = counts[:until].sum(axis=0)
        columns[column.name] = tuple(_month(names[k], base, counts[k], missing) for k in later)
    return Drift(tuple(names[:until]), rates, columns)


def _month(name: str, base: Places, counts: Places, missing: int) -> Month:
    shift = stability.shift("", [""] * len(base), base, counts)
    rows = int(counts.sum())
    return Month(name, rows, round(float(counts[missing] / rows), 6), round(shift.psi, 6), round(shift.noise, 6))


def _cells(column: pl.Series, in_base: npt.NDArray[np.bool_]) -> tuple[Places, int, int]:
    """Bin of every row, how many there are, and which one is missing. Numbers: deciles of the base. Words: those of the base,
    then one for the others."""
    if column.dtype != pl.String:
        numbers = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
        cuts = stability.cuts_of(numbers[in_base])
        cells = len(cuts.labels())
        return cuts.places(numbers).astype(np.int64), cells, cells - 1
    words = column.filter(pl.Series(in_base)).drop_nulls().unique().sort().to_list()
    unseen = len(words)
    placed = (
        column.replace_strict(words, list(range(unseen)), default=unseen, return_dtype=pl.Int64).to_numpy()
        if words
        else np.full(len(column), unseen)
    )
    return np.where(column.is_null().to_numpy(), unseen + 1, placed).astype(np.int64), unseen + 2, unseen + 1


def _months(days: Floats) -> tuple[list[str], Places]:
    month = pl.Series(days).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m")
    names = month.unique().sort().to_list()
    return names, month.replace_strict(names, list(range(len(names))), return_dtype=pl.Int64).to_numpy()


def _parts(days: Floats, parts: int) -> tuple[list[str], Places]:
    """Parts of equally many rows in order of time, rows of one time together, called by their first and last."""
    edges = np.unique(np.quantile(days, np.arange(1, parts) / parts, method="higher"))
    edges = edges[edges > days.min()]
    place = np.searchsorted(edges, days, side="right").astype(np.int64)
    ends = [days[place == number] for number in range(len(edges) + 1)]
    return [f"{side.min():g} – {side.max():g}" for side in ends], place
