"""Roll rates 迁徙率: how balances move from bucket to bucket in a month, and what share of a current yuan ends in loss.

A snapshot frame has a row a loan and month: `loan`, `month` (its first day), `balance_minor`, `dpd`. A loan that ended
has no further rows.

    bucket: C 0 days, M1 1–30, M2 31–60, … M6 151–180, M7+ above (a card or instalment loan is charged off there)
    R_k = balance in M(k+1) at t+1 / balance in M(k) at t            expected loss of a current yuan = Π R_k
    coincident(t) = bucket's balance / all balances at t             lagged(t) = bucket's balance / all balances k months before

Rules kept: both ratios are told, because a growing book makes the coincident one look good; a month whose neighbour is
missing gives no roll; a product with a factor that was never seen (no balance to roll from) is None, not nought.

>>> from datetime import date
>>> frame = pl.DataFrame({"loan": ["a", "a", "b", "b"], "month": [date(2026, 1, 1), date(2026, 2, 1)] * 2,
...                       "balance_minor": [100, 90, 300, 300], "dpd": [0, 0, 0, 12]})
>>> roll_rates(frame).rows()
[(datetime.date(2026, 1, 1), 'C', 'M1', 400, 300, 0.75)]
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling.vintage import needs

BUCKETS = ("C", "M1", "M2", "M3", "M4", "M5", "M6", "M7+")
ENDED = "ended"
DAYS_IN_BUCKET = 30
SNAPSHOT = ("loan", "month", "balance_minor", "dpd")


@dataclass(frozen=True, slots=True)
class RollMatrix:
    """Balances (fen) from bucket (rows, at t) to bucket or `ended` (columns, at t+1), over all pairs of months."""

    balance_minor: npt.NDArray[np.int64]
    loans: npt.NDArray[np.int64]

    def shares(self) -> npt.NDArray[np.float64]:
        """Each row by its sum; a row without balance is all NaN."""
        sums = self.balance_minor.sum(axis=1, keepdims=True).astype(np.float64)
        return np.divide(self.balance_minor, sums, out=np.full(self.balance_minor.shape, np.nan), where=sums > 0)

    def as_json(self) -> dict[str, Any]:
        return {"from": list(BUCKETS), "to": [*BUCKETS, ENDED], "balance_minor": self.balance_minor.tolist(),
                "loans": self.loans.tolist()}  # fmt: skip


def bucket_of(dpd: pl.Expr) -> pl.Expr:
    """Place of the bucket in `BUCKETS`; a part of a month late is that month's bucket."""
    return ((dpd + DAYS_IN_BUCKET - 1) // DAYS_IN_BUCKET).clip(0, len(BUCKETS) - 1).cast(pl.Int64)


def roll_matrix(snapshots: pl.DataFrame) -> RollMatrix:
    """Where the balance of every bucket stands a month later. What is weighed is the balance it started from."""
    moves = (
        _pairs(snapshots).group_by("bucket", "bucket_after")
        .agg(pl.col("balance_minor").sum(), pl.len().alias("loans"))
    )  # fmt: skip
    size = (len(BUCKETS), len(BUCKETS) + 1)
    balance, loans = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for before, after, minor, count in moves.select("bucket", "bucket_after", "balance_minor", "loans").iter_rows():
        balance[before, after], loans[before, after] = minor, count
    return RollMatrix(balance, loans)


def roll_rates(snapshots: pl.DataFrame) -> pl.DataFrame:
    """R_k of every month that has a next one: `month`, `bucket`, `into`, `from_minor`, `into_minor`, `rate`."""
    balances = _balances(snapshots)
    after = balances.select(
        pl.col("month").dt.offset_by("-1mo"), pl.col("bucket") - 1, pl.col("minor").alias("into_minor")
    )
    followed = pl.col("month").is_in(balances["month"].dt.offset_by("-1mo").unique().to_list())
    names = dict(enumerate(BUCKETS))
    return (
        balances.filter(followed & (pl.col("bucket") < len(BUCKETS) - 1))
        .join(after, on=["month", "bucket"], how="left").with_columns(pl.col("into_minor").fill_null(0))
        .sort("month", "bucket")
        .select(
            "month", pl.col("bucket").replace_strict(names, return_dtype=pl.String).alias("bucket"),
            (pl.col("bucket") + 1).replace_strict(names, return_dtype=pl.String).alias("into"),
            pl.col("minor").alias("from_minor"), "into_minor", (pl.col("into_minor") / pl.col("minor")).alias("rate"),
        )
    )  # fmt: skip


def expected_loss_rate(rates: pl.DataFrame, *, charged_off_in: str = "M7+") -> float | None:
    """Π R_k from current to charge-off, each R_k weighed over all months; None where a factor was never seen."""
    product = 1.0
    for bucket in BUCKETS[: BUCKETS.index(charged_off_in)]:
        seen = rates.filter(pl.col("bucket") == bucket)
        started = int(seen["from_minor"].sum())
        if started == 0:
            return None
        product *= int(seen["into_minor"].sum()) / started
    return product


def delinquency_ratios(snapshots: pl.DataFrame) -> pl.DataFrame:
    """By month and bucket: `minor`, `coincident`, and `lagged` (null where the book of k months before is unknown)."""
    balances = _balances(snapshots)
    books = balances.group_by("month").agg(pl.col("minor").sum().alias("book_minor"))
    earlier = books.rename({"month": "earlier", "book_minor": "earlier_minor"})
    lag = pl.concat_str(pl.lit("-"), pl.col("bucket").cast(pl.String), pl.lit("mo"))
    return (
        balances.join(books, on="month").with_columns(pl.col("month").dt.offset_by(lag).alias("earlier"))
        .join(earlier, on="earlier", how="left").sort("month", "bucket")
        .select(
            "month", pl.col("bucket").replace_strict(dict(enumerate(BUCKETS)), return_dtype=pl.String).alias("bucket"),
            "minor", (pl.col("minor") / pl.col("book_minor")).alias("coincident"),
            (pl.col("minor") / pl.col("earlier_minor")).alias("lagged"),
        )
    )  # fmt: skip


def _pairs(snapshots: pl.DataFrame) -> pl.DataFrame:
    """Each loan and month with where it stands the month after; only months that have a month after."""
    needs(snapshots, SNAPSHOT)
    states = snapshots.select("loan", "month", "balance_minor", bucket_of(pl.col("dpd")).alias("bucket"))
    after = states.select("loan", pl.col("month").dt.offset_by("-1mo"), pl.col("bucket").alias("bucket_after"))
    months = states["month"].dt.offset_by("-1mo").unique().to_list()
    return (
        states.filter(pl.col("month").is_in(months)).join(after, on=["loan", "month"], how="left")
        .with_columns(pl.col("bucket_after").fill_null(len(BUCKETS)))
    )  # fmt: skip


def _balances(snapshots: pl.DataFrame) -> pl.DataFrame:
    needs(snapshots, SNAPSHOT)
    return (
        snapshots.filter(pl.col("balance_minor") > 0)
        .group_by("month", bucket_of(pl.col("dpd")).alias("bucket")).agg(pl.col("balance_minor").sum().alias("minor"))
        .sort("month", "bucket")
    )  # fmt: skip
