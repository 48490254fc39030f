"""The data link (数据链路), writes: signals in, each person's way owed to a click, conversions put on their way out.

All of it set-based and in one transaction: a batch of one and a batch of a million are the same code. What a person's way
is owed to is a fold over facts: a click that comes late, or facts that come in another order, end in the same rows.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from django.db import connection, transaction

from puhui.acquisition import steps
from puhui.acquisition.core import signals
from puhui.acquisition.core.signals import Row
from puhui.store import copying

_CHINA = ZoneInfo("Asia/Shanghai")
WINDOW = timedelta(days=7)
RULE = "last-click-7d"
_COLUMNS = (
    "key", "content", "kind", "media", "campaign", "creative", "click_id", "device", "subject", "happened_at",
    "received_at", "value_minor", "quality", "consent", "raw",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: new facts, repeats, refused rows, conversions put on their way."""

    new: int
    repeated: int
    refused: list[Row] = field(default_factory=list)
    conversions: int = 0


@transaction.atomic
def take_signals(frame: pl.DataFrame, *, now: datetime, switched_on: frozenset[str] = frozenset()) -> Taken:
    """Store what is new of a batch (core.signals.SCHEMA), fold what it touches, and queue what media may be told.

    `switched_on` are "media/kind" that a person decided to tell in spite of the default.
    """
    in_force = steps.steps(now.astimezone(_CHINA).date())
    good, refused = signals.checked(frame, now=now, kinds=[step.kind for step in in_force], media=steps.MEDIA)
    if good.is_empty():
        return Taken(0, 0, refused)
    with connection.cursor() as cursor:
        new, reused = _store(cursor, good.with_columns(received_at=pl.lit(now)))
        refused += [Row(-1, "SIGNAL_KEY_REUSED")] * reused
        _fold(cursor)
        conversions = sum(_queue(cursor, step, now, switched_on) for step in in_force)
        cursor.execute("DROP TABLE fresh_signal; DROP TABLE touched_subject")
    return Taken(new, good.height - new, refused, conversions)


