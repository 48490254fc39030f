"""A refusal by the rulebook (规则集拒绝) as it goes on record, and its replay: signals as seen, rules as they then read.

Rule kept: the record holds all that replay needs, the text of the rules included, so that a later rulebook changes
no earlier answer.

>>> text = ("code,condition,outcome,severity,shows,text_zh,text_en,effective_from,effective_to,source\\n"
...         "YOUNG,age_years < 18,refuse,grave,age_years,未成年,a minor,2000-01-01,,1\\n")
>>> replay([{"signals": {"age_years": 11}, "applied_on": "2026-03-01"}], {"rules": text})
[{'outcome': 'refuse', 'hits': ['YOUNG'], 'unknown': []}]
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from puhui.antifraud.core.assessment import Assessment
from puhui.antifraud.core.rulebook import Rulebook, evaluate, read_rules
from puhui.antifraud.core.signals import COLUMNS
from puhui.policy.core.columns import read_columns

KIND = "antifraud.refusal"


def inputs_of(assessment: Assessment, *, applied_on: date) -> dict[str, Any]:
    """What was seen; `applied_on` is the day in Beijing, by which rules are in force or not."""
    return {"assessment": assessment.id, "signals": assessment.signals, "applied_on": applied_on.isoformat()}


def parameters_of(book: Rulebook, columns: str = "") -> dict[str, Any]:
    """The rules by which it was judged, in full; with the columns of a published version, which may have its own."""
    return {"rules": book.text} | ({"columns": columns} if columns else {})


def output_of(assessment: Assessment) -> dict[str, Any]:
    """The answer as it was stored."""
    hits = [hit.code for hit in assessment.hits]
    return {"outcome": assessment.outcome, "hits": hits, "unknown": list(assessment.unknown)}


def replay(inputs: Sequence[dict[str, Any]], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Judge the recorded signals again, by the function that judges live."""
    columns = read_columns(parameters["columns"]) if "columns" in parameters else COLUMNS
    schema = {name: column.type for name, column in columns.items()}
    frame = pl.DataFrame({name: [row["signals"].get(name) for row in inputs] for name in schema}, schema=schema)
    days = [date.fromisoformat(row["applied_on"]) for row in inputs]
    return [
        {"outcome": verdict.outcome, "hits": [hit.code for hit in verdict.hits], "unknown": list(verdict.unknown)}
        for verdict in evaluate(read_rules(parameters["rules"], columns), frame, on=days)
    ]
