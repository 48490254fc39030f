"""Columns that know the outcome: six tests a column must pass before a model may see it, each out of sample where it counts.

Published accuracies above 90 % on loan tapes usually rest on such a column. The subtle kind is a number rewritten after the
outcome: SBA's term in months, cut short at charge-off, is no multiple of 12 for 89 % of the bad loans. Its size looks like a
feature; its divisibility does not. So the form of a number is tested at equal size: honest risk does not live in divisibility.

Rules kept: "leak" is left out unless the analyst keeps it, "suspect" is named and kept; every finding says its figure.

>>> bad = np.tile([0, 0, 1], 600)
>>> term = np.where(bad == 1, np.arange(1800) % 83 + 1, 12 * (np.arange(1800) % 7 + 1))
>>> round(form_auc(term.astype(float), bad, [12])[0], 2)
0.96
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import ranking
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]
Outcome = npt.NDArray[np.int8]
LEAK, SUSPECT = "leak", "suspect"
CELLS = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test found in a column: `figure` is the measure, `limit` what it passed, in words `zh` and `en`."""

    column: str
    level: str
    test: str
    figure: float | None
    zh: str
    en: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Strength:
    """A column alone: information value, AUC out of sample, IV of being there at all, and the IV that chance alone would bring
    to so many cells: (cells − 1)·(1/bads + 1/goods), much where bads are few; with the cell of every row, of so many `cells`."""

    iv: float
    auc: float
    presence_iv: float
    chance_iv: float
    cell: npt.NDArray[np.int64]
    cells: int


def strength(values: pl.Series, bad: Outcome) -> Strength:
    """Measured by halves: bad rates of cells come from one half of the rows and are judged on the other, and back."""
    present = values.is_not_null().to_numpy()
    cell, cells = _cells(values, present)
    half = np.arange(len(bad)) % 2 == 0  # the caller mixes the rows
    scores = np.empty(len(bad))
    for side in (half, ~half):
        counts, bads = np.bincount(cell[~side], minlength=cells), np.bincount(cell[~side], bad[~side], minlength=cells)
        usual = max(float(bads.sum()), 0.5) / max(float(counts.sum()), 1.0)
        scores[side] = ((bads + 10 * usual) / (counts + 10))[cell[side]]
    area = np.mean([ranking.auc(bad[side], scores[side]) for side in (half, ~half) if 0 < bad[side].sum() < side.sum()])
    return Strength(iv=iv_of(cell, bad, cells), auc=float(area), presence_iv=iv_of(present.astype(np.int64), bad, 2),
                    chance_iv=(np.count_nonzero(np.bincount(cell)) - 1) * (1.0 / max(bad.sum(), 1) + 1.0 / max(len(bad) - bad.sum(), 1)),
                    cell=cell, cells=cells)  # fmt: skip


def first_iv(values: pl.Series, bad: Outcome) -> float:
    """Information value of a column in those cells, and nothing else."""
    cell, cells = _cells(values, values.is_not_null().to_numpy())
    return iv_of(cell, bad, cells)


def iv_of(cell: npt.NDArray[np.int64], bad: Outcome, cells: int) -> float:
    """Σ (G_i/G − B_i/B)·ln((G_i/G)/(B_i/B)), each cell smoothed by ten rows at the usual rate against luck in small ones."""
    bads, rows = np.bincount(cell, bad, minlength=cells), np.bincount(cell, minlength=cells)
    kept, usual = rows > 0, bads.sum() / rows.sum()
    rate = (bads[kept] + 10 * usual) / (rows[kept] + 10)
    share_bad, share_good = rows[kept] * rate, rows[kept] * (1 - rate)
    share_bad, share_good = share_bad / share_bad.sum(), share_good / share_good.sum()
    return float(((share_good - share_bad) * np.log(share_good / share_bad)).sum())


