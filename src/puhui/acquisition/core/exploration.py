"""Trying what is not yet known, and stopping what is known to be bad: Thompson sampling over creatives, fatigue, stop-loss.

Thompson sampling (Thompson 1933; Agrawal and Goyal 2012, COLT): draw each arm's worth from what is believed of it and take the best draw, so an arm
is tried as often as it may be the best. A creative is tired when its click rate of the last week falls below a share of its best week; it is
stopped when it has spent so many target costs without one conversion. Both need enough clicks to mean anything.

>>> rules = {"fatigue_share": 0.6, "window_days": 7, "clicks_min": 30, "stop_loss_times": 3.0}
>>> verdict(CreativeDays(shown=[1000] * 14, clicked=[50] * 7 + [20] * 7, spent_minor=[10] * 14, converted=[1] * 14), target_cost_minor=1000, rules=rules)
'tired'
>>> verdict(CreativeDays(shown=[10], clicked=[1], spent_minor=[3001], converted=[0]), target_cost_minor=1000, rules=rules)
'stopped'
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CreativeDays:
    """One entry a day, oldest first."""

    shown: Sequence[int]
    clicked: Sequence[int]
    spent_minor: Sequence[int]
    converted: Sequence[int]


def thompson_shares(successes: Floats, trials: Floats, *, draws: int, dice: np.random.Generator, worth: Floats | None = None) -> Floats:  # fmt: skip
    """Share of traffic each arm deserves: how often its draw is the best. Beta(1 + successes, 1 + failures); `worth` of one success."""
    drawn = dice.beta(1 + successes, 1 + trials - successes, (draws, len(successes)))
    best = np.argmax(drawn * (1.0 if worth is None else worth), axis=1)
    return np.bincount(best, minlength=len(successes)) / draws


def verdict(days: CreativeDays, *, target_cost_minor: int, rules: Mapping[str, float]) -> str:
    """"stopped", "tired" or "runs"; stop-loss is asked first."""  # fmt: skip
    if not sum(days.converted) and sum(days.spent_minor) > rules["stop_loss_times"] * target_cost_minor:
        return "stopped"
    window = int(rules["window_days"])
    if len(days.shown) < 2 * window:
        return "runs"
    shown, clicked = (_weekly(column, window) for column in (days.shown, days.clicked))
    rates = clicked / np.maximum(shown, 1)
    enough = clicked >= rules["clicks_min"]
    earlier = rates[:-window][enough[:-window]]
    known = shown[-1] > 0 and (
        enough[-1] or shown[-1] * (earlier.max() if len(earlier) else 0.0) >= rules["clicks_min"]
    )
    if known and len(earlier) and rates[-1] < rules["fatigue_share"] * earlier.max():
        return "tired"
    return "runs"


def _weekly(daily: Sequence[int], window: int) -> Floats:
    """Sums over each `window` days in a row."""
    total = np.concatenate(([0.0], np.cumsum(np.asarray(daily, dtype=np.float64))))
    return total[window:] - total[:-window]
