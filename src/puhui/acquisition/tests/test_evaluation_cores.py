"""Credit that re-adds, looks that may be repeated, rates before all have answered, cost of a head."""

from fractions import Fraction
from itertools import combinations
from math import factorial

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.acquisition.core import touch_credit
from puhui.acquisition.core.delayed_feedback import corrected_rate, delay_curve
from puhui.acquisition.core.experiments import adjusted, arm_of, bucket_of, look
from puhui.acquisition.core.touch_credit import Path
from puhui.acquisition.core.unit_cost import cost_per, returns

CHANNELS = ("wx", "dy", "ks", "bd")
PATHS = st.lists(
    st.builds(
        Path,
        st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=6).map(tuple),
        results=st.integers(0, 50),
        without=st.integers(0, 500),
        value_minor=st.integers(-(10**9), 10**12),
    ),
    max_size=12,
)
RULES = (touch_credit.last, touch_credit.first, touch_credit.even, touch_credit.position, touch_credit.markov, touch_credit.shapley)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(paths=PATHS)
def test_every_rule_gives_out_every_fen_and_only_to_who_was_there(paths):
    for rule in RULES:
        credit = rule(paths)
        assert sum(credit.values()) == sum(path.value_minor for path in paths), rule.__name__
        assert set(credit) <= {channel for path in paths for channel in path.channels}


@settings(max_examples=60, deadline=None)
@given(paths=st.lists(st.builds(Path, st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=4).map(tuple),
                                results=st.just(1), without=st.just(0), value_minor=st.integers(0, 1000).map(lambda v: 12 * v)), max_size=6))  # fmt: skip
def test_shapley_is_the_average_over_all_orders(paths):
    """12 fen divide by 1, 2, 3 and 4 channels, so the credit is exact and can be held beside the definition."""

    def value(group):
        return sum(path.value_minor for path in paths if set(path.channels) <= set(group))

    credit = touch_credit.shapley(paths)
    for channel in CHANNELS:
        others = [one for one in CHANNELS if one != channel]
        share = Fraction(0)
        for size in range(4):
            for group in combinations(others, size):
                weight = Fraction(factorial(size) * factorial(3 - size), factorial(4))
                share += weight * (value((*group, channel)) - value(group))
        assert credit.get(channel, 0) == share


def test_removal_effects_of_a_chain_solved_by_hand():
    """wx→dy bought once of two, wx alone once of two: 2 of 4 buy. Without dy only wx alone is left: 1 of 4; without wx nothing."""
    paths = [Path(("wx", "dy"), 1, 1, 100), Path(("wx",), 1, 1, 100)]
    effects = touch_credit.removal_effects(paths)
    assert effects == pytest.approx({"wx": 1.0, "dy": 0.5})
    assert touch_credit.markov(paths) == {"wx": 133, "dy": 67}


def test_buckets_are_even_and_experiments_independent():
    people = [f"party_{number}" for number in range(20_000)]
    first, second = ([bucket_of(salt, one, buckets=10) for one in people] for salt in ("exp-1", "exp-2"))
    assert max(abs(np.bincount(first, minlength=10) / 2000 - 1)) < 0.1
    both = np.histogram2d(first, second, bins=10)[0] / 200
    assert abs(both - 1).max() < 0.35
    assert arm_of(9, [("a", 5)]) is None


def test_looking_every_day_does_not_find_what_is_not_there():
    """Simulated, no effect: 200 experiments looked at 30 times each; a fixed 95 % interval would fool about 40 % of them."""
    dice, fooled, fooled_by_fixed = np.random.default_rng(11), 0, 0
    for _ in range(200):
        treated, control = dice.normal(size=(2, 3000))
        looks = [look(treated[:n], control[:n], level=0.95, planned=6000) for n in range(100, 3001, 100)]
        fooled += any(one.low > 0 or one.high < 0 for one in looks)
        fixed = [abs(treated[:n].mean() - control[:n].mean()) > 1.96 * (2 / n) ** 0.5 for n in range(100, 3001, 100)]
        fooled_by_fixed += any(fixed)
        assert all((one.chance < 0.05) == (one.low > 0 or one.high < 0) for one in looks)
    assert fooled <= 12
    assert fooled_by_fixed > 40


def test_an_effect_is_found_and_what_was_known_before_narrows_it():
    dice = np.random.default_rng(3)
    before = dice.normal(size=8000)
    arm = dice.integers(0, 2, 8000).astype(bool)
    outcome = 0.1 * arm + 0.9 * before + dice.normal(scale=0.4, size=8000)
    plain = look(outcome[arm], outcome[~arm], level=0.95, planned=8000)
    less_noise = adjusted(outcome, before)
    cuped = look(less_noise[arm], less_noise[~arm], level=0.95, planned=8000)
    assert cuped.low < 0.1 < cuped.high
    assert cuped.high - cuped.low < 0.5 * (plain.high - plain.low)
    assert cuped.chance < 1e-6


def test_a_rate_is_corrected_for_those_who_have_not_answered_yet():
    """Simulated: 10 % convert, after 5 days on average; clicks of the last 10 days. The plain rate is far too low."""
    dice = np.random.default_rng(6)
    age = dice.uniform(0, 10, 60_000)
    will, delay = dice.random(60_000) < 0.1, dice.exponential(2.5, 60_000)
    seen = will & (delay <= age)
    curve = delay_curve(delay=np.round(delay[seen], 2), age=age[seen] + 0.005)
    rate = corrected_rate(conversions=int(seen.sum()), ages=age, curve=curve)
    assert seen.mean() < 0.08
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < 0.1 < rate.high * 1.03  # F is conditional on the longest watch, 98 % of all
    assert rate.rate == pytest.approx(0.098, abs=0.004)


def test_no_conversions_and_no_age_are_not_known():
    empty = np.array([])
    assert corrected_rate(conversions=0, ages=np.array([1.0]), curve=delay_curve(delay=empty, age=empty)).rate is None


def test_a_vintage_returns_only_for_days_it_has_lived():
    flows = pl.DataFrame({"person": ["a", "a", "b"], "day": [0, 20, 40], "amount_minor": [100, 300, -200]})
    found = returns(flows, cost_minor=1000, age_days=35, level=0.95)
    assert [one.back_minor for one in found] == [100, 100, 400, None]
    assert found[2].ratio == 0.4
    assert found[2].low is not None
    assert found[2].high is not None
    assert found[2].low < 0.4 < found[2].high
    assert cost_per(cost_minor=500, count=0, level=0.95).high_minor is None
