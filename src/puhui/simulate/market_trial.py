"""Bidders in the made-up market: valued by loan profit, by registrations, by the truth, and the optimum in hindsight. 虚构 throughout.

All meet the same auctions with the same daily budget, shared by all media, and pace by the same bidder of the auction's kind; they differ only in what they think an impression
is worth. The two that learn start from `history` days on which bids were drawn at random, and learn every night from what has been answered by then:
clicks and registrations at once, draws after up to a week, good or bad a month after that.

Regret: what the optimum earned (loan profit less spend), less what a bidder earned, as a share of the optimum's. The optimum knows every
segment's true worth and every rival's bid of the day: it takes the auctions that bring most a fen until the day's budget is spent (the linear
programme's answer), so no bidder can earn more. At first price too: it bids just what wins. Since nobody can foresee that, the regret to
our own bidding with the true worths is told beside it.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puhui.acquisition.core.bidding import DualPriceBidder, Training, tables
from puhui.acquisition.core.click_worth import ClickWorth, FunnelCounts
from puhui.acquisition.core.first_price import RivalBids, shaded
from puhui.simulate.ad_market import (
    BAD_LOSS_MINOR,
    GOOD_MARGIN_MINOR,
    KNOWN_DAYS,
    MarketDays,
    Truth,
    draw_days,
    draw_truth,
)

Floats = NDArray[np.float64]
Won = NDArray[np.bool_]
Laws = list[list[RivalBids]]  # by day, by segment
Answers = tuple[tuple[MarketDays, Won, int], ...]  # auctions, which were won, the number of their first day
PRIOR_HEADS = 20.0
_SOLVED_EVERY, _NEWEST = 10, 5000
_STEPS = (np.arange(200) + 0.5) / 200


@dataclass(frozen=True, slots=True)
class Setting:
    """`share`: the daily budget as a part of what all auctions of a day cost. `history` days of `history_a_day` auctions
    were bid on at random before: with the defaults some 200 loans, about what a small lender knows of a medium."""

    segments: int = 24
    history: int = 60
    history_a_day: int = 5000
    days: int = 30
    a_day: int = 1000
    share: float = 0.2
    auction: str = "second"
    media: int = 1


@dataclass(frozen=True, slots=True)
class Result:
    """Fen. `profit` is expected loan profit of what was won, by the known truth; `by_day` (days,) of profit less spend."""

    spend: float
    profit: float
    registrations: float
    by_day: Floats

    @property
    def earned(self) -> float:
        return self.profit - self.spend


def trial(seed: int, setting: Setting) -> dict[str, Result]:
    """One world: "optimum", "known_worth" (our pacing with the true worths), "profit" and "registrations"."""
    dice = np.random.default_rng(seed)
    truth = draw_truth(dice, segments=setting.segments, media=setting.media)
    past = draw_days(truth, dice, days=setting.history, a_day=setting.history_a_day)
    ahead = draw_days(truth, dice, days=setting.days, a_day=setting.a_day)
    bids = np.exp(dice.normal(np.log(40.0), 1.0, len(past.price)))
    past_won = bids >= past.price
    budget = int(setting.share * ahead.price.mean() * setting.a_day)
    optimum = _hindsight(truth, ahead, budget)
    bid_days: Callable[..., Result] = _bid_days
    if setting.auction == "first":
        bid_days = partial(_bid_first_price, laws=_laws(past, ahead, setting.segments))
    learned = {
        name: bid_days(truth, (past, past_won), ahead, budget, worth=worth)
        for name, worth in (
            ("known_worth", lambda answers, now, segments: truth.worth_minor),
            ("profit", _profit_worth),
            ("registrations", _registration_worth),
        )
    }
    return {"optimum": optimum, **learned}


def summary(seeds: range, setting: Setting) -> dict[str, Any]:
    """Means over seeds with the 95 % interval of the mean; regret by 30 days and of the last ten; always says it is simulated."""
    found = [trial(seed, setting) for seed in seeds]
    per_yuan = {name: np.array([one[name].profit / max(one[name].spend, 1.0) for one in found]) for name in found[0]}
    regret = {name: np.array([1 - one[name].earned / one["optimum"].earned for one in found]) for name in ("known_worth", "profit", "registrations")}  # fmt: skip
    late = {name: np.array([1 - one[name].by_day[-10:].sum() / one["optimum"].by_day[-10:].sum() for one in found]) for name in regret}  # fmt: skip
    to_known = {name: np.array([1 - one[name].earned / one["known_worth"].earned for one in found]) for name in ("profit", "registrations")}  # fmt: skip
    gap = per_yuan["profit"] - per_yuan["registrations"]
    return {
        "data": "simulated 虚构",
        "auction": setting.auction,
        "media": setting.media,
        "seeds": len(found),
        "days": setting.days,
        "auctions_a_day": setting.a_day,
        "history": {"days": setting.history, "auctions_a_day": setting.history_a_day},
        "profit_per_yuan": {name: _told(values) for name, values in per_yuan.items()},
        "profit_per_yuan_gap": _told(gap) | {"seeds_better": int((gap > 0).sum())},
        "regret": {name: _told(values) for name, values in regret.items()},
        "regret_to_known_worth": {name: _told(values) for name, values in to_known.items()},
        "regret_last_ten_days": {name: _told(values) for name, values in late.items()},
        "registrations_per_yuan": {name: _told(np.array([100 * one[name].registrations / max(one[name].spend, 1.0) for one in found])) for name in found[0]},
    }  # fmt: skip


def _bid_days(truth: Truth, past: tuple[MarketDays, Won], ahead: MarketDays, budget: int, *, worth: Callable[..., Floats]) -> Result:  # fmt: skip
    """Bid day by day; every night the worths are learned again from all that was won and has been answered."""
    history, history_won = past
    terms = deepcopy(tables())
    # The worth is the learner's own: the bidder must not bend it by clicks.
    terms["value"] |= {"slope_mean": 1.0, "slope_sd": 1e-6, "rivals_mean": 0.0, "rivals_sd": 1e-6}
    seen, counts = np.unique(history.price[history_won], return_counts=True)
    bidder = DualPriceBidder(Training(seen.astype(np.float64), counts.astype(np.float64)), terms)
    won = np.zeros(len(ahead.price), bool)
    first_day = int(history.day.max()) + 1
    for day in range(int(ahead.day.max()) + 1):
        answers: Answers = ((history, history_won, 0), (ahead, won, first_day))
        value = worth(answers, now=first_day + day, segments=len(truth.click))
        places = np.flatnonzero(ahead.day == day)
        left = budget
        bidder.open(len(places), budget)
        for number, place in enumerate(places.tolist()):
            forecast, price = float(value[ahead.segment[place]]), int(ahead.price[place])
            # Money is not spent beyond what it brings: a bid above the worth itself loses on every win.
            bid = min(bidder.bid(forecast, len(places) - number, left), forecast, left)
            won[place] = forecast > 0 and bid >= price
            left -= price if won[place] else 0
            bidder.settle(forecast, bid, price if won[place] else None, int(ahead.clicked[place]) if won[place] else 0)
    return _result(truth, ahead, won)


def _bid_first_price(truth: Truth, past: tuple[MarketDays, Won], ahead: MarketDays, budget: int, *, worth: Callable[..., Floats], laws: Laws) -> Result:  # fmt: skip
    """First price: the bid is paid. One price of money over all segments and media (core/first_price.shaded), solved again every few auctions."""
    history, history_won = past
    segments = len(truth.click)
    won, paid = np.zeros(len(ahead.price), bool), np.zeros(len(ahead.price))
    first_day = int(history.day.max()) + 1
    share = np.bincount(history.segment, minlength=segments) / len(history.segment)
    for day, rivals in enumerate(laws):
        answers: Answers = ((history, history_won, 0), (ahead, won, first_day))
        value = worth(answers, now=first_day + day, segments=segments)
        plan = shaded(rivals, value, share)
        places, left = np.flatnonzero(ahead.day == day), budget
        for number, place in enumerate(places.tolist()):
            if number % _SOLVED_EVERY == 0:
                bids = np.floor(plan.for_rate(left / (len(places) - number))).tolist()
            bid = min(bids[ahead.segment[place]], left)
            if bid >= ahead.price[place] and bid > 0:
                won[place], paid[place] = True, bid
                left -= bid
    return _result(truth, ahead, won, paid)


def _laws(history: MarketDays, ahead: MarketDays, segments: int) -> Laws:
    """By day and segment the law of the highest rival bid as it is known that morning; every bidder knows the same.

    Assumed: after every auction the medium tells the bid that would have won, as exchanges do; nothing is known of it before.
    """
    met, price = (np.concatenate(pair) for pair in ((history.segment, ahead.segment), (history.price, ahead.price)))
    order = np.argsort(met, kind="stable")  # by segment, each in time order
    edges = np.searchsorted(met[order], np.arange(segments + 1))
    mornings = len(history.price) + np.searchsorted(ahead.day, np.arange(int(ahead.day.max()) + 1))
    own = [order[start:stop] for start, stop in pairwise(edges)]
    known = [np.searchsorted(places, mornings) for places in own]
    return [
        [_rivals(price[places[: upto[day]][-_NEWEST:]]) for places, upto in zip(own, known)]
        for day in range(len(mornings))
    ]


def _rivals(seen: NDArray[np.int64]) -> RivalBids:
    """The law of the highest rival bid in a segment from its newest auctions, in at most so many steps."""
    return RivalBids.of(np.ceil(np.quantile(seen, _STEPS))) if len(seen) else RivalBids.of(np.ones(1))


def _profit_worth(answers: Answers, *, now: int, segments: int) -> Floats:
    """Fen an impression by segment: click rate × ClickWorth with the margin of loans whose fate is known."""
    tallies = np.zeros((segments, 8))
    for days, taken, start in answers:
        age = now - (days.day + start)
        rows = taken & (age > 0)
        drawn_known = rows & (age > days.draw_delay)
        fate_known = rows & (age > days.draw_delay + KNOWN_DAYS)
        columns = (rows, rows & (days.clicked > 0), rows & (days.registered > 0), rows & (days.completed > 0),
                   rows & (days.credited > 0), drawn_known & (days.drawn > 0), fate_known & (days.drawn > 0))  # fmt: skip
        for place, column in enumerate(columns):
            tallies[:, place] += np.bincount(days.segment[column], minlength=segments)
        tallies[:, 7] += np.bincount(days.segment[columns[6]], days.profit_minor[columns[6]], segments)
    whole = tallies.sum(axis=0)
    margins = _margins(tallies)
    found = np.empty(segments)
    for one in range(segments):
        own = tallies[one]
        click = (PRIOR_HEADS * whole[1] / max(whole[0], 1) + own[1]) / (PRIOR_HEADS + own[0])
        counts, all_counts = (FunnelCounts(tuple(int(n) for n in row[1:6])) for row in (own, whole))
        found[one] = click * ClickWorth.learned(counts, all_counts, margin_minor=float(margins[one]), prior_heads=PRIOR_HEADS).mean_minor  # fmt: skip
    return found


def _margins(tallies: Floats) -> Floats:
    """Fen a drawn loan by segment. Few loans have a fate yet, so a segment leans on a line through the credit rate, known early, and leaves it as
    far as its own loans outweigh the scatter around the line (empirical Bayes by the method of moments)."""  # fmt: skip
    loans, profit = tallies[:, 6], tallies[:, 7]
    total = loans.sum()
    if total < 2:
        return np.full(len(loans), GOOD_MARGIN_MINOR / 2)
    mean = float(profit.sum() / total)
    bad = float(np.clip((GOOD_MARGIN_MINOR - mean) / (GOOD_MARGIN_MINOR + BAD_LOSS_MINOR), 0.01, 0.99))
    within = bad * (1 - bad) * (GOOD_MARGIN_MINOR + BAD_LOSS_MINOR) ** 2
    rate = (tallies[:, 4].sum() + 1) / (tallies[:, 3].sum() + 2)
    credit = np.log((tallies[:, 4] + PRIOR_HEADS * rate) / (tallies[:, 3] - tallies[:, 4] + PRIOR_HEADS * (1 - rate)))
    credit = credit - np.average(credit, weights=loans)
    own = np.where(loans > 0, profit / np.maximum(loans, 1), mean)
    # A slope of one good margin a unit of log odds is as large as one would expect beforehand.
    slope = float((loans * credit * (own - mean)).sum() / ((loans * credit**2).sum() + within / GOOD_MARGIN_MINOR**2))
    line = mean + slope * credit
    scatter = float((loans * (own - line) ** 2).sum() / total) - within * len(loans) / total
    lean = float(np.clip(within / max(scatter, 1e-9), 2.0, 1000.0))
    return (lean * line + profit) / (lean + loans)


def _registration_worth(answers: Answers, *, now: int, segments: int) -> Floats:
    """Fen an impression when every registration is worth the same: the average loan profit of a registration so far."""
    heads, registered, profit, answered = np.zeros(segments), np.zeros(segments), 0.0, 0.0
    for days, taken, start in answers:
        rows = taken & (now - (days.day + start) > 0)
        heads += np.bincount(days.segment[rows], minlength=segments)
        registered += np.bincount(days.segment[rows], days.registered[rows], segments)
        known = rows & (now - (days.day + start) > days.draw_delay + KNOWN_DAYS)
        profit, answered = (
            profit + float(days.profit_minor[known].sum()),
            answered + float(days.registered[known].sum()),
        )
    rate = registered.sum() / max(heads.sum(), 1)
    return (PRIOR_HEADS * rate + registered) / (PRIOR_HEADS + heads) * max(profit / max(answered, 1.0), 1.0)


def _hindsight(truth: Truth, ahead: MarketDays, budget: int) -> Result:
    """Each day the auctions of the highest true worth a fen, dearer than nothing and cheaper than their worth, while the budget lasts."""
    ratio = truth.worth_minor[ahead.segment] / np.maximum(ahead.price, 0.5)
    won = np.zeros(len(ratio), bool)
    for day in range(int(ahead.day.max()) + 1):
        places = np.flatnonzero((ahead.day == day) & (ratio > 1))
        places = places[np.argsort(-ratio[places], kind="stable")]
        won[places[np.cumsum(ahead.price[places]) <= budget]] = True
    return _result(truth, ahead, won)


def _result(truth: Truth, days: MarketDays, won: Won, paid: Floats | None = None) -> Result:
    """`paid` where it is not the rival's bid: in a first-price auction the own one."""
    cost = days.price if paid is None else paid
    worth = truth.worth_minor[days.segment]
    registered = (truth.click * truth.stages[:, 0])[days.segment]
    by_day = np.bincount(days.day[won], (worth - cost)[won], int(days.day.max()) + 1).astype(np.float64)
    return Result(float(cost[won].sum()), float(worth[won].sum()), float(registered[won].sum()), by_day)


def _told(values: Floats) -> dict[str, float | None]:
    """The mean and its 95 % interval; one world alone has none."""
    mean = float(values.mean())
    if len(values) < 2:
        return {"mean": mean, "low": None, "high": None}
    reach = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5
    return {"mean": mean, "low": mean - reach, "high": mean + reach}
