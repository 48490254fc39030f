"""The facts of small owners in columns: what they sell, own, grow, owe and need, each from evidence with source and age.

Rule kept: a row is a batch of one; what is not known is ABSENT (money) or NaN (shares), never a harmless zero. The newest
item of a single-valued kind counts (owner_credit, household); a bureau summary past its age counts as none, and is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.underwriting.core import assets, farm, revenue
from puhui.underwriting.core.coefficients import Coefficients
from puhui.underwriting.core.evidence_item import KINDS
from puhui.underwriting.core.line import ABSENT

Columns = npt.NDArray[np.float64]
Fen = npt.NDArray[np.int64]
_MOST_SERVICE = 9.99
_GRADES = ("A", "B", "C", "D")
_YEAR_MONTHS = 12
KEEPERS = ("bureau", "sandbox")  # sources that keep records of people's credit; the sandbox plays one


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    """One row an owner. `credit[i]` is the owner's summary or None; `credit_stale[i]` one was brought but is too old."""

    revenue: revenue.Revenue
    assets: assets.Assets
    farms: farm.Farms
    credit: list[dict[str, Any] | None]
    credit_stale: list[bool]
    trade: list[str]
    grade: list[str]
    prudent_minor: Fen
    disposable_minor: Fen
    instalments_minor: Fen
    household_minor: Fen
    own_funds_minor: Fen
    household_assets_minor: Fen
    farm_income_minor: Fen
    columns: dict[str, Columns]


def gather(
    items: list[list[dict[str, Any]]], table: Coefficients, *, as_of: date, keeper_first: bool = False
) -> OwnerFacts:
    """Everything the answer reads, from each owner's items."""
    sold, owned = revenue.estimate(items, table, as_of=as_of), assets.value(items, table, as_of=as_of)
    farms = farm.value(items, table, as_of=as_of)
    latest = [newest(mine) for mine in items]
    fresh = [credit_of(mine, table, as_of=as_of, keeper_first=keeper_first) for mine in items]
    home = [_fresh(mine, "household", table, as_of) or {"values": {}} for mine in latest]
    trade = [_trade(mine) for mine in items]
    prudent = _whole(sold.prudent)
    need = _money(home, "monthly_need_minor", table.value("HOUSEHOLD_NEED"))
    twice = np.array([_farm_only(mine) for mine in items]) & (farms.value_minor > 0)
    cash = _cash(prudent, farms, table.values("NET_MARGIN", trade), twice)
    disposable = np.where(cash == ABSENT, ABSENT, cash + _money(home, "other_income_minor", 0) - need)
    instalments = np.array([row["values"]["instalments_monthly_minor"] if row else 0 for row in fresh], dtype=np.int64)
    year = np.where(np.isnan(sold.monthly), 0, np.nan_to_num(sold.prudent)) * _YEAR_MONTHS
    income = np.where(twice, np.maximum(year, farms.value_minor), year + farms.value_minor)
    return OwnerFacts(
        revenue=sold, assets=owned, farms=farms, credit=[row["values"] if row else None for row in fresh],
        credit_stale=["owner_credit" in mine and row is None for mine, row in zip(latest, fresh, strict=True)],
        trade=trade, grade=_grades(sold, owned, farms), prudent_minor=prudent, disposable_minor=disposable,
        instalments_minor=instalments, household_minor=need, own_funds_minor=_money(home, "own_funds_minor", 0),
        household_assets_minor=_money(home, "assets_minor", 0) + owned.total_minor,
        farm_income_minor=np.floor(income).astype(np.int64),
        columns=_columns(fresh, sold, farms, owned, _service(disposable, instalments)),
    )  # fmt: skip


def credit_of(
    mine: list[dict[str, Any]], table: Coefficients, *, as_of: date, keeper_first: bool
) -> dict[str, Any] | None:
    """The summary of the owner's credit that counts: the newest that is not too old; a keeper's before what was told since."""
    by_keepers = [item for item in mine if item["kind"] == "owner_credit" and item["source"] in KEEPERS]
    kept = _fresh(newest(by_keepers), "owner_credit", table, as_of) if keeper_first else None
    return kept or _fresh(newest(mine), "owner_credit", table, as_of)


def registered(mine: list[dict[str, Any]], table: Coefficients, *, as_of: date) -> dict[str, Any] | None:
    """What the business registry last said of the shop, unless it is too old."""
    return _fresh(newest(mine), "registry", table, as_of)


