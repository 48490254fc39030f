"""Schedules and yearly rates beside peers: `python -m bench.calculators`, one JSON line a figure; the same made-up loans for everybody.

Loans: 12 level monthly payments, 30/360, from 10,000 to 1,000,000 yuan at 3 to 24 % a year. Every peer is called in the fastest way that
its documentation shows: numpy-financial over whole arrays, amortization and pyloan loan by loan, pyxirr with lists. What is equal to
the cent is counted over loans whose convention is ours; where it is not, the line says by how much. A peer that is not installed
(bench/peers.txt) is said to be absent.
"""

import json
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from puhui.servicing.core import schedule
from puhui.servicing.core.apr import Flow, apr
from puhui.servicing.core.terms import LoanTerms

SIZES = (10_000, 100_000)
LOOPED = 10_000  # for peers that take one loan at a time
RATES = 2_000  # cash flows whose yearly rate is solved
PERIODS, FIRST_DAY = 12, date(2026, 1, 15)
TRIES = 3  # the best of so many
Rows = np.ndarray  # (loans, periods) of (interest, principal) in cents


def main() -> None:
    """Measure and print."""
    for size in SIZES:
        loans = made_up(size)
        ours, seconds = timed(our_schedules, loans)
        say("schedules.puhui", size * PERIODS / seconds, "instalments/s", size)
        for name, peer, most in PEERS:
            if size <= most:
                beside(name, peer, loans, ours)
    rates_beside(made_up(RATES))


def made_up(size: int) -> list[LoanTerms]:
    """Loans by a fixed seed; amounts in whole yuan, rates with four decimals."""
    rng = np.random.default_rng(20261125)
    principals, rates = rng.integers(10_000, 1_000_001, size).tolist(), rng.integers(300, 2_401, size).tolist()
    return [
        LoanTerms("CNY", yuan * 100, Decimal(rate) / 10_000, PERIODS, FIRST_DAY)
        for yuan, rate in zip(principals, rates, strict=True)
    ]


def our_schedules(loans: list[LoanTerms]) -> Rows:
    plan = schedule.build(loans)
    return np.stack([plan.interest_minor, plan.principal_minor], axis=-1).reshape(len(loans), PERIODS, 2)


def beside(name: str, peer: Callable[[ModuleType, list[LoanTerms]], Rows], loans: list[LoanTerms], ours: Rows) -> None:
    """One peer over these loans: how fast, how many schedules equal ours to the cent, and the widest gap in one amount."""
    module = found(name, "schedules")
    if module is None:
        return
    theirs, seconds = timed(peer, module, loans)
    say(f"schedules.{name}", len(loans) * PERIODS / seconds, "instalments/s", len(loans))
    gap = np.abs(theirs - ours).max(axis=(1, 2))
    say(f"schedules.{name}.equal_to_the_cent", float((gap < 0.5).mean()), "share of loans", len(loans))
    say(f"schedules.{name}.widest_gap", float(gap.max()), "cents", len(loans))


def by_numpy_financial(npf: ModuleType, loans: list[LoanTerms]) -> Rows:
    """Arrays of loans × periods in one call each; amounts are not rounded to cents, so a schedule drifts by parts of a cent."""
    rate = np.array([float(terms.annual_rate) for terms in loans])[:, None] / 12
    value = np.array([terms.principal_minor for terms in loans])[:, None]
    period = np.arange(1, PERIODS + 1)[None, :]
    return np.stack([-npf.ipmt(rate, period, PERIODS, value), -npf.ppmt(rate, period, PERIODS, value)], axis=-1)


def by_amortization(module: ModuleType, loans: list[LoanTerms]) -> Rows:
    """Its generator, loan by loan; level payment and interest are rounded to cents as ours are, in floats."""
    make = import_module("amortization.schedule").amortization_schedule
    del module
    told = [
        [(row.interest, row.principal) for row in make(terms.principal_minor / 100, float(terms.annual_rate), PERIODS)]
        for terms in loans
    ]
    return np.array(told) * 100


