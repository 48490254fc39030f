"""Budgets across media and campaigns from response curves that are not surely known; what the next yuan would bring is shown.

Each campaign answers s yuan a day with  a · (1 − exp(−s / b)):  a the most it can bring, b how fast it tires (both from its own days, by
penalised Poisson likelihood). The plan maximises the mean over curves drawn from what the days leave open,

    maximise Σ_i E[value_i(s_i)]   so that   Σ s_i ≤ budget,  low_i ≤ s_i ≤ high_i,

a separable concave programme: at the optimum every campaign inside its bounds brings the same for its next yuan, the budget's dual price λ
(Luenberger, Optimization by Vector Space Methods, chapter 8). λ is found by bisection; each campaign's own bound has a dual price too.

>>> alike = [Curve(np.array([100.0]), np.array([50.0]), low=0.0, high=1e9)] * 2
>>> plan = planned(alike, budget=60.0)
>>> [round(one, 6) for one in plan.spend], round(plan.price_of_money, 6) == round(100 / 50 * float(np.exp(-30 / 50)), 6)
([30.0, 30.0], True)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_HALVINGS = 100


@dataclass(frozen=True, slots=True)
class Curve:
    """Draws of (most, tires) of one campaign, shape (draws,), value in money; spend is kept in [low, high]."""

    most: Floats
    tires: Floats
    low: float
    high: float

    def value(self, spend: float) -> Floats:
        """Value at this spend, by draw."""
        return self.most * -np.expm1(-spend / self.tires)

    def next_yuan(self, spend: float) -> float:
        """Mean value of one more unit of money."""
        return float(np.mean(self.most / self.tires * np.exp(-spend / self.tires)))


@dataclass(frozen=True, slots=True)
class SpendPlan:
    """`bound_price[i]`: above zero, what one more unit of campaign i's upper bound would bring beyond the price of money; below zero, what its
    lower bound costs. `gain`: mean, low and high of total value over the draws."""  # fmt: skip

    spend: list[float]
    price_of_money: float
    bound_price: list[float]
    gain: tuple[float, float, float]


def planned(curves: Sequence[Curve], *, budget: float, least_price: float = 0.0) -> SpendPlan:
    """The optimum. The lower bounds together must fit the budget (callers refuse otherwise). A unit of money that would bring less than
    `least_price` is not spent: 1 stops where another yuan no longer earns itself back."""  # fmt: skip
    assert sum(curve.low for curve in curves) <= budget * (1 + 1e-9)
    least, most = least_price, max((curve.next_yuan(curve.low) for curve in curves), default=0.0) + least_price + 1.0
    if sum(_spend_at(curve, least_price) for curve in curves) > budget:
        for _ in range(_HALVINGS):
            middle = (least + most) / 2
            over = sum(_spend_at(curve, middle) for curve in curves) > budget
            least, most = (middle, most) if over else (least, middle)
    else:
        most = least_price
    spend = [_spend_at(curve, most) for curve in curves]
    slack = [curve.next_yuan(one) - most for curve, one in zip(curves, spend)]
    bound = [gap if one >= curve.high or one <= curve.low else 0.0 for curve, one, gap in zip(curves, spend, slack)]
    bound = [max(gap, 0.0) if one >= curve.high else min(gap, 0.0) for curve, one, gap in zip(curves, spend, bound)]
    total = np.sum([curve.value(one) for curve, one in zip(curves, spend)], axis=0) if curves else np.zeros(1)
    return SpendPlan(spend, most, bound, (float(total.mean()), float(np.quantile(total, 0.025)), float(np.quantile(total, 0.975))))  # fmt: skip


def learned_curve(spend: Floats, results: Floats, *, worth: float, bounds: tuple[float, float], draws: int, dice: np.random.Generator) -> Curve:  # fmt: skip
    """A curve from days: money spent and results counted. Draws are from the normal law around the best fit in logarithms (Laplace).

    Without days of different spend the data cannot tell "tires soon" from "tires late": a weak prior (the half-way point near twice the usual spend,
    give or take a factor of three) answers, and the draws stay wide.
    """
    usual = max(float(spend.mean()), 1e-9)
    rate = max(float(results.sum()), 0.5) / max(float(spend.sum()), 1e-9)
    start = np.array([np.log(rate * usual * 3), np.log(usual * 3)])

    def loss(at: Floats) -> float:
        expected = np.maximum(np.exp(at[0]) * -np.expm1(-spend / np.exp(at[1])), 1e-12)
        prior = ((at[1] - start[1]) / 1.1) ** 2 / 2 + ((at[0] - start[0]) / 3.0) ** 2 / 2
        return float(np.sum(expected - results * np.log(expected)) + prior)

    best = scipy.optimize.minimize(
        loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000}
    ).x
    spread = np.linalg.inv(_curvature(loss, best))
    values, vectors = np.linalg.eigh((spread + spread.T) / 2)
    drawn = best + (dice.standard_normal((draws, 2)) * np.sqrt(np.clip(values, 1e-12, 4.0))) @ vectors.T
    return Curve(np.exp(drawn[:, 0]) * worth, np.exp(drawn[:, 1]), *bounds)


def _spend_at(curve: Curve, price: float) -> float:
    """The spend at which the next unit brings `price`, kept in its bounds."""
    if curve.next_yuan(curve.low) <= price:
        return curve.low
    if curve.next_yuan(curve.high) >= price:
        return curve.high
    low, high = curve.low, curve.high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if curve.next_yuan(middle) > price else (low, middle)
    return (low + high) / 2


def _curvature(loss: Callable[[Floats], float], best: Floats, step: float = 1e-3) -> Floats:
    """Second differences at the best fit, kept positive."""
    unit = np.eye(2) * step
    found = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            found[i, j] = (loss(best + unit[i] + unit[j]) - loss(best + unit[i] - unit[j]) - loss(best - unit[i] + unit[j]) + loss(best - unit[i] - unit[j])) / (4 * step**2)  # fmt: skip
    values, vectors = np.linalg.eigh((found + found.T) / 2)
    return vectors @ np.diag(np.maximum(values, 0.25)) @ vectors.T
