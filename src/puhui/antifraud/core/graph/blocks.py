"""Blocks of features of the nodes that are asked for: own, place, near, far, labels, embedding; each made once, when first wanted.

What is too dear for the size of the graph is left out by the budgets of the terms, and told.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from puhui.antifraud.core.graph import aggregates, embedding, label_features, structure
from puhui.antifraud.core.graph.links import Links
from puhui.antifraud.core.graph.neighbourhood import Neighbourhood
from puhui.antifraud.core.graph.nodes import Nodes
from puhui.antifraud.core.graph.terms import Terms

Values = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
NAMES = ("own", "place", "near", "far", "labels", "embedding")


@dataclass(frozen=True, slots=True)
class Block:
    """`values`: asked rows by columns; `names` in the words of a reason."""

    values: Values
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """`rows`: nodes by position; `absolute_times`: whether first and last edges may tell (not where the split is in order of time)."""

    rows: Rows
    terms: Terms
    seed: int
    absolute_times: bool = True


@dataclass(slots=True)
class Blocks:
    """`features` and `known`, `fraud` are of all nodes of the links; `rows` are the nodes asked for."""

    near: Neighbourhood
    links: Links
    features: Values
    feature_names: tuple[str, ...]
    known: npt.NDArray[np.bool_]
    fraud: npt.NDArray[np.bool_]
    rows: Rows
    terms: Terms
    seed: int
    absolute_times: bool = True
    told: list[str] = field(default_factory=list)
    made: dict[str, Block] = field(default_factory=dict)
    joined: tuple[tuple[str, ...], Block] | None = None

    def together(self, names: Sequence[str]) -> Block:
        """The blocks side by side; those without a column (no features, no labels) add nothing."""
        if self.joined is not None and self.joined[0] == tuple(names):
            return self.joined[1]
        chosen = [self.block(name) for name in names]
        chosen = [one for one in chosen if one.names]
        if not chosen:
            return Block(np.zeros((len(self.rows), 0), np.float32), ())
        if len(chosen) == 1:
            return chosen[0]
        whole = np.hstack([one.values for one in chosen])
        start = 0
        for name in names:  # the parts become views, so that a large study holds its columns once
            part = self.made[name]
            if part.names:
                self.made[name] = Block(whole[:, start : start + len(part.names)], part.names)
                start += len(part.names)
        self.joined = (tuple(names), Block(whole, tuple(name for one in chosen for name in one.names)))
        return self.joined[1]

    def block(self, name: str) -> Block:
        """One block, from memory if it was asked for before."""
        if name not in self.made:
            if name in ("near", "far"):
                self._make_around()
            else:
                self.made[name] = _block(self._columns(name), len(self.rows))
        return self.made[name]

    def _columns(self, name: str) -> Iterator[tuple[str, Values]]:
        if name == "own":
            return ((word, self.features[self.rows, place]) for place, word in enumerate(self.feature_names))
        if name == "place":
            return self._kept(structure.columns(self.near, self.links, triangle_work=self.terms.budget["triangle_work"], absolute_times=self.absolute_times))  # fmt: skip
        if name == "labels":
            return self._kept(self._labels())
        return self._embedding()

    def _kept(self, columns: Iterator[tuple[str, Values]]) -> Iterator[tuple[str, Values]]:
        return ((name, column[self.rows]) for name, column in columns)

    def _labels(self) -> Iterator[tuple[str, Values]]:
        terms = self.terms.features
        settings = label_features.Settings(terms["folds"], terms["prior_weight"], terms["walk_steps"], terms["walk_keep"])  # fmt: skip
        yield from label_features.columns(self.near.whole_seen, self.near.labels_seen, fraud=self.fraud, known=self.known, settings=settings, seed=self.seed)  # fmt: skip
        if self.near.timed or self.near.labels_seen is not self.near.whole_seen:
            return
        prior = float(self.fraud[self.known].mean()) if self.known.any() else 0.0
        fraud, known = (self.fraud & self.known).astype(np.float32), self.known.astype(np.float32)
        for kind, seen in (*self.near.kinds, *self.near.ways):
            yield (
                f"fraud share of neighbours {kind}",
                (seen @ fraud + np.float32(prior)) / (seen @ known + np.float32(1)),
            )

    def _embedding(self) -> Iterator[tuple[str, Values]]:
        budget, seen = self.terms.budget, self.near.whole_seen
        if self.near.timed or seen.shape[0] > budget["embedding_nodes"] or seen.nnz > budget["embedding_entries"]:
            return
        made = embedding.places(seen, width=self.terms.features["embedding"], seed=self.seed)
        for place in range(made.shape[1]):
            yield f"place in graph {place + 1}", made[self.rows, place]

    def _make_around(self) -> None:
        """near: next to the node, by kind and by way as far as the budget goes; far: means of means."""
        width, budget, far = self.features.shape[1], self.terms.budget, self.terms.features["far_hops"]
        if not width:
            self.made["near"] = self.made["far"] = Block(np.zeros((len(self.rows), 0), np.float32), ())
            return
        seen = self.near.whole_seen
        cells = seen.nnz * width
        wanted = aggregates.Wanted(cells <= budget["extremes_cells"], cells <= budget["spread_cells"], far)
        whole = aggregates.around(seen, self.features, rows=self.rows, wanted=wanted)
        cut = whole.values.shape[1] - far * width
        near, names = [whole.values[:, :cut]], self._worded(whole.names, "of neighbours")
        few = aggregates.Wanted(False, False, 0)
        if self.near.kinds and width * len(self.near.kinds) <= budget["kinds_columns"]:
            for kind, matrix in self.near.kinds:
                near.append(aggregates.around(matrix, self.features, rows=self.rows, wanted=few).values)
                names += [f"mean {one} of neighbours {kind}" for one in self.feature_names]
        if self.near.ways and width <= budget["direction_columns"]:
            for way, matrix in self.near.ways:
                near.append(aggregates.around(matrix, self.features, rows=self.rows, wanted=few).values)
                names += [f"mean {one} of neighbours {way}" for one in self.feature_names]
        if not wanted.extremes:
            self.told.append("too many edges for least and greatest neighbour")
        nearest = names[:cut] + names[cut + far * width :]
        self.made["near"] = Block(near[0] if len(near) == 1 else np.hstack(near), tuple(nearest))
        self.made["far"] = Block(whole.values[:, cut:], tuple(names[cut : cut + far * width]))

    def _worded(self, recipes: list[str], tail: str) -> list[str]:
        return [f"{recipe.format(one)} {tail}" for recipe in recipes for one in self.feature_names]


def blocks_of(nodes: Nodes, links: Links, near: Neighbourhood, asked: Asked) -> Blocks:
    """Nodes of the links that the table does not list get no features and no label. Only training labels are used."""
    more = links.nodes - len(nodes.ids)
    features = nodes.features
    if more:
        unlisted = np.full((more, features.shape[1]), np.nan, np.float32)
        features = np.asfortranarray(np.vstack([features, unlisted]))
    known = np.zeros(links.nodes, np.bool_)
    known[: len(nodes.ids)] = (nodes.split == 0) & (nodes.label >= 0)
    fraud = np.zeros(links.nodes, np.bool_)
    fraud[: len(nodes.ids)] = nodes.label == 1
    return Blocks(
        near,
        links,
        features,
        nodes.names,
        known,
        fraud & known,
        asked.rows,
        asked.terms,
        asked.seed,
        asked.absolute_times,
    )


def _block(columns: Iterator[tuple[str, Values]], rows: int) -> Block:
    values, names = [], []
    for name, column in columns:
        values.append(column)
        names.append(name)
    made = np.column_stack(values).astype(np.float32) if values else np.zeros((rows, 0), np.float32)
    return Block(made, tuple(names))
