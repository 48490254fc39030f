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


_AT_ONCE = 50_000  # misses sorted at one time: what a processor keeps near


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
    total, weight = np.zeros((times + 1, kinds, horizons)), np.zeros((times + 1, kinds, horizons))
    for h in range(horizons):
        near = errors[:, :, max(0, h - 3) : h + 1]
        counted = (~np.isnan(near)).sum(axis=2)
        mean = np.where(counted > 0, np.nansum(near, axis=2) / np.maximum(counted, 1), np.nan).T
        came = np.full((times, kinds), np.nan)  # what became known at each time
        came[lags[h] :] = mean[: max(0, times - lags[h])]
        seen = ~np.isnan(came)
        came[~seen] = 0.0
        for t in range(times):
            total[t + 1, :, h] = total[t, :, h] * keep + came[t]
            weight[t + 1, :, h] = weight[t, :, h] * keep + seen[t]
    return _mix(forecasts.transpose(1, 0, 2), total[1:], weight[1:], learn.sharpness)


def _mix(forecasts: Floats, total: Floats, weight: Floats, sharpness: float) -> Floats:
    """(times, horizons) of forecasts, sums and weights of errors, each (times, kinds, horizons)."""
    there = ~np.isnan(forecasts)
    judged = there & (weight >= 3 * 0.5)
    known = np.where(there, forecasts, 0.0)
    error = np.where(judged, total / np.where(judged, weight, 1.0), 0.0)
    least = np.maximum(np.where(judged, error, 1e300).min(axis=1, keepdims=True), 1e-9)
    share = np.where(judged, np.exp(-sharpness * (error / least - 1)), 0.0)
    share = np.where(judged.any(axis=1, keepdims=True), share, there)  # nothing judged yet: all alike
    whole = share.sum(axis=1)
    return np.where(whole > 0, (share * known).sum(axis=1) / np.where(whole > 0, whole, 1.0), np.nan)


def _bands(middle: Floats, actual: Floats, lags: NDArray[np.int64], learn: Learning) -> Floats:
    times, horizons = middle.shape
    bands = np.full((times, horizons, 3), np.nan)
    missed = _misses(middle, actual, lags, learn)
    factor, places = np.zeros((horizons, 2)), np.arange(horizons)
    apart = np.abs(places[:, None] - places[None, :])
    near = (apart <= 2) / (apart <= 2).sum(
        axis=1, keepdims=True
    )  # a factor is shared with the two horizons on either side
    widths = np.ones((horizons, 3))
    for t in range(times):
        known = (t - lags).clip(0)
        old = bands[known, places]
        came = actual[known, places]
        judged = (lags <= t) & ~np.isnan(old[:, 0]) & ~np.isnan(came)
        outside = np.stack([came < old[:, 0], came > old[:, 2]], axis=1)
        factor += np.where(judged[:, None], learn.gamma * (outside - LEVELS[0]), 0.0)
        factor = np.clip(factor, -learn.widest / 2, learn.widest)
        widths[:, ::2] = np.exp(near @ factor)
        bands[t] = middle[t, :, None] + missed[t] * widths
    return np.sort(bands, axis=2)


def _misses(middle: Floats, actual: Floats, lags: NDArray[np.int64], learn: Learning) -> Floats:
    """(times, horizons, 3): quantiles of what was missed at each horizon and its neighbours, known by then; the middle is half corrected."""
    times, horizons = middle.shape
    missed, ages = actual - middle, np.arange(min(learn.remembered + 1, times))[::-1]
    places = np.arange(horizons)[:, None] + np.arange(
        -learn.neighbours, learn.neighbours + 1
    )  # each horizon and its neighbours
    real = (places >= 0) & (places < horizons)
    places = places.clip(0, horizons - 1)
    grown = (lags[:, None] / lags[places]) ** 0.25
    weight = 0.5 ** ((lags[places][:, :, None] + ages) / learn.miss_half_life)
    found = np.empty((times, horizons, 3))
    step = max(1, _AT_ONCE // max(1, weight.size))
    for first in range(0, times, step):
        t = np.arange(first, min(first + step, times))
        young = ages[-t[-1] - 1 :]  # no miss is older than the series
        when = t[:, None, None, None] - lags[places][:, :, None] - young  # (times, horizons, neighbours, ages)
        values = missed[when.clip(0), places[:, :, None]] * grown[:, :, None]
        values[(when < 0) | ~real[:, :, None]] = np.nan
        weights = weight[:, :, -len(young) :].reshape(horizons, -1)
        found[t] = _spread(values.reshape(len(t), horizons, -1), weights, middle[t], lags)
    return found


def _spread(missed: Floats, weights: Floats, middle: Floats, lags: NDArray[np.int64]) -> Floats:
    """(times, horizons, 3) of misses (times, horizons, misses), NaN where there is none, and their weights (horizons, misses)."""
    there = ~np.isnan(missed)
    weight = np.where(there, weights, 0.0)
    whole = weight.sum(axis=2)
    few = there.sum(axis=2) < 2
    squares = np.square(weight).sum(axis=2)
    independent = np.maximum(2.0, 2 * whole**2 / np.where(few, 1.0, squares) / lags)
    wider = stdtrit(independent, LEVELS[2]) / ndtri(LEVELS[2]) * np.sqrt(1 + 1 / independent)
    low, mid, high = np.moveaxis(_quantiles(missed, weight, there.sum(axis=2)), 2, 0)
    learned = np.stack([mid - (mid - low) * wider, mid / 2, mid + (high - mid) * wider], axis=2)
    spread = 0.35 * middle  # nothing learned yet: a third either way, on the square-root scale
    return np.where(few[:, :, None], np.stack([-spread, np.zeros_like(spread), spread], axis=2), learned)


def _quantiles(values: Floats, weights: Floats, count: NDArray[np.int64]) -> Floats:
    """(…, 3): weighted quantiles along the last axis, whose first `count` in order are values and the rest NaN; linear in between."""
    order = np.argsort(values, axis=-1, kind="stable")
    values, weights = np.take_along_axis(values, order, -1), np.take_along_axis(weights, order, -1)
    reached = np.cumsum(weights, axis=-1)
    whole = np.where(reached[..., -1:] > 0, reached[..., -1:], 1.0)
    share = (reached - weights / 2) / whole
    last = np.maximum(count - 1, 0)[..., None]
    found = []
    for level in LEVELS:
        below = (share <= level).sum(axis=-1, keepdims=True) - 1
        left = np.clip(below, 0, last)
        right = np.minimum(left + 1, last)
        at, to = np.take_along_axis(share, left, -1), np.take_along_axis(share, right, -1)
        part = np.where((below < 0) | (to <= at), 0.0, (level - at) / np.where(to > at, to - at, 1.0))
        one, other = np.take_along_axis(values, left, -1), np.take_along_axis(values, right, -1)
        found.append(one + part * (other - one))
    return np.concatenate(found, axis=-1)


def pinball(actual: Floats, bands: Floats) -> Floats:
    """Pinball loss of each band, same shape as `bands`: τ·(y − q) above, (1 − τ)·(q − y) below."""
    gap = actual[..., None] - bands
    return np.maximum(LEVELS * gap, (LEVELS - 1) * gap)
