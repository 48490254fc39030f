"""PSI and CSI: worked tables, missing and unseen, noise, bands."""

import math

import numpy as np
import polars as pl
import pytest

from puhui.policy.core import stability


class TestPsi:
    def test_a_table_worked_by_hand(self):
        expected, actual = [100, 200, 700], [150, 250, 600]
        by_hand = 0.05 * math.log(1.5) + 0.05 * math.log(1.25) - 0.1 * math.log(600 / 700)
        assert stability.psi_of_counts(expected, actual) == pytest.approx(by_hand)

    def test_nothing_moved(self):
        assert stability.psi_of_counts([10, 20, 30], [1, 2, 3]) == pytest.approx(0)

    def test_an_empty_bin_stands_as_half_a_row(self):
        by_hand = (0.5 / 100 - 0.5) * math.log(0.5 / 100 / 0.5) + 0.5 * math.log(1 / 0.5)
        assert stability.psi_of_counts([50, 50], [0, 100]) == pytest.approx(by_hand)

    def test_noise_is_what_chance_alone_gives(self):
        chance, training = np.random.default_rng(1), np.random.default_rng(0).normal(size=5000)
        cuts = stability.cuts_of(training)
        shifts = [stability.shift_of_numbers("x", training, chance.normal(size=500), cuts=cuts) for _ in range(200)]
        assert np.mean([s.psi for s in shifts]) == pytest.approx(shifts[0].noise, rel=0.15)

    @pytest.mark.parametrize(("psi", "band"), [(0.0999, "stable"), (0.1, "watch"), (0.25, "watch"), (0.2501, "act")])
    def test_bands(self, psi, band):
        assert stability.Bands(watch=0.1, act=0.25).band(psi) == band


class TestCuts:
    def test_missing_and_special_values_are_bins_of_their_own(self):
        cuts = stability.cuts_of([1, 2, 3, 4, -999, float("nan")], bins=2, specials=[-999.0])
        assert cuts.labels() == ["[-∞, 3)", "[3, +∞)", "= -999", "missing"]
        places = cuts.places(np.array([-5, 2.9, 3, float("inf"), -999, float("nan")]))
        assert places.tolist() == [0, 0, 1, 1, 2, 3]

    def test_a_value_that_fills_a_bin_stands_by_itself(self):
        assert stability.cuts_of([0] * 95 + [1] * 5).edges == (1.0,)
        assert stability.cuts_of([7] * 100).edges == ()
        assert stability.cuts_of([*range(45), *[50] * 10, *range(51, 96)], bins=10).edges[4:7] == (50.0, 51.0, 56.0)
        assert stability.cuts_of([0] * 60 + [1] * 40, bins=10).edges == (1.0,)

    def test_a_column_that_was_all_missing(self):
        cuts = stability.cuts_of([float("nan")] * 3)
        found = stability.shift_of_numbers("x", [float("nan")] * 3, [1.0, float("nan")], cuts=cuts)
        assert [(b.label, b.expected, b.actual) for b in found.bins] == [("[-∞, +∞)", 0, 0.5), ("missing", 1, 0.5)]


class TestCsi:
    def test_the_largest_shift_comes_first_and_unseen_is_named(self):
        training = pl.DataFrame({"trade": ["餐饮"] * 50 + ["零售"] * 50, "months": [float(k % 10) for k in range(100)]})
        actual = pl.DataFrame({"trade": ["餐饮"] * 40 + ["直播"] * 60, "months": [float(k % 10) for k in range(100)]})
        trade, months = stability.csi(training, actual)
        assert (trade.column, months.column, round(months.psi, 12)) == ("trade", "months", 0)
        assert [(b.label, b.expected, b.actual) for b in trade.bins] == [
            ("零售", 0.5, 0.0), ("餐饮", 0.5, 0.4), ("unseen", 0.0, 0.6),
        ]  # fmt: skip

    def test_by_month(self):
        found = stability.by_month(range(100), [*range(100), *[99] * 10], ["2026-01"] * 100 + ["2026-02"] * 10)
        assert [(month, rows) for month, rows, _ in found] == [("2026-01", 100), ("2026-02", 10)]
        assert found[0][2].psi == pytest.approx(0)
        assert found[1][2].psi > 1
