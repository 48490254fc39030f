"""Segments 客群: which segment an application belongs to, by a table of definitions (`policy/segments.toml`).

Rules kept: a segment is a function of facts and of the table, over columns; the first row that holds counts; a missing
fact holds no condition, so what is not known ends in the row without conditions, or in `unknown`, never in a guess.

>>> facts = pl.DataFrame({"owner_kind": ["shop", None], "earlier_loans": [2, 0], "credit_history_months": [0, None],
...                       "months_of_evidence": [14, 3]})
>>> segments(facts, table()).rows()
[('shop', 'repeat', 'thick'), ('unknown', 'first', 'thin')]
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from puhui.kernel import shipped
from puhui.kernel.refusal import Refusal, Refused

UNKNOWN = "unknown"
FACTS = ("owner_kind", "earlier_loans", "credit_history_months", "months_of_evidence")
FACT_KINDS = {
    "owner_kind": pl.String,
    "earlier_loans": pl.Int64,
    "credit_history_months": pl.Int64,
    "months_of_evidence": pl.Int64,
}
_HOLDS = {"=": pl.Expr.eq, ">=": pl.Expr.ge, ">": pl.Expr.gt, "<=": pl.Expr.le, "<": pl.Expr.lt, "in": pl.Expr.is_in}


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """One version of the definitions; `stored` is its JSON form."""

    stored: dict[str, Any]

    @property
    def version(self) -> str:
        return str(self.stored["version"])

    @property
    def dimensions(self) -> list[str]:
        return list(dict.fromkeys(row["dimension"] for row in self.stored["segment"]))

    @property
    def split(self) -> dict[str, Any]:
        return self.stored["split"]

    def name(self, dimension: str, code: str) -> tuple[str, str]:
        """(Chinese, English) name of a segment."""
        for row in self.stored["segment"]:
            if (row["dimension"], row["code"]) == (dimension, code):
                return row["zh"], row["en"]
        return "未知", "unknown"


@cache
def table() -> SegmentTable:
    """The version shipped with this release."""
    return SegmentTable(shipped.tree("puhui.underwriting", "policy/segments.toml"))


def segments(facts: pl.DataFrame, definitions: SegmentTable) -> pl.DataFrame:
    """One column a dimension, one row an application. Refuses facts without the columns that the table names."""
    named = {fact for row in definitions.stored["segment"] for fact, _holds, _value in row["when"]}
    absent = sorted(named - set(facts.columns))
    if absent:
        told = f"缺少事实 · facts are missing: {', '.join(absent)}"
        raise Refused(Refusal("FACTS_MISSING", told, where=", ".join(absent)))
    return facts.select(_dimension(definitions, name).alias(name) for name in definitions.dimensions)


def _dimension(definitions: SegmentTable, dimension: str) -> pl.Expr:
    """The first row that holds, as nested when–then; read from the last row up."""
    found = pl.lit(UNKNOWN)
    for row in reversed([row for row in definitions.stored["segment"] if row["dimension"] == dimension]):
        conditions = [_HOLDS[holds](pl.col(fact), value) for fact, holds, value in row["when"]]
        holds = pl.all_horizontal(conditions).fill_null(False) if conditions else pl.lit(True)
        found = pl.when(holds).then(pl.lit(row["code"])).otherwise(found)
    return found
