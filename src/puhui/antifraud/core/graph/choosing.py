"""Which feature sets are used: candidates are fitted on training rows, and validation rows say which are averaged.

Greedy ensemble with repeats (Caruana, Niculescu-Mizil, Crew & Ksikes 2004), begun with the best single candidate: so the graph is used only
where it helps. Test labels are never read here.
"""

from dataclasses import dataclass, field

import numpy as np

from puhui.antifraud.core.graph import calibration, judging, members, reasons
from puhui.antifraud.core.graph.blocks import Blocks
from puhui.antifraud.core.graph.calibration import Calibration
from puhui.antifraud.core.graph.members import Rowwise, Scorer, Scores, Trees
from puhui.antifraud.core.graph.terms import Terms

_PORTION = 2_000  # rows explained at a time


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
    """`weights`: a candidate's name → how many times it counts in the mean; `tried`: all candidates; `calibration`: of their mean."""

    tried: list[Fitted]
    weights: dict[str, int] = field(default_factory=dict)
    validation: judging.Judged | None = None
    calibration: Calibration = field(default_factory=Calibration)

    def used(self) -> list[Fitted]:
        return [one for one in self.tried if one.name in self.weights]

    def scored(self, blocks: Blocks, rows: members.Rows) -> tuple[Scores, dict[str, Scores]]:
        """Log-odds of `rows` (places in the study's matrix), and those of each member and of the candidate without the graph."""
        alone = {
            one.name: one.scorer.scored(blocks.together(one.blocks).values, rows)
            for one in self.tried
            if one.name in self.weights or one.blocks == ("own",)
        }
        return _mean(alone, self.weights), alone

    def reasons(self, blocks: Blocks, rows: members.Rows) -> list[str]:
        """What raised the score of each of `rows`, by the trees that weigh most (of all candidates, where only a network is used)."""
        trees = [one for one in self.tried if isinstance(one.scorer, Trees)]
        best = max(trees, key=lambda one: (self.weights.get(one.name, 0), one.validation.merit))
        assert isinstance(best.scorer, Trees)
        values = blocks.together(best.blocks).values
        told: list[str] = []
        for start in range(0, len(rows), _PORTION):
            part = values[rows[start : start + _PORTION]]
            told += reasons.told(best.scorer.shares(part), part, best.columns)
        return told


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
        if not present or (present in seen and not net):
            continue
        if net and (len(rows.train) > terms.net["rows_most"] or not rows.judgeable):
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
    if rows.judgeable:
        choice.weights, choice.validation = averaged(held, label, terms)
        choice.calibration = calibration.fit(
            _mean(held, choice.weights), label, rarest=terms.choice["calibration_rarest"]
        )
    else:
        choice.weights = {one.name: 1 for one in tried}
    return choice


def _mean(scores: dict[str, Scores], weights: dict[str, int]) -> Scores:
    """Mean log-odds of the members, by weight."""
    total = np.zeros(len(next(iter(scores.values()))))
    for name, weight in weights.items():
        total = total + weight * scores[name]
    return total / sum(weights.values())


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
