"""What the clicks of a period brought back a yuan spent, by day after the click: 0, 7, 30 and 90, each with an interval.

`tell` keeps what journeys says a person's loan earned on each day (income less loss, as the ledger books it): only the difference to what was told
before is added, so a correction years later is one more row. A day is shown once the whole vintage is that old; before, it is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl
from django.db import connection, transaction

from puhui.acquisition import click_groups, models
from puhui.acquisition.click_groups import Label
from puhui.acquisition.core.table_design import tables
from puhui.acquisition.core.unit_cost import Return, returns

_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Line:
    """One group: people owed to its clicks, cost in fen, and its return by day. The total has no label."""

    label: Label
    people: int
    cost_minor: int
    returns: list[Return]


@transaction.atomic
def tell(earned: Mapping[tuple[str, date], int], *, subjects: set[str], now: datetime) -> int:
    """(person, day) → fen, all that is known of these people; answers how many rows it took to bring us there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('acquisition_earned', 8))")
        cursor.execute(
            'SELECT subject, "on", sum(amount_minor)::bigint FROM acquisition_earned WHERE subject = ANY (%s) GROUP BY 1, 2',
            [sorted(subjects)],
        )
        known = {(subject, on): minor for subject, on, minor in cursor.fetchall()}
    changes = {place: earned.get(place, 0) - known.get(place, 0) for place in sorted({*earned, *known})}
    rows = [models.Earned(subject=subject, on=on, amount_minor=minor, recorded_at=now) for (subject, on), minor in changes.items() if minor]  # fmt: skip
    models.Earned.objects.bulk_create(rows)
    return len(rows)


def vintage(since: date, until: date, *, by: str, as_of: date) -> list[Line]:
    """Clicks from `since` to before `until`; the total first, then the dearest group."""
    groups = click_groups.groups(since, until, by)
    if not groups:
        return []
    flows = _flows(since, until, as_of)
    level, age = tables()["interval"]["level"], (as_of - until).days + 1
    everybody = [subject for group in groups for subject in group.people]
    whole = click_groups.Group((), sum(group.cost_minor for group in groups), 0, everybody)
    return [
        Line(group.label, len(group.people), group.cost_minor,
             returns(flows.filter(pl.col("person").is_in(group.people)), cost_minor=group.cost_minor, age_days=age, level=level))
        for group in (whole, *groups)
    ]  # fmt: skip


def _flows(since: date, until: date, as_of: date) -> pl.DataFrame:
    """person, day since their click, fen."""
    opens, closes = (datetime(day.year, day.month, day.day, tzinfo=_CHINA) for day in (since, until))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.subject, e."on" - (k.happened_at AT TIME ZONE 'Asia/Shanghai')::date, sum(e.amount_minor)::bigint
              FROM acquisition_owed o
              JOIN acquisition_signal k ON k.id = o.click_id AND k.happened_at >= %s AND k.happened_at < %s
              JOIN acquisition_earned e ON e.subject = o.subject AND e."on" <= %s
             GROUP BY 1, 2
            """,
            [opens, closes, as_of],
        )
        rows = cursor.fetchall()
    return pl.DataFrame(rows, schema={"person": pl.String, "day": pl.Int64, "amount_minor": pl.Int64}, orient="row")
