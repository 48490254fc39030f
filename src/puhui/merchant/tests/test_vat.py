"""VAT of a small-scale taxpayer: the vectors of domain facts 1.12 to the cent, and the cliff."""

from datetime import date
from decimal import Decimal

import pytest

from puhui.kernel.money import parse_yuan
from puhui.kernel.refusal import Refused
from puhui.merchant import queries
from puhui.merchant.core.vat import VatRules, estimate
from puhui.merchant.queries import MonthGross

RULES = VatRules(Decimal("0.01"), 30_000_000, "<")
VECTORS = [
    # gross of the quarter, net, tax, exempt, room left below the line, worse than staying below
    ("0", "0", "0", True, "303000", False),
    ("302999", "299999.01", "0", True, "1", False),
    ("302999.99", "299999.99", "0", True, "0.01", False),
    ("303000", "300000", "3000.00", False, "0", True),
    ("306029.99", "302999.99", "3030.00", False, "0", False),
    ("306029.98", "302999.98", "3030.00", False, "0", True),
    ("400000", "396039.60", "3960.40", False, "0", False),
]


class TestTheVectors:
    @pytest.mark.parametrize(("gross", "net", "tax", "exempt", "room", "worse"), VECTORS)
    def test_hold_to_the_cent(self, gross: str, net: str, tax: str, exempt: bool, room: str, worse: bool) -> None:
        found = estimate(parse_yuan(gross), RULES)
        assert (found.net_minor, found.tax_minor) == (parse_yuan(net), parse_yuan(tax))
        assert (found.exempt, found.room_minor, found.worse_than_staying_below) == (exempt, parse_yuan(room), worse)

    def test_exempt_at_the_line_where_the_rule_includes_it(self) -> None:
        assert estimate(30_300_000, VatRules(Decimal("0.01"), 30_000_000, "<=")).tax_minor == 0
        assert estimate(30_300_001, VatRules(Decimal("0.01"), 30_000_000, "<=")).tax_minor == 300_000

    def test_tax_special_invoices_always(self) -> None:
        assert estimate(20_000_000, RULES, special_gross_minor=10_100_000).tax_minor == 100_000
        assert estimate(30_300_000, RULES, special_gross_minor=10_100_000).tax_minor == 300_000

    def test_do_not_exist_for_impossible_input(self) -> None:
        with pytest.raises(ValueError, match="special invoices"):
            estimate(100, RULES, special_gross_minor=101)
        with pytest.raises(ValueError, match="compares by"):
            VatRules(Decimal("0.01"), 1, ">")


def months(*yuan: str, year: int = 2026) -> list[MonthGross]:
    return [MonthGross(date(year, n, 1), parse_yuan(text)) for n, text in enumerate(yuan, start=1)]


class TestAQuarter:
    def test_sums_its_own_months_and_names_the_source(self) -> None:
        found = queries.quarter_estimate(months("100000", "100000", "200000", "999999"), year=2026, quarter=1)
        assert found.estimate is not None
        assert (found.months, found.estimate.gross_minor, found.estimate.tax_minor) == (3, 40_000_000, 396_040)
        assert any("增值税法" in source for source in found.sources)
        assert [note[0][:5] for note in found.notes] == ["含税销售额"]

    def test_warns_before_the_cliff(self) -> None:
        found = queries.quarter_estimate(months("100000", "100000", "90000"), year=2026, quarter=1)
        assert found.notes == (
            (
                "再开 13,000.00 元（含税）即全额计税",
                "another 13,000.00 yuan (tax included) makes the whole quarter taxable",
            ),
        )

    def test_says_when_it_has_just_fallen_off(self) -> None:
        found = queries.quarter_estimate(months("101000", "101000", "101000"), year=2026, quarter=1)
        assert [note[1][:10] for note in found.notes] == ["gross sale", "just past "]

    def test_says_when_months_are_missing(self) -> None:
        found = queries.quarter_estimate(months("1000"), year=2026, quarter=1)
        assert found.notes == (("仅有 1 个月的数据", "only 1 of 3 months are known"),)

    def test_includes_the_line_until_the_end_of_2025_and_not_from_2026(self) -> None:
        for year, tax in ((2025, 0), (2026, 300_000)):
            found = queries.quarter_estimate(months("101000", "101000", "101000", year=year), year=year, quarter=1)
            assert found.estimate is not None
            assert found.estimate.tax_minor == tax

    @pytest.mark.parametrize("year", [2019, 2022, 2028])
    def test_without_a_loaded_rule_gets_no_number(self, year: int) -> None:
        found = queries.quarter_estimate(months("400000", year=year), year=year, quarter=1)
        assert (found.estimate, found.sources) == (None, ())
        assert found.notes[0][1].startswith("no rule is loaded")

    @pytest.mark.parametrize(
        ("rows", "quarter", "code"),
        [
            (months("1"), 5, "QUARTER_UNKNOWN"),
            ([*months("1"), *months("1")], 1, "MONTH_TWICE"),
            (months("-1"), 1, "SALES_UNREADABLE"),
            ([MonthGross(date(2026, 1, 1), 100, 101)], 1, "SALES_UNREADABLE"),
        ],
    )
    def test_is_refused_by_name(self, rows: list[MonthGross], quarter: int, code: str) -> None:
        with pytest.raises(Refused, match=code):
            queries.quarter_estimate(rows, year=2026, quarter=quarter)
