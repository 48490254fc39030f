"""The lender's problem, solved to the optimum by HiGHS: whom to lend, how much, at which of the curve's rates.

    maximise Σ L_i·v_i(r_i)   with   v_i(r) = (1 − churn(rating_i, r))·((1 − pd_i)·r − pd_i·lgd − cost_of_funds)
    subject to Σ L_i ≤ budget,  L_i = 0 or floor ≤ L_i ≤ cap_i,  rating D: L_i = 0

Profit is linear in L for any rate, so the best rate of a firm does not depend on its limit nor on the others: it is
argmax_r v_i(r) (the lowest such rate on a tie). What remains is a semi-continuous knapsack, a mixed-integer programme.
HiGHS names the set of firms with a proven gap of zero; given the set, the rest is a continuous knapsack with whole-fen
bounds, whose optimum is exact in integers: everybody gets the floor, then the best v first up to its cap.

`dual_price` is yuan of expected profit per extra yuan of budget: the shadow price of the budget in the linear
relaxation (0 ≤ L_i ≤ cap_i), which is v of the firm at which the money runs out when lent best v first; zero when the
budget does not bind. It never rises with the budget and bounds every budget: profit(B') ≤ relaxed(B) + dual·(B' − B).
`dual_price_set_held` is the same with the yes/no answers frozen; the two differ only where a floor of a limit binds.

>>> one = Candidates(np.array([0.5]), np.array([0.1]), np.array([10**8]))
>>> solve(one, budget_minor=10**7, floor_minor=10**7).limit_minor.tolist()
[10000000]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import scipy

Columns = npt.NDArray[np.float64]
Fen = npt.NDArray[np.int64]
_BEST = 10_000.0  # the best value in the solver's unit: its absolute tolerance (1e-6) is then far below one fen
_STEP = 1_000_000  # budgets of the profit curve are whole 10,000 yuan
_GAP = 1e-9  # largest relative shortfall against the solver's bound that rounding may explain


class OptimumNotProven(RuntimeError):
    """The solver did not prove its optimum; no offer is made from an unproven solution."""


@dataclass(frozen=True, slots=True)
class ChurnCurve:
    """Share of customers of each rating who leave at each yearly rate. `churn[rating]` runs along `rates`."""

    rates: tuple[float, ...]
    churn: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Firms in columns. `value` is v at the best rate, `rate` that rate, `cap_minor` what its evidence supports.

    A firm that may get nothing (rating D, no curve for its rating) has a value of −inf.
    """

    value: Columns
    rate: Columns
    cap_minor: Fen


@dataclass(frozen=True, slots=True)
class Solution:
    limit_minor: Fen
    profit_minor: Fen
    dual_price: float
    dual_price_set_held: float

    @property
    def total_minor(self) -> int:
        return int(self.profit_minor.sum())

    @property
    def lent_minor(self) -> int:
        return int(self.limit_minor.sum())


def price(pd: Columns, rating: Sequence[str], curve: ChurnCurve, *, lgd: Decimal, cost_of_funds: Decimal) -> tuple[
        Columns, Columns]:  # fmt: skip
    """Best (value per yuan, rate) of each firm; (−inf, nan) where the curve knows no such rating or pd is missing."""
    rates = np.array(curve.rates)
    value, best = np.full(len(pd), -np.inf), np.full(len(pd), np.nan)
    for letter, churn in curve.churn.items():
        rows = np.flatnonzero((np.asarray(rating) == letter) & ~np.isnan(pd))
        if len(rows) == 0:
            continue
        chance = pd[rows, None]
        margins = (1 - np.array(churn)) * ((1 - chance) * rates - chance * float(lgd) - float(cost_of_funds))
        column = np.argmax(margins, axis=1)
        value[rows], best[rows] = margins[np.arange(len(rows)), column], rates[column]
    return value, best


def solve(firms: Candidates, *, budget_minor: int, floor_minor: int) -> Solution:
    """Exact optimum for a total budget. Raises OptimumNotProven when the solver gives up."""
    limits = np.zeros(len(firms.value), dtype=np.int64)
    open_rows = np.flatnonzero((firms.value > 0) & (firms.cap_minor >= floor_minor))
    value, caps = firms.value[open_rows], firms.cap_minor[open_rows]
    if int(caps.sum()) <= budget_minor:
        limits[open_rows] = caps
        return Solution(limits, profits(firms.value, limits), 0.0, 0.0)
    chosen, bound = _choose(value, caps, budget_minor=budget_minor, floor_minor=floor_minor)
    limits[open_rows] = _fill(value, caps, chosen, budget_minor=budget_minor, floor_minor=floor_minor)
    reached = float(np.dot(value, limits[open_rows]))
    if reached < bound * (1 - _GAP) - 1.0:
        raise OptimumNotProven(f"reached {reached:.2f} fen of a bound of {bound:.2f}")
    approved = limits > 0
    held = float(np.max(firms.value[approved & (limits < firms.cap_minor)], initial=0.0))
    return Solution(limits, profits(firms.value, limits), _relaxed_dual(value, caps, budget_minor), held)


