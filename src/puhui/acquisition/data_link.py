"""The data link (数据链路), writes: signals in, each person's way owed to a click, conversions put on their way out.

All of it set-based and in one transaction: a batch of one and a batch of a million are the same code. What a person's way
is owed to is a fold over facts: a click that comes late, or facts that come in another order, end in the same rows.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from django.db import connection, transaction

from puhui.acquisition import day_counts, steps
from puhui.acquisition.core import signals
from puhui.acquisition.core.signals import Row
from puhui.store import copying

_CHINA = ZoneInfo("Asia/Shanghai")
WINDOW = timedelta(days=7)
RULE = "last-click-7d"
BATCH_ROWS = 100_000  # what a transaction of a long file holds: enough for columns to pay, little enough to wait for
_COLUMNS = (
    "key", "content", "kind", "media", "campaign", "creative", "click_id", "device", "subject", "happened_at",
    "received_at", "value_minor", "quality", "consent", "raw",
)  # fmt: skip
_FRESH = ("key", "kind", "media", "campaign", "creative", "click_id", "device", "subject", "happened_at", "received_at")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: new facts, repeats, refused rows, conversions put on their way."""

    new: int
    repeated: int
    refused: list[Row] = field(default_factory=list)
    conversions: int = 0


def take_signals(frame: pl.DataFrame, *, now: datetime, switched_on: frozenset[str] = frozenset()) -> Taken:
    """Store what is new of a batch (core.signals.SCHEMA), fold what it touches, and queue what media may be told.

    `switched_on` are "media/kind" that a person decided to tell in spite of the default.
    """
    return _take(frame, _checked(frame, now), now=now, switched_on=switched_on)


def take_batches(frame: pl.DataFrame, *, now: datetime, rows: int = BATCH_ROWS) -> Taken:
    """The same of a long file, so many rows a transaction; the next ones are checked while some are stored.

    What was stored before a fault stays; the whole file again counts nothing twice.
    """
    found = Taken(0, 0)
    batches = list(frame.iter_slices(rows))
    with ThreadPoolExecutor(1) as beside:
        ahead = [beside.submit(_checked, batch, now) for batch in batches[:1]]
        for place, batch in enumerate(batches):
            ready = ahead.pop().result()
            ahead += [beside.submit(_checked, later, now) for later in batches[place + 1 : place + 2]]
            taken = _take(batch, ready, now=now, switched_on=frozenset())
            refused = [replace(row, row=row.row + place * rows) if row.row >= 0 else row for row in taken.refused]
            found = Taken(
                found.new + taken.new, found.repeated + taken.repeated, found.refused + refused,
                found.conversions + taken.conversions,
            )  # fmt: skip
    return found


def _checked(frame: pl.DataFrame, now: datetime) -> tuple[pl.DataFrame, list[Row]]:
    kinds = [step.kind for step in steps.steps(now.astimezone(_CHINA).date())]
    return signals.checked(frame, now=now, kinds=kinds, media=steps.MEDIA)


@transaction.atomic
def _take(
    frame: pl.DataFrame, ready: tuple[pl.DataFrame, list[Row]], *, now: datetime, switched_on: frozenset[str]
) -> Taken:
    in_force = steps.steps(now.astimezone(_CHINA).date())
    good, refused = ready
    if good.is_empty():
        return Taken(0, 0, refused)
    with connection.cursor() as cursor:
        day_counts.about_to_store(cursor)
        new, reused = _store(cursor, good.with_columns(received_at=pl.lit(now)))
        refused += [Row(-1, "SIGNAL_KEY_REUSED")] * reused
        _fold(cursor)
        conversions = _queue(cursor, in_force, now, switched_on)
        day_counts.add(cursor, "fresh_signal")
        cursor.execute("DROP TABLE fresh_signal; DROP TABLE touched_subject; SET LOCAL enable_seqscan = on")
    repeated = max(frame.height - new - len(refused), 0)
    return Taken(new, repeated, refused, conversions)


def fold_again() -> int:
    """Fold every person's way and every day's sums anew from the facts; answers how many people. For proofs, and after a change of rule."""
    with transaction.atomic(), connection.cursor() as cursor:
        day_counts.count_again(cursor)
        cursor.execute("DROP TABLE IF EXISTS touched_subject")
        cursor.execute(
            "CREATE TEMPORARY TABLE touched_subject ON COMMIT DROP AS"
            " SELECT DISTINCT subject FROM acquisition_signal WHERE subject <> ''"
        )
        cursor.execute("DELETE FROM acquisition_owed")
        people = _owe(cursor)
        cursor.execute("DROP TABLE touched_subject; SET LOCAL enable_seqscan = on")
        return people


