"""Graphs in batch: the real ones of PUHUI_DATA over ten seeds beside trees without the graph, and a made-up one of DGraph-Fin's size.

Every command runs as a person would run it, as a process of its own; figures are the command's own answer. Run by
`python -m bench.graphs [real | made] [--seeds N]`; both when left out. The made-up graph is invented (`data: simulated`).
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.inside import figure
from bench.installation import PUHUI
from puhui.store import places

REAL = ("tolokers", "telecom_sichuan")
NODES, EDGES = 3_700_550, 4_300_999
SEEDS = 10


def main() -> None:
    """Measure and print one JSON line a figure."""
    asked = argparse.ArgumentParser()
    asked.add_argument("which", nargs="?", choices=("real", "made"))
    asked.add_argument("--seeds", type=int, default=SEEDS)
    told = asked.parse_args()
    if told.which != "made":
        real(told.seeds)
    if told.which != "real":
        made()


def real(seeds: int) -> None:
    """AUROC, AUPRC and recall over the seeds: mean and standard deviation."""
    data = places.data_dir()
    for name in REAL:
        folder = data / "graphs" / name if data else None
        if folder is None or not folder.is_dir():
            print(json.dumps({"name": f"mirror.graph.{name}", "absent": "PUHUI_DATA has no such graph"}))
            continue
        answers = [_answer(["mirror", "graph", str(folder), "--seed", str(seed)]) for seed in range(1, seeds + 1)]
        for measure in ("auroc", "auprc", "recall_at_k"):
            _spread(f"mirror.graph.{name}.{measure}", [one[measure] for one in answers])
            _spread(f"mirror.graph.{name}.without_graph.{measure}", [one["without_graph"][measure] for one in answers])
        _spread(f"mirror.graph.{name}.whole_command_seconds", [one["wall"] for one in answers])


def made() -> None:
    """Seconds and memory at DGraph-Fin's size; the goals are 120 s, 6 GB and 10 s on two cores."""
    with tempfile.TemporaryDirectory(prefix="puhui-bench-") as place:
        folder = Path(place) / "graph"
        _run(["simulate", "graph", str(folder), "--nodes", str(NODES), "--edges", str(EDGES), "--seed", "7"])
        answer = _answer(["mirror", "graph", str(folder), "--seed", "1"])
        seconds = answer["seconds"]
        for part in ("read", "features", "fit", "score"):
            _line(f"mirror.graph_made.{part}", seconds[part], "s", NODES)
        _line(
            "mirror.graph_made.features_fit_score",
            sum(seconds[part] for part in ("features", "fit", "score")),
            "s",
            NODES,
        )
        _line("mirror.graph_made.peak_memory", answer["peak_mb"], "MB", NODES)
        for measure in ("auroc", "auprc", "recall_at_k"):
            _line(f"mirror.graph_made.{measure}", answer[measure], "", answer["k"])
            _line(f"mirror.graph_made.without_graph.{measure}", answer["without_graph"][measure], "", answer["k"])
        rings = _answer(["mirror", "rings", str(folder / "edges.parquet")])
        _line("mirror.rings_made.seconds", rings["seconds"]["total"], "s", EDGES)
        _line("mirror.rings_made.whole_command", rings["wall"], "s", EDGES)
        _line("mirror.rings_made.peak_memory", rings["peak_mb"], "MB", EDGES)


def _answer(arguments: list[str]) -> dict[str, Any]:
    started = time.perf_counter()
    told = json.loads(_run([*arguments, "--json"]))
    return told | {"wall": round(time.perf_counter() - started, 3)}


def _run(arguments: list[str]) -> str:
    return subprocess.run([PUHUI, *arguments], capture_output=True, text=True, check=True).stdout


def _spread(name: str, values: list[float]) -> None:
    line = figure(name, statistics.mean(values), "", len(values))
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    print(json.dumps(line | {"data": "real", "spread": round(spread, 4)}), flush=True)


def _line(name: str, value: float, unit: str, count: int) -> None:
    print(json.dumps(figure(name, value, unit, count) | {"data": "simulated"}), flush=True)


if __name__ == "__main__":
    main()
