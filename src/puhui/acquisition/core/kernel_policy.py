"""What a policy over a continuous action (a bid) would have earned: weights from a kernel around the policy's own action.

A log never holds exactly the bid another policy would make, so rows near it stand in: w = K((π(x) − a) / h) / (h · f(a | x)), f the density with
which the log drew its action, K Epanechnikov's kernel (Kallus and Zhou 2018, AISTATS). Positive actions are compared by their
logarithms: a bid is near another by its ratio. The bandwidth h trades bias for spread; figures at half and twice h tell how much hangs on it.

>>> near = weights(np.array([1.0, 1.0]), np.array([1.0, 3.0]), density=np.array([0.5, 0.5]), bandwidth=1.0)
>>> near.tolist()  # a row at the policy's own action, and one out of reach
[1.5, 0.0]
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def weights(wanted: Floats, taken: Floats, *, density: Floats, bandwidth: float) -> Floats:
    """Importance of each logged row for the policy. Shapes (rows,); `density` of the logged action on the same scale, above zero."""
    distance = (wanted - taken) / bandwidth
    kernel = 0.75 * np.maximum(1.0 - distance**2, 0.0)
    return kernel / (bandwidth * density)


def bandwidth(taken: Floats) -> float:
    """The rule of thumb 2.34 · spread · n^(−1/5) (Silverman 1986, Density Estimation, section 3.4, for this kernel), spread the lesser of sd and IQR / 1.349."""
    low, high = np.quantile(taken, (0.25, 0.75))
    spread = min(float(taken.std()), float(high - low) / 1.349) or float(taken.std())
    return 2.34 * spread * len(taken) ** -0.2


def density_of(taken: Floats, *, width: float) -> Floats:
    """The density of actions drawn alike for everybody, at each logged action, its own row left out; mirrored at the ends of the range.

    >>> dice = np.random.default_rng(1)
    >>> round(float(density_of(dice.random(4000), width=0.1).mean()), 1)
    1.0
    """
    low, high = float(taken.min()), float(taken.max())
    spread = np.concatenate((2 * low - taken, taken, 2 * high - taken))
    whole = np.sort(spread)
    # Sums of 1, a, a² up to each place turn the kernel's sum over a window into three differences.
    sums = [np.concatenate(([0.0], np.cumsum((whole - low) ** power))) for power in range(3)]
    at = taken - low
    first, last = (
        np.searchsorted(whole, taken - width, side="left"),
        np.searchsorted(whole, taken + width, side="right"),
    )
    count, once, twice = (each[last] - each[first] for each in sums)
    inside = count - (at**2 * count - 2 * at * once + twice) / width**2
    # A row at an end is mirrored onto itself; like the row itself it says nothing of others.
    own = 1.0 + np.where((taken == low) | (taken == high), 1.0, 0.0)
    return np.maximum(0.75 * (inside - own) / (width * (len(taken) - 1)), 1e-300)
