"""Evidence of firms as of a date, by one set-based query; one row a firm, in the order of the ids asked for.

Rule kept: only invoices issued before `as_of` count (half-open), whoever asks and for how many firms. Dates leave as ISO
text and floats rounded to six decimals, so that what is decided on is exactly what is recorded.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection, transaction

from puhui.kernel import shipped


def gather(firm_ids: Sequence[int], *, as_of: date, loop_floor_minor: int) -> list[dict[str, Any]]:
    """Evidence dictionaries (JSON types), one a firm; a firm without invoices has mostly empty values."""
    asked: dict[str, Any] = {"firm_ids": list(firm_ids), "as_of": as_of, "loop_floor_minor": loop_floor_minor}
    with _planned_for_scans(), connection.cursor() as cursor:
        cursor.execute(query("evidence"), asked)
        names = [column.name for column in cursor.description or ()]
        rows = {row[0]: {n: _plain(v) for n, v in zip(names, row, strict=True)} for row in cursor.fetchall()}
    return [{k: v for k, v in rows[firm_id].items() if k != "firm_id"} for firm_id in firm_ids]


@cache
def query(name: str) -> str:
    """The text of `sql/NAME.sql`."""
    return shipped.text("puhui.underwriting", f"sql/{name}.sql")


@contextmanager
def _planned_for_scans() -> Iterator[None]:
    """Planner settings for the one long scan, put back afterwards.

    Right after a load the tables have no statistics yet, and a planner that guesses small picks nested loops that take
    hours; hash joins are right for one firm and for all. Compiling (jit) costs more than it saves.
    """
    wanted = {"enable_nestloop": "off", "jit": "off", "work_mem": "256MB"}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in wanted))
        before = dict(zip(wanted, cursor.fetchone() or (), strict=True))
        _set(cursor, wanted)
        yield
        _set(cursor, before)


def _set(cursor: Any, values: dict[str, str]) -> None:
    for name, value in values.items():
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else round(float(value), 6)
    if isinstance(value, float):
        return round(value, 6) + 0.0  # + 0.0: a negative zero would not survive the database
    return value
