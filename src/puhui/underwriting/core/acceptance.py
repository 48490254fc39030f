"""How many customers leave at which rate, learned from our own offers: a logistic curve that cannot fall as the rate rises.

    P(leaves | r, rating) = σ(a_rating + b·r),   b ≥ 0     fitted by penalised maximum likelihood (Newton), ratings apart by `a`

The interval of each point is the delta method on the fitted coefficients' covariance (the inverse of the penalised
information). Rules kept: an open offer says nothing yet; below the policy's counts nothing is fitted but a refusal says
what is missing; no rate outside those that were offered is put on the curve. A slope that the data would draw downwards is
held at zero and said to be so.

>>> fit([("A", 0.05, False)] * 3, {"min_offers": 300, "min_taken": 50, "min_left": 50})
Traceback (most recent call last):
    ...
puhui.kernel.refusal.Refused: TOO_FEW_OFFERS: 已有结果的报价3份（接受3、离开0），至少需要300、50、50 · 3 offers have an outcome (3 taken, 0 left); 300, 50 and 50 are needed (offers)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.fairness import wilson
from puhui.underwriting.core.offer_book import ChurnCurve

Columns = npt.NDArray[np.float64]
Outcome = tuple[str, float, bool]  # rating, yearly rate, left
_RIDGE = 1e-3  # keeps a rating without leavers finite; a thousandth of an observation
_STEPS, _SETTLED = 100, 1e-10
_POINTS, _Z95 = 24, 1.96
_SCALE = 100.0  # rates enter in per cent, so that the slope is of the size of the intercepts


def fit(offers: Sequence[Outcome], needed: dict[str, int]) -> dict[str, Any]:
    """The fitted curve as JSON: ratings, coefficients, covariance, points with intervals. Raises Refused TOO_FEW_OFFERS."""
    left = np.array([gone for _, _, gone in offers], dtype=np.float64)
    _enough(left, needed)
    ratings = sorted({rating for rating, _, _ in offers})
    which = np.array([ratings.index(rating) for rating, _, _ in offers])
    rate = np.array([r for _, r, _ in offers], dtype=np.float64)
    design = np.column_stack([*(which == k for k in range(len(ratings))), rate * _SCALE]).astype(np.float64)
    found, covariance = _newton(design, left)
    held = bool(found[-1] < 0)
    if held:
        intercepts, block = _newton(design[:, :-1], left)
        found = np.append(intercepts, 0.0)
        covariance = np.pad(block, ((0, 1), (0, 1)))
    return {
        "ratings": ratings, "coefficients": [float(c) for c in found], "covariance": covariance.tolist(), "slope_held": held,
        "offers": len(offers), "left": int(left.sum()), "points": _points(ratings, found, covariance, rate),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Band:
    """What was seen of one rating between `from_rate` and a hundredth above it; `mean_rate` of the offers in it."""

    rating: str
    from_rate: float
    mean_rate: float
    offers: int
    left: int
    share: float
    low: float
    high: float

    @property
    def to_rate(self) -> float:
        """Where the band ends, not in it."""
        return self.from_rate + 1 / _SCALE


def observed(offers: Sequence[Outcome]) -> list[Band]:
    """Shares that left, counted by rating and whole per cent of the rate, each with Wilson's 95 % interval.

    >>> [(band.rating, band.from_rate, band.offers, band.left, band.share) for band in observed(
    ...     [("A", 0.05, False), ("A", 0.0599, True), ("A", 0.06, True), ("B", 0.05, False)])]
    [('A', 0.05, 2, 1, 0.5), ('A', 0.06, 1, 1, 1.0), ('B', 0.05, 1, 0, 0.0)]
    """
    cells: dict[tuple[str, int], list[tuple[float, bool]]] = {}
    for rating, rate, gone in offers:
        cells.setdefault((rating, int(rate * _SCALE + 1e-9)), []).append((rate, gone))
    return [_band(rating, floor, seen) for (rating, floor), seen in sorted(cells.items())]


def _band(rating: str, floor: int, seen: list[tuple[float, bool]]) -> Band:
    left = sum(gone for _, gone in seen)
    told = wilson(left, len(seen))
    share, low, high = (float(told[name] or 0.0) for name in ("value", "low", "high"))
    return Band(rating, floor / _SCALE, sum(rate for rate, _ in seen) / len(seen), len(seen), left, share, low, high)


def curve_of(content: dict[str, Any]) -> ChurnCurve:
    """A fitted curve in the shape the price reads."""
    points = content["points"]
    return ChurnCurve(
        tuple(points["rates"]), {letter: tuple(row["churn"]) for letter, row in points["by_rating"].items()}
    )


def filled(own: ChurnCurve, given: ChurnCurve) -> ChurnCurve:
    """Our own curve with the given one for ratings that it knows nothing of, read off between its rates; beyond its ends the end's share.

    >>> filled(ChurnCurve((0.08, 0.2), {"A": (0.1, 0.4)}), ChurnCurve((0.04, 0.12), {"A": (0.0, 1.0), "B": (0.2, 0.6)})).churn
    {'A': (0.1, 0.4), 'B': (0.4, 0.6)}
    """
    lacking = {letter: row for letter, row in given.churn.items() if letter not in own.churn and row}
    read = {letter: np.interp(own.rates, given.rates, row).tolist() for letter, row in lacking.items()}
    return ChurnCurve(
        own.rates, own.churn | {letter: tuple(round(each, 9) for each in row) for letter, row in read.items()}
    )


def enough(taken: int, left: int, needed: dict[str, int]) -> bool:
    """Whether so many offers taken and left may teach a curve."""
    return taken + left >= needed["min_offers"] and taken >= needed["min_taken"] and left >= needed["min_left"]


def _enough(left: Columns, needed: dict[str, int]) -> None:
    total, gone = len(left), int(left.sum())
    if enough(total - gone, gone, needed):
        return
    raise Refused(Refusal(
        "TOO_FEW_OFFERS",
        f"已有结果的报价{total}份（接受{total - gone}、离开{gone}），至少需要{needed['min_offers']}、{needed['min_taken']}、"
        f"{needed['min_left']} · {total} offers have an outcome ({total - gone} taken, {gone} left); {needed['min_offers']}, "
        f"{needed['min_taken']} and {needed['min_left']} are needed", "offers",
    ))  # fmt: skip


def _newton(design: Columns, left: Columns) -> tuple[Columns, Columns]:
    """Coefficients and their covariance."""
    found = np.zeros(design.shape[1])
    penalty = _RIDGE * np.eye(design.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-design @ found))
        information = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        step = np.linalg.solve(information, design.T @ (left - chance) - penalty @ found)
        found = found + np.clip(step, -5, 5)
        if float(np.abs(step).max()) < _SETTLED:
            break
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return found, covariance


def _points(ratings: list[str], found: Columns, covariance: Columns, rate: Columns) -> dict[str, Any]:
    """The curve at rates within those offered, to a hundredth of a per cent, with 95 % intervals."""
    rates = np.unique(np.round(np.linspace(rate.min(), rate.max(), _POINTS), 4))
    by_rating = {}
    for k, letter in enumerate(ratings):
        rows = np.zeros((len(rates), len(found)))
        rows[:, k], rows[:, -1] = 1.0, rates * _SCALE
        score = rows @ found
        error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, covariance, rows), 0.0))
        chances = [1 / (1 + np.exp(-(score + z * error))) for z in (0.0, -_Z95, _Z95)]
        by_rating[letter] = {
            name: np.round(chance, 6).tolist() for name, chance in zip(("churn", "low", "high"), chances, strict=True)
        }
    return {"rates": rates.tolist(), "by_rating": by_rating}
