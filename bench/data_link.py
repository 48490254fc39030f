"""A made-up day of a million facts through the data link: stored, owed to clicks, on the board; in two orders of arrival.

Each order goes into a fresh installation of its own, in batches of a hundred thousand; the two boards must be the same.
Run by bench/__main__.py, or alone by `python -m bench.data_link [FACTS]`.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.inside import figure
from bench.installation import fresh

BATCH = 100_000
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
        began = time.perf_counter()
        for at in range(0, frame.height, BATCH):
            data_link.take_signals(frame.slice(at, BATCH), now=END)
        taken = time.perf_counter()
        found = board.board((END - timedelta(days=1)).date(), (END + timedelta(days=1)).date())
        done = time.perf_counter()
        lines = [[line.media, line.campaign, sorted(line.counts.items())] for line in found.lines]
    return {"facts": frame.height, "taken_s": taken - began, "board_s": done - taken, "board": lines}


if __name__ == "__main__":
    if "--inside" in sys.argv:
        print(json.dumps(inside(*map(int, sys.argv[2:4]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