def _store(cursor: Any, good: pl.DataFrame) -> tuple[int, int]:
    """(new facts, facts whose key stood for other content). The new ones stay in the temporary table fresh_signal."""
    run = cursor.execute
    run(
        "CREATE TEMPORARY TABLE staged_signal ON COMMIT DROP AS"
        f" SELECT {', '.join(_COLUMNS)} FROM acquisition_signal WITH NO DATA"
    )
    # In order of time, so that neighbours in time lie on neighbouring pages and the index by time stays a summary of them.
    copying.stream_frame(cursor, good.select(_COLUMNS).sort("happened_at"), "staged_signal")
    names, fresh = ", ".join(_COLUMNS), ", ".join(_FRESH)
    run(
        "CREATE TEMPORARY TABLE fresh_signal ON COMMIT DROP AS"
        f" SELECT {fresh} FROM acquisition_signal WITH NO DATA;"
        f"WITH stored AS (INSERT INTO acquisition_signal ({names}) SELECT {names} FROM staged_signal"
        f" ON CONFLICT (key) DO NOTHING RETURNING {fresh}) INSERT INTO fresh_signal SELECT {fresh} FROM stored"
    )
    run("SELECT count(*) FROM fresh_signal")
    new: int = cursor.fetchone()[0]
    reused = 0
    if new < good.height:
        run(
            "WITH known AS MATERIALIZED (SELECT key, content FROM staged_signal WHERE key NOT IN (SELECT key FROM fresh_signal))"
            " SELECT count(*) FROM known k CROSS JOIN LATERAL (SELECT content FROM acquisition_signal WHERE key = k.key OFFSET 0) s"
            " WHERE s.content <> k.content"
        )
        reused = cursor.fetchone()[0]
    run("DROP TABLE staged_signal")
    return new, reused


def _fold(cursor: Any) -> int:
    """Owe anew the ways of everybody whom a fresh fact concerns: their own step, or a click they may have come by."""
    cursor.execute(
        """
        SET LOCAL enable_seqscan = off;
        CREATE TEMPORARY TABLE touched_subject ON COMMIT DROP AS
        SELECT subject FROM fresh_signal WHERE subject <> ''
        UNION
        SELECT s.subject FROM fresh_signal f CROSS JOIN LATERAL (SELECT subject FROM acquisition_signal s
               WHERE s.click_id = f.click_id AND s.click_id <> '' AND s.subject <> '' OFFSET 0) s
         WHERE f.kind = 'click' AND f.click_id <> ''
        UNION
        SELECT s.subject FROM fresh_signal f CROSS JOIN LATERAL (SELECT subject FROM acquisition_signal s
               WHERE s.device = f.device AND s.device IS NOT NULL AND s.subject <> '' OFFSET 0) s
         WHERE f.kind = 'click' AND f.device IS NOT NULL
        """
    )
    return _owe(cursor)


