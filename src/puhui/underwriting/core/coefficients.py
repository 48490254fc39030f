"""Coefficients of evidence: dated, sourced numbers between what is seen (a QR collection) and what is meant (revenue).

Rule kept: no coefficient stands in code. A row has a value, a 95 % range where it is uncertain, a confidence and a source;
a decision keeps the rows it used as plain JSON, so a replay reads the numbers of its own time. A key without a row of its
own falls back to `any`; a code without either is `CoefficientAbsent`, never a silent default.

>>> table = in_force(date(2026, 11, 1))
>>> table.value("TOBACCO_SHARE_OF_SALES"), round(table.relative_sd("TOBACCO_SHARE_OF_SALES"), 6)
(0.375, 0.102041)
>>> table.value("CASHLESS_COVERAGE", "bookshop")
0.8
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.kernel import shipped

Columns = npt.NDArray[np.float64]
ANY = "any"
_Z95 = 1.96


class CoefficientAbsent(LookupError):
    """The policy table has no row of this code for this key, nor for any."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """`stored`: code → key → [value, low, high]; low and high are None where the value is taken as exact."""

    stored: dict[str, dict[str, list[float | None]]]

    def value(self, code: str, key: str = ANY) -> float:
        return float(self._row(code, key)[0] or 0.0)

    def relative_sd(self, code: str, key: str = ANY) -> float:
        """Half the 95 % range over 1.96, as a share of the value; zero without a range."""
        value, low, high = self._row(code, key)
        return (high - low) / (2 * _Z95 * value) if low is not None and high is not None and value else 0.0

    def values(self, code: str, keys: Sequence[str]) -> Columns:
        """The value of each key, as a column."""
        known = {key: self.value(code, key) for key in set(keys)}
        return np.array([known[key] for key in keys], dtype=np.float64)

    def keys(self, code: str) -> tuple[str, ...]:
        """The keys that have a row of their own."""
        return tuple(self.stored.get(code, {}))

    def as_json(self) -> dict[str, Any]:
        return self.stored

    def _row(self, code: str, key: str) -> list[float | None]:
        rows = self.stored.get(code, {})
        row = rows.get(key) or rows.get(ANY)
        if row is None:
            raise CoefficientAbsent(f"no coefficient {code} for {key!r}, nor for any")
        return row


@lru_cache(maxsize=64)
def in_force(on: date) -> Coefficients:
    """The rows in force on a day; before the first row's day there are none."""
    stored: dict[str, dict[str, list[float | None]]] = {}
    for row in rows():
        if shipped.holds(row, on):
            numbers = [float(row[name]) if row[name] else None for name in ("value", "low", "high")]
            stored.setdefault(row["code"], {})[row["key"]] = numbers
    return Coefficients(stored)


def rows() -> tuple[shipped.Row, ...]:
    """The whole table as published, with confidence and source."""
    return shipped.rows("puhui.underwriting", "policy/evidence_coefficients.csv")


@lru_cache(maxsize=1)
def sources() -> dict[str, dict[str, str]]:
    """Who evidence may come from, and the grade that source earns: A registry, B system, C document, D told."""
    return {row["source"]: row for row in shipped.rows("puhui.underwriting", "policy/evidence_sources.csv")}