def newest(mine: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The newest item of each kind; of two observed to the same day, the one told last."""
    found: dict[str, dict[str, Any]] = {}
    for item in mine:
        if item["kind"] not in found or item["observed_to"] >= found[item["kind"]]["observed_to"]:
            found[item["kind"]] = item
    return found


def _fresh(latest: dict[str, dict[str, Any]], kind: str, table: Coefficients, as_of: date) -> dict[str, Any] | None:
    item = latest.get(kind)
    if item is None:
        return None
    age_days = max((as_of - date.fromisoformat(item["observed_to"])).days, 0)
    return item if age_days <= table.value("STALE_AFTER_DAYS", KINDS[kind].age) else None


def _trade(mine: list[dict[str, Any]]) -> str:
    """The trade its evidence names; a tobacco order names one without saying so."""
    named = [item["values"]["trade"] for item in mine if "trade" in item["values"]]
    if named:
        return str(named[0])
    if any(item["kind"] == "tobacco_orders" for item in mine):
        return "tobacco_shop"
    return "farm" if _farm_only(mine) else "any"


def _money(rows: Sequence[dict[str, Any]], name: str, otherwise: float) -> Fen:
    return np.array([row["values"].get(name, otherwise) for row in rows], dtype=np.int64)


def _whole(amounts: Columns) -> Fen:
    return np.where(np.isnan(amounts), ABSENT, np.floor(np.nan_to_num(amounts)).astype(np.int64))


def _cash(prudent: Fen, farms: farm.Farms, margin: Columns, twice: npt.NDArray[np.bool_]) -> Fen:
    """What the business leaves a month; ABSENT where neither shop nor field says anything.

    Last year's farm sales and this year's crop are the same income told `twice`: the larger counts, not the sum.
    """
    harvest = (farms.value_minor - farms.input_need_minor - farms.rent_due_minor) // _YEAR_MONTHS
    known = (prudent != ABSENT) | (farms.value_minor > 0)
    shop = np.floor(np.where(prudent != ABSENT, prudent, 0) * margin).astype(np.int64)
    return np.where(known, np.where(twice, np.maximum(shop, harvest), shop + harvest), ABSENT)


def _farm_only(mine: list[dict[str, Any]]) -> bool:
    sold = {item["kind"] for item in mine if item["kind"] in KINDS and KINDS[item["kind"]].group}
    return not sold and any(item["kind"] == "farm_income" for item in mine)


def _service(disposable: Fen, instalments: Fen) -> Columns:
    """Existing instalments over disposable cash; nothing to dispose of is as bad as it gets, unless nothing is owed."""
    some = (disposable != ABSENT) & (disposable > 0)
    share = np.minimum(instalments / np.where(some, disposable, 1), _MOST_SERVICE)
    poor = np.where(instalments > 0, _MOST_SERVICE, 0.0)
    return np.where(disposable == ABSENT, np.nan, np.where(some, share, poor))


def _columns(credit: list[dict[str, Any] | None], sold: revenue.Revenue, farms: farm.Farms, owned: assets.Assets,
             service: Columns) -> dict[str, Columns]:  # fmt: skip
    """What the owner's card reads."""
    said = ("worst_overdue_days_24m", "overdue_months_24m", "inquiries_3m", "history_months")
    columns = {name: _number([row["values"].get(name) if row else None for row in credit]) for name in said}
    fields = farms.value_minor > 0
    things = owned.total_minor > 0
    groups = sold.groups + fields + things
    return columns | {
        "debt_service": service,
        "credit_grade": _number([_GRADES.index(row["grade"]) + 1 if row else None for row in credit]),
        "evidence_groups": groups.astype(np.float64),
        # A field seen from above covers its season: there are no months of flows to ask of it.
        "evidence_months": np.where(fields & (sold.months == 0), 6.0, sold.months.astype(np.float64)),
        "birge": sold.birge,
    }


def _number(values: list[Any]) -> Columns:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _grades(sold: revenue.Revenue, owned: assets.Assets, farms: farm.Farms) -> list[str]:
    """The grade that at least half of an owner's evidence reaches, by its weight; things and fields where nothing is sold."""
    weights: list[dict[str, float]] = [{} for _ in owned.told]
    for source, weight in zip(sold.sources, sold.weights, strict=True):
        mine = weights[source.applicant]
        mine[source.grade] = mine.get(source.grade, 0.0) + float(weight)
    for i, mine in enumerate(weights):
        if not mine:
            for row in [*owned.told[i], *(plot for plot in farms.told[i]["plots"] if plot["counted"])]:
                mine[row["grade"]] = mine.get(row["grade"], 0.0) + row["value_minor"]
    return [_half(mine) for mine in weights]


def _half(weights: dict[str, float]) -> str:
    total, reached = sum(weights.values()), 0.0
    for grade in _GRADES:
        reached += weights.get(grade, 0.0)
        if total > 0 and reached >= total / 2:
            return grade
    return _GRADES[-1]
