"""What the known labels around a node say: shares of fraud among neighbours and on short walks.

Rule kept: no label tells on its own node. Training rows are cut into folds; the features of a fold are made of the labels of the other
folds only, those of all other nodes of the labels of all folds. Only training labels are used. The share one hop away needs no
folds: without self-loops a node is no neighbour of itself. Walks are sums, so every fold's labels walk once, side by side, and a node
adds up the other folds'.

>>> from scipy import sparse
>>> triangle = sparse.csr_array(np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]], np.float32))
>>> told = dict(columns(triangle, triangle, fraud=np.array([True, False, False]), known=np.array([True, True, False]),
...                     settings=Settings(folds=2, prior_weight=2.0, steps=2, keep=0.5), seed=1))
>>> told["labelled neighbours"].tolist(), [f"{one:.3f}" for one in told["fraud share of neighbours"]]
([1.0, 1.0, 2.0], ['0.333', '0.667', '0.500'])
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from puhui.antifraud.core.graph.adjacency import Mask, degrees
from puhui.antifraud.core.graph.adjacency import Matrix as Sparse
from puhui.antifraud.core.graph.alongside import alongside

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
    fraud = fraud & known
    marked, here = labels_seen @ fraud.astype(np.float32), labels_seen @ known.astype(np.float32)
    yield "labelled neighbours", here
    yield "fraud among neighbours", marked
    yield "fraud share of neighbours", _share(marked, here, prior, settings.prior_weight)
    dice = np.random.default_rng(seed)
    fold = np.where(known, dice.integers(0, settings.folds, len(known)), -1).astype(np.int8)
    others = (fold[:, None] != np.arange(settings.folds, dtype=np.int8)).astype(np.float32)
    labels = _Labels(seen, labels_seen, fold, others, np.maximum(degrees(seen), 1)[:, None], settings)
    yield from zip(_WALKED, _walked(labels, fraud, known, prior), strict=True)


def _share(fraud: Column, known: Column, prior: float, weight: float | Column) -> Column:
    return ((fraud + weight * np.float32(prior)) / (known + weight)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Labels:
    """`fold`: a number a node whose label is known, −1 else. `others`, nodes by folds: 1 where the fold is not the node's own."""

    seen: Sparse
    labels_seen: Sparse
    fold: npt.NDArray[np.int8]
    others: Column
    many: Column
    settings: Settings


def _walked(labels: _Labels, fraud: Mask, known: Mask, prior: float) -> list[Column]:
    """The columns of _WALKED: two hops by walks between neighbours, then longer ones."""
    walks: list[tuple[Callable[[_Labels, Mask], list[Column]], Mask]] = [
        (_outwards, fraud),
        (_outwards, known),
        (_inwards, fraud),
        (_inwards, known),
    ]
    (second_fraud, out_fraud), (second, out), (in_fraud,), (inwards,) = alongside(
        lambda asked: asked[0](labels, asked[1]), walks
    )
    held = np.bincount(labels.fold[known], minlength=labels.settings.folds)
    share = np.maximum(np.append(known.sum() - held, known.sum()) / max(len(known), 1), 1e-9).astype(np.float32)
    share = share[labels.fold]  # the last one, of all folds, for nodes in none
    faint = share * np.float32(0.01)
    return [
        _share(second_fraud, second, prior, 0.5), second, _share(out_fraud, out, prior, faint), out_fraud / share,
        _share(in_fraud, inwards, prior, faint),
    ]  # fmt: skip


def _outwards(labels: _Labels, marked: Mask) -> list[Column]:
    """What the second step meets, and the weighted sum over all steps: from the node outwards, means of means."""
    step = labels.labels_seen @ _by_fold(labels, marked)
    step /= labels.many
    total, weight = _of_others(labels, step), 1.0
    second = total
    for number in range(1, max(labels.settings.steps, 2)):
        step = labels.seen @ step
        if number == 1:
            second = _of_others(labels, step)
        step /= labels.many
        weight *= labels.settings.keep
        if number < labels.settings.steps:
            total = total + np.float32(weight) * _of_others(labels, step)
    return [second, total]


def _inwards(labels: _Labels, marked: Mask) -> list[Column]:
    """The weighted sum over all steps: from the labels inwards, each node sharing out what it has among its neighbours."""
    step = _by_fold(labels, marked)
    step /= labels.many
    step = labels.labels_seen @ step
    total, weight = _of_others(labels, step), 1.0
    for _ in range(labels.settings.steps - 1):
        step /= labels.many
        step = labels.seen @ step
        weight *= labels.settings.keep
        total += np.float32(weight) * _of_others(labels, step)
    return [total]


def _by_fold(labels: _Labels, marked: Mask) -> Column:
    """1 in the column of its fold for every marked node."""
    made = np.zeros(labels.others.shape, np.float32)
    nodes = np.flatnonzero(marked)
    made[nodes, labels.fold[nodes]] = 1
    return made


def _of_others(labels: _Labels, step: Column) -> Column:
    return np.asarray(np.einsum("ij,ij->i", step, labels.others), np.float32)
