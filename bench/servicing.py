"""The loan book under load: `python -m bench.servicing [LOANS]` on a fresh installation of its own, one JSON line a figure.

Everything in it is made up (虚构, src/puhui/simulate/loan_book.py). Measured: one end of day over the whole book with all its writes
and proofs, on the embedded PostgreSQL with its plain settings (every commit reaches the disk); payments through the service
from several processes at once, one after the other in each, as the workers of a web server would book them.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta

from bench.installation import fresh

ON, NOW = date(2026, 6, 15), datetime(2026, 6, 15, 9, tzinfo=UTC)
PAYERS, PAYMENTS = os.cpu_count() or 2, 6_000


def main(loans: int) -> None:
    """Measure and print; the temporary installation is removed at the end."""
    with fresh() as place:
        environment = place.migrated().environment
        for step in ("load", "close", "pay"):
            command = [sys.executable, "-m", "bench.servicing", "--step", step, str(loans)]
            subprocess.run(command, env=environment, check=True)


def load(loans: int) -> None:
    """The made-up book, written by COPY as the owner, then analysed as a database in service is."""
    import psycopg

    from puhui.simulate import loan_book_rows
    from puhui.store import embedded

    started = time.perf_counter()
    with psycopg.connect(embedded.attach().owner, autocommit=True) as link:
        loan_book_rows.store(link, loans, on=ON, seed=5, now=NOW, journal=False)
        seconds = time.perf_counter() - started
        link.execute("VACUUM ANALYZE")
        link.execute("CHECKPOINT")
    _print("servicing.made_up_book_loaded", seconds, "s", loans)


def close(loans: int) -> None:
    """One end of day through the front door; a second one, with more loans late, follows."""
    from puhui.servicing import operations

    for name, day in (("servicing.end_of_day", ON), ("servicing.end_of_day_next", ON + timedelta(days=1))):
        started = time.perf_counter()
        summary = operations.close_day(now=NOW, day=day)
        seconds = time.perf_counter() - started
        _print(name, seconds, "s", summary.loans)
        _print(f"{name}_rate", summary.loans / seconds, "loans/s", summary.loans)


def pay(loans: int) -> None:
    """Payments through the service: a process a processor, each with its connection, pays its own loans one after the other."""
    command = [sys.executable, "-m", "bench.servicing", "--step"]
    payers = [
        subprocess.Popen(
            [*command, f"pay-{first}", str(loans)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for first in range(PAYERS)
    ]
    for each in payers:  # ready when its first line is read; all start when all are ready
        assert each.stdout is not None
        each.stdout.readline()
    began = time.perf_counter()
    for each in payers:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    told = [each.communicate()[0] for each in payers]
    whole = time.perf_counter() - began
    ordered = sorted(seconds for text in told for seconds in json.loads(text))
    _print("servicing.repayments_per_second", len(ordered) / whole, "1/s", len(ordered))
    _print("servicing.repayment_p50", 1000 * ordered[len(ordered) // 2], "ms", len(ordered))
    _print("servicing.repayment_p99", 1000 * ordered[len(ordered) * 99 // 100], "ms", len(ordered))


def payer(first: int, loans: int) -> None:
    """One of the processes: says that it is ready, waits for the word, prints the seconds of each payment."""
    from puhui.servicing import operations

    day = ON + timedelta(days=2)
    for warm in range(50):
        operations.record_repayment(_loan(1 + first * 50 + warm), 100, on=day, key=f"warm-{first}-{warm}", now=NOW)
    print("ready", flush=True)
    sys.stdin.readline()
    seconds = []
    for turn in range(PAYMENTS // PAYERS):
        number = 1 + (first * 7919 + turn * 104_729) % loans
        began = time.perf_counter()
        operations.record_repayment(_loan(number), 50_000, on=day, key=f"{first}-{turn}", now=NOW)
        seconds.append(time.perf_counter() - began)
    print(json.dumps(seconds), flush=True)


def _loan(number: int) -> str:
    return f"loan_{number:032x}"


def _print(name: str, value: float, unit: str, n: int) -> None:
    line = {"name": name, "value": round(value, 3), "unit": unit, "n": n, "data": "invented"}
    print(json.dumps(line), flush=True)


def _step(name: str, loans: int) -> None:
    from puhui.cli import attachment

    if name in ("load", "pay"):
        {"load": load, "pay": pay}[name](loans)
        return
    with attachment.platform():
        if name == "close":
            close(loans)
        else:
            payer(int(name.removeprefix("pay-")), loans)


if __name__ == "__main__":
    if "--step" in sys.argv:
        _step(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
