"""The optimum against brute force, against an independent linear programme, and by its own laws."""

import itertools
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from puhui.underwriting.core import offer_book
from puhui.underwriting.core.offer_book import Candidates, ChurnCurve

FLOOR = 10
CURVE = ChurnCurve((0.04, 0.1, 0.15), {"A": (0.0, 0.5, 0.9), "B": (0.0, 0.2, 0.8), "C": (0.1, 0.1, 0.5)})
firms = st.lists(
    st.tuples(st.floats(-0.05, 0.1).map(lambda v: round(v, 4)), st.integers(0, 40)), min_size=1, max_size=6
)


def candidates(rows: list[tuple[float, int]], *, unit: int = 1) -> Candidates:
    value = np.array([row[0] for row in rows], dtype=float)
    caps = np.array([row[1] * unit for row in rows], dtype=np.int64)
    return Candidates(value, np.full(len(rows), 0.05), caps)


def brute_force(rows: list[tuple[float, int]], budget: int) -> float:
    """Every set of firms; inside a set, floors first and the best value first."""
    best = 0.0
    for chosen in itertools.product([False, True], repeat=len(rows)):
        picked = [rows[i] for i in range(len(rows)) if chosen[i]]
        if any(cap < FLOOR for _, cap in picked) or FLOOR * len(picked) > budget:
            continue
        left, total = budget - FLOOR * len(picked), sum(v * FLOOR for v, _ in picked)
        for value, cap in sorted(picked, reverse=True):
            more = min(left, cap - FLOOR) if value > 0 else 0
            left, total = left - more, total + value * more
        best = max(best, total)
    return best


