"""Shading in first-price auctions: what is paid is the bid, so bidding the value wins nothing worth having.

The bid maximises (value − bid) · F(bid), F the chance that every rival bids less, taken from rivals' bids seen (or bids that would have won).
A dual price λ of the budget makes a fen cost 1 + λ: maximise (value − (1 + λ) bid) · F(bid). (Krishna, Auction Theory, chapter 2.)

>>> rivals = RivalBids.of(np.array([1.0, 2.0, 3.0, 4.0]))
>>> rivals.best_bid(10.0), rivals.best_bid(3.0), rivals.best_bid(0.5)
(4.0, 1.0, 0.0)
"""

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
