"""Between the rows of PostgreSQL and columns: read frames by COPY, turn rows into terms, write postings and changes.

Rule kept: columns in, columns out (card 6). This is the only place of the room that moves whole columns; operations
and queries stand above it, models and core below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from django.db import connection

from puhui.servicing import models
from puhui.servicing.core.schedule import Schedule
from puhui.servicing.core.terms import Days, LoanTerms
from puhui.store import arrays

INSTALMENT_COLUMNS: Mapping[str, Any] = {
    "loan_id": pl.String,
    "n": pl.Int64,
    "starts_on": pl.Date,
    "due_on": pl.Date,
    "principal_minor": pl.Int64,
    "interest_minor": pl.Int64,
    "paid_principal_minor": pl.Int64,
    "paid_interest_minor": pl.Int64,
}


def read_frame(statement: str, schema: Mapping[str, Any], params: Sequence[Any] = ()) -> pl.DataFrame:
    """The result of a query as a frame, by COPY; columns in the order of `schema`. NULL is an empty field."""
    with connection.cursor() as cursor, cursor.copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)", params) as copy:
        text = b"".join(bytes(piece) for piece in copy)
    if not text:
        return pl.DataFrame(schema=dict(schema))
    return pl.read_csv(text, has_header=False, schema=dict(schema))


def column(frame: pl.DataFrame, name: str) -> np.ndarray:
    """One column as NumPy; dates as datetime64[D], whole numbers as int64."""
    values = frame[name].to_numpy()
    if frame.schema[name] == pl.Date:
        return values.astype("datetime64[D]")
    return values.astype(np.int64) if frame.schema[name].is_integer() else values


def terms_of(loan: models.Loan) -> LoanTerms:
    """The agreed terms of a stored loan."""
    return LoanTerms(
        currency=loan.currency,
        principal_minor=loan.principal_minor,
        annual_rate=loan.annual_rate,
        periods=loan.periods,
        disbursed_on=loan.disbursed_on,
        first_due_on=loan.first_due_on,
        method=loan.method,
        day_count=loan.day_count,
        rounding=loan.rounding,
    ).with_extras(loan.terms)


def instalments_of(
    plan: Schedule, loan_ids: Sequence[str], institution_ids: Sequence[str], *, starts_on: Days | None = None
) -> pl.DataFrame:
    """A schedule as rows of servicing_instalment; both sequences are by position in the batch. `starts_on`: from when interest runs."""
    return pl.DataFrame(
        {
            "loan_id": np.array(loan_ids, object)[plan.loan].tolist(),
            "institution_id": np.array(institution_ids, object)[plan.loan].tolist(),
            "n": plan.n,
            "starts_on": plan.starts_on if starts_on is None else starts_on,
            "due_on": plan.due_on,
            "principal_minor": plan.principal_minor,
            "interest_minor": plan.interest_minor,
            "balance_minor": plan.balance_minor,
            "planned_fee_minor": plan.fee_minor,
            "fee_minor": plan.fee_minor,
            "paid_principal_minor": np.zeros(len(plan), np.int64),
            "paid_interest_minor": np.zeros(len(plan), np.int64),
        }
    )


def update_rows(table: str, changes: pl.DataFrame, *, keys: Sequence[str]) -> int:
    """UPDATE rows of a table from a frame that holds the key columns and the new values of the others."""
    if changes.is_empty():
        return 0
    given = [_given(name, changes[name]) for name in changes.columns]
    names = ", ".join(changes.columns)
    new_values = ", ".join(f"{each.name} = {each.value}" for each in given if each.name not in keys)
    matched = " AND ".join(f"t.{name} = s.{name}" for name in keys)
    source = f"unnest({', '.join(each.cast for each in given)}) AS s ({names})"
    statement = f"UPDATE {table} t SET {new_values} FROM {source} WHERE {matched}"
    return arrays.execute(statement, [each.parameter for each in given])


@dataclass(frozen=True, slots=True)
class _Given:
    """One column of new values: how it is sent as an array, and how a value of it is read in the UPDATE."""

    name: str
    parameter: Any
    cast: str
    value: str


_NOTHING = -(2**62)  # stands for NULL among whole numbers on their way


def _given(name: str, column: pl.Series) -> _Given:
    if column.dtype == pl.String:
        return _Given(name, column.to_list(), "%s::text[]", f"s.{name}")
    days = column.dtype == pl.Date
    values = (column.to_physical() if days else column).cast(pl.Int64).fill_null(_NOTHING).to_numpy()
    whole = f"nullif(s.{name}, {_NOTHING})"
    return _Given(name, arrays.Whole(values), "%s", f"date '1970-01-01' + {whole}::int" if days else whole)
