"""`make bench`: the figures of docs/benchmarks.md, measured on a fresh installation of their own in a temporary folder.

The real firms are used where they are at hand, else an invented town, and the line says which. Every command runs as a
person would run it, as a process of its own; schedules and rates beside peers
follow (bench/calculators.py); the loan book comes last, on installations of its own: one loan posted again
(bench/repost.py), then a million made-up loans (bench/servicing.py), a million stored applications backtested
(bench/backtest.py), single decisions through HTTP (bench/decision.py), Mirror in the request (bench/mirror.py) and over whole
graphs (bench/graphs.py), the media's questions, the data link, bids and offers (bench/rta.py, data_link.py, bidding.py, uplift.py). Memory is the proportional set size of that process and
of the embedded PostgreSQL's, summed and sampled ten times a second.
"""

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import polars as pl
import psutil

from bench import (
    backtest,
    bidding,
    books,
    calculators,
    data_link,
    decision,
    graphs,
    inside,
    mirror,
    optimum,
    repost,
    rta,
    servicing,
    shop_sales,
    uplift,
    workbench,
)
from bench.installation import PUHUI, fresh
from puhui.store import places


def main() -> None:
    """Measure and print; each temporary installation is removed at its end."""
    with fresh() as place:
        for line in measure(place.home, place.environment):
            print(json.dumps(line), flush=True)
    calculators.main()
    shop_sales.main()
    workbench.main([])
    optimum.main()
    books.main([])
    repost.main()
    servicing.main(int(os.environ.get("PUHUI_BENCH_LOANS", "1000000")))
    backtest.main(int(os.environ.get("PUHUI_BENCH_APPLICATIONS", "1000000")))
    decision.main(int(os.environ.get("PUHUI_BENCH_APPLICATIONS", "1000000")))
    mirror.main(int(os.environ.get("PUHUI_BENCH_APPLICATIONS", "1000000")))
    graphs.main()
    rta.main(int(os.environ.get("PUHUI_BENCH_IDS", "10000000")))
    data_link.main(int(os.environ.get("PUHUI_BENCH_FACTS", "1000000")))
    bidding.main()
    uplift.main()


def measure(home: Path, environment: dict[str, str]) -> list[dict[str, object]]:
    """Appraise twice, then time the parts that a console user waits for."""
    data = places.data_dir()
    folder = data / "smb_invoices" if data and (data / "smb_invoices").is_dir() else _town(home, environment)
    source = "real" if data and folder.parent == data else "invented"
    subprocess.run([PUHUI, "migrate"], env=environment, capture_output=True, check=True)
    first = Watched([PUHUI, "appraise", str(folder), "--json"], environment, home)
    summary = json.loads(first.output.splitlines()[-1])
    again = Watched([PUHUI, "appraise", str(folder), "--json"], environment, home)
    invoices = sum(
        pl.scan_parquet(folder / f"{name}.parquet").select(pl.len()).collect().item() for name in ("sales", "purchases")
    )
    seconds = summary["seconds"]
    figures = [
        inside.figure("appraise.load", seconds["load"], "s", invoices),
        inside.figure("appraise.features", seconds["features"], "s", invoices),
        inside.figure("appraise.load_and_features", seconds["load"] + seconds["features"], "s", invoices),
        inside.figure("appraise.model", seconds["model"], "s", summary["firms"]),
        inside.figure("appraise.optimise", seconds["optimise"], "s", summary["firms"]),
        inside.figure("appraise.whole_command", first.seconds, "s", invoices),
        inside.figure("appraise.peak_memory", first.peak_mb, "MB", invoices),
        inside.figure("appraise.same_again", again.seconds, "s", invoices),
        *inside.figures(environment),
    ]
    return [{"data": source} | figure for figure in figures]  # a figure over something else says so itself


class Watched:
    """A command run to its end, with its seconds and the peak memory of it and of the embedded PostgreSQL."""

    def __init__(self, command: list[str], environment: dict[str, str], home: Path) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.home, self.peak_mb = home, 0.0
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        self.output, errors = self.process.communicate()
        self.seconds = time.perf_counter() - started
        if self.process.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed: {errors[-2000:]}")

    def _watch(self) -> None:
        while self.process.poll() is None:
            self.peak_mb = max(self.peak_mb, sum(map(_pss, self._processes())) / 1e6)
            time.sleep(0.1)

    def _processes(self) -> list[psutil.Process]:
        pids = [self.process.pid]
        pid_file = self.home / "pg/postmaster.pid"
        if pid_file.exists():
            pids.append(int(pid_file.read_text().split()[0]))
        found = []
        for pid in pids:
            try:
                process = psutil.Process(pid)
                found += [process, *process.children(recursive=True)]
            except psutil.Error:
                continue
        return found


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _town(home: Path, environment: dict[str, str]) -> Path:
    subprocess.run([PUHUI, "simulate", "town", str(home / "town")], env=environment, capture_output=True, check=True)
    return home / "town"


if __name__ == "__main__":
    main()
