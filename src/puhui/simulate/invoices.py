"""Three years of invented invoices, drawn at once for all firms: one array a column, one place an invoice.

>>> dice = np.random.default_rng(1)
>>> draw(dice, quality.draw_firms(dice, 3, months=2), ends=date(2026, 2, 21)).sales.columns[:3]
['firm', 'number', 'issued_on']
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from puhui.simulate import names, quality  # noqa: F401 - quality is for the example
from puhui.simulate.quality import Firms, Floats

VALID, VOID = "有效发票", "作废发票"
# January … December; the dip is the Spring Festival
SEASON = np.array([1.02, 0.55, 0.95, 0.98, 1.06, 1.08, 0.97, 0.96, 1.02, 1.00, 1.10, 1.25])
_CODES = 20_000  # how many counterparties the town deals with, on each side
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Books:
    """Sales and purchases in the format of the real data."""

    sales: pl.DataFrame
    purchases: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Side:
    """What differs between the two sides: the letter of its codes, invoices and ticket as a share of the sales'."""

    letter: str
    count_share: Floats
    ticket_share: Floats


def draw(dice: np.random.Generator, firms: Firms, *, ends: date) -> Books:
    """Invoices of the months up to `ends`, sorted by firm and day."""
    starts = _month_starts(ends, int(firms.last_month.max()) + 1)
    rate = _invoices_a_month(dice, firms, starts)
    more = np.full(firms.count, 1.15)
    sales = _side(dice, firms, rate, starts, Side("B", np.ones(firms.count), np.ones(firms.count)))
    purchases = _side(dice, firms, rate, starts, Side("A", more, (1 - firms.margin) / more))
    circular = _mirrored(dice, firms, sales, ends)
    return Books(sales=_finished(sales, firms), purchases=_finished(pl.concat([purchases, circular]), firms))


def _mirrored(dice: np.random.Generator, firms: Firms, sales: pl.DataFrame, ends: date) -> pl.DataFrame:
    """Circular invoices: what a self-dealing firm sells comes back within a week, same party, same amount."""
    looped = dice.random(sales.height) < firms.loop_share[sales["place"].to_numpy()]
    later = sales.with_columns(days=pl.Series(dice.integers(0, 7, sales.height))).filter(pl.Series(looped))
    back = pl.min_horizontal(pl.col("issued_on") + pl.duration(days="days"), pl.lit(ends)).cast(pl.Date)
    return later.with_columns(issued_on=back).drop("days")


def _month_starts(ends: date, months: int) -> NDArray[np.datetime64]:
    """First days of the months, and the day after `ends` behind them."""
    last = np.datetime64(ends, "M")
    first_days = np.arange(last - (months - 1), last + 1).astype("datetime64[D]")
    return np.append(first_days, np.datetime64(ends, "D") + 1)


def _invoices_a_month(dice: np.random.Generator, firms: Firms, starts: NDArray[np.datetime64]) -> Floats:
    """Expected number of sales invoices, one row a firm, one column a month; zero outside a firm's life."""
    months = np.arange(len(starts) - 1)
    calendar = starts[:-1].astype("datetime64[M]").astype(np.int64) % 12
    growth = np.exp(np.outer(firms.yearly_growth, (months - months[-1] / 2) / 12))
    season = SEASON[calendar][None, :] ** firms.season[:, None]
    weather = np.exp(firms.noise[:, None] * dice.standard_normal((firms.count, len(months))))
    alive = (months >= firms.first_month[:, None]) & (months <= firms.last_month[:, None])
    rate: Floats = firms.monthly_invoices[:, None] * growth * season * weather * alive
    return rate * np.minimum(1, np.diff(starts).astype(np.int64) / 28)  # the last month is a broken one


def _side(
    dice: np.random.Generator, firms: Firms, rate: Floats, starts: NDArray[np.datetime64], side: Side
) -> pl.DataFrame:
    counts = dice.poisson(rate * side.count_share[:, None])
    firm, month = (np.repeat(where.ravel(), counts.ravel()) for where in np.indices(counts.shape))
    days = np.diff(starts).astype(np.int64)
    offset = (dice.random(len(firm)) * days[month]).astype(np.int64)
    issued_on = starts[month] + offset
    net = _net_minor(dice, firms, firm, side)
    tax = np.sign(net) * ((np.abs(net) * firms.vat_percent[firm] + 50) // 100)  # half up, mirrored for red
    void = dice.random(len(firm)) < firms.void_share[firm]
    padded = void & (dice.random(len(firm)) < 0.003)  # the real files have such spaces too; loaders must bear them
    return pl.DataFrame(
        {
            "place": firm,
            "issued_on": pl.Series(issued_on).cast(pl.Date),
            "counterparty": _counterparties(dice, firms, firm, month, side),
            "net_yuan": net / 100,
            "tax_yuan": tax / 100,
            "gross_yuan": (net + tax) / 100,
            "status": np.where(padded, " " + VOID, np.where(void, VOID, VALID)),
        }
    )


def _finished(rows: pl.DataFrame, firms: Firms) -> pl.DataFrame:
    """In the real data's columns, by firm and day, with the firm's running invoice numbers."""
    table = rows.sort("place", "issued_on", maintain_order=True)
    codes = pl.Series([names.firm_code(n) for n in range(firms.count)])
    running = pl.int_range(pl.len()).over("place") + (pl.col("place") * 7_919 + 1_000_003) % 80_000_000
    return table.select(
        codes.gather(table["place"]).alias("firm"),
        running.cast(pl.String).str.zfill(8).alias("number"),
        "issued_on",
        "counterparty",
        "net_yuan",
        "tax_yuan",
        "gross_yuan",
        "status",
    )


def _net_minor(dice: np.random.Generator, firms: Firms, firm: Whole, side: Side) -> Whole:
    """Net amounts in fen, at least one yuan, capped at ten million; red invoices are negative."""
    ticket = (firms.ticket_yuan * side.ticket_share)[firm]
    net = np.rint(100 * ticket * np.exp(0.8 * dice.standard_normal(len(firm)))).astype(np.int64)
    red = dice.random(len(firm)) < firms.red_share[firm]
    return np.where(red, -1, 1) * np.clip(net, 100, 1_000_000_000)


def _counterparties(dice: np.random.Generator, firms: Firms, firm: Whole, month: Whole, side: Side) -> pl.Series:
    """Codes such as B00412. Rank ⌊K·u^a⌋ concentrates on the low ranks; the ranks drift, so that partners leave."""
    rank = np.floor(firms.buyers[firm] * dice.random(len(firm)) ** firms.concentration[firm])
    drift = np.floor(firms.buyer_turnover[firm] * firms.buyers[firm] * month / 12 / 3)
    partner = (firm * 7_919 + (rank + drift).astype(np.int64) * 104_729) % _CODES
    return pl.Series(partner + 1).cast(pl.String).str.zfill(5).str.replace("^", side.letter)
