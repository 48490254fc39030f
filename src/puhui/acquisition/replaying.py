"""A folder, a share of the budget → what our bidder bought, what the published bidders bought, and what hindsight would have.

Every bidder starts afresh at each share, knows the same training figures, and meets the same auctions in the same order.
"""

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from puhui.acquisition.core.bidding import DualPriceBidder, Training, tables
from puhui.acquisition.core.bidding_baselines import (
    ConcaveBidder,
    CostPerClickBidder,
    DynamicProgrammeBidder,
    LinearBidder,
)
from puhui.acquisition.core.replay import Outcome, Policy, Rules, hindsight_clicks, replay
from puhui.acquisition.replay_folder import Campaign, ReplayFolder

Bidders = dict[str, Callable[[], Policy]]


def replay_share(folder: ReplayFolder, *, episode: int, share: Fraction) -> dict[str, Any]:
    """One line of the command; money in the log's units, seconds of the whole share."""
    started = time.perf_counter()
    budget = folder.budget(episode=episode, share=share)
    rules = Rules(episode, budget)
    ours = replay(folder.log, DualPriceBidder(folder.training, tables()), rules)
    took = time.perf_counter() - started
    best = hindsight_clicks(folder.log, rules)
    baselines = {name: told(replay(folder.log, make(), rules)) for name, make in published_bidders(folder).items()}
    return {
        "share": float(share),
        "share_of_cost": str(share),
        "episode": episode,
        "episode_budget": budget,
        "auctions": len(folder.log.price),
        **told(ours),
        "hindsight_clicks": best,
        "ratio": ours.clicks / best if best else None,
        "baselines": baselines,
        "seconds": {"ours": round(took, 3), "all": round(time.perf_counter() - started, 3)},
    }


def published_bidders(folder: ReplayFolder) -> Bidders:
    """mcpc, lin, ortb and rlb on this campaign's training figures."""
    training, campaign = folder.training, folder.campaign
    average, cost_of_click = _average(training, campaign), _cost_of_click(training, campaign)
    cost = campaign.cost / campaign.impressions
    terms = tables()
    return {
        "mcpc": lambda: CostPerClickBidder(cost_of_click, cost),
        "lin": lambda: LinearBidder(training.price, training.count, average=average),
        "ortb": lambda: ConcaveBidder(training.price, training.count, forecasts=training.row_forecast),
        "rlb": lambda: DynamicProgrammeBidder(training.price, training.count, average=average, terms=terms["rlb"]),
    }


def told(outcome: Outcome) -> dict[str, Any]:
    """The outcome as the command prints it; ecpc is None without a click."""
    ecpc = outcome.cost / outcome.clicks if outcome.clicks else None
    return {"impressions": outcome.impressions, "clicks": outcome.clicks, "cost": outcome.cost, "ecpc": ecpc}


def _average(training: Training, campaign: Campaign) -> float | None:
    """The average forecast: of the training rows, else the training click rate, else None (a running mean is used)."""
    if training.row_forecast is not None:
        return float(training.row_forecast.mean()) or None
    return campaign.clicks / campaign.impressions if campaign.clicks else None


def _cost_of_click(training: Training, campaign: Campaign) -> float | None:
    if campaign.clicks:
        return campaign.cost / campaign.clicks
    if training.row_clicked is None or training.row_price is None or not training.row_clicked.sum():
        return None
    return float(training.row_price.sum() / training.row_clicked.sum())
