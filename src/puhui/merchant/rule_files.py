"""Reads the room's dated tables (`rules/*.csv`): brackets, health scales, deadlines, insurance rates, signs of a scam.

Rule kept: whatever a law, a city or a habit of the trade sets is a row with dates and a source, never code (card 26). A day for
which a table has no row is an answer: `rule_table.RuleAbsent`.

>>> [str(row["rate"]) for row in in_force("brackets", on=date(2026, 3, 31), code="business")]
['0.05', '0.10', '0.20', '0.30', '0.35']
"""

import csv
from datetime import date
from functools import lru_cache
from importlib import resources

from puhui.policy.rule_table import RuleAbsent

Row = dict[str, str]


def in_force(table: str, *, on: date, **where: str) -> list[Row]:
    """Rows of a table in force on a day (both ends inclusive) that match `where`, in the file's order.

    Raises RuleAbsent when there is none.
    """
    found = [
        row for row in _rows(table) if _holds(row, on) and all(row[name] == value for name, value in where.items())
    ]
    if not found:
        raise RuleAbsent(f"no row of {table} for {where or 'anything'} is in force on {on.isoformat()}")
    return found


def every(table: str) -> tuple[Row, ...]:
    """All rows of a table, whatever their dates."""
    return _rows(table)


def _holds(row: Row, on: date) -> bool:
    until = row.get("effective_to", "")
    return date.fromisoformat(row["effective_from"]) <= on and (not until or on <= date.fromisoformat(until))


@lru_cache(maxsize=32)
def _rows(table: str) -> tuple[Row, ...]:
    with resources.files("puhui.merchant").joinpath("rules", f"{table}.csv").open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines))
