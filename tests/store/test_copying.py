"""A frame is stored the same whether it goes by COPY or, few rows, by one INSERT."""

import datetime as dt

import polars as pl
import pytest
from django.db import connection

from puhui.store import copying

ROWS = {
    "n": [1, None, -7],
    "word": ['a "quoted", word', None, "两行\n文字"],
    "empty": ["", "x", ""],
    "day": [dt.date(2026, 11, 29), None, dt.date(1999, 1, 1)],
    "told": ['{"a": [1, "b"]}', "null", None],
    "share": [0.1, None, 1e-9],
    "right": [True, None, False],
}


@pytest.mark.usefixtures("db")
def test_few_rows_are_stored_as_many_are() -> None:
    few = pl.DataFrame(ROWS)
    many = pl.concat([few] * (copying._FEW // few.height + 1))
    with connection.cursor() as cursor:
        for table, frame in (("by_insert", few), ("by_copy", many)):
            cursor.execute(
                f"CREATE TEMP TABLE {table} (n bigint, word text, empty text, day date, told jsonb, share float8, "
                '"right" boolean) ON COMMIT DROP'
            )
            assert copying.copy_frame(frame, table) == frame.height
        cursor.execute("SELECT * FROM by_insert EXCEPT SELECT * FROM by_copy")
        assert cursor.fetchall() == []
        cursor.execute('SELECT n, word, empty, day, told::text, share, "right" FROM by_insert ORDER BY n NULLS LAST')
        assert cursor.fetchall() == [
            (-7, "两行\n文字", "", dt.date(1999, 1, 1), None, 1e-9, False),
            (1, 'a "quoted", word', "", dt.date(2026, 11, 29), '{"a": [1, "b"]}', 0.1, True),
            (None, None, "x", None, "null", None, None),
        ]
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 'stage_by_insert'")
        assert cursor.fetchone() == (0,)