def by_pyloan(pyloan: ModuleType, loans: list[LoanTerms]) -> Rows:
    """Its Loan, one at a time, on 30E/360, due on the same day of each month, so that every period is a twelfth of a year; decimals."""
    told = []
    for terms in loans:
        loan = pyloan.Loan(
            loan_amount=terms.principal_minor // 100,
            interest_rate=float(terms.annual_rate * 100),
            loan_term=PERIODS,
            loan_term_period="M",
            start_date=FIRST_DAY.isoformat(),
            payment_end_of_month=False,
            compounding_method="30E/360",
        )
        told.append([(row.interest_amount, row.principal_amount) for row in loan.get_payment_schedule()[1:]])
    return np.array(told, dtype=np.float64) * 100


PEERS: tuple[tuple[str, Callable[[ModuleType, list[LoanTerms]], Rows], int], ...] = (
    ("numpy_financial", by_numpy_financial, SIZES[-1]),
    ("amortization", by_amortization, SIZES[-1]),
    ("pyloan", by_pyloan, LOOPED),
)


def rates_beside(loans: list[LoanTerms]) -> None:
    """Yearly rates of the same cash flows: by days (XIRR) and by equal periods (IRR × 12)."""
    plan = schedule.build(loans)
    due_on: list[list[Any]] = plan.due_on.reshape(-1, PERIODS).tolist()
    due = plan.due_minor.reshape(-1, PERIODS).tolist()
    flows = [
        (terms.disbursed_on, terms.principal_minor, days, minor)
        for terms, days, minor in zip(loans, due_on, due, strict=True)
    ]
    for method, name, peer in (("irr_daily", "pyxirr", _xirr), ("irr_period", "numpy_financial", _irr)):
        ours, seconds = timed(_our_rates, flows, method)
        say(f"rates.{method}.puhui", len(flows) / seconds, "rates/s", len(flows))
        module = found(name, f"rates.{method}")
        if module is None:
            continue
        theirs, seconds = timed(peer, module, flows)
        say(f"rates.{method}.{name}", len(flows) / seconds, "rates/s", len(flows))
        gap = max(abs(float(mine) - float(other)) for mine, other in zip(ours, theirs, strict=True))
        say(f"rates.{method}.{name}.widest_gap", gap, "of a yearly rate", len(flows), places=18)


CashFlow = tuple[date, int, list[date], list[int]]


def _our_rates(flows: list[CashFlow], method: str) -> list[Decimal]:
    return [
        apr([Flow(on, principal)], [Flow(*each) for each in zip(days, minor, strict=True)], method)
        for on, principal, days, minor in flows
    ]


def _xirr(pyxirr: ModuleType, flows: list[CashFlow]) -> list[float]:
    return [pyxirr.xirr([on, *days], [-principal, *minor]) for on, principal, days, minor in flows]


def _irr(npf: ModuleType, flows: list[CashFlow]) -> list[float]:
    return [12 * npf.irr([-principal, *minor]) for _on, principal, _days, minor in flows]


def found(name: str, what: str) -> ModuleType | None:
    """The peer, or a line that says it is absent."""
    try:
        return import_module(name)
    except ImportError:
        absent = f"{name} is not installed; pip install -r bench/peers.txt"
        print(json.dumps({"name": f"calculators.{what}.{name}", "absent": absent}), flush=True)
        return None


def timed(work: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    """What it gives, and the seconds of its best try: other work on the machine only ever makes it slower."""
    best = float("inf")
    for _try in range(TRIES):
        started = time.perf_counter()
        done = work(*given)
        best = min(best, time.perf_counter() - started)
    return done, best


def say(name: str, value: float, unit: str, n: int, places: int = 4) -> None:
    line = {"name": f"calculators.{name}", "value": round(value, places), "unit": unit, "n": n, "data": "invented"}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
