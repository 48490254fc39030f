"""Audiences (人群) kept in PostgreSQL: who entered or left which, when and why; built into what the servers map.

A membership is a fact, its present state a fold (the latest move of a device in an audience for a reason). Journeys hand ids in from
the rooms that know (customers, declined, blacklisted, vulnerable, look-alikes); this room only knows device keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from django.db import connection, transaction

from puhui.acquisition import models
from puhui.acquisition.core import audience_table, device_ids, signals
from puhui.acquisition.core.audience_table import AudienceTable
from puhui.acquisition.rta import publication
from puhui.acquisition.rta.audience_file import AudienceInfo
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import copying


@dataclass(frozen=True, slots=True)
class Moved:
    """What a new membership list changed."""

    entered: int
    left: int
    kept: int
    left_out: int = 0


def keys_of(ids: Iterable[tuple[str, str]], doubtful: frozenset[int]) -> tuple[set[int], int]:
    """(keys, ids left out) of (kind, id) pairs, raw or digests; every way in which a media may hash a raw id."""
    keys: set[int] = set()
    left_out = 0
    for kind, text in ids:
        found = device_ids.known(kind, text, doubtful)
        left_out += not found
        keys.update(found)
    return keys, left_out


@transaction.atomic
def replace(audience: str, keys: set[int], *, why: str, now: datetime) -> Moved:
    """From now on exactly these device keys are in the audience for this reason; only the differences are written.

    `why` names the list (the rooms, a file): lists of one audience live beside each other, and a device is in it while any
    of them has it.
    """
    if not audience or len(audience) > 64 or any(mark in audience for mark in "|,;:\x00"):
        raise Refused(Refusal("AUDIENCE_NAME", "人群名不合规 · no name for an audience", where="audience"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [audience])
        inside = _inside(cursor, audience, why[:80])
    wanted = {int(signals.signed(key) or 0) for key in keys}
    entered, left = wanted - inside, inside - wanted
    frame = pl.DataFrame({"device": [*sorted(entered), *sorted(left)]}, schema={"device": pl.Int64}).with_columns(
        audience=pl.lit(audience), inside=pl.Series([True] * len(entered) + [False] * len(left), dtype=pl.Boolean),
        why=pl.lit(why[:80]), at=pl.lit(now),
    )  # fmt: skip
    copying.copy_frame(frame, "acquisition_audience_move")
    return Moved(len(entered), len(left), len(inside & wanted))


def build() -> AudienceTable:
    """All audiences as they stand, as one table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT audience, device FROM (SELECT DISTINCT ON (audience, device, why) audience, device, inside"
            " FROM acquisition_audience_move ORDER BY audience, device, why, id DESC) AS newest WHERE inside"
        )
        rows = cursor.fetchall()
    names = sorted({audience for audience, _ in rows})
    place = {name: number for number, name in enumerate(names)}
    keys = np.array([device & 0xFFFFFFFFFFFFFFFF for _, device in rows], dtype=np.uint64)
    which = np.array([place[audience] for audience, _ in rows], dtype=np.uint8)
    return audience_table.build(keys, which, names=names)


def sizes() -> dict[str, int]:
    """Devices in every audience as it stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT audience, count(DISTINCT device) FROM (SELECT DISTINCT ON (audience, device, why) audience, device, inside"
            " FROM acquisition_audience_move ORDER BY audience, device, why, id DESC) AS newest WHERE inside GROUP BY 1 ORDER BY 1"
        )
        return dict(cursor.fetchall())


def publish(folder: Path, strategies: str, *, by: str, now: datetime) -> AudienceInfo:
    """Hand what stands to the servers, and write down what was handed over."""
    table = build()
    if not len(table.keys):
        raise Refused(
            Refusal("AUDIENCE_EMPTY", "没有任何人群成员 · nobody is in any audience", where="acquisition_audience_move")
        )
    published, info = publication.publish(folder, table, strategies, now=now)
    models.AudiencePublication.objects.create(
        generation=published.generation, content=info.content, sizes=info.sizes, strategies=strategies, by=by, at=now
    )
    return info


def history_of(key: int) -> list[tuple[str, bool, str, datetime]]:
    """Every move of a device: (audience, entered, why, when), oldest first: who could be shown what, and since when."""
    rows = models.AudienceMove.objects.filter(device=int(signals.signed(key) or 0)).order_by("id")
    return list(rows.values_list("audience", "inside", "why", "at"))


def _inside(cursor: Any, audience: str, why: str) -> set[int]:
    cursor.execute(
        "SELECT device FROM (SELECT DISTINCT ON (device) device, inside FROM acquisition_audience_move"
        " WHERE audience = %s AND why = %s ORDER BY device, id DESC) AS newest WHERE inside",
        [audience, why],
    )
    return {row[0] for row in cursor.fetchall()}
