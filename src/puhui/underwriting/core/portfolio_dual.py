"""The book of `portfolio` for a hundred thousand firms: priced constraints, each firm on its own, and a gap that is proven.

Put a price λ on every constraint that ties firms together; then each firm decides alone (a row is a batch of one):

    D(λ) = Σ_i max(0, max_r max_L (v_ir − Σ_k λ_k·w_ikr)·L + μ) + Σ_k λ_k·b_k − μ·fewest,    L ∈ {floor, cap}

D bounds every answer from above for any λ, μ ≥ 0 (weak duality: Geoffrion, Math. Programming Study 2 (1974) 82). Its lowest point
is found by cutting planes in the few prices, each new price half-way between the best so far and the master's proposal (in-out
separation: Ben-Ameur & Neto, Networks 49 (2007) 3). Firms are then taken in the order of what they earn at those prices while every
constraint holds, in whole fen. The gap is that of this answer to the bound: proven, whatever it is.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from puhui.underwriting.core.offer_book import OptimumNotProven
from puhui.underwriting.core.portfolio import LOSS, Book, Coupling, Limits, Shares, coupling

Columns = npt.NDArray[np.float64]
Fen = npt.NDArray[np.int64]
_STEPS, _SETTLED = 200, 1e-6
_INWARD = 0.5


@dataclass(frozen=True, slots=True)
class _Priced:
    """D at some prices, its slope, and what each firm would do."""

    bound: float
    slope: Columns
    rate: Fen
    reduced: Columns


def solve(firms: Book, limits: Limits) -> Shares:
    """The answer with its proven bound; duals are the prices of the constraints, `fewest` that of one more approval."""
    tied = coupling(firms, limits)
    best = _lowest(firms, limits, tied)
    priced = _price(firms, limits, tied, best)
    limit, rate = _taken(firms, limits, tied, priced)
    if int((limit > 0).sum()) < limits.fewest:
        limit, rate = _taken(firms, limits, tied, priced, first_floors=True)
    profit, loss = _worth(firms, limit, rate)
    if limits.fewest > int((limit > 0).sum()):
        raise OptimumNotProven(
            f"found {int((limit > 0).sum())} of at least {limits.fewest} approvals; solve the book exactly"
        )
    chosen = np.where(limit > 0, np.array([r.rate for r in firms.rates])[rate], np.nan)
    duals = dict(zip((*tied.names, "fewest"), (float(price) for price in best), strict=True))
    return Shares(limit, chosen, profit, loss, max(priced.bound, profit), duals)


def _lowest(firms: Book, limits: Limits, tied: Coupling) -> Columns:
    """Prices at the lowest point of D found."""
    size = len(tied.names) + 1
    top = max(float(np.max(rate.value[np.isfinite(rate.value)], initial=0.0)) for rate in firms.rates)
    highest = np.array(
        [_highest(firms, tied, row, top) for row in range(size - 1)] + [top * float(limits.floor_minor) * 10]
    )
    here = np.zeros(size)
    at_best, found = here, _price(firms, limits, tied, here)
    lowest, cuts = found.bound, [_plane(found, here)]
    for _ in range(_STEPS):
        proposed, under = _master(cuts, highest)
        if lowest - under <= _SETTLED * max(abs(lowest), 1.0):
            break
        here = at_best + _INWARD * (proposed - at_best)
        found = _price(firms, limits, tied, here)
        cuts.append(_plane(found, here))
        if found.bound < lowest:
            at_best, lowest = here, found.bound
        else:
            outer = _price(firms, limits, tied, proposed)
            cuts.append(_plane(outer, proposed))
            if outer.bound < lowest:
                at_best, lowest = proposed, outer.bound
    return at_best


def _plane(found: _Priced, here: Columns) -> tuple[float, Columns]:
    """The plane that touches D there and lies below it everywhere."""
    return found.bound - float(found.slope @ here), found.slope


def _highest(firms: Book, tied: Coupling, row: int, top: float) -> float:
    """A price at which nobody would want any of it: no lowest point lies beyond."""
    if tied.names[row] != LOSS:
        return top
    ratio = [
        float(np.max(r.value[m] / r.loss[m], initial=0.0))
        for r in firms.rates
        if (m := (r.loss > 0) & (r.value > 0)).any()
    ]
    return max(ratio, default=top)


def _master(cuts: list[tuple[float, Columns]], highest: Columns) -> tuple[Columns, float]:
    """The lowest point of the planes so far, in units of the first one's height so that the solver's tolerances fit."""
    scale = max(abs(cuts[0][0]), 1.0)
    size = len(highest)
    rows = np.array([[*(slope * highest / scale), -1.0] for _, slope in cuts])
    found = scipy.optimize.linprog([*np.zeros(size), 1.0], A_ub=rows, b_ub=[-height / scale for height, _ in cuts],
                    bounds=[(0, 1)] * size + [(None, None)], method="highs")  # fmt: skip
    return found.x[:size] * highest, float(found.x[size]) * scale


def _price(firms: Book, limits: Limits, tied: Coupling, prices: Columns) -> _Priced:
    """Every firm for itself at these prices."""
    few, fixed = float(prices[-1]), [row for row, name in enumerate(tied.names) if name != LOSS]
    loss_price = float(prices[tied.names.index(LOSS)]) if LOSS in tied.names else 0.0
    always = np.zeros(len(firms.pd))
    for row in fixed:
        if prices[row] > 0:
            always += float(prices[row]) * tied.weight(row, 0)
    open_firm = firms.cap_minor >= limits.floor_minor
    best = np.full(len(firms.pd), -np.inf)
    rate, amount, reduced = np.zeros(len(best), dtype=np.int64), np.zeros(len(best)), np.full(len(best), -np.inf)
    lost = np.zeros(len(best))
    for r, column in enumerate(firms.rates):
        left = column.value - always - loss_price * column.loss
        size = np.where(left > 0, firms.cap_minor, limits.floor_minor)
        worth = np.where(open_firm & np.isfinite(left), np.where(np.isfinite(left), left, 0.0) * size + few, -np.inf)
        better = worth > best
        best, rate = np.where(better, worth, best), np.where(better, r, rate)
        amount, reduced = np.where(better, size, amount), np.where(better, left, reduced)
        lost = np.where(better, column.loss, lost)
    taken = best > 0
    lent = np.where(taken, amount, 0.0)
    used = np.array([
        float(np.dot(lost if name == LOSS else tied.weight(row, 0), lent)) for row, name in enumerate(tied.names)
    ])  # fmt: skip
    bound = float(best[taken].sum() + prices[:-1] @ tied.bound - few * limits.fewest)
    return _Priced(bound, np.append(tied.bound - used, float(taken.sum()) - limits.fewest), rate, reduced)


def _taken(
    firms: Book, limits: Limits, tied: Coupling, priced: _Priced, *, first_floors: bool = False
) -> tuple[Fen, Fen]:
    """Firms in order of what they earn at the prices, while every constraint holds; the last ones get what is left.

    `first_floors`: the fewest approvals get the smallest loan each before anybody gets more.
    """
    rate = priced.rate
    value = _at(firms, rate)
    weights = np.stack([_by_rate(tied, row, rate, len(firms.rates)) for row in range(len(tied.names))], axis=1)
    order = np.lexsort((np.arange(len(rate)), -priced.reduced))
    wanted = order[((value[order] > 0) | first_floors) & (firms.cap_minor[order] >= limits.floor_minor)]
    filled = _Filled(np.zeros(len(rate), dtype=np.int64), np.floor(tied.bound).astype(np.float64), limits.floor_minor)
    if first_floors:
        small = np.full(len(rate), limits.floor_minor, dtype=np.int64)
        filled.pour(small, weights, wanted, most=limits.fewest)
    filled.pour(firms.cap_minor, weights, wanted[value[wanted] > 0], most=len(rate))
    return filled.limit, rate


@dataclass(slots=True)
class _Filled:
    """Limits so far and what is left of each constraint; `pour` changes both."""

    limit: Fen
    left: Columns
    floor_minor: int

    def pour(self, upto: Fen, weights: Columns, order: Fen, *, most: int) -> None:
        """Raise limits towards `upto` in order while everything left allows it; at most `most` firms anew."""
        for i in order:
            uses, new = weights[i], self.limit[i] == 0
            if new and most <= 0:
                continue
            room = min((self.left[k] / uses[k] for k in range(len(uses)) if uses[k] > 0), default=float(upto[i]))
            more = min(int(upto[i] - self.limit[i]), int(room))
            if more > 0 and self.limit[i] + more >= self.floor_minor:
                self.limit[i] += more
                self.left -= uses * more
                most -= int(new)


def _at(firms: Book, rate: Fen) -> Columns:
    block = np.column_stack([column.value for column in firms.rates])
    picked: Columns = block[np.arange(len(rate)), rate]
    return picked


def _by_rate(tied: Coupling, row: int, rate: Fen, rates: int) -> Columns:
    found = np.zeros(len(rate))
    for r in range(rates):
        here = rate == r
        if here.any():
            found[here] = tied.weight(row, r)[here]
    return found


def _worth(firms: Book, limit: Fen, rate: Fen) -> tuple[float, float]:
    profit = loss = 0.0
    for r, column in enumerate(firms.rates):
        here = (rate == r) & (limit > 0)
        profit += float(np.dot(column.value[here], limit[here]))
        loss += float(np.dot(column.loss[here], limit[here]))
    return profit, loss