def form_auc(values: Floats, bad: Outcome, divisors: Sequence[int]) -> tuple[float, int]:
    """Best AUC that divisibility by one number gives among values of like size, and that number; found on one half of the
    rows, measured on the other."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, 9)[1:-1]))
    size = np.searchsorted(edges, values, side="left")
    half = np.arange(len(bad)) % 2 == 0
    divides = {divisor: np.mod(values, divisor) == 0 for divisor in divisors}
    found = {divisor: _tilt(flag[half], bad[half], size[half]) for divisor, flag in divides.items()}
    best = max(found, key=lambda divisor: abs(found[divisor]))
    measured = _tilt(divides[best][~half], bad[~half], size[~half]) * np.sign(found[best])
    return 0.5 + 0.5 * float(measured), best


def form_finding(name: str, values: pl.Series, bad: Outcome, terms: Terms) -> Finding | None:
    """The form test, for whole numbers of many different sizes."""
    limits, present = terms.leak, values.is_not_null().to_numpy()
    numbers, outcome = values.drop_nulls().to_numpy(), bad[present]
    if len(numbers) < 400 or not 0 < outcome.sum() < len(outcome) or np.mean(numbers == np.round(numbers)) < 0.98:
        return None
    if len(np.unique(numbers)) < limits["form_min_values"]:
        return None
    area, divisor = form_auc(numbers, outcome, limits["form_divisors"])
    error = 1.0 / np.sqrt(12.0 * min(outcome.sum(), len(outcome) - outcome.sum()) / 2)
    if area < max(limits["form_auc"], 0.5 + 5 * error):
        return None
    return Finding(name, LEAK, "form", round(area, 3),
                   f"能否被{divisor}整除就能预测结果（同等大小内AUC {area:.3f}）：该数很可能在结果之后被改写",
                   f"divisibility by {divisor} alone tells the outcome (AUC {area:.3f} at equal size): the number was "
                   "probably rewritten after the outcome")  # fmt: skip


def findings(name: str, values: pl.Series, bad: Outcome, measured: Strength, terms: Terms) -> list[Finding]:
    """All findings on one column by its values (the name and the calendar are tested elsewhere)."""
    limits = terms.leak
    found, sure_iv = [], measured.iv - measured.chance_iv
    if measured.auc >= limits["auc"]:
        found.append(Finding(name, LEAK, "auc", round(measured.auc, 3), f"单列样本外AUC {measured.auc:.3f}，几乎知道结果",
                             f"alone it ranks the outcome with AUC {measured.auc:.3f} out of sample"))  # fmt: skip
    if measured.presence_iv >= limits["presence_iv"]:
        found.append(Finding(name, LEAK, "presence", round(measured.presence_iv, 3),
                             f"有没有值就能预测结果（IV {measured.presence_iv:.2f}）：可能只在结果之后才填写",
                             f"being filled in tells the outcome (IV {measured.presence_iv:.2f}): probably written after it"))  # fmt: skip
    certain = _certain_share(measured, bad, terms, ordered=values.dtype != pl.String)
    if certain >= limits["certain_share"] and sure_iv > limits["iv_suspicious"]:
        found.append(Finding(name, LEAK, "certain", round(certain, 3), f"{certain:.0%}的行由它即可几乎确定结果",
                             f"for {certain:.0%} of the rows it makes the outcome all but certain"))  # fmt: skip
    form = form_finding(name, values, bad, terms) if values.dtype == pl.Float64 else None
    if form is not None:
        found.append(form)
    if not found and sure_iv > limits["iv_suspicious"]:
        found.append(Finding(name, SUSPECT, "iv", round(measured.iv, 3), f"IV {measured.iv:.2f} 高于0.5，请核对取数时点",
                             f"IV {measured.iv:.2f} is above 0.5: check when it was written down"))  # fmt: skip
    return found


def by_name(name: str, terms: Terms) -> Finding | None:
    """Names of things that exist only after the outcome."""
    lowered = name.lower().replace(" ", "_").replace("-", "_")
    strong = next((piece for piece in terms.leak["strong_names"] if piece in lowered), None)
    if strong is not None:
        return Finding(
            name,
            LEAK,
            "name",
            None,
            f"列名含“{strong}”：结果发生之后才有",
            f"its name has “{strong}”: known only after the outcome",
        )
    weak = next((piece for piece in terms.leak["weak_names"] if piece in lowered), None)
    if weak is None:
        return None
    return Finding(
        name,
        SUSPECT,
        "name",
        None,
        f"列名含“{weak}”，请核对取数时点",
        f"its name has “{weak}”: check when it was written down",
    )


def later(name: str, days: Floats, decided: Floats, terms: Terms) -> Finding | None:
    """A date that lies after the decision in most rows is not known at the decision."""
    both = np.isfinite(days) & np.isfinite(decided)
    if both.sum() < 20:
        return None
    gap = float(np.median(days[both] - decided[both]))
    if gap < terms.leak["later_days"]:
        return None
    return Finding(name, LEAK, "later", gap, f"该日期通常晚于时间列{gap:.0f}天：决策时尚不知道",
                   f"the date usually lies {gap:.0f} days after the time column: not known at the decision")  # fmt: skip


def _cells(values: pl.Series, present: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], int]:
    """Cell of every row: words by themselves, numbers by themselves where few, else by quantiles; missing is cell 0."""
    if values.dtype == pl.String or values.n_unique() <= CELLS:
        codes = values.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
        return codes, int(codes.max()) + 1
    numbers = values.fill_null(0.0).to_numpy()
    edges = np.unique(np.quantile(numbers[present], np.linspace(0, 1, CELLS + 1)[1:-1]))
    cell = np.where(present, np.searchsorted(edges, numbers, side="right") + 1, 0)
    return cell, len(edges) + 2


def _tilt(flag: npt.NDArray[np.bool_], bad: Outcome, size: npt.NDArray[np.int64]) -> float:
    """2·AUC − 1 of a flag within cells of like size, weighed by the pairs of each cell."""
    cells = int(size.max()) + 1
    bads, rows = np.bincount(size, bad, cells), np.bincount(size, minlength=cells)
    hit, hit_bad = np.bincount(size, flag, cells), np.bincount(size, flag & (bad == 1), cells)
    goods = rows - bads
    pairs = bads * goods
    if pairs.sum() == 0:
        return 0.0
    kept = pairs > 0
    gap = hit_bad[kept] / bads[kept] - (hit[kept] - hit_bad[kept]) / goods[kept]
    return float((gap * pairs[kept]).sum() / pairs.sum())


def _certain_share(measured: Strength, bad: Outcome, terms: Terms, *, ordered: bool) -> float:
    """Share of rows in cells that hold next to no bads (or goods) where many were due; `ordered`: neighbours are alike."""
    limits, cell, cells = terms.leak, measured.cell, measured.cells
    bads, rows = np.bincount(cell, bad, cells), np.bincount(cell, minlength=cells)
    usual, share = float(bad.mean()), 0.0
    for hits, rate in ((bads, usual), (rows - bads, 1 - usual)):
        due = rows * rate
        sure = hits <= limits["certain_ratio"] * due
        run = np.arange(cells) if not ordered else np.cumsum(np.append(True, sure[1:] != sure[:-1]))
        together = np.bincount(run, due * sure)[
            run
        ]  # neighbouring cells of numbers stand together: few rows have small cells
        share += float(rows[sure & (together >= limits["certain_expected"])].sum())
    return share / max(len(bad), 1)
