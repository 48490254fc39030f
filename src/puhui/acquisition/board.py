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

from puhui.acquisition import dated_tables, day_counts, models, steps
from puhui.acquisition.core import data_quality, signals
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
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for media, campaign, kind, number in _counted(since, until):
        held = counts.setdefault((media, campaign), {})
        held[kind] = held.get(kind, 0) + number
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
    for media, seen in seen_on(day):
        found += data_quality.alarms(media, seen, limits, now=now)
    return sorted(found, key=lambda each: (-each.times_over, each.media, each.alarm))


def seen_on(day: date) -> list[tuple[str, Seen]]:
    """(media, what came on the day held against what it said)."""
    opens = datetime(day.year, day.month, day.day, tzinfo=_CHINA)
    period = [opens, opens + timedelta(days=1)]
    with connection.cursor() as cursor:
        clicks = day_counts.clicks_of(cursor, day)
        cursor.execute(
            "SELECT media, count(*), count(*) FILTER (WHERE state IN ('refused', 'given_up')) FROM acquisition_conversion"
            " WHERE happened_at >= %s AND happened_at < %s GROUP BY media",
            period,
        )
        told = {media: rest for media, *rest in cursor.fetchall()}
        cursor.execute(
            "SELECT s.media, count(*), count(*) FILTER (WHERE o.click_id IS NULL)"
            " FROM acquisition_signal s JOIN acquisition_owed o USING (subject)"
            " WHERE s.media <> '' AND s.subject <> '' AND s.click_id <> '' AND s.happened_at >= %s AND s.happened_at < %s GROUP BY s.media",
            period,
        )
        taken = {media: rest for media, *rest in cursor.fetchall()}
    found = []
    for media in steps.MEDIA:
        own = clicks.get(media, day_counts.Clicks())
        late = None if own.delay_s is None else float(own.delay_s)
        counts = (*taken.get(media, (0, 0)), *told.get(media, (0, 0)))
        seen = Seen(own.clicks, _reported(media, day), own.unidentified, own.newest_at, late, *counts)
        found.append((media, seen))
    return found


def clicks_by_day(since: date, until: date) -> dict[str, list[tuple[date, int, int | None]]]:
    """media → (day, our clicks, the media's own count where it told one) of every day from `since` to before `until`."""
    ours: dict[tuple[str, date], int] = {}
    with connection.cursor() as cursor:
        for media, _campaign, _creative, day, number in day_counts.clicks_by_place(cursor, since, until):
            ours[media, day] = ours.get((media, day), 0) + number
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


def _counted(since: date, until: date) -> list[tuple[str, str, str, int]]:
    """(media, campaign, kind, number): the media's facts as they were counted when they came, then people by their steps of the period."""
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until))
    with connection.cursor() as cursor:
        facts = day_counts.by_campaign(cursor, since, until)
        cursor.execute(
            """
            SELECT media, campaign, kind, count(*) FROM (
                SELECT o.media, o.campaign, s.kind, s.subject FROM acquisition_signal s JOIN acquisition_owed o USING (subject)
                 WHERE s.subject <> '' AND s.kind <> ALL (%s) AND s.happened_at >= %s AND s.happened_at < %s GROUP BY 1, 2, 3, 4) AS taken
             GROUP BY 1, 2, 3
            """,
            [list(signals.FROM_MEDIA), opens, closes],
        )
        return facts + cursor.fetchall()


def _costs(since: date, until: date) -> list[tuple[str, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT channel, campaign, sum(amount_minor) FROM acquisition_cost WHERE "on" >= %s AND "on" < %s GROUP BY 1, 2',
            [since, until],
        )
        return list(cursor.fetchall())


def _reported(media: str, day: date) -> int | None:
    latest: dict[str, int] = {}
    for row in models.MediaReport.objects.filter(media=media, on=day).order_by("recorded_at", "id"):
        latest[row.campaign] = row.clicks
    return sum(latest.values()) if latest else None
