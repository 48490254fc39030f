"""Shading in first-price auctions: what is paid is the bid, so bidding the value wins nothing worth having.

The bid maximises (value − bid) · F(bid), F the chance that every rival bids less, taken from rivals' bids seen (or bids that would have won).
A dual price λ of the budget makes a fen cost 1 + λ: maximise (value − (1 + λ) bid) · F(bid). (Krishna, Auction Theory, chapter 2.)

>>> rivals = RivalBids.of(np.array([1.0, 2.0, 3.0, 4.0]))
>>> rivals.best_bid(10.0), rivals.best_bid(3.0), rivals.best_bid(0.5)
(4.0, 1.0, 0.0)
>>> plan = shaded([rivals, rivals], np.array([10.0, 3.0]), np.array([0.5, 0.5]))
>>> plan.for_rate(9.0).tolist(), plan.for_rate(0.6).tolist()  # little money: it goes where it brings most
([4.0, 1.0], [2.0, 0.0])
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RivalBids:
    """Distinct highest rival bids in rising order and the chance to win when bidding each: a tie is won."""

    bid: Floats
    chance: Floats

    @classmethod
    def of(cls, seen: Floats) -> "RivalBids":
        """From rivals' highest bids, one an auction."""
        bid, counts = np.unique(seen, return_counts=True)
        return cls(bid, np.cumsum(counts) / len(seen))

    def best_bid(self, value: float, *, price_of_money: float = 0.0) -> float:
        """The bid of the highest expected gain; 0 when none gains. Only rivals' own bids need trying: between them F is flat."""
        gain = (value - (1 + price_of_money) * self.bid) * self.chance
        if not len(gain) or gain.max() <= 0:
            return 0.0
        return float(self.bid[int(np.argmax(gain))])


@dataclass(frozen=True, slots=True)
class ShadedBids:
    """For every price of money (rising) the bid in every lot, and the expected spend an auction (falling). Shapes (prices, lots), (prices,)."""

    bid: Floats
    spend: Floats

    def for_rate(self, rate: float) -> Floats:
        """The bids of the lowest price of money that spends at most `rate` an auction. Shape (lots,)."""
        place = int(np.searchsorted(-self.spend, -rate, side="left"))
        return self.bid[min(place, len(self.spend) - 1)]


def shaded(rivals: Sequence[RivalBids], value: Floats, share: Floats) -> ShadedBids:
    """One price of money over several lots (segments, media): what spends a rate there spends it where it brings most.

    `value` and `share` (lots,): the worth of a win and the lot's part of all auctions.
    """
    bids, spend = np.zeros((len(_PRICES), len(rivals))), np.zeros(len(_PRICES))
    for lot, each in enumerate(rivals):
        gain = (value[lot] - _PRICES[:, None] * each.bid) * each.chance
        best = np.argmax(gain, axis=1)
        wins = gain[np.arange(len(best)), best] > 0
        bids[:, lot] = np.where(wins, each.bid[best], 0.0)
        spend += share[lot] * np.where(wins, each.bid[best] * each.chance[best], 0.0)
    return ShadedBids(bids, spend)


_PRICES = np.geomspace(1.0, 1e4, 400)  # 1: a fen is worth a fen
