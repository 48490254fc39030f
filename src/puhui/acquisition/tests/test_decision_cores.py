"""What a click is worth, what to try, what to stop, how to shade, and where the next yuan goes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from puhui.acquisition.core.click_worth import ClickWorth, FunnelCounts
from puhui.acquisition.core.exploration import CreativeDays, thompson_shares, verdict
from puhui.acquisition.core.first_price import RivalBids
from puhui.acquisition.core.spend_plan import Curve, learned_curve, planned

RULES = {"fatigue_share": 0.6, "window_days": 7, "clicks_min": 30, "stop_loss_times": 3.0}


def test_a_segment_moves_from_the_whole_to_its_own_figures():
    whole = FunnelCounts((10_000, 2_000, 1_000, 400, 200))
    worths = [
        ClickWorth.learned(FunnelCounts(tuple(n * share // 100 for share in (100, 40, 20, 10, 8))), whole, margin_minor=10_000, prior_heads=20.0).mean_minor
        for n in (0, 100, 1_000, 100_000)
    ]  # fmt: skip
    assert worths[0] == pytest.approx(200)
    assert worths == sorted(worths)
    assert worths[-1] == pytest.approx(800, rel=0.01)


def test_draws_are_wider_where_less_is_known():
    whole, dice = FunnelCounts((10_000, 2_000, 400)), np.random.default_rng(1)
    few, many = (ClickWorth.learned(FunnelCounts(heads), whole, margin_minor=100.0, prior_heads=20.0).draws(2000, dice) for heads in ((50, 10, 2), (50_000, 10_000, 2_000)))  # fmt: skip
    assert few.std() > 5 * many.std()


def test_thompson_finds_the_better_creative_and_goes_on_trying_a_little():
    dice, won, shown = np.random.default_rng(2), np.zeros(3), np.zeros(3)
    truth = np.array([0.02, 0.05, 0.03])
    for _ in range(200):
        heads = dice.multinomial(50, thompson_shares(won, shown, draws=200, dice=dice))
        shown += heads
        won += dice.binomial(heads, truth)
    assert np.argmax(shown) == 1
    assert shown[1] / shown.sum() > 0.6


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (CreativeDays([1000] * 14, [50] * 14, [10] * 14, [1] * 14), "runs"),
        (CreativeDays([1000] * 14, [50] * 7 + [29] * 7, [10] * 14, [1] * 14), "tired"),
        (CreativeDays([1000] * 14, [50] * 7 + [31] * 7, [10] * 14, [1] * 14), "runs"),
        (CreativeDays([1000] * 7 + [10] * 7, [50] * 7 + [0] * 7, [10] * 14, [1] * 14), "runs"),  # too few shown to tell
        (CreativeDays([1000] * 14, [50] * 7 + [0] * 7, [10] * 14, [1] * 14), "tired"),
        (CreativeDays([5], [1], [3000], [0]), "runs"),
        (CreativeDays([5], [1], [3001], [0]), "stopped"),
        (CreativeDays([5], [1], [9999], [1]), "runs"),
    ],
)
def test_a_creative_is_judged_at_the_edges_of_its_rules(days, said):
    assert verdict(days, target_cost_minor=1000, rules=RULES) == said


@settings(max_examples=80, deadline=None)
@given(seen=st.lists(st.integers(1, 50), min_size=1, max_size=30), value=st.floats(0, 80), price=st.floats(0, 2))
def test_no_whole_bid_gains_more_than_the_shaded_one(seen, value, price):
    rivals = np.array(seen, float)
    bid = RivalBids.of(rivals).best_bid(value, price_of_money=price)

    def gain(at):
        return (value - (1 + price) * at) * float((rivals <= at).mean())

    assert gain(bid) >= max(0.0, *(gain(at) for at in range(81))) - 1e-9
    assert bid * (1 + price) <= value


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.tuples(st.floats(1, 500), st.floats(1, 200), st.floats(0, 5), st.floats(6, 300)), min_size=1, max_size=4),
    budget=st.floats(25, 500),
)  # fmt: skip
def test_a_plan_is_the_convex_optimum_and_keeps_every_bound(shape, budget):
    """Beside SciPy's SLSQP, an independent solver."""
    curves = [Curve(np.array([a, a * 1.3]), np.array([b, b * 0.8]), low, high) for a, b, low, high in shape]
    plan = planned(curves, budget=budget)
    assert sum(plan.spend) <= budget * (1 + 1e-6)
    assert all(curve.low - 1e-9 <= one <= curve.high + 1e-9 for curve, one in zip(curves, plan.spend))
    other = optimize.minimize(
        lambda s: -sum(curve.value(one).mean() for curve, one in zip(curves, s)),
        [curve.low for curve in curves],
        bounds=[(curve.low, curve.high) for curve in curves],
        constraints={"type": "ineq", "fun": lambda s: budget - sum(s)},
        method="SLSQP",
        options={"maxiter": 300, "ftol": 1e-10},
    )
    assert plan.gain[0] >= -other.fun * (1 - 1e-4) - 1e-6


def test_the_dual_price_is_what_one_more_yuan_brings():
    curves = [Curve(np.array([a]), np.array([b]), 0.0, 1e6) for a, b in ((300.0, 40.0), (100.0, 90.0))]
    one, more = planned(curves, budget=100.0), planned(curves, budget=100.01)
    assert (more.gain[0] - one.gain[0]) / 0.01 == pytest.approx(one.price_of_money, rel=1e-3)
    capped = planned([curves[0], Curve(np.array([100.0]), np.array([90.0]), 0.0, 5.0)], budget=100.0)
    assert capped.bound_price[1] > 0
    assert capped.bound_price[0] == 0.0


def test_a_curve_is_learned_from_days_and_stays_wide_where_days_are_alike():
    dice = np.random.default_rng(4)
    spend = dice.uniform(10, 300, 120)
    results = dice.poisson(80 * -np.expm1(-spend / 100)).astype(float)
    known = learned_curve(spend, results, worth=2.0, bounds=(0.0, 500.0), draws=200, dice=dice)
    assert np.median(known.value(150.0)) == pytest.approx(2 * 80 * -np.expm1(-1.5), rel=0.05)
    alike = learned_curve(
        np.full(20, 100.0), results[:20] * 0 + 40.0, worth=2.0, bounds=(0.0, 500.0), draws=200, dice=dice
    )
    wide, narrow = (np.quantile(curve.value(400.0), [0.05, 0.95]) for curve in (alike, known))
    assert np.ptp(wide) > 3 * np.ptp(narrow)
