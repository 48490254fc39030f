"""What a farmer's fields will bring, when, and what can be lent on them (reference/domain.md 2.10).

    crop_value = Σ area · yield · price · chance of harvest        yield = base · clip(1 + 0.08·NDVI_z, 0.6, 1.2)
    net_cash   = crop_value − inputs still to pay − rent due − household need · months to the harvest
    loan_crop  = min(0.5·crop_value, 0.8·input need, net_cash / (1 + r·T))
    due        = harvest + selling lag

Rules kept: an insured plot is worth no less than its insurance; land that is no cropland counts nothing and is told;
money is whole fen, rounded down.

>>> from puhui.underwriting.core.coefficients import in_force
>>> field = {"kind": "plot", "grade": "A", "source": "land_registry", "observed_to": "2026-08-02", "values": {
...     "crop": "rice", "area_mu": 10, "stage": "growing", "ndvi_z": 0}}
>>> farms = value([[field]], in_force(date(2026, 8, 2)), as_of=date(2026, 8, 2))
>>> farms.value_minor.tolist(), farms.told[0]["due_on"]
([1040400], '2026-11-09')
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.underwriting.core.coefficients import Coefficients

Fen = npt.NDArray[np.int64]
_Z95 = 1.96
_MONTH_DAYS = 30.4375


@dataclass(frozen=True, slots=True)
class Farms:
    """`value_minor` of all plots, the inputs the coming stages need, rent due; `told[i]` has plots, interval and days."""

    value_minor: Fen
    input_need_minor: Fen
    rent_due_minor: Fen
    months: npt.NDArray[np.float64]  # until the money of the harvest is there
    told: list[dict[str, Any]]


def value(items: list[list[dict[str, Any]]], table: Coefficients, *, as_of: date) -> Farms:
    """Every applicant's fields."""
    told = [_farm([item for item in mine if item["kind"] == "plot"], table, as_of) for mine in items]

    def column(name: str) -> Fen:
        return np.array([farm[name] for farm in told], dtype=np.int64)

    months = np.array([farm["days"] / _MONTH_DAYS for farm in told], dtype=np.float64)
    return Farms(column("value_minor"), column("input_need_minor"), column("rent_due_minor"), months, told)


def loan_minor(farms: Farms, table: Coefficients, *, household_minor: Fen, yearly_rate: npt.NDArray[np.float64]) -> Fen:
    """loan_crop of each farmer; nothing where the harvest does not even cover the family."""
    net = farms.value_minor - farms.input_need_minor - farms.rent_due_minor - household_minor * farms.months
    by_value = table.value("CROP_LOAN_SHARE", "value") * farms.value_minor
    by_inputs = table.value("CROP_LOAN_SHARE", "inputs") * farms.input_need_minor
    by_cash = net / (1 + yearly_rate * farms.months / 12)
    found = np.minimum(np.minimum(by_value, by_inputs), by_cash)
    result: Fen = np.floor(np.maximum(found, 0.0)).astype(np.int64)
    return result


def _farm(plots: list[dict[str, Any]], table: Coefficients, as_of: date) -> dict[str, Any]:
    rows = [_plot(plot, table, as_of) for plot in plots]
    good = [row for row in rows if row["counted"]]
    total = sum(row["value_minor"] for row in good)
    spread = sum(row["value_minor"] * row["relative_sd"] for row in good)  # prices move together: nothing averages out
    due = max((row["due_on"] for row in good), default=as_of.isoformat())
    return {
        "value_minor": total, "low_minor": max(int(total - _Z95 * spread), 0), "high_minor": int(total + _Z95 * spread),
        "input_need_minor": sum(row["input_need_minor"] for row in good),
        "rent_due_minor": sum(row["rent_due_minor"] for row in good),
        "days": (date.fromisoformat(due) - as_of).days, "due_on": due if good else None, "plots": rows,
    }  # fmt: skip


def _plot(item: dict[str, Any], table: Coefficients, as_of: date) -> dict[str, Any]:
    seen, crop = item["values"], item["values"]["crop"]
    age_days = max((as_of - date.fromisoformat(item["observed_to"])).days, 0)
    stale = age_days > table.value("STALE_AFTER_DAYS", "crop")
    wrong_use = seen.get("land_use", "cropland") == "other"
    shift = 1 + table.value("NDVI_SLOPE") * seen.get("ndvi_z", 0)
    grown = table.value("CROP_YIELD", crop) * min(max(shift, table.value("NDVI_FLOOR")), table.value("NDVI_CEILING"))
    chance = table.value("HARVEST_CHANCE", seen["stage"])
    worth = seen["area_mu"] * grown * table.value("CROP_PRICE", crop) * chance
    worth = max(worth, seen["area_mu"] * seen.get("insured_per_mu_minor", 0))
    noise = (table.relative_sd("CROP_YIELD", crop), table.relative_sd("CROP_PRICE", crop),
             table.value("GRADE_NOISE", item["grade"]))  # fmt: skip
    inputs = seen.get("input_need_minor", seen["area_mu"] * table.value("INPUT_COST_LEFT", seen["stage"]))
    kept = 1 - table.value("GRADE_HAIRCUT", item["grade"])
    return {
        "crop": crop, "area_mu": seen["area_mu"], "grade": item["grade"], "source": item["source"], "age_days": age_days,
        "counted": not stale and not wrong_use, "value_minor": int(np.floor(worth * kept + 1e-6)),
        "relative_sd": float(np.sqrt(sum(part**2 for part in noise))), "input_need_minor": int(inputs),
        "rent_due_minor": seen.get("rent_due_minor", 0),
        "due_on": (_harvest(table.value("HARVEST_DAY", crop), seen["stage"], as_of)
                   + timedelta(days=int(table.value("SELLING_LAG_DAYS")))).isoformat(),
    }  # fmt: skip


def _harvest(month_and_day: float, stage: str, as_of: date) -> date:
    """The next harvest on or after the day asked; what is harvested already needs no waiting."""
    if stage == "harvested":
        return as_of
    month, day = divmod(int(month_and_day), 100)
    this_year = date(as_of.year, month, day)
    return this_year if this_year >= as_of else date(as_of.year + 1, month, day)