def fold_again() -> int:
    """Fold every person's way anew from the facts; answers how many. For proofs, and after a change of rule."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS touched_subject")
        cursor.execute(
            "CREATE TEMPORARY TABLE touched_subject ON COMMIT DROP AS"
            " SELECT DISTINCT subject FROM acquisition_signal WHERE subject <> ''"
        )
        cursor.execute("DELETE FROM acquisition_owed")
        people = _owe(cursor)
        cursor.execute("DROP TABLE touched_subject")
        return people


def _store(cursor: Any, good: pl.DataFrame) -> tuple[int, int]:
    """(new facts, facts whose key stood for other content). The new ones stay in the temporary table fresh_signal."""
    run = cursor.execute
    run(
        "CREATE TEMPORARY TABLE staged_signal ON COMMIT DROP AS"
        f" SELECT {', '.join(_COLUMNS)} FROM acquisition_signal WITH NO DATA"
    )
    copying.stream_frame(cursor, good.select(_COLUMNS), "staged_signal")
    names = ", ".join(_COLUMNS)
    run(
        f"CREATE TEMPORARY TABLE fresh_signal (id bigint, key uuid, kind text, click_id text, device bigint, subject text)"
        " ON COMMIT DROP;"
        f"WITH stored AS (INSERT INTO acquisition_signal ({names}) SELECT {names} FROM staged_signal"
        " ON CONFLICT (key) DO NOTHING RETURNING id, key, kind, click_id, device, subject)"
        " INSERT INTO fresh_signal SELECT id, key, kind, click_id, device, subject FROM stored"
    )
    run("SELECT count(*) FROM fresh_signal")
    new: int = cursor.fetchone()[0]
    reused = 0
    if new < good.height:
        run(
            "SELECT count(*) FROM staged_signal g JOIN acquisition_signal s USING (key)"
            " LEFT JOIN fresh_signal f USING (key) WHERE f.key IS NULL AND s.content <> g.content"
        )
        reused = cursor.fetchone()[0]
    run("DROP TABLE staged_signal; ANALYZE fresh_signal")
    return new, reused


def _fold(cursor: Any) -> int:
    """Owe anew the ways of everybody whom a fresh fact concerns: their own step, or a click they may have come by."""
    cursor.execute(
        """
        CREATE TEMPORARY TABLE touched_subject ON COMMIT DROP AS
        SELECT subject FROM fresh_signal WHERE subject <> ''
        UNION
        SELECT s.subject FROM fresh_signal f JOIN acquisition_signal s ON s.click_id = f.click_id AND s.click_id <> ''
         WHERE f.kind = 'click' AND f.click_id <> '' AND s.subject <> ''
        UNION
        SELECT s.subject FROM fresh_signal f JOIN acquisition_signal s ON s.device = f.device AND s.device IS NOT NULL
         WHERE f.kind = 'click' AND s.subject <> ''
        """
    )
    return _owe(cursor)


def _owe(cursor: Any) -> int:
    """The newest click of the same click id or device in the window before a person's first step; none is an answer too."""
    cursor.execute("ANALYZE touched_subject")
    cursor.execute(
        """
        WITH own AS MATERIALIZED (
            SELECT s.subject, s.happened_at, s.click_id, s.device FROM acquisition_signal s JOIN touched_subject USING (subject)
        ), began AS (SELECT subject, min(happened_at) AS began_at FROM own GROUP BY subject),
        handles AS (
            SELECT DISTINCT subject, began_at, click_id, device FROM own JOIN began USING (subject)
        ), candidates AS (
            SELECT h.subject, c.id, c.happened_at, c.key, c.media, c.campaign, c.creative
              FROM handles h JOIN acquisition_signal c ON c.click_id = h.click_id AND c.click_id <> ''
             WHERE h.click_id <> '' AND c.kind = 'click' AND c.happened_at <= h.began_at AND c.happened_at > h.began_at - %s
             UNION
            SELECT h.subject, c.id, c.happened_at, c.key, c.media, c.campaign, c.creative
              FROM handles h JOIN acquisition_signal c ON c.device = h.device AND c.device IS NOT NULL
             WHERE h.device IS NOT NULL AND c.kind = 'click' AND c.happened_at <= h.began_at AND c.happened_at > h.began_at - %s
        ), newest AS (
            SELECT DISTINCT ON (subject) * FROM candidates ORDER BY subject, happened_at DESC, key DESC
        )
        INSERT INTO acquisition_owed (subject, began_at, click_id, media, campaign, creative, rule)
        SELECT b.subject, b.began_at, n.id, coalesce(n.media, ''), coalesce(n.campaign, ''), coalesce(n.creative, ''), %s
          FROM began b LEFT JOIN newest n USING (subject)
        ON CONFLICT (subject) DO UPDATE SET began_at = excluded.began_at, click_id = excluded.click_id,
            media = excluded.media, campaign = excluded.campaign, creative = excluded.creative, rule = excluded.rule
        """,
        [WINDOW, WINDOW, RULE],
    )
    return int(cursor.rowcount)


def _queue(cursor: Any, step: steps.Step, now: datetime, switched_on: frozenset[str]) -> int:
    """A conversion for every step of a touched person that their click's media may be told and was not told yet."""
    media = [each for each in step.codes if step.may_be_told(each, consent=True, switched_on=switched_on)]
    if not media:
        return 0
    cursor.execute(
        """
        INSERT INTO acquisition_conversion
            (key, media, kind, click_id, subject, happened_at, value_minor, quality, state, attempts, due_at, answer)
        SELECT s.key, o.media, s.kind, o.click_id, s.subject, s.happened_at, s.value_minor, s.quality, 'queued', 0, %s, ''
          FROM touched_subject JOIN acquisition_owed o USING (subject) JOIN acquisition_signal s USING (subject)
         WHERE o.click_id IS NOT NULL AND o.media = ANY(%s) AND s.kind = %s AND (s.consent OR NOT %s)
        ON CONFLICT (key) DO NOTHING
        """,
        [now, media, step.kind, step.needs_consent],
    )
    return int(cursor.rowcount)
