"""What a small shop sells a month, from whatever it can show; every source with its own interval, then one answer.

    wallet   inflow ÷ share of customers who pay by phone      bank        (inflow − own transfers) × business share
    tobacco  orders ÷ tobacco's share of sales                 purchases   purchases × (1 + markup)
    power    bill ÷ power's share of sales                     rent        rent ÷ rent's share of sales
    shelf    kinds on the shelf × monthly sales of a kind      books       what they say × how true books are
    invoices net sales ÷ share that is invoiced

Sources are combined by inverse variance on the log scale (the coefficients are ratios). Rules kept: sources that say the
same thing twice (a wallet is emptied into the bank) count as one, with no gain of certainty; where independent groups
disagree more than their intervals allow, the interval grows by the Birge ratio √(Q/(k−1)) (Birge, Phys. Rev. 40 (1932) 207;
the scale factor S of the Particle Data Group), never shrinks; variance doubles with each half-life of age and stale
evidence does not count. One applicant is a batch of one: sums run over an applicant's own sources only.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.underwriting.core.coefficients import Coefficients
from puhui.underwriting.core.evidence_item import KINDS

Columns = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
_Z95 = 1.96
_LEAST_MINOR = 100.0  # a source that says less than a yuan a month says nothing of revenue


@dataclass(frozen=True, slots=True)
class Source:
    """One source's word: what kind it is, how good and how old, what monthly revenue it points to."""

    applicant: int
    kind: str
    grade: str
    age_days: int
    monthly_minor: float
    relative_sd: float


@dataclass(frozen=True, slots=True)
class Revenue:
    """Monthly revenue of each applicant, in fen; NaN where nothing says anything. `prudent` is the lower quartile.

    `weights` runs along `sources`: the share each has in its applicant's answer. `birge` is the worst disagreement found,
    between groups or within one.
    """

    monthly: Columns
    low: Columns
    high: Columns
    prudent: Columns
    birge: Columns
    groups: Rows
    months: Rows
    sources: list[Source]
    weights: Columns
    places: list[list[int]]  # of each applicant's sources in `sources`

    def as_json(self, applicant: int) -> dict[str, Any] | None:
        """One applicant's estimate with each source, its interval, weight, grade and age; None where there is none."""
        if np.isnan(self.monthly[applicant]):
            return None
        names = ("monthly", "low", "high", "prudent")
        told = [
            {"kind": s.kind, "grade": s.grade, "age_days": s.age_days, "weight": round(float(w), 6),
             "monthly_minor": _fen(s.monthly_minor), "low_minor": _fen(s.monthly_minor * np.exp(-_Z95 * s.relative_sd)),
             "high_minor": _fen(s.monthly_minor * np.exp(_Z95 * s.relative_sd))}
            for s, w in ((self.sources[k], self.weights[k]) for k in self.places[applicant])
        ]  # fmt: skip
        return {f"{name}_minor": _fen(getattr(self, name)[applicant]) for name in names} | {
            "birge": round(float(self.birge[applicant]), 6), "groups": int(self.groups[applicant]),
            "months": int(self.months[applicant]), "sources": told,
        }  # fmt: skip


def estimate(items: list[list[dict[str, Any]]], table: Coefficients, *, as_of: date) -> Revenue:
    """`items[i]`: the evidence of applicant i. Items newer than `as_of` must have been left out before."""
    sources = [s for i, mine in enumerate(items) for item in mine if (s := _source(i, item, table, as_of)) is not None]
    months = np.zeros(len(items), dtype=np.int64)
    for i, mine in enumerate(items):
        months[i] = len({m for item in mine for m in _series(item)})
    return combine(sources, len(items), z=table.value("PRUDENCE", "z"), months=months)


