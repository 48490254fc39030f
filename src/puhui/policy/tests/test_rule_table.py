"""The dated rule table: the right row on the right day, for the right lender."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

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
            ("private", date(2020, 8, 20), "0.1540"),  # 4 × 3.85 %
            ("private", date(2021, 12, 20), "0.1520"),  # 4 × 3.80 %
            ("private", date(2025, 5, 19), "0.1240"),  # 4 × 3.10 %
            ("leasing", date(2020, 1, 1), "0.24"),
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

    def test_of_a_formula_names_the_row_it_was_worked_out_from(self) -> None:
        rule = rule_table.find("CAP_ALLIN", metric="apr_simple", lender_type="private", on=date(2022, 3, 1))
        assert (rule.value, rule.formula) == (Decimal("0.1480"), "4*LPR1Y")
        assert rule.source.endswith("; LPR1Y 2022-01-20: PBoC announcement 2022-01-20")

    def test_of_a_formula_without_its_rate_is_absent(self) -> None:
        with pytest.raises(rule_table.RuleAbsent, match="LPR1Y/rate"):
            rule_table._rule({"value": "4*LPR1Y"}, date(2019, 8, 19))


class TestTheTable:
    @pytest.mark.parametrize("code", ["LPR1Y", "LPR5Y"])
    def test_has_each_lpr_for_every_day_since_the_first(self, code: str) -> None:
        rows = sorted((row["effective_from"], row["effective_to"]) for row in rule_table._rows() if row["code"] == code)
        assert rows[0][0] == "2019-08-20"
        assert rows[-1][1] == ""
        for (_, until), (begins, _) in pairwise(rows):
            assert date.fromisoformat(until) + timedelta(days=1) == date.fromisoformat(begins)

    def test_says_where_each_row_comes_from_and_how_sure_we_are(self) -> None:
        known = {"known", "found", "second-hand", "reported", "practice", "house"}
        for row in rule_table._rows():
            assert row["confidence"] in known, row
            assert row["source"], row
            assert rule_table._rule(row, date.fromisoformat(row["effective_from"])).value >= 0


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
