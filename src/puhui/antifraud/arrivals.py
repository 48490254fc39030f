"""Arrivals in PostgreSQL: an application joins the graph, and what its neighbourhood and its windows say is read back.

Rule kept: it joins before its own answer, and sees all that arrived before it. Two that share a strong entity wait for one
another (advisory locks of the keys, in order); others do not. A large batch takes the whole line for itself.
Statements go to the server prepared and with one plan each, so that nothing is planned inside a request.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from puhui.antifraud.core import neighbourhood, velocity
from puhui.antifraud.core.entity_kind import KINDS, STRONG
from puhui.antifraud.core.neighbourhood import Edge, Found
from puhui.store import prepared

_LINE = 7_305_050  # one a batch, shared by single applications
_FEW = 50
_PIECE = 2_000
_NUMBERS = ("application", "amount_minor", *KINDS)
_ONE_PLAN = "set_config('plan_cache_mode', 'force_generic_plan', true)"
_ALONE = f"SELECT {_ONE_PLAN}, pg_advisory_xact_lock({_LINE})"
_IN_LINE = (
    f"WITH line AS MATERIALIZED (SELECT {_ONE_PLAN}, pg_advisory_xact_lock_shared({_LINE}))"
    " SELECT pg_advisory_xact_lock(k) FROM line, unnest(%s::bigint[]) AS k"
)


def wait_in_line(keys: Iterable[int], *, many: bool) -> None:
    """Until the transaction ends nobody else who shares one of the strong keys can arrive. A person always is a key."""
    if many:
        prepared.rows(_ALONE)
    else:
        prepared.rows(_IN_LINE, [numbers(sorted(set(keys)))])


def is_many(count: int) -> bool:
    """Is the batch so large that it takes the line for itself?"""
    return count > _FEW


def strong_keys(rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """The keys by which rows of `join` can meet others."""
    return {row[kind] for row in rows for kind in STRONG if row.get(kind) is not None}


def join(rows: Sequence[Mapping[str, Any]], entities: Mapping[int, tuple[str, str]] | None = None) -> list[int]:
    """Append arrivals in the order given (columns by name; a kind left out is unknown); returns their positions.

    `entities`, {key: (kind, masked text)}: those that are new are kept, first seen when the first row was recorded.
    """
    dated = ("applied_at", "recorded_at")
    told = [
        {name: row.get(name) for name in ("application_key", *_NUMBERS)}
        | {name: row[name].isoformat() for name in dated}
        for row in rows
    ]
    shown = [{"key": key, "kind": kind, "shown": text} for key, (kind, text) in (entities or {}).items()]
    values = [json.dumps(told), rows[0]["recorded_at"], json.dumps(shown)]
    return [position for (position,) in prepared.rows(_joining(), values)]


def velocities(positions: Sequence[int]) -> dict[int, dict[str, Any]]:
    """{position: features by name}; the statement that also replays history."""
    found = {}
    for start in range(0, len(positions), _PIECE):
        for position, *values in prepared.rows(velocity.statement(), [numbers(positions[start : start + _PIECE])]):
            found[position] = dict(zip(velocity.NAMES, map(_plain, values), strict=True))
    return found


def neighbourhoods(subjects: Mapping[int, int], *, most_hops: int = neighbourhood.MOST_HOPS) -> dict[int, Found]:
    """{position: what lies around it}; `subjects` is position → application."""
    return neighbourhood.spread(subjects, hop, most_hops=most_hops)


def hop(asked: Sequence[tuple[int, int]]) -> list[Edge]:
    """One hop from (subject, origin) pairs of positions, as each subject saw it when it arrived."""
    edges: list[Edge] = []
    for start in range(0, len(asked), _PIECE):
        subjects, origins = zip(*asked[start : start + _PIECE], strict=True)
        edges += [Edge(*row) for row in prepared.rows(neighbourhood.HOP, [numbers(subjects), numbers(origins)])]
    return edges


def numbers(values: Iterable[int | None]) -> str:
    """PostgreSQL's text of an array of whole numbers: one type whatever the sizes and gaps, so that a statement is prepared once.

    >>> numbers([1, None, 3])
    '{1,NULL,3}'
    """
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


@lru_cache(maxsize=1)
def _joining() -> str:
    columns = {"application_key": "text", "applied_at": "timestamptz", "recorded_at": "timestamptz"} | dict.fromkeys(
        _NUMBERS, "bigint"
    )
    names = ", ".join(columns)
    return (
        f"WITH joined AS (INSERT INTO antifraud_arrival ({names}) SELECT {names} FROM {prepared.json_rows(columns)}"
        " ORDER BY nth RETURNING position),"
        " shown AS (INSERT INTO antifraud_entity (key, kind, shown, first_seen_at)"
        " SELECT key, kind, shown, at FROM (SELECT %s::timestamptz AS at) AS first,"
        " json_to_recordset(%s::json) AS e(key bigint, kind text, shown text) ORDER BY key ON CONFLICT (key) DO NOTHING)"
        " SELECT position FROM joined ORDER BY 1"
    )


def _plain(value: Any) -> Any:
    return int(value) if value is not None and not isinstance(value, float | int) else value
