"""The room's dated tables (`tables/*.csv`): a row is in force from `effective_from` until a later row of the same name."""

from datetime import date
from functools import cache
from pathlib import Path

from puhui.kernel import shipped

FOLDER = Path(__file__).resolve().parent / "tables"


def in_force(name: str, key: str, as_of: date) -> list[dict[str, str]]:
    """The rows in force on the day, the latest of each `key`, in the table's order of dates."""
    return list(shipped.newest(shipped.rows("puhui.acquisition", f"tables/{name}"), key, on=as_of).values())


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """All rows of a table, by date."""
    return tuple(sorted(shipped.rows("puhui.acquisition", f"tables/{name}"), key=lambda row: row["effective_from"]))
