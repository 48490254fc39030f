"""Stages, provisions, expected loss and penalty rates: figures an accountant can check by hand."""

import numpy as np
import pytest

from puhui.servicing.core.classification import five_class
from puhui.servicing.core.provision import (
    EclRates,
    PenaltyBand,
    ProvisionRates,
    StageLimits,
    ecl_minor,
    ecl_stage,
    lifetime_pd,
    penalty_rate_millionths,
    provision_minor,
    refuse_multiplier,
)
from puhui.servicing.core.terms import PRINCIPAL_MAX

MOF_2012 = ProvisionRates(15_000, 30_000, 300_000, 600_000, 1_000_000)
RATES = EclRates(pd_12m=30_000, lgd=450_000)
BAND = PenaltyBand(1_300_000, 1_500_000, 1_500_000, 2_000_000, cap=240_000)


class TestAProvision:
    def test_follows_the_class(self) -> None:
        """10,000.00 yuan in each class: 1.5, 3, 30, 60, 100 %."""
        days = np.array([0, 1, 91, 271, 361])
        found = provision_minor(np.full(5, 1_000_000), five_class(days), MOF_2012)
        assert found.tolist() == [15_000, 30_000, 300_000, 600_000, 1_000_000]

    def test_rounds_half_a_fen_up(self) -> None:
        # 1.5 % of 0.33, 0.34 and 1.00 yuan: 0.495, 0.51 and exactly 1.5 fen
        assert provision_minor(np.array([33, 34, 100]), np.zeros(3, np.int64), MOF_2012).tolist() == [0, 1, 2]

    def test_is_exact_beyond_the_range_of_64_bits(self) -> None:
        found = provision_minor(np.array([10 * PRINCIPAL_MAX + 1]), np.array([4]), MOF_2012)
        assert found.tolist() == [10 * PRINCIPAL_MAX + 1]
        assert found.dtype == np.int64

    def test_of_no_loans_is_no_figures(self) -> None:
        assert provision_minor(np.zeros(0, np.int64), np.zeros(0, np.int64), MOF_2012).tolist() == []


class TestExpectedLoss:
    def test_stages_turn_the_day_after_the_limit(self) -> None:
        assert ecl_stage(np.array([0, 30, 31, 90, 91, 400]), StageLimits(30, 90)).tolist() == [1, 1, 2, 2, 3, 3]

    def test_takes_twelve_months_then_the_remaining_life_then_certainty(self) -> None:
        """100,000.00 yuan, PD 3 %, LGD 45 %: 1,350.00; over 18 months (two years begun) 5.91 % → 2,659.50; 45,000.00."""
        balance, months = np.full(3, 10_000_000), np.array([18, 18, 18])
        assert ecl_minor(balance, np.array([1, 2, 3]), months, RATES).tolist() == [135_000, 265_950, 4_500_000]

    @pytest.mark.parametrize(
        ("months", "millionths"),
        [(0, 30_000), (12, 30_000), (13, 59_100), (24, 59_100), (36, 87_327)],  # 1 − 0.97, 1 − 0.97², 1 − 0.97³
    )
    def test_lifetime_chance_grows_by_years_begun(self, months: int, millionths: int) -> None:
        assert lifetime_pd(np.array([months]), RATES).tolist() == [millionths]

    def test_is_exact_beyond_the_range_of_64_bits(self) -> None:
        found = ecl_minor(np.array([PRINCIPAL_MAX]), np.array([2]), np.array([480]), EclRates(500_000, 1_000_000))
        assert found.tolist() == [PRINCIPAL_MAX]  # half survive a year: after forty nobody does, to a millionth

    def test_of_no_loans_is_no_figures(self) -> None:
        none = np.zeros(0, np.int64)
        assert ecl_minor(none, none, none, RATES).tolist() == []


class TestThePenaltyRate:
    @pytest.mark.parametrize(
        ("contract", "multiplier", "other", "rate"),
        [
            (120_000, 1_500_000, 0, 180_000),  # 12 % × 1.5
            (180_000, 1_500_000, 0, 240_000),  # 27 % is cut back to 24 %
            (180_000, 1_500_000, 30_000, 210_000),  # fees of 3 % a year leave 21 %
            (160_000, 1_500_000, 0, 240_000),  # exactly the cap
            (120_000, 0, 0, 0),  # no penalty agreed
            (100_000, 1_300_000, 250_000, 0),  # fees alone are past the cap
            (123_457, 1_500_000, 0, 185_185),  # 185,185.5 is rounded down: never above what was agreed
        ],
    )
    def test_is_the_smaller_of_the_agreed_and_what_the_cap_leaves(
        self, contract: int, multiplier: int, other: int, rate: int
    ) -> None:
        assert penalty_rate_millionths(np.array([contract]), multiplier, 240_000, other).tolist() == [rate]

    def test_takes_columns(self) -> None:
        found = penalty_rate_millionths(
            np.array([120_000, 120_000]), np.array([1_300_000, 1_500_000]), np.array([240_000, 160_000])
        )
        assert found.tolist() == [156_000, 160_000]


class TestAMultiplier:
    @pytest.mark.parametrize("allowed", [0, 1_300_000, 1_500_000])
    def test_inside_the_band_or_none_is_allowed(self, allowed: int) -> None:
        assert refuse_multiplier(allowed, BAND) is None

    @pytest.mark.parametrize("wrong", [-1, 1, 1_299_999, 1_500_001])
    def test_outside_the_band_is_refused(self, wrong: int) -> None:
        refusal = refuse_multiplier(wrong, BAND)
        assert refusal is not None
        assert (refusal.code, refusal.where) == ("PENALTY_MULTIPLIER_OUT_OF_RANGE", "overdue")

    def test_of_diversion_has_a_band_of_its_own(self) -> None:
        assert refuse_multiplier(2_000_000, BAND, diversion=True) is None
        refusal = refuse_multiplier(1_300_000, BAND, diversion=True)
        assert refusal is not None
        assert refusal.where == "diversion"