def _owe(cursor: Any) -> int:
    """The newest click of the same click id or device in the window before a person's first step; none is an answer too.

    Whoever is concerned is looked up by index, one by one: the planner knows nothing of tables that have just grown, and
    a plan for a small table would read a large one once a person.
    """
    cursor.execute(
        """
        SET LOCAL enable_seqscan = off;
        CREATE TEMPORARY TABLE own_step ON COMMIT DROP AS
        SELECT t.subject, s.kind, s.happened_at, s.click_id, s.device FROM touched_subject t CROSS JOIN LATERAL
               (SELECT kind, happened_at, click_id, device FROM acquisition_signal s
                 WHERE s.subject = t.subject AND s.subject <> '' OFFSET 0) s;
        CREATE TEMPORARY TABLE began ON COMMIT DROP AS
        SELECT subject, min(first_at) AS began_at, array_agg(kind ORDER BY kind) AS kinds, array_agg(first_at ORDER BY kind) AS first_at
          FROM (SELECT subject, kind, min(happened_at) AS first_at FROM own_step GROUP BY subject, kind) AS each GROUP BY subject;
        CREATE TEMPORARY TABLE handle ON COMMIT DROP AS
        SELECT DISTINCT subject, began_at, click_id, NULL::bigint AS device FROM own_step JOIN began USING (subject)
         WHERE click_id <> ''
         UNION ALL
        SELECT DISTINCT subject, began_at, '', device FROM own_step JOIN began USING (subject) WHERE device IS NOT NULL;
        """
    )
    cursor.execute(
        """
        WITH by_id AS MATERIALIZED (
            SELECT h.subject, h.began_at, c.* FROM handle h CROSS JOIN LATERAL (
                SELECT id, happened_at, key, media, campaign, creative, click_id, device FROM acquisition_signal c
                 WHERE c.click_id = h.click_id AND c.click_id <> '' AND c.kind = 'click' OFFSET 0) c
             WHERE h.click_id <> ''
        ), candidates AS (
            SELECT subject, id, happened_at, key, media, campaign, creative FROM by_id
             WHERE happened_at <= began_at AND happened_at > began_at - %s
             UNION ALL
            SELECT h.subject, c.* FROM handle h CROSS JOIN LATERAL (
                SELECT id, happened_at, key, media, campaign, creative FROM acquisition_signal c
                 WHERE c.device = h.device AND c.device IS NOT NULL AND c.kind = 'click' OFFSET 0) c
             WHERE h.device IS NOT NULL AND c.happened_at <= h.began_at AND c.happened_at > h.began_at - %s
        ), newest AS (
            SELECT DISTINCT ON (subject) * FROM candidates ORDER BY subject, happened_at DESC, key DESC
        ), own AS (
            SELECT subject, coalesce(array_agg(DISTINCT click_id) FILTER (WHERE click_id <> ''), '{}') AS click_ids,
                   coalesce(array_agg(DISTINCT device) FILTER (WHERE device IS NOT NULL), '{}') AS devices
              FROM (SELECT subject, '' AS click_id, device FROM handle WHERE device IS NOT NULL
                     UNION ALL SELECT subject, CASE WHEN device IS NULL THEN click_id ELSE '' END, device FROM by_id) AS known GROUP BY subject
        )
        INSERT INTO acquisition_owed
               (subject, began_at, kinds, first_at, click_ids, devices, click_id, clicked_at, media, campaign, creative, rule)
        SELECT b.subject, b.began_at, b.kinds, b.first_at, coalesce(w.click_ids, '{}'), coalesce(w.devices, '{}'),
               n.id, n.happened_at, coalesce(n.media, ''), coalesce(n.campaign, ''), coalesce(n.creative, ''), %s
          FROM began b LEFT JOIN own w USING (subject) LEFT JOIN newest n USING (subject)
        ON CONFLICT (subject) DO UPDATE SET began_at = excluded.began_at, kinds = excluded.kinds, first_at = excluded.first_at,
            click_ids = excluded.click_ids, devices = excluded.devices, click_id = excluded.click_id, clicked_at = excluded.clicked_at,
            media = excluded.media, campaign = excluded.campaign, creative = excluded.creative, rule = excluded.rule
        """,
        [WINDOW, WINDOW, RULE],
    )
    people = int(cursor.rowcount)
    cursor.execute("DROP TABLE own_step; DROP TABLE began; DROP TABLE handle")
    return people


def _queue(cursor: Any, in_force: Sequence[steps.Step], now: datetime, switched_on: frozenset[str]) -> int:
    """A conversion for every step of a touched person that their click's media may be told and was not told yet."""
    rules = [
        (step.kind, media, step.needs_consent)
        for step in in_force
        for media in step.codes
        if step.may_be_told(media, consent=True, switched_on=switched_on)
    ]
    kinds, media_names, consents = zip(*rules)
    cursor.execute(
        """
        INSERT INTO acquisition_conversion
            (key, media, kind, click_id, subject, happened_at, value_minor, quality, state, attempts, due_at, answer)
        SELECT s.key, o.media, s.kind, o.click_id, s.subject, s.happened_at, s.value_minor, s.quality, 'queued', 0, %s, ''
          FROM touched_subject t CROSS JOIN LATERAL
               (SELECT click_id, media FROM acquisition_owed WHERE subject = t.subject OFFSET 0) o CROSS JOIN LATERAL
               (SELECT * FROM acquisition_signal a WHERE a.subject = t.subject AND a.subject <> '' OFFSET 0) s
          JOIN unnest(%s::text[], %s::text[], %s::boolean[]) AS rule(kind, media, needs_consent)
            ON rule.kind = s.kind AND rule.media = o.media
         WHERE o.click_id IS NOT NULL AND (NOT rule.needs_consent OR (s.consent AND NOT EXISTS (
               SELECT FROM (SELECT DISTINCT ON (subject) subject, given FROM acquisition_media_consent ORDER BY subject, id DESC) said
                WHERE said.subject = t.subject AND NOT said.given)))
        ON CONFLICT (key) DO NOTHING
        """,
        [now, list(kinds), list(media_names), list(consents)],
    )
    return int(cursor.rowcount)
