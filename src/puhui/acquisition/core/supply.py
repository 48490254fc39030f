"""What a unit of value costs: expected spend an auction when we bid `multiplier × weight`, learned from our own auctions only.

An auction of weight w and market price z is won by every multiplier of at least κ = z / w. Of a win we know κ; of a loss only
that κ exceeds the multiplier used: a right-censored observation. The distribution of κ is therefore a product-limit
estimate (Kaplan and Meier 1958, JASA 53: 457–481) with weights that fade with age; training prices enter as weighted
observations. Chance and price need not be independent, since κ holds both.

>>> seen = Auctions(weight=np.array([1.0, 1.0, 2.0, 1.0]), price=np.array([2.0, 4.0, 4.0, 1.0]), won=np.array([1, 1, 1, 0], bool))
>>> curve = product_limit(seen, np.ones(4), points=8)
>>> [round(spend, 3) for spend in curve.spend]  # the loss at multiplier 1 weighs on all later ones
[2.0, 3.333]
>>> curve.multiplier
[2.0, 4.0]
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SMALLEST_PRICE = 0.5  # a price of zero is taken as half a unit where its logarithm is needed


@dataclass(frozen=True, slots=True)
class Auctions:
    """One row an auction. `price` is what we paid where `won`, else our own losing bid."""

    weight: Floats
    price: Floats
    won: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SupplyCurve:
    """`spend[i]`: expected money an auction at `multiplier[i]`; both rise."""

    spend: list[float]
    multiplier: list[float]

    def multiplier_for(self, rate: float) -> float:
        """The multiplier that spends `rate` an auction; the last one when even that spends less."""
        spend, multiplier = self.spend, self.multiplier
        place = bisect_left(spend, rate)
        if place == 0:
            return multiplier[0] * (rate / spend[0] if spend[0] > 0 else 1.0)
        if place == len(spend):
            return multiplier[-1]
        low, high = spend[place - 1], spend[place]
        share = (rate - low) / (high - low) if high > low else 1.0
        return multiplier[place - 1] + share * (multiplier[place] - multiplier[place - 1])

    @property
    def most(self) -> float:
        """Expected money an auction if everything that was ever won were won."""
        return self.spend[-1]


def product_limit(auctions: Auctions, counts: Floats, *, points: int) -> SupplyCurve | None:
    """The curve of weighted auctions; None when nothing was ever won. `counts`: how many auctions each row stands for."""
    kappa = np.maximum(auctions.price, SMALLEST_PRICE) / auctions.weight
    order = np.lexsort((~auctions.won, kappa))  # at a tie the win comes first: the loss is known to lie above
    kappa, won, count = kappa[order], auctions.won[order], counts[order]
    if not won.any():
        return None
    at_risk = np.cumsum(count[::-1])[::-1]
    hazard = np.where(won, count / at_risk, 0.0)
    still = np.cumprod(np.concatenate(([1.0], 1.0 - np.minimum(hazard[:-1], 1.0))))
    spend = np.cumsum(still * hazard * auctions.price[order])
    spend, kappa = spend[won], kappa[won]
    last = np.flatnonzero(np.append(kappa[1:] > kappa[:-1], True))  # one point a κ: all its wins together
    spend, kappa = spend[last], kappa[last]
    if len(kappa) > points:
        kept = np.unique(np.linspace(0, len(kappa) - 1, points).round().astype(int))
        spend, kappa = spend[kept], kappa[kept]
    return SupplyCurve(spend.tolist(), kappa.tolist())
