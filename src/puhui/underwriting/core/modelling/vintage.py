"""Vintages and first-payment default: how each month's loans turn out, by month on book, net of what was recovered.

A performance frame has a row a loan and month on book: `loan`, `funded_month` (its first day), `month_on_book` (0 is the
month of funding), `initial_minor`, `balance_minor` (principal owed at the month's end, written-off principal included
until it is recovered), `dpd` (days past due at the month's end). A loan that ended simply has no further rows.

    vintage(t, m) = Σ_late (principal when it first passed the line − past-due principal recovered since) / Σ initial
    FPDx          = first instalments paid x or more days late / first instalments due x or more days ago

Rules kept: the line is "more than so many days past due" and comes from the policy (M3+: more than 90); the denominator
is the whole cohort from the first month on; a month on book that not all of a cohort can have reached is not shown; the
day is told (`as_of`). Sources: VCREDIT and FinVolution filings for the net-of-recovery vintage, Qfin for FPD7.

>>> frame = pl.DataFrame({
...     "loan": ["a", "a", "a", "b"], "funded_month": [date(2026, 1, 1)] * 4, "month_on_book": [0, 4, 5, 0],
...     "initial_minor": [1000] * 4, "balance_minor": [1000, 900, 600, 1000], "dpd": [0, 95, 125, 0]})
>>> vintage(frame, over_days=90, as_of=date(2026, 6, 30)).select("month_on_book", "late_minor", "rate").rows()[3:]
[(3, 0, 0.0), (4, 900, 0.45), (5, 600, 0.3)]
"""

from datetime import date

import numpy as np
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling.evaluation import wilson

PERFORMANCE = ("loan", "funded_month", "month_on_book", "initial_minor", "balance_minor", "dpd")
FIRST_PAYMENTS = ("loan", "funded_month", "first_due_on", "first_paid_on", "initial_minor")


def vintage(performance: pl.DataFrame, *, over_days: int, as_of: date) -> pl.DataFrame:
    """A row a cohort and month on book: `loans`, `initial_minor`, `late_minor` (net of recovered), `rate`, `late_loans`."""
    needs(performance, PERFORMANCE)
    rows = performance.filter(pl.col("month_on_book") <= _age(as_of)).sort("loan", "month_on_book")
    cohorts = (
        rows.group_by("loan").first().group_by("funded_month")
        .agg(pl.len().alias("loans"), pl.col("initial_minor").sum()).with_columns(_age(as_of).alias("oldest"))
        .filter(pl.col("oldest") >= 0)
    )  # fmt: skip
    grid = cohorts.with_columns(pl.int_ranges(0, pl.col("oldest") + 1).alias("month_on_book")).explode("month_on_book")
    late = _net_late(rows, over_days, as_of)
    return (
        grid.join(late, on=["funded_month", "month_on_book"], how="left")
        .with_columns(pl.col("late_minor", "late_loans").fill_null(0))
        .with_columns((pl.col("late_minor") / pl.col("initial_minor")).alias("rate"))
        .select("funded_month", "month_on_book", "loans", "initial_minor", "late_loans", "late_minor", "rate")
        .sort("funded_month", "month_on_book")
    )


def first_payment_default(first_payments: pl.DataFrame, *, days: int, as_of: date) -> pl.DataFrame:
    """FPDx by cohort: `mature` loans, `late`, `rate` with Wilson's interval, and by amount. `first_paid_on` is the day
    the first instalment was paid in full, null while it is not."""
    needs(first_payments, FIRST_PAYMENTS)
    if days < 1:
        raise Refused(Refusal("DAYS_INVALID", "逾期天数至少为 1 · at least one day late", where="days"))
    # A first payment made after `as_of` is not known on that day.
    paid = pl.when(pl.col("first_paid_on") <= as_of).then(pl.col("first_paid_on"))
    mature = first_payments.filter(pl.col("first_due_on") + pl.duration(days=days) <= as_of).with_columns(
        ((paid.fill_null(as_of) - pl.col("first_due_on")).dt.total_days() >= days).alias("is_late")
    )
    found = (
        mature.group_by("funded_month")
        .agg(
            pl.len().alias("mature"), pl.col("is_late").sum().cast(pl.Int64).alias("late"),
            pl.col("initial_minor").sum().alias("mature_minor"),
            pl.col("initial_minor").filter(pl.col("is_late")).sum().alias("late_minor"),
        )
        .sort("funded_month")
        .with_columns((pl.col("late") / pl.col("mature")).alias("rate"),
                      (pl.col("late_minor") / pl.col("mature_minor")).alias("rate_by_amount"))
    )  # fmt: skip
    ends = [wilson(rate, rows) for rate, rows in found.select("rate", "mature").iter_rows()]
    low, high = np.array(ends).reshape(-1, 2).T
    return found.with_columns(pl.Series("low", low), pl.Series("high", high))


def needs(frame: pl.DataFrame, columns: tuple[str, ...]) -> None:
    """Refuse a frame without these columns, or with nothing in them (only `first_paid_on` may be empty), naming them."""
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        told = f"缺少列 · columns are missing: {', '.join(absent)}"
        raise Refused(Refusal("COLUMNS_MISSING", told, where=", ".join(absent)))
    empty = {name: frame[name].null_count() for name in columns if name != "first_paid_on" and frame[name].null_count()}
    if empty:
        told = ", ".join(f"{name} × {count}" for name, count in empty.items())
        raise Refused(Refusal("VALUES_MISSING", f"有空值 · empty values: {told}", where=", ".join(empty)))


def _age(as_of: date) -> pl.Expr:
    """Whole months from the month of funding to the last month that has ended by `as_of`."""
    month, ended = pl.col("funded_month"), as_of.year * 12 + as_of.month - (0 if _month_ends(as_of) else 1)
    return (pl.lit(ended) - month.dt.year().cast(pl.Int64) * 12 - month.dt.month()).cast(pl.Int64)


def _month_ends(day: date) -> bool:
    return date.fromordinal(day.toordinal() + 1).month != day.month


def _net_late(rows: pl.DataFrame, over_days: int, as_of: date) -> pl.DataFrame:
    """By cohort and month on book: loans that ever passed the line, and what of their principal is not recovered."""
    entered = (
        rows.filter(pl.col("dpd") > over_days).group_by("loan", maintain_order=True).first()
        .select("loan", "funded_month", pl.col("month_on_book").alias("entered"),
                pl.col("balance_minor").alias("entered_minor"), _age(as_of).alias("oldest"))
    )  # fmt: skip
    months = pl.int_ranges(pl.col("entered"), pl.col("oldest") + 1).alias("month_on_book")
    since = entered.with_columns(months).explode("month_on_book").drop_nulls("month_on_book").sort("month_on_book")
    states = rows.select("loan", pl.col("month_on_book").cast(pl.Int64), "balance_minor").sort("month_on_book")
    last = states.group_by("loan").agg(pl.col("month_on_book").max().alias("last_month"))
    return (
        since.with_columns(pl.col("month_on_book").cast(pl.Int64))
        .join_asof(states, on="month_on_book", by="loan", check_sortedness=False).join(last, on="loan")
        .with_columns(
            # After its last row a loan has ended: nothing is owed any more, so all of it was recovered.
            pl.when(pl.col("month_on_book") > pl.col("last_month")).then(0).otherwise(pl.col("balance_minor")).alias("owed")
        )
        .group_by("funded_month", "month_on_book")
        .agg(pl.min_horizontal("owed", "entered_minor").sum().alias("late_minor"), pl.len().cast(pl.Int64).alias("late_loans"))
    )  # fmt: skip
