"""Arrivals in PostgreSQL: an application joins the graph, and what its neighbourhood and its windows say is read back.

Rule kept: it joins before its own answer, and sees all that arrived before it. Two that share a strong entity wait for one
another (advisory locks of the keys, in order); others do not. A large batch takes the whole line for itself.
Statements go to the server prepared and with one plan each, so that nothing is planned inside a request.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection
from psycopg.rows import dict_row

from puhui.antifraud.core import neighbourhood, velocity
from puhui.antifraud.core.entity_kind import KINDS, STRONG
from puhui.antifraud.core.neighbourhood import Edge, Found

_LINE = 7_305_050  # one a batch, shared by single applications
_FEW = 50
_PIECE = 2_000
_COLUMNS = ("application", "application_key", "applied_at", "recorded_at", "amount_minor", *KINDS)
_TYPES = {"application_key": "text", "applied_at": "timestamptz", "recorded_at": "timestamptz"}


def wait_in_line(keys: Iterable[int], *, many: bool) -> None:
    """Until the transaction ends nobody else who shares one of the strong keys can arrive."""
    with _cursor() as cursor:
        cursor.execute("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)")
        if many:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LINE])
            return
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_LINE])
        cursor.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k", [sorted(set(keys))])


def is_many(count: int) -> bool:
    """Is the batch so large that it takes the line for itself?"""
    return count > _FEW


def strong_keys(rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """The keys by which rows of `join` can meet others."""
    return {row[kind] for row in rows for kind in STRONG if row.get(kind) is not None}


def join(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Append arrivals in the order given (columns by name; a kind left out is unknown); returns their positions."""
    columns = [[row.get(name) for row in rows] for name in _COLUMNS]
    with _cursor() as cursor:
        cursor.execute(_joining(), columns, prepare=True)
        return sorted(position for (position,) in cursor.fetchall())


def show(entities: Mapping[int, tuple[str, str]], *, now: datetime) -> None:
    """Keep the kind and the masked text of entities that are new: {key: (kind, shown)}."""
    if not entities:
        return
    kinds, shown = zip(*entities.values(), strict=True)
    text = (
        "INSERT INTO antifraud_entity (key, kind, shown, first_seen_at)"
        " SELECT k, n, s, %s FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS e(k, n, s) ORDER BY k"
        " ON CONFLICT (key) DO NOTHING"
    )
    with _cursor() as cursor:
        cursor.execute(text, [now, list(entities), list(kinds), list(shown)], prepare=True)


def velocities(positions: Sequence[int]) -> dict[int, dict[str, Any]]:
    """{position: features by name}; the statement that also replays history."""
    found = {}
    with _cursor(row_factory=dict_row) as cursor:
        for first in range(0, len(positions), _PIECE):
            cursor.execute(velocity.statement(), [list(positions[first : first + _PIECE])], prepare=True)
            for row in cursor.fetchall():
                position = row.pop("position")
                found[position] = {name: _plain(value) for name, value in row.items()}
    return found


def neighbourhoods(subjects: Mapping[int, int], *, most_hops: int = neighbourhood.MOST_HOPS) -> dict[int, Found]:
    """{position: what lies around it}; `subjects` is position → application."""
    return neighbourhood.spread(subjects, hop, most_hops=most_hops)


def hop(asked: Sequence[tuple[int, int]]) -> list[Edge]:
    """One hop from (subject, origin) pairs of positions, as each subject saw it when it arrived."""
    edges: list[Edge] = []
    with _cursor() as cursor:
        for first in range(0, len(asked), _PIECE):
            subjects, origins = zip(*asked[first : first + _PIECE], strict=True)
            cursor.execute(neighbourhood.HOP, [list(subjects), list(origins)], prepare=True)
            edges += [Edge(*row) for row in cursor.fetchall()]
    return edges


@lru_cache(maxsize=1)
def _joining() -> str:
    told = ", ".join(f"%s::{_TYPES.get(name, 'bigint')}[]" for name in _COLUMNS)
    names = ", ".join(_COLUMNS)
    return (
        f"INSERT INTO antifraud_arrival ({names}) SELECT {names} FROM unnest({told}) WITH ORDINALITY"
        f" AS rows({names}, nth) ORDER BY nth RETURNING position"
    )


def _plain(value: Any) -> Any:
    return int(value) if value is not None and not isinstance(value, float | int) else value


def _cursor(row_factory: Any = None) -> psycopg.Cursor[Any]:
    """A cursor that binds on the server, on Django's own connection and transaction."""
    connection.ensure_connection()
    link: Any = connection.connection
    return psycopg.Cursor(link, row_factory=row_factory) if row_factory else psycopg.Cursor(link)
