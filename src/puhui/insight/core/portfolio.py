"""Portfolio figures from plain rows: how much, how concentrated, at what rate, with what expected loss.

Rules kept: what is not known is left out of a figure *and counted* (`balance_without_pd_minor`), never taken as zero;
balances are whole fen, ratios are statistics and may be floats. A row is an application, with a balance once it is a loan.

- concentration (集中度): shares of the largest customer and the ten largest, and HHI = Σ share² (1 is one customer)
- weighted rate = Σ balance·rate ÷ Σ balance, over loans with a rate
- expected loss (预期损失) = Σ balance·pd·lgd, over loans with both

>>> measure([{"customer": "a", "balance_minor": 300, "annual_rate": 0.06}, {"customer": "b", "balance_minor": 100,
...           "annual_rate": 0.10}]).weighted_rate
0.07
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

COLUMNS: dict[str, Any] = {
    "customer": pl.String,
    "approved": pl.Boolean,
    "balance_minor": pl.Int64,
    "annual_rate": pl.Float64,
    "pd": pl.Float64,
    "lgd": pl.Float64,
    "rating": pl.String,
    "institution": pl.String,
    "bucket": pl.String,
}
_UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of the portfolio; `name` is empty where the part is unknown, `share` is of the whole balance."""

    name: str
    loans: int
    balance_minor: int
    share: float
    weighted_rate: float | None
    expected_loss_minor: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The whole. A ratio is None where there is nothing to divide by."""

    applications: int
    approved: int
    approval_rate: float | None
    loans: int
    customers: int
    balance_minor: int
    weighted_rate: float | None
    expected_loss_minor: int
    expected_loss_rate: float | None
    balance_without_pd_minor: int
    top1_share: float | None
    top10_share: float | None
    hhi: float | None
    by_rating: tuple[Slice, ...]
    by_institution: tuple[Slice, ...]
    by_bucket: tuple[Slice, ...]


def measure(rows: pl.DataFrame | Sequence[Mapping[str, Any]]) -> Portfolio:
    """The figures of rows with any of COLUMNS; a missing column is unknown throughout, an extra one is ignored.

    A negative balance is a ValueError. `approved` null (no decision) counts neither for nor against approval.
    """
    table = _typed(rows)
    loans = table.filter(pl.col("balance_minor") > 0)
    whole = _slices(loans.with_columns(all=pl.lit("all")), "all", _balance(loans))
    total = whole[0] if whole else Slice("all", 0, 0, 0.0, None, 0)
    decided = table["approved"].drop_nulls()
    lost = pl.col("pd").is_null() | pl.col("lgd").is_null()
    covered = total.balance_minor - (without := _balance(loans.filter(lost)))
    shares = _shares(loans)
    return Portfolio(
        applications=table.height,
        approved=int(decided.sum()),
        approval_rate=int(decided.sum()) / len(decided) if len(decided) else None,
        loans=total.loans,
        customers=len(shares),
        balance_minor=total.balance_minor,
        weighted_rate=total.weighted_rate,
        expected_loss_minor=total.expected_loss_minor,
        expected_loss_rate=total.expected_loss_minor / covered if covered else None,
        balance_without_pd_minor=without,
        top1_share=shares[0] if shares else None,
        top10_share=sum(shares[:10]) if shares else None,
        hhi=sum(share * share for share in shares) if shares else None,
        by_rating=_slices(loans, "rating", total.balance_minor),
        by_institution=_slices(loans, "institution", total.balance_minor),
        by_bucket=_slices(loans, "bucket", total.balance_minor),
    )


def _typed(rows: pl.DataFrame | Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    if isinstance(rows, pl.DataFrame):
        given = rows
    else:
        given = pl.DataFrame([{name: row.get(name) for name in COLUMNS} for row in rows], schema=COLUMNS, strict=False)
    table = given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in COLUMNS.items()
    )
    if given.is_empty():
        table = table.clear()
    table = table.with_columns(pl.col("balance_minor").fill_null(0))
    if (table["balance_minor"] < 0).any():
        raise ValueError("a balance is negative; a portfolio is measured on what customers owe")
    return table


def _balance(loans: pl.DataFrame) -> int:
    return int(loans["balance_minor"].sum())


def _shares(loans: pl.DataFrame) -> list[float]:
    """Customers' shares of the balance, largest first. Loans without a customer stand each for itself."""
    known = loans.filter(pl.col("customer").is_not_null()).group_by("customer").agg(pl.col("balance_minor").sum())
    alone = loans.filter(pl.col("customer").is_null())["balance_minor"]
    balances = sorted([*known["balance_minor"].to_list(), *alone.to_list()], reverse=True)
    whole = sum(balances)
    return [balance / whole for balance in balances]


def _slices(loans: pl.DataFrame, by: str, whole_minor: int) -> tuple[Slice, ...]:
    balance, rated = pl.col("balance_minor"), pl.col("annual_rate").is_not_null()
    table = loans.group_by(pl.col(by).fill_null(_UNKNOWN).alias("name")).agg(
        pl.len().alias("loans"),
        balance.sum().alias("balance_minor"),
        (balance * pl.col("annual_rate")).sum().alias("yearly"),
        balance.filter(rated).sum().alias("rated"),
        (balance * pl.col("pd") * pl.col("lgd")).sum().alias("loss"),
    )
    return tuple(
        Slice(
            name=row["name"],
            loans=row["loans"],
            balance_minor=row["balance_minor"],
            share=row["balance_minor"] / whole_minor,
            weighted_rate=row["yearly"] / row["rated"] if row["rated"] else None,
            expected_loss_minor=round(row["loss"]),
        )
        for row in table.sort("name").iter_rows(named=True)
    )
