"""Front door, reads: the portfolio report for the console, from rows that journeys gathers from the rooms that know."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from puhui.insight.core.portfolio import Portfolio, measure


def report(rows: pl.DataFrame | Sequence[Mapping[str, Any]]) -> Portfolio:
    """The figures of `core.portfolio`; nothing is read from tables, so a tenant's report holds what it was given."""
    return measure(rows)
