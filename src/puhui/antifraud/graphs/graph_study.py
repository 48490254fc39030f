"""`puhui mirror graph`: from a folder of nodes and edges to scores and figures, beside boosted trees without the graph.

Training labels fit and feed label features, validation labels stop and choose, test labels only judge. Seconds are those of this process:
features from coded ids to matrices, fit with all candidates, score of the nodes asked for.
"""

import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.antifraud.core.graph import calibration, choosing, judging, nodes
from puhui.antifraud.core.graph.blocks import Asked, Blocks, blocks_of
from puhui.antifraud.core.graph.links import Links, link, seconds_of
from puhui.antifraud.core.graph.members import Rowwise
from puhui.antifraud.core.graph.neighbourhood import Neighbourhood, Times, look
from puhui.antifraud.core.graph.nodes import Nodes
from puhui.antifraud.core.graph.terms import Terms, in_force
from puhui.antifraud.graphs import files
from puhui.antifraud.graphs.ring_study import peak_mb
from puhui.kernel.refusal import Refusal, Refused

KINDS_MOST = 30


@dataclass(frozen=True, slots=True)
class GraphStudy:
    """`answer`: what is printed; the rest is what scores and reasons are written from."""

    answer: dict[str, Any]
    nodes: Nodes
    blocks: Blocks
    choice: choosing.Choice


@dataclass(frozen=True, slots=True)
class Question:
    """`all_nodes`: scores are wanted for every listed node, not for test alone; `as_of`: nothing later is seen."""

    folder: Path
    seed: int
    all_nodes: bool = False
    as_of: str | None = None


def study(question: Question, *, terms: Terms | None = None) -> GraphStudy:
    """Read, link, look around, choose, judge. Raises Refused where a table cannot be used."""
    terms = terms or in_force()
    clock = [time.perf_counter()]
    table, read, links = _tables(question.folder)
    cut = _as_of(question.as_of)
    listed = nodes.nodes_of(table, terms, seed=question.seed, as_of=cut)
    del table
    clock.append(time.perf_counter())
    near = look(links, times=_times(listed, links), as_of=cut, kinds_most=KINDS_MOST)
    rows = _rows(listed, question.all_nodes)
    ordered = _order(listed, links, terms)
    blocks = blocks_of(listed, links, near, Asked(rows, terms, question.seed, ordered is None))
    places = _rowwise(listed, rows)
    size = choosing.size_of(places, terms)
    for candidate in terms.candidates(size):
        blocks.together(candidate["blocks"])
    clock.append(time.perf_counter())
    choice = choosing.choose(blocks, places, terms=terms, seed=question.seed)
    clock.append(time.perf_counter())
    test = np.flatnonzero((listed.split[rows] == nodes.TEST) & (places.label >= 0))
    score, alone = choice.scored(blocks, test)
    clock.append(time.perf_counter())
    notes = [*read.notes, *listed.notes, *blocks.told, *([ordered] if ordered else [])]
    answer = _answer(listed, links, near, notes) | _figures(places.label[test], score, alone, choice)
    answer["seconds"] = dict(zip(("read", "features", "fit", "score"), (round(after - before, 3) for before, after in pairwise(clock))))  # fmt: skip
    answer |= {"columns": max((len(one.columns) for one in choice.tried), default=0), "terms": terms.version, "peak_mb": peak_mb()}  # fmt: skip
    return GraphStudy(answer, listed, blocks, choice)


def scores(found: GraphStudy) -> pl.DataFrame:
    """id, split, score (log-odds), chance (calibrated on validation), reasons (of so many as the terms say) of every node whose row
    was made, highest first."""
    rows = found.blocks.rows
    score, _ = found.choice.scored(found.blocks, np.arange(len(rows)))
    order = np.argsort(-score, kind="stable")
    words = np.array(["train", "val", "test", ""])[found.nodes.split[rows]]
    first = order[: found.blocks.terms.reading["reasons_most"]]
    told = found.choice.reasons(found.blocks, first)
    return pl.DataFrame({
        "id": found.nodes.ids.gather(rows[order]), "split": words[order], "score": score[order],
        "chance": found.choice.calibration.chances(score[order]), "reasons": told + [None] * (len(rows) - len(first)),
    }, schema_overrides={"reasons": pl.String})  # fmt: skip


def _tables(folder: Path) -> tuple[pl.DataFrame, files.Read, Links]:
    if not folder.is_dir():
        raise Refused(Refusal("GRAPH_FOLDER_ABSENT", "没有这个文件夹 · no such folder; it holds nodes.parquet and edges.parquet", str(folder)))  # fmt: skip
    told = files.read_nodes(folder)
    table = told.frame
    if not table.height:
        raise Refused(Refusal("GRAPH_EMPTY", "没有节点 · there are no nodes", str(folder)))
    nodes.check_ids(table)
    read = files.read_edges(folder)
    notes = (*told.notes, *read.notes)
    return table, files.Read(read.frame, notes), link(read.frame, ids=table["id"])


