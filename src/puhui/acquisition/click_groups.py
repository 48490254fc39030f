"""Clicks of a period by media, campaign, creative or audience: what they cost, and the people who are owed to them.

A cost stands where the media charged it. Where it charges coarser than is asked (no creative, never an audience) the cost of a campaign's day is
shared among the groups by that day's clicks, to the last fen; a day that cost money and brought no click stands under NOBODY. An audience is
one in which the clicking device stood at that moment; a device in several counts in the first by name, so that groups add to the whole.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from puhui.kernel.rounding import split

_CHINA = ZoneInfo("Asia/Shanghai")
BY = ("media", "campaign", "creative", "audience")
NOBODY = "—"
Label = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`label`: media; media and campaign; media, campaign and creative; or an audience's name, empty where none."""

    label: Label
    cost_minor: int = 0
    clicks: int = 0
    people: list[str] = field(default_factory=list)


def groups(since: date, until: date, by: str) -> list[Group]:
    """Clicks from `since` to before `until` (China time), largest cost first. People owed to no click stand in none."""
    with connection.cursor() as cursor:
        clicks, people = _clicks(cursor, since, until, by)
        costs = _costs(cursor, since, until)
    found: dict[Label, list[Any]] = {}
    per_day: dict[tuple[str, str, date], dict[Label, int]] = {}
    for media, campaign, creative, audience, on, number in clicks:
        label = _label(by, media, campaign, creative, audience)
        found.setdefault(label, [0, 0, []])[1] += number
        day = per_day.setdefault((media, campaign, on), {})
        day[label] = day.get(label, 0) + number
    for media, campaign, creative, audience, subject in people:
        found.setdefault(_label(by, media, campaign, creative, audience), [0, 0, []])[2].append(subject)
    for media, campaign, creative, on, minor in costs:
        for label, part in _shared(by, (media, campaign, creative), minor, per_day.get((media, campaign, on), {})):
            found.setdefault(label, [0, 0, []])[0] += part
    made = [Group(label, *held) for label, held in found.items()]
    return sorted(made, key=lambda each: (-each.cost_minor, -each.clicks, each.label))


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


_CLICKS = """WITH k AS (
    SELECT id, media, campaign, creative, device, happened_at FROM acquisition_signal
     WHERE kind = 'click' AND happened_at >= %s AND happened_at < %s)"""
# All clicks at once: whether to look up each device or to read all moves is the planner's to choose.
_AUDIENCES = """, stood AS (
    SELECT DISTINCT ON (k.id, m.audience, m.why) k.id, m.audience, m.inside
      FROM k JOIN acquisition_audience_move m ON m.device = k.device AND m.at <= k.happened_at
     ORDER BY k.id, m.audience, m.why, m.id DESC),
a AS (SELECT id, min(audience) AS audience FROM stood WHERE inside GROUP BY id)"""


def _clicks(cursor: Any, since: date, until: date, by: str) -> tuple[list[Any], list[Any]]:
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until))
    named = "coalesce(a.audience, '')" if by == "audience" else "''"
    creative = "k.creative" if by == "creative" else "''"
    among, join = (_CLICKS + _AUDIENCES, "LEFT JOIN a ON a.id = k.id") if by == "audience" else (_CLICKS, "")
    cursor.execute(
        f"{among} SELECT k.media, k.campaign, {creative}, {named}, (k.happened_at AT TIME ZONE 'Asia/Shanghai')::date, count(*)"
        f" FROM k {join} GROUP BY 1, 2, 3, 4, 5",
        [opens, closes],
    )
    clicks = cursor.fetchall()
    cursor.execute(
        f"{among} SELECT k.media, k.campaign, {creative}, {named}, o.subject FROM k"
        f" JOIN acquisition_owed o ON o.click_id = k.id {join} ORDER BY o.subject",
        [opens, closes],
    )
    return clicks, cursor.fetchall()


def _costs(cursor: Any, since: date, until: date) -> list[Any]:
    cursor.execute(
        'SELECT channel, campaign, creative, "on", sum(amount_minor)::bigint FROM acquisition_cost'
        ' WHERE "on" >= %s AND "on" < %s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4',
        [since, until],
    )
    return list(cursor.fetchall())
