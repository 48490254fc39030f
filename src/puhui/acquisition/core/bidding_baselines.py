"""The published bidders ours is measured against: constant cost a click, linear bids, concave bids (ORTB), and the dynamic programme RLB.

All four know what ours knows. `mcpc`: forecast × average training cost of a click. `lin`: b0 × forecast / average forecast with the b0
whose expected spend on the training prices is the budget (Perlich et al. 2012; Zhang et al. 2014). `rlb`: Cai et al. 2017, "Real-time
bidding by reinforcement learning in display advertising", WSDM: V(n, b) by dynamic programming over auctions left and budget left.

>>> lin = LinearBidder(np.array([1.0, 4.0]), np.array([1.0, 1.0]), average=0.02)
>>> lin.open(auctions=10, budget=5)  # half a unit an auction: the cheap half of the market
>>> 1.0 <= lin.bid(0.02, 10, 5) < 4.0
True
"""

from bisect import bisect_left
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_FORECASTS = 20_000  # the last of those seen
_PARTS = (np.arange(64) + 0.5) / 64
_HALVINGS = 60


class _Average:
    """Mean forecast: given, or of the auctions seen so far, this one included."""

    def __init__(self, given: float | None) -> None:
        self._given, self._sum, self._count = given, 0.0, 0

    def with_next(self, forecast: float) -> float:
        if self._given is not None:
            return self._given
        self._sum += forecast
        self._count += 1
        return self._sum / self._count


class CostPerClickBidder:
    """mcpc. `cost_per_click` None: the training cost of an impression over the average forecast stands for it."""

    def __init__(self, cost_per_click: float | None, cost_per_impression: float) -> None:
        self._given, self._cost, self._average = cost_per_click, cost_per_impression, _Average(None)

    def open(self, auctions: int, budget: int) -> None:
        """It keeps no plan."""

    def bid(self, forecast: float, left: int, budget_left: int) -> float:
        """Forecast times the cost of a click, whole units of money."""
        if self._given is not None:
            return float(int(forecast * self._given))
        average = self._average.with_next(forecast)
        return float(int(forecast / average * self._cost)) if average > 0 else 0.0

    def settle(self, forecast: float, bid: float, paid: int | None, clicked: int) -> None:
        """It learns nothing."""


class LinearBidder:
    """lin. Shapes (prices,): training prices in rising order and how often each came."""

    def __init__(self, price: Floats, count: Floats, *, average: float | None) -> None:
        self._price = price
        self._spend = np.cumsum(price * count) / count.sum()
        self._average, self._base = _Average(average), 0.0

    def open(self, auctions: int, budget: int) -> None:
        """b0 for this rate of money."""
        place = int(np.searchsorted(self._spend, budget / auctions))
        if place >= len(self._price):
            self._base = float(self._price[-1])
            return
        low_spend, low = (self._spend[place - 1], self._price[place - 1]) if place else (0.0, 0.0)
        share = (budget / auctions - low_spend) / max(self._spend[place] - low_spend, 1e-12)
        self._base = float(low + share * (self._price[place] - low))

    def bid(self, forecast: float, left: int, budget_left: int) -> float:
        """b0 × forecast / average."""
        average = self._average.with_next(forecast)
        return float(int(self._base * forecast / average)) if average > 0 else 0.0

    def settle(self, forecast: float, bid: float, paid: int | None, clicked: int) -> None:
        """It learns nothing."""


class ConcaveBidder:
    """ortb. Bids √(c/λ·θ + c²) − c: the optimum when a bid b wins with chance b / (b + c) (Zhang, Yuan and Wang 2014, "Optimal real-time
    bidding for display advertising", KDD). c is fitted to the training prices by least squares; λ is the one whose expected spend on them, over
    the forecasts known (training rows, else those seen so far), is the budget. θ is counted in average forecasts, so λ has one scale.
    """  # fmt: skip

    def __init__(self, price: Floats, count: Floats, *, forecasts: Floats | None) -> None:
        self._price, self._spend = price, np.cumsum(price * count) / count.sum()
        self._given = None if forecasts is None or not forecasts.mean() > 0 else forecasts
        self._seen: list[float] = []
        self._sum, self._scale = 0.0, 0.0
        chance = np.cumsum(count) / count.sum()
        tried = np.geomspace(max(float(price[price > 0].min(initial=np.inf)), 1e-9) / 4, float(price.max()) * 4 + 1.0, 200) if (price > 0).any() else np.ones(1)  # fmt: skip
        misses = [float(np.average((price / (price + c) - chance) ** 2, weights=count)) for c in tried]
        self._c = float(tried[int(np.argmin(misses))])

    def open(self, auctions: int, budget: int) -> None:
        """The scale c/λ for this rate of money, by bisection: what is spent rises with it."""
        known = self._given if self._given is not None else np.array(self._seen[-_FORECASTS:])
        shape = np.ones(1) if not len(known) or not known.mean() > 0 else np.quantile(known, _PARTS) / known.mean()
        rate, low, high = (
            budget / auctions,
            0.0,
            max(float(self._price[-1]), 1.0) * (float(self._price[-1]) + 2 * self._c),
        )
        while self._expected(high, shape) < min(rate, 0.999 * self._spend[-1]) and high < 1e30:
            high *= 4.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._expected(middle, shape) < rate else (low, middle)
        self._scale = high

    def bid(self, forecast: float, left: int, budget_left: int) -> float:
        """The concave bid of this forecast."""
        self._seen.append(forecast)
        self._sum += forecast
        average = float(self._given.mean()) if self._given is not None else self._sum / len(self._seen)
        return float(int(self._bids(self._scale, np.array([forecast / average]))[0] + 1e-9)) if average > 0 else 0.0

    def settle(self, forecast: float, bid: float, paid: int | None, clicked: int) -> None:
        """It learns nothing but the forecasts it met."""

    def _bids(self, scale: float, shape: Floats) -> Floats:
        return np.sqrt(scale * shape + self._c**2) - self._c

    def _expected(self, scale: float, shape: Floats) -> float:
        """Spend an auction on the training prices."""
        reached = np.searchsorted(self._price, self._bids(scale, shape) + 1e-9, side="right")
        return float(np.concatenate(([0.0], self._spend))[reached].mean())


