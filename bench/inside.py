"""The part of the bench that runs inside Puhui: what a person at the console waits for, and the book's own speed.

Run by bench/__main__.py as a process of its own on the bench's installation, after the appraisal.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any


def figures(environment: dict[str, str]) -> list[dict[str, object]]:
    """The lines of this file, measured in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.inside"], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"bench.inside failed: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """Print one JSON line a figure."""
    from puhui.cli import attachment

    with attachment.platform():
        for line in (*_console(), *_book()):
            print(json.dumps(line))


def _console() -> list[dict[str, object]]:
    from puhui.underwriting import queries

    standing = queries.standing_appraisal()
    assert standing is not None
    codes = [code for code, _ in queries.firm_codes(standing.load_id)]
    budgets = [standing.budget_minor * share // 20 for share in range(1, 21)]
    return [
        _median(
            "console.resolve_budget",
            [partial(queries.resolve, standing.appraisal_id, budget) for budget in budgets],
            len(codes),
        ),
        _median("console.firm_page", [partial(_firm, queries, standing, code) for code in codes[:40]], len(codes)),
        _median(
            "console.search", [partial(queries.offer_book_rows, standing.appraisal_id, text="E1")] * 20, len(codes)
        ),
    ]


def _firm(queries: Any, standing: Any, code: str) -> None:
    queries.firm_page(standing.load_id, code)
    queries.monthly_flows(standing.load_id, code)
    queries.top_counterparties(standing.load_id, code, direction="sale")


def _book() -> list[dict[str, object]]:
    """Schedules in columns, and the first end of day over a book of loans that accepted (invented acceptances)."""
    from puhui.journeys import close_day
    from puhui.servicing.core import schedule
    from puhui.servicing.core.terms import LoanTerms
    from puhui.simulate import lending_day
    from puhui.underwriting import queries

    terms = [
        LoanTerms(
            currency="CNY",
            principal_minor=10_000_000 + 1_000 * n,
            annual_rate=Decimal("0.0785") + Decimal(n % 40) / 1000,
            periods=12,
            disbursed_on=date(2020, 3, 1),
        )
        for n in range(20_000)
    ]
    started = time.perf_counter()
    schedule.build(terms)
    rate = 12 * len(terms) / (time.perf_counter() - started)
    standing, now = queries.standing_appraisal(), datetime.now(UTC)
    assert standing is not None
    started = time.perf_counter()
    lent = lending_day.lend(standing.appraisal_id, seed=1, now=now)
    lending = time.perf_counter() - started
    started = time.perf_counter()
    close_day.close_day(now=now)
    closing = time.perf_counter() - started
    return [
        figure("servicing.instalments_per_second", rate, "1/s", 12 * len(terms)) | {"data": "invented"},
        figure("journeys.lending_day", lending, "s", lent.loans_booked),
        figure("journeys.close_day", closing, "s", lent.loans_booked),
    ]


def _median(name: str, calls: list[Callable[[], Any]], n: int) -> dict[str, object]:
    seconds = []
    for call in calls:
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return figure(name, 1000 * statistics.median(seconds), "ms", n)


def figure(name: str, value: float, unit: str, n: int) -> dict[str, object]:
    """One line of the bench; `n` is the number of rows it was measured on."""
    return {"name": name, "value": round(value, 3), "unit": unit, "n": n}


if __name__ == "__main__":
    main()
