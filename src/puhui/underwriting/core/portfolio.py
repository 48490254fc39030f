"""The whole book at once: whom to lend, how much, at which rate, under a budget, a loss budget and shares of groups.

    maximise   Σ_i Σ_r v_ir · L_ir
    subject to Σ L ≤ budget,  Σ e_ir·L_ir ≤ loss budget,  Σ_{i∈g} L_i ≤ share_g · budget,  Σ y ≥ fewest approvals
               one rate a firm;  L_ir = 0 or floor ≤ L_ir ≤ cap_i

v_ir is the expected profit and e_ir = (1 − churn_ir)·PD_i·LGD the expected loss of a yuan offered to firm i at rate r. With a loss
budget the best rate of a firm is no longer its own affair: a dearer rate drives customers off and their losses with them. Rates
that earn less and lose more than another of the same firm are left out beforehand; nothing optimal is lost by that.

HiGHS proves the optimum of the mixed-integer programme; the linear relaxation gives the dual prices, one a constraint: what one
more yuan of budget, of loss or of a group's share would earn. Rule kept: no answer without its proven gap.
`portfolio_dual` solves the same for books too large for that.

>>> firms = Book(np.array([0.5]), np.array([10**8]), (Rate(0.1, np.array([0.05]), np.array([0.01])),), {})
>>> found = solve(firms, Limits(budget_minor=10**7, floor_minor=10**7))
>>> found.limit_minor.tolist(), found.gap, round(found.duals["budget"], 6)
([10000000], 0.0, 0.05)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.offer_book import ChurnCurve, OptimumNotProven

Columns = npt.NDArray[np.float64]
Fen = npt.NDArray[np.int64]
LOSS = "loss"  # the one constraint whose use depends on the rate
_SECONDS, _GAP = 60.0, 1e-6
_BEST = 10_000.0  # the best value in the solver's unit


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate of the curve: what a yuan offered at it earns and loses, firm by firm; −inf where it is not open to the firm."""

    rate: float
    value: Columns
    loss: Columns


@dataclass(frozen=True, slots=True)
class Book:
    """Firms in columns. `groups`: name of a division (segment, industry, region) → each firm's group in it."""

    pd: Columns
    cap_minor: Fen
    rates: tuple[Rate, ...]
    groups: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the lender allows. `shares`: division → the largest share of the budget that one of its groups may take."""

    budget_minor: int
    floor_minor: int
    loss_budget_minor: int | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    fewest: int = 0


@dataclass(frozen=True, slots=True)
class Shares:
    """An answer with its proof: `bound_minor` is what no answer can beat, `gap` how far this one may be from it, relative."""

    limit_minor: Fen
    rate: Columns
    profit_minor: float
    loss_minor: float
    bound_minor: float
    duals: dict[str, float]

    @property
    def gap(self) -> float:
        """Zero when proven to the fen of the solver's tolerance."""
        short = self.bound_minor - self.profit_minor
        return max(short, 0.0) / self.bound_minor if self.bound_minor > 0 and short > 1.0 else 0.0

    @property
    def lent_minor(self) -> int:
        return int(self.limit_minor.sum())


@dataclass(frozen=True, slots=True)
class Coupling:
    """The constraints that tie firms together, row by row: what a yuan at (firm, rate) uses of each, and how much there is."""

    names: tuple[str, ...]
    bound: Columns  # in fen
    weight: Any  # weight(row, rate index) → a column of firms


def book(pd: Columns, rating: Sequence[str], cap_minor: Fen, curve: ChurnCurve, costs: Mapping[str, float],
         groups: Mapping[str, Sequence[str]] | None = None) -> Book:  # fmt: skip
    """Values and losses of every firm at every rate. `costs`: lgd and cost_of_funds, shares of a yuan."""
    letters = np.asarray(rating)
    rates = []
    for place, rate in enumerate(curve.rates):
        leave = np.full(len(pd), np.nan)
        for letter, churn in curve.churn.items():
            leave[letters == letter] = churn[place]
        stay = 1 - leave
        value = stay * ((1 - pd) * rate - pd * costs["lgd"] - costs["cost_of_funds"])
        rates.append(Rate(rate, np.where(np.isnan(value), -np.inf, value), np.nan_to_num(stay * pd * costs["lgd"])))
    return Book(pd, cap_minor, tuple(rates), groups or {})


