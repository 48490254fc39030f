"""The health index by the vector of domain facts 5, its confidence, next actions and guard; and that no lender's decision reads it."""

import ast
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import puhui
from puhui.kernel.refusal import Refused
from puhui.merchant import health, operations, rule_files
from puhui.merchant.core import health_index
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tools import shop_health

ON = "2026-11-01"
POLICY = health.policy(health.written.day(ON, "on"))
VECTOR = {"cash_days": 20, "surplus_rate": "8%", "on_time_rate": "85%", "booked_days": 60}
ALL = VECTOR | {"private_share": "20%", "sales_cv": "0.3", "top_share": "40%", "insured_share": "50%", "reserve_months": 1,
                "debt_service_rate": "30%", "debt_apr": "12%", "lender_count": 3, "due_soon_share": "30%",
                "standing_share": "75%"}  # fmt: skip


def assess(values: dict[str, Any]) -> dict[str, Any]:
    return health.assess({"on": ON} | values)


class TestTheVector:
    def test_holds(self) -> None:
        found = assess(VECTOR)
        scores = [found["items"][name]["score"] for name in ("cash_cover", "surplus", "collection", "bookkeeping")]
        assert scores == ["29.8", "72.0", "72.9", "71.4"]
        assert (found["dimensions"]["daily"]["score"], found["dimensions"]["daily"]["points"]) == ("61.5", "24.6")

    def test_of_a_whole_shop(self) -> None:
        found = assess(ALL)
        assert {name: each["score"] for name, each in found["dimensions"].items()} == {
            "daily": "62.6", "risk": "54.2", "capital": "76.2"}  # fmt: skip
        assert (found["index"], found["level"], found["confidence"]) == ("64.1", "coping", "1.00")

    @pytest.mark.parametrize(
        ("part", "worst", "best"),
        [(row["part"], row["at_zero"], row["at_hundred"]) for row in rule_files.every("health_index")],
    )
    def test_scales_end_at_nought_and_a_hundred(self, part: str, worst: str, best: str) -> None:
        item = next(row["item"] for row in rule_files.every("health_index") if row["part"] == part)
        given_as = {"worst": worst, "best": best}
        scores = [
            assess({part: _written(value, part)})["items"][item]["parts"][part]["score"] for value in given_as.values()
        ]
        assert scores == ["0.0", "100.0"]


class TestConfidence:
    def test_is_the_share_that_is_known(self) -> None:
        assert assess({})["confidence"] == "0.00"
        assert assess({})["index"] is None
        assert assess({"cash_days": 5})["confidence"] == "0.10"
        assert assess({"cash_days": 5})["notes"][0]["zh"].startswith("数据不足一半")

    def test_books_replace_what_is_told_from_ninety_days_on(self) -> None:
        both = {"told": {"cash_days": 60}, "books": {"cash_days": 3}}
        early, later = (assess({**both, "books_days": days}) for days in (89, 90))
        assert (early["index"], later["index"]) == ("100.0", "0.0")
        assert (early["from_books"], later["from_books"]) == ("0.00", "0.07")
        assert "89" in early["notes"][-1]["zh"]


class TestNextActions:
    def test_name_what_they_bring_and_bring_it(self) -> None:
        found = assess(ALL)
        assert len(found["next_actions"]) == 3
        for action in found["next_actions"]:
            then = assess(ALL | {action["part"]: action["then"]})
            assert abs(Decimal(then["index"]) - Decimal(found["index"]) - Decimal(action["gain"])) <= Decimal("0.2")
            assert f"指数约 +{action['gain']}" in action["zh"]

    def test_are_the_greatest_gains_first(self) -> None:
        gains = [Decimal(action["gain"]) for action in assess(ALL)["next_actions"]]
        assert gains == sorted(gains, reverse=True)

    def test_are_none_for_a_shop_in_the_best_of_health(self) -> None:
        best = {row["part"]: _written(row["at_hundred"], row["part"]) for row in rule_files.every("health_index")}
        assert (assess(best)["index"], assess(best)["next_actions"]) == ("100.0", [])


