"""The made-up market: same seed same world, its truth is what happens, and nobody beats the optimum by much."""

import numpy as np
import pytest

from puhui.simulate import market_trial
from puhui.simulate.ad_market import draw_days, draw_truth
from puhui.simulate.market_trial import Setting, summary, trial


def test_same_seed_same_world():
    one, other = (draw_days(draw_truth(np.random.default_rng(3), segments=5), np.random.default_rng(4), days=2, a_day=50) for _ in range(2))  # fmt: skip
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in one.__slots__)


def test_what_happens_agrees_with_the_truth():
    truth = draw_truth(np.random.default_rng(5), segments=4)
    days = draw_days(truth, np.random.default_rng(6), days=1, a_day=400_000)
    for segment in range(4):
        rows = days.segment == segment
        seen, spread = days.profit_minor[rows].mean(), days.profit_minor[rows].std() / rows.sum() ** 0.5
        assert abs(seen - truth.worth_minor[segment]) < 4 * spread


@pytest.mark.parametrize(("auction", "media"), [("second", 1), ("first", 3)])
def test_valuing_loans_earns_more_a_yuan_than_valuing_registrations(auction: str, media: int):
    """Simulated, four small worlds; the fifty of the benchmark are in docs/benchmarks.md."""
    answer = summary(range(1, 5), Setting(days=10, a_day=400, history_a_day=2000, auction=auction, media=media))
    assert (answer["auction"], answer["media"]) == (auction, media)
    assert answer["data"].startswith("simulated")
    assert answer["profit_per_yuan"]["profit"]["mean"] > answer["profit_per_yuan"]["registrations"]["mean"]


def test_media_differ_only_in_what_rivals_pay():
    one, three = (draw_truth(np.random.default_rng(8), segments=9, media=media) for media in (1, 3))
    assert three.medium.tolist() == [0, 1, 2] * 3
    assert np.array_equal(one.worth_minor, three.worth_minor)
    gap = (three.rival_log_mean - one.rival_log_mean).reshape(3, 3)
    assert gap == pytest.approx(np.tile(gap[0], (3, 1)))
    assert gap[0][0] == 0.0
    assert abs(gap[0][1:]).min() > 0.01


@pytest.mark.parametrize("auction", ["second", "first"])
def test_no_day_overspends_and_the_optimum_is_not_beaten(auction: str):
    setting = Setting(days=6, a_day=300, history=20, history_a_day=300, auction=auction)
    found = trial(9, setting)
    for name in ("profit", "registrations"):
        assert found[name].earned <= found["optimum"].earned * 1.02 + 1
        assert len(found[name].by_day) == 6


def test_what_is_known_of_rivals_each_morning_is_all_that_happened_before():
    """Against the plain reading: the auctions of earlier days in the segment, the newest 5,000."""
    truth = draw_truth(np.random.default_rng(11), segments=3)
    past, ahead = (
        draw_days(truth, np.random.default_rng(seed), days=days, a_day=4000) for seed, days in ((12, 5), (13, 3))
    )
    for day, laws in enumerate(market_trial._laws(past, ahead, 3)):
        before = ahead.day < day
        for segment, law in enumerate(laws):
            seen = np.concatenate(
                (past.price[past.segment == segment], ahead.price[before & (ahead.segment == segment)])
            )
            plain = market_trial._rivals(seen[-5000:])
            assert np.array_equal(law.bid, plain.bid)
            assert np.array_equal(law.chance, plain.chance)


def test_one_world_has_no_interval():
    answer = summary(range(3, 4), Setting(days=2, a_day=50, history=5, history_a_day=200))
    assert answer["regret"]["profit"]["low"] is None
    assert answer["profit_per_yuan"]["optimum"]["high"] is None
