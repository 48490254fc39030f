"""The referee of a replay: second price, episodes with a budget of their own, and a policy that cannot see ahead.

A policy is told the forecast of one auction, how many auctions the episode still has (this one included) and what is left; after
its bid it hears what it won, paid and whether a click came, and of a loss only that it lost. What is left over is lost.

>>> log = AuctionLog(clicked=[0, 1, 1], price=[2, 5, 1], forecast=[0.1, 0.2, 0.1])
>>> class Always:
...     def open(self, auctions, budget): pass
...     def bid(self, forecast, left, budget_left): return 4.0
...     def settle(self, forecast, bid, paid, clicked): pass
>>> replay(log, Always(), Rules(episode=3, budget=10))
Outcome(impressions=2, clicks=1, cost=3)
>>> hindsight_clicks(log, Rules(episode=3, budget=5))
1
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AuctionLog:
    """Auctions in time order: click 0 or 1, market price in whole units of money, forecast chance of a click."""

    clicked: Sequence[int]
    price: Sequence[int]
    forecast: Sequence[float]


@dataclass(frozen=True, slots=True)
class Rules:
    """`episode` auctions share `budget`; the last episode may be shorter and has the same budget."""

    episode: int
    budget: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Totals over all episodes; `cost` in the log's units of money."""

    impressions: int
    clicks: int
    cost: int


class Policy(Protocol):
    """What bids. It may learn from one episode to the next; it never sees a price it did not pay."""

    def open(self, auctions: int, budget: int) -> None:
        """An episode begins."""

    def bid(self, forecast: float, left: int, budget_left: int) -> float:
        """The bid for one auction; above the budget it is cut to the budget."""

    def settle(self, forecast: float, bid: float, paid: int | None, clicked: int) -> None:
        """What came of it: `paid` is None for a loss, and `clicked` is then 0."""


def replay(log: AuctionLog, policy: Policy, rules: Rules) -> Outcome:
    """Run the policy over the log. A bid of at least the market price wins and pays the market price."""
    impressions = clicks = cost = 0
    price, clicked, forecast = log.price, log.clicked, log.forecast
    bid_for, settle = policy.bid, policy.settle
    for start in range(0, len(price), rules.episode):
        stop = min(start + rules.episode, len(price))
        budget = rules.budget
        policy.open(stop - start, budget)
        for place in range(start, stop):
            bid = bid_for(forecast[place], stop - place, budget)
            if bid > budget:
                bid = budget
            paid = price[place]
            if bid >= paid:
                budget -= paid
                impressions += 1
                cost += paid
                clicks += clicked[place]
                settle(forecast[place], bid, paid, clicked[place])
            else:
                settle(forecast[place], bid, None, 0)
    return Outcome(impressions, clicks, cost)


def hindsight_clicks(log: AuctionLog, rules: Rules) -> int:
    """The most clicks any bids could have bought: in each episode the clicks, cheapest first, while the budget lasts.

    Every click counts one, so taking the cheapest first solves the knapsack exactly.
    """
    found = 0
    for start in range(0, len(log.price), rules.episode):
        stop = start + rules.episode
        dear = sorted(price for price, click in zip(log.price[start:stop], log.clicked[start:stop]) if click)
        budget = rules.budget
        for price in dear:
            if price > budget:
                break
            budget -= price
            found += 1
    return found