class TestSolve:
    @settings(max_examples=150, deadline=None)
    @given(rows=firms, budget=st.integers(0, 150))
    def test_matches_brute_force(self, rows: list[tuple[float, int]], budget: int) -> None:
        unit = 1_000_000  # so that the rounding of profits to whole fen is far below any difference
        found = offer_book.solve(candidates(rows, unit=unit), budget_minor=budget * unit, floor_minor=FLOOR * unit)
        assert found.total_minor == pytest.approx(brute_force(rows, budget) * unit, abs=len(rows))

    @settings(max_examples=100, deadline=None)
    @given(rows=firms, budget=st.integers(0, 150))
    def test_keeps_the_limits(self, rows: list[tuple[float, int]], budget: int) -> None:
        found = offer_book.solve(candidates(rows), budget_minor=budget, floor_minor=FLOOR)
        assert found.lent_minor <= budget
        for (value, cap), limit in zip(rows, found.limit_minor.tolist(), strict=True):
            assert limit == 0 or (value > 0 and FLOOR <= limit <= cap)

    @settings(max_examples=60, deadline=None)
    @given(rows=firms, budget=st.integers(1, 150))
    def test_without_a_floor_it_is_the_linear_programme_with_its_dual(
        self, rows: list[tuple[float, int]], budget: int
    ) -> None:
        unit = 1_000_000
        found = offer_book.solve(candidates(rows, unit=unit), budget_minor=budget * unit, floor_minor=1)
        values = np.array([v for v, _ in rows])
        oracle = linprog(-values, A_ub=[np.ones(len(rows))], b_ub=[budget * unit],
                         bounds=[(0, cap * unit) for _, cap in rows], method="highs")  # fmt: skip
        assert found.total_minor == pytest.approx(-oracle.fun, abs=len(rows))
        # At a budget that fits caps exactly the dual is an interval: ours is its right end, the next yuan's worth.
        after = linprog(-values, A_ub=[np.ones(len(rows))], b_ub=[budget * unit + unit // 2],
                        bounds=[(0, cap * unit) for _, cap in rows], method="highs")  # fmt: skip
        assert found.dual_price == pytest.approx((oracle.fun - after.fun) / (unit // 2), abs=1e-6)

    def test_a_floor_may_push_a_better_firm_below_its_cap(self) -> None:
        # 15 left after nobody; both at full would need 25: giving the second its floor costs the first only 5.
        found = offer_book.solve(candidates([(0.05, 12), (0.04, 13)]), budget_minor=20, floor_minor=FLOOR)
        assert found.limit_minor.tolist() == [10, 10]
        assert (found.dual_price, found.dual_price_set_held) == (0.04, 0.05)

    def test_money_without_end_has_no_price(self) -> None:
        found = offer_book.solve(candidates([(0.05, 12), (-0.01, 40)]), budget_minor=1000, floor_minor=FLOOR)
        assert (found.limit_minor.tolist(), found.dual_price) == ([12, 0], 0.0)

    def test_no_money_lends_nothing_and_has_the_best_price(self) -> None:
        found = offer_book.solve(candidates([(0.05, 12), (0.04, 40)]), budget_minor=0, floor_minor=FLOOR)
        assert (found.lent_minor, found.dual_price) == (0, 0.05)


class TestPrice:
    def test_takes_the_rate_that_earns_most(self) -> None:
        value, rate = offer_book.price(
            np.array([0.02, 0.02]), ["A", "B"], CURVE, lgd=Decimal(1), cost_of_funds=Decimal(0)
        )
        assert rate.tolist() == [0.1, 0.1]
        assert value.tolist() == pytest.approx([0.5 * (0.98 * 0.1 - 0.02), 0.8 * (0.98 * 0.1 - 0.02)])

    def test_a_rating_without_a_curve_and_a_firm_without_a_chance_get_nothing(self) -> None:
        value, rate = offer_book.price(
            np.array([0.01, np.nan]), ["", "A"], CURVE, lgd=Decimal(1), cost_of_funds=Decimal(0)
        )
        assert np.isneginf(value).all()
        assert np.isnan(rate).all()

    def test_losses_and_funds_are_paid_from_the_margin(self) -> None:
        value, _ = offer_book.price(np.array([0.02]), ["C"], CURVE, lgd=Decimal("0.5"), cost_of_funds=Decimal("0.03"))
        assert value.tolist() == pytest.approx([0.5 * (0.98 * 0.15 - 0.02 * 0.5 - 0.03)])


class TestSolveAtPrice:
    def test_each_applicant_gets_what_it_wants_up_to_its_cap_if_it_beats_the_price(self) -> None:
        found = offer_book.solve_at_price(
            candidates([(0.05, 40), (0.05, 40), (0.01, 40), (0.05, 5)]), np.array([60, 20, 20, 20]),
            reserve_price=0.02, floor_minor=FLOOR,
        )  # fmt: skip
        assert found.limit_minor.tolist() == [40, 20, 0, 0]

    def test_agrees_with_the_batch_whose_dual_it_uses(self) -> None:
        rows = candidates([(0.05, 40), (0.04, 30), (0.03, 20), (0.01, 20)])
        batch = offer_book.solve(rows, budget_minor=90, floor_minor=FLOOR)
        alone = offer_book.solve_at_price(rows, rows.cap_minor, reserve_price=batch.dual_price, floor_minor=FLOOR)
        assert batch.limit_minor.tolist() == [40, 30, 20, 0]
        assert alone.limit_minor.tolist() == [
            40,
            30,
            20,
            20,
        ]  # the price is that of the next yuan: the last is just worth it
        assert batch.dual_price == 0.01


class TestProfitCurve:
    def test_rises_and_bends_down(self) -> None:
        rows = candidates([(0.05, 40), (0.04, 30), (0.03, 20), (0.01, 20)], unit=1_000_000)
        budgets = [k * 10_000_000 for k in range(13)]
        points = offer_book.profit_curve(rows, budgets, floor_minor=FLOOR * 1_000_000)
        profits = [point["expected_profit_minor"] for point in points]
        duals = [point["dual_price"] for point in points]
        assert profits == sorted(profits)
        assert duals == sorted(duals, reverse=True)
        assert (points[-1]["dual_price"], points[-1]["approved"]) == (0.0, 4)