class DynamicProgrammeBidder:
    """rlb. The programme is solved once for the first episode's budget, on budget cells with straight lines between them."""

    def __init__(self, price: Floats, count: Floats, *, average: float | None, terms: dict[str, Any]) -> None:
        self._price, self._chance = _in_cells(price, count / count.sum(), terms["price_cells"])
        self._average, self._terms = _Average(average), terms
        self._value: list[memoryview] = []
        self._unit, self._horizon = 1.0, 0

    def open(self, auctions: int, budget: int) -> None:
        """Solve V for up to `horizon` auctions, in units of the average forecast."""
        if self._value:
            return
        self._horizon = min(auctions, self._terms["horizon"])
        top = budget * self._horizon / auctions
        cells = int(min(max(top, 1.0), self._terms["cells"]))
        self._unit = max(top, 1.0) / cells
        table = values(self._price / self._unit, self._chance, horizon=self._horizon, cells=cells)
        self._value = [row.data for row in table]

    def bid(self, forecast: float, left: int, budget_left: int) -> float:
        """The highest price a with forecast + V(n−1, b−a) ≥ V(n−1, b)."""
        average = self._average.with_next(forecast)
        shrink = min(1.0, self._horizon / left)  # a longer episode is planned as its share of the horizon
        after = self._value[min(left, self._horizon) - 1]
        place = min(budget_left * shrink / self._unit, len(after) - 1.0)
        wanted = _at(after, place) - (forecast / average if average > 0 else 0.0)
        if wanted <= after[0]:
            return float(budget_left)
        high = bisect_left(after, wanted)
        low = high - 1
        step = after[high] - after[low]
        reached = low + (wanted - after[low]) / step if step > 0 else high
        return float(int((place - reached) * self._unit + 1e-9))

    def settle(self, forecast: float, bid: float, paid: int | None, clicked: int) -> None:
        """It learns nothing: the training prices are its market."""


def values(price: Floats, chance: Floats, *, horizon: int, cells: int) -> Floats:
    """V[n, b] for n auctions and b cells of budget, when every auction is worth 1 and is won at will.

    V(n, b) = V(n−1, b) + Σ_z m(z) · max(0, 1 + V(n−1, b−z) − V(n−1, b)), z ≤ b; `price` in cells. Shape (horizon + 1, cells + 1).
    """
    budget = np.arange(cells + 1, dtype=np.float64)
    left = budget[None, :] - price[:, None]
    can = left >= -1e-9
    low = np.clip(np.floor(left), 0, cells).astype(np.int64)
    share = np.clip(left - low, 0.0, 1.0)
    high = np.minimum(low + 1, cells)
    table = np.zeros((horizon + 1, cells + 1))
    for auctions in range(1, horizon + 1):
        now = table[auctions - 1]
        at_low = now[low]
        gain = 1.0 + at_low + share * (now[high] - at_low) - now[None, :]
        table[auctions] = now + chance @ np.where(can, np.maximum(gain, 0.0), 0.0)
    return table


def _at(row: memoryview, place: float) -> float:
    low = int(place)
    if low + 1 >= len(row):
        return row[len(row) - 1]
    return row[low] + (place - low) * (row[low + 1] - row[low])


def _in_cells(price: Floats, chance: Floats, cells: int) -> tuple[Floats, Floats]:
    """At most `cells` prices: neighbours of about equal chance become their mean, so expected money is kept."""
    kept = chance > 0
    price, chance = price[kept], chance[kept]
    if len(price) <= cells:
        return price, chance
    cell = np.minimum((np.cumsum(chance) - chance / 2) * cells, cells - 1).astype(np.int64)
    weight = np.bincount(cell, chance, cells).astype(np.float64)
    mean = np.bincount(cell, chance * price, cells) / np.maximum(weight, 1e-300)
    return mean[weight > 0], weight[weight > 0]
