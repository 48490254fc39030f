"""Static checks are sound: what they call impossible never happens, and what they call an overlap does."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from puhui.policy.core.columns import Column, Columns
from puhui.policy.core.condition import read_condition
from puhui.policy.core.fault import ConditionFault
from puhui.policy.core.rulebook import read_rules
from puhui.policy.core.static_checks import check
from puhui.policy.core.witness import witnesses
from puhui.policy.tests import conditions_at_random as random_ones

ROWS = random_ones.rows(300, seed=11)
FRAME = pl.DataFrame(
    {name: [row[name] for row in ROWS] for name in random_ones.COLUMNS},
    schema={name: column.type for name, column in random_ones.COLUMNS.items()},
)
HEAD = "code,condition,outcome,severity,text_zh,text_en,effective_from,effective_to\n"
COLUMNS = Columns([
    Column("age", "integer", may_be_missing=False, low=Decimal(0), high=Decimal(150)), Column("debt", "float"),
    Column("city", "text", may_be_missing=False), Column("day", "date", may_be_missing=False), Column("ok", "boolean"),
])  # fmt: skip


def findings(*rows: str) -> list[tuple[str, str, str]]:
    return [(found.kind, found.rule, found.about) for found in check(read_rules(HEAD + "\n".join(rows), COLUMNS), COLUMNS)
            if found.kind not in ("unused", "missing")]  # fmt: skip


class TestStaticChecks:
    @pytest.mark.parametrize(
        ("condition", "kind"),
        [
            ("age > 60 AND age < 18", "never_fires"), ("age > 200", "never_fires"), ("age < 0", "never_fires"),
            ("age = 3 AND age = 4", "never_fires"), ("age > 3 AND age < 4", "never_fires"),
            ("city = 'a' AND city = 'b'", "never_fires"), ("day < '2026-01-01' AND day >= '2026-01-01'", "never_fires"),
            ("debt > 0.5 AND NOT debt > 0.5", "never_fires"), ("ok AND NOT ok", "never_fires"), ("age IS NULL AND age > 3", "never_fires"),
            ("age + 1 > age + 2 AND NOT (age + 1 > age + 2)", "never_fires"),
            ("age >= 0", "always_fires"), ("age >= 0 OR age = NULLIF(age, 4)", "always_fires"), ("age < 18 OR age >= 18", "always_fires"),
        ],
    )  # fmt: skip
    def test_name_what_cannot_be_otherwise(self, condition: str, kind: str) -> None:
        assert kind in [found for found, *_ in findings(f'R,"{condition}",refuse,grave,x,x,,')]

    @pytest.mark.parametrize(
        "condition",
        ["age > 60 AND debt < 18", "age > 3 AND age < 5", "debt > 3 AND debt < 4", "city > 'a' AND city < 'b'",
         "day > '2026-01-01' AND day < '2026-01-03'", "age + 1 > 5", "age = 150", "age IN (1, 2, NULL)", "CASE WHEN age > 3 THEN TRUE END", "NULLIF(age, 4) >= 0"],
    )  # fmt: skip
    def test_say_nothing_of_what_can_happen(self, condition: str) -> None:
        assert [
            found
            for found in findings(f'R,"{condition}",refuse,grave,x,x,,')
            if found[0] in ("never_fires", "always_fires")
        ] == []

    def test_name_duplicates_shadows_and_overlaps(self) -> None:
        assert findings("A,age < 18,refuse,grave,x,x,,", "B,NOT age >= 18,review,warn,x,x,,") == [
            ("duplicate", "B", "A")
        ]
        assert findings("A,age < 18,refuse,grave,x,x,,", "B,age < 16,review,warn,x,x,,") == [("shadowed", "B", "A")]
        assert findings("A,age < 18,pass,note,x,x,,", "B,age < 16,review,warn,x,x,,") == [("overlap", "A", "B")]
        assert findings("A,age < 18,refuse,grave,x,x,,", "B,age > 16,review,warn,x,x,,") == [("overlap", "A", "B")]
        assert findings("A,age < 18,refuse,grave,x,x,,", "B,age > 60,review,warn,x,x,,") == []

    def test_rules_of_other_years_do_not_meet(self) -> None:
        one, other = "A,age < 18,refuse,grave,x,x,2020-01-01,2020-12-31", "B,age < 16,review,warn,x,x,2021-01-01,"
        assert findings(one, other) == []

    def test_say_how_a_rule_answers_where_a_value_is_missing(self) -> None:
        book = read_rules(HEAD + "\n".join([
            "A,debt > 0.5,refuse,grave,x,x,,", "B,debt IS NULL,refuse,grave,x,x,,", '"C","coalesce(debt, 0) > 0.5",refuse,grave,x,x,,',
        ]), COLUMNS)  # fmt: skip
        told = {found.rule: found.en for found in check(book, COLUMNS) if found.kind == "missing"}
        assert told == {
            "A": "undecided for want of debt, it answers review",
            "B": "where debt is missing it is true; the condition says so itself",
            "C": "where debt is missing it may be false; the condition says so itself",
        }

    def test_name_a_threshold_out_of_range_and_a_whole_division(self) -> None:
        assert findings("A,age > 10 AND age < 999,refuse,grave,x,x,,") == [("out_of_range", "A", "age")]
        assert findings("A,age / 7 > 3,refuse,grave,x,x,,") == [("whole_division", "A", "")]

    def test_a_threshold_outside_the_range_is_always_passed_or_never(self) -> None:
        assert findings("A,age > -3,refuse,grave,x,x,,") == [("always_fires", "A", ""), ("out_of_range", "A", "age")]
        pair = [read_condition(each, random_ones.COLUMNS) for each in ("i IS NULL", "j = -3")]
        found = witnesses(pair, random_ones.COLUMNS)
        assert found is not None
        assert set(zip(*[answer.to_list() for answer in found.answers], strict=True)) == {
            (known, answer) for known in (True, False) for answer in (False, None)
        }

    @settings(
        max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
    )
    @given(text=random_ones.CONDITIONS, other=random_ones.CONDITIONS)
    def test_are_sound_for_any_two_conditions(self, text: str, other: str) -> None:
        """Every answer pair seen on real rows is among the witnesses': so nothing that happens is called impossible."""
        try:
            pair = [read_condition(each, random_ones.COLUMNS) for each in (text, other)]
        except ConditionFault:
            return
        found = witnesses(pair, random_ones.COLUMNS)
        if found is None:
            return
        told = [condition.expression().alias(f"?{n}") for n, condition in enumerate(pair)]
        answers = FRAME.with_columns(told).select("?0", "?1")
        assert set(answers.rows()) <= set(zip(*[answer.to_list() for answer in found.answers], strict=True))


def test_a_rule_in_force_on_no_common_day_is_not_in_the_way() -> None:
    book = read_rules(HEAD + "A,age < 18,refuse,grave,x,x,2026-01-01,2026-01-31", COLUMNS)
    assert book.rules[0].in_force(date(2026, 1, 31))
    assert not book.rules[0].in_force(date(2026, 2, 1))
