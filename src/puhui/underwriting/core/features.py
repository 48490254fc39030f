"""The one feature function: evidence rows in, model columns out. It trains and it serves (card 27).

Rule kept: a row is a batch of one. Every column is computed element by element, so one firm scored alone gets the
same bits as in the batch. Evidence comes from `sql/evidence.sql`; its windows end on each firm's own last invoice.
How long a firm has been silent is evidence (and shortens its limit), but never a model column: docs/decisions/0010.

>>> model_columns(pl.DataFrame({name: [0.0] for name in EVIDENCE})).columns[:3]
['log_sales', 'log_purchases', 'growth']
"""

from dataclasses import dataclass

import polars as pl

FEATURE_VERSION = "1"

# What the feature function reads from an evidence row (all integers of fen, counts or plain ratios).
EVIDENCE = (
    "sales_net_year", "sales_net_before", "purchases_net_year", "month_mean", "month_sd", "calendar_mean",
    "calendar_sd", "months_active_year", "buyers", "buyer_top1", "buyer_lost_share", "suppliers", "supplier_top1",
    "supplier_lost_share", "sales_valid", "sales_void", "sales_red", "purchases_valid", "purchases_void",
)  # fmt: skip

# Constants multiply: Polars divides a column by a constant through its reciprocal, but one row exactly, and the last
# bit would then depend on the size of the batch.
_YUAN, _TWELFTH = 0.01, 1 / 12
_GROWTH_SOFTENER = 1_000_000  # fen; keeps the ratio of two tiny years from exploding


@dataclass(frozen=True, slots=True)
class Feature:
    """A model column. `sign` is the direction of risk we accept: +1 more is riskier, −1 more is safer."""

    name: str
    sign: int
    zh: str
    en: str
    unit: str = "number"


MODEL_FEATURES: tuple[Feature, ...] = (
    Feature("log_sales", -1, "近12个月不含税销售额", "net sales of the last 12 months", "log_yuan"),
    Feature("log_purchases", -1, "近12个月不含税进货额", "net purchases of the last 12 months", "log_yuan"),
    Feature("growth", -1, "销售额同比增长", "growth of sales on the year before", "log_ratio"),
    Feature("volatility", 1, "月销售额波动", "volatility of monthly sales", "number"),
    Feature("seasonality", 1, "销售季节性", "seasonality of sales", "number"),
    Feature("margin", -1, "进销差（占进销合计）", "sales less purchases, as a share of both", "share"),
    Feature("buyer_top1", 1, "最大买方占比", "share of the largest buyer", "share"),
    Feature("supplier_top1", 1, "最大供方占比", "share of the largest supplier", "share"),
    Feature("log_buyers", -1, "买方数量", "number of buyers", "log_count"),
    Feature("log_suppliers", -1, "供方数量", "number of suppliers", "log_count"),
    Feature("buyer_lost", 1, "流失买方占上年销售比", "share of last year's sales whose buyers left", "share"),
    Feature("supplier_lost", 1, "流失供方占上年进货比", "share of last year's purchases whose suppliers left", "share"),
    Feature("void_sales", 1, "销项作废比例", "share of sales invoices voided", "share"),
    Feature("void_purchases", 1, "进项作废比例", "share of purchase invoices voided", "share"),
    Feature("red_sales", 1, "销项红冲比例", "share of sales invoices that are red", "share"),
    Feature("active_months", -1, "近12个月有销售的月份比例", "share of the last 12 months with sales", "share"),
)  # fmt: skip
MODEL_NAMES: tuple[str, ...] = tuple(feature.name for feature in MODEL_FEATURES)


def model_columns(evidence: pl.DataFrame) -> pl.DataFrame:
    """The 16 model columns, one row a firm, floats without gaps. Expects `EVIDENCE`; missing shares mean "nothing kept"."""
    sales, before = _positive("sales_net_year"), _positive("sales_net_before")
    purchases = _positive("purchases_net_year")
    return evidence.select(
        log_sales=(sales * _YUAN).log1p(),
        log_purchases=(purchases * _YUAN).log1p(),
        growth=((sales + _GROWTH_SOFTENER) / (before + _GROWTH_SOFTENER)).log(),
        volatility=_share("month_sd", pl.col("month_mean"), empty=3.0),
        seasonality=_share("calendar_sd", pl.col("calendar_mean"), empty=3.0),
        margin=_ratio(sales - purchases, sales + purchases, empty=0.0),
        buyer_top1=_filled("buyer_top1", 1.0),
        supplier_top1=_filled("supplier_top1", 1.0),
        log_buyers=_filled("buyers", 0.0).log1p(),
        log_suppliers=_filled("suppliers", 0.0).log1p(),
        buyer_lost=_filled("buyer_lost_share", 1.0),
        supplier_lost=_filled("supplier_lost_share", 1.0),
        void_sales=_share("sales_void", pl.col("sales_void") + pl.col("sales_valid")),
        void_purchases=_share("purchases_void", pl.col("purchases_void") + pl.col("purchases_valid")),
        red_sales=_share("sales_red", pl.col("sales_valid")),
        active_months=_filled("months_active_year", 0.0) * _TWELFTH,
    ).cast(pl.Float64)


def has_invoices(evidence: pl.DataFrame) -> pl.Series:
    """Which firms have at least one valid sales invoice as of the date; the others cannot be scored."""
    return evidence["sales_valid"].fill_null(0) > 0


def shown_columns(evidence: pl.DataFrame) -> pl.DataFrame:
    """Ratios that are shown to people or used by the limit, beside the model columns."""
    sales, purchases = _positive("sales_net_year"), _positive("purchases_net_year")
    return evidence.select(
        gross_margin=_ratio(sales - purchases, sales, empty=None),
        loop_share=_ratio(pl.col("loop_gross_year").cast(pl.Float64), sales, empty=0.0),
        both_sides_share=_ratio(pl.col("both_sides_net_year").cast(pl.Float64), sales, empty=0.0),
        red_sales_amount_share=_share("sales_red_gross", pl.col("sales_black_gross")),
        red_purchases_amount_share=_share("purchases_red_gross", pl.col("purchases_black_gross")),
    ).cast(pl.Float64)


def plain_value(feature: Feature, value: float) -> str:
    """A model value in words a shop owner reads: yuan, counts, per cent.

    >>> plain_value(MODEL_FEATURES[6], 0.5)
    '50.0%'
    """
    import math

    if feature.unit == "log_yuan":
        return f"{math.expm1(value):,.0f}元"
    if feature.unit == "log_count":
        return f"{math.expm1(value):,.0f}"
    if feature.unit == "log_ratio":
        return f"{math.expm1(value):+.1%}"
    return f"{value:.1%}" if feature.unit == "share" else f"{value:.2f}"


def _positive(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64).fill_null(0.0).clip(lower_bound=0.0)


def _filled(column: str, empty: float) -> pl.Expr:
    return pl.col(column).cast(pl.Float64).fill_null(empty)


def _share(column: str, whole: pl.Expr, *, empty: float | None = 0.0) -> pl.Expr:
    return _ratio(pl.col(column).cast(pl.Float64), whole.cast(pl.Float64), empty=empty)


def _ratio(part: pl.Expr, whole: pl.Expr, *, empty: float | None) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole).otherwise(pl.lit(empty, dtype=pl.Float64))
