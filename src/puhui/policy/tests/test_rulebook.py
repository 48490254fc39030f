"""The rulebook over a frame: one row is a batch of one, and a missing value never silently passes."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puhui.kernel.refusal import Refused
from puhui.policy.core.columns import Column, Columns
from puhui.policy.core.outcome import OUTCOMES
from puhui.policy.core.rulebook import Rulebook, evaluate, read_rules
from puhui.policy.tests import conditions_at_random as random_ones

ON = date(2026, 3, 1)
HEAD = "code,condition,outcome,severity,on_missing,text_zh,text_en,effective_from,effective_to\n"
COLUMNS = Columns([Column("a", "integer"), Column("b", "float"), Column("c", "text"), Column("d", "boolean")])
KLEENE = st.recursive(
    st.sampled_from(["a > 3", "a < 8", "b >= 0.5", "b < 0.2", "c = 'x'", "c IN ('x', 'y')", "d", "a BETWEEN 2 AND 6", "a <> 4"]),
    lambda part: st.builds("({} AND {})".format, part, part) | st.builds("({} OR {})".format, part, part) | st.builds("NOT ({})".format, part),
    max_leaves=5,
)  # fmt: skip
ROW = st.fixed_dictionaries({
    "a": st.none() | st.integers(0, 10), "b": st.none() | st.sampled_from([0.0, 0.2, 0.5, 0.9]),
    "c": st.none() | st.sampled_from(["x", "y", "z"]), "d": st.none() | st.booleans(),
})  # fmt: skip


def book_of(*conditions: str, outcome: str = "refuse", on_missing: str = "", columns: Columns = COLUMNS) -> Rulebook:
    rows = [f'R{n},"{text}",{outcome},warn,{on_missing},规,rule,,' for n, text in enumerate(conditions)]
    return read_rules(HEAD + "\n".join(rows), columns)


class TestARulebook:
    @settings(max_examples=200, deadline=None)
    @given(conditions=st.lists(KLEENE, min_size=1, max_size=5), row=ROW, missing=st.sampled_from(["a", "b", "c", "d"]))
    def test_a_value_gone_missing_never_turns_a_refusal_into_an_approval(
        self, conditions: list[str], row: dict[str, Any], missing: str
    ) -> None:
        book = book_of(*conditions)
        before, after = evaluate(book, COLUMNS.frame([row, row | {missing: None}]), on=ON).outcomes()
        assert not (before == "refuse" and after == "pass")

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(conditions=st.lists(random_ones.CONDITIONS, min_size=1, max_size=4), seed=st.integers(0, 99))
    def test_judges_one_row_as_it_judges_a_frame(self, conditions: list[str], seed: int) -> None:
        try:
            book = book_of(*conditions, columns=random_ones.COLUMNS)
        except Refused:
            return
        rows = random_ones.rows(12, seed)
        frame = pl.DataFrame(
            {name: [row[name] for row in rows] for name in random_ones.COLUMNS},
            schema={name: column.type for name, column in random_ones.COLUMNS.items()},
        )
        together = evaluate(book, frame, on=ON)
        for place in range(len(rows)):
            alone = evaluate(book, frame[place], on=ON)
            assert alone.outcomes() == [together.outcomes()[place]]
            assert [hit.code for hit in alone.hits_of(0)] == [hit.code for hit in together.hits_of(place)]
            assert alone.unknown_of(0) == together.unknown_of(place)

    @pytest.mark.parametrize(
        ("outcome", "on_missing", "answer"),
        [("refuse", "", "review"), ("review", "", "review"), ("step_up", "", "step_up"), ("pass", "", "pass"),
         ("refuse", "refuse", "refuse"), ("refuse", "pass", "pass"), ("review", "step_up", "step_up")],
    )  # fmt: skip
    def test_answers_for_a_missing_value_as_the_rule_says(self, outcome: str, on_missing: str, answer: str) -> None:
        judged = evaluate(book_of("a > 3", outcome=outcome, on_missing=on_missing), COLUMNS.frame([{}]), on=ON)
        assert (judged.outcomes(), judged.unknown_of(0), judged.hits_of(0)) == ([answer], ("R0",), ())
        assert [hit.outcome for hit in judged.asked_by_missing(0)] == ([] if answer == "pass" else [answer])

    def test_the_gravest_answer_decides_and_every_hit_is_told_with_its_values(self) -> None:
        text = HEAD + 'A,a > 3,review,warn,,大,large,,\nB,"b > 0.5 AND a > 1",refuse,grave,,高,high,,\n'
        judged = evaluate(read_rules(text, COLUMNS), COLUMNS.frame([{"a": 5, "b": 0.9}, {"a": 5, "b": 0.1}]), on=ON)
        assert judged.outcomes() == ["refuse", "review"]
        assert [(hit.code, hit.evidence) for hit in judged.hits_of(0)] == [("A", {"a": 5}), ("B", {"a": 5, "b": 0.9})]
        assert judged.counts() == {"A": 2, "B": 1}

    def test_a_rule_counts_on_its_days_only_row_by_row(self) -> None:
        book = read_rules(HEAD + "A,a > 3,refuse,grave,,大,large,2026-01-01,2026-01-31", COLUMNS)
        days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)]
        frame = COLUMNS.frame([{"a": 9}] * 4)
        assert evaluate(book, frame, on=days).outcomes() == ["pass", "refuse", "refuse", "pass"]
        assert evaluate(book, COLUMNS.frame([{}]), on=date(2026, 2, 1)).unknown_of(0) == ()

    def test_without_rules_or_rows_it_has_nothing_against_anybody(self) -> None:
        empty = read_rules(HEAD, COLUMNS)
        assert evaluate(empty, COLUMNS.frame([{}]), on=ON).outcomes() == ["pass"]
        assert evaluate(book_of("a > 3"), COLUMNS.frame([]), on=ON).outcomes() == []

    @pytest.mark.parametrize(
        ("row", "code"),
        [("A,a > 3,hang,warn,,x,x,,", "RULE_WORD"), ("A,a > 3,refuse,loud,,x,x,,", "RULE_WORD"),
         ("A,a > 3,refuse,warn,maybe,x,x,,", "RULE_WORD"), ("A,aa > 3,refuse,warn,,x,x,,", "COLUMN_UNKNOWN"),
         ("A,a > 3,refuse,warn,,,x,,", "RULE_UNNAMED"), ("A b,a > 3,refuse,warn,,x,x,,", "RULE_UNNAMED"),
         ("A,a > 3,refuse,warn,,x,x,2026-02-30,", "RULE_DATES"), ("A,a > 3,refuse,warn,,x,x,2026-02-01,2026-01-01", "RULE_DATES"),
         ("A,a > 3,refuse,warn,,x,x,,\nA,a > 4,refuse,warn,,x,x,,", "RULE_TWICE")],
    )  # fmt: skip
    def test_that_cannot_be_read_is_refused_by_name(self, row: str, code: str) -> None:
        with pytest.raises(Refused) as caught:
            read_rules(HEAD + row, COLUMNS)
        assert caught.value.refusal.code == code

    def test_few_rows_and_many_are_read_alike(self) -> None:
        every = Columns([Column("i", "integer"), Column("x", "float"), Column("m", "decimal", scale=4), Column("t", "text"),
                         Column("y", "boolean"), Column("on", "date")])  # fmt: skip
        rows: list[dict[str, Any]] = [
            {"i": 2**62, "x": 0.1, "m": "-12345678901234.5678", "t": "一店", "y": False, "on": "2026-02-28"},
            {"i": -1, "x": 3, "m": 0.5, "t": "", "y": True, "on": ON}, {"y": None}, {},
        ]  # fmt: skip
        many = every.frame(rows * 10)
        assert many.schema == {name: column.type for name, column in every.items()}
        for place, row in enumerate(rows):
            assert every.frame([row]).equals(many[place : place + 1])
            assert every.frame([row]).schema == many.schema
        assert every.frame(rows).equals(many[:4])
        assert every.frame([]).schema == many.schema

    def test_outcomes_are_in_order_of_gravity(self) -> None:
        assert OUTCOMES == ("pass", "step_up", "review", "refuse")
