"""The board (看板), reads: the funnel by media and campaign, what a step cost, the newest facts, and what is wrong with the data.

A person counts once a step, on the day they took it (China time), under the click they are owed to; people without a click
stand under no media. Costs are the media's; no people means that a cost per person is not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from puhui.acquisition import dated_tables, models, steps
from puhui.acquisition.core import data_quality
from puhui.acquisition.core.data_quality import Alarm, Seen
from puhui.kernel.rounding import half_up

_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign of one media in a period: people a step, cost in fen, cost per person a step where it is known."""

    media: str
    campaign: str
    counts: dict[str, int]
    cost_minor: int
    cost_each_minor: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Board:
    """`lines` by media and campaign, `total` over all, `newest_at` the latest fact received."""

    since: date
    until: date
    kinds: tuple[steps.Step, ...]
    lines: list[Line]
    total: Line
    newest_at: datetime | None


def board(since: date, until: date) -> Board:
    """The days from `since` to before `until`."""
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until))
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for media, campaign, kind, number in _counted(opens, closes):
        counts.setdefault((media, campaign), {})[kind] = number
    costs = {(media, campaign): int(minor) for media, campaign, minor in _costs(since, until)}
    kinds = steps.steps(until - timedelta(days=1))
    lines = [_line(*pair, counts.get(pair, {}), costs.get(pair, 0)) for pair in sorted({*counts, *costs})]
    whole: dict[str, int] = {}
    for line in lines:
        for kind, number in line.counts.items():
            whole[kind] = whole.get(kind, 0) + number
    total = _line("", "", whole, sum(line.cost_minor for line in lines))
    newest = models.Signal.objects.order_by("-id").values_list("received_at", flat=True).first()
    return Board(since, until, kinds, lines, total, newest)


def alarms(day: date, *, now: datetime) -> list[Alarm]:
    """What is wrong with the day's data, gravest first, by media."""
    rows = dated_tables.in_force("data_quality.csv", "alarm", day)
    limits = {row["alarm"]: (float(row["limit"]), row["unit"], row["zh"], row["en"]) for row in rows}
    found = []
    for media in steps.MEDIA:
        seen = _seen(media, day)
        found += data_quality.alarms(media, seen, limits, now=now)
    return sorted(found, key=lambda each: (-each.times_over, each.media, each.alarm))


def seen_on(day: date) -> list[tuple[str, Seen]]:
    """(media, what came on the day held against what it said)."""
    return [(media, _seen(media, day)) for media in steps.MEDIA]


def clicks_by_day(since: date, until: date) -> dict[str, list[tuple[date, int, int | None]]]:
    """media → (day, our clicks, the media's own count where it told one) of every day from `since` to before `until`."""
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT media, (happened_at AT TIME ZONE 'Asia/Shanghai')::date, count(*) FROM acquisition_signal"
            " WHERE kind = 'click' AND happened_at >= %s AND happened_at < %s GROUP BY 1, 2",
            [opens, closes],
        )
        ours = {(media, day): number for media, day, number in cursor.fetchall()}
    days = [since + timedelta(days=number) for number in range((until - since).days)]
    return {media: [(day, ours.get((media, day), 0), _reported(media, day)) for day in days] for media in steps.MEDIA}


def conversions_by_state() -> list[tuple[str, str, int]]:
    """(media, state, number) of all that media were to be told."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT media, state, count(*) FROM acquisition_conversion GROUP BY 1, 2 ORDER BY 1, 2")
        return list(cursor.fetchall())


def known_steps(subjects: Sequence[str]) -> set[tuple[str, str]]:
    """(subject, kind) of every step that is known of these people."""
    return set(models.Signal.objects.filter(subject__in=subjects).exclude(subject="").values_list("subject", "kind"))


def chain_of(subject: str) -> dict[str, Any] | None:
    """One person's way as facts: the click they are owed to and every step, in order; None where nothing is known."""
    owed = models.Owed.objects.select_related("click").filter(subject=subject).first()
    if owed is None:
        return None
    rows = models.Signal.objects.filter(subject=subject).order_by("happened_at", "id")
    return {"owed": owed, "click": owed.click, "steps": list(rows), "rule": owed.rule}


def _line(media: str, campaign: str, counts: dict[str, int], cost: int) -> Line:
    each = {kind: half_up(Decimal(cost) / number) if number else None for kind, number in counts.items()}
    return Line(media, campaign, counts, cost, each)


def _counted(opens: datetime, closes: datetime) -> list[tuple[str, str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT media, campaign, kind, count(*) FROM acquisition_signal
             WHERE subject = '' AND happened_at >= %s AND happened_at < %s GROUP BY 1, 2, 3
             UNION ALL
            SELECT o.media, o.campaign, s.kind, count(DISTINCT s.subject)
              FROM acquisition_signal s JOIN acquisition_owed o USING (subject)
             WHERE s.subject <> '' AND s.happened_at >= %s AND s.happened_at < %s GROUP BY 1, 2, 3
            """,
            [opens, closes, opens, closes],
        )
        return list(cursor.fetchall())


def _costs(since: date, until: date) -> list[tuple[str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT channel, campaign, sum(amount_minor) FROM acquisition_cost WHERE "on" >= %s AND "on" < %s GROUP BY 1, 2',
            [since, until],
        )
        return list(cursor.fetchall())


def _seen(media: str, day: date) -> Seen:
    opens = datetime(day.year, day.month, day.day, tzinfo=_CHINA)
    closes = opens + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE click_id = '' AND device IS NULL), max(received_at),
                   percentile_disc(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM received_at - happened_at))
              FROM acquisition_signal WHERE kind = 'click' AND media = %s AND happened_at >= %s AND happened_at < %s
            """,
            [media, opens, closes],
        )
        clicks, unidentified, newest, delay = cursor.fetchone()
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE state IN ('refused', 'given_up')) FROM acquisition_conversion"
            " WHERE media = %s AND happened_at >= %s AND happened_at < %s",
            [media, opens, closes],
        )
        told, refused = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FILTER (WHERE click_id <> ''), count(*) FILTER (WHERE click_id <> '' AND owed IS NULL) FROM ("
            "SELECT s.click_id, o.click_id AS owed FROM acquisition_signal s JOIN acquisition_owed o USING (subject)"
            " WHERE s.media = %s AND s.subject <> '' AND s.happened_at >= %s AND s.happened_at < %s) AS steps",
            [media, opens, closes],
        )
        steps_with_click, unknown = cursor.fetchone()
    reported = _reported(media, day)
    return Seen(clicks, reported, unidentified, newest, None if delay is None else float(delay), steps_with_click, unknown, told, refused)  # fmt: skip


def _reported(media: str, day: date) -> int | None:
    latest: dict[str, int] = {}
    for row in models.MediaReport.objects.filter(media=media, on=day).order_by("recorded_at", "id"):
        latest[row.campaign] = row.clicks
    return sum(latest.values()) if latest else None
