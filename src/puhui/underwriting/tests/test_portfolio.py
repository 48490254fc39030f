"""The whole book: exact against brute force, every constraint held to the fen, duals that tell the truth, a gap that is proven."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core import offer_book, portfolio, portfolio_dual
from puhui.underwriting.core.offer_book import ChurnCurve
from puhui.underwriting.core.portfolio import Book, Limits, Shares

FLOOR = 10_000_000
RATES = tuple(np.linspace(0.04, 0.15, 12).round(4))
CURVE = ChurnCurve(
    RATES,
    {letter: tuple(1 - np.exp(-k * (np.array(RATES) - 0.04))) for letter, k in zip("ABC", (23, 20, 19), strict=True)},
)
COSTS = {"lgd": 1.0, "cost_of_funds": 0.0}


def made_up(n: int, *, seed: int = 1) -> Book:
    dice = np.random.default_rng(seed)
    pd = np.clip(dice.lognormal(-3.5, 0.9, n), 0.001, 0.6)
    cap = np.minimum((dice.lognormal(12, 1.2, n) * 100).astype(np.int64) // 100_000 * 100_000, 100_000_000)
    groups = {
        "industry": [f"i{k}" for k in dice.integers(0, 4, n)],
        "region": [f"r{k}" for k in dice.integers(0, 3, n)],
    }
    return portfolio.book(pd, np.array(list("ABC"))[np.digitize(pd, [0.02, 0.05])].tolist(), cap, CURVE, COSTS, groups)


def budget_of(firms: Book, part: int = 4) -> int:
    return int(firms.cap_minor[firms.cap_minor >= FLOOR].sum()) // part


def holds(found: Shares, firms: Book, limits: Limits) -> None:
    limit = found.limit_minor
    assert int(limit.sum()) <= limits.budget_minor
    assert ((limit == 0) | (limit >= limits.floor_minor)).all()
    assert (limit <= firms.cap_minor).all()
    assert int((limit > 0).sum()) >= limits.fewest
    if limits.loss_budget_minor is not None:
        assert found.loss_minor <= limits.loss_budget_minor * (1 + 1e-12)
    for division, share in limits.shares.items():
        column = np.array(firms.groups[division])
        for group in set(firms.groups[division]):
            assert int(limit[column == group].sum()) <= share * limits.budget_minor


class TestAgainstBruteForce:
    @pytest.mark.parametrize("seed", range(5))
    def test_every_set_and_rate_of_five_firms(self, seed: int) -> None:
        """All yes/no and rate choices with caps in units of the floor; the rest is a linear programme we solve by fractions."""
        dice = np.random.default_rng(seed)
        value, loss = dice.uniform(0.0, 0.05, (5, 2)), dice.uniform(0.0, 0.02, (5, 2))
        cap = dice.integers(1, 4, 5) * FLOOR
        rates = tuple(portfolio.Rate(0.1 + r, value[:, r].copy(), loss[:, r].copy()) for r in range(2))
        firms = Book(np.full(5, 0.01), cap, rates, {})
        limits = Limits(5 * FLOOR, FLOOR, loss_budget_minor=FLOOR // 20)
        found = portfolio.solve(firms, limits)
        holds(found, firms, limits)
        assert found.profit_minor == pytest.approx(self._best(value, loss, cap, limits), rel=1e-5)

    @staticmethod
    def _best(value: Any, loss: Any, cap: Any, limits: Limits) -> float:
        from scipy.optimize import linprog

        best = 0.0
        for choice in product((None, 0, 1), repeat=5):
            rows = [(i, r) for i, r in enumerate(choice) if r is not None]
            if not rows:
                continue
            found = linprog(
                [-value[i, r] for i, r in rows], A_ub=[[1.0] * len(rows), [loss[i, r] for i, r in rows]],
                b_ub=[limits.budget_minor, limits.loss_budget_minor or 0], bounds=[(FLOOR, cap[i]) for i, _ in rows],
            )  # fmt: skip
            if found.status == 0:
                best = max(best, -found.fun)
        return best


class TestTheOptimum:
    def test_is_the_offer_books_where_only_the_budget_binds(self) -> None:
        firms = made_up(120)
        budget = budget_of(firms)
        value = np.max([rate.value for rate in firms.rates], axis=0)
        plain = offer_book.solve(
            offer_book.Candidates(value, np.zeros(120), firms.cap_minor), budget_minor=budget, floor_minor=FLOOR
        )
        found = portfolio.solve(firms, Limits(budget, FLOOR))
        assert found.profit_minor == pytest.approx(plain.total_minor, abs=200)
        assert found.duals["budget"] == pytest.approx(plain.dual_price, rel=1e-6)

    def test_holds_every_constraint_to_the_fen_and_tells_their_prices(self) -> None:
        firms = made_up(120)
        budget = budget_of(firms)
        limits = Limits(budget, FLOOR, budget // 400, {"industry": 0.3, "region": 0.4}, fewest=20)
        found = portfolio.solve(firms, limits)
        holds(found, firms, limits)
        assert found.gap < 1e-5
        more = portfolio.solve(firms, Limits(budget, FLOOR, budget // 400 + 1_000_000, limits.shares, fewest=20))
        assert more.profit_minor >= found.profit_minor
        assert (
            more.profit_minor - found.profit_minor <= found.duals["loss"] * 1_000_000 * 1.2 + found.bound_minor * 1e-3
        )

    def test_dearer_rates_are_chosen_when_loss_is_scarce(self) -> None:
        firms = made_up(120)
        budget = budget_of(firms)
        free, tight = (portfolio.solve(firms, Limits(budget, FLOOR, loss)) for loss in (None, budget // 800))
        assert tight.loss_minor < free.loss_minor
        assert tight.profit_minor < free.profit_minor
        assert np.nanmean(tight.rate) != pytest.approx(np.nanmean(free.rate))

    def test_too_many_approvals_are_refused_by_name(self) -> None:
        firms = made_up(30)
        with pytest.raises(Refused, match="PORTFOLIO_INFEASIBLE"):
            portfolio.solve(firms, Limits(FLOOR, FLOOR, fewest=5))

    def test_a_book_without_a_good_firm_lends_nothing(self) -> None:
        firms = portfolio.book(np.array([0.9]), ["A"], np.array([FLOOR]), CURVE, COSTS)
        assert portfolio.solve(firms, Limits(FLOOR, FLOOR)).lent_minor == 0


class TestTheFrontier:
    def test_rises_with_the_loss_budget_and_its_price_falls(self) -> None:
        firms = made_up(120)
        budget = budget_of(firms)
        points = portfolio.frontier(
            firms, Limits(budget, FLOOR), [budget // 2000, budget // 800, budget // 400, budget // 100]
        )
        profits = [point["expected_profit_minor"] for point in points]
        prices = [point["loss_dual"] for point in points]
        assert profits == sorted(profits)
        assert prices == sorted(prices, reverse=True)


class TestTheDual:
    @pytest.mark.parametrize("fewest", [0, 25])
    def test_bounds_the_exact_optimum_and_comes_near_it(self, fewest: int) -> None:
        firms = made_up(120)
        budget = budget_of(firms)
        limits = Limits(budget, FLOOR, budget // 400, {"industry": 0.3}, fewest=fewest)
        exact, near = portfolio.solve(firms, limits), portfolio_dual.solve(firms, limits)
        holds(near, firms, limits)
        assert near.bound_minor >= exact.profit_minor * (1 - 1e-9)
        assert near.profit_minor <= exact.bound_minor * (1 + 1e-9)
        assert near.gap < 0.02

    def test_closes_its_gap_as_the_book_grows(self) -> None:
        firms = made_up(5_000)
        budget = budget_of(firms)
        limits = Limits(budget, FLOOR, budget // 400, {"industry": 0.3})
        found = portfolio_dual.solve(firms, limits)
        holds(found, firms, limits)
        assert found.gap < 0.001
