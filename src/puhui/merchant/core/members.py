"""Members by recency, frequency and money (RFM): quintiles to eight groups, repeat rate, who is about to stay away.

Rules kept: a member is high on a scale from its fourth quintile up; ties share the better quintile; away means no visit for more than
twice the median gap between the member's visits (domain facts 4, tool 10).

>>> visits = {"a": [(date(2026, 1, d), 5_000) for d in (1, 8, 15)], "b": [(date(2026, 1, 2), 900)]}
>>> [(m.name, m.group, m.away) for m in members(visits, as_of=date(2026, 2, 20))]
[('a', '重要价值', True), ('b', '一般挽留', False)]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import median

GROUPS = {
    (True, True, True): ("重要价值", "champions"), (False, True, True): ("重要唤回", "win back"),
    (True, False, True): ("重要深耕", "deepen"), (False, False, True): ("重要挽留", "retain"),
    (True, True, False): ("潜力", "promising"), (True, False, False): ("新客", "new"),
    (False, True, False): ("一般维持", "keep"), (False, False, False): ("一般挽留", "let rest"),
}  # fmt: skip
_QUINTILES = 5


@dataclass(frozen=True, slots=True)
class Member:
    """`recency` in days; scores from 1 to 5; `away` may be asked only of those who came at least three times."""

    name: str
    recency: int
    visits: int
    spent_minor: int
    scores: tuple[int, int, int]
    group: str
    group_en: str
    away: bool


def members(visits: Mapping[str, Sequence[tuple[date, int]]], *, as_of: date) -> list[Member]:
    """Every member with at least one visit, those who spent most first."""
    names = [name for name, each in visits.items() if each]
    recency = [(as_of - max(day for day, _ in visits[name])).days for name in names]
    count = [len({day for day, _ in visits[name]}) for name in names]
    spent = [sum(minor for _, minor in visits[name]) for name in names]
    scores = list(zip(_scores([-days for days in recency]), _scores(count), _scores(spent), strict=True))
    found = []
    for i, name in enumerate(names):
        zh, en = GROUPS[tuple(score >= 4 for score in scores[i])]  # type: ignore[index]
        found.append(
            Member(
                name, recency[i], count[i], spent[i], scores[i], zh, en, _away([day for day, _ in visits[name]], as_of)
            )
        )
    return sorted(found, key=lambda member: (-member.spent_minor, member.name))


def repeat_rate(found: Sequence[Member]) -> Decimal | None:
    """Share of members who came on at least two days."""
    return Decimal(sum(member.visits > 1 for member in found)) / len(found) if found else None


def _scores(values: Sequence[int]) -> list[int]:
    """1 to 5 by the share of members at or below."""
    return [-(-sum(other <= value for other in values) * _QUINTILES // len(values)) for value in values]


def _away(days: Sequence[date], as_of: date) -> bool:
    ordered = sorted(set(days))
    if len(ordered) < 3:
        return False
    gaps = [(later - earlier).days for earlier, later in pairwise(ordered)]
    return (as_of - ordered[-1]).days > 2 * median(gaps)
