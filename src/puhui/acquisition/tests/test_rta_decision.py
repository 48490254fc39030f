"""The decision of a real-time question, and coefficients that keep their mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puhui.acquisition.core import coefficients
from puhui.acquisition.core.rta import Audiences, Caches, Rulebook, Strategy, bucket_of, decide

AUDIENCES = Audiences(
    ("existing_customer", "declined", "blacklisted", "lookalike", "opted_out"),
    frozenset({"blacklisted", "vulnerable", "opted_out"}),
)
CUSTOMER, DECLINED, BLACK, LOOKALIKE, OPTED_OUT = (1 << bit for bit in range(5))


def rulebook(*strategies: Strategy) -> Rulebook:
    return Rulebook.of(strategies, AUDIENCES, caches=Caches(3600, 86400, 60))


NEW = Strategy("tencent", "new", exclude=("existing_customer", "declined"), grades=(("lookalike", 1.6),))
PLAIN = Strategy("tencent", "plain", personalised=False)


class TestADecision:
    @pytest.mark.parametrize(
        ("mask", "joined", "reason", "cache_s"),
        [
            (0, ["new"], "JOIN", 3600),
            (LOOKALIKE, ["new"], "JOIN", 3600),
            (CUSTOMER, [], "EXCLUDED", 86400),
            (LOOKALIKE | DECLINED, [], "EXCLUDED", 86400),
            (BLACK | LOOKALIKE, [], "PROTECTED", 86400),
            (OPTED_OUT, [], "PROTECTED", 60),
        ],
    )
    def test_follows_the_audiences(self, mask: int, joined: list[str], reason: str, cache_s: int):
        answer = decide(rulebook(NEW), mask=mask, bucket=0)
        assert ([grant.strategy for grant in answer.grants], answer.reason, answer.cache_s) == (joined, reason, cache_s)

    def test_of_somebody_who_switched_personalisation_off_uses_nothing_about_them(self):
        graded = Strategy("tencent", "graded", personalised=False, grades=(("lookalike", 2.0),))
        answer = decide(rulebook(NEW, PLAIN, graded), mask=OPTED_OUT | LOOKALIKE, bucket=0)
        assert [(grant.strategy, grant.grade) for grant in answer.grants] == [("plain", 1.0), ("graded", 1.0)]

    def test_names_only_what_was_asked_and_is_live_and_on_trial(self):
        trial = Strategy("tencent", "trial", buckets=frozenset({3}))
        armed = Strategy("tencent", "armed", arms=frozenset({77}))
        off = Strategy("tencent", "off", live=False)
        rule = rulebook(NEW, trial, armed, off)
        assert [each.strategy for each in decide(rule, mask=0, bucket=3).grants] == ["new", "trial"]
        assert [each.strategy for each in decide(rule, mask=0, bucket=4, arms=[77]).grants] == ["new", "armed"]
        assert decide(rule, mask=0, bucket=3, asked=["off"]).reason == "NO_STRATEGY"
        assert [each.strategy for each in decide(rule, mask=0, bucket=3, asked=["trial"]).grants] == ["trial"]

    def test_of_an_include_that_is_not_loaded_matches_nobody(self):
        assert not decide(rulebook(Strategy("tencent", "a", include=("elsewhere",))), mask=0b11111, bucket=0).joins

    @given(st.integers(0, 31), st.integers(0, 9))
    def test_never_joins_without_a_name_nor_for_the_protected(self, mask: int, bucket: int):
        answer = decide(rulebook(NEW, PLAIN), mask=mask, bucket=bucket)
        assert answer.joins == (answer.reason == "JOIN")
        assert not (answer.joins and mask & BLACK)

    def test_buckets_are_even(self):
        counts = [0] * 10
        for key in range(0, 2**64, 2**64 // 20_011):
            counts[bucket_of(key)] += 1
        assert max(counts) < 1.1 * min(counts)


class TestCoefficients:
    @given(
        st.dictionaries(st.floats(0.3, 4.0), st.integers(1, 10_000), min_size=1, max_size=6),
        st.floats(0.5, 2.0),
    )
    def test_keep_the_mean_inside_the_range(self, joined: dict[float, int], mean: float):
        scale = coefficients.scale_for(joined, mean=mean, low=0.2, high=5.0)
        given_out = {grade: coefficients.given(grade, scale) for grade in joined}
        assert all(0.2 <= each <= 5.0 for each in given_out.values())
        average = sum(given_out[grade] * count for grade, count in joined.items()) / sum(joined.values())
        assert average == pytest.approx(mean, abs=0.0051)

    def test_of_nobody_are_left_alone(self):
        assert coefficients.scale_for({}, mean=1.0, low=0.2, high=5.0) == 1.0
