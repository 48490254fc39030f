"""The proof: a condition's Polars form answers as PostgreSQL does for the same text, row for row, nulls included."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from puhui.policy.core.condition import read_condition
from puhui.policy.core.fault import ConditionFault
from puhui.policy.tests import conditions_at_random as random_ones

ROWS = random_ones.rows(80, seed=7)
FRAME = pl.DataFrame(
    {name: [row[name] for row in ROWS] for name in random_ones.COLUMNS},
    schema={name: column.type for name, column in random_ones.COLUMNS.items()},
)
LENIENT = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much]


@pytest.fixture
def table(db: None) -> Iterator[Any]:
    """The rows in PostgreSQL, and a cursor beside them."""
    with connection.cursor() as cursor:
        described = ", ".join(
            f"{name} {random_ones.postgres_type(column)}" for name, column in random_ones.COLUMNS.items()
        )
        cursor.execute(f"CREATE TEMPORARY TABLE seen (n int, {described}) ON COMMIT DROP")
        marks = ", ".join(["%s"] * (len(random_ones.COLUMNS) + 1))
        cursor.executemany(f"INSERT INTO seen VALUES ({marks})", [[n, *row.values()] for n, row in enumerate(ROWS)])
        yield cursor


def by_postgres(cursor: Any, text: str) -> list[bool | None]:
    """PostgreSQL's answers; an overflow there is no answer at all."""
    cursor.execute("SAVEPOINT before")
    try:
        cursor.execute("SELECT " + text.replace("%", "%%") + " FROM seen ORDER BY n", [])
    except Exception as error:
        cursor.execute("ROLLBACK TO SAVEPOINT before")
        if not isinstance(error.__cause__, psycopg.errors.DataError):
            raise
        assume(False)
    return [row[0] for row in cursor.fetchall()]


def agree(cursor: Any, text: str) -> None:
    try:
        condition = read_condition(text, random_ones.COLUMNS)
    except ConditionFault as fault:
        if fault.code not in {"CONSTANT", "NUMBER_TOO_WIDE", "DECIMAL_TOO_WIDE"}:
            raise
        assume(False)
    expected = by_postgres(cursor, text)
    found = FRAME.with_columns(condition.expression().alias("answer"))["answer"].to_list()
    differing = [(ROWS[n], f, e) for n, (f, e) in enumerate(zip(found, expected, strict=True)) if f is not e]
    assert not differing, (text, differing[:2])
    alone = [FRAME[n].select(condition.expression().alias("answer")).item() for n in range(0, len(ROWS), 16)]
    assert alone == found[::16], text


class TestAConditionAnswersAsPostgreSQLDoes:
    @settings(max_examples=400, deadline=None, suppress_health_check=LENIENT)
    @given(text=random_ones.CONDITIONS)
    def test_for_any_condition(self, table: Any, text: str) -> None:
        agree(table, text)

    @pytest.mark.nightly
    @settings(max_examples=20_000, deadline=None, suppress_health_check=LENIENT)
    @given(text=random_ones.CONDITIONS)
    def test_for_twenty_thousand_conditions(self, table: Any, text: str) -> None:
        agree(table, text)

    @settings(max_examples=100, deadline=None, suppress_health_check=LENIENT)
    @given(
        parts=st.lists(st.sampled_from(["p", "q", "i > 0", "s IS NULL", "NULL"]), min_size=2, max_size=5),
        data=st.data(),
    )
    def test_without_brackets_too(self, table: Any, parts: list[str], data: st.DataObject) -> None:
        signs = [data.draw(st.sampled_from(["AND", "OR", "AND NOT", "OR NOT"])) for _ in parts[1:]]
        text = parts[0] + "".join(f" {sign} {part}" for sign, part in zip(signs, parts[1:], strict=True))
        agree(table, text)
