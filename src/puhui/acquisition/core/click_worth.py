"""What a click is worth: the chances down the funnel times the margin of a loan, learned from counts, by segment.

    worth = p(registered) · p(completed | registered) · p(credited | completed) · p(drawn | credited) · margin net of loss

A segment with few people leans on the whole (a Beta prior of `prior_heads` people at the whole's rate, stage by stage), so a new campaign is
neither free nor worthless. What is uncertain is kept: `draws` gives worths as likely as the counts make them, for exploration.

>>> whole = FunnelCounts((1000, 200, 100, 40, 20))
>>> worth = ClickWorth.learned(FunnelCounts((0, 0, 0, 0, 0)), whole, margin_minor=50_000, prior_heads=20.0)
>>> round(worth.mean_minor, 6)  # nothing known of the segment: 20 of 1,000 clicks draw, times 500 yuan
1000.0
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FunnelCounts:
    """Heads at clicks and each stage after it; each at most the one before."""

    heads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ClickWorth:
    """Beta parameters of every stage and the margin of a loan: yield less cost of money, expected loss and handling, in fen."""

    reached: tuple[float, ...]
    lost: tuple[float, ...]
    margin_minor: float

    @classmethod
    def learned(
        cls, segment: FunnelCounts, whole: FunnelCounts, *, margin_minor: float, prior_heads: float
    ) -> "ClickWorth":
        """From the segment's own counts and the whole's."""
        reached, lost = [], []
        for stage in range(len(whole.heads) - 1):
            rate = (whole.heads[stage + 1] + 1e-9) / (whole.heads[stage] + 2e-9)
            reached.append(prior_heads * rate + segment.heads[stage + 1])
            lost.append(prior_heads * (1 - rate) + segment.heads[stage] - segment.heads[stage + 1])
        return cls(tuple(reached), tuple(lost), margin_minor)

    @property
    def chance(self) -> float:
        """A click's mean chance of a drawn loan. Stages are learned apart, so means multiply."""
        return float(np.prod([a / (a + b) for a, b in zip(self.reached, self.lost)]))

    @property
    def mean_minor(self) -> float:
        """Expected fen a click."""
        return self.chance * self.margin_minor

    def draws(self, count: int, dice: np.random.Generator) -> Floats:
        """Worths in fen, shape (count,)."""
        stages = [dice.beta(max(a, 1e-9), max(b, 1e-9), count) for a, b in zip(self.reached, self.lost)]
        return np.prod(stages, axis=0) * self.margin_minor
