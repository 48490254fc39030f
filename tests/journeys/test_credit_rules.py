"""The credit rules in the journey: what they refuse is refused, what they doubt waits for a person, what was decided replays."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from puhui.journeys import apply as applying
from puhui.journeys import release as releasing
from puhui.journeys import watch_models
from puhui.kernel.refusal import Refused
from puhui.policy import operations as policy
from puhui.policy import queries as policy_queries
from puhui.policy import replay
from puhui.underwriting import queries as underwriting
from puhui.underwriting import shipped_policy
from puhui.underwriting.core import deciding
from tests.journeys.conftest import NOW, Lender
from tests.journeys.test_small_owners import SHOP, small_owner

LATER = NOW + timedelta(hours=1)


def publish(*codes: str, limit: str = "", rate: str = "", **changes: str) -> None:
    """The shipped policy with only these rules, conditions (limit, rate) changed, live an hour before the applications."""
    texts = shipped_policy.texts()
    for name, formula in (("limit_minor", limit), ("rate_bps", rate)):
        before = next(line for line in texts["policy.toml"].splitlines() if line.startswith(name))
        if formula:
            texts["policy.toml"] = texts["policy.toml"].replace(before, f'{name} = "{formula}"')
    rows = [row for row in csv.DictReader(io.StringIO(texts["rules.csv"])) if row["code"] in codes]
    assert len(rows) == len(codes)
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(row | {"condition": changes.get(row["code"], row["condition"])} for row in rows)
    policy.open_rulebook(shipped_policy.KIND, name_zh="准入", name_en="credit rules", now=NOW)
    drafted = policy.draft_version(
        shipped_policy.KIND, texts | {"rules.csv": out.getvalue()}, author="ann", note="a test", now=NOW
    )
    policy.move_version(drafted, "submit", by="ann", now=NOW, note="please", force=True)
    policy.move_version(drafted, "approve", by="bob", now=NOW, note="read")
    policy.publish_version(drafted, at=NOW, by="cat", now=NOW)


class TestCreditRules:
    def test_let_a_good_owner_pass_and_stand_in_the_record(self, lender: Lender) -> None:
        publish("OVERDUE_NOW", "QUERIES_3M")
        applied = applying.apply(small_owner(lender), key="k", now=LATER)
        assert (applied.state, applied.limit_minor) == ("offered", 1_500_000)
        assert applied.decision_id is not None
        decided = policy_queries.decision(applied.decision_id)
        asked = policy_queries.decision(decided.inputs["rules"]["decision"])
        assert (decided.inputs["rules"]["outcome"], asked.batch.kind) == ("pass", "policy.application")
        assert (asked.inputs["overdue_now"], asked.inputs["queries_3m"], asked.inputs["age_years"] > 18) == (
            False,
            1,
            True,
        )
        assert asked.inputs["monthly_inflow_minor"] > 0
        assert replay.replay(applied.decision_id).same
        assert replay.replay(asked.id).same

    def test_refuse_what_the_credit_alone_would_have_lent(self, lender: Lender) -> None:
        publish("QUERIES_3M", "NEW_LOANS", NEW_LOANS="queries_3m >= 1")
        applied = applying.apply(small_owner(lender), key="k", now=LATER)
        assert (applied.state, applied.approved, applied.reasons[0]["code"]) == ("refused", False, "NEW_LOANS")
        assert applied.offer_id is None
        assert applied.decision_id is not None
        assert replay.replay(applied.decision_id).same

    def test_hold_what_they_doubt_until_a_person_has_looked(self, lender: Lender) -> None:
        publish("QUERIES_1M")  # inquiries of one month are not asked of an owner: unknown, so a person looks
        applied = applying.apply(small_owner(lender), key="k", now=LATER)
        assert (applied.held, applied.state, applied.reasons[0]["code"]) == (True, "submitted", "QUERIES_1M")
        assert applying.shown(applied.application_id)["reasons"] == applied.reasons
        assert [view.application_id for view, _ in underwriting.held_by_rules()] == [applied.application_id]
        with pytest.raises(Refused, match="REASON_MISSING"):
            releasing.release(applied.application_id, by="eve", reason=" ", on=lender.today, now=LATER)
        assert underwriting.application(applied.application_id).state == "submitted"
        let = releasing.release(applied.application_id, by="eve", reason="看过征信报告", on=lender.today, now=LATER)
        assert (let.state, let.limit_minor) == ("offered", 1_500_000)
        assert underwriting.held_by_rules() == []
        assert let.decision_id is not None
        assert policy_queries.decision(let.decision_id).inputs["rules"]["outcome"] == "review"
        assert replay.replay(let.decision_id).same
        with pytest.raises(Refused, match="NOT_HELD"):
            releasing.release(applied.application_id, by="eve", reason="再放一次", on=lender.today, now=LATER)

    def test_a_doubt_holds_nobody_whom_credit_refuses(self, lender: Lender) -> None:
        publish("QUERIES_1M")
        applied = applying.apply(replace(small_owner(lender), requested_minor=100_000), key="k", now=LATER)
        assert (applied.state, applied.reasons[0]["code"]) == ("refused", "WANTED_BELOW_MINIMUM")
        assert underwriting.held_by_rules() == []
        assert applied.decision_id is not None
        assert policy_queries.decision(applied.decision_id).inputs["rules"]["outcome"] == "review"
        assert replay.replay(applied.decision_id).same

    def test_bind_the_limit_by_the_formula_of_the_policy(self, lender: Lender) -> None:
        publish("OVERDUE_NOW", limit="LEAST(requested_minor, 1250000)")
        applied = applying.apply(small_owner(lender), key="k", now=LATER)
        assert (applied.state, applied.limit_minor) == ("offered", 1_200_000)  # whole steps of 1,000 yuan
        assert applied.reasons[1]["code"] == "LIMIT_POLICY"
        assert applied.decision_id is not None
        output = policy_queries.decision(applied.decision_id).output
        assert (output["binding"], output["bounds"]["POLICY"]) == ("POLICY", 1_200_000)
        assert replay.replay(applied.decision_id).same

    @pytest.mark.parametrize(("told", "charged"), [("1234", "0.123400"), ("3600", "0.240000"), ("650", "0.065000")])
    def test_charge_the_price_of_the_policy_within_the_law(self, lender: Lender, told: str, charged: str) -> None:
        publish("OVERDUE_NOW", rate=told)
        applied = applying.apply(small_owner(lender), key="k", now=LATER)
        assert (applied.state, applied.annual_rate) == ("offered", charged)
        assert applied.decision_id is not None
        output = policy_queries.decision(applied.decision_id).output
        assert (output["rate"], output["price"]["policy_rate_bps"]) == (float(charged), int(told))
        price = output["price"]
        earned = (1 - output["pd"]) * output["rate"] - output["pd"] * price["lgd_micro"] / 1e6
        costs = sum(price[f"{name}_micro"] for name in ("cost_of_funds", "operating", "capital", "acquisition")) / 1e6
        assert price["value_per_yuan"] == pytest.approx((1 - price["churn"]) * (earned - costs), abs=2e-6)
        assert "按准入策略的定价表" in next(
            each["text_zh"] for each in applied.reasons if each["code"] == "PRICE_COMPONENTS"
        )
        assert replay.replay(applied.decision_id).same

    def test_reckon_with_the_instalments_of_the_price_that_is_charged(self, lender: Lender) -> None:
        publish("OVERDUE_NOW", rate="650")
        cheap = applying.apply(small_owner(lender), key="k", now=LATER)
        assert cheap.decision_id is not None
        told = policy_queries.decision(cheap.decision_id)
        best = policy_queries.decision(told.inputs["rules"]["decision"]).inputs
        assert float(best["all_in_rate"]) > 0.065
        free = deciding.decide([{k: v for k, v in told.inputs.items() if k != "rules"}], told.batch.parameters)[
            0
        ].output
        assert told.output["bounds"]["AFFORDABILITY"] > free["bounds"]["AFFORDABILITY"]

    def test_refuse_where_the_formula_leaves_less_than_the_smallest_loan(self, lender: Lender) -> None:
        publish("OVERDUE_NOW", limit="LEAST(requested_minor, 400000)")
        applied = applying.apply(small_owner(lender), key="k", now=LATER)
        assert (applied.state, applied.offer_id, applied.reasons[0]["code"]) == ("refused", None, "LIMIT_BELOW_MINIMUM")
        assert applied.decision_id is not None
        assert replay.replay(applied.decision_id).same

    def test_tell_the_night_how_long_decisions_took_and_who_overrode_them(self, lender: Lender) -> None:
        publish("QUERIES_1M")
        applied = applying.apply(small_owner(lender), key="k", now=LATER)
        releasing.release(applied.application_id, by="eve", reason="看过征信报告", on=lender.today, now=LATER)
        day = LATER.astimezone(watch_models.SHANGHAI).date()
        told = watch_models.decision_frame(since=day - timedelta(days=1), until=day)
        assert told["overridden"].to_list() == [True]
        assert told["latency_ms"][0] > 0

    def test_say_nothing_before_any_is_published(self, lender: Lender) -> None:
        applied = applying.apply(small_owner(lender, answers=SHOP), key="k", now=NOW)
        assert applied.decision_id is not None
        assert "rules" not in policy_queries.decision(applied.decision_id).inputs
