"""Made-up gangs of 40 among 100,000 made-up honest applications: by which member each is found, and what the honest suffer.

Run by `python -m bench.gangs [SEEDS] [--worlds N]` on a fresh installation of its own: so many gangs of each of the nine kinds, spread over
the worlds (honest people are laid down once a world). The honest share things as ordinary people do, by a table of our own
(`simulate/ordinary_sharing.csv`), so the false-positive rate is a figure of that table. All of it is invented (虚构).
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from bench.inside import figure
from bench.installation import fresh

SEEDS, WORLDS, MEMBERS, HONEST, JUDGED = 50, 5, 40, 100_000, 1_000


def main() -> None:
    """Measure and print one JSON line a figure; progress goes to standard error."""
    asked = argparse.ArgumentParser()
    asked.add_argument("seeds", nargs="?", type=int, default=SEEDS)
    asked.add_argument("--worlds", type=int, default=WORLDS)
    asked.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    told = asked.parse_args()
    worlds = min(told.worlds, told.seeds)
    if told.inside:
        inside(told.seeds, worlds)
        return
    with fresh() as place:
        command = [sys.executable, "-m", "bench.gangs", str(told.seeds), "--worlds", str(worlds), "--inside"]
        subprocess.run(command, env=place.migrated().environment, check=True)


def inside(seeds: int, worlds: int) -> None:
    """On the installation of the environment."""
    from puhui.cli import attachment

    runs: list[Any] = []
    honest: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    with attachment.platform():
        from puhui.simulate import adversaries, detection

        schemes = dict.fromkeys(adversaries.NINE, MEMBERS)
        for number in range(worlds):
            world = detection.World(HONEST, number, datetime(2026, 1, 1, tzinfo=UTC), judged=JUDGED)
            found = detection.studies(schemes, world, gang_seeds=range(number, seeds, worlds))
            runs += found
            for way, counts in found[0].honest.items():
                honest[way] = [one + other for one, other in zip(honest[way], counts)]
            print(json.dumps({"world": number, "found_by": [run.found_by for run in found]}), file=sys.stderr, flush=True)  # fmt: skip
    shared = {"data": "invented", "applications": HONEST, "seeds": seeds, "worlds": worlds}
    for line in [*_of_gangs(runs), *_of_honest(honest)]:
        print(json.dumps(line | shared), flush=True)


def _of_gangs(runs: list[Any]) -> list[dict[str, Any]]:
    """A gang that is never found counts as found by the member after its last."""
    lines = []
    for scheme in runs[0].found_by:
        members = sorted(run.found_by[scheme] or MEMBERS + 1 for run in runs)
        line = figure(f"mirror.found_by.{scheme}", statistics.median(members), "member", MEMBERS)
        more = {
            "p90": members[len(members) * 9 // 10],
            "never": sum(one > MEMBERS for one in members),
            "by_fifth": round(sum(one <= 5 for one in members) / len(members), 3),
            "recall": round(statistics.mean(run.recall[scheme] for run in runs), 3),
        }
        lines.append(line | more)
    return lines


def _of_honest(honest: dict[str, list[int]]) -> list[dict[str, Any]]:
    """Of all, then way by way of sharing."""
    every = [sum(counts[place] for counts in honest.values()) for place in range(3)]
    lines = []
    for way, (looked, held, stepped) in [("all", every), *sorted(honest.items())]:
        line = figure(f"mirror.false_alarm_share.{way or 'sharing_nothing'}", held / looked, "share", looked)
        lines.append(line | {"held": held, "stepped_up": stepped, "stepped_up_share": round(stepped / looked, 4)})
    return lines


if __name__ == "__main__":
    main()
