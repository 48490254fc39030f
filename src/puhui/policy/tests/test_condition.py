"""What a condition may say: everything else is refused with a code, a place and, where there is one, what to write instead."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.policy.core.columns import Column, Columns
from puhui.policy.core.condition import LONGEST, read_condition, read_formula
from puhui.policy.core.fault import ConditionFault

COLUMNS = Columns([
    Column("age_years", "integer", low=Decimal(0), high=Decimal(150), zh="年龄（周岁）"), Column("debt_minor", "integer"),
    Column("ratio", "decimal", scale=4), Column("share", "float"), Column("is_new", "boolean"), Column("city", "text"),
    Column("born_on", "date"), Column("months", "integer", low=Decimal(1), high=Decimal(36)),
])  # fmt: skip

REFUSED = [
    # text, code, the words marked, suggestion
    ("age_year > 18", "COLUMN_UNKNOWN", "age_year", "age_years"),
    ("age_years > 18 AND ctiy = 'x'", "COLUMN_UNKNOWN", "ctiy", "city"),
    ("年龄 > 18", "COLUMN_UNKNOWN", "年龄", "age_years"),
    ("籍贯 = '某地'", "COLUMN_UNKNOWN", "籍贯", ""),
    ("age_years＞18", "FULL_WIDTH", "＞", ">"),
    ("city = ‘某地’", "FULL_WIDTH", "‘", "'"),
    ("age_years ≥ 18 AND city = '（某地）'", "FULL_WIDTH", "≥", ">="),
    ("debt_minor / 0 > 1", "DIVISOR_MAY_BE_ZERO", "0", ""),
    ("shop.age_years > 18", "NOT_ALLOWED", "shop.age_years", ""),
    ("sum(age_years) > 18", "AGGREGATE", "sum(age_years", ""),
    ("count(*) > 1", "AGGREGATE", "count(*", ""),
    ("age_years IN (SELECT 1)", "SUBQUERY", "age_years IN (SELECT 1", ""),
    ("age_years > (SELECT max(x) FROM t)", "SUBQUERY", "max(x) FROM t", ""),
    ("EXISTS (SELECT 1)", "SUBQUERY", "EXISTS (SELECT 1", ""),
    ("row_number() OVER () > 1", "WINDOW", "row_number", ""),
    ("coalsce(age_years, 1) > 1", "FUNCTION_UNKNOWN", "coalsce(age_years, 1", "coalesce"),
    ("pg_sleep(1) IS NULL", "FUNCTION_UNKNOWN", "pg_sleep(1", ""),
    ("age_years > 'eighteen'", "TYPE_MISMATCH", "'eighteen'", ""),
    ("city > 3", "TYPE_MISMATCH", "3", ""),
    ("is_new > 3", "TYPE_MISMATCH", "3", ""),
    ("city + 1 > 2", "TYPE_MISMATCH", "city", ""),
    ("age_years AND is_new", "TYPE_MISMATCH", "age_years", ""),
    ("NOT age_years", "TYPE_MISMATCH", "age_years", ""),
    ("age_years LIKE 'a%'", "TYPE_MISMATCH", "age_years", ""),
    ("age_years + 1", "TYPE_MISMATCH", "age_years + 1", ""),
    ("1 = 1", "CONSTANT", "1 = 1", ""),
    ("TRUE", "CONSTANT", "TRUE", ""),
    ("age_years = NULL", "NULL_COMPARED", "age_years", "age_years IS NULL"),
    ("debt_minor / months > 3 AND debt_minor / age_years > 2", "DIVISOR_MAY_BE_ZERO", "age_years", "NULLIF(age_years, 0)"),
    ("ratio / 2 > 1", "DECIMAL_DIVISION", "ratio", ""),
    ("share % 2 > 1", "TYPE_MISMATCH", "share", ""),
    ("age_years > 18 > is_new", "BRACKETS_NEEDED", "age_years > 18", "(age_years > 18)"),
    ("is_new = age_years > 3", "BRACKETS_NEEDED", "age_years > 3", "(age_years > 3)"),
    ("born_on > '2026-02-30'", "DATE", "'2026-02-30'", "DATE '2026-01-31'"),
    ("born_on > CURRENT_DATE", "CLOCK", " ", ""),
    ("born_on + INTERVAL '1 day' > born_on", "INTERVAL", "born_on + INTERVAL '1 day'", ""),
    ("born_on + debt_minor > born_on", "NUMBER_TOO_WIDE", "born_on + debt_minor", ""),
    ("debt_minor * debt_minor * debt_minor > 1", "NUMBER_TOO_WIDE", "debt_minor * debt_minor * debt_minor", ""),
    ("age_years::text = '1'", "CAST", "age_years", "::float8, ::numeric, DATE '2026-01-31', flag::int"),
    ("age_years ~ 'x'", "FUNCTION_UNKNOWN", "age_years ~ 'x'", ""),
    ("city LIKE city", "NOT_ALLOWED", "city LIKE city", ""),
    ("city LIKE 'a\\'", "PATTERN", "city LIKE 'a\\'", ""),
    ("age_years >", "SYNTAX", ">", ""),
    ("age_years > 18; DROP TABLE policy_version", "SYNTAX", "; DROP TABLE policy_version", ""),
    ("age_years > 'x", "SYNTAX", "age_years > 'x", ""),
    ("", "EMPTY", "", ""),
    ("$1 > age_years", "NOT_ALLOWED", "1", ""),
    ("age_years > 99999999999999999999999999999999999999", "NUMBER_TOO_WIDE", "99999999999999999999999999999999999999", ""),
]  # fmt: skip


class TestACondition:
    @pytest.mark.parametrize(("text", "code", "marked", "suggestion"), REFUSED)
    def test_is_refused_with_its_place_and_a_suggestion(
        self, text: str, code: str, marked: str, suggestion: str
    ) -> None:
        with pytest.raises(ConditionFault) as caught:
            read_condition(text, COLUMNS)
        fault = caught.value
        found = text[fault.start : fault.end]
        assert (fault.code, fault.suggestion) == (code, suggestion)
        assert found == marked or code in ("CLOCK", "INTERVAL", "SUBQUERY"), found

    def test_that_is_too_long_or_too_deep_is_refused(self) -> None:
        for text, code in (
            ("age_years > 1" + " OR age_years > 1" * LONGEST, "TOO_LONG"),
            ("NOT " * 70 + "age_years > 1", "TOO_DEEP"),
            ("(" * 400 + "age_years > 1" + ")" * 400, "SYNTAX"),
        ):
            with pytest.raises(ConditionFault) as caught:
                read_condition(text, COLUMNS)
            assert caught.value.code == code

    @settings(max_examples=300, deadline=None)
    @given(text=st.text(max_size=60) | st.lists(st.sampled_from(
        ["age_years", "city", "(", ")", "AND", "NOT", ">", "=", "'a'", "1", "IN", ",", "LIKE", "NULL", "IS", "CASE", "WHEN", "THEN",
         "END", "::", "numeric", "ARRAY", "[", "]", "SELECT", "FROM", ";", "--", "/*", "$$", "\x00"]), max_size=12).map(" ".join))  # fmt: skip
    def test_of_any_text_is_read_or_refused_never_a_crash(self, text: str) -> None:
        try:
            condition = read_condition(text, COLUMNS)
        except ConditionFault as fault:
            placed = bool(fault.message) and 0 <= fault.start < fault.end
        else:
            placed = condition.columns <= set(COLUMNS)
        assert placed

    def test_names_are_folded_as_postgresql_folds_them(self) -> None:
        assert read_condition("AGE_YEARS < 18", COLUMNS).columns == {"age_years"}
        with pytest.raises(ConditionFault):
            read_condition('"AGE_YEARS" < 18', COLUMNS)

    def test_shows_the_place(self) -> None:
        text = "age_years > 18 AND\n  ctiy = 'x'"
        with pytest.raises(ConditionFault) as caught:
            read_condition(text, COLUMNS)
        assert caught.value.told(text).endswith("\n      ctiy = 'x'\n      ^^^^")

    def test_divides_truly(self) -> None:
        """Polars multiplies by a reciprocal where the divisor is a constant: 3 / 10 was 0.30000000000000004."""
        formula = read_formula("share / 10", COLUMNS)
        values = [3.0, 7.0, 0.1, 123.456]
        found = pl.DataFrame({"share": values}).select(formula.expression()).to_series().to_list()
        assert found == [value / 10 for value in values]


class TestColumns:
    def test_refuse_values_of_another_kind_by_row_and_name(self) -> None:
        from puhui.kernel.refusal import Refused

        for name, value, code in (
            ("age_years", "18", "INPUT_KIND"), ("age_years", 18.5, "INPUT_KIND"), ("age_years", True, "INPUT_KIND"),
            ("age_years", 200, "INPUT_RANGE"), ("age_years", -1, "INPUT_RANGE"), ("share", float("nan"), "INPUT_KIND"),
            ("share", float("inf"), "INPUT_KIND"), ("ratio", "0.12345", "INPUT_KIND"), ("is_new", 1, "INPUT_KIND"),
            ("city", 3, "INPUT_KIND"), ("born_on", "2026-13-01", "INPUT_KIND"), ("debt_minor", 2**63, "INPUT_KIND"),
        ):  # fmt: skip
            with pytest.raises(Refused) as caught:
                COLUMNS.frame([{}, {name: value}])
            assert (caught.value.refusal.code, caught.value.refusal.where) == (code, f"row 2, {name}")
