"""The room's dated tables (`tables/*.csv`): a row is in force from `effective_from` until a later row of the same name."""

import csv
from datetime import date
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "tables"


def in_force(name: str, key: str, as_of: date) -> list[dict[str, str]]:
    """The rows in force on the day, the latest of each `key`, in the table's order of dates."""
    latest: dict[str, dict[str, str]] = {}
    for row in rows(name):
        if date.fromisoformat(row["effective_from"]) <= as_of:
            latest[row[key]] = row
    return list(latest.values())


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """All rows of a table, by date."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return tuple(sorted(csv.DictReader(file), key=lambda row: row["effective_from"]))