def solve(firms: Book, limits: Limits) -> Shares:
    """The proven optimum by HiGHS. Refused INFEASIBLE when fewest approvals cannot be met; OptimumNotProven at the time limit."""
    firm, rate = _worth_asking(firms, limits)
    if len(firm) == 0:
        refuse_if_fewest(0, limits)
        return _nothing(firms)
    value = np.array([firms.rates[r].value[i] for i, r in zip(firm, rate, strict=True)])
    tied = coupling(firms, limits)
    relaxed, duals = _relaxation(firms, limits, tied, firm, rate)
    amounts, bound = _milp(firms, limits, tied, (firm, rate, value))
    amounts = _trimmed(amounts, value, _rows(tied, firm, rate), tied.bound, limits.floor_minor)
    limit = np.zeros(len(firms.pd), dtype=np.int64)
    chosen = np.full(len(firms.pd), np.nan)
    for k in np.flatnonzero(amounts > 0):
        limit[firm[k]], chosen[firm[k]] = amounts[k], firms.rates[rate[k]].rate
    profit = float(np.dot(value, amounts))
    loss = float(sum(firms.rates[r].loss[i] * a for i, r, a in zip(firm, rate, amounts, strict=True)))
    return Shares(limit, chosen, profit, loss, max(min(bound, relaxed), profit), duals)


def coupling(firms: Book, limits: Limits) -> Coupling:
    """Budget, loss budget, one row a group of every division that has a share."""
    names, bound = ["budget"], [float(limits.budget_minor)]
    members: list[Columns | None] = [np.ones(len(firms.pd))]
    if limits.loss_budget_minor is not None:
        names.append(LOSS)
        bound.append(float(limits.loss_budget_minor))
        members.append(None)
    for division, share in limits.shares.items():
        column = np.asarray(firms.groups[division])
        for group in sorted(set(column.tolist())):
            names.append(f"{division}:{group}")
            bound.append(share * limits.budget_minor)
            members.append((column == group).astype(np.float64))

    def weight(row: int, rate: int) -> Columns:
        column = members[row]
        return firms.rates[rate].loss if column is None else column

    return Coupling(tuple(names), np.array(bound), weight)


def frontier(firms: Book, limits: Limits, losses_minor: Sequence[int]) -> list[dict[str, float | int]]:
    """The best profit for each loss budget, by the linear relaxation: what the lender buys with risk. Upper bounds, and near."""
    points: list[dict[str, float | int]] = []
    for loss in losses_minor:
        within = Limits(limits.budget_minor, limits.floor_minor, loss, limits.shares, 0)
        firm, rate = _worth_asking(firms, within)
        if len(firm) == 0:
            continue
        profit, duals = _relaxation(firms, within, coupling(firms, within), firm, rate)
        points.append({"loss_budget_minor": loss, "expected_profit_minor": profit, "loss_dual": duals[LOSS],
                       "budget_dual": duals["budget"]})  # fmt: skip
    return points


def _worth_asking(firms: Book, limits: Limits) -> tuple[Fen, Fen]:
    """(firm, rate) pairs that are not beaten by another rate of the same firm in both profit and loss."""
    value = np.column_stack([rate.value for rate in firms.rates])
    loss = np.column_stack([rate.loss for rate in firms.rates])
    open_firm = firms.cap_minor >= limits.floor_minor
    kept_firm, kept_rate = [], []
    for i in np.flatnonzero(
        open_firm & (value.max(axis=1) > 0 if limits.fewest == 0 else np.isfinite(value).any(axis=1))
    ):
        least = np.inf
        for r in np.lexsort((loss[i], -value[i])):
            if not np.isfinite(value[i, r]) or (value[i, r] <= 0 and limits.fewest == 0):
                break
            if loss[i, r] < least or (limits.loss_budget_minor is None and least == np.inf):
                least = loss[i, r]
                kept_firm.append(i)
                kept_rate.append(r)
            if limits.loss_budget_minor is None:
                break
    return np.array(kept_firm, dtype=np.int64), np.array(kept_rate, dtype=np.int64)


def _rows(tied: Coupling, firm: Fen, rate: Fen) -> "scipy.sparse.csr_array":
    """What each pair uses of each constraint, a yuan for a yuan."""
    block = np.empty((len(tied.names), len(firm)))
    for row in range(len(tied.names)):
        by_rate = {r: tied.weight(row, int(r)) for r in np.unique(rate)}
        block[row] = [by_rate[r][i] for i, r in zip(firm, rate, strict=True)]
    return scipy.sparse.csr_array(block)


def _relaxation(firms: Book, limits: Limits, tied: Coupling, firm: Fen, rate: Fen) -> tuple[float, dict[str, float]]:
    """Floors and yes/no waived: profit in fen, and the dual price of every constraint."""
    value = np.array([firms.rates[r].value[i] for i, r in zip(firm, rate, strict=True)])
    unit = float(limits.floor_minor)
    own = scipy.sparse.csr_array((np.ones(len(firm)), (np.searchsorted(np.unique(firm), firm), np.arange(len(firm)))))
    caps = firms.cap_minor[np.unique(firm)] / unit
    rows = _rows(tied, firm, rate)
    found = scipy.optimize.linprog(-value, A_ub=scipy.sparse.vstack([rows, own]).tocsr(), b_ub=np.concatenate([tied.bound / unit, caps]),
                    bounds=(0, None), method="highs")  # fmt: skip
    if found.status != 0:
        raise OptimumNotProven(f"HiGHS stopped with status {found.status}: {found.message}")
    duals = -found.ineqlin.marginals[: len(tied.names)]
    return -float(found.fun) * unit, {name: float(d) + 0.0 for name, d in zip(tied.names, duals, strict=True)}


