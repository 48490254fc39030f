"""How loans have performed, as frames for vintages, roll rates and the judging of models: month ends and first instalments.

Rules kept: only closed dates are told; a loan's balance is its principal by the ledger, a written-off one still owes its
principal until it is recovered; days past due at a month's end are those of its oldest instalment open that day.

`snapshots`: loan, month (first day), funded_month, month_on_book, initial_minor, balance_minor, dpd
`first_payments`: loan, application_id, funded_month, first_due_on, first_paid_on, initial_minor, worst_dpd
"""

from collections.abc import Mapping
from datetime import date

import polars as pl
from django.db import connection

from puhui.servicing.core.accounts import IMPAIRMENT_LOSS, LOAN_LOSS_PROVISION, LOAN_PRINCIPAL, RECOVERY_INCOME

_LENT = "loan.state NOT IN ('booked', 'cancelled')"
_LOANS = f"SELECT id, application_id, principal_minor, disbursed_on FROM servicing_loan loan WHERE {_LENT} AND disbursed_on <= %s"
_DUES = (
    "SELECT line.loan_id, line.n::int, line.due_on, line.settled_on FROM servicing_instalment line "
    f"JOIN servicing_loan loan ON loan.id = line.loan_id WHERE {_LENT} AND line.due_on <= %s"
)
_MOVED = f"""
SELECT posting.loan_id, date_trunc('month', posting.business_date)::date,
       sum(CASE WHEN posting.debit = '{LOAN_PRINCIPAL}' THEN posting.amount_minor ELSE 0 END
           - CASE WHEN posting.credit = '{LOAN_PRINCIPAL}' AND posting.debit NOT IN ('{LOAN_LOSS_PROVISION}', '{IMPAIRMENT_LOSS}')
                    OR posting.credit = '{RECOVERY_INCOME}' THEN posting.amount_minor ELSE 0 END)::bigint
  FROM servicing_posting posting
 WHERE posting.loan_id IS NOT NULL AND posting.business_date <= %s
   AND (posting.debit = '{LOAN_PRINCIPAL}' OR posting.credit IN ('{LOAN_PRINCIPAL}', '{RECOVERY_INCOME}'))
 GROUP BY 1, 2"""
_LOAN_COLUMNS = {"loan": pl.String, "application_id": pl.String, "initial_minor": pl.Int64, "disbursed_on": pl.Date}
_DUE_COLUMNS = {"loan": pl.String, "n": pl.Int64, "due_on": pl.Date, "settled_on": pl.Date}
_MOVE_COLUMNS = {"loan": pl.String, "month": pl.Date, "moved_minor": pl.Int64}


def snapshots(*, as_of: date) -> pl.DataFrame:
    """A row a loan and month that has ended by `as_of` (a closed date), from the month of payout until nothing is owed."""
    loans = _frame(_LOANS, as_of, _LOAN_COLUMNS).with_columns(
        pl.col("disbursed_on").dt.truncate("1mo").alias("funded_month")
    )
    ended = pl.lit(as_of).dt.offset_by("1d").dt.truncate("1mo").dt.offset_by("-1mo")  # the last month that is over
    grid = (
        loans.filter(pl.col("funded_month") <= ended)
        .with_columns(pl.date_ranges("funded_month", ended, "1mo").alias("month")).explode("month")
        .with_columns(_months_between("month", "funded_month").alias("month_on_book"))
    )  # fmt: skip
    balances = (
        grid.select("loan", "month").join(_frame(_MOVED, as_of, _MOVE_COLUMNS), on=["loan", "month"], how="left")
        .sort("loan", "month").with_columns(pl.col("moved_minor").fill_null(0).cum_sum().over("loan").alias("balance_minor"))
    )  # fmt: skip
    late = _late_at_month_ends(_frame(_DUES, as_of, _DUE_COLUMNS), as_of)
    return (
        grid.join(balances.drop("moved_minor"), on=["loan", "month"]).join(late, on=["loan", "month"], how="left")
        .with_columns(pl.col("dpd").fill_null(0), pl.col("balance_minor").clip(0))
        .filter((pl.col("balance_minor") > 0) | (pl.col("month_on_book") == 0))
        .select("loan", "month", "funded_month", "month_on_book", "initial_minor", "balance_minor", "dpd")
        .sort("loan", "month")
    )  # fmt: skip


def first_payments(*, as_of: date) -> pl.DataFrame:
    """A row a loan whose first instalment fell due by `as_of`, with the most days any instalment was late so far."""
    dues = _frame(_DUES, as_of, _DUE_COLUMNS)
    paid = pl.when(pl.col("settled_on") <= as_of).then(pl.col("settled_on"))
    worst = dues.with_columns((paid.fill_null(as_of) - pl.col("due_on")).dt.total_days().clip(0).alias("late_days"))
    first = dues.sort("n").group_by("loan", maintain_order=True).first()
    return (
        _frame(_LOANS, as_of, _LOAN_COLUMNS)
        .join(first.select("loan", pl.col("due_on").alias("first_due_on"), paid.alias("first_paid_on")), on="loan")
        .join(worst.group_by("loan").agg(pl.col("late_days").max().alias("worst_dpd")), on="loan")
        .with_columns(pl.col("disbursed_on").dt.truncate("1mo").alias("funded_month"))
        .select("loan", "application_id", "funded_month", "first_due_on", "first_paid_on", "initial_minor", "worst_dpd")
        .sort("loan")
    )


def _late_at_month_ends(dues: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Per loan and month: days from the oldest due date still open at the month's end."""
    open_until = (
        pl.when(pl.col("settled_on") <= as_of).then(pl.col("settled_on")).fill_null(pl.lit(as_of).dt.offset_by("1d"))
    )
    # Open on the last day of a month means: due before it, and not settled by the end of it.
    first, last = pl.col("due_on").dt.truncate("1mo"), open_until.dt.truncate("1mo").dt.offset_by("-1mo")
    return (
        dues.with_columns(first.alias("first"), last.alias("last")).filter(pl.col("first") <= pl.col("last"))
        .with_columns(pl.date_ranges("first", "last", "1mo").alias("month")).explode("month")
        .with_columns((pl.col("month").dt.month_end() - pl.col("due_on")).dt.total_days().alias("dpd"))
        .group_by("loan", "month").agg(pl.col("dpd").max())
    )  # fmt: skip


def _months_between(later: str, earlier: str) -> pl.Expr:
    def months(name: str) -> pl.Expr:
        return pl.col(name).dt.year().cast(pl.Int64) * 12 + pl.col(name).dt.month()

    return months(later) - months(earlier)


def _frame(statement: str, as_of: date, columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute(statement, [as_of])
        return pl.DataFrame(cursor.fetchall(), schema=columns, orient="row")
