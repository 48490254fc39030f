"""Taxes by their vectors (domain facts 1.12) to the cent, the law of the day, and refusals by name."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.kernel.refusal import Refused
from puhui.merchant import rule_files, taxes
from puhui.merchant.core import business_income as business
from puhui.merchant.core.brackets import progressive

ON = "2026-03-31"
RULES = taxes.business_rules(taxes.Law(taxes.written.day(ON, "on")))


class TestValueAddedTax:
    @pytest.mark.parametrize(
        ("asked", "tax", "surcharges", "exempt"),
        [
            ({"quarter_gross": 302999}, "0.00", "0.00", True),
            (
                {"quarter_gross": "303,000.00"},
                "3000.00",
                "105.00",
                False,
            ),  # sales are at the education line, which is free
            ({"quarter_gross": "40万"}, "3960.40", "237.62", False),
            ({"quarter_gross": 400000, "place": "town"}, "3960.40", "198.02", False),
            ({"quarter_gross": 400000, "place": "other"}, "3960.40", "118.81", False),
            ({"month_gross": "100999.99"}, "0.00", "0.00", True),
            ({"month_gross": "¥101,000"}, "1000.00", "35.00", False),
            ({"quarter_gross": 200000, "special_gross": 101000}, "1000.00", "35.00", True),
            ({"quarter_gross": 404000, "farm_gross": 303000}, "1000.00", "60.00", False),
            ({"quarter_gross": 303000, "on": "2025-12-31"}, "0.00", "0.00", True),
        ],
    )
    def test_holds_to_the_cent(self, asked: dict[str, Any], tax: str, surcharges: str, exempt: bool) -> None:
        found = taxes.vat({"on": ON} | asked)
        assert (found["tax"], found["surcharges"], found["exempt"]) == (tax, surcharges, exempt)

    def test_warns_in_the_words_of_a_shop(self) -> None:
        assert (
            taxes.vat({"quarter_gross": 290000, "on": ON})["notes"][0]["zh"]
            == "本季再开 13000.00 元将全额征税 3000.00 元"
        )


class TestBusinessIncome:
    @pytest.mark.parametrize(
        ("taxable", "due"),
        [
            (24_000, "600.00"),
            (120_000, "6750.00"),
            (240_000, "18750.00"),
            (480_000, "51750.00"),
            (1_000_000, "142250.00"),
            (2_000_000, "317250.00"),
            (2_500_000, "492250.00"),
            (0, "0.00"),
            (-5, "0.00"),
        ],
    )
    def test_of_a_sole_trader_is_halved(self, taxable: int, due: str) -> None:
        assert taxes.business_income({"taxable": taxable, "on": "2026-12-31"})["due"] == due

    def test_halved_up_to_a_million_before_2023(self) -> None:
        assert taxes.business_income({"taxable": 2_000_000, "on": "2022-12-31"})["due"] == "492250.00"

    def test_of_a_partnership_is_not(self) -> None:
        assert taxes.business_income({"taxable": 240_000, "kind": "partnership", "on": ON})["due"] == "37500.00"

    def test_counts_from_revenue_with_losses_mixed_costs_and_months(self) -> None:
        found = taxes.business_income(
            {"revenue": 500_000, "cost": 200_000, "mixed_cost": 10_000, "owner_wage": 60_000, "months": 6,
             "losses": {"2021": 6_000, "2020": 9_999}, "prepaid": 1_000, "on": "2026-06-30"}
        )  # fmt: skip
        assert (found["profit"], found["not_deductible"], found["deduction"]) == ("296000.00", "66000.00", "30000.00")
        assert (found["losses_used"], found["losses_lapsed"]) == ({"2021": "6000.00"}, {"2020": "9999.00"})
        assert (found["taxable"], found["due"], found["to_pay"]) == ("260000.00", "20750.00", "19750.00")

    def test_other_relief_shares_the_half(self) -> None:
        found = taxes.business_income({"taxable": 240_000, "other_relief": 1_000, "on": ON})
        assert found["due"] == "18250.00"  # 37,500 − 1,000 − (37,500 − 1,000) × half

    @settings(max_examples=50, deadline=None)
    @given(st.integers(0, 10**10), st.integers(0, 10**6))
    def test_never_falls_when_income_rises(self, taxable: int, more: int) -> None:
        first, second = business.tax(taxable, RULES), business.tax(taxable + more, RULES)
        assert second.due_minor >= first.due_minor >= 0
        assert second.due_minor - first.due_minor <= Decimal("0.36") * more + 1

    @pytest.mark.parametrize("code", ["business", "wage"])
    def test_brackets_meet_at_their_edges(self, code: str) -> None:
        table = taxes.Law(taxes.written.day(ON, "on")).brackets(code)
        for row in table[:-1]:
            edge = row.up_to_minor or 0
            assert progressive(edge + 1, table) - progressive(edge, table) < 1


class TestOtherTaxes:
    def test_a_firm_at_the_line_and_past_it(self) -> None:
        at, past = (taxes.firm_income({"taxable": text, "on": ON}) for text in ("3000000", "3000000.01"))
        assert (at["due"], at["small_low_profit"], past["due"], past["small_low_profit"]) == (
            "150000.00",
            True,
            "750000.00",
            False,
        )

    def test_a_firm_with_too_many_people(self) -> None:
        assert taxes.firm_income({"taxable": 100, "staff": 301, "on": ON})["rate"] == "0.25"

    def test_stamp_is_halved_and_a_small_loan_is_free(self) -> None:
        assert taxes.stamp({"contract": "lease", "amount": 120_000, "on": ON})["due"] == "60.00"
        assert taxes.stamp({"contract": "loan", "amount": 120_000, "on": ON})["due"] == "0.00"
        assert taxes.stamp({"contract": "loan", "amount": 120_000, "small": "no", "on": ON})["due"] == "6.00"

    def test_wages_by_the_year_so_far(self) -> None:
        found = taxes.wage({"gross": 30_000, "months": 3, "deducted": 4_500, "on": ON})
        assert found["withheld"] == [
            "615.00",
            "965.00",
            "2050.00",
        ]  # 20,500 a month: 3 %, then 41,000 × 10 % − 2,520 − 615


class TestBadInput:
    @pytest.mark.parametrize(
        ("name", "asked", "code"),
        [
            ("vat", {"on": ON}, "SALES_MISSING"),
            ("vat", {"quarter_gross": 1, "month_gross": 1, "on": ON}, "SALES_MISSING"),
            ("vat", {"quarter_gross": -1, "on": ON}, "AMOUNT_NEGATIVE"),
            ("vat", {"quarter_gross": "abc", "on": ON}, "AMOUNT_UNREADABLE"),
            ("vat", {"quarter_gross": 1, "special_gross": 2, "on": ON}, "SALES_UNREADABLE"),
            ("vat", {"quarter_gross": 1, "place": "moon", "on": ON}, "PLACE_UNKNOWN"),
            ("vat", {"quarter_gros": 1, "on": ON}, "FIELD_UNKNOWN"),
            ("vat", {"quarter_gross": 1, "on": "2026-02-30"}, "DAY_UNREADABLE"),
            ("vat", {"quarter_gross": 1, "on": "2028-01-01"}, "TAX_RULE_ABSENT"),
            ("iit", {"on": ON}, "FIELD_MISSING"),
            ("iit", {"revenue": 1, "months": 13, "on": ON}, "MONTHS_UNKNOWN"),
            ("iit", {"taxable": 1, "kind": "llc", "on": ON}, "KIND_UNKNOWN"),
            ("iit", {"revenue": 1, "losses": [1], "on": ON}, "LOSSES_UNREADABLE"),
            ("cit", {"taxable": True, "on": ON}, "AMOUNT_UNREADABLE"),
            ("stamp", {"contract": "will", "amount": 1, "on": ON}, "CONTRACT_UNKNOWN"),
            ("wage", {"gross": [1, 2], "deducted": [1], "on": ON}, "MONTHS_DIFFER"),
            ("wage", {"gross": 1, "months": 10**9, "on": ON}, "MONTHS_UNKNOWN"),
            ("wage", {"gross": [1] * 13, "on": ON}, "MONTHS_UNKNOWN"),
        ],
    )
    def test_is_refused_by_name(self, name: str, asked: dict[str, Any], code: str) -> None:
        with pytest.raises(Refused, match=code):
            taxes.ask(name, asked)

    def test_names_the_taxes_there_are(self) -> None:
        with pytest.raises(Refused, match=r"TAX_UNKNOWN.*vat, surcharge"):
            taxes.answer({"tax": "salt", "on": ON})


class TestTheTables:
    @pytest.mark.parametrize("table", ["brackets", "health_index", "health_policy"])
    def test_say_where_every_row_comes_from(self, table: str) -> None:
        assert all(row["source"] and row["confidence"] and row["effective_from"] for row in rule_files.every(table))
