"""How much of an item will sell until a delivery comes: the sum of the next L days, p10, p50, p90, then `bands`.

Families: last value × L; the same weekdays of last week; of four weeks; smoothing at two speeds with the weekdays' own shares;
Croston's rate for items that sell now and then (Syntetos, Boylan 2005: α = 0.1, times 1 − α/2). Days are whole; the newest comes last.

>>> bands = ahead(np.full(60, 5.0), lead_days=7)
>>> bands.round().tolist()
[35.0, 35.0, 35.0]
"""

from decimal import ROUND_HALF_UP, Decimal
from statistics import NormalDist

import numpy as np

from puhui.merchant.outlook.bands import Floats, Learning, issue
from puhui.merchant.outlook.weekly import smoothed

WEEK = 7
LEAST = 21  # days
NAIVE = {"last": 0, "seasonal": 1}
LEARNING = Learning(weight_half_life=60, miss_half_life=90, gamma=0.03, neighbours=0, remembered=180)


def ahead(days: Floats, lead_days: int) -> Floats:
    """(3,): p10, p50, p90 of what sells in the next `lead_days`. Raises ValueError for fewer than LEAST days."""
    return issued(days, lead_days)[-1]


def quantile(service: Decimal) -> Decimal:
    """The normal quantile of a share of times that stock suffices.

    >>> quantile(Decimal("0.95")), quantile(Decimal("0.9"))
    (Decimal('1.645'), Decimal('1.282'))
    """
    return Decimal(str(NormalDist().inv_cdf(float(service)))).quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)


def issued(days: Floats, lead_days: int) -> Floats:
    """(days, 3): what would have been said at the end of each day."""
    if len(days) < LEAST or not np.isfinite(days).all() or (days < 0).any() or lead_days < 1:
        raise ValueError(f"at least {LEAST} days, none below zero, and a lead time above zero; got {len(days)}")
    return issue(families(days, lead_days), truth(days, lead_days), np.array([lead_days]), LEARNING)[:, 0]


def truth(days: Floats, lead_days: int) -> Floats:
    """(days, 1): what sold in the days after each day; NaN where they are not all past."""
    total = np.concatenate([[0.0], np.cumsum(days)])
    sold = np.full((len(days), 1), np.nan)
    last = len(days) - lead_days
    if last > 0:
        sold[:last, 0] = total[1 + lead_days : 1 + lead_days + last] - total[1 : 1 + last]
    return sold


def families(days: Floats, lead_days: int) -> Floats:
    """(6, days, 1): each family's sum of the next days, at the end of each day."""
    now, step = np.arange(len(days))[:, None], np.arange(1, lead_days + 1)[None, :]
    back = -(-step // WEEK) * WEEK
    weeks = np.stack([_sums(days, now + step - back - WEEK * k) for k in range(4)])
    shares = _weekday_shares(days)
    ahead_share = np.take_along_axis(shares, (now + step) % WEEK, axis=1).sum(axis=1)  # in days of mean demand
    plain = days / np.take_along_axis(shares, now % WEEK, axis=1)[:, 0]
    kinds = [days * lead_days, weeks[0], weeks.mean(axis=0), smoothed(plain, 0.1) * ahead_share,
             smoothed(plain, 0.3) * ahead_share, _croston(days) * lead_days]  # fmt: skip
    return np.stack(kinds)[:, :, None]


def _sums(days: Floats, places: "np.ndarray") -> Floats:
    """Row sums of days at places; NaN where one lies before the first day."""
    return np.where((places >= 0).all(axis=1), days[np.clip(places, 0, len(days) - 1)].sum(axis=1), np.nan)


def _weekday_shares(days: Floats) -> Floats:
    """(days, 7): mean of each weekday over the mean of all, known at the end of each day; drawn to 1 by four weeks of nothing special."""
    count = len(days)
    by_weekday = np.zeros((count, WEEK))
    by_weekday[np.arange(count), np.arange(count) % WEEK] = 1.0
    seen = np.cumsum(by_weekday, axis=0)
    sold = np.cumsum(by_weekday * days[:, None], axis=0)
    mean = np.maximum(np.cumsum(days) / np.arange(1, count + 1), 1e-9)[:, None]
    return np.maximum((sold / mean + 4) / (seen + 4), 0.05)


def _croston(days: Floats) -> Floats:
    """Demand a day: smoothed size over smoothed gap between days with sales, times 1 − α/2."""
    speed, size, gap, since = 0.1, 0.0, 0.0, 1
    rate = np.zeros(len(days))
    for i, sold in enumerate(days):
        if sold > 0:
            first = gap == 0
            size = sold if first else size + speed * (sold - size)
            gap = float(since) if first else gap + speed * (since - gap)
            since = 0
        since += 1
        rate[i] = (1 - speed / 2) * size / gap if gap else 0.0
    return rate
