"""Owners without invoices: the owner first, the bound that binds, the price with its parts, one as in a batch."""

from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puhui.underwriting.core import deciding, line, pricing, small_owner
from puhui.underwriting.core.appraising import Answer
from puhui.underwriting.core.lending_policy import LendingPolicy, PriceTerms
from puhui.underwriting.core.line import ABSENT
from puhui.underwriting.core.offer_book import ChurnCurve
from puhui.underwriting.core.pricing import LegalCap
from puhui.underwriting.tests.owner_samples import AS_OF, credit, flat, item, parameters, rice_farmer, row, tobacco_shop


def decided(items: list[dict[str, Any]], **changes: Any) -> Answer:
    return small_owner.decide([row(items, **changes)], parameters())[0]


class TestTheOwnerFirst:
    def test_a_shop_with_proof_and_a_clean_owner_is_approved_on_what_can_be_repaid(self) -> None:
        answer = decided(tobacco_shop())
        out = answer.output
        assert (out["approved"], out["rating"], out["grade"], out["binding"]) == (True, "A", "A", "AFFORDABILITY")
        assert out["limit_minor"] == out["limit_cap_minor"] == 1_700_000
        assert answer.reasons[0].code == "APPROVED_SMALL_OWNER"
        assert {"REVENUE_ESTIMATE", "PD_OWNER_CARD", "LIMIT_AFFORDABILITY", "PRICE_COMPONENTS"} <= {
            r.code for r in answer.reasons
        }

    def test_without_the_owners_credit_nothing_is_approved(self) -> None:
        answer = decided(tobacco_shop()[:-1])
        assert (answer.output["approved"], answer.output["limit_minor"]) == (False, 0)
        assert answer.reasons[0].code == "OWNER_CREDIT_MISSING"

    def test_an_old_summary_is_asked_for_anew(self) -> None:
        old = credit() | {"observed_to": "2026-08-01"}
        assert decided([*tobacco_shop()[:-1], old]).reasons[0].code == "OWNER_CREDIT_STALE"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"overdue_now_minor": 100_001}, "OWNER_OVERDUE_NOW"), ({"worst_overdue_days_24m": 91}, "OWNER_OVERDUE_90"),
         ({"inquiries_3m": 16}, "OWNER_MANY_INQUIRIES")],
    )  # fmt: skip
    def test_a_closed_gate_refuses_whatever_else_is_shown(self, changes: dict[str, int], code: str) -> None:
        answer = decided([*tobacco_shop()[:-1], credit(**changes)])
        assert (answer.output["approved"], answer.reasons[0].code) == (False, code)

    def test_credit_alone_shows_no_business(self) -> None:
        assert decided([credit()]).reasons[0].code == "EVIDENCE_MISSING"

    def test_a_missing_answer_never_scores_better_than_a_clean_one(self) -> None:
        clean = decided(tobacco_shop()).output["pd"]
        for name in ("inquiries_3m", "overdue_months_24m", "worst_overdue_days_24m", "history_months"):
            less = credit()
            del less["values"][name]
            assert decided([*tobacco_shop()[:-1], less]).output["pd"] > clean

    def test_instalments_eat_the_limit(self) -> None:
        poor = decided([*tobacco_shop()[:-1], credit(instalments_monthly_minor=200_000)])
        assert poor.output["limit_cap_minor"] == 0
        assert poor.reasons[0].code == "LIMIT_BELOW_MINIMUM"

    def test_asking_for_less_gets_what_was_asked(self) -> None:
        out = decided(tobacco_shop(), wanted_minor=1_234_500).output
        assert (out["limit_minor"], out["binding"]) == (1_234_500, "WANTED")


class TestTheFarmer:
    def test_is_judged_by_fields_and_the_farmers_formula(self) -> None:
        answer = decided(rice_farmer(), segment="farmer", wanted_minor=30_000_000)
        out = answer.output
        assert out["bounds"]["FARM_FORMULA"] == 8_000_000 + 5_000_000 + 3 * 20_808_000 // 10
        assert out["bounds"]["CROP_LOAN"] == 4_000_000
        assert (out["approved"], out["binding"], out["limit_minor"]) == (True, "CROP_LOAN", 4_000_000)
        assert out["estimates"]["farm"]["due_on"] == "2027-11-09"

    def test_a_village_grade_aa_with_assets_and_income_meets_the_public_vector(self) -> None:
        """AA, assets 500,000, income 300,000 → 80,000 + 50,000 + 90,000, at most 200,000."""
        found = line.farm_formula(np.array([8_000_000]), np.array([50_000_000]), np.array([30_000_000]),
                                  assets_bps=1_000, income_bps=3_000, cap_minor=20_000_000)  # fmt: skip
        assert found.tolist() == [20_000_000]


