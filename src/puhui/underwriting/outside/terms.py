"""On which terms a keeper is asked: how often one applicant, how long we wait, how many tries. Dated rows, no number in code.

>>> terms("bureau", on=date(2026, 3, 1)).window_days
30
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources


class TermsAbsent(LookupError):
    """`policy/keepers.csv` has no row of this keeper on this day."""


@dataclass(frozen=True, slots=True)
class Terms:
    window_days: int
    timeout_ms: int
    attempts: int
    pause_ms: int


def terms(keeper: str, *, on: date) -> Terms:
    """The row in force on a day; raises TermsAbsent."""
    for row in _rows():
        until = row["effective_to"]
        started = date.fromisoformat(row["effective_from"]) <= on
        if row["keeper"] == keeper and started and (not until or on <= date.fromisoformat(until)):
            return Terms(int(row["window_days"]), int(row["timeout_ms"]), int(row["attempts"]), int(row["pause_ms"]))
    raise TermsAbsent(f"policy/keepers.csv has no row of {keeper} on {on}")


@cache
def _rows() -> list[dict[str, str]]:
    with resources.files("puhui.underwriting").joinpath("policy/keepers.csv").open(encoding="utf-8") as table:
        return list(csv.DictReader(table))
