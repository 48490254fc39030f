"""Which feature sets are used: candidates are fitted on training rows, and validation rows say which are averaged.

Greedy ensemble with repeats (Caruana, Niculescu-Mizil, Crew & Ksikes 2004), begun with the best single candidate: so the graph is used only
where it helps. Test labels are never read here.
"""

from dataclasses import dataclass, field

import numpy as np

from puhui.antifraud.core.graph import judging, members
from puhui.antifraud.core.graph.blocks import Blocks
from puhui.antifraud.core.graph.members import Rowwise, Scorer, Scores
from puhui.antifraud.core.graph.terms import Terms


@dataclass(frozen=True, slots=True)
class Fitted:
    """A candidate: its feature set, scorer, columns, and how it did on validation."""

    name: str
    blocks: tuple[str, ...]
    scorer: Scorer
    columns: tuple[str, ...]
    validation: judging.Judged


@dataclass(slots=True)
class Choice:
    """`weights`: a candidate's name → how many times it counts in the mean; `tried`: all candidates."""

    tried: list[Fitted]
    weights: dict[str, int] = field(default_factory=dict)
    validation: judging.Judged | None = None

    def used(self) -> list[Fitted]:
        return [one for one in self.tried if one.name in self.weights]

    def scored(self, blocks: Blocks, rows: members.Rows) -> tuple[Scores, dict[str, Scores]]:
        """Log-odds of `rows` (places in the study's matrix), and those of each member and of the candidate without the graph."""
        alone = {
            one.name: one.scorer.scored(blocks.together(one.blocks).values, rows)
            for one in self.tried
            if one.name in self.weights or one.blocks == ("own",)
        }
        total, count = np.zeros(len(rows)), 0
        for name, weight in self.weights.items():
            total, count = total + weight * alone[name], count + weight
        return total / count, alone


def size_of(rows: Rowwise, terms: Terms) -> str:
    """`small` graphs try all candidates with several seeds, `large` ones the short list."""
    return "large" if len(rows.train) > terms.budget["large_rows"] else "small"


def choose(blocks: Blocks, rows: Rowwise, *, terms: Terms, seed: int) -> Choice:
    """Fit the candidates that have a column, and average by validation."""
    size = size_of(rows, terms)
    tried: list[Fitted] = []
    held: dict[str, Scores] = {}
    label = rows.label[rows.val]
    seen: set[tuple[str, ...]] = set()
    for candidate in terms.candidates(size):
        block = blocks.together(candidate["blocks"])
        present = tuple(name for name in candidate["blocks"] if blocks.block(name).names)
        net = candidate["name"] == "net"
        if not present or (present in seen and not net) or (net and len(rows.train) > terms.net["rows_most"]):
            continue
        seen.add(present)
        scorer: Scorer
        if net:
            scorer = members.fit_net(block.values, rows, terms=terms, seed=seed)
        else:
            scorer = members.fit_trees(block.values, rows, size=size, terms=terms, seed=seed)
        held[candidate["name"]] = scorer.scored(block.values, rows.val)
        told = judging.judged(label, held[candidate["name"]])
        tried.append(Fitted(candidate["name"], present, scorer, block.names, told))
    choice = Choice(tried)
    choice.weights, choice.validation = averaged(held, label, terms)
    return choice


def averaged(
    held: dict[str, Scores], label: members.npt.NDArray[np.int8], terms: Terms
) -> tuple[dict[str, int], judging.Judged]:
    """Times each candidate counts: the best alone, then whichever lifts the mean most, while it lifts it by the least gain."""
    names = list(held)
    alone = {name: judging.judged(label, held[name]) for name in names}
    best = max(names, key=lambda name: (alone[name].merit, -names.index(name)))
    weights, total, reached = {best: 1}, held[best].copy(), alone[best]
    for count in range(2, terms.choice["members_most"] + 1):
        tries = {name: judging.judged(label, (total + held[name]) / count) for name in names}
        name = max(names, key=lambda one: (tries[one].merit, -names.index(one)))
        if tries[name].merit < reached.merit + terms.choice["least_gain"]:
            break
        weights[name] = weights.get(name, 0) + 1
        total, reached = total + held[name], tries[name]
    return weights, reached
