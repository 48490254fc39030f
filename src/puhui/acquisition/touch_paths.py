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

from django.db import connection

from puhui.acquisition import day_counts
from puhui.acquisition.core import touch_credit
from puhui.acquisition.core.touch_credit import Credit, Path
from puhui.acquisition.evaluation_terms import terms

_CHINA = ZoneInfo("Asia/Shanghai")
RULES: dict[str, Callable[[Sequence[Path]], Credit]] = {
    "last": touch_credit.last, "first": touch_credit.first, "even": touch_credit.even, "position": touch_credit.position,
    "markov": touch_credit.markov, "shapley": touch_credit.shapley,
}  # fmt: skip
UNITS = {"media": ("media",), "campaign": ("media", "campaign"), "creative": ("media", "campaign", "creative")}
OTHERS = "…"
_SEPARATOR = " / "
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
    """((units in order, results, without, fen) of every way; people and fen without a click).

    Nearly all clicks in vain are their device's only one. How many clicks there were is kept by day: those of people with the result are taken off
    it, and those of devices that came again, which alone are put in order. A click without a device is a way of its own.
    """
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (asked.since, asked.until))
    given: dict[str, Any] = {
        "kind": asked.kind,
        "opens": opens,
        "closes": closes,
        "window": timedelta(days=asked.window_days),
    }
    vain: Counter[tuple[str, ...]] = Counter()
    rows: list[tuple[tuple[str, ...], int, int, int]] = []
    untouched = (0, 0)
    with connection.cursor() as cursor:
        for *place, _on, number in day_counts.clicks_by_place(cursor, asked.since, asked.until):
            vain[(_SEPARATOR.join(place[: len(UNITS[asked.unit])]),)] += number
        cursor.execute(_WAYS.format(unit=f"concat_ws('{_SEPARATOR}', {', '.join(UNITS[asked.unit])})"), given)
        for what, way, number, minor in cursor.fetchall():
            if what == "result" and way:
                rows.append((tuple(way), number, 0, int(minor)))
            elif what == "result":
                untouched = (number, int(minor))
            elif what == "theirs":
                vain[tuple(way)] -= number
            else:
                vain[tuple(way)] += number
                for unit in way:
                    vain[(unit,)] -= number
    return rows + [(way, 0, number, 0) for way, number in sorted(vain.items()) if number], untouched


# People with the result; every click of their devices, and those of their click ids that have none; devices that clicked again in the period. One statement:
# what stands between is held in memory, and whoever is looked up is looked up by index, whatever the planner knows of a young table.
_WAYS = """
WITH result AS MATERIALIZED (
    SELECT row_number() OVER () AS person, s.at, s.value_minor, o.began_at, o.click_ids, o.devices FROM (
        SELECT subject, min(happened_at) AS at, coalesce(sum(value_minor), 0) AS value_minor FROM acquisition_signal
         WHERE kind = %(kind)s AND subject <> '' AND happened_at >= %(opens)s AND happened_at < %(closes)s GROUP BY subject) s
      JOIN acquisition_owed o USING (subject)
), seen AS MATERIALIZED (
    SELECT r.person, r.value_minor, c.happened_at <= r.at AND c.happened_at > r.began_at - %(window)s AS touched, own.device, c.*
      FROM result r CROSS JOIN LATERAL unnest(r.devices) AS own(device) CROSS JOIN LATERAL (
           SELECT id, happened_at, key, {unit} AS unit FROM acquisition_signal a
            WHERE a.device = own.device AND a.device IS NOT NULL AND a.kind = 'click' OFFSET 0) c
     UNION ALL
    SELECT r.person, r.value_minor, c.happened_at <= r.at AND c.happened_at > r.began_at - %(window)s, NULL, c.*
      FROM result r CROSS JOIN LATERAL unnest(r.click_ids) AS own(click_id) CROSS JOIN LATERAL (
           SELECT id, happened_at, key, {unit} AS unit FROM acquisition_signal a
            WHERE a.click_id = own.click_id AND a.click_id <> '' AND a.kind = 'click' AND a.device IS NULL OFFSET 0) c
), ways AS (
    SELECT min(value_minor) AS value_minor, array_agg(unit ORDER BY happened_at, key) FILTER (WHERE touched) AS way
      FROM (SELECT person, value_minor, touched, unit, happened_at, key FROM seen
             UNION ALL SELECT person, value_minor, FALSE, '', at, NULL FROM result) AS each GROUP BY person
), theirs AS (
    SELECT DISTINCT id, unit FROM seen WHERE (touched OR device IS NOT NULL) AND happened_at >= %(opens)s AND happened_at < %(closes)s
), again AS MATERIALIZED (
    SELECT device FROM acquisition_signal
     WHERE kind = 'click' AND device IS NOT NULL AND happened_at >= %(opens)s AND happened_at < %(closes)s
     GROUP BY device HAVING count(*) > 1
), vain AS (
    SELECT array_agg(unit ORDER BY happened_at, key) AS way FROM again CROSS JOIN LATERAL (
           SELECT happened_at, key, {unit} AS unit FROM acquisition_signal a
            WHERE a.device = again.device AND a.device IS NOT NULL AND a.kind = 'click' OFFSET 0) c
     WHERE happened_at >= %(opens)s AND happened_at < %(closes)s
       AND device NOT IN (SELECT device FROM seen WHERE device IS NOT NULL) GROUP BY device
)
SELECT 'result', way, count(*), sum(value_minor) FROM ways GROUP BY way
 UNION ALL
SELECT 'theirs', ARRAY[unit], count(*), 0 FROM theirs GROUP BY unit
 UNION ALL
SELECT 'vain', way, count(*), 0 FROM vain GROUP BY way
"""
