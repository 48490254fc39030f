"""Who gets which offer under a contact budget: several offers with costs, and the price of a yuan more.

    maximise Σ gain_ia x_ia   so that  Σ cost_ia x_ia ≤ budget,  Σ_a x_ia ≤ 1,  0 ≤ x ≤ 1

is a multiple-choice knapsack. Its linear relaxation is solved exactly by walking each person's concave frontier of (cost, gain) in falling
order of gain a yuan (Sinha and Zoltners 1979, Operations Research 27: 503–515); the last, broken step is dropped, so nobody gets half an
offer and the budget holds. What is lost to the exact integer solution is below the gain of that one step.

>>> plan = assign(np.array([[5.0, 8.0], [3.0, 3.5], [-1.0, 0.0]]), np.array([1.0, 2.0]), budget=3.0)
>>> plan.arm.tolist(), plan.cost, plan.gain, plan.price
([2, 1, 0], 3.0, 11.0, 0.5)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """`arm[i]`: 0 for nothing, else 1 + the offer's column. `price`: gain of one more unit of budget, 0 when it does not bind."""

    arm: NDArray[np.int64]
    cost: float
    gain: float
    price: float


def assign(gain: Floats, cost: Floats, *, budget: float) -> Plan:
    """`gain` (people, offers) net of nothing; `cost` (offers,) of one contact, at least 0; an offer whose gain is not above 0 is never made."""
    person, offer, step_cost, step_gain = _frontier_steps(gain, cost)
    worth = np.where(step_cost > 0, step_gain / np.maximum(step_cost, 1e-300), np.inf)
    order = np.argsort(-worth, kind="stable")
    spent = np.cumsum(step_cost[order])
    inside = int(np.searchsorted(spent, budget * (1 + 1e-12), side="right"))
    taken = order[:inside]
    arm = np.zeros(len(gain), np.int64)
    # Steps of a person lie in rising offer cost along `order`, so the last one written is the one reached.
    arm[person[taken]] = offer[taken] + 1
    rows = np.flatnonzero(arm)
    price = float(worth[order[inside]]) if inside < len(order) else 0.0
    return Plan(arm, float(cost[arm[rows] - 1].sum()), float(gain[rows, arm[rows] - 1].sum()), price)


def _frontier_steps(gain: Floats, cost: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
    """All steps of all frontiers: person, offer reached, extra cost, extra gain; each person's in falling worth."""
    order = np.argsort(cost, kind="stable")
    found: list[tuple[NDArray[np.int64], int, Floats, Floats]] = []
    at_cost, at_gain = np.zeros(len(gain)), np.zeros(len(gain))
    here = np.full(len(gain), -1)
    for _ in range(len(order)):
        # From where each person stands: the offer of the steepest rise is the next corner of the concave frontier.
        best, chosen = np.zeros(len(gain)), np.full(len(gain), -1)
        for one in order:
            extra, more = cost[one] - at_cost, gain[:, one] - at_gain
            slope = np.where(more > 0, np.where(extra > 0, more / np.where(extra > 0, extra, 1.0), np.inf), 0.0)
            slope = np.where((extra < 0) | ((extra == 0) & (here >= 0)), 0.0, slope)
            # At one slope the further corner; at no cost the highest gain.
            further = (slope > best) | ((slope == best) & (slope > 0) & (gain[:, one] > np.where(chosen >= 0, gain[np.arange(len(gain)), chosen], -np.inf)))  # fmt: skip
            best, chosen = np.where(further, slope, best), np.where(further, one, chosen)
        moving = np.flatnonzero(chosen >= 0)
        for one in order:
            rows = moving[chosen[moving] == one]
            if len(rows):
                found.append((rows, int(one), cost[one] - at_cost[rows], gain[rows, one] - at_gain[rows]))
        at_cost[moving], at_gain[moving] = cost[chosen[moving]], gain[moving, chosen[moving]]
        here = np.where(chosen >= 0, chosen, here)
    if not found:
        none = np.zeros(0)
        return none.astype(np.int64), none.astype(np.int64), none, none
    return (
        np.concatenate([one[0] for one in found]),
        np.concatenate([np.full(len(one[0]), one[1]) for one in found]),
        np.concatenate([one[2] for one in found]),
        np.concatenate([one[3] for one in found]),
    )
