"""What a borrower cost, by media, campaign, creative or audience, for the clicks of a period: registered, credited, funded and good, with intervals.

A period's people are those whose click fell into it, whenever they took a later step; its cost is what the media charged on its days. *Good* is a
funded person who paid a first instalment and has not defaulted so far. Young clicks have not answered yet: their cost of a good borrower falls with time.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from puhui.acquisition import click_groups
from puhui.acquisition.click_groups import Label
from puhui.acquisition.core.table_design import tables
from puhui.acquisition.core.unit_cost import UnitCost, cost_per

STAGES = ("register", "credit", "draw", "good")


@dataclass(frozen=True, slots=True)
class Line:
    """One group: its clicks, cost in fen, and the cost of one person at each of STAGES, in that order. The total has no label."""

    label: Label
    clicks: int
    cost_minor: int
    stages: tuple[UnitCost, ...]


def unit_costs(since: date, until: date, *, by: str = "campaign") -> list[Line]:
    """Clicks from `since` to before `until` (China time); groups with a cost, a click or a person, the total first."""
    groups = click_groups.groups(since, until, by)
    if not groups:
        return []
    counts = [[_reached(group.people, stage) for stage in STAGES] for group in groups]
    total = [sum(each) for each in zip(*counts, strict=True)]
    whole = _line((), sum(group.clicks for group in groups), sum(group.cost_minor for group in groups), total)
    return [whole, *(_line(group.label, group.clicks, group.cost_minor, each) for group, each in zip(groups, counts, strict=True))]  # fmt: skip


def _reached(people: Counter[frozenset[str]], stage: str) -> int:
    return sum(number for kinds, number in people.items() if _has_reached(kinds, stage))


def _has_reached(kinds: frozenset[str], stage: str) -> bool:
    if stage == "good":
        return {"draw", "first_payment"} <= kinds and "default" not in kinds
    return stage in kinds


def _line(label: Label, clicks: int, cost_minor: int, counts: Sequence[int]) -> Line:
    level = tables()["interval"]["level"]
    return Line(label, clicks, cost_minor, tuple(cost_per(cost_minor=cost_minor, count=count, level=level) for count in counts))  # fmt: skip
