"""Coefficients (出价系数) that raise or lower a bid, kept in the media's range and at a mean of one.

A media scales the advertiser's bid by the coefficient; if the coefficients drift above one on average, everything is
paid dearer and the campaign's own bid means nothing. So grades g are multiplied by one scale s for which the mean over
the traffic that joined, of clip(s·g) rounded as the media rounds, is what the strategy says (one).

>>> scale = scale_for({1.0: 900, 1.6: 100}, mean=1.0, low=0.2, high=5.0)
>>> given(1.0, scale), given(1.6, scale)
(0.94, 1.51)
>>> round((900 * given(1.0, scale) + 100 * given(1.6, scale)) / 1000, 2)
1.0
"""

from collections.abc import Mapping


def given(grade: float, scale: float, *, low: float = 0.2, high: float = 5.0, decimals: int = 2) -> float:
    """The coefficient a media is told: never outside [low, high], which it would ignore."""
    return round(min(max(grade * scale, low), high), decimals)


def scale_for(joined: Mapping[float, float], *, mean: float, low: float, high: float) -> float:
    """The scale at which grades weighted by how often they joined average `mean`; 1 where nothing joined.

    The mean of clipped grades does not fall as the scale rises, so halving finds it; a mean outside what the range
    allows ends at the nearest edge.
    """
    total = sum(joined.values())
    if total <= 0 or not any(joined):
        return 1.0
    bottom, top = low / max(joined), high / max(min(grade for grade in joined if grade > 0), 1e-9)
    for _ in range(40):
        middle = (bottom + top) / 2
        at = sum(weight * min(max(grade * middle, low), high) for grade, weight in joined.items()) / total
        bottom, top = (middle, top) if at < mean else (bottom, middle)
    return (bottom + top) / 2
