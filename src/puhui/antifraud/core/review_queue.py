"""The review queue (复核队列): what a reviewer should look at first, and down to which score, so that an hour saves the most money.

An hour of review of a case saves, in expectation, score × amount × loss share, less what turning a good applicant away would cost,
(1 − score) × amount × margin, less the reviewer. The capacity is people × hours × 60 ÷ minutes a case; the threshold is the worth of
the last case that it reaches, never below nought.

>>> figures = {"reviewers": 1, "hours_a_day": 1, "minutes_a_case": 30, "loss_share": 0.8, "margin_share": 0.03, "cost_an_hour_minor": 6000}
>>> ranked = rank([(0.9, 1_000_000), (0.1, 50_000_000), (0.5, 20_000_000), (0.001, 10_000)], figures)
>>> [(each.place, each.within_capacity) for each in ranked]
[(2, False), (1, True), (0, True), (3, False)]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Worth:
    """`place` in the queue from 0; money in fen."""

    place: int
    saved_an_hour_minor: int
    within_capacity: bool


def capacity(figures: Mapping[str, Any]) -> int:
    """Cases a day."""
    return int(figures["reviewers"] * figures["hours_a_day"] * 60 // figures["minutes_a_case"])


def rank(cases: Sequence[tuple[float, int]], figures: Mapping[str, Any]) -> list[Worth]:
    """(score, amount in fen) of each → its worth, in the order given."""
    hours = figures["minutes_a_case"] / 60
    worth = [
        int((score * amount * figures["loss_share"] - (1 - score) * amount * figures["margin_share"]) / hours)
        - figures["cost_an_hour_minor"]
        for score, amount in cases
    ]
    order = sorted(range(len(cases)), key=lambda place: (-worth[place], place))
    places = {place: rank for rank, place in enumerate(order)}
    most = capacity(figures)
    return [Worth(places[n], worth[n], places[n] < most and worth[n] > 0) for n in range(len(cases))]
