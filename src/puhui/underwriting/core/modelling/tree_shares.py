"""SHAP values of trees for many rows at once, from tables made once a model instead of a walk through every tree for every row.

What a leaf shares out to the features of its path depends on nothing but which conditions of the path a row meets, so it is worked out
once for every such pattern (Yang 2021, Fast TreeSHAP, arXiv:2109.09847, its second version); leaves that stand together are added up into one
table over the patterns of their nodes. The values are those of XGBoost's own path-dependent TreeSHAP (Lundberg & Lee 2017), in double
precision: exact for trees, up to rounding.

>>> shared = shapley(np.array([[0.25, 0.5]]), np.array([2.0]))  # a leaf of value 2 behind two conditions, met by 1/4 and 1/2 of rows
>>> shared[0, 3].tolist(), shared[0, 0].tolist()  # both met: 2 − 0.25 is shared out; none met: −0.25 is
([1.125, 0.625], [-0.125, -0.125])
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
NODES = 8  # nodes of one table: their pattern is one byte
ROWS = 8_192  # rows that stay in the processor's cache
_LEAVES = 1_024


@dataclass(frozen=True, slots=True)
class _Node:
    """A condition. `rises`: a bit says "not less than the threshold" (what is missing goes left) and not "less"; of words, the bit says
    "goes left"."""

    feature: int
    threshold: np.float32
    rises: bool
    words_left: npt.NDArray[np.bool_] | None
    missing_left: bool


@dataclass(frozen=True, slots=True)
class _Group:
    """Leaves that stand together: their nodes, and a table of each feature over the patterns of the nodes' bits."""

    nodes: tuple[_Node, ...]
    features: tuple[int, ...]
    tables: Floats  # features by patterns


@dataclass(frozen=True, slots=True)
class TreeShares:
    """Tables of one XGBoost model."""

    inputs: int
    groups: tuple[_Group, ...]

    @staticmethod
    def of(booster: Any) -> "TreeShares":
        """From a booster with numeric splits and splits of words."""
        stored = json.loads(bytes(booster.save_raw(raw_format="json")))["learner"]
        trees = [_Tree.of(tree) for tree in stored["gradient_booster"]["model"]["trees"]]
        tables = _leaf_tables(trees)
        groups = (
            tree.group(top, ancestors, tables[number])
            for number, tree in enumerate(trees)
            for top, ancestors in tree.tops()
        )
        return TreeShares(int(stored["learner_model_param"]["num_feature"]), tuple(groups))

    def shares(self, matrix: Singles) -> Floats:
        """Rows by inputs: how much each input adds to the log-odds of a row."""
        parts = [self._some(matrix[start : start + ROWS]) for start in range(0, len(matrix), ROWS)]
        return np.concatenate(parts) if parts else np.zeros((0, self.inputs))

    def _some(self, rows: Singles) -> Floats:
        columns = np.ascontiguousarray(rows.T)
        total, taken = np.zeros((self.inputs, len(rows))), np.empty(len(rows))
        for group in self.groups:
            narrow: Any = np.uint8 if len(group.nodes) <= NODES else np.uint16
            pattern: Any = np.zeros(len(rows), dtype=narrow)
            for place, node in enumerate(group.nodes):
                bits = _bits(columns[node.feature], node).view(np.uint8)
                pattern |= bits.astype(narrow, copy=False) << narrow(place)
            places = pattern.astype(np.intp)
            for feature, table in zip(group.features, group.tables, strict=True):
                total[feature] += np.take(table, places, out=taken, mode="clip")
        return total.T


def _bits(values: Singles, node: _Node) -> npt.NDArray[np.bool_]:
    if node.words_left is None:
        return values >= node.threshold if node.rises else values < node.threshold
    missing = np.isnan(values)
    known = np.where(missing, 0, values).astype(np.intp)
    left = node.words_left[np.minimum(known, len(node.words_left) - 1)]
    return np.where(missing, node.missing_left, left)