def combine(sources: list[Source], applicants: int, *, z: float, months: Rows) -> Revenue:
    """Inverse variance within each group, then over the groups, with the Birge ratio."""
    owner = np.array([s.applicant for s in sources], dtype=np.int64)
    logs = np.log(np.array([s.monthly_minor for s in sources], dtype=np.float64))
    sd = np.array([s.relative_sd for s in sources], dtype=np.float64)
    names = sorted({KINDS[s.kind].group if s.kind in KINDS else s.kind for s in sources})
    group = np.array([names.index(KINDS[s.kind].group if s.kind in KINDS else s.kind) for s in sources], dtype=np.int64)
    cells = applicants * max(len(names), 1)
    cell = owner * max(len(names), 1) + group
    inverse = 1 / sd**2
    total: Columns = np.bincount(cell, inverse, cells).astype(np.float64)
    within = inverse / np.where(total[cell] > 0, total[cell], 1.0)
    mean: Columns = np.bincount(cell, within * logs, cells).astype(np.float64)
    spread = np.bincount(cell, within * (logs - mean[cell]) ** 2, cells)
    # Same thing told twice: fully correlated, so the sd of the mean is the mean of the sds; what they differ by is added.
    cell_sd = np.sqrt(np.bincount(cell, within * sd, cells) ** 2 + spread)
    there = total > 0
    answer = _over_groups(there.reshape(applicants, -1), mean.reshape(applicants, -1), cell_sd.reshape(applicants, -1))
    centre, error, birge, groups, share = answer
    birge = np.maximum(
        birge, _within(cell, inverse, logs - mean[cell], cells).reshape(applicants, -1).max(axis=1, initial=0.0)
    )
    weights = within * share.reshape(-1)[cell] if len(sources) else np.zeros(0)
    places: list[list[int]] = [[] for _ in range(applicants)]
    for k, source in enumerate(sources):
        places[source.applicant].append(k)
    return Revenue(
        np.exp(centre), np.exp(centre - _Z95 * error), np.exp(centre + _Z95 * error), np.exp(centre - z * error), birge,
        groups, months, sources, weights, places,
    )  # fmt: skip


def _over_groups(there: npt.NDArray[np.bool_], mean: Columns, sd: Columns) -> tuple[
        Columns, Columns, Columns, Rows, Columns]:  # fmt: skip
    inverse = np.where(there, 1 / np.where(there, sd, 1.0) ** 2, 0.0)
    total, count = _along(inverse), there.sum(axis=1)
    some = count > 0
    share = inverse / np.where(some, total, 1.0)[:, None]
    centre = _along(share * np.where(there, mean, 0.0))
    misfit = _along(inverse * np.where(there, mean - centre[:, None], 0.0) ** 2)
    birge = np.where(count > 1, np.sqrt(misfit / np.maximum(count - 1, 1)), 0.0)
    error = np.sqrt(1 / np.where(some, total, 1.0)) * np.maximum(birge, 1.0)
    return np.where(some, centre, np.nan), np.where(some, error, np.nan), birge, count.astype(np.int64), share


def _within(cell: Rows, inverse: Columns, apart: Columns, cells: int) -> Columns:
    """The Birge ratio of the sources of one group: two words on the same thing that cannot both be true."""
    count = np.bincount(cell, minlength=cells)
    misfit = np.bincount(cell, inverse * apart**2, cells).astype(np.float64)
    return np.where(count > 1, np.sqrt(misfit / np.maximum(count - 1, 1)), 0.0)


def _along(block: Columns) -> Columns:
    """Row sums, column after column: the same bits for one row as for a million (a pairwise sum would not promise it)."""
    total: Columns = np.zeros(block.shape[0])
    for column in block.T:
        total = total + column
    return total