class TestTheGuard:
    def test_offers_a_plan_and_no_advertisement(self) -> None:
        found = assess({"cash_days": 3, "surplus_rate": "-5%", "debt_service_rate": "51%"})["guard"]
        assert (found["over_indebted"], found["loan_advertisement"], len(found["plan"])) == (True, False, 4)

    @pytest.mark.parametrize(
        "values",
        [{"cash_days": 3, "debt_service_rate": "50%"}, {"cash_days": 60, "debt_service_rate": "55%"}, {"cash_days": 3}],
    )
    def test_needs_both_a_low_index_and_a_heavy_debt(self, values: dict[str, Any]) -> None:
        assert assess(values)["guard"] == {"over_indebted": False, "loan_advertisement": True, "plan": []}


@pytest.mark.django_db
class TestConcentration:
    """The largest payer of this month and the two before."""

    def told(self, *rows: tuple[str, int, str, str]) -> tuple[tuple[int, int, int], str | None]:
        now, day = datetime(2026, 4, 2, tzinfo=UTC), date(2026, 4, 1)
        operations.open_books("shop_c", "person_1", now=now)
        sides = {"in": ("cash", "sales"), "out": ("sales", "cash")}
        drafts = [operations.EntryDraft(f"{n}", day, minor, sides[way][0], sides[way][1], note, who)
                  for n, (who, minor, way, note) in enumerate(rows)]  # fmt: skip
        operations.record_entries("shop_c", drafts, today=day, now=now)
        facts = Facts("shop_c", day)
        assert facts.at(date(2026, 3, 31)).largest_payer() == (0, 0, 0)
        return facts.largest_payer(), shop_health._top_share(facts)

    def test_is_the_largest_payers_part_with_refunds_taken_off(self) -> None:
        rows = (
            ("老王", 60_000, "in", ""),
            ("老王", 10_000, "out", ""),
            ("老李", 30_000, "in", ""),
            ("", 20_000, "in", "散客"),
        )
        assert self.told(*rows) == ((50_000, 80_000, 100_000), "50.0%")

    def test_is_missing_where_too_little_says_who_paid(self) -> None:
        assert self.told(("老王", 40_000, "in", ""), ("豆腐", 60_000, "in", "豆腐")) == (
            (40_000, 40_000, 100_000),
            None,
        )


class TestACreditDecision:
    def test_reads_nothing_of_it(self) -> None:
        """No room, journey of lending or policy imports the index: only the shop's own pages and commands do."""
        root = Path(puhui.__file__).parent
        lending = (
            "underwriting",
            "policy",
            "funding",
            "antifraud",
            "servicing",
            "arrears",
            "acquisition",
            "insight",
            "journeys",
        )
        texts = {path: path.read_text(encoding="utf-8") for room in lending for path in (root / room).rglob("*.py")}
        for path, text in texts.items():
            for node in ast.walk(ast.parse(text)) if "puhui.merchant" in text else ():
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("puhui.merchant"):
                    names = [node.module or "", *(alias.name for alias in node.names)]
                    assert not any("health" in name for name in names), f"{path} reads the health of a shop"

    def test_is_told_so(self) -> None:
        assert assess(ALL)["credit_decision_input"] is False


class TestBadInput:
    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"cash_dayz": 1}, "HEALTH_PART_UNKNOWN"),
            ({"cash_days": -1}, "NUMBER_TOO_SMALL"),
            ({"cash_days": "many"}, "NUMBER_UNREADABLE"),
            ({"on_time_rate": "120%"}, "SHARE_ABOVE_ONE"),
            ({"on_time_rate": "-1%"}, "SHARE_NEGATIVE"),
            ({"debt_apr": "1.5"}, "SHARE_AMBIGUOUS"),
            ({"surplus_rate": "lots"}, "SHARE_UNREADABLE"),
            ({"on": "1999-01-01"}, "HEALTH_RULE_ABSENT"),
            ({"told": 5}, "OBJECT_EXPECTED"),
        ],
    )
    def test_is_refused_by_name(self, values: dict[str, Any], code: str) -> None:
        with pytest.raises(Refused, match=code):
            health.assess({"on": ON} | values)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["cash_days", "reserve_months", "sales_cv", "lender_count"]), st.integers(0, 100))
)
def test_an_index_lies_between_nought_and_a_hundred(values: dict[str, int]) -> None:
    found = health_index.assess(
        {part: Decimal(value) for part, value in values.items()}, health.policy(health.written.day(ON, "on"))
    )
    assert found.index is None or 0 <= found.index <= 100
    assert 0 <= found.confidence <= 1


def _written(value: str, part: str) -> str:
    unit = next(row["unit"] for row in rule_files.every("health_index") if row["part"] == part)
    return f"{Decimal(value) * 100}%" if unit == "share" else value
