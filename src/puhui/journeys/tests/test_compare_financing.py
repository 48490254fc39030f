"""Offers priced by the loan book's sums (domain facts 1.2), cheapest yearly cost first, and no place for a commission."""

from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from puhui.journeys import compare_financing
from puhui.kernel.refusal import Refused
from puhui.merchant import record_kinds
from puhui.merchant.core.financing import Priced, alike, ordered
from puhui.merchant.core.tool_records import Record, read

ON, CAP = date(2026, 11, 29), Decimal("0.24")


def priced(**fields_: Any) -> Priced:
    told = {"who": "甲", "principal": "100000", "way": "equal_instalment", "rate": "12%", "periods": 12} | fields_
    offer = Record("rec_1", "loan_offer", ON, read(record_kinds.kind("loan_offer"), told))
    return compare_financing.priced(offer, on=ON, cap=CAP, bearable_minor=None)


class TestAnOffer:
    @pytest.mark.parametrize(
        ("told", "rate", "above"),
        [
            ({}, "0.12000", False),
            ({"monthly_fee": "500"}, "0.22528", False),
            ({"upfront_fee": "2000"}, "0.15854", False),
            ({"way": "flat", "rate": "7.2%"}, "0.13034", False),
            ({"way": "flat", "rate": "12%"}, "0.21457", False),
            ({"way": "flat", "rate": "13.8%"}, "0.24565", True),
        ],
    )
    def test_costs_what_its_cash_flows_say(self, told: dict[str, Any], rate: str, above: bool) -> None:
        found = priced(**told)
        assert found.apr_simple is not None
        assert abs(found.apr_simple - Decimal(rate)) < Decimal("0.00002")
        assert found.above_cap is above

    def test_counts_what_is_withheld_as_cost(self) -> None:
        plain, withheld = priced(), priced(upfront_fee="2000")
        assert (plain.received_minor, withheld.received_minor) == (10_000_000, 9_800_000)
        assert withheld.cost_minor - plain.cost_minor == 200_000

    def test_over_the_lpr_takes_that_of_its_day(self) -> None:
        found = priced(rate="", lpr_points="145", penalty_multiple="1.5", early_fee="2%")
        assert (found.rate, found.over_lpr, found.penalty_rate) == (Decimal("0.0445"), Decimal(145), Decimal("0.06675"))
        assert found.apr_simple is not None
        assert abs(found.apr_simple - Decimal("0.0445")) < Decimal("0.00002")
        assert (found.penalty_unlawful, found.early_fee) == (False, Decimal("0.02"))
        assert priced(penalty_multiple="2").penalty_unlawful
        earlier = Record("rec_1", "loan_offer", date(2024, 8, 1), {"lpr_points": "-30", "periods": 12})
        assert compare_financing.rate_of(earlier) == (Decimal("0.0305"), Decimal(-30))
        longer = Record("rec_1", "loan_offer", date(2024, 8, 1), {"lpr_points": "-30", "periods": 61})
        assert compare_financing.rate_of(longer) == (Decimal("0.0355"), Decimal(-30))  # 3.85 % beyond five years

    def test_without_a_rate_is_refused(self) -> None:
        with pytest.raises(Refused, match="RATE_UNTOLD"):
            priced(rate="")
        for periods in (12, 61):
            before_any_lpr = Record("rec_1", "loan_offer", date(2019, 8, 19), {"lpr_points": "10", "periods": periods})
            with pytest.raises(Refused, match="LPR_UNTOLD"):
                compare_financing.rate_of(before_any_lpr)

    def test_with_a_commission_is_refused(self) -> None:
        with pytest.raises(Refused, match="FIELD_UNKNOWN"):
            priced(commission="900")
        assert not any("commission" in field.name for field in fields(Priced))


def test_the_order_is_by_yearly_cost_whoever_offers() -> None:
    dear, cheap = priced(who="一"), priced(who="二", rate="6%")
    assert [each.who for each in ordered([dear, cheap])] == ["二", "一"]
    longer = priced(who="三", rate="5%", periods=24)
    assert [each.who for each in ordered([dear, cheap, longer], "cost")] == ["二", "三", "一"]
    assert [each.who for each in ordered([dear, cheap, longer], "rate")] == ["三", "二", "一"]
    assert (alike([dear, cheap]), alike([dear, longer])) == (True, False)
