"""Optimal monotone bins of a column with weights of evidence, over cells that the column is counted into once.

A column of 300,000 rows is counted into at most 256 cells, neighbours are joined, and the best cuts are found exactly in
hundredths of a second (decisions 0070, 0088). Missing values, special codes and rare words have bins
of their own. A word is placed by its bad rate, so that words and numbers go the same way.

Rules kept: WOE_i = ln((G_i/G)/(B_i/B)), IV = Σ (G_i/G − B_i/B)·WOE_i; a bin is smoothed by a few rows at the usual rate, and an
empty bin is neutral; one direction unless a peak or valley pays in both halves of the rows, or bins of any shape found on one half
foresee the other (decision 0095).

>>> from puhui.underwriting.core.modelling.terms import in_force
>>> x = pl.Series("age", np.repeat(np.arange(20.0, 60.0), 25))
>>> bad = (np.arange(1000) % 25 < (60 - x.to_numpy()) / 4).astype(np.int8)
>>> fitted = fit(x, bad, np.ones(1000), specials=(), terms=in_force())
>>> fitted.trend, fitted.woe_of(pl.Series("age", [21.0, 59.0, None])).round(2).tolist()[2]
('descending', 0.0)
"""

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import optimal_cuts
from puhui.underwriting.core.modelling.optimal_cuts import Limits
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Outcome = npt.NDArray[np.int8]
MISSING, REST = "missing", "rest"


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of one column. Numbers: `edges` cut [−∞, e1), [e1, e2) … [en, ∞). Words: `groups`. Then one bin a special code, then
    (for words) the rest, then missing. `rows` and `bads` are weighted training counts, a bin each; `woe` their evidence."""

    name: str
    kind: str
    trend: str
    edges: tuple[float, ...]
    groups: tuple[tuple[str, ...], ...]
    specials: tuple[float, ...]
    rows: tuple[float, ...]
    bads: tuple[float, ...]
    smoothing_rows: float

    @property
    def labels(self) -> tuple[str, ...]:
        if self.kind == "category":
            return (*(", ".join(group) for group in self.groups), REST, MISSING)
        ends = ("−∞", *(f"{edge:g}" for edge in self.edges), "∞")
        spans = tuple(f"[{low}, {high})" for low, high in itertools.pairwise(ends))
        return (*spans, *(f"code {code:g}" for code in self.specials), MISSING)

    @property
    def woe(self) -> Floats:
        return evidence(np.array(self.rows), np.array(self.bads), self.smoothing_rows)[0]

    @property
    def iv(self) -> float:
        return float(evidence(np.array(self.rows), np.array(self.bads), self.smoothing_rows)[1].sum())

    def place(self, values: pl.Series) -> Places:
        """Bin number of each value. A word never seen falls into the rest."""
        if self.kind == "category":
            return self._word_places(values)
        numbers = values.fill_null(np.nan).to_numpy()
        ordinary = np.searchsorted(np.array(self.edges), numbers, side="right")
        places = np.where(np.isnan(numbers), len(self.edges) + 1 + len(self.specials), ordinary)
        for number, code in enumerate(self.specials):
            places[numbers == code] = len(self.edges) + 1 + number
        return places.astype(np.int64)

    def woe_of(self, values: pl.Series) -> Floats:
        return self.woe[self.place(values)]

    def recounted(self, values: pl.Series, bad: Outcome, weight: Floats) -> "Bins":
        """The same cuts over other rows."""
        place, bins = self.place(values), len(self.labels)
        rows, bads = np.bincount(place, weight, bins), np.bincount(place, weight * bad, bins)
        return Bins(
            self.name,
            self.kind,
            self.trend,
            self.edges,
            self.groups,
            self.specials,
            tuple(rows),
            tuple(bads),
            self.smoothing_rows,
        )

    def as_json(self) -> dict[str, Any]:
        """The whole of it, with a table that a person can read: label, rows, bads, woe, iv."""
        woe, parts = evidence(np.array(self.rows), np.array(self.bads), self.smoothing_rows)
        table = [
            {"label": label, "rows": rows, "bads": bads, "woe": float(w), "iv": float(i)}
            for label, rows, bads, w, i in zip(self.labels, self.rows, self.bads, woe, parts, strict=True)
        ]
        return {"name": self.name, "kind": self.kind, "trend": self.trend, "edges": list(self.edges),
                "groups": [list(group) for group in self.groups], "specials": list(self.specials), "rows": list(self.rows),
                "bads": list(self.bads), "smoothing_rows": self.smoothing_rows, "iv": self.iv, "table": table}  # fmt: skip

    @staticmethod
    def of(stored: dict[str, Any]) -> "Bins":
        return Bins(stored["name"], stored["kind"], stored["trend"], tuple(stored["edges"]), tuple(map(tuple, stored["groups"])),
                    tuple(stored["specials"]), tuple(stored["rows"]), tuple(stored["bads"]), stored["smoothing_rows"])  # fmt: skip

    def _word_places(self, values: pl.Series) -> Places:
        numbers = {word: number for number, group in enumerate(self.groups) for word in group}
        rest = len(self.groups)
        words, places = list(numbers), list(numbers.values())
        mapped = (
            values.replace_strict(words, places, default=rest, return_dtype=pl.Int64)
            if words
            else values.is_null().cast(pl.Int64) * 0 + rest
        )
        found: Places = mapped.to_numpy().astype(np.int64)
        return np.where(values.is_null().to_numpy(), rest + 1, found)


def evidence(rows: Floats, bads: Floats, smoothing_rows: float) -> tuple[Floats, Floats]:
    """Weight of evidence and information value of each bin; positive is safer than usual."""
    usual = bads.sum() / rows.sum()
    bad_share = (bads + smoothing_rows * usual) / bads.sum()
    good_share = (rows - bads + smoothing_rows * (1 - usual)) / (rows.sum() - bads.sum())
    woe = np.log(good_share / bad_share)
    return woe, ((rows - bads) / (rows.sum() - bads.sum()) - bads / bads.sum()) * woe


def fit(values: pl.Series, bad: Outcome, weight: Floats, *, specials: tuple[float, ...], terms: Terms) -> Bins:
    """Find the bins of one column on training rows."""
    if values.dtype == pl.String:
        return _fit_words(values, bad, weight, terms)
    numbers = values.fill_null(np.nan).to_numpy()
    ordinary = ~np.isnan(numbers) & ~np.isin(numbers, specials)
    edges: tuple[float, ...] = ()
    trend = "flat"
    if ordinary.sum() >= 2 * _least(len(numbers), terms):
        borders, cell = _cells(numbers[ordinary], terms.bins["cells"])
        cuts, trend = _solved(cell, bad[ordinary], weight[ordinary], len(borders) + 1, len(numbers), terms)
        edges = tuple(float(borders[cut]) for cut in cuts)
    bare = Bins(values.name, "number", trend, edges, (), specials, (), (), terms.bins["smoothing_rows"])
    return bare.recounted(values, bad, weight)


def _fit_words(values: pl.Series, bad: Outcome, weight: Floats, terms: Terms) -> Bins:
    """Frequent words in the order of their smoothed bad rate, cut like numbers; the others share the rest bin."""
    table = pl.DataFrame({"word": values, "rows": weight, "bads": weight * bad}).drop_nulls("word")
    counted = table.group_by("word").agg(pl.sum("rows"), pl.sum("bads"), pl.len().alias("seen"))
    least = max(terms.bins["min_category_rows"], terms.bins["min_category_share"] * len(values))
    frequent = counted.filter(pl.col("seen") >= least)
    smooth, usual = terms.bins["smoothing_rows"], float((weight * bad).sum() / weight.sum())
    rate = (pl.col("bads") + smooth * usual) / (pl.col("rows") + smooth)
    words = frequent.sort(rate, "word")["word"].to_list()
    if not words:
        cuts: tuple[int, ...] = ()
    else:
        cell = (
            values.replace_strict(words, list(range(len(words))), default=-1, return_dtype=pl.Int64)
            .fill_null(-1)
            .to_numpy()
        )
        placed = cell >= 0
        cuts, _ = _solved(cell[placed], bad[placed], weight[placed], len(words), len(values), terms)
    borders = [0, *(cut + 1 for cut in cuts), len(words)]
    groups = tuple(tuple(words[a:b]) for a, b in itertools.pairwise(borders) if b > a)
    return Bins(values.name, "category", "by_rate", (), groups, (), (), (), smooth).recounted(values, bad, weight)


def _cells(numbers: Floats, most: int) -> tuple[Floats, Places]:
    """Borders of quantile cells and the cell of each number; few different numbers get a cell each."""
    points = np.unique(numbers)
    if len(points) > most:
        points = np.unique(np.quantile(numbers, np.linspace(0, 1, most + 1), method="inverted_cdf"))
    borders = _short(points[:-1], points[1:])
    return borders, np.searchsorted(borders, numbers, side="right")


def _short(low: Floats, high: Floats) -> Floats:
    """A border between two numbers with as few digits as tell them apart, as a person would write it."""
    middle, out = (low + high) / 2, (low + high) / 2
    done = np.zeros(len(low), dtype=bool)
    for digits in range(1, 12):
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(middle))))
            tidy = np.where(middle == 0, 0.0, np.round(middle * scale) / scale)
        fits = ~done & (tidy > low) & (tidy <= high)
        out[fits], done[fits] = tidy[fits], True
    return out


def _least(rows: int, terms: Terms) -> float:
    return max(terms.bins["min_bin_rows"], terms.bins["min_bin_share"] * rows)


def _solved(
    cell: Places, bad: Outcome, weight: Floats, cells: int, rows: int, terms: Terms
) -> tuple[tuple[int, ...], str]:
    """Cuts between cells (a cut after cell i is i) and their direction."""
    counts = np.array([np.bincount(cell, weight, cells), np.bincount(cell, weight * bad, cells)])
    starts = optimal_cuts.merged(counts[0], counts[0].sum() / terms.bins["max_prebins"])
    if len(starts) < 2:
        return (), "flat"
    limits = Limits(_least(rows, terms), terms.bins["max_bins"], terms.bins["smoothing_rows"], terms.bins["bin_price"])
    grouped = np.add.reduceat(counts, starts, axis=1)
    tables: dict[str, Any] = {}
    plain, worth = optimal_cuts.best(*grouped, shape="one_way", limits=limits, tables=tables)
    trend, best = _direction(grouped, plain), plain
    half = np.arange(len(cell)) % 2 == 0
    halves = [
        np.add.reduceat(
            [np.bincount(cell[side], weight[side], cells), np.bincount(cell[side], (weight * bad)[side], cells)],
            starts,
            axis=1,
        )
        for side in (half, ~half)
    ]
    need, smooth = 1 + terms.bins["peak_gain"], terms.bins["smoothing_rows"]
    for shape in ("peak", "valley"):
        tried, brings = optimal_cuts.best(*grouped, shape=shape, limits=limits, tables=tables)
        pays = all(_worth(side, tried, smooth) > need * _worth(side, plain, smooth) for side in halves)
        if pays and brings > worth + terms.bins["peak_gain_iv"]:
            best, trend, worth = tried, shape, brings
    free = optimal_cuts.best(*grouped, shape="free", limits=limits, tables=tables)[0]
    seen_gain = _deviance(grouped, best, grouped, smooth) - _deviance(grouped, free, grouped, smooth)
    if seen_gain >= 2 * float(
        terms.bins.get("free_deviance", np.inf)
    ):  # less on the rows themselves is never enough on halves
        shape = trend if trend in ("peak", "valley") else "one_way"
        best, trend = (free, "free") if _free_pays(halves, shape, limits, terms) else (best, trend)
    return tuple(int(starts[cut + 1]) - 1 for cut in best), trend


def _free_pays(halves: list[Floats], shape: str, limits: Limits, terms: Terms) -> bool:
    """Whether bins that may go up and down, cut and counted on one half of the rows, explain the other half better than bins of
    the shape do, both ways, by so much deviance. Terms before decision 0095 know no such bins."""
    need = float(terms.bins["free_deviance"])
    half = replace(limits, least=limits.least / 2)
    for seen, other in (halves, halves[::-1]):
        held = [_deviance(seen, optimal_cuts.best(*seen, shape=way, limits=half)[0], other, limits.smoothing_rows)
                for way in (shape, "free")]  # fmt: skip
        if held[0] - held[1] < need:
            return False
    return True


def _deviance(seen: Floats, cuts: tuple[int, ...], other: Floats, smoothing_rows: float) -> float:
    """−2·log-likelihood of other rows under the smoothed bad rates that bins have on the rows seen."""
    starts = np.array([0, *(cut + 1 for cut in cuts)])
    rows, bads = np.add.reduceat(seen, starts, axis=1)
    rate = np.clip((bads + smoothing_rows * bads.sum() / rows.sum()) / (rows + smoothing_rows), 1e-6, 1 - 1e-6)
    rows, bads = np.add.reduceat(other, starts, axis=1)
    return -2.0 * float((bads * np.log(rate) + (rows - bads) * np.log1p(-rate)).sum())


def _worth(counts: Floats, cuts: tuple[int, ...], smoothing_rows: float) -> float:
    """IV of cells merged at the cuts."""
    starts = np.array([0, *(cut + 1 for cut in cuts)])
    rows, bads = np.add.reduceat(counts[0], starts), np.add.reduceat(counts[1], starts)
    if bads.sum() <= 0 or bads.sum() >= rows.sum():
        return 0.0
    return float(evidence(rows, bads, smoothing_rows)[1].sum())


def _direction(counts: Floats, cuts: tuple[int, ...]) -> str:
    if not cuts:
        return "flat"
    starts = np.array([0, *(cut + 1 for cut in cuts)])
    rates = np.add.reduceat(counts[1], starts) / np.maximum(np.add.reduceat(counts[0], starts), 1e-9)
    return "ascending" if rates[-1] > rates[0] else "descending"
