"""Expected profit of the optimiser beside three baselines, on the real firms (smb_invoices) and the same limits; then its speed.

    python -m bench.optimum

A fresh installation loads and appraises the firms (without the data, an invented town, and the line says so). Every answer stands
under the same budget, floor, caps and, where named, loss budget; baselines get each firm's best rate too and lend to nobody who
earns nothing. Expected profit is that of the models, which were cross-fitted; nobody's outcome was looked at. The last lines solve
100,000 made-up firms (labelled so) with their proven gap.
"""

import json
import subprocess
import sys
import time

import numpy as np

from bench.inside import figure
from bench.installation import PUHUI, fresh
from puhui.store import places

BUDGETS_MINOR = (2_500_000_000, 5_000_000_000, 10_000_000_000)
LOSS_BPS = (None, 50)


def main() -> None:
    """Measure and print; the temporary installation is removed at the end."""
    with fresh() as place:
        place.migrated()
        data = places.data_dir()
        real = bool(data and (data / "smb_invoices").is_dir())
        folder = data / "smb_invoices" if data and real else place.home / "town"
        if not real:
            subprocess.run(
                [PUHUI, "simulate", "town", str(folder)], env=place.environment, check=True, capture_output=True
            )
        subprocess.run(
            [PUHUI, "appraise", str(folder), "--json"], env=place.environment, check=True, capture_output=True
        )
        command = [sys.executable, "-m", "bench.optimum", "--inside", "real" if real else "invented"]
        subprocess.run(command, env=place.environment, check=True)
    for line in made_up(100_000):
        print(json.dumps(line | {"data": "invented"}), flush=True)


def inside(source: str) -> None:
    """Print one JSON line a figure, in the installation of this process."""
    from puhui.cli import attachment

    with attachment.platform():
        from puhui.underwriting import queries
        from puhui.underwriting.portfolio_plan import PlanAsked

        standing = queries.standing_appraisal()
        assert standing is not None
        for budget in BUDGETS_MINOR:
            for loss_bps in LOSS_BPS:
                exact = queries.plan(standing.appraisal_id, PlanAsked(budget, loss_bps, exact=True))
                near = queries.plan(standing.appraisal_id, PlanAsked(budget, loss_bps))
                under = f"budget_{budget // 1_000_000}w" + (f"_loss_{loss_bps}bp" if loss_bps else "")
                rows = {"optimum": exact.profit_minor, "by_prices": near.profit_minor}
                rows |= {name: other["profit_minor"] for name, other in exact.others.items()}
                for name, profit in rows.items():
                    line = figure(f"optimum.{under}.{name}", profit / 100, "yuan of expected profit", standing.firms)
                    print(
                        json.dumps(line | {"data": source, "of_optimum": round(profit / exact.profit_minor, 4)}),
                        flush=True,
                    )
                timing = figure(f"optimum.{under}.seconds", exact.seconds, "s", standing.firms)
                print(json.dumps(timing | {"data": source, "gap": exact.gap, "by_prices_seconds": near.seconds,
                                           "by_prices_gap": near.gap}), flush=True)  # fmt: skip


def made_up(firms: int) -> list[dict[str, object]]:
    """A book of made-up firms under a budget, a loss budget and shares of eight industries and five regions."""
    from puhui.underwriting.core import portfolio, portfolio_dual
    from puhui.underwriting.core.offer_book import ChurnCurve

    dice, rates = np.random.default_rng(1), np.linspace(0.04, 0.15, 29)
    churn = {letter: tuple(1 - np.exp(-k * (rates - 0.04))) for letter, k in zip("ABC", (23, 20, 19), strict=True)}
    pd = np.clip(dice.lognormal(-3.5, 0.9, firms), 0.001, 0.6)
    caps = np.minimum((dice.lognormal(12, 1.2, firms) * 100).astype(np.int64) // 100_000 * 100_000, 100_000_000)
    groups = {
        "industry": [f"i{k}" for k in dice.integers(0, 8, firms)],
        "region": [f"r{k}" for k in dice.integers(0, 5, firms)],
    }
    rating = np.array(list("ABC"))[np.digitize(pd, [0.02, 0.05])].tolist()
    costs = {"lgd": 1.0, "cost_of_funds": 0.0}
    book = portfolio.book(pd, rating, caps, ChurnCurve(tuple(rates), churn), costs, groups)
    budget = int(caps[caps >= 10_000_000].sum()) // 4
    lines = []
    for name, limits in (
        ("budget", portfolio.Limits(budget, 10_000_000)),
        ("budget_and_loss", portfolio.Limits(budget, 10_000_000, budget // 400)),
        ("all", portfolio.Limits(budget, 10_000_000, budget // 400, {"industry": 0.14, "region": 0.22}, fewest=1_000)),
    ):
        began = time.perf_counter()
        found = portfolio_dual.solve(book, limits)
        seconds = time.perf_counter() - began
        lines.append(figure(f"optimum.made_up.{name}", seconds, "s", firms) | {"gap": round(found.gap, 8)})
    return lines


if __name__ == "__main__":
    inside(sys.argv[2]) if "--inside" in sys.argv else main()
