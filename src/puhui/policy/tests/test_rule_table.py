"""The dated rule table: the right row on the right day, for the right lender."""

from datetime import date
from decimal import Decimal

import pytest

from puhui.policy import rule_table


class TestARule:
    @pytest.mark.parametrize(
        ("lender_type", "on", "value"),
        [
            ("bank", date(2020, 3, 1), "0.24"),
            ("bank", date(2025, 9, 30), "0.24"),
            ("bank", date(2025, 10, 1), "0.24"),
            ("cfc", date(2025, 12, 31), "0.24"),
            ("cfc", date(2026, 1, 1), "0.20"),
            ("mcc", date(2027, 12, 31), "0.24"),
            ("mcc", date(2028, 1, 1), "0.1200"),  # 4 × LPR of 3.00 %
        ],
    )
    def test_is_the_one_in_force(self, lender_type: str, on: date, value: str) -> None:
        found = rule_table.find("CAP_ALLIN", metric="apr_simple", lender_type=lender_type, on=on)
        assert found.value == Decimal(value)

    def test_absent_is_an_answer_not_a_default(self) -> None:
        with pytest.raises(rule_table.RuleAbsent, match="2017-08-03"):
            rule_table.find("CAP_ALLIN", metric="apr_simple", lender_type="bank", on=date(2017, 8, 3))

    def test_names_its_source(self) -> None:
        rule = rule_table.find("CALL_MAX_DAY", metric="calls", on=date(2026, 1, 1))
        assert (rule.value, rule.source, rule.confidence) == (Decimal(3), "GB/T 45251-2025", "second-hand")


def test_rows_of_one_rule_never_overlap() -> None:
    rows = rule_table._rows()
    for one in rows:
        same = [
            other
            for other in rows
            if other is not one and all(other[key] == one[key] for key in ("code", "lender_type", "metric"))
        ]
        for other in same:
            until_one, until_other = (one["effective_to"] or "9999", other["effective_to"] or "9999")
            assert until_one < other["effective_from"] or until_other < one["effective_from"], (one, other)
