"""Forecast bands: nothing looks ahead, a steady shop gets a steady band, coverage on made-up noise is about right, bad history is refused."""

import numpy as np
import pytest

from puhui.merchant.outlook import lead_time, weekly
from puhui.merchant.outlook.bands import LEVELS, pinball


class TestWeeks:
    def test_are_foretold_from_the_past_alone(self) -> None:
        weeks = 100 + 20 * np.sin(np.arange(80.0))
        whole, cut = weekly.issued(weeks), weekly.issued(weeks[:70])
        assert np.allclose(whole[:70], cut, equal_nan=True)

    def test_of_pure_noise_are_covered_about_eight_times_in_ten(self) -> None:
        noise = np.random.default_rng(7).gamma(20, 5, size=200)  # simulated
        bands, came = weekly.issued(noise), weekly.truth(noise)
        ripe = slice(60, 187)
        inside = (came[ripe] >= bands[ripe, :, 0]) & (came[ripe] <= bands[ripe, :, 2])
        assert 0.74 <= inside.mean() <= 0.9

    def test_follow_last_year_where_the_year_repeats(self) -> None:
        season = np.tile(100 + 60 * np.sin(np.arange(52) / 52 * 2 * np.pi), 3)  # simulated
        middle = weekly.ahead(season)[:, 1]
        came = season[:13]
        assert np.abs(middle - came).mean() < np.abs(season[-1] - came).mean() / 3

    def test_come_in_order(self) -> None:
        bands = weekly.ahead(np.random.default_rng(1).exponential(50, size=30))
        assert (np.diff(bands, axis=1) >= 0).all()
        assert (bands >= 0).all()

    @pytest.mark.parametrize("weeks", [np.ones(5), np.full(10, -1.0), np.full(10, np.nan)])
    def test_too_few_or_unlikely_are_refused(self, weeks: np.ndarray) -> None:
        with pytest.raises(ValueError, match="at least"):
            weekly.ahead(weeks)


class TestLeadTimeDemand:
    def test_is_foretold_from_the_past_alone(self) -> None:
        days = np.random.default_rng(3).poisson(4, size=60).astype(float)
        assert np.allclose(lead_time.issued(days, 3)[:50], lead_time.issued(days[:50], 3), equal_nan=True)

    def test_of_an_item_that_sells_now_and_then(self) -> None:
        days = np.zeros(120)
        days[::10] = 5.0
        low, middle, high = lead_time.ahead(days, 3)
        assert low <= middle <= 3 < high

    def test_truth_is_the_sum_of_the_days_to_come(self) -> None:
        assert lead_time.truth(np.arange(25.0), 3)[:2, 0].tolist() == [6.0, 9.0]
        assert np.isnan(lead_time.truth(np.arange(25.0), 3)[-3:]).all()

    def test_too_few_days_are_refused(self) -> None:
        with pytest.raises(ValueError, match="at least"):
            lead_time.ahead(np.ones(20), 3)


class TestPinball:
    def test_is_the_mean_of_its_own_quantile_at_the_least(self) -> None:
        sample = np.random.default_rng(5).normal(size=2000)
        best = np.quantile(sample, LEVELS)
        right = pinball(sample, np.tile(best, (2000, 1))).mean()
        assert right < pinball(sample, np.tile(best + 0.3, (2000, 1))).mean()
