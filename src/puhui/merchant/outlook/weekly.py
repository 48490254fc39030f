"""Thirteen weeks ahead for a weekly series of takings or costs: simple forecasts of four families, then `bands`.

Families: the last value; exponential smoothing at three speeds; a damped trend; last year's week, plain, moved to today's level, and half
of it. Weeks are whole and complete; the newest comes last. Which family counts how much is learned from the series itself.

>>> bands = ahead(np.full(30, 700.0))
>>> bands.shape, bands[0].round().tolist()
((13, 3), [700.0, 700.0, 700.0])
"""

import numpy as np

from puhui.merchant.outlook.bands import Floats, issue

HORIZON, YEAR = 13, 52
LEAST = 6  # fewer whole weeks are no history
NAIVE = {"last": 0, "seasonal": 5}  # the baselines among the families, by their place
SHARED = 0.75  # how far errors of the weeks of one forecast go together: chosen on the real sales, see bench.shop_sales
_SPEEDS = (0.2, 0.45, 0.7)


def ahead(weeks: Floats, horizon: int = HORIZON) -> Floats:
    """(horizon, 3): p10, p50, p90 of the weeks to come. Raises ValueError for fewer than LEAST weeks or negative ones."""
    return issued(weeks, horizon)[-1]


def issued(weeks: Floats, horizon: int = HORIZON) -> Floats:
    """(weeks, horizon, 3): what would have been said at the end of each week, with what was known then."""
    if len(weeks) < LEAST or not np.isfinite(weeks).all() or (weeks < 0).any():
        raise ValueError(f"at least {LEAST} whole weeks, none below zero, are needed; got {len(weeks)}")
    return issue(families(weeks, horizon), truth(weeks, horizon), np.arange(1, horizon + 1))


def added(widths: Floats, shared: float = SHARED) -> Floats:
    """Widths of the running sum of weeks whose errors are correlated: √((1 − ρ)·Σw² + ρ·(Σw)²).

    >>> added(np.array([3.0, 4.0]), shared=0.0).tolist(), added(np.array([3.0, 4.0]), shared=1.0).tolist()
    ([3.0, 5.0], [3.0, 7.0])
    """
    return np.sqrt((1 - shared) * np.cumsum(widths**2) + shared * np.square(np.cumsum(widths)))


def running(bands: Floats) -> Floats:
    """(horizon, 3): bands of the sum of the weeks so far."""
    middle = np.cumsum(bands[:, 1])
    return np.stack(
        [middle - added(bands[:, 1] - bands[:, 0]), middle, middle + added(bands[:, 2] - bands[:, 1])], axis=1
    )


def truth(weeks: Floats, horizon: int = HORIZON) -> Floats:
    """(weeks, horizon): what came h weeks after each week; NaN where it has not come yet."""
    came = np.full((len(weeks), horizon), np.nan)
    for h in range(1, min(horizon, len(weeks) - 1) + 1):
        came[:-h, h - 1] = weeks[h:]
    return came


def families(weeks: Floats, horizon: int = HORIZON) -> Floats:
    """(8, weeks, horizon): forecasts of each family at the end of each week; NaN where last year is not known."""
    roots = np.sqrt(weeks)
    now, step = np.arange(len(weeks))[:, None], np.arange(1, horizon + 1)[None, :]
    flat = [np.repeat(level[:, None], horizon, axis=1) for level in (roots, *(smoothed(roots, a) for a in _SPEEDS))]
    level = smoothed(roots, 0.3)
    trend = smoothed(np.diff(level, prepend=level[0]), 0.15)
    damped = smoothed(roots, 0.45)[:, None] + trend[:, None] * np.cumsum(0.8**step, axis=1)
    last_year = now + step - YEAR
    plain = _at(roots, last_year)
    calm = _at(np.convolve(np.pad(roots, 2, mode="edge"), np.ones(5) / 5, "valid"), last_year)
    calm[last_year + 2 > now] = np.nan  # the mean of five must not look ahead
    then = _at(level, np.repeat(now - YEAR, horizon, axis=1))
    moved = level[:, None] + plain - then
    half = level[:, None] + (calm - then) / 2
    return np.square(np.maximum(np.stack([*flat, damped, plain, moved, half]), 0.0))


def smoothed(values: Floats, speed: float) -> Floats:
    """Exponential smoothing, starting at the first value."""
    level, out = values[0], np.empty(len(values))
    for i, value in enumerate(values):
        level += speed * (value - level)
        out[i] = level
    return out


def _at(values: Floats, places: "np.ndarray") -> Floats:
    there = (places >= 0) & (places < len(values))
    return np.where(there, values[np.clip(places, 0, len(values) - 1)], np.nan)
