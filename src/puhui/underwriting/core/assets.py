"""What a small owner's things are worth to a lender, in whole fen, after haircuts for their kind, their age and the proof.

    stock       cost · (1 − haircut)                                     [domain 2.10: haircut 30–50 %]
    machine     list price · (1 − d)^age · brand liquidity · 0.5         [d: tractor .15, combine .20, drone .35]
    livestock   head · weight · price · (1 − mortality) · tag factor     [0.9 tagged or insured, 0.5 not]
    greenhouse  area · rebuilding cost · (1 − age/life) · 0.4

Rule kept: the grade of the proof cuts again, stale proof counts nothing, and each value is told with source, age and grade.

>>> from puhui.underwriting.core.coefficients import in_force
>>> tractor = {"kind": "machine", "grade": "A", "source": "insurer", "observed_to": "2026-11-02", "values": {
...     "class": "tractor", "list_price_minor": 10_000_000, "bought_on": "2023-11-02", "brand": "known"}}
>>> value([[tractor]], in_force(date(2026, 11, 2)), as_of=date(2026, 11, 2)).total_minor.tolist()
[3070625]
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.underwriting.core.coefficients import Coefficients
from puhui.underwriting.core.evidence_item import KINDS

Fen = npt.NDArray[np.int64]
_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Assets:
    """`told[i]`: what each thing of applicant i is worth before and after the haircut of its proof."""

    total_minor: Fen
    told: list[list[dict[str, Any]]]


def value(items: list[list[dict[str, Any]]], table: Coefficients, *, as_of: date) -> Assets:
    """Every applicant's things."""
    told = [[row for item in mine if (row := _one(item, table, as_of)) is not None] for mine in items]
    return Assets(np.array([sum(row["value_minor"] for row in rows) for rows in told], dtype=np.int64), told)


def _one(item: dict[str, Any], table: Coefficients, as_of: date) -> dict[str, Any] | None:
    formula = _FORMULAS.get(item["kind"])
    age_days = max((as_of - date.fromisoformat(item["observed_to"])).days, 0)
    if formula is None or age_days > table.value("STALE_AFTER_DAYS", KINDS[item["kind"]].age):
        return None
    gross = formula(item["values"], table, as_of)
    kept = 1 - table.value("GRADE_HAIRCUT", item["grade"])
    return {
        "kind": item["kind"], "source": item["source"], "grade": item["grade"], "age_days": age_days,
        "gross_minor": int(np.rint(gross)), "value_minor": int(np.floor(gross * kept + 1e-6)),
    }  # fmt: skip


def _stock(seen: dict[str, Any], table: Coefficients, _as_of: date) -> float:
    return seen["cost_minor"] * (1 - table.value("STOCK_HAIRCUT", seen.get("trade", "any")))


def _machine(seen: dict[str, Any], table: Coefficients, as_of: date) -> float:
    left = (1 - table.value("DEPRECIATION", seen["class"])) ** _years(seen["bought_on"], as_of)
    brand = table.value("BRAND_LIQUIDITY", seen["brand"])
    return seen["list_price_minor"] * left * brand * table.value("EQUIPMENT_FACTOR")


def _livestock(seen: dict[str, Any], table: Coefficients, _as_of: date) -> float:
    alive = 1 - table.value("MORTALITY", seen["species"])
    tag = table.value("TAG_FACTOR", "tagged" if seen["tagged"] else "untagged")
    return seen["head"] * seen["weight_kg"] * table.value("LIVESTOCK_PRICE", seen["species"]) * alive * tag


def _greenhouse(seen: dict[str, Any], table: Coefficients, as_of: date) -> float:
    left = max(1 - _years(seen["built_on"], as_of) / table.value("GREENHOUSE_LIFE", seen["class"]), 0.0)
    rebuild = table.value("GREENHOUSE_REBUILD", seen["class"])
    return seen["area_m2"] * rebuild * left * table.value("GREENHOUSE_FACTOR")


_FORMULAS = {"stock": _stock, "machine": _machine, "livestock": _livestock, "greenhouse": _greenhouse}


def _years(since: str, as_of: date) -> int | float:
    """Whole years where the day is an anniversary, else days over 365.25; never negative."""
    start = date.fromisoformat(since)
    if (start.month, start.day) == (as_of.month, as_of.day):
        return max(as_of.year - start.year, 0)
    return max((as_of - start).days, 0) / _YEAR_DAYS
