"""Small owners made up for tests (虚构): a tobacco shop with a year of proof, a rice farmer, and the parameters of a decision."""

from datetime import date
from typing import Any

from puhui.underwriting.core import coefficients
from puhui.underwriting.core.lending_policy import LendingPolicy
from puhui.underwriting.core.owner_card import OwnerCard

AS_OF = date(2026, 11, 20)
MONTHS = ("2025-11", "2025-12", *(f"2026-{m:02d}" for m in range(1, 11)))
CURVE = {
    "rates": [0.04, 0.06, 0.08, 0.1, 0.12, 0.15],
    "churn": {
        "A": [0, 0.35, 0.6, 0.7, 0.8, 0.92],
        "B": [0, 0.3, 0.55, 0.65, 0.75, 0.885],
        "C": [0, 0.29, 0.53, 0.65, 0.75, 0.895],
    },
}


def item(kind: str, source: str, values: dict[str, Any], *, until: str = "2026-11-01") -> dict[str, Any]:
    """An item as stored, observed over the year before `until`."""
    grade = coefficients.sources()[source]["grade"]
    return {
        "kind": kind,
        "source": source,
        "grade": grade,
        "observed_from": "2025-11-01",
        "observed_to": until,
        "values": values,
    }


def credit(**changes: Any) -> dict[str, Any]:
    clean = {
        "instalments_monthly_minor": 0,
        "overdue_now_minor": 0,
        "inquiries_3m": 1,
        "overdue_months_24m": 0,
        "worst_overdue_days_24m": 0,
        "history_months": 60,
    }
    return item("owner_credit", "bureau", clean | changes)


def flat(minor: int) -> dict[str, int]:
    return dict.fromkeys(MONTHS, minor)


def tobacco_shop() -> list[dict[str, Any]]:
    """60,000 yuan a month by the wallet, by the tobacco company's orders and by the owner's books."""
    return [
        item("wallet_flow", "wallet", {"inflow_by_month": flat(4_500_000), "trade": "tobacco_shop"}),
        item("tobacco_orders", "tobacco_bureau", {"orders_by_month": flat(2_250_000)}),
        item("hand_books", "statement", {"sales_by_month": flat(6_666_667)}),
        credit(),
    ]


def rice_farmer() -> list[dict[str, Any]]:
    """200 mu of rice in the land registry, growing, and assets of 500,000 yuan."""
    plot = {"crop": "rice", "area_mu": 200, "stage": "growing", "ndvi_z": 0}
    return [
        item("plot", "land_registry", plot),
        item("household", "statement", {"assets_minor": 50_000_000}),
        credit(),
    ]


def parameters(*, cap: str = "0.24", as_of: date = AS_OF) -> dict[str, Any]:
    lending = {
        "policy": LendingPolicy.in_force().as_json(),
        "card": OwnerCard.in_force().as_json(),
        "coefficients": coefficients.in_force(as_of).as_json(),
        "cap": {"rate": cap, "rules": []},
        "as_of": as_of.isoformat(),
    }
    return {"churn": CURVE, "lending": lending}


def row(items: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    plain = {
        "firm": "shop_1",
        "evidence": {},
        "items": items,
        "segment": "shop",
        "months": 12,
        "wanted_minor": 5_000_000,
    }
    return plain | changes
