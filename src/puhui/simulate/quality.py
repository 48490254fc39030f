"""What the invented firms are: one array a trait, one place a firm, all moved by a latent quality.

Quality is standard normal: higher is larger, steadier, less concentrated, better rated. Shares of ratings and the
chance of default by rating are assumptions, stated here and nowhere else.

>>> draw_firms(np.random.default_rng(1), 5, months=41).count
5
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from puhui.simulate.names import TRADES

Floats = NDArray[np.float64]
RATING_FROM_BELOW = (("D", 0.20), ("C", 0.27), ("B", 0.31), ("A", 0.22))  # shares, worst first
CHANCE_OF_DEFAULT = {"A": 0.002, "B": 0.025, "C": 0.07, "D": 0.96}
LABELLED_SHARE = 0.29


@dataclass(frozen=True, slots=True)
class Firms:
    """Traits of all firms; `first_month` and `last_month` bound the months in which a firm deals at all."""

    trade: NDArray[np.int64]
    vat_percent: NDArray[np.int64]
    rating: NDArray[np.str_]
    defaulted: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    monthly_invoices: Floats
    ticket_yuan: Floats
    yearly_growth: Floats
    noise: Floats
    season: Floats
    margin: Floats
    buyers: NDArray[np.int64]
    concentration: Floats
    buyer_turnover: Floats
    void_share: Floats
    red_share: Floats
    loop_share: Floats
    first_month: NDArray[np.int64]
    last_month: NDArray[np.int64]

    @property
    def count(self) -> int:
        return len(self.trade)


def draw_firms(dice: np.random.Generator, count: int, *, months: int) -> Firms:
    """Draw all traits of `count` firms that may deal in `months` months."""
    quality = dice.standard_normal(count)
    rating = _rating(quality + 0.45 * dice.standard_normal(count))
    defaulted = dice.random(count) < np.array([CHANCE_OF_DEFAULT[name] for name in rating])
    trade = dice.integers(0, len(TRADES), count)
    general = np.array([kind.vat_percent for kind in TRADES])[trade]
    usual_margin = np.array([kind.margin for kind in TRADES])[trade]
    return Firms(
        trade=trade,
        vat_percent=np.where(dice.random(count) < 0.35, 1, general),
        rating=rating,
        defaulted=defaulted,
        labelled=dice.random(count) < LABELLED_SHARE,
        monthly_invoices=np.clip(np.exp(1.15 + 0.45 * quality + 0.75 * dice.standard_normal(count)), 0.4, 60),
        ticket_yuan=np.exp(10.3 + 0.45 * quality + 0.7 * dice.standard_normal(count)),
        yearly_growth=0.06 + 0.06 * quality - 0.18 * defaulted + 0.12 * dice.standard_normal(count),
        noise=np.clip(0.35 - 0.07 * quality + 0.06 * dice.standard_normal(count), 0.1, 0.8),
        season=dice.uniform(0.5, 1.5, count),
        margin=np.clip(usual_margin + 0.03 * quality + 0.04 * dice.standard_normal(count), 0.02, 0.6),
        buyers=np.clip(np.exp(2.6 + 0.4 * quality + 0.7 * dice.standard_normal(count)), 1, 400).astype(np.int64),
        concentration=np.clip(2.2 - 0.35 * quality + 0.4 * dice.standard_normal(count), 1.0, 5.0),
        buyer_turnover=np.clip(0.25 - 0.08 * quality + 0.08 * dice.standard_normal(count), 0.02, 0.8),
        void_share=np.clip(0.07 - 0.02 * quality + 0.04 * np.abs(dice.standard_normal(count)), 0.005, 0.5),
        red_share=np.clip(0.012 - 0.006 * quality + 0.01 * np.abs(dice.standard_normal(count)), 0.0, 0.25),
        loop_share=np.where((dice.random(count) < 0.06) & (quality < 0), dice.uniform(0.35, 0.7, count), 0.0),
        first_month=np.where(dice.random(count) < 0.2, dice.integers(0, months * 3 // 4, count), 0),
        last_month=np.where(
            defaulted & (dice.random(count) < 0.35), months - 1 - dice.integers(1, 9, count), months - 1
        ),
    )


def _rating(score: Floats) -> NDArray[np.str_]:
    place = (np.argsort(np.argsort(score)) + 0.5) / len(score)
    edges = np.cumsum([share for _, share in RATING_FROM_BELOW])[:-1]
    return np.array([name for name, _ in RATING_FROM_BELOW])[np.searchsorted(edges, place)]
