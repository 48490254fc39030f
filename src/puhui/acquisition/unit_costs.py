"""What a borrower cost, by media, campaign, creative or audience, for the clicks of a period: registered, credited, funded and good, with intervals.

A period's people are those whose click fell into it, whenever they took a later step; its cost is what the media charged on its days. *Good* is a
funded person who paid a first instalment and has not defaulted so far. Young clicks have not answered yet: their cost of a good borrower falls with time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

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
    kinds = _kinds(subject for group in groups for subject in group.people)
    counts = [
        [sum(_reached(kinds[subject], stage) for subject in group.people) for stage in STAGES] for group in groups
    ]
    total = [sum(each) for each in zip(*counts, strict=True)]
    whole = _line((), sum(group.clicks for group in groups), sum(group.cost_minor for group in groups), total)
    return [whole, *(_line(group.label, group.clicks, group.cost_minor, each) for group, each in zip(groups, counts, strict=True))]  # fmt: skip


def _reached(kinds: frozenset[str], stage: str) -> bool:
    if stage == "good":
        return {"draw", "first_payment"} <= kinds and "default" not in kinds
    return stage in kinds


def _kinds(subjects: Iterable[str]) -> dict[str, frozenset[str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject, array_agg(DISTINCT kind) FROM acquisition_signal WHERE subject = ANY (%s) AND subject <> '' GROUP BY 1",
            [list(subjects)],
        )
        return {subject: frozenset(kinds) for subject, kinds in cursor.fetchall()}


def _line(label: Label, clicks: int, cost_minor: int, counts: Sequence[int]) -> Line:
    level = tables()["interval"]["level"]
    return Line(label, clicks, cost_minor, tuple(cost_per(cost_minor=cost_minor, count=count, level=level) for count in counts))  # fmt: skip
