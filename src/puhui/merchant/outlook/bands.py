"""Bands p10, p50, p90 around any set of forecasts: the forecasts weighted by how they did, the width by how far they missed.

Rule kept: what is issued at a time uses only what was known then, so one pass over the history gives every past band *and* the next
one, and a backtest is the live code (card 6). Works on a square-root scale, where the noise of takings is about even and an upper
band cannot run away.

Weights: exp(−η·(error ÷ least error − 1)), errors discounted by a half-life, those of horizon h over h−3…h.
Width: weighted quantiles of past misses, times t₀.₉(ν) ÷ z₀.₉ · √(1 + 1/ν) for ν independent misses (overlapping ones count as one),
times a factor that learns from its own coverage (Gibbs, Candès 2021, Adaptive conformal inference): each miss on a side widens
that side by γ·0.9, each hit narrows it by γ·0.1, within bounds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

Floats = NDArray[np.float64]
LEVELS = np.array([0.1, 0.5, 0.9])


@dataclass(frozen=True, slots=True)
class Learning:
    """What the bands learn with. Half-lives in steps of the series."""

    weight_half_life: float = 26.0
    miss_half_life: float = 80.0
    sharpness: float = 6.0
    gamma: float = 0.06
    widest: float = 0.5  # bounds of the learned factor on a log scale: from exp(−widest/2) to exp(widest)
    neighbours: int = 1
    remembered: int = 260  # misses further back are forgotten


def issue(forecasts: Floats, truth: Floats, lags: NDArray[np.int64], learning: Learning | None = None) -> Floats:
    """(times, horizons, 3): p10, p50, p90 issued at each time; NaN where there is nothing to go by.

    `forecasts` (kinds, times, horizons), NaN where a kind has none; `truth` (times, horizons) is known `lags` steps later
    (NaN where it is not known yet). All at least zero.
    """
    learn = learning or Learning()
    roots = np.sqrt(np.maximum(forecasts, 0.0))
    actual = np.sqrt(np.maximum(truth, 0.0))
    middle = weighted(roots, actual, lags, learn)
    return np.square(np.maximum(_bands(middle, actual, lags, learn), 0.0))


def weighted(forecasts: Floats, truth: Floats, lags: NDArray[np.int64], learn: Learning) -> Floats:
    """(times, horizons): the kinds of forecast weighted by their discounted errors known at each time."""
    kinds, times, horizons = forecasts.shape
    errors = np.abs(forecasts - truth[None])
    keep = 0.5 ** (1 / learn.weight_half_life)
    mixed = np.full((times, horizons), np.nan)
    for h in range(horizons):
        near = errors[:, :, max(0, h - 3) : h + 1]
        counted = (~np.isnan(near)).sum(axis=2)
        mean = np.where(counted > 0, np.nansum(near, axis=2) / np.maximum(counted, 1), np.nan)
        total, weight = np.zeros(kinds), np.zeros(kinds)
        for t in range(times):
            known = t - lags[h]
            if known >= 0:
                seen = ~np.isnan(mean[:, known])
                total, weight = total * keep, weight * keep
                total[seen] += mean[seen, known]
                weight[seen] += 1
            mixed[t, h] = _mix(forecasts[:, t, h], total, weight, learn.sharpness)
    return mixed


def _mix(row: Floats, total: Floats, weight: Floats, sharpness: float) -> float:
    there = ~np.isnan(row)
    if not there.any():
        return float("nan")
    judged = there & (weight >= 3 * 0.5)
    if not judged.any():
        return float(row[there].mean())
    error = total[judged] / weight[judged]
    share = np.exp(-sharpness * (error / max(error.min(), 1e-9) - 1))
    return float((share * row[judged]).sum() / share.sum())


def _bands(middle: Floats, actual: Floats, lags: NDArray[np.int64], learn: Learning) -> Floats:
    times, horizons = middle.shape
    bands = np.full((times, horizons, 3), np.nan)
    factor = np.zeros((horizons, 2))
    for t in range(times):
        for h in range(horizons):
            known = t - lags[h]
            if known >= 0 and not np.isnan(bands[known, h, 0]) and not np.isnan(actual[known, h]):
                missed = actual[known, h] < bands[known, h, 0], actual[known, h] > bands[known, h, 2]
                factor[h] += learn.gamma * (np.array(missed) - LEVELS[0])
        factor = np.clip(factor, -learn.widest / 2, learn.widest)
        for h in range(horizons):
            if not np.isnan(middle[t, h]):
                near = factor[max(0, h - 2) : h + 3].mean(axis=0)
                bands[t, h] = middle[t, h] + _misses(middle, actual, lags, (t, h), learn) * _widths(near)
    return np.sort(bands, axis=2)


def _widths(factor: Floats) -> Floats:
    return np.array([np.exp(factor[0]), 1.0, np.exp(factor[1])])


def _misses(middle: Floats, actual: Floats, lags: NDArray[np.int64], at: tuple[int, int], learn: Learning) -> Floats:
    """Quantiles of what was missed at this horizon and its neighbours, known by then; the middle is half corrected."""
    t, h = at
    misses, weights = [], []
    for other in range(max(0, h - learn.neighbours), min(len(lags), h + learn.neighbours + 1)):
        last = t - lags[other]
        first = max(0, last - learn.remembered)
        if last < 0:
            continue
        missed = actual[first : last + 1, other] - middle[first : last + 1, other]
        there = ~np.isnan(missed)
        grown = (lags[h] / lags[other]) ** 0.25
        misses.append(missed[there] * grown)
        weights.append(0.5 ** ((t - np.arange(first, last + 1)[there]) / learn.miss_half_life))
    missed = np.concatenate(misses) if misses else np.empty(0)
    if len(missed) < 2:
        spread = 0.35 * middle[t, h]  # nothing learned yet: a third either way, on the square-root scale
        return np.array([-spread, 0.0, spread])
    weight = np.concatenate(weights)
    low, mid, high = _quantiles(missed, weight)
    independent = max(2.0, 2 * weight.sum() ** 2 / np.square(weight).sum() / lags[h])
    wider = stdtrit(independent, LEVELS[2]) / ndtri(LEVELS[2]) * np.sqrt(1 + 1 / independent)
    return np.array([mid - (mid - low) * wider, mid / 2, mid + (high - mid) * wider])


def _quantiles(values: Floats, weights: Floats) -> Floats:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return np.interp(LEVELS, (reached - weights[order] / 2) / reached[-1], values[order])


def pinball(actual: Floats, bands: Floats) -> Floats:
    """Pinball loss of each band, same shape as `bands`: τ·(y − q) above, (1 − τ)·(q − y) below."""
    gap = actual[..., None] - bands
    return np.maximum(LEVELS * gap, (LEVELS - 1) * gap)
