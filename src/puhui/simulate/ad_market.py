"""A made-up (虚构) market of advertisements with a known truth: media users of hidden quality, rivals who pay for registrations, late answers.

Users come in segments a bidder can see; what moves them is a latent quality it cannot. The better a segment's quality, the fewer register, the more
are credited and the fewer default; rivals bid for registrations, so the eager and bad are dear. Every assumption is in `Truth`'s draw.
Every auction carries what would happen if it were won (potential outcomes), so policies meet the same world and the optimum can be computed.

>>> truth = draw_truth(np.random.default_rng(1), segments=6)
>>> days = draw_days(truth, np.random.default_rng(2), days=2, a_day=100)
>>> len(days.segment), bool((days.drawn <= days.registered).all())
(200, True)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GOOD_MARGIN_MINOR, BAD_LOSS_MINOR = (
    60_000.0,
    300_000.0,
)  # a loan that pays brings 600 yuan net of money and handling; one that fails costs 3,000
MEDIA_LOG_SPREAD = 0.5
DRAW_DAYS, KNOWN_DAYS = 7, 30  # a loan is drawn within a week of the click; whether it is good is known a month later


@dataclass(frozen=True, slots=True)
class Truth:
    """One entry a segment. `stages` (segments, 4): registered, completed, credited, drawn, each given the one before.

    `medium`: the medium a segment is met on; media differ in what rivals pay there."""

    click: Floats
    stages: Floats
    bad: Floats
    rival_log_mean: Floats
    rival_log_spread: float
    medium: Ints

    @property
    def worth_minor(self) -> Floats:
        """Expected fen an impression: chance of a click, of a loan, and its margin net of loss."""
        margin = (1 - self.bad) * GOOD_MARGIN_MINOR - self.bad * BAD_LOSS_MINOR
        return self.click * self.stages.prod(axis=1) * margin


@dataclass(frozen=True, slots=True)
class MarketDays:
    """One entry an auction, in time order. `price`: the highest rival bid in fen. `profit_minor`: of the loan, where one is drawn."""

    day: Ints
    segment: Ints
    price: Ints
    clicked: Ints
    registered: Ints
    completed: Ints
    credited: Ints
    drawn: Ints
    draw_delay: Ints
    profit_minor: Floats


def draw_truth(dice: np.random.Generator, *, segments: int, media: int = 1) -> Truth:
    """A world. On the first medium rivals bid as they do; on each further one dearer or cheaper by a draw."""
    quality, intent = dice.standard_normal(segments), dice.standard_normal(segments)
    registered = _chance(-0.8 - 0.6 * quality + 0.5 * intent)
    stages = np.column_stack(
        (registered, _chance(0.2 + 0.4 * intent), _chance(-0.6 + 0.6 * quality), _chance(0.3 - 0.1 * quality))
    )
    click = np.clip(0.05 * np.exp(0.4 * intent), 0.005, 0.3)
    rival = np.log(40.0) + 0.7 * (np.log(click * registered) - np.log(click * registered).mean())
    medium = np.arange(segments) % media
    level = np.concatenate(([0.0], dice.normal(0.0, MEDIA_LOG_SPREAD, media - 1)))
    return Truth(click, stages, _chance(-2.6 - 1.1 * quality), rival + level[medium], 0.8, medium)


def draw_days(truth: Truth, dice: np.random.Generator, *, days: int, a_day: int) -> MarketDays:
    """`a_day` auctions a day, segments alike in number."""
    count = days * a_day
    segment = dice.integers(0, len(truth.click), count)
    price = np.round(np.exp(dice.normal(truth.rival_log_mean[segment], truth.rival_log_spread))).astype(np.int64)
    reached = (dice.random(count) < truth.click[segment]).astype(np.int64)
    clicked, steps = reached, []
    for stage in range(4):
        reached = reached * (dice.random(count) < truth.stages[segment, stage])
        steps.append(reached)
    bad = dice.random(count) < truth.bad[segment]
    profit = np.where(bad, -BAD_LOSS_MINOR, GOOD_MARGIN_MINOR) * steps[3]
    delay = dice.integers(0, DRAW_DAYS + 1, count)
    registered, completed, credited, drawn = steps
    return MarketDays(
        np.repeat(np.arange(days), a_day),
        segment,
        price,
        clicked,
        registered,
        completed,
        credited,
        drawn,
        delay,
        profit,
    )


def _chance(logit: Floats) -> Floats:
    return 1 / (1 + np.exp(-logit))
