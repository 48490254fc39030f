"""Facts of the media (clicks, impressions) counted by China day as they are stored, so that no page counts a million of them again (decision 0244).

`add` counts the facts of a table that were stored just now, in their own transaction; `count_again` counts all facts anew. Facts are never edited, so both end
in the same sums. Several rows a group (`slot`) let pushes of the same campaign go on side by side; whoever reads adds them up. A delay is kept in whole
seconds, rounded up to three figures.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from puhui.acquisition.core.signals import FROM_MEDIA

_SLOTS = 16
_UNITS = tuple(10**power for power in range(6))  # up to a hundred million seconds; older facts are refused
_LOCK = "hashtextextended('acquisition_day_count', 8)"
_ON = "(happened_at AT TIME ZONE 'Asia/Shanghai')::date"


@dataclass(frozen=True, slots=True)
class Clicks:
    """One media's clicks of a day: how many, how many without any usable id, the newest one's arrival, 95 of 100 came within `delay_s`."""

    clicks: int = 0
    unidentified: int = 0
    newest_at: datetime | None = None
    delay_s: int | None = None


def about_to_store(cursor: Any) -> None:
    """Before facts are stored: `count_again` waits until they are counted too."""
    cursor.execute(f"SELECT pg_advisory_xact_lock_shared({_LOCK})")


def add(cursor: Any, source: str) -> None:
    """Count the facts in the table `source`. Rows are taken in one order, and last in a transaction: nobody waits for long, and never in a ring.

    Few groups of many rows: they are counted by hashing, which the planner would not do for a table that it takes for small.
    """
    cursor.execute("SET LOCAL enable_sort = off")
    cursor.execute(
        f"""
        INSERT INTO acquisition_day_count ("on", media, campaign, creative, kind, slot, facts, unidentified, newest_at)
        SELECT {_ON}, media, campaign, creative, kind, pg_backend_pid() %% %s, count(*),
               count(*) FILTER (WHERE click_id = '' AND device IS NULL), max(received_at)
          FROM {source} WHERE kind = ANY (%s) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT ("on", media, campaign, creative, kind, slot) DO UPDATE SET
            facts = acquisition_day_count.facts + excluded.facts, unidentified = acquisition_day_count.unidentified + excluded.unidentified,
            newest_at = greatest(acquisition_day_count.newest_at, excluded.newest_at)
        """,
        [_SLOTS, list(FROM_MEDIA)],
    )
    cursor.execute(
        f"""
        INSERT INTO acquisition_day_delay ("on", media, slot, delay_s, clicks)
        SELECT {_ON}, media, pg_backend_pid() %% %s, {_rounded_up("delay_s")}, count(*)
          FROM {source} CROSS JOIN LATERAL (SELECT ceil(date_part('epoch', received_at - happened_at))::int AS delay_s OFFSET 0) AS took
         WHERE kind = 'click' GROUP BY 1, 2, 4 ORDER BY 1, 2, 4
        ON CONFLICT ("on", media, slot, delay_s) DO UPDATE SET clicks = acquisition_day_delay.clicks + excluded.clicks
        """,
        [_SLOTS],
    )
    cursor.execute("SET LOCAL enable_sort = on")


def count_again(cursor: Any) -> None:
    """All facts anew; whoever stores facts waits meanwhile."""
    cursor.execute(
        f"SELECT pg_advisory_xact_lock({_LOCK}); DELETE FROM acquisition_day_count; DELETE FROM acquisition_day_delay"
    )
    add(cursor, "acquisition_signal")


def by_campaign(cursor: Any, since: date, until: date) -> list[tuple[str, str, str, int]]:
    """(media, campaign, kind, facts) of the days from `since` to before `until`."""
    cursor.execute(
        'SELECT media, campaign, kind, sum(facts)::bigint FROM acquisition_day_count WHERE "on" >= %s AND "on" < %s GROUP BY 1, 2, 3',
        [since, until],
    )
    return list(cursor.fetchall())


def clicks_by_place(cursor: Any, since: date, until: date) -> list[tuple[str, str, str, date, int]]:
    """(media, campaign, creative, day, clicks)."""
    cursor.execute(
        'SELECT media, campaign, creative, "on", sum(facts)::bigint FROM acquisition_day_count'
        ' WHERE kind = \'click\' AND "on" >= %s AND "on" < %s GROUP BY 1, 2, 3, 4',
        [since, until],
    )
    return list(cursor.fetchall())


def of_campaign(cursor: Any, place: tuple[str, str], since: date, until: date) -> list[tuple[str, str, date, int]]:
    """(creative, kind, day, facts) of one campaign (media, name)."""
    cursor.execute(
        'SELECT creative, kind, "on", sum(facts)::bigint FROM acquisition_day_count WHERE media = %s AND campaign = %s AND "on" >= %s AND "on" < %s GROUP BY 1, 2, 3',
        [*place, since, until],
    )
    return list(cursor.fetchall())


def clicks_of(cursor: Any, day: date) -> dict[str, Clicks]:
    """media → its clicks of a day; media without any are left out."""
    cursor.execute(
        """
        SELECT media, counted.clicks, unidentified, newest_at, delay_s FROM (
            SELECT media, sum(facts)::bigint AS clicks, sum(unidentified)::bigint AS unidentified, max(newest_at) AS newest_at
              FROM acquisition_day_count WHERE kind = 'click' AND "on" = %s GROUP BY media) counted JOIN (
            SELECT media, min(delay_s) FILTER (WHERE 20 * upto >= 19 * whole) AS delay_s FROM (
                SELECT media, delay_s, sum(sum(clicks)) OVER (PARTITION BY media ORDER BY delay_s) AS upto, sum(sum(clicks)) OVER (PARTITION BY media) AS whole
                  FROM acquisition_day_delay WHERE "on" = %s GROUP BY media, delay_s) AS each GROUP BY media) delayed USING (media)
        """,
        [day, day],
    )
    return {media: Clicks(*rest) for media, *rest in cursor.fetchall()}


def _rounded_up(seconds: str) -> str:
    """To three figures, in whole numbers: 12345 is 12400."""
    edges = " ".join(
        f"WHEN {seconds} <= {1000 * unit} THEN ({seconds} + {unit - 1}) / {unit} * {unit}" for unit in _UNITS[1:]
    )
    return f"CASE WHEN {seconds} < 1000 THEN {seconds} {edges} ELSE ({seconds} + {_UNITS[-1] - 1}) / {_UNITS[-1]} * {_UNITS[-1]} END"
