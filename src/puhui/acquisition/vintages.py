"""What the clicks of a period brought back a yuan spent, by day after the click: 0, 7, 30 and 90, each with an interval.

`tell` keeps what journeys says a person's loan earned on each day (income less loss, as the ledger books it): only the difference to what was told
before is added, so a correction years later is one more row. A day is shown once the whole vintage is that old; before, it is not known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
from django.db import connection, transaction

from puhui.acquisition import click_groups, models
from puhui.acquisition.click_groups import Label
from puhui.acquisition.core.table_design import tables
from puhui.acquisition.core.unit_cost import Return, returns


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
    rows = click_groups.earned(since, until, by, as_of=as_of)
    flows = pl.DataFrame(
        [("\t".join(label), *rest) for label, *rest in rows],
        schema={"group": pl.String, "person": pl.String, "day": pl.Int64, "amount_minor": pl.Int64}, orient="row",
    )  # fmt: skip
    level, age = tables()["interval"]["level"], (as_of - until).days + 1
    whole = click_groups.Group((), sum(group.cost_minor for group in groups))

    def line(group: click_groups.Group, people: int, own: pl.DataFrame) -> Line:
        return Line(group.label, people, group.cost_minor, returns(own, cost_minor=group.cost_minor, age_days=age, level=level))  # fmt: skip

    heads = [group.people.total() for group in groups]
    parts = {label[0]: part for label, part in flows.partition_by("group", as_dict=True).items()}
    lines = [line(group, number, parts.get("\t".join(group.label), flows.clear())) for group, number in zip(groups, heads, strict=True)]  # fmt: skip
    return [line(whole, sum(heads), flows), *lines]