def solve_at_price(firms: Candidates, wanted_minor: Fen, *, reserve_price: float, floor_minor: int) -> Solution:
    """The same problem for applicants met one by one: money costs `reserve_price`, the budget's dual, per yuan.

    Each gets the smaller of what it wants and what its evidence supports, if its value reaches the price.
    """
    offered = np.minimum(firms.cap_minor, wanted_minor)
    good = (firms.value > 0) & (firms.value >= reserve_price) & (offered >= floor_minor)
    limits = np.where(good, offered, 0).astype(np.int64)
    return Solution(limits, profits(firms.value, limits), reserve_price, reserve_price)


def profit_curve(firms: Candidates, budgets_minor: Sequence[int], *, floor_minor: int) -> list[dict[str, float | int]]:
    """The optimum at each of several budgets, for the picture of profit against money."""
    points: list[dict[str, float | int]] = []
    for budget_minor in budgets_minor:
        found = solve(firms, budget_minor=budget_minor, floor_minor=floor_minor)
        points.append({
            "budget_minor": budget_minor, "expected_profit_minor": found.total_minor, "lent_minor": found.lent_minor,
            "approved": int((found.limit_minor > 0).sum()), "dual_price": found.dual_price,
        })  # fmt: skip
    return points


def budgets_for_curve(firms: Candidates, *, budget_minor: int, floor_minor: int, points: int) -> list[int]:
    """Evenly spread budgets from zero past both the asked budget and the point where money stops mattering."""
    useful = int(firms.cap_minor[(firms.value > 0) & (firms.cap_minor >= floor_minor)].sum())
    top = max(useful * 11 // 10, budget_minor)
    step = max(top // (points - 1) // _STEP, 1) * _STEP
    return sorted({step * k for k in range(points)} | {budget_minor})


def profits(value: Columns, limit_minor: Fen) -> Fen:
    """Expected profit of each limit, in whole fen, half to even."""
    safe = np.where(limit_minor > 0, value, 0.0)
    result: Fen = np.rint(safe * limit_minor).astype(np.int64)
    return result


def _choose(value: Columns, caps: Fen, *, budget_minor: int, floor_minor: int) -> tuple[npt.NDArray[np.bool_], float]:
    """The optimal set by HiGHS and the proven upper bound of profit in fen. Variables: amounts x, then yes/no y."""
    n, worth = len(value), _BEST / float(value.max())
    cap, floor, budget = caps / floor_minor, 1.0, budget_minor / floor_minor  # amounts in units of the smallest loan
    one = scipy.sparse.eye_array(n, format="csr")
    below_cap = scipy.sparse.hstack([one, -one.multiply(cap[:, None])])  # x_i − cap_i·y_i ≤ 0
    above_floor = scipy.sparse.hstack([one, -floor * one])  # x_i − floor·y_i ≥ 0
    total = scipy.sparse.csr_array(np.concatenate([np.ones(n), np.zeros(n)])[None, :])
    rows = scipy.optimize.LinearConstraint(
        scipy.sparse.vstack([below_cap, above_floor, total]).tocsr(),
        np.concatenate([np.full(n, -np.inf), np.zeros(n), [0.0]]),
        np.concatenate([np.zeros(n), np.full(n, np.inf), [budget]]),
    )
    found = scipy.optimize.milp(
        np.concatenate([-value * worth, np.zeros(n)]), constraints=rows, integrality=np.repeat([0, 1], n),
        bounds=scipy.optimize.Bounds(np.zeros(2 * n), np.concatenate([cap, np.ones(n)])),
        options={"mip_rel_gap": 0.0, "time_limit": 60.0},
    )  # fmt: skip
    if found.status != 0 or found.x is None:
        raise OptimumNotProven(f"HiGHS stopped with status {found.status}: {found.message}")
    return found.x[n:] > 0.5, -float(found.mip_dual_bound) / worth * floor_minor


def _fill(value: Columns, caps: Fen, chosen: npt.NDArray[np.bool_], *, budget_minor: int, floor_minor: int) -> Fen:
    """Best whole-fen limits for a given set: floor for all of it, the rest to the highest value first."""
    limits = np.where(chosen, floor_minor, 0).astype(np.int64)
    left = budget_minor - int(limits.sum())
    for row in np.lexsort((np.arange(len(value)), -value)):
        if chosen[row]:
            more = min(left, int(caps[row]) - floor_minor)
            limits[row] += more
            left -= more
    return limits


def _relaxed_dual(value: Columns, caps: Fen, budget_minor: int) -> float:
    """Shadow price when floors are waived: v of the firm at which the money, best v first, runs out."""
    order = np.argsort(-value, kind="stable")
    spent = np.cumsum(caps[order])
    return float(value[order][np.searchsorted(spent, budget_minor, side="right")])
