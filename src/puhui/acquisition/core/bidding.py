"""Our bidder: a dual price over what is left, on a supply curve and a value of the forecast that it learns as it goes.

With budget b for n auctions the fluid optimum of "most value under the budget" bids value / λ where λ is the dual price of money:
the multiplier 1/λ at which expected spend an auction is b / n. It is solved again at every auction from what is really left, so
luck and drift are answered at once (Balseiro and Gur 2019, Management Science 65: 3952–3968; re-solving loses a bounded amount to the
exact dynamic programme). What it knows: the forecasts so far, its own bids, wins, prices paid and clicks, and the training prices.

>>> bidder = DualPriceBidder(Training(price=np.array([1.0, 3.0]), count=np.array([1.0, 1.0])), tables())
>>> bidder.open(auctions=2, budget=4)
>>> bidder.bid(0.01, left=1, budget_left=4)  # the last auction: nothing is worth keeping
4.0
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puhui.acquisition.core.click_value import Belief, centred, updated
from puhui.acquisition.core.supply import Auctions, SupplyCurve, product_limit
from puhui.kernel import shipped

Floats = NDArray[np.float64]
_SMALLEST_FORECAST = 1e-12


@dataclass(frozen=True, slots=True)
class Training:
    """What is known before the first auction: a histogram of market prices, and rows with clicks where there are any."""

    price: Floats
    count: Floats
    row_forecast: Floats | None = None
    row_price: Floats | None = None
    row_clicked: Floats | None = None


def tables() -> dict[str, Any]:
    """The version of tables/bidding.toml in force."""
    return shipped.tree("puhui.acquisition", "tables/bidding.toml")


class DualPriceBidder:
    """A replay policy (see core/replay.py). It holds no randomness: the same log gives the same bids."""

    def __init__(self, training: Training, terms: dict[str, Any]) -> None:
        self._training, self._terms = training, terms
        self._memory = _Memory(terms["supply"]["window_auctions"])
        self._belief: Belief | None = None
        self._power = 1.0
        self._curve: SupplyCurve | None = None
        self._until_refresh = self._seen = 0
        self._start_from_rows()

    def open(self, auctions: int, budget: int) -> None:
        """Nothing is carried over but what was learned."""

    def bid(self, forecast: float, left: int, budget_left: int) -> float:
        """Value times the multiplier that spends what is left; money that cannot be spent otherwise is bid on top."""
        if left <= 1:
            return float(budget_left)
        if self._until_refresh <= 0:
            self._refresh(forecast)
        curve = self._curve
        if curve is None:
            return float(budget_left)
        rate = budget_left / left
        bid = max(forecast, _SMALLEST_FORECAST) ** self._power * curve.multiplier_for(rate)
        spare = budget_left - left * curve.most
        return max(bid, spare)

    def settle(self, forecast: float, bid: float, paid: int | None, clicked: int) -> None:
        """Remember the auction."""
        self._until_refresh -= 1
        self._seen += 1
        self._memory.add(max(forecast, _SMALLEST_FORECAST), bid, paid, clicked)

    def _start_from_rows(self) -> None:
        rows, terms = self._training, self._terms
        if rows.row_forecast is None or rows.row_price is None or rows.row_clicked is None:
            return
        if rows.row_clicked.sum() >= terms["train"]["clicks_min"]:
            self._learn(np.maximum(rows.row_forecast, _SMALLEST_FORECAST), rows.row_price, rows.row_clicked)

    def _refresh(self, forecast: float) -> None:
        terms = self._terms["supply"]
        self._until_refresh = min(terms["refresh_auctions"], max(1, self._seen))
        self._learn(*self._memory.take_wins())
        seen = self._memory.auctions()
        prior, prior_counts = self._prior(seen.weight if len(seen.weight) else np.array([forecast]))
        age = np.arange(len(seen.weight))[::-1]
        counts = np.concatenate((prior_counts, 0.5 ** (age / terms["half_life_auctions"])))
        both = Auctions(
            np.maximum(np.concatenate((prior.weight, seen.weight)), _SMALLEST_FORECAST) ** self._power,
            np.concatenate((prior.price, seen.price)),
            np.concatenate((prior.won, seen.won)),
        )
        self._curve = product_limit(both, counts, points=terms["curve_points"])

    def _learn(self, forecast: Floats, price: Floats, clicked: Floats) -> None:
        if not len(forecast):
            return
        terms = self._terms["value"]
        if self._belief is None:
            mean = np.array([0.0, terms["slope_mean"], terms["rivals_mean"]])
            precision = np.diag([terms[name] ** -2.0 for name in ("scale_sd", "slope_sd", "rivals_sd")])
            self._belief = Belief(mean, precision, centred(forecast, price))
        self._belief = updated(self._belief, forecast, price, clicked)
        self._power = self._belief.power(
            rivals_max=terms["rivals_max"], least=terms["power_min"], most=terms["power_max"]
        )

    def _prior(self, forecasts: Floats) -> tuple[Auctions, Floats]:
        """Training rows as they are, else every training price beside every part of the forecasts seen."""
        training, terms = self._training, self._terms["supply"]
        if training.row_forecast is not None and training.row_price is not None and self._rows_fit(forecasts):
            kept = np.unique(np.linspace(0, len(training.row_price) - 1, self._terms["train"]["rows_max"]).astype(int))
            weight, price = training.row_forecast[kept], training.row_price[kept]
            counts, whole = np.ones(len(price)), terms["prior_auctions_joint"]
        else:
            cells = np.quantile(forecasts, (np.arange(terms["chance_cells"]) + 0.5) / terms["chance_cells"])
            weight, price = np.repeat(cells, len(training.price)), np.tile(training.price, len(cells))
            counts, whole = np.tile(training.count, len(cells)), terms["prior_auctions"]
        return Auctions(weight, price, np.ones(len(price), bool)), counts * (whole / counts.sum())

    def _rows_fit(self, forecasts: Floats) -> bool:
        """Whether the training rows are of this market: forecasts and prices on the scale of those seen and of the histogram."""
        training, most = self._training, self._terms["train"]["scale_max"]
        if len(forecasts) < self._terms["train"]["scale_after"]:
            return True
        assert training.row_forecast is not None
        assert training.row_price is not None
        theirs = float(training.row_price.mean()), float(training.row_forecast.mean())
        ours = float(np.average(training.price, weights=training.count)), float(forecasts.mean())
        return all(one <= most * other and other <= most * one for one, other in zip(theirs, ours))


class _Memory:
    """The last `window` auctions as rows, and the wins not yet learned from."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._rows: list[tuple[float, float, bool]] = []
        self._wins: list[tuple[float, float, float]] = []

    def add(self, forecast: float, bid: float, paid: int | None, clicked: int) -> None:
        if paid is None:
            self._rows.append((forecast, bid, False))
            return
        self._rows.append((forecast, paid, True))
        self._wins.append((forecast, paid, clicked))

    def take_wins(self) -> tuple[Floats, Floats, Floats]:
        wins = np.array(self._wins, dtype=np.float64).reshape(-1, 3)
        self._wins = []
        return wins[:, 0], wins[:, 1], wins[:, 2]

    def auctions(self) -> Auctions:
        del self._rows[: -self._window]
        rows = np.array(self._rows, dtype=np.float64).reshape(-1, 3)
        return Auctions(rows[:, 0], rows[:, 1], rows[:, 2] > 0.0)
