"""Allocation orders: the right list for a product, a state and a day, and a file that cannot contradict itself."""

from datetime import date

import pytest

from puhui.servicing import allocation
from puhui.servicing.allocation import AllocationAbsent, AllocationWrong
from puhui.servicing.core.waterfall import WATERFALLS

TODAY = date(2026, 11, 25)
ONE = """
[product.p]
title = "p"
non_performing_over_days = 90
[[order]]
name = "p-1"
product = "p"
state = "performing"
effective_from = 2020-01-01
effective_to = 2024-12-31
heads = ["cost", "penalty", "compound", "interest", "fee", "principal"]
confidence = "house"
source = "a test"
"""
SECOND = ONE.split("[[order]]")[1].replace("p-1", "p-2").replace("effective_to = 2024-12-31\n", "")


class TestAnOrder:
    @pytest.mark.parametrize(
        ("product", "days_past_due", "name", "heads"),
        [
            ("standard", 0, "standard-1", "cost penalty compound interest fee principal"),
            ("standard", 90, "standard-1", "cost penalty compound interest fee principal"),
            ("standard", 91, "standard-npl-1", "principal cost interest fee compound penalty"),
            ("civil-code-561", 0, "civil-code-561-1", "cost interest compound penalty fee principal"),
            ("civil-code-561", 91, "civil-code-561-npl-1", "cost interest compound penalty fee principal"),
            ("interest-first", 0, "interest-first-1", "interest principal"),
            ("interest-first", 400, "interest-first-1", "interest principal"),
            ("principal-first", 91, "principal-first-1", "principal interest"),
        ],
    )
    def test_follows_the_product_and_the_state(self, product: str, days_past_due: int, name: str, heads: str) -> None:
        state = allocation.state_of(product, days_past_due=days_past_due)
        found = allocation.find(product, state=state, on=TODAY)
        assert (found.name, " ".join(found.heads)) == (name, heads)
        assert allocation.named(name) is found
        assert found.source

    def test_before_the_civil_code_is_absent(self) -> None:
        with pytest.raises(AllocationAbsent, match="2020-12-31"):
            allocation.find("civil-code-561", state="performing", on=date(2020, 12, 31))

    def test_of_an_unknown_name_or_product_is_absent(self) -> None:
        with pytest.raises(AllocationAbsent, match="standard-9"):
            allocation.named("standard-9")
        with pytest.raises(AllocationAbsent, match="gold"):
            allocation.state_of("gold", days_past_due=0)

    def test_becomes_a_waterfall_of_the_heads_that_have_an_account(self) -> None:
        for order in allocation.policy().orders:
            assert order.waterfall.name == order.name
            assert set(order.heads) - set(order.waterfall.heads) <= {"cost"}
        assert allocation.named("standard-1").waterfall.heads[-3:] == ("interest", "fee", "principal")

    def test_of_release_0_1_0_means_what_it_meant(self) -> None:
        for name in ("interest-first-1", "principal-first-1"):
            assert allocation.named(name).waterfall == WATERFALLS[name]


class TestTheFile:
    def test_gives_the_version_of_the_day(self, monkeypatch: pytest.MonkeyPatch) -> None:
        text = ONE + "[[order]]" + SECOND.replace("2020-01-01", "2025-01-01")
        policy = allocation.read(text)
        monkeypatch.setattr(allocation, "policy", lambda: policy)
        assert allocation.find("p", state="performing", on=date(2024, 12, 31)).name == "p-1"
        assert allocation.find("p", state="performing", on=date(2025, 1, 1)).name == "p-2"
        assert allocation.named("p-1").effective_to == date(2024, 12, 31)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (ONE.replace('"cost", ', ""), "p-1: every head once, got penalty, compound, interest, fee, principal"),
            (ONE.replace('"cost"', '"fee"'), "p-1: every head once"),
            (ONE.replace('"cost"', '"gift"'), "p-1: every head once"),
            (ONE.replace('product = "p"', 'product = "q"'), "p-1: no product q"),
            (ONE.replace('"performing"', '"sleeping"'), "p-1: no state sleeping"),
            (ONE + "[[order]]" + SECOND, "p-1 and p-2: both in force"),
            (ONE + "[[order]]" + SECOND.replace('"performing"', '"any"'), "p-1 and p-2: both in force"),
            (
                ONE + "[[order]]" + SECOND.replace("p-2", "p-1").replace("2020-01-01", "2025-01-01"),
                "p-1: a name means one thing",
            ),
        ],
    )
    def test_that_contradicts_itself_is_not_read(self, text: str, message: str) -> None:
        with pytest.raises(AllocationWrong, match=message):
            allocation.read(text)