class TestTheLine:
    def test_the_least_bound_binds_and_the_first_of_equals(self) -> None:
        found = line.least({"A": np.array([500_000, ABSENT]), "B": np.array([500_000, 1_234_567])}, step_minor=100_000)
        assert (found.limit_minor.tolist(), found.binding) == ([500_000, 1_200_000], ("A", "B"))
        assert found.as_json(1) == {"B": 1_234_567}

    def test_affordability_is_the_worked_annuity(self) -> None:
        # 6,000 yuan to dispose of, half of it less 1,000 of instalments: 2,000 a month for 12 months at 12 %
        found = line.by_affordability(
            np.array([600_000]), np.array([100_000]), np.array([0.12]), np.array([12]), dsr_bps=5_000
        )
        assert found.tolist() == [2_251_015]

    @given(st.integers(0, 10**9), st.integers(0, 10**8), st.sampled_from([0.0, 0.04, 0.15, 0.24]), st.integers(1, 36))
    def test_more_debt_never_raises_it(self, cash: int, owed: int, rate: float, months: int) -> None:
        both = line.by_affordability(np.array([cash, cash]), np.array([owed, owed + 1_000]), np.array([rate, rate]),
                                     np.array([months, months]), dsr_bps=5_000)  # fmt: skip
        assert both[1] <= both[0]

    def test_the_loss_budget_allows_what_it_can_lose(self) -> None:
        found = line.by_loss_budget(np.array([0.05, 0.0]), lgd_micro=600_000, budget_minor=np.array([600_000, 600_000]))
        assert found.tolist() == [20_000_000, ABSENT]


class TestThePrice:
    terms = PriceTerms(40_000, 600_000, 25_000, 15_000, 0, 90_000, 1_000_000, 1_000_000, 0.0)
    curve = ChurnCurve((0.10, 0.15, 0.20), {"A": (0.0, 0.2, 0.9)})

    def test_is_made_of_the_parts_of_the_worked_vector(self) -> None:
        """4 % + 6 % · 0.6 + 2.5 % + 1.8 % + 1.5 % = 13.4 %."""
        found = pricing.price(np.array([0.06]), ["A"], self.curve, np.array([5_000_000]), terms=self.terms,
                              cap=LegalCap(pricing.Decimal("0.24"), ()))  # fmt: skip
        why = found.explanation(0)
        assert (why["floor_micro"], why["expected_loss_micro"], why["acquisition_micro"]) == (134_000, 36_000, 18_000)
        assert (why["rate_micro"], why["churn"]) == (150_000, 0.2)
        assert why["value_per_yuan"] == pytest.approx(0.8 * (0.94 * 0.15 - 0.134))

    def test_leaves_room_for_at_most_3_7_percent_pd_under_a_cap_of_12(self) -> None:
        assert pricing.max_pd_micro(120_000, 18_000, self.terms) == 36_666

    def test_never_lies_above_the_law_even_with_fees(self) -> None:
        with_fees = replace(self.terms, fees_micro=60_000)
        found = pricing.price(np.array([0.01]), ["A"], self.curve, np.array([5_000_000]), terms=with_fees,
                              cap=LegalCap(pricing.Decimal("0.20"), ()))  # fmt: skip
        assert found.rate.tolist() == [0.1]  # 0.15 + 0.06 would break 0.20
        none = pricing.price(np.array([0.01]), ["A"], self.curve, np.array([5_000_000]), terms=with_fees,
                             cap=LegalCap(pricing.Decimal("0.12"), ()))  # fmt: skip
        assert np.isnan(none.rate[0])
        assert none.explanation(0)["rate_micro"] is None

    def test_a_risk_no_lawful_rate_covers_is_refused(self) -> None:
        answer = small_owner.decide([row(tobacco_shop())], parameters(cap="0.09"))[0]
        assert (answer.output["approved"], answer.reasons[0].code) == (False, "COST_NOT_COVERED")


class TestSignals:
    def test_disagreeing_sources_are_passed_on_and_cost_points_but_are_not_judged_here(self) -> None:
        loud = item("tobacco_orders", "tobacco_bureau", {"orders_by_month": flat(22_500_000)})
        out = decided([loud, *tobacco_shop()]).output
        assert [signal["code"] for signal in out["signals"]] == ["EVIDENCE_DISAGREES"]
        assert out["pd"] > decided(tobacco_shop()).output["pd"]


class TestOneFunction:
    def test_one_owner_is_judged_as_in_a_batch_whatever_the_order(self) -> None:
        rows = [row(tobacco_shop(), wanted_minor=1_000_000 + i) for i in range(20)]
        rows += [row(rice_farmer(), segment="farmer"), row(tobacco_shop()[:2]), row([credit()])]
        together = deciding.replay(rows, parameters())
        backwards = deciding.replay(rows[::-1], parameters())[::-1]
        assert together == backwards == [deciding.replay([one], parameters())[0] for one in rows]

    def test_nothing_given_is_changed(self) -> None:
        rows, common = [row(tobacco_shop())], parameters()
        before = deepcopy((rows, common))
        deciding.replay(rows, common)
        assert (rows, common) == before

    def test_a_dated_table_keeps_its_numbers(self) -> None:
        assert small_owner.Terms.of(parameters()).as_of == AS_OF
        assert LendingPolicy.in_force().segment("").name == "shop"
        assert small_owner.Terms.of(parameters(as_of=date(2026, 5, 1))).table.value("TOBACCO_SHARE_OF_SALES") == 0.375
