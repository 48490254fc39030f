"""Forecasts of a shop against the baselines people use, on real sales: seasonal naive and last value, by rolling origin.

Three sets (PUHUI_DATA/shop_sales): weekly takings thirteen weeks ahead of a Chinese fresh-food counter (its total and six kinds) and of a
gift wholesaler (total and three countries); lead-time demand of items for replenishment. Every origin uses only what was known then; the
baselines get bands from their own past misses, learned in the same way, so that bands are compared with bands. Lines say the mean
pinball loss over p10, p50 and p90 divided by the series' mean, and the share of what came that lay within p10–p90.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from puhui.merchant.outlook import lead_time, weekly
from puhui.merchant.outlook.bands import Floats, issue, pinball
from puhui.store import places

LEAD_DAYS = (3, 7)
ITEMS, FROM_WEEK, SHORT_FROM = 40, 60, 26


def main() -> None:
    """Print one JSON line a figure; nothing where the data are absent."""
    data = places.data_dir()
    folder = data / "shop_sales" if data else None
    if folder is None or not folder.is_dir():
        print(json.dumps({"name": "shop_sales", "absent": "no real sales here; set PUHUI_DATA"}))
        return
    for line in figures(folder):
        print(json.dumps(line), flush=True)


def figures(folder: Path) -> Iterator[dict[str, object]]:
    """The figures of each set and method."""
    sales = pl.read_parquet(folder / "fresh_market_daily.parquet")
    kinds = pl.read_csv(folder / "fresh_market_items.csv", schema_overrides={"item": pl.String})
    yield from _weekly_lines("fresh_market.weekly", fresh_weeks(sales, kinds), FROM_WEEK)
    yield from _weekly_lines("online_retail.weekly", retail_weeks(folder), SHORT_FROM)
    items = item_days(sales)
    for days in LEAD_DAYS:
        yield from _lead_lines(f"fresh_market.lead_{days}_days", items, days)


def fresh_weeks(sales: pl.DataFrame, kinds: pl.DataFrame) -> list[Floats]:
    """Whole weeks of kilograms: all, then each kind."""
    weeks = sales.with_columns(pl.col("date").dt.truncate("1w").alias("week")).join(kinds, on="item", how="left")
    every = _calendar(weeks["week"], "week", "1w")[1:-1]
    parts = [
        weeks,
        *(weeks.filter(pl.col("category") == kind) for kind in sorted(weeks["category"].drop_nulls().unique())),
    ]
    return [_filled(every, part, "week", "sold_kg") for part in parts]


def retail_weeks(folder: Path) -> list[Floats]:
    """Whole weeks of takings: all, then three countries; cancellations are left out."""
    lines = pl.read_parquet(folder / "online_retail.parquet").filter(
        (pl.col("Quantity") > 0) & (pl.col("UnitPrice") > 0)
    )
    weeks = lines.select(
        pl.col("InvoiceDate").str.slice(0, 10).str.to_date().dt.truncate("1w").alias("week"),
        (pl.col("Quantity") * pl.col("UnitPrice")).alias("taken"), "Country",
    )  # fmt: skip
    every = _calendar(weeks["week"], "week", "1w")[:-1]
    parts = [weeks, *(weeks.filter(pl.col("Country") == name) for name in ("EIRE", "Germany", "France"))]
    return [_filled(every, part, "week", "taken") for part in parts]


def item_days(sales: pl.DataFrame) -> list[Floats]:
    """Kilograms a day of the items sold on most days, from each one's first day to its last."""
    most = sales.group_by("item").agg(pl.len()).sort("len", "item", descending=True)["item"][:ITEMS]
    found = []
    for item in most:
        rows = sales.filter(pl.col("item") == item)
        every = _calendar(rows["date"], "date", "1d")
        found.append(_filled(every, rows, "date", "sold_kg"))
    return found


def _weekly_lines(name: str, series: list[Floats], first: int) -> Iterator[dict[str, object]]:
    losses: dict[str, list[tuple[float, float]]] = {}
    for weeks in series:
        actual, kinds = weekly.truth(weeks), weekly.families(weeks)
        lags = np.arange(1, weekly.HORIZON + 1)
        ways = {"ours": weekly.issued(weeks)} | {
            way: issue(kinds[place][None], actual, lags) for way, place in weekly.NAIVE.items()
        }
        for origin in range(first, len(weeks) - weekly.HORIZON, 2):
            for way, bands in ways.items():
                if not np.isnan(bands[origin]).any():
                    losses.setdefault(way, []).append(
                        _judged(actual[origin], bands[origin], weeks[: origin + 1].mean())
                    )
    yield from _told(name, losses, len(series))
    inside = [share for weeks in series for share in _sums_inside(weeks, first)]
    yield {"name": f"{name}.sum_of_13_weeks_inside_p10_p90.ours", "value": round(float(np.mean(inside)), 3),
           "unit": "share, 0.8 is right", "data": "real", "series": len(series), "n": len(inside)}  # fmt: skip


def _sums_inside(weeks: Floats, first: int) -> list[bool]:
    """For each origin, whether the sum of the thirteen weeks to come lay within its band: what a cash forecast adds up."""
    issued, came = weekly.issued(weeks), weekly.truth(weeks)
    found = []
    for origin in range(first, len(weeks) - weekly.HORIZON, 2):
        low, _, high = weekly.running(issued[origin])[-1]
        found.append(bool(low <= came[origin].sum() <= high))
    return found


def _lead_lines(name: str, series: list[Floats], lead_days: int) -> Iterator[dict[str, object]]:
    losses: dict[str, list[tuple[float, float]]] = {}
    for days in series:
        actual, kinds = lead_time.truth(days, lead_days), lead_time.families(days, lead_days)
        ways = {"ours": lead_time.issued(days, lead_days)[:, None]} | {
            way: issue(kinds[place][None], actual, np.array([lead_days]), lead_time.LEARNING)
            for way, place in lead_time.NAIVE.items()
        }
        mean = max(float(days.mean()) * lead_days, 1e-9)
        for origin in range(90, len(days) - lead_days, 5):
            for way, bands in ways.items():
                losses.setdefault(way, []).append(_judged(actual[origin], bands[origin], mean))
    yield from _told(name, losses, len(series))


def _judged(actual: Floats, bands: Floats, mean: float) -> tuple[float, float]:
    inside = (actual >= bands[:, 0]) & (actual <= bands[:, 2])
    return float(pinball(actual, bands).mean() / mean), float(inside.mean())


def _told(name: str, losses: dict[str, list[tuple[float, float]]], series: int) -> Iterator[dict[str, object]]:
    for way, each in losses.items():
        loss, inside = np.array(each).mean(axis=0)
        told = {"data": "real", "series": series, "n": len(each)}
        yield {"name": f"{name}.pinball.{way}", "value": round(float(loss), 4), "unit": "of the mean"} | told
        yield {
            "name": f"{name}.inside_p10_p90.{way}",
            "value": round(float(inside), 3),
            "unit": "share, 0.8 is right",
        } | told


def _calendar(days: pl.Series, name: str, step: str) -> pl.DataFrame:
    """Every day or week from the first to the last."""
    return pl.select(pl.date_range(days.min(), days.max(), step).alias(name))  # type: ignore[arg-type]


def _filled(every: pl.DataFrame, rows: pl.DataFrame, key: str, value: str) -> Floats:
    summed = rows.group_by(key).agg(pl.col(value).sum())
    return every.join(summed, on=key, how="left").sort(key)[value].fill_null(0.0).to_numpy()


if __name__ == "__main__":
    main()
