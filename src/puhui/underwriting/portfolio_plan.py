"""The book of one appraisal under more than a budget: a loss budget, shares of ratings, fewest approvals; beside three baselines.

Rule kept: a plan is a what-if. It reads the stored chances, ratings and caps of an appraisal, stores nothing, and says how far
from the best answer it can be at most.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.underwriting import models
from puhui.underwriting.core import appraising, baselines, portfolio, portfolio_dual
from puhui.underwriting.core.policy_table import AppraisalPolicy
from puhui.underwriting.core.portfolio import Book, Limits, Shares

_SLACK = 5e-5  # a price below a two-hundredth of a per cent is the solver's, not the constraint's
_FRONTIER = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)


@dataclass(frozen=True, slots=True)
class PlanAsked:
    """`loss_bps`: expected loss allowed, in basis points of the budget; `rating_share`: the most of the budget one rating may
    take, as a share; None where it does not bind. `exact`: by the mixed-integer programme, which may take a minute."""

    budget_minor: int
    loss_bps: int | None = None
    rating_share: float | None = None
    fewest: int = 0
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What was found, its proof, and what others would have made of the same money. Amounts in fen; `frontier` rises with loss."""

    profit_minor: int
    loss_minor: int
    lent_minor: int
    approved: int
    gap: float
    duals: dict[str, float]
    limits: dict[str, tuple[int, float]]
    others: dict[str, dict[str, int]]
    frontier: list[dict[str, Any]]
    seconds: float


def plan(appraisal: models.Appraisal, asked: PlanAsked) -> Plan:
    """Solve, compare, and draw the frontier around the loss that the unbounded answer has."""
    began = time.perf_counter()
    firms, codes, rating = book_of(appraisal)
    limits = limits_of(appraisal, asked)
    found = (portfolio.solve if asked.exact else portfolio_dual.solve)(firms, limits)
    seconds = time.perf_counter() - began
    return Plan(
        round(found.profit_minor), round(found.loss_minor), found.lent_minor, int((found.limit_minor > 0).sum()), found.gap,
        {name: price for name, price in found.duals.items() if price > _SLACK}, _by_code(found, codes),
        {name: told(firms, each) for name, each in baselines.limits_of(firms, rating, limits).items()},
        _frontier(firms, limits, found), round(seconds, 3),
    )  # fmt: skip


def book_of(appraisal: models.Appraisal) -> tuple[Book, list[str], list[str]]:
    """The appraisal's firms in columns, their codes and ratings ('' where nothing is lent)."""
    names = ("firm__code", "pd", "rating", "limit_cap_minor")
    rows = list(models.Verdict.objects.filter(appraisal=appraisal).order_by("firm_id").values_list(*names))
    policy, given = AppraisalPolicy(appraisal.parameters["policy"]), appraisal.parameters
    pd = np.array([np.nan if row[1] is None else row[1] for row in rows], dtype=np.float64)
    rating = ["" if row[2] is None or row[2] in policy.ratings_refused else str(row[2]) for row in rows]
    caps = np.array([row[3] for row in rows], dtype=np.int64)
    costs = {"lgd": float(given["lgd"]), "cost_of_funds": float(given["cost_of_funds"])}
    curve = appraising.curve_from_json(given["churn"])
    return portfolio.book(pd, rating, caps, curve, costs, {"rating": rating}), [row[0] for row in rows], rating


def limits_of(appraisal: models.Appraisal, asked: PlanAsked) -> Limits:
    """The question in the core's terms."""
    floor = AppraisalPolicy(appraisal.parameters["policy"]).floor_minor
    loss = None if asked.loss_bps is None else asked.budget_minor * asked.loss_bps // 10_000
    shares = {} if asked.rating_share is None else {"rating": asked.rating_share}
    return Limits(asked.budget_minor, floor, loss, shares, asked.fewest)


def told(firms: Book, limit: npt.NDArray[np.int64]) -> dict[str, int]:
    """What a set of limits earns and loses at each firm's own best rate."""
    value, loss = baselines.best_of(firms)
    lent = limit > 0
    return {
        "profit_minor": round(float(np.dot(value[lent], limit[lent]))), "lent_minor": int(limit.sum()),
        "loss_minor": round(float(np.dot(loss[lent], limit[lent]))), "approved": int(lent.sum()),
    }  # fmt: skip


def _by_code(found: Shares, codes: Sequence[str]) -> dict[str, tuple[int, float]]:
    return {
        codes[i]: (int(found.limit_minor[i]), float(found.rate[i]))
        for i in np.flatnonzero(found.limit_minor > 0).tolist()
    }


def _frontier(firms: Book, limits: Limits, found: Shares) -> list[dict[str, Any]]:
    free = portfolio_dual.solve(firms, Limits(limits.budget_minor, limits.floor_minor, None, limits.shares))
    top = max(free.loss_minor, found.loss_minor)
    losses = sorted({int(top * part) for part in _FRONTIER if top * part >= 1})
    return portfolio.frontier(firms, limits, losses)
