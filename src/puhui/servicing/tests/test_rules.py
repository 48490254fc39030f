"""The rules of the loan book on a day: from the dated table, by lender type, and the cap before a contract."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from puhui.kernel.refusal import Refused
from puhui.policy.rule_table import RuleAbsent
from puhui.servicing.core.classification import ClassLimits
from puhui.servicing.core.disclosure import Disclosure, draw_up
from puhui.servicing.core.provision import PenaltyBand, ProvisionRates, StageLimits
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.operations.disclose import checked_cap
from puhui.servicing.rules import rules_on

LENDER_TYPES = ("bank", "cfc", "mcc", "trust", "leasing", "factoring")
TERMS = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 8, 1))


class TestRules:
    def test_of_a_bank_today(self) -> None:
        found = rules_on(date(2026, 11, 25), "bank")
        assert found.classes == ClassLimits(0, 90, 270, 360)
        assert found.stages == StageLimits(30, 90)
        assert found.provisions == ProvisionRates(15_000, 30_000, 300_000, 600_000, 1_000_000)
        assert found.penalty == PenaltyBand(1_300_000, 1_500_000, 1_500_000, 2_000_000, 240_000)
        assert found.non_accrual_over == 90

    def test_of_other_lenders_have_the_house_band(self) -> None:
        assert rules_on(date(2026, 11, 25), "mcc").penalty == PenaltyBand(
            1_000_000, 1_500_000, 1_000_000, 2_000_000, 240_000
        )

    def test_of_a_private_lender_cap_the_overdue_side_at_four_times_the_lpr(self) -> None:
        assert rules_on(date(2024, 10, 20), "private").penalty.cap == 134_000
        assert rules_on(date(2024, 10, 21), "private").penalty.cap == 124_000

    def test_before_the_overdue_cap_are_absent_not_unlimited(self) -> None:
        with pytest.raises(RuleAbsent, match="CAP_PENAL/total_overdue_rate"):
            rules_on(date(2017, 8, 3), "bank")

    def test_before_any_classification_are_absent(self) -> None:
        with pytest.raises(RuleAbsent, match="FIVE_CLASS"):
            rules_on(date(2007, 7, 2), "bank")


def _form(rate: str, on: date) -> Disclosure:
    return draw_up(replace(TERMS, annual_rate=Decimal(rate), disbursed_on=on), payee="示例 (虚构)")


class TestTheCap:
    @pytest.mark.parametrize("lender_type", LENDER_TYPES)
    @pytest.mark.parametrize("on", [date(2017, 8, 4), date(2025, 9, 30), date(2025, 10, 1), date(2025, 12, 31)])
    def test_is_24_percent_for_all_until_the_end_of_2025(self, lender_type: str, on: date) -> None:
        assert checked_cap(_form("0.239999", on), lender_type=lender_type).value == Decimal("0.24")
        with pytest.raises(Refused) as caught:
            checked_cap(_form("0.2402", on), lender_type=lender_type)
        assert caught.value.refusal.code == "ABOVE_CAP"

    @pytest.mark.parametrize(
        ("lender_type", "on", "cap"),
        [
            ("bank", date(2028, 1, 1), "0.24"),
            ("trust", date(2028, 1, 1), "0.24"),
            ("leasing", date(2028, 1, 1), "0.24"),
            ("factoring", date(2028, 1, 1), "0.24"),
            ("cfc", date(2026, 1, 1), "0.20"),
            ("cfc", date(2028, 1, 1), "0.20"),
            ("mcc", date(2027, 12, 31), "0.24"),
            ("mcc", date(2028, 1, 1), "0.12"),
            ("private", date(2020, 8, 20), "0.154"),
            ("private", date(2028, 1, 1), "0.12"),
        ],
    )
    def test_parts_the_lenders_from_2026(self, lender_type: str, on: date, cap: str) -> None:
        below, above = Decimal(cap) - Decimal("0.0001"), Decimal(cap) + Decimal("0.0002")
        assert checked_cap(_form(str(below), on), lender_type=lender_type).value == Decimal(cap)
        with pytest.raises(Refused) as caught:
            checked_cap(_form(str(above), on), lender_type=lender_type)
        assert caught.value.refusal.code == "ABOVE_CAP"

    @pytest.mark.parametrize(
        ("lender_type", "on"), [("bank", date(2017, 8, 3)), ("pawn", date(2026, 1, 1)), ("", date(2026, 1, 1))]
    )
    def test_without_a_rule_is_refused(self, lender_type: str, on: date) -> None:
        with pytest.raises(Refused) as caught:
            checked_cap(_form("0.01", on), lender_type=lender_type)
        assert (caught.value.refusal.code, caught.value.refusal.where) == ("CAP_RULE_ABSENT", lender_type)
