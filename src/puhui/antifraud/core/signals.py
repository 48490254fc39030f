"""Typed facts about an application, each with its source; one column a signal, one row an application.

The table is `policy/rulebook/columns.csv`, which the policy floor reads as the columns that rules may name. A source of velocity,
graph, lists or model is worked out by the room; the rest is worked out here from what came in, or told by the caller.

Rules kept: what is not known is null, never a harmless default; a fact newer than the application is not used.

>>> facts = {"id_severity": "ok", "birth_date": date(2010, 1, 1), "device_known": False}
>>> row = plain_row(facts, {"void_share": 0.1}, Clock(datetime(2026, 3, 1, 1, tzinfo=UTC)))
>>> row["age_years"], row["local_hour"], row["void_share"], row["red_share"]
(16, 9, 0.1, None)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime  # noqa: F401 - UTC is for the example
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from puhui.kernel import shipped
from puhui.policy.core.columns import Columns, read_columns

ZONE = ZoneInfo("Asia/Shanghai")
WORKED_OUT = frozenset(("velocity", "graph", "lists", "model"))
_HERE = (
    "id_severity",
    "age_years",
    "phone_severity",
    "card_severity",
    "credit_code_severity",
    "device_known",
    "entrance",
    "local_hour",
    "clock_ahead_minutes",
    "clock_behind_hours",
    "amount_minor",
    "evidence_age_days",
)
_DATED = ("invoices", "fields", "evidence", "flows")  # these carry the day of the evidence

TEXT: str = shipped.text("puhui.antifraud", "policy/rulebook/columns.csv")
COLUMNS: Columns = read_columns(TEXT)
SOURCES: dict[str, str] = {
    row["name"]: row["source"] for row in shipped.rows("puhui.antifraud", "policy/rulebook/columns.csv")
}
SCHEMA: dict[str, Any] = {name: column.type for name, column in COLUMNS.items()}
NAMES: tuple[str, ...] = tuple(SCHEMA)
TOLD: frozenset[str] = frozenset(
    name for name, source in SOURCES.items() if source not in WORKED_OUT and name not in _HERE
)
_BLANK: dict[str, Any] = dict.fromkeys(NAMES)


@dataclass(frozen=True, slots=True)
class Clock:
    """When it was applied for, when we look, and the day that the evidence is as of."""

    applied_at: datetime
    now: datetime | None = None
    evidence_on: date | None = None


def plain_row(facts: Mapping[str, Any], told: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    """Every signal by name; those of velocity, graph, lists and model stand as null until they are worked out.

    `facts`: severities, birth_date, device_known, entrance, amount_minor. `told`: signals by name, of TOLD.
    """
    local = min(clock.applied_at, clock.now or clock.applied_at).astimezone(ZONE)  # nobody applies tomorrow
    newer = clock.evidence_on is not None and clock.evidence_on > local.date()
    row = _BLANK | {name: value for name, value in told.items() if not (newer and SOURCES[name] in _DATED)}
    born, late = facts.get("birth_date"), _minutes_late(clock)
    return row | {
        **{name: facts.get(name) for name in _HERE if name in facts},
        "age_years": None if born is None else _years(born, local.date()),
        "local_hour": local.hour,
        "clock_ahead_minutes": None if late is None else max(0, -late),
        "clock_behind_hours": None if late is None else max(0, late) // 60,
        "evidence_age_days": None if newer or clock.evidence_on is None else (local.date() - clock.evidence_on).days,
    }


def read_told(told: Mapping[str, Any]) -> dict[str, Any]:
    """The values by the kinds of their columns; a whole number is a float too, another kind is refused by name.

    >>> read_told({"fill_seconds": 12, "emulator": None})
    {'fill_seconds': 12.0, 'emulator': None}
    """
    known = {name: value for name, value in told.items() if value is not None}
    whole = {
        name: float(value) for name, value in known.items() if type(value) is int and COLUMNS[name].kind == "float"
    }
    return dict.fromkeys(told) | Columns([COLUMNS[name] for name in known]).values_of(known | whole)


def frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows to columns of the schema; a name that is absent is null."""
    return pl.from_dicts(rows, schema=SCHEMA)  # for one row in half the time of the same by tuples


def _minutes_late(clock: Clock) -> int | None:
    return None if clock.now is None else int((clock.now - clock.applied_at).total_seconds() / 60)


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
