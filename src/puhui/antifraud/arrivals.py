"""Arrivals in PostgreSQL: an application joins the graph, and what its neighbourhood and its windows say is read back.

Rule kept: it joins before its own answer, and sees all that arrived before it. Two that share a strong entity wait for one
another (advisory locks of the keys, in order); others do not. A large batch takes the whole line for itself.
Statements go to the server prepared and with one plan each, so that nothing is planned inside a request.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from puhui.antifraud.core import neighbourhood, trades, velocity
from puhui.antifraud.core.entity_kind import KINDS, STRONG
from puhui.antifraud.core.neighbourhood import Edge, Found
from puhui.antifraud.core.trades import Counterparty, Trade
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
_TRADE_COLUMNS = {
    "position": "bigint", "application": "bigint", "person": "bigint", "applied_at": "timestamptz", "side": "text", "key": "bigint",
    "share": "float8", "last_on": "date",
}  # fmt: skip
_SHOWN = (
    "INSERT INTO antifraud_entity (key, kind, shown, first_seen_at) SELECT key, kind, shown, at FROM (SELECT %s::timestamptz AS at) AS first,"
    " json_to_recordset(%s::json) AS e(key bigint, kind text, shown text) ORDER BY key ON CONFLICT (key) DO NOTHING"
)
_TRADING = (
    f"WITH told AS (INSERT INTO antifraud_trade ({', '.join(_TRADE_COLUMNS)}) SELECT {', '.join(_TRADE_COLUMNS)}"
    f" FROM {prepared.json_rows(_TRADE_COLUMNS)} ORDER BY nth) {_SHOWN}"
)
_TOLD = (
    "SELECT position, bool_or(side <> 'self') FROM antifraud_trade WHERE position = ANY(%s::bigint[]) GROUP BY position"
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


def join_trades(rows: Sequence[tuple[int, Mapping[str, Any], Sequence[Counterparty]]]) -> None:
    """Append what joined arrivals (position, row of `join`) tell of themselves and of whom they trade with."""
    told, shown = [], {}
    for position, row, named in rows:
        where = {name: row[name] for name in ("application", "person")} | {
            "position": position, "applied_at": row["applied_at"].isoformat()
        }  # fmt: skip
        for each in named:
            day = None if each.last_on is None else each.last_on.isoformat()
            told.append(where | {"side": each.side, "key": each.key, "share": each.share, "last_on": day})
            shown[each.key] = {"key": each.key, "kind": trades.KIND, "shown": each.shown}
    if told:
        prepared.rows(_TRADING, [json.dumps(told), rows[0][1]["recorded_at"], json.dumps(list(shown.values()))])


def carry_trades(former: int, position: int, named: Mapping[str, Any]) -> None:
    """The trades of an arrival once more, for the one that follows it (`named`: its application and applied_at)."""
    names = "person, side, key, share, last_on"
    text = (
        f"INSERT INTO antifraud_trade (position, application, applied_at, {names})"
        f" SELECT %s::bigint, %s::bigint, %s::timestamptz, {names} FROM antifraud_trade WHERE position = %s::bigint"
    )
    prepared.rows(text, [str(position), str(named["application"]), named["applied_at"], str(former)])


def trades_of(positions: Iterable[int]) -> dict[int, list[Trade]]:
    """{position: trades met}, as each saw them when it arrived. `positions`: those that told of any."""
    asked = list(positions)
    found: dict[int, list[Trade]] = {position: [] for position in asked}
    for start in range(0, len(asked), _PIECE):
        for row in prepared.rows(trades.statement(), [numbers(asked[start : start + _PIECE])]):
            found[row[0]].append(Trade(*row))
    return found


def traded(positions: Sequence[int]) -> dict[int, bool]:
    """Which of these told of any trade: {position: of others than itself}."""
    return {
        position: brought
        for start in range(0, len(positions), _PIECE)
        for position, brought in prepared.rows(_TOLD, [numbers(positions[start : start + _PIECE])])
    }


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
        f" shown AS ({_SHOWN})"
        " SELECT position FROM joined ORDER BY 1"
    )


def _plain(value: Any) -> Any:
    return int(value) if value is not None and not isinstance(value, float | int) else value
