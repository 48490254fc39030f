"""Small invented (虚构) folders in the real format, for tests: known truth, written in a second."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

CURVE = """annual_rate,churn_a,churn_b,churn_c
0.04,0,0,0
0.0465,0.135,0.134,0.122
0.0585,0.347,0.302,0.290
0.0825,0.609,0.548,0.530
0.15,0.922,0.885,0.895
"""
LAST_DAY = date(2020, 2, 20)


@dataclass(frozen=True, slots=True)
class Town:
    """How many firms, how many of them labelled, and how many months of invoices."""

    firms: int = 60
    labelled: int = 45
    months: int = 26
    seed: int = 7
    sales_yuan: float = 900_000.0


def write_folder(path: Path, town: Town | None = None) -> Path:
    """firms.csv, sales.csv, purchases.csv, rate_churn.csv and INVENTED.txt. Weak firms sell less and default more."""
    town = town or Town()
    dice = np.random.default_rng(town.seed)
    path.mkdir(parents=True, exist_ok=True)
    weak = dice.random(town.firms) < 0.35
    firms, sales, purchases = [], [], []
    for i in range(town.firms):
        code, labelled = f"E{i + 1}", i < town.labelled
        letter = "D" if weak[i] else "ABC"[int(dice.integers(3))]
        firms.append((code, f"虚构企业{i + 1}", letter if labelled else "", str(int(weak[i])) if labelled else ""))
        size = town.sales_yuan * (0.2 if weak[i] else 1.0) * float(dice.lognormal(0, 0.6))
        sales += _invoices(dice, code, "B", town.months, size, void=0.2 if weak[i] else 0.05)
        purchases += _invoices(dice, code, "A", town.months, size * 0.7, void=0.03)
    names = ["firm", "number", "issued_on", "counterparty", "net_yuan", "tax_yuan", "gross_yuan", "status"]
    pl.DataFrame(firms, schema=["firm", "name", "rating", "defaulted"], orient="row").write_csv(path / "firms.csv")
    pl.DataFrame(sales, schema=names, orient="row").write_csv(path / "sales.csv")
    pl.DataFrame(purchases, schema=names, orient="row").write_csv(path / "purchases.csv")
    (path / "rate_churn.csv").write_text(CURVE, encoding="utf-8")
    (path / "INVENTED.txt").write_text("虚构 invented for a test\n", encoding="utf-8")
    return path


def _invoices(
    dice: np.random.Generator, code: str, side: str, months: int, yearly: float, *, void: float
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for k in range(months * 3):
        net = round(yearly / 36 * float(dice.lognormal(0, 0.4)), 2)
        tax = round(net * 0.13, 2)
        day = LAST_DAY - timedelta(days=int(k * 10 + dice.integers(10)))
        status = "作废发票" if dice.random() < void else "有效发票"
        partner = f"{side}{int(dice.integers(12)):05d}"
        rows.append((code, f"{side}{code}{k:05d}", day.isoformat(), partner, f"{net:.2f}", f"{tax:.2f}",
                     f"{net + tax:.2f}", status))  # fmt: skip
    return rows
