"""What the known labels around a node say: shares of fraud among neighbours and on short walks.

Rule kept: no label tells on its own node. Training rows are cut into folds; the features of a fold are made of the labels of the other
folds only, those of all other nodes of the labels of all folds. Only training labels are used. The share one hop away needs no
folds: without self-loops a node is no neighbour of itself.

>>> from scipy import sparse
>>> triangle = sparse.csr_array(np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]], np.float32))
>>> told = dict(columns(triangle, triangle, fraud=np.array([True, False, False]), known=np.array([True, True, False]),
...                     settings=Settings(folds=2, prior_weight=2.0, steps=2, keep=0.5), seed=1))
>>> told["labelled neighbours"].tolist(), [f"{one:.3f}" for one in told["fraud share of neighbours"]]
([1.0, 1.0, 2.0], ['0.333', '0.667', '0.500'])
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from puhui.antifraud.core.graph.adjacency import Mask, degrees
from puhui.antifraud.core.graph.adjacency import Matrix as Sparse

Column = npt.NDArray[np.float32]
_WALKED = (
    "fraud share two hops out",
    "labelled two hops out",
    "fraud share on walks",
    "fraud mass on walks",
    "fraud mass spread to it",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """`prior_weight`: labelled neighbours' worth of the overall share that is mixed in; walks of `steps`, each weighing `keep` of the last."""

    folds: int
    prior_weight: float
    steps: int
    keep: float


def columns(
    seen: Sparse, labels_seen: Sparse, *, fraud: Mask, known: Mask, settings: Settings, seed: int
) -> Iterator[tuple[str, Column]]:
    """`known`: nodes whose label may be used; `fraud`: those of them that are. (name, a value a node) one after another."""
    prior = float(fraud[known].mean()) if known.any() else 0.0
    marks = _marks(fraud, known)
    here = labels_seen @ marks
    yield "labelled neighbours", here[:, 1].copy()
    yield "fraud among neighbours", here[:, 0].copy()
    yield "fraud share of neighbours", _share(here, prior, settings.prior_weight)
    walked = _walked(seen, labels_seen, marks, prior, settings)
    dice = np.random.default_rng(seed)
    fold = np.where(known, dice.integers(0, settings.folds, len(known)), -1)
    for number in range(settings.folds):
        held = fold == number
        others = _marks(fraud, known & ~held)
        walked[held] = _walked(seen, labels_seen, others, prior, settings)[held]
    for place, name in enumerate(_WALKED):
        yield name, walked[:, place].copy()


def _marks(fraud: Mask, known: Mask) -> Column:
    return np.column_stack([fraud & known, known]).astype(np.float32)


def _share(counts: Column, prior: float, weight: float) -> Column:
    return ((counts[:, 0] + weight * prior) / (counts[:, 1] + weight)).astype(np.float32)


def _walked(seen: Sparse, labels_seen: Sparse, marks: Column, prior: float, settings: Settings) -> Column:
    """Two hops by walks between neighbours, then longer ones: from the node outwards (mean of means) and from the labels inwards."""
    many = np.maximum(degrees(seen), 1)[:, None]
    here = labels_seen @ marks
    second = seen @ (here / many)
    outwards = here / many
    inwards = labels_seen @ (marks / many)
    total_out, total_in, weight = outwards.copy(), inwards.copy(), 1.0
    for _ in range(settings.steps - 1):
        weight *= settings.keep
        outwards = (seen @ outwards) / many
        inwards = seen @ (inwards / many)
        total_out += np.float32(weight) * outwards
        total_in += np.float32(weight) * inwards
    known = max(float(marks[:, 1].mean()), 1e-9)
    faint = known * 0.01
    return np.column_stack([
        _share(second, prior, 0.5), second[:, 1], _share(total_out, prior, faint), total_out[:, 0] / known,
        (total_in[:, 0] + faint * prior) / (total_in[:, 1] + faint),
    ]).astype(np.float32)  # fmt: skip
