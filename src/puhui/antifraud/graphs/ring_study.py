"""`puhui mirror rings`: components, communities and cores of an edge file, with sizes, seconds and peak memory."""

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from puhui.antifraud.core.graph import adjacency, rings
from puhui.antifraud.core.graph.links import Links, link
from puhui.antifraud.graphs import files
from puhui.kernel.refusal import Refusal, Refused

MOST_SIZES = 1_000


@dataclass(frozen=True, slots=True)
class RingStudy:
    """`answer`: what is printed; the rest is what a file of members is written from."""

    answer: dict[str, Any]
    links: Links
    found: rings.Rings

    def members(self) -> pl.DataFrame:
        """One row a node: node, component, community, core."""
        ids, found = self.links.ids.alias("node"), self.found
        return pl.DataFrame([ids, pl.Series("component", found.components), pl.Series("community", found.communities), pl.Series("core", found.cores)])  # fmt: skip


def study(path: Path, *, seed: int) -> RingStudy:
    """Read, link, group. Raises Refused where the file cannot be used."""
    started = time.perf_counter()
    read = files.read_edges(path)
    if not read.frame.height:
        raise Refused(Refusal("GRAPH_EMPTY", "没有边 · there are no edges", str(path)))
    links = link(read.frame)
    matrix = adjacency.both_ways(links)
    linked = time.perf_counter()
    found = rings.find(matrix, seed=seed)
    grouped = time.perf_counter()
    told = {name: count for name, count in links.told.items() if name != "rows"}
    told["parallel_edges"] = len(links.src) - matrix.nnz // 2
    answer = {
        "nodes": links.nodes, "edges": links.told["rows"], "components": sizes(found.components),
        "communities": {**sizes(found.communities), "method": found.method, "modularity": found.modularity},
        "cores": {"deepest": int(found.cores.max(initial=0)), "nodes_in_deepest": int((found.cores == found.cores.max(initial=0)).sum())},
        "told": told, "notes": list(read.notes),
        "seconds": {"read": round(linked - started, 3), "group": round(grouped - linked, 3), "total": round(grouped - started, 3)},
        "peak_mb": peak_mb(),
    }  # fmt: skip
    return RingStudy(answer, links, found)


def sizes(labels: rings.Labels) -> dict[str, Any]:
    """`count` groups; `sizes` of them, greatest first, at most a thousand; `histogram` of all: [size, groups of that size]."""
    every = np.sort(np.bincount(labels))[::-1] if len(labels) else np.zeros(0, np.int64)
    size, groups = np.unique(every, return_counts=True)
    return {
        "count": len(every),
        "largest": int(every.max(initial=0)),
        "sizes": every[:MOST_SIZES].tolist(),
        "histogram": [[int(one), int(many)] for one, many in zip(size[::-1], groups[::-1])],
    }


def peak_mb() -> float:
    """Most memory this process has held, in MB (getrusage: KiB on Linux, bytes on macOS)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6, 1)