def _milp(firms: Book, limits: Limits, tied: Coupling, pairs: tuple[Fen, Fen, Columns]) -> tuple[Fen, float]:
    """Whole-fen amounts a pair, and the proven bound in fen. Variables: amounts x in smallest loans, then yes/no y."""
    firm, rate, value = pairs
    n, unit, worth = len(firm), float(limits.floor_minor), _BEST / float(np.abs(value).max())
    caps = firms.cap_minor[firm] / unit
    each = np.arange(n)
    rows = _rows(tied, firm, rate)
    wide = scipy.sparse.csr_array((rows.data, rows.indices, rows.indptr), shape=(rows.shape[0], 2 * n))
    below = scipy.sparse.coo_array(
        (np.concatenate([np.ones(n), -caps]), (np.tile(each, 2), np.concatenate([each, n + each]))), shape=(n, 2 * n)
    )
    above = scipy.sparse.coo_array(
        (np.concatenate([np.ones(n), -np.ones(n)]), (np.tile(each, 2), np.concatenate([each, n + each]))),
        shape=(n, 2 * n),
    )
    unique, place = np.unique(firm, return_inverse=True)
    one = scipy.sparse.coo_array((np.ones(n), (place, n + each)), shape=(len(unique), 2 * n))
    many = scipy.sparse.coo_array((np.ones(n), (np.zeros(n, dtype=np.int64), n + each)), shape=(1, 2 * n))
    found = scipy.optimize.milp(
        np.concatenate([-value * worth, np.zeros(n)]), integrality=np.repeat([0, 1], n),
        bounds=scipy.optimize.Bounds(np.zeros(2 * n), np.concatenate([caps, np.ones(n)])),
        constraints=[
            scipy.optimize.LinearConstraint(wide, -np.inf, tied.bound / unit), scipy.optimize.LinearConstraint(below.tocsr(), -np.inf, 0),
            scipy.optimize.LinearConstraint(above.tocsr(), 0, np.inf), scipy.optimize.LinearConstraint(one.tocsr(), -np.inf, 1),
            scipy.optimize.LinearConstraint(many.tocsr(), limits.fewest, np.inf),
        ],
        options={"mip_rel_gap": _GAP, "time_limit": _SECONDS},
    )  # fmt: skip
    if found.status == 2:
        refuse_if_fewest(-1, limits)
    if found.x is None:
        raise OptimumNotProven(f"HiGHS stopped with status {found.status}: {found.message}")
    yes = found.x[n:] > 0.5
    amounts = np.where(yes, np.floor(found.x[:n] * unit + 1e-6), 0).astype(np.int64)
    amounts = np.where(yes, np.clip(amounts, limits.floor_minor, firms.cap_minor[firm]), 0)
    return amounts, -float(found.mip_dual_bound) / worth * unit


def _trimmed(amounts: Fen, value: Columns, rows: "scipy.sparse.csr_array", bound: Columns, floor_minor: int) -> Fen:
    """The solver holds its rows to a tolerance; we hold them to the fen, at the expense of what earns least."""
    kept = amounts.copy()
    block = rows.toarray()
    for row, most in zip(block, bound, strict=True):
        over = float(row @ kept) - most
        for k in np.argsort(value, kind="stable"):
            if over <= 0:
                break
            if row[k] > 0 and kept[k] > floor_minor:
                cut = min(int(np.ceil(over / row[k])), int(kept[k]) - floor_minor)
                kept[k] -= cut
                over -= cut * row[k]
    return kept


def refuse_if_fewest(found: int, limits: Limits) -> None:
    """Fewer approvals than were asked for: no answer. `found` is negative when the solver proved that there is none."""
    if limits.fewest > max(found, 0) or found < 0:
        text = f"在这些约束下做不到至少{limits.fewest}户 · these constraints cannot hold {limits.fewest} approvals"
        raise Refused(Refusal("PORTFOLIO_INFEASIBLE", text, where="fewest"))


def _nothing(firms: Book) -> Shares:
    empty = np.zeros(len(firms.pd), dtype=np.int64)
    return Shares(empty, np.full(len(firms.pd), np.nan), 0.0, 0.0, 0.0, {})
