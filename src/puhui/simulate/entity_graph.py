"""A made-up borrower graph with known truth (simulated): of DGraph-Fin's size if asked, for `puhui mirror graph` and its benchmark.

Its shape follows what is published of DGraph-Fin (3.7 million people, 4.3 million dated contacts of some kinds, 17 features, a third of people
with a label, fraud a little over one per cent of them); no value of that set is in it. Fraud follows from a hidden risk that features show
a little of and that neighbours share, and from rings of people who name each other within a few days.

>>> nodes, edges = entity_graph(2_000, edges=2_600, seed=1)
>>> nodes.columns[:2], nodes.columns[-2:], edges.columns, 0.005 < nodes["label"].mean() < 0.03
(['id', 'x0'], ['label', 'split'], ['src', 'dst', 'kind', 'at'], True)
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

FEATURES, TELLING, KINDS, DAYS = 17, 6, 12, 820
LABELLED, FRAUD, RING_SHARE = 0.33, 0.0125, 0.15
_Positions = npt.NDArray[np.int64]
_Reals = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Ties:
    """Who names whom, by what kind, on which day; and who is in a ring."""

    src: _Positions
    dst: _Positions
    kind: npt.NDArray[np.int8]
    day: npt.NDArray[np.int16]
    ringed: npt.NDArray[np.bool_]


def entity_graph(nodes: int, *, edges: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Node table (id, x0…x16, label, split) and edge table (src, dst, kind, at in days); labels of a third, split 70/15/15."""
    dice = np.random.default_rng(seed)
    ties = _ties(nodes, edges, dice)
    risk = dice.standard_normal(nodes, np.float32)
    around = np.bincount(ties.src, risk[ties.dst], nodes) + np.bincount(ties.dst, risk[ties.src], nodes)
    many = np.bincount(ties.src, minlength=nodes) + np.bincount(ties.dst, minlength=nodes)
    pull = 0.8 * risk + 0.8 * around / np.sqrt(np.maximum(many, 1)) + 2.5 * ties.ringed + 0.6 * dice.gumbel(size=nodes)
    fraud = pull > np.quantile(pull, 1 - FRAUD)
    columns = {f"x{place}": _feature(place, risk, dice) for place in range(FEATURES)}
    labelled = dice.random(nodes) < LABELLED
    split = np.array(["train", "val", "test"])[np.searchsorted([0.7, 0.85], dice.random(nodes), side="right")]
    table = pl.DataFrame({"id": np.arange(nodes), **columns, "label": fraud.astype(np.int8), "split": split})
    known = pl.lit(pl.Series(labelled))
    table = table.with_columns(pl.when(known).then(pl.col(name)).alias(name) for name in ("label", "split"))
    return table, pl.DataFrame({"src": ties.src, "dst": ties.dst, "kind": ties.kind, "at": ties.day})


def write_entity_graph(folder: Path, *, nodes: int, edges: int, seed: int) -> Path:
    """nodes.parquet, edges.parquet and a note that all of it is made up."""
    folder.mkdir(parents=True, exist_ok=True)
    table, links = entity_graph(nodes, edges=edges, seed=seed)
    table.write_parquet(folder / "nodes.parquet")
    links.write_parquet(folder / "edges.parquet")
    told = f"虚构数据 · simulated: {nodes} nodes, {edges} edges, seed {seed}. Nobody here exists.\n"
    (folder / "SIMULATED.txt").write_text(told, encoding="utf-8")
    return folder


def _ties(nodes: int, edges: int, dice: np.random.Generator) -> _Ties:
    """Most people know people near them, some are known by many; rings of five to forty name each other within ten days."""
    ringed = np.zeros(nodes, np.bool_)
    src, dst, day = [], [], []
    wanted = int(nodes * LABELLED * FRAUD * RING_SHARE)
    while wanted > 0:
        size = int(dice.integers(5, 41))
        people = dice.choice(nodes, min(size, nodes), replace=False)
        ringed[people] = True
        src.append(np.repeat(people, 2))
        dst.append(dice.choice(people, 2 * len(people)))
        day.append(dice.integers(0, DAYS - 10) + dice.integers(0, 10, 2 * len(people)))
        wanted -= size
    left = max(edges - sum(map(len, src)), 0)
    known = np.cumsum(dice.pareto(2.2, nodes) + 0.3)
    popular = np.searchsorted(known, dice.random(left) * known[-1]).clip(0, nodes - 1)
    start = dice.integers(0, nodes, left)
    near = (start + dice.integers(-30, 31, left)) % nodes
    src.append(start)
    dst.append(np.where(dice.random(left) < 0.6, near, popular))
    day.append(dice.integers(0, DAYS, left))
    order = dice.permutation(sum(map(len, src)))[:edges]
    kind = (dice.geometric(0.3, len(order)) - 1).clip(0, KINDS - 1).astype(np.int8)
    ends = [np.concatenate(part).astype(np.int64)[order] for part in (src, dst)]
    return _Ties(ends[0], ends[1], kind, np.concatenate(day).astype(np.int16)[order], ringed)


def _feature(place: int, risk: _Reals, dice: np.random.Generator) -> _Reals:
    """The first few show a little of the risk, the last few have gaps (missing items of a profile)."""
    value = dice.standard_normal(len(risk), np.float32)
    if place < TELLING:
        value += np.float32(0.5) * risk
    if place >= FEATURES - 4:
        value[dice.random(len(risk), np.float32) < 0.2] = np.nan
    return value
