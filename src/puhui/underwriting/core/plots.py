"""Plots of land as polygons: area, and how far two of them are the same piece of ground (IoU).

Rule kept: exact for simple polygons, convex or not. The plane is cut into horizontal strips at every corner and every
crossing of two edges; inside a strip no edges cross, so areas are sums of trapezoids. Points are [longitude, latitude] in
degrees, flattened at the plots' own latitude, which is good to a thousandth over a village.

>>> unit = [[0, 0], [0, 1], [1, 1], [1, 0]]
>>> half = [[0.5, 0], [0.5, 1], [1.5, 1], [1.5, 0]]
>>> round(overlap(unit, half), 6)
0.333333
"""

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

Point = Sequence[float]
Flat = list[tuple[float, float]]
_METRES_A_DEGREE = 111_320.0
_MU_M2 = 2_000 / 3
_MOST_CORNERS = 200


def wrong_boundary(value: Any) -> str | None:
    """Why this is no boundary; None when it is one."""
    if not isinstance(value, list) or not 3 <= len(value) <= _MOST_CORNERS:
        return (
            f"边界须为 3–{_MOST_CORNERS} 个点 · a boundary has 3 to {_MOST_CORNERS} corners, [longitude, latitude] each"
        )
    for corner in value:
        good = isinstance(corner, list) and len(corner) == 2 and all(isinstance(x, int | float) for x in corner)
        if not (good and -180 <= corner[0] <= 180 and -90 <= corner[1] <= 90):
            return "每个点须为 [经度, 纬度] · every corner is [longitude, latitude] in degrees"
    flat = _flattened(value, value[0][1])
    if _crosses_itself(flat):
        return "边界自相交 · the boundary crosses itself"
    return None if _area(flat) > 0 else "边界没有面积 · the boundary encloses nothing"


def area_mu(boundary: Sequence[Point]) -> float:
    """Area in mu (667 m²).

    >>> round(area_mu([[0, 0], [0, 0.001], [0.001, 0.001], [0.001, 0]]), 1)
    18.6
    """
    return _area(_flattened(boundary, boundary[0][1])) / _MU_M2


def overlap(one: Sequence[Point], other: Sequence[Point]) -> float:
    """Intersection over union, 0 to 1."""
    a, b = _flattened(one, one[0][1]), _flattened(other, one[0][1])
    if _apart(a, b):
        return 0.0
    shared = _intersection(a, b)
    union = _area(a) + _area(b) - shared
    return shared / union if union > 0 else 0.0


def _flattened(boundary: Sequence[Point], latitude: float) -> Flat:
    narrow = math.cos(math.radians(latitude))
    return [(x * narrow * _METRES_A_DEGREE, y * _METRES_A_DEGREE) for x, y in boundary]


def _apart(a: Flat, b: Flat) -> bool:
    return any(
        max(p[axis] for p in first) <= min(p[axis] for p in second)
        for axis in (0, 1)
        for first, second in ((a, b), (b, a))
    )


def _area(flat: Flat) -> float:
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise([*flat, flat[0]]))) / 2


def _intersection(a: Flat, b: Flat) -> float:
    sides_a, sides_b = list(pairwise([*a, a[0]])), list(pairwise([*b, b[0]]))
    cuts = {y for _, y in (*a, *b)}
    cuts |= {y for s in sides_a for t in sides_b if (y := _crossing(s, t)) is not None}
    total = 0.0
    for low, high in pairwise(sorted(cuts)):
        total += (high - low) * _shared_width(sides_a, sides_b, (low + high) / 2)
    return total  # within a strip every width is linear in y, so the width half-way up is its mean


def _shared_width(sides_a: list[Any], sides_b: list[Any], y: float) -> float:
    spans_a, spans_b = _spans(sides_a, y), _spans(sides_b, y)
    return sum(max(0.0, min(ra, rb) - max(la, lb)) for la, ra in spans_a for lb, rb in spans_b)


def _spans(sides: list[Any], y: float) -> list[tuple[float, float]]:
    """Where a horizontal line runs inside the polygon."""
    xs = sorted(x1 + (y - y1) * (x2 - x1) / (y2 - y1) for (x1, y1), (x2, y2) in sides if min(y1, y2) < y < max(y1, y2))
    return list(zip(xs[::2], xs[1::2], strict=False))


def _crossing(s: Any, t: Any) -> float | None:
    """The height at which two sides cross inside both, or None."""
    (ax, ay), (bx, by) = s
    (cx, cy), (dx, dy) = t
    turn = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    if turn == 0:
        return None
    u = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / turn
    v = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / turn
    return ay + u * (by - ay) if 0 < u < 1 and 0 < v < 1 else None


def _crosses_itself(flat: Flat) -> bool:
    sides = list(pairwise([*flat, flat[0]]))
    return any(_crossing(s, t) is not None for s, t in combinations(sides, 2))
