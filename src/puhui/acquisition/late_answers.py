"""How far each day's clicks have answered: people who took the step so far, and how many will have, from how long others took.

The law of the delay comes from the clicks of the last `watch_days` of tables/evaluation.toml (core/delayed_feedback.py); a step later than that is not expected. Delays are
counted in whole hours.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection

from puhui.acquisition.core.delayed_feedback import DelayCurve, Floats, Rate, corrected_rate, delay_curve
from puhui.acquisition.core.table_design import tables
from puhui.acquisition.evaluation_terms import terms

_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Day:
    """Clicks of one day, people with the step `so_far`, the share of answers that should be in (`complete`), and the rate once all are."""

    on: date
    clicks: int
    so_far: int
    complete: float | None
    rate: Rate

    @property
    def expected(self) -> tuple[float, float, float] | None:
        """People once all have answered, with the interval; None where nothing is known yet."""
        if self.rate.rate is None or self.rate.low is None or self.rate.high is None:
            return None
        return self.rate.rate * self.clicks, self.rate.low * self.clicks, self.rate.high * self.clicks


@dataclass(frozen=True, slots=True)
class Answers:
    """Days oldest first; `half_hours`: by when half of the answers are in (None: no answer yet)."""

    days: list[Day]
    half_hours: float | None


def answers(since: date, until: date, *, kind: str, media: str = "", now: datetime) -> Answers:
    """Clicks from `since` to before `until` (China time) of one media, or all."""
    watched = min(since, until - timedelta(days=terms()["answers"]["watch_days"]))
    clicks, taken = _rows(watched, until, kind, media, now)
    delay = np.array([hours for _, hours, _ in taken], dtype=np.float64)
    age = np.array([since_click for _, _, since_click in taken], dtype=np.float64)
    curve = delay_curve(delay=delay, age=np.maximum(age, delay)) if len(delay) else DelayCurve(np.zeros(0), np.zeros(0))
    level = tables()["interval"]["level"]
    days = []
    for on in (since + timedelta(days=number) for number in range((until - since).days)):
        ages: Floats = np.repeat(*_columns([(hours, number) for day, hours, number in clicks if day == on]))
        count = sum(day == on for day, _, _ in taken)
        rate = corrected_rate(conversions=count, ages=ages, curve=curve, level=level)
        days.append(
            Day(on, len(ages), count, rate.matured / len(ages) if len(ages) and len(curve.delay) else None, rate)
        )
    half = curve.delay[np.searchsorted(curve.share, 0.5)] if len(curve.delay) else None
    return Answers(days, None if half is None else float(half))


def _columns(rows: list[tuple[int, int]]) -> tuple[Floats, np.ndarray]:
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return table[:, 0].astype(np.float64), table[:, 1]


def _rows(since: date, until: date, kind: str, media: str, now: datetime) -> tuple[list[tuple[date, int, int]], list[tuple[date, int, int]]]:  # fmt: skip
    """((day, age in hours, clicks), (day of the click, hours until the step, hours since the click) of every person)."""
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until))
    only = "AND media = %(media)s" if media else ""
    given: dict[str, Any] = {"opens": opens, "closes": min(closes, now), "now": now, "kind": kind, "media": media}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_on('happened_at')}, {_hours('happened_at')}, count(*) FROM acquisition_signal"
            f" WHERE kind = 'click' AND happened_at >= %(opens)s AND happened_at < %(closes)s {only} GROUP BY 1, 2",
            given,
        )
        clicks = cursor.fetchall()
        cursor.execute(
            f"""
            SELECT {_on("clicked_at")}, greatest(ceil(extract(epoch FROM taken_at - clicked_at)::float8 / 3600), 0)::int, {_hours("clicked_at")}
              FROM (SELECT clicked_at, first_at[array_position(kinds, %(kind)s)] AS taken_at FROM acquisition_owed
                     WHERE clicked_at >= %(opens)s AND clicked_at < %(closes)s {only}) AS each
             WHERE taken_at <= %(now)s
            """,
            given,
        )
        return clicks, cursor.fetchall()


def _on(time: str) -> str:
    return f"({time} AT TIME ZONE 'Asia/Shanghai')::date"


def _hours(time: str) -> str:
    """Whole hours since; exact, for a double holds the microseconds of centuries."""
    return f"floor(extract(epoch FROM %(now)s - {time})::float8 / 3600)::int"
