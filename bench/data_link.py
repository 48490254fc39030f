"""A made-up day of a million facts through the data link: stored, owed to clicks, on the board; in two orders of arrival.

Each order goes into a fresh installation of its own, by `data_link.take_batches` (a hundred thousand a transaction); the two boards must be the same. Every statement's
time and PostgreSQL's processor time are told with the first order, and how long an analyst waits for each page over all of these facts.
Run by bench/__main__.py, or alone by `python -m bench.data_link [FACTS]`.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

from bench.inside import figure
from bench.installation import fresh

END = datetime(2026, 11, 28, 16, tzinfo=UTC)


def main(facts: int) -> None:
    """Measure and print; each temporary installation is removed at its end."""
    boards = []
    for order in (1, 2):
        with fresh() as place:
            command = [sys.executable, "-m", "bench.data_link", "--inside", str(facts), str(order)]
            done = subprocess.run(command, env=place.migrated().environment, check=True, capture_output=True, text=True)
            told = json.loads(done.stdout.splitlines()[-1])
            boards.append(told.pop("board"))
            for line in told["costs"] + told["pages"]:
                print(json.dumps(line | {"data": "invented"}), flush=True)
            load = round(os.getloadavg()[0], 1)
            for name in ("taken", "board"):
                line = figure(f"data_link.{name}.order_{order}", told[f"{name}_s"], "s", told["facts"])
                print(json.dumps(line | {"load": load, "data": "invented"}), flush=True)
    assert boards[0] == boards[1], "two orders of arrival, one board"
    print(json.dumps(figure("data_link.same_board", 1, "true", facts)), flush=True)


def inside(facts: int, order: int) -> dict[str, Any]:
    """In the installation: take the day in batches, then read the board."""
    from puhui.cli import attachment

    with attachment.platform():
        from puhui.acquisition import board, data_link
        from puhui.acquisition.core import signals
        from puhui.simulate.ad_day import ad_day

        day = ad_day(facts, seed=1, ends_at=END).sample(fraction=1.0, shuffle=True, seed=order)
        frame = signals.frame_of_columns(day)
        meter = _Meter()
        began = time.perf_counter()
        with meter.running():
            data_link.take_batches(frame, now=END)
        taken = time.perf_counter()
        found = board.board((END - timedelta(days=1)).date(), (END + timedelta(days=1)).date())
        done = time.perf_counter()
        lines = [[line.media, line.campaign, sorted(line.counts.items())] for line in found.lines]
        first = order == 1
        costs = meter.lines(taken - began, frame.height) if first else []
        pages = _pages(frame.height) if first else []
    return {"facts": frame.height, "taken_s": taken - began, "board_s": done - taken, "board": lines, "costs": costs, "pages": pages}  # fmt: skip


class _Meter:
    """Where the seconds go: waiting and PostgreSQL's processor time by the first words of each statement, and the journal written."""

    def __init__(self) -> None:
        from django.db import connection

        self._connection = connection
        self._spent: dict[str, list[float]] = {}
        self._pid, self._journal = self._ask("SELECT pg_backend_pid(), pg_current_wal_lsn() - '0/0'")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Statements within are counted."""
        began, working = time.process_time(), self._working()
        with self._connection.execute_wrapper(self._timed):
            yield
        self._ours, self._theirs = time.process_time() - began, self._working() - working

    def lines(self, seconds: float, facts: int) -> list[dict[str, object]]:
        """Lines of the bench, the dearest statement first."""
        (journal,) = self._ask("SELECT pg_current_wal_lsn() - '0/0'")
        found = [
            figure("data_link.python_cpu", self._ours, "s", facts),
            figure("data_link.postgresql_cpu", self._theirs, "s", facts),
            figure("data_link.journal", float(journal - self._journal) / 1e6, "MB", facts),
            figure("data_link.outside_statements", seconds - sum(each[0] for each in self._spent.values()), "s", facts),
        ]
        dearest = sorted(self._spent.items(), key=lambda each: -each[1][0])[:8]
        return found + [
            figure("data_link.statement", waited, "s", facts) | {"postgresql_cpu": round(worked, 2), "statement": words}
            for words, (waited, worked) in dearest
        ]

    def _timed(self, execute: Any, statement: str, params: Any, many: Any, context: Any) -> Any:
        began, working = time.perf_counter(), self._working()
        try:
            return execute(statement, params, many, context)
        finally:
            spent = self._spent.setdefault(" ".join(str(statement).split())[:80], [0.0, 0.0])
            spent[0] += time.perf_counter() - began
            spent[1] += self._working() - working

    def _working(self) -> float:
        """Processor seconds of the connection's server process; only an embedded server is on this machine."""
        return sum(psutil.Process(self._pid).cpu_times()[:2])

    def _ask(self, statement: str) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()


def _pages(facts: int) -> list[dict[str, object]]:
    """Milliseconds for each page of an analyst over all facts, the slowest of three after one that loads its templates."""
    from django.conf import settings
    from django.test import Client

    from puhui.acquisition import campaigns, operations
    from puhui.web.tests import visitors

    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    on = (END - timedelta(hours=9)).date()
    for number in range(12):
        draft = operations.CostDraft("tencent", f"simulated {number:02d}", on, 1_000_003)
        operations.record_cost(draft, key=f"bench/{number}", now=END)
    shown = campaigns.create("tencent", "simulated 00", by="bench", now=END)
    visitors.staff("bench", "analyst")
    client: Client = visitors.enter("bench")
    days = f"since={on - timedelta(days=1)}&until={on + timedelta(days=1)}"
    pages = {
        "board": f"?{days}", "lines": f"lines/?{days}", "costs": f"costs/?by=creative&{days}", "audiences": f"costs/?by=audience&{days}",
        "returns": f"returns/?by=campaign&{days}", "attribution": f"attribution/?by=campaign&{days}", "answers": f"answers/?{days}",
        "quality": f"quality/?{days}", "delivery": "delivery/", "experiments": "experiments/", "budgets": "budgets/",
        "campaigns": "campaigns/", "campaign": f"campaigns/{shown}/",
    }  # fmt: skip
    found = []
    for name, page in pages.items():
        waited = []
        for _ in range(4):
            began = time.perf_counter()
            answer = client.get(f"/octopus/{page}")
            waited.append(1000 * (time.perf_counter() - began))
            assert answer.status_code == 200, (page, answer.status_code)
        found.append(figure(f"data_link.page.{name}", max(waited[1:]), "ms", facts))
    return found


if __name__ == "__main__":
    if "--inside" in sys.argv:
        print(json.dumps(inside(*map(int, sys.argv[2:4]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
