"""The credit policy for applications as shipped: it reads, it has no grave finding, and a thin file goes to a person, never through."""

from datetime import date
from typing import Any

import pytest

from puhui.policy.core.policy_text import Policy, check, read_policy
from puhui.underwriting import shipped_policy

ON = date(2026, 3, 1)
GOOD: dict[str, Any] = {
    "applied_on": "2026-03-01", "requested_minor": 3_000_000, "months": 12, "entity_kind": "shop", "age_years": 40,
    "id_expires_on": "2030-01-01", "industry_code": "F5212", "purpose": "stock", "registered_months": 40,
    "licence_state": "in_business", "on_abnormal_list": False, "court_enforcement": False, "monthly_inflow_minor": 4_000_000,
    "monthly_disposable_minor": 900_000, "existing_debt_minor": 0, "existing_instalments_minor": 0, "new_instalment_minor": 260_000,
    "household_credit_minor": 0, "evidence_age_days": 10, "evidence_grade": "B", "months_active": 12, "self_dealing_share": 0.0,
    "bureau_on_file": True, "overdue_now": False, "overdue_days_most_24m": 0, "overdue_count_24m": 0, "queries_1m": 1, "new_loans_1m": 0,
    "five_class_worst": "normal", "all_in_rate": "0.150000", "cap_rate": "0.240000", "consent_to_assess": True, "has_invoices": True,
    "prior_loans": 0, "pd": 0.02,
}  # fmt: skip


@pytest.fixture(scope="module")
def policy() -> Policy:
    return read_policy(shipped_policy.texts())


def outcome(policy: Policy, **changed: Any) -> tuple[str, list[str]]:
    told = policy.decide(policy.columns.frame([GOOD | changed]), on=ON).outputs()[0]
    return told["outcome"], told["hits"]


class TestTheShippedPolicy:
    def test_passes_a_good_shop_with_a_limit_and_a_rate(self, policy: Policy) -> None:
        told = policy.decide(policy.columns.frame([GOOD]), on=ON).outputs()[0]
        assert (told["outcome"], told["limit_minor"], told["rate_bps"], told["hits"]) == ("pass", 3_000_000, 940, [])
        assert told["outputs"] == {"cap_minor": 30_000_000, "grid_rate_bps": 940}

    @pytest.mark.parametrize(
        ("changed", "answer"),
        [
            ({"age_years": 17}, ("refuse", ["AGE_BELOW"])), ({"age_years": 18}, ("pass", [])), ({"registered_months": 5}, ("review", ["REGISTERED_SHORT"])),
            ({"new_instalment_minor": 450_001}, ("refuse", ["DSR"])), ({"new_instalment_minor": 450_000}, ("pass", [])),
            ({"all_in_rate": "0.240001"}, ("refuse", ["CAP"])), ({"all_in_rate": "0.240000"}, ("pass", [])),
            ({"lender_regions": "local"}, ("refuse", ["OUTSIDE_REGION"])), ({"lender_regions": "local", "region_is_local": True}, ("pass", [])),
            ({"consent_to_lender": False}, ("step_up", ["CONSENT"])), ({"consent_to_assess": False}, ("refuse", ["CONSENT_ASSESS"])),
            ({"has_invoices": False, "months_active": None, "self_dealing_share": None}, ("pass", [])),
            ({"entity_kind": "farmer", "registered_months": None, "licence_state": None, "industry_code": None, "on_abnormal_list": None}, ("pass", [])),
            ({"queries_1m": 6}, ("review", ["QUERIES_1M"])),
            ({"overdue_now": True}, ("refuse", ["OVERDUE_NOW"])), ({"pd": 0.13}, ("refuse", ["PD_HIGH"])), ({"pd": 0.07}, ("review", ["PD_GREY"])),
            ({"purpose": "property"}, ("refuse", ["PURPOSE_FORBIDDEN"])), ({"prior_loans": 2}, ("pass", ["REPEAT_GOOD"])),
        ],
    )  # fmt: skip
    def test_answers_at_the_edges(self, policy: Policy, changed: dict[str, Any], answer: tuple[str, list[str]]) -> None:
        assert outcome(policy, **changed) == answer

    @pytest.mark.parametrize(
        "name",
        [
            "age_years",
            "monthly_inflow_minor",
            "overdue_now",
            "queries_1m",
            "pd",
            "industry_code",
            "cap_rate",
            "consent_to_assess",
            "purpose",
            "id_expires_on",
            "registered_months",
            "court_enforcement",
            "evidence_age_days",
            "self_dealing_share",
            "months_active",
        ],
    )
    def test_sends_to_a_person_for_want_of_what_matters(self, policy: Policy, name: str) -> None:
        assert outcome(policy, **{name: None})[0] == "review"

    def test_has_no_grave_finding(self, policy: Policy) -> None:
        assert [
            str(found) for found in check(policy) if found.grave or found.kind in ("gap", "shadowed", "unused")
        ] == []
        assert 25 <= len(policy.book.rules) <= 60

    def test_names_a_source_for_every_rule(self, policy: Policy) -> None:
        assert [rule.code for rule in policy.book.rules if not rule.source] == []
