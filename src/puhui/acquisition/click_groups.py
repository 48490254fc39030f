"""Clicks of a period by media, campaign, creative or audience: what they cost, and the people who are owed to them with what became of them.

A cost stands where the media charged it. Where it charges coarser than is asked (no creative, never an audience) the cost of a campaign's day is
shared among the groups by that day's clicks, to the last fen; a day that cost money and brought no click stands under NOBODY. An audience is
one in which the clicking device stood at that moment; a device in several counts in the first by name, so that groups add to the whole.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from puhui.acquisition import day_counts
from puhui.kernel.rounding import split

_CHINA = ZoneInfo("Asia/Shanghai")
BY = ("media", "campaign", "creative", "audience")
NOBODY = "—"
Label = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`label`: media; media and campaign; media, campaign and creative; or an audience's name, empty where none. `people` by the steps they ever took."""

    label: Label
    cost_minor: int = 0
    clicks: int = 0
    people: Counter[frozenset[str]] = field(default_factory=Counter)


def groups(since: date, until: date, by: str) -> list[Group]:
    """Clicks from `since` to before `until` (China time), largest cost first. People owed to no click stand in none."""
    with connection.cursor() as cursor:
        clicks = _clicks(cursor, since, until, by)
        people = _people(cursor, since, until, by)
        costs = _costs(cursor, since, until)
    found: dict[Label, list[Any]] = {}
    per_day: dict[tuple[str, str, date], dict[Label, int]] = {}
    for media, campaign, creative, audience, on, number in clicks:
        label = _label(by, media, campaign, creative, audience)
        found.setdefault(label, [0, 0, Counter()])[1] += number
        day = per_day.setdefault((media, campaign, on), {})
        day[label] = day.get(label, 0) + number
    for media, campaign, creative, audience, kinds, number in people:
        found.setdefault(_label(by, media, campaign, creative, audience), [0, 0, Counter()])[2][frozenset(kinds)] += number  # fmt: skip
    for media, campaign, creative, on, minor in costs:
        for label, part in _shared(by, (media, campaign, creative), minor, per_day.get((media, campaign, on), {})):
            found.setdefault(label, [0, 0, Counter()])[0] += part
    made = [Group(label, *held) for label, held in found.items()]
    return sorted(made, key=lambda each: (-each.cost_minor, -each.clicks, each.label))


def earned(since: date, until: date, by: str, *, as_of: date) -> list[tuple[Label, str, int, int]]:
    """(group, person, days since their click, fen) of the people owed to the clicks of a period, up to `as_of`."""
    among, audience, join = _audience_of(by)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            {among} SELECT o.media, o.campaign, o.creative, {audience}, o.subject,
                   e."on" - (o.clicked_at AT TIME ZONE 'Asia/Shanghai')::date, sum(e.amount_minor)::bigint
              FROM acquisition_owed o JOIN acquisition_earned e ON e.subject = o.subject AND e."on" <= %s {join}
             WHERE o.clicked_at >= %s AND o.clicked_at < %s GROUP BY 1, 2, 3, 4, 5, 6
            """,
            [*_opens(since, until) * bool(among), as_of, *_opens(since, until)],
        )
        return [(_label(by, *place), subject, day, minor) for *place, subject, day, minor in cursor.fetchall()]


def _label(by: str, media: str, campaign: str, creative: str, audience: str) -> Label:
    whole = (media, campaign, creative)
    return (audience,) if by == "audience" else whole[: BY.index(by) + 1]


def _shared(by: str, place: tuple[str, str, str], minor: int, clicks: dict[Label, int]) -> list[tuple[Label, int]]:
    """A cost among the groups it belongs to."""
    if by in ("media", "campaign") or (by == "creative" and place[2]):
        return [(_label(by, *place, ""), minor)]
    if not clicks:
        return [((*place[:2], NOBODY) if by == "creative" else (NOBODY,), minor)]
    labels = sorted(clicks)
    return list(zip(labels, split(minor, [clicks[label] for label in labels]), strict=True))


# All clicks at once: whether to look up each device or to read all moves is the planner's to choose.
_AUDIENCES = """WITH k AS (
    SELECT id, media, campaign, device, happened_at FROM acquisition_signal
     WHERE kind = 'click' AND device IS NOT NULL AND happened_at >= %s AND happened_at < %s),
stood AS (
    SELECT DISTINCT ON (k.id, m.audience, m.why) k.id, k.media, k.campaign, k.happened_at, m.audience, m.inside
      FROM k JOIN acquisition_audience_move m ON m.device = k.device AND m.at <= k.happened_at
     ORDER BY k.id, m.audience, m.why, m.id DESC),
a AS (SELECT id, media, campaign, happened_at, min(audience) AS audience FROM stood WHERE inside GROUP BY 1, 2, 3, 4)"""


def _audience_of(by: str) -> tuple[str, str, str]:
    """(the WITH clause, the column, the join) that tell an audience of a person's click; nothing where it is not asked."""
    return (_AUDIENCES, "coalesce(a.audience, '')", "LEFT JOIN a ON a.id = o.click_id") if by == "audience" else ("", "''", "")  # fmt: skip


def _opens(since: date, until: date) -> list[datetime]:
    return [datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until)]


def _clicks(cursor: Any, since: date, until: date, by: str) -> list[tuple[str, str, str, str, date, int]]:
    """(media, campaign, creative, audience, day, clicks). Clicks in no audience are what is left of a day's."""
    places = day_counts.clicks_by_place(cursor, since, until)
    counted = [(media, campaign, creative, "", on, number) for media, campaign, creative, on, number in places]
    if by != "audience":
        return counted
    left: Counter[tuple[str, str, date]] = Counter()
    for media, campaign, _creative, _none, on, number in counted:
        left[media, campaign, on] += number
    cursor.execute(
        f"{_AUDIENCES} SELECT media, campaign, '', audience, (happened_at AT TIME ZONE 'Asia/Shanghai')::date, count(*) FROM a GROUP BY 1, 2, 4, 5",
        _opens(since, until),
    )
    inside: list[tuple[str, str, str, str, date, int]] = cursor.fetchall()
    for media, campaign, _creative, _audience, on, number in inside:
        left[media, campaign, on] -= number
    return inside + [(media, campaign, "", "", on, number) for (media, campaign, on), number in left.items() if number]


def _people(cursor: Any, since: date, until: date, by: str) -> Sequence[tuple[str, str, str, str, list[str], int]]:
    """(media, campaign, creative, audience, steps taken, people)."""
    among, audience, join = _audience_of(by)
    cursor.execute(
        f"{among} SELECT o.media, o.campaign, o.creative, {audience}, o.kinds, count(*) FROM acquisition_owed o {join}"
        " WHERE o.clicked_at >= %s AND o.clicked_at < %s GROUP BY 1, 2, 3, 4, 5",
        [*_opens(since, until) * bool(among), *_opens(since, until)],
    )
    return list(cursor.fetchall())


def _costs(cursor: Any, since: date, until: date) -> list[Any]:
    cursor.execute(
        'SELECT channel, campaign, creative, "on", sum(amount_minor)::bigint FROM acquisition_cost'
        ' WHERE "on" >= %s AND "on" < %s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4',
        [since, until],
    )
    return list(cursor.fetchall())
