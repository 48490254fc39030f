"""Between the rows of PostgreSQL and columns: read frames by COPY, turn rows into terms, write postings and changes.

Rule kept: columns in, columns out (card 6). This is the only place of the room that moves whole columns; operations
and queries stand above it, models and core below.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from django.db import connection
from psycopg import sql

from puhui.servicing import models
from puhui.servicing.core.journal import Flow
from puhui.servicing.core.schedule import Schedule
from puhui.servicing.core.terms import LoanTerms
from puhui.store import copying

LOAN_COLUMNS: Mapping[str, Any] = {
    "id": pl.String,
    "institution_id": pl.String,
    "state": pl.String,
    "outstanding_minor": pl.Int64,
    "received_minor": pl.Int64,
    "credit_minor": pl.Int64,
    "oldest_due_on": pl.Date,
    "five_class": pl.String,
    "rounding": pl.String,
    "waterfall": pl.String,
}
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


def serviced_loans() -> pl.DataFrame:
    """Loans in service, in the order of their ids, with their position."""
    statement = f"SELECT {', '.join(LOAN_COLUMNS)} FROM servicing_loan WHERE state IN ('active', 'overdue') ORDER BY id"
    return read_frame(statement, LOAN_COLUMNS).with_row_index("loan")


def open_instalments(loans: pl.DataFrame, day: date) -> pl.DataFrame:
    """Unsettled instalments of these loans whose period has begun by `day`, sorted by loan and number."""
    # One table, no join in SQL: right after a bulk load PostgreSQL has no statistics and would pick a nested loop.
    statement = (
        f"SELECT {', '.join(INSTALMENT_COLUMNS)} FROM servicing_instalment WHERE settled_on IS NULL AND starts_on <= %s"
    )
    rows = read_frame(statement, INSTALMENT_COLUMNS, [day])
    return rows.join(loans.select("loan", "rounding", loan_id="id"), on="loan_id").sort("loan", "n")


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
    )


def instalments_of(plan: Schedule, loan_ids: Sequence[str], institution_ids: Sequence[str]) -> pl.DataFrame:
    """A schedule as rows of servicing_instalment; both sequences are by position in the batch."""
    return pl.DataFrame(
        {
            "loan_id": np.array(loan_ids, object)[plan.loan].tolist(),
            "institution_id": np.array(institution_ids, object)[plan.loan].tolist(),
            "n": plan.n,
            "starts_on": plan.starts_on,
            "due_on": plan.due_on,
            "principal_minor": plan.principal_minor,
            "interest_minor": plan.interest_minor,
            "balance_minor": plan.balance_minor,
            "paid_principal_minor": np.zeros(len(plan), np.int64),
            "paid_interest_minor": np.zeros(len(plan), np.int64),
        }
    )


def postings_of(flows: Sequence[Flow], loans: pl.DataFrame, *, entries: Mapping[str, str], day: date) -> pl.DataFrame:
    """Flows of a batch as rows of servicing_posting. `entries`: the entry of each institution."""
    pieces = []
    for flow in flows:
        moved = flow.amount_minor > 0
        pieces.append(
            loans.filter(moved).select(
                entry_id=pl.col("institution_id").replace_strict(entries, return_dtype=pl.String),
                institution_id="institution_id",
                loan_id="id",
                business_date=pl.lit(day),
                debit=pl.lit(flow.debit),
                credit=pl.lit(flow.credit),
                amount_minor=pl.Series(flow.amount_minor[moved], dtype=pl.Int64),
            )
        )
    return pl.concat(pieces) if pieces else pl.DataFrame()


def update_rows(table: str, changes: pl.DataFrame, *, keys: Sequence[str]) -> int:
    """UPDATE rows of a table from a frame that holds the key columns and the new values of the others."""
    if changes.is_empty():
        return 0
    stage, names = f"changes_{table}", sql.SQL(", ").join(sql.Identifier(name) for name in changes.columns)
    new_values = sql.SQL(", ").join(
        sql.SQL("{0} = s.{0}").format(sql.Identifier(name)) for name in changes.columns if name not in keys
    )
    matched = sql.SQL(" AND ").join(sql.SQL("t.{0} = s.{0}").format(sql.Identifier(name)) for name in keys)
    parts = {"table": sql.Identifier(table), "stage": sql.Identifier(stage), "names": names}
    with connection.cursor() as cursor:
        create = "CREATE TEMPORARY TABLE {stage} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA"
        cursor.execute(sql.SQL(create).format(**parts))
        copying.stream_frame(cursor, changes, stage)
        cursor.execute(sql.SQL("ANALYZE {stage}").format(**parts))
        update = sql.SQL("UPDATE {table} t SET {new_values} FROM {stage} s WHERE {matched}")
        cursor.execute(update.format(**parts, new_values=new_values, matched=matched))
        changed = int(cursor.rowcount)
        cursor.execute(sql.SQL("DROP TABLE {stage}").format(**parts))
    return changed
