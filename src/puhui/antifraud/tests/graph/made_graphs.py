"""Small made-up graphs (simulated) with a known truth, written as `puhui mirror graph` reads them."""

from pathlib import Path

import numpy as np
import polars as pl


def planted(*, nodes: int = 600, seed: int = 1, told: float = 0.4) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A fifth of the nodes are fraud and mostly link to fraud; the only feature says little (`told` standard deviations)."""
    dice = np.random.default_rng(seed)
    fraud = dice.random(nodes) < 0.2
    src = dice.integers(0, nodes, nodes * 6)
    dst = dice.integers(0, nodes, nodes * 6)
    keep = (src != dst) & ((fraud[src] == fraud[dst]) | (dice.random(len(src)) < 0.25))
    split = np.array(["train", "val", "test"])[dice.choice(3, nodes, p=[0.5, 0.25, 0.25])]
    table = pl.DataFrame({
        "id": np.arange(nodes), "x": (dice.normal(size=nodes) + told * fraud).astype(np.float32),
        "label": fraud.astype(np.int8), "split": split,
    })  # fmt: skip
    return table, pl.DataFrame({"src": src[keep], "dst": dst[keep]})


def write(folder: Path, table: pl.DataFrame, edges: pl.DataFrame) -> Path:
    """Both tables in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    table.write_parquet(folder / "nodes.parquet")
    edges.write_parquet(folder / "edges.parquet")
    return folder