def _source(applicant: int, item: dict[str, Any], table: Coefficients, as_of: date) -> Source | None:
    """One item → its word on monthly revenue; None for kinds that say nothing of it, for stale ones and for zeros."""
    said = _POINTS.get(item["kind"])
    age_days = max((as_of - date.fromisoformat(item["observed_to"])).days, 0)
    kind = KINDS.get(item["kind"])
    age = kind.age if kind else "flow"
    if said is None or age_days > table.value("STALE_AFTER_DAYS", age):
        return None
    monthly, of_coefficient = said(item["values"], table)
    if monthly < _LEAST_MINOR:
        return None
    noise = table.value("GRADE_NOISE", item["grade"])
    variance = _sampling(item, table) + of_coefficient**2 + noise**2
    variance *= 2 ** (age_days / table.value("HALF_LIFE_DAYS", age))
    return Source(applicant, item["kind"], item["grade"], age_days, monthly, float(np.sqrt(variance)))


def _sampling(item: dict[str, Any], table: Coefficients) -> float:
    """Squared relative error of the mean of the months seen; standing charges (rent, shelf) have none."""
    months = _series(item)
    if not months:
        return 0.0
    amounts = np.array([months[m] for m in sorted(months)], dtype=np.float64)
    if len(amounts) < 3 or amounts.mean() <= 0:
        return table.value("SINGLE_MONTH_CV") ** 2 / len(amounts)
    return float(amounts.var(ddof=1) / amounts.mean() ** 2 / len(amounts))


def _series(item: dict[str, Any]) -> dict[str, int]:
    if item["kind"] not in _POINTS:
        return {}
    return next((dict(v) for n, v in item["values"].items() if n.endswith("_by_month") and n != _OWN), {})


def _mean(series: dict[str, int]) -> float:
    return sum(series.values()) / len(series) if series else 0.0


_OWN = "own_transfer_by_month"
Said = tuple[float, float]  # monthly revenue in fen, relative sd of the coefficient


def _divided(amount: float, code: str, values: dict[str, Any], table: Coefficients) -> Said:
    trade = values.get("trade", "any")
    return amount / table.value(code, trade), table.relative_sd(code, trade)


def _multiplied(amount: float, code: str, values: dict[str, Any], table: Coefficients) -> Said:
    trade = values.get("trade", "any")
    return amount * table.value(code, trade), table.relative_sd(code, trade)


def _bank(values: dict[str, Any], table: Coefficients) -> Said:
    own = values.get(_OWN, {})
    inflow = {month: max(amount - own.get(month, 0), 0) for month, amount in values["inflow_by_month"].items()}
    return _multiplied(_mean(inflow), "BUSINESS_SHARE_OF_INFLOW", values, table)


def _marked_up(values: dict[str, Any], table: Coefficients) -> Said:
    trade = values.get("trade", "any")
    markup = table.value("MARKUP", trade)
    # The range is the markup's; what is multiplied is 1 + markup.
    return _mean(values["purchases_by_month"]) * (1 + markup), table.relative_sd("MARKUP", trade) * markup / (
        1 + markup
    )


_POINTS = {
    "bank_flow": _bank,
    "wallet_flow": lambda v, t: _divided(_mean(v["inflow_by_month"]), "CASHLESS_COVERAGE", v, t),
    "hand_books": lambda v, t: _multiplied(_mean(v["sales_by_month"]), "BOOKS_TRUE_SHARE", v, t),
    "tobacco_orders": lambda v, t: _divided(_mean(v["orders_by_month"]), "TOBACCO_SHARE_OF_SALES", v, t),
    "purchases": _marked_up,
    "electricity": lambda v, t: _divided(_mean(v["bill_by_month"]), "ELECTRICITY_RATIO", v, t),
    "rent": lambda v, t: _divided(v["monthly_minor"], "RENT_RATIO", v, t),
    "shelf": lambda v, t: _multiplied(v["sku_count"], "SALES_PER_SKU_MONTH", v, t),
    "invoices": lambda v, t: _divided(v["sales_year_minor"] / 12, "INVOICED_SHARE", v, t),
    "farm_income": lambda v, t: (v["year_minor"] / 12, 0.0),
}


def _fen(amount: float) -> int:
    return int(np.rint(amount))