def _as_of(text: str | None) -> float | None:
    if text is None:
        return None
    return float(seconds_of(pl.Series("as_of", [text]), where="--as-of")[0])


def _times(listed: Nodes, links: Links) -> Times | None:
    """Of all nodes of the links. A label without a time of its own is known strictly after its node's time."""
    if listed.at is None:
        return None
    at = np.full(links.nodes, -np.inf)
    at[: len(listed.ids)] = np.nan_to_num(listed.at, nan=-np.inf)
    label_at = np.full(links.nodes, -np.inf)
    known = listed.label_at if listed.label_at is not None else np.nextafter(listed.at, np.inf)
    label_at[: len(listed.ids)] = np.nan_to_num(known, nan=-np.inf)
    return Times(at, label_at)


def _rows(listed: Nodes, all_nodes: bool) -> npt.NDArray[np.int64]:
    if all_nodes:
        return np.arange(len(listed.ids))
    return np.flatnonzero((listed.label >= 0) & (listed.split >= 0))


def _rowwise(listed: Nodes, rows: npt.NDArray[np.int64]) -> Rowwise:
    label, split = listed.label[rows], listed.split[rows]
    known = label >= 0
    return Rowwise(np.flatnonzero(known & (split == nodes.TRAIN)), np.flatnonzero(known & (split == nodes.VAL)), label)


def _order(listed: Nodes, links: Links, terms: Terms) -> str | None:
    """Whether test comes after training: then absolute times would only tell the parts apart."""
    if links.at is None:
        return None
    ends = np.concatenate([links.src, links.dst])
    at = np.nan_to_num(np.concatenate([links.at, links.at]), nan=0.0)
    count = np.bincount(ends, minlength=links.nodes)[: len(listed.ids)]
    mean = np.bincount(ends, at, links.nodes)[: len(listed.ids)] / np.maximum(count, 1)
    asked = (count > 0) & (listed.label >= 0) & np.isin(listed.split, (nodes.TRAIN, nodes.TEST))
    later = judging.judged((listed.split[asked] == nodes.TEST).astype(np.int8), mean[asked]).auroc
    if later is None or max(later, 1 - later) < terms.reading["order_auc"]:
        return None
    return f"the split is in order of time (a test node's edges are later with chance {later:.3f}): first and last edge times are left out"


def _answer(listed: Nodes, links: Links, near: Neighbourhood, notes: list[str]) -> dict[str, Any]:
    told = {name: count for name, count in {**links.told, **listed.told, **near.told}.items() if name != "rows"}
    told["parallel_edges"] = int(near.whole.data.sum() / 2 - near.whole.nnz / 2) if not near.timed else 0
    counts = {
        name: [int(((listed.split == code) & (listed.label == 0)).sum()), int(((listed.split == code) & (listed.label == 1)).sum())]
        for name, code in (("train", nodes.TRAIN), ("val", nodes.VAL), ("test", nodes.TEST))
    }  # fmt: skip
    return {
        "nodes": len(listed.ids), "edges": links.told["rows"], "features": len(listed.names), "kinds": max(1, len(links.kinds)),
        "labels": counts, "time": "nodes" if near.timed else "edges" if links.at is not None else "none", "told": told, "notes": notes,
    }  # fmt: skip


def _figures(
    label: npt.NDArray[np.int8], score: choosing.Scores, alone: dict[str, choosing.Scores], choice: choosing.Choice
) -> dict[str, Any]:
    told = judging.judged(label, score)
    members = [
        {"name": one.name, "blocks": list(one.blocks), "weight": choice.weights.get(one.name, 0), "validation": _rounded(one.validation)}
        for one in choice.tried
    ]  # fmt: skip
    own = [one.name for one in choice.tried if one.blocks == ("own",)]
    without = _rounded(judging.judged(label, alone[own[0]])) if own else None
    validation = None if choice.validation is None else _rounded(choice.validation)
    return _rounded(told) | {
        "k": int((label == 1).sum()), "without_graph": without, "validation": validation, "members": members,
        "calibration": _calibrated(label, score, choice.calibration),
    }  # fmt: skip


def _calibrated(label: npt.NDArray[np.int8], score: choosing.Scores, fitted: calibration.Calibration) -> dict[str, Any]:
    """How chances were made of scores, and how far they are from shares on test (expected calibration error over tenths)."""
    wrong = calibration.error(fitted.chances(score), label) if len(label) else None
    return {
        "slope": round(fitted.slope, 6), "shift": round(fitted.shift, 6), "rows": fitted.rows, "frauds": fitted.frauds,
        "test_error": None if wrong is None else round(wrong, 6),
    }  # fmt: skip


def _rounded(told: judging.Judged) -> dict[str, float | None]:
    figures = {"auroc": told.auroc, "auprc": told.auprc, "recall_at_k": told.recall_at_k}
    return {name: None if value is None else round(value, 6) for name, value in figures.items()}
