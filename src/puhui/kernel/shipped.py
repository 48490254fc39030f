"""Tables shipped inside our packages, read once: what a law, a lender or a habit of the trade sets is data, never code (card 26).

A table says in one of two ways how long a row stands. With `effective_to`, it holds from `effective_from` to it, both ends
inclusive as laws are published ("" is open). Without, it holds until a later row of the same key.

>>> [row["value"] for row in rows("puhui.policy", "legal_rules.csv") if row["code"] == "CAP_PENAL"]
['0.24', '4*LPR1Y']
"""

import csv
import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib import resources
from io import StringIO
from typing import Any

Row = dict[str, str]


def text(package: str, name: str) -> str:
    """A file of a package, by its path inside it."""
    return resources.files(package).joinpath(*name.split("/")).read_text(encoding="utf-8")


@cache
def rows(package: str, name: str) -> tuple[Row, ...]:
    """Every row of a CSV table, in the file's order; not to be changed by who reads them."""
    return tuple(csv.DictReader(StringIO(text(package, name), newline="")))


@cache
def tree(package: str, name: str) -> dict[str, Any]:
    """A TOML file, not to be changed by who reads it; its own `effective_from` as ISO text, so that it can be stored as JSON."""
    found = tomllib.loads(text(package, name))
    since = found.get("effective_from")
    return found | {"effective_from": since.isoformat()} if isinstance(since, date) else found


def holds(row: Row, on: date) -> bool:
    """Whether a row with two dates is in force on a day.

    >>> [holds({"effective_from": "2026-01-01", "effective_to": until}, date(2026, 3, 31)) for until in ("", "2026-03-31", "2026-03-30")]
    [True, True, False]
    """
    until = row.get("effective_to", "")
    return date.fromisoformat(row["effective_from"]) <= on and (not until or on <= date.fromisoformat(until))


def newest(found: Iterable[Row], *key: str, on: date) -> dict[tuple[str, ...], Row]:
    """Key → its row in force on a day, where a later row ends the earlier; in order of dates.

    >>> table = [{"name": "a", "effective_from": day, "n": day[-1]} for day in ("2026-01-02", "2026-01-01", "2026-01-03")]
    >>> newest(table, "name", on=date(2026, 1, 2))[("a",)]["n"]
    '2'
    """
    begun = (row for row in found if date.fromisoformat(row["effective_from"]) <= on)
    return {tuple(row[part] for part in key): row for row in sorted(begun, key=lambda row: row["effective_from"])}
