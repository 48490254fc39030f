"""Made-up applications in the columns of the credit policy, with a default that follows from them: a known truth in columns.

Rule kept: invented and labelled so; a seed gives the same rows everywhere. Nothing here imitates a real portfolio's losses.

>>> frame = applications(1_000, seed=1)
>>> frame.height, frame["requested_minor"].min() >= 100_000, 0.02 < frame["defaulted"].mean() < 0.2
(1000, True, True)
"""

from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

FIRST_DAY = date(2023, 1, 1)
DAYS = 1_096
_INDUSTRIES = ["F5212", "F5291", "H6210", "A0111", "C1331", "O8111", "E4990", "L7296", "G5430", "F5227"]
_PURPOSES = ["stock", "equipment", "wages", "rent", "repay_debt", "entrusted"]
_Draw = npt.NDArray[np.float64]


def applications(count: int, *, seed: int) -> pl.DataFrame:
    """Applications over three years in the order of their days; `defaulted` (0 or 1) is the made-up truth."""
    dice = np.random.default_rng(seed)
    strain = dice.normal(size=count)  # what the bureau, the books and the bank account all show a little of
    inflow = np.exp(dice.normal(14.6, 0.9, count)).astype(np.int64)
    asked = np.maximum(1, (inflow * np.exp(dice.normal(0.3, 0.8, count)) / 100_000).astype(np.int64)) * 100_000
    months = dice.choice([3, 6, 12, 18, 24, 36], count)
    debt = (inflow * np.exp(dice.normal(-0.2, 1.0, count) + 0.4 * strain)).astype(np.int64)
    known = pl.DataFrame({
        "applied_on": np.datetime64(FIRST_DAY) + np.sort(dice.integers(0, DAYS, count)).astype("timedelta64[D]"),
        "requested_minor": asked, "months": months, "entity_kind": dice.choice(["shop", "company", "farmer"], count, p=[0.6, 0.25, 0.15]),
        "age_years": np.clip(dice.normal(41, 11, count), 16, 80).astype(np.int64),
        "industry_code": dice.choice(_INDUSTRIES, count), "purpose": dice.choice(_PURPOSES, count, p=[0.5, 0.2, 0.1, 0.1, 0.02, 0.08]),
        "registered_months": dice.exponential(40, count).astype(np.int64), "operator_changed_days": dice.integers(0, 4_000, count),
        "monthly_inflow_minor": inflow, "monthly_disposable_minor": (inflow * np.clip(dice.normal(0.22 - 0.05 * strain, 0.1), -0.2, 0.8)).astype(np.int64),
        "existing_debt_minor": debt, "existing_instalments_minor": debt // 30, "new_instalment_minor": asked // months,
        "household_credit_minor": debt, "evidence_age_days": dice.exponential(25, count).astype(np.int64),
        "evidence_grade": dice.choice(["A", "B", "C", "D"], count, p=[0.25, 0.4, 0.25, 0.1]), "months_active": dice.integers(3, 13, count),
        "revenue_volatility": np.exp(dice.normal(-0.7 + 0.2 * strain, 0.5)), "buyer_top1": dice.beta(1.5, 4, count),
        "overdue_count_24m": dice.poisson(np.exp(-1.6 + 0.8 * strain)), "overdue_days_most_24m": (dice.exponential(6, count) * np.exp(strain)).astype(np.int64),
        "queries_1m": dice.poisson(np.exp(0.2 + 0.5 * strain)), "queries_3m": dice.poisson(np.exp(1.0 + 0.5 * strain)),
        "new_loans_1m": dice.poisson(np.exp(-1.8 + 0.6 * strain)), "prior_loans": dice.poisson(0.6, count),
    })  # fmt: skip
    sure = {"bureau_on_file": True, "consent_to_assess": True, "consent_to_lender": True, "has_invoices": True, "lender_is_listed": True, "overdue_now": False, "court_enforcement": False,
            "on_abnormal_list": False, "licence_state": "in_business", "lender_regions": "any", "five_class_worst": "normal"}  # fmt: skip
    frame = known.with_columns(pl.lit(value).alias(name) for name, value in sure.items()).with_columns(
        (pl.col("applied_on") + pl.duration(days=900)).alias("id_expires_on"), pl.lit("0.150000").alias("all_in_rate"),
        pl.lit("0.240000").alias("cap_rate"), pl.lit(0.02).alias("self_dealing_share"),
    )  # fmt: skip
    chance = 1 / (
        1 + np.exp(3.3 - 0.9 * strain - 0.25 * np.log1p(debt / inflow) + 0.01 * (frame["age_years"].to_numpy() - 41))
    )
    holes = {
        name: dice.random(count) for name in ("monthly_inflow_minor", "overdue_count_24m", "queries_1m", "buyer_top1")
    }
    frame = frame.with_columns(
        pl.when(pl.Series(draw) >= 0.03).then(pl.col(name)).alias(name) for name, draw in holes.items()
    )
    return _within(frame).with_columns(pl.Series("defaulted", dice.random(count) < chance).cast(pl.Int64))


def rows_of(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """As the inputs of decisions: JSON values, the truth left out, nulls left out."""
    plain = frame.drop("defaulted").with_columns(pl.col("applied_on", "id_expires_on").dt.strftime("%Y-%m-%d"))
    return [{name: value for name, value in row.items() if value is not None} for row in plain.iter_rows(named=True)]


def _within(frame: pl.DataFrame) -> pl.DataFrame:
    """Counts stay within the ranges that the policy's columns declare."""
    most = {
        "registered_months": 2_400,
        "evidence_age_days": 100_000,
        "overdue_days_most_24m": 10_000,
        "overdue_count_24m": 10_000,
    }
    return frame.with_columns(pl.col(name).clip(0, top) for name, top in most.items())
