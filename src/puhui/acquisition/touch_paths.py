"""The ways on which people were touched before a result, and what each rule of attribution gives every media, campaign or creative.

A person's touches are the clicks of their devices and click ids from a window before they began until the result. Devices that clicked and
belong to nobody with the result went the same ways in vain; removal (Markov) needs them. People without any click are told apart: no rule
can credit them. The rules are core/touch_credit.py; each of them re-adds to the whole.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from puhui.acquisition.core import touch_credit
from puhui.acquisition.core.touch_credit import Credit, Path
from puhui.acquisition.evaluation_terms import terms

_CHINA = ZoneInfo("Asia/Shanghai")
RULES: dict[str, Callable[[Sequence[Path]], Credit]] = {
    "last": touch_credit.last, "first": touch_credit.first, "even": touch_credit.even, "position": touch_credit.position,
    "markov": touch_credit.markov, "shapley": touch_credit.shapley,
}  # fmt: skip
UNITS = {
    "media": "media",
    "campaign": "media || ' / ' || campaign",
    "creative": "media || ' / ' || campaign || ' / ' || creative",
}
OTHERS = "…"
USUAL_WINDOW_DAYS = 7


@dataclass(frozen=True, slots=True)
class Asked:
    """Results of `kind` from `since` to before `until` (China time); touches by `unit` (UNITS) within `window_days` before the beginning."""

    kind: str
    since: date
    until: date
    unit: str = "media"
    window_days: int = USUAL_WINDOW_DAYS


@dataclass(frozen=True, slots=True)
class Credited:
    """`people` and `value` by rule and unit: hundredths of a person, fen. `untouched`: people without a click, and their fen."""

    paths: list[Path]
    people: dict[str, Credit]
    value: dict[str, Credit]
    results: int
    value_minor: int
    untouched: tuple[int, int]

    @property
    def units(self) -> list[str]:
        """The most credited by last click first; what is left together comes last."""
        last = self.people["last"]
        every = {unit for credit in self.people.values() for unit in credit}
        return sorted(every, key=lambda unit: (unit == OTHERS, -last.get(unit, 0), unit))

    @property
    def longest(self) -> list[tuple[int, int]]:
        """(touches on the way, people with the result), ten or more in one."""
        found: Counter[int] = Counter()
        for path in self.paths:
            if path.results:
                found[min(len(path.channels), 10)] += path.results
        return sorted(found.items())


def credited(asked: Asked) -> Credited:
    """By all rules."""
    rows, untouched = _ways(asked)
    paths = _joined(rows)
    heads = [replace(path, value_minor=100 * path.results) for path in paths]
    return Credited(
        paths,
        {name: rule(heads) for name, rule in RULES.items()},
        {name: rule(paths) for name, rule in RULES.items()},
        sum(path.results for path in paths),
        sum(path.value_minor for path in paths),
        untouched,
    )


def _joined(rows: Sequence[tuple[tuple[str, ...], int, int, int]]) -> list[Path]:
    """Paths, the rarer units under one name, so that removal stays a small system of equations."""
    touches: Counter[str] = Counter()
    for channels, results, without, _ in rows:
        for channel in channels:
            touches[channel] += results + without
    kept = {
        unit
        for unit, _ in sorted(touches.items(), key=lambda each: (-each[1], each[0]))[: terms()["touches"]["units_max"]]
    }
    sums: dict[tuple[str, ...], list[int]] = {}
    for channels, *numbers in rows:
        way = tuple(channel if channel in kept else OTHERS for channel in channels)
        held = sums.setdefault(way, [0, 0, 0])
        for place, number in enumerate(numbers):
            held[place] += number
    return [Path(way, *numbers) for way, numbers in sorted(sums.items())]


def _ways(asked: Asked) -> tuple[list[tuple[tuple[str, ...], int, int, int]], tuple[int, int]]:
    """((units in order, results, without, fen) of every way; people and fen without a click)."""
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (asked.since, asked.until))
    window = timedelta(days=asked.window_days)
    with transaction.atomic(), connection.cursor() as cursor:  # what a fault leaves behind goes with its transaction
        _gather(cursor, asked.kind, opens, closes, window)
        cursor.execute(
            f"""
            SELECT way, count(*), sum(value_minor) FROM (
                SELECT r.subject, r.value_minor, array_agg({UNITS[asked.unit]} ORDER BY t.happened_at, t.key) FILTER (WHERE t.id IS NOT NULL) AS way
                  FROM way_result r LEFT JOIN way_touch t USING (subject) GROUP BY r.subject, r.value_minor) AS each
             GROUP BY way
            """
        )
        found = cursor.fetchall()
        cursor.execute(
            f"""
            SELECT way, count(*) FROM (
                SELECT array_agg({UNITS[asked.unit]} ORDER BY happened_at, key) AS way
                  FROM acquisition_signal
                 WHERE kind = 'click' AND happened_at >= %s AND happened_at < %s
                   AND id NOT IN (SELECT id FROM way_touch) AND (device IS NULL OR device NOT IN (SELECT device FROM way_device))
                 GROUP BY coalesce(device::text, key::text)) AS each
             GROUP BY way
            """,
            [opens, closes],
        )
        vain = cursor.fetchall()
        cursor.execute("DROP TABLE way_result, way_device, way_touch")
    untouched = next(((number, int(minor)) for way, number, minor in found if not way), (0, 0))
    rows = [(tuple(way), number, 0, int(minor)) for way, number, minor in found if way]
    return rows + [(tuple(way), 0, number, 0) for way, number in vain], untouched


def _gather(cursor: Any, kind: str, opens: datetime, closes: datetime, window: timedelta) -> None:
    """Temporary tables: people with the result, their devices, the clicks that touched them."""
    cursor.execute(
        """
        CREATE TEMPORARY TABLE way_result ON COMMIT DROP AS
        SELECT s.subject, min(s.happened_at) AS at, o.began_at, coalesce(sum(s.value_minor), 0) AS value_minor
          FROM acquisition_signal s JOIN acquisition_owed o USING (subject)
         WHERE s.kind = %s AND s.subject <> '' AND s.happened_at >= %s AND s.happened_at < %s GROUP BY s.subject, o.began_at;
        CREATE TEMPORARY TABLE way_own ON COMMIT DROP AS
        SELECT DISTINCT r.subject, s.click_id, s.device FROM way_result r CROSS JOIN LATERAL
               (SELECT click_id, device FROM acquisition_signal a WHERE a.subject = r.subject AND a.subject <> '' OFFSET 0) s;
        CREATE TEMPORARY TABLE way_device ON COMMIT DROP AS
        SELECT subject, device FROM way_own WHERE device IS NOT NULL
         UNION
        SELECT w.subject, c.device FROM way_own w CROSS JOIN LATERAL
               (SELECT device FROM acquisition_signal a
                 WHERE a.click_id = w.click_id AND a.click_id <> '' AND a.kind = 'click' AND a.device IS NOT NULL OFFSET 0) c
         WHERE w.click_id <> '';
        """,
        [kind, opens, closes],
    )
    cursor.execute(
        """
        CREATE TEMPORARY TABLE way_touch ON COMMIT DROP AS
        SELECT f.* FROM way_result r JOIN (
            SELECT d.subject, c.* FROM way_device d CROSS JOIN LATERAL
                   (SELECT id, happened_at, key, media, campaign, creative FROM acquisition_signal a
                     WHERE a.device = d.device AND a.device IS NOT NULL AND a.kind = 'click' OFFSET 0) c
             UNION
            SELECT w.subject, c.* FROM way_own w CROSS JOIN LATERAL
                   (SELECT id, happened_at, key, media, campaign, creative FROM acquisition_signal a
                     WHERE a.click_id = w.click_id AND a.click_id <> '' AND a.kind = 'click' OFFSET 0) c
             WHERE w.click_id <> '') f USING (subject)
         WHERE f.happened_at <= r.at AND f.happened_at > r.began_at - %s;
        DROP TABLE way_own;
        CREATE INDEX ON way_touch (id); CREATE INDEX ON way_device (device); ANALYZE way_touch, way_device, way_result;
        """,
        [window],
    )