@dataclass(frozen=True, slots=True)
class _Tree:
    """A tree as XGBoost stores it; `paths`: of each leaf its features in order, and the nodes on its way with the side taken."""

    left: list[int]
    right: list[int]
    nodes: dict[int, _Node]
    values: list[float]
    cover: list[float]
    paths: dict[int, tuple[tuple[int, ...], tuple[tuple[int, bool], ...]]]

    @staticmethod
    def of(stored: dict[str, Any]) -> "_Tree":
        left, right = stored["left_children"], stored["right_children"]
        words = {
            node: stored["categories"][start : start + size]
            for node, start, size in zip(
                stored["categories_nodes"], stored["categories_segments"], stored["categories_sizes"], strict=True
            )
        }
        nodes = {number: _node(stored, number, words.get(number)) for number, child in enumerate(left) if child >= 0}
        tree = _Tree(left, right, nodes, stored["split_conditions"], stored["sum_hessian"], {})
        tree.paths.update(tree._walked(0, ()))
        return tree

    def _walked(self, at: int, way: tuple[tuple[int, bool], ...]) -> Iterator[tuple[int, Any]]:
        if at not in self.nodes:
            yield at, (tuple(dict.fromkeys(self.nodes[node].feature for node, _ in way)), way)
            return
        yield from self._walked(self.left[at], (*way, (at, True)))
        yield from self._walked(self.right[at], (*way, (at, False)))

    def met(self, leaf: int) -> list[float]:
        """Of each feature on a leaf's path the share of training weight that meets its conditions."""
        features, way = self.paths[leaf]
        shares = dict.fromkeys(features, 1.0)
        for node, goes_left in way:
            shares[self.nodes[node].feature] *= (
                self.cover[(self.left if goes_left else self.right)[node]] / self.cover[node]
            )
        return list(shares.values())

    def tops(self, at: int = 0, ancestors: tuple[int, ...] = ()) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Subtrees that, with the way to them, have nodes enough for one table."""
        if at not in self.nodes and not ancestors:
            return
        if at not in self.nodes or len(ancestors) + len(self._below(at)) <= NODES:
            yield at, ancestors
            return
        for child in (self.left[at], self.right[at]):
            yield from self.tops(child, (*ancestors, at))

    def _below(self, at: int) -> list[int]:
        return [] if at not in self.nodes else [at, *self._below(self.left[at]), *self._below(self.right[at])]

    def group(self, top: int, ancestors: tuple[int, ...], tables: dict[int, Floats]) -> _Group:
        """The leaves under a node added up into one table."""
        numbers = [*ancestors, *self._below(top)]
        place = {node: number for number, node in enumerate(numbers)}
        features = tuple(dict.fromkeys(self.nodes[node].feature for node in numbers))
        patterns = np.arange(1 << len(numbers))
        goes_left = {node: ((patterns >> place[node]) & 1 == 1) != self.nodes[node].rises for node in numbers}
        made = np.zeros((len(features), len(patterns)))
        for leaf, (of, way) in self.paths.items():
            if any(node not in place for node, _ in way):
                continue
            if ancestors and tuple(node for node, _ in way[: len(ancestors)]) != ancestors:
                continue
            if not (leaf == top or top in (node for node, _ in way)):
                continue
            met = np.zeros(len(patterns), dtype=np.intp)
            for number, feature in enumerate(of):
                holds = np.ones(len(patterns), dtype=bool)
                for node, side in way:
                    if self.nodes[node].feature == feature:
                        holds &= goes_left[node] == side
                met |= holds.astype(np.intp) << number
            made[[features.index(feature) for feature in of]] += tables[leaf][met].T
        return _Group(tuple(self.nodes[node] for node in numbers), features, made)


def _node(stored: dict[str, Any], number: int, words: list[int] | None) -> _Node:
    feature, threshold = stored["split_indices"][number], np.float32(stored["split_conditions"][number])
    missing_left = bool(stored["default_left"][number])
    if words is None:
        return _Node(feature, threshold, missing_left, None, missing_left)
    goes_left = np.ones(max(words, default=0) + 2, dtype=bool)  # words that are named go right
    goes_left[words] = False
    return _Node(feature, threshold, False, goes_left, missing_left)


def _leaf_tables(trees: list[_Tree]) -> list[dict[int, Floats]]:
    """What each leaf shares out, by pattern; leaves with equally many features are worked out together."""
    alike: dict[int, list[tuple[int, int]]] = {}
    for number, tree in enumerate(trees):
        for leaf, (features, _) in tree.paths.items():
            alike.setdefault(len(features), []).append((number, leaf))
    made: list[dict[int, Floats]] = [{} for _ in trees]
    for leaves in alike.values():
        for start in range(0, len(leaves), _LEAVES):
            some = leaves[start : start + _LEAVES]
            met = np.array([trees[number].met(leaf) for number, leaf in some])
            worth = np.array([trees[number].values[leaf] for number, leaf in some])
            for (number, leaf), table in zip(some, shapley(met, worth), strict=True):
                made[number][leaf] = table
    return made


def shapley(met: Floats, worth: Floats) -> Floats:
    """`met`: leaves by features, the share that meets a feature's conditions where it is not known; `worth` of each leaf. → leaves by
    patterns (bit i: the conditions of feature i are met) by features: Shapley's values of worth · Π (1, 0 or share)."""
    leaves, size = met.shape
    known = (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(np.float64)  # patterns by features
    made = np.zeros((leaves, 1 << size, size))
    weights = [math.factorial(s) * math.factorial(size - s - 1) / math.factorial(size) for s in range(size)]
    for one in range(size):
        sums = np.zeros((leaves, 1 << size, size))  # of products over coalitions, by their size
        sums[..., 0] = 1.0
        for other in range(size):
            if other == one:
                continue
            joined = sums * met[:, None, other, None]
            joined[..., 1:] += sums[..., :-1] * known[None, :, other, None]
            sums = joined
        made[..., one] = (known[None, :, one] - met[:, None, one]) * (sums @ np.array(weights))
    return made * worth[:, None, None]
