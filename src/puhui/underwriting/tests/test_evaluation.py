"""Evaluation against scikit-learn as oracle, against small tables worked by hand, and its intervals against theory."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score, roc_curve

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.modelling import evaluation, ranking, resampling

RNG = np.random.default_rng(7)


def invented(rows: int, *, lift: float = 1.0, decimals: int = 16) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(rows)
    y = (chance.random(rows) < 0.2).astype(int)
    pd = 1 / (1 + np.exp(-(chance.normal(size=rows) + lift * y - 2)))
    return y, np.clip(np.round(pd, decimals), 0, 1)


class TestAgainstScikitLearn:
    @pytest.mark.parametrize("decimals", [16, 2, 1])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_auc_ks_brier_and_log_loss(self, decimals, weighted):
        y, pd = invented(3000, decimals=decimals)
        weight = RNG.integers(1, 9, size=3000) / 4 if weighted else None
        found = evaluation.evaluate(y, pd, weight, seed=1, resamples=0)
        rising, falling, _cuts = roc_curve(y, pd, sample_weight=weight)
        assert found.auc == pytest.approx(roc_auc_score(y, pd, sample_weight=weight), abs=1e-12)
        assert found.ks == pytest.approx(np.max(np.abs(falling - rising)), abs=1e-12)
        assert found.gini == pytest.approx(2 * found.auc - 1)
        assert found.brier == pytest.approx(brier_score_loss(y, pd, sample_weight=weight), abs=1e-12)
        inside = np.clip(pd, 1e-15, 1 - 1e-15)
        assert found.log_loss == pytest.approx(log_loss(y, inside, sample_weight=weight), abs=1e-9)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=40))
    def test_any_small_sample(self, pairs):
        y, score = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
        if y.min() == y.max():
            with pytest.raises(Refused, match="OUTCOME_ONE_CLASS"):
                ranking.auc(y, score)
            return
        by_pairs = [(b > g) + (b == g) / 2 for b, g in itertools.product(score[y == 1], score[y == 0])]
        distance = max(abs((score[y == 1] <= cut).mean() - (score[y == 0] <= cut).mean()) for cut in score)
        assert ranking.auc(y, score) == pytest.approx(float(np.mean(by_pairs)))
        assert ranking.ks(y, score) == pytest.approx(float(distance))

    def test_a_weight_is_a_repeated_row(self):
        y, pd = invented(400, decimals=2)
        times = RNG.integers(1, 5, size=400)
        once = evaluation.evaluate(y, pd, times, seed=1, resamples=0)
        again = evaluation.evaluate(np.repeat(y, times), np.repeat(pd, times), seed=1, resamples=0)
        for figure in (*evaluation.FIGURES, "ece", "bad_rate", "mean_pd"):
            assert getattr(once, figure) == pytest.approx(getattr(again, figure), abs=1e-12)


class TestTables:
    def test_lift_of_ten_rows_worked_by_hand(self):
        y = np.array([1, 1, 0, 1, 0, 0, 0, 0, 0, 0])
        pd = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
        rows = evaluation.lift_table(y.astype(float), pd, np.ones(10), bins=5)
        assert [(r.rows, r.bad_rate) for r in rows] == [(2, 1.0), (2, 0.5), (2, 0.0), (2, 0.0), (2, 0.0)]
        assert [round(r.gain, 6) for r in rows] == [0.666667, 1.0, 1.0, 1.0, 1.0]
        assert [round(r.lift, 6) for r in rows] == [3.333333, 2.5, 1.666667, 1.25, 1.0]

    def test_calibration_keeps_ties_together_and_gives_wilson(self):
        y = np.array([0, 0, 0, 1, 0, 1, 1, 1], dtype=float)
        pd = np.array([0.1] * 4 + [0.8] * 4)
        low, high = evaluation.calibration_table(y, pd, np.ones(8))
        assert (low.rows, low.mean_pd, low.bad_rate) == (4, pytest.approx(0.1), 0.25)
        assert (high.rows, high.mean_pd, high.bad_rate) == (4, pytest.approx(0.8), 0.75)
        # Wilson (1927) for one of four at 95 %.
        assert (round(low.low, 4), round(low.high, 4)) == (0.0456, 0.6994)
        assert evaluation.evaluate(y, pd, seed=1, resamples=0).ece == pytest.approx(0.5 * 0.15 + 0.5 * 0.05)

    def test_a_small_segment_says_nothing_about_order(self):
        y, pd = invented(2000)
        names = np.where(np.arange(2000) < 60, "few", "many")
        few, many = evaluation.evaluate(y, pd, segments=list(names), seed=1, resamples=50).segments
        assert (few.segment, few.rows, few.auc, few.ks, few.auc_low) == ("few", 60, None, None, None)
        assert many.auc == pytest.approx(roc_auc_score(y[60:], pd[60:]))
        assert many.auc_low is not None
        assert many.auc_high is not None
        assert many.auc_low < roc_auc_score(y[60:], pd[60:]) < many.auc_high


class TestIntervals:
    def test_the_seed_decides(self):
        y, pd = invented(500)
        first, again, other = (evaluation.evaluate(y, pd, seed=s, resamples=100).intervals for s in (3, 3, 4))
        assert first == again != other

    def test_as_wide_as_hanley_and_mcneil_say(self):
        y, pd = invented(4000)
        found = evaluation.evaluate(y, pd, seed=1, resamples=500)
        a, bads, goods = found.auc, y.sum(), (1 - y).sum()
        q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
        error = math.sqrt((a * (1 - a) + (bads - 1) * (q1 - a * a) + (goods - 1) * (q2 - a * a)) / (bads * goods))
        low, high = found.intervals["auc"]
        assert (high - low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.12)

    def test_a_paired_difference_agrees_with_delong(self):
        y, pd = invented(3000)
        worse = pd + np.random.default_rng(5).normal(size=3000) * 0.1
        drawn, closed = (
            resampling.auc_difference(y, pd, worse, seed=2, resamples=500),
            resampling.delong(y, pd, worse),
        )
        assert (
            drawn.difference
            == pytest.approx(closed.difference)
            == pytest.approx(roc_auc_score(y, pd) - roc_auc_score(y, worse))
        )
        assert drawn.low == pytest.approx(closed.low, abs=0.004)
        assert drawn.high == pytest.approx(closed.high, abs=0.004)
        assert closed.p_value < 0.001 < 1

    def test_the_same_model_twice_differs_by_nothing(self):
        y, pd = invented(300)
        assert resampling.delong(y, pd, pd).as_json() == {"difference": 0.0, "low": 0.0, "high": 0.0, "p_value": 1.0}
        drawn = resampling.auc_difference(y, pd, pd, seed=1, resamples=20)
        assert (drawn.low, drawn.high, drawn.p_value) == (0.0, 0.0, 1.0)


class TestRefusals:
    @pytest.mark.parametrize(
        ("y", "pd", "weight", "code"),
        [
            ([0, 0], [0.1, 0.2], None, "OUTCOME_ONE_CLASS"),
            ([], [], None, "OUTCOME_ONE_CLASS"),
            ([0, 2], [0.1, 0.2], None, "OUTCOME_NOT_BINARY"),
            ([0, 1, 1], [0.1, 0.2], None, "LENGTHS_DIFFER"),
            ([0, 1], [0.1, float("nan")], None, "SCORE_MISSING"),
            ([0, 1], [0.1, 1.2], None, "PD_OUTSIDE"),
            ([0, 1], [0.1, 0.2], [1, -1], "WEIGHT_INVALID"),
            ([0, 1], [0.1, 0.2], [0, 1], "OUTCOME_ONE_CLASS"),
        ],
    )
    def test_names_what_is_wrong(self, y, pd, weight, code):
        with pytest.raises(Refused) as no:
            evaluation.evaluate(y, pd, weight, seed=1)
        assert no.value.refusal.code == code
