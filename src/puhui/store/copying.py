"""Columns into PostgreSQL by COPY, within the caller's transaction.

Tables under row-level security refuse a direct COPY, so rows go through a temporary table and one INSERT … SELECT; a few
rows go by one plain INSERT of the same texts, which costs a fifth and makes no table.
"""

import csv
import io
from typing import Any

import polars as pl
from django.db import connection
from psycopg import sql

_CHUNK = 131_072
_FEW = 32
_NULL = "\\N"


def copy_frame(frame: pl.DataFrame, table: str) -> int:
    """Append a frame to a table, columns by name; returns the rows inserted.

    Must run inside a transaction. List columns (and dictionaries) must be given as JSON text.
    """
    if frame.is_empty():
        return 0
    if frame.height <= _FEW:
        return _insert(frame, table)
    stage = f"stage_{table}"
    names = sql.SQL(", ").join(sql.Identifier(name) for name in frame.columns)
    target, staged = sql.Identifier(table), sql.Identifier(stage)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
                staged, names, target
            )
        )
        stream_frame(cursor, frame, stage)
        cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(target, names, names, staged))
        inserted = cursor.rowcount
        cursor.execute(sql.SQL("DROP TABLE {}").format(staged))
    return int(inserted)


def _insert(frame: pl.DataFrame, table: str) -> int:
    rows = list(csv.reader(io.StringIO(_csv(frame).decode())))
    head = sql.SQL("INSERT INTO {} ({}) VALUES ").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    )
    places = sql.SQL(", ").join(
        [sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * frame.width))] * len(rows)
    )
    with connection.cursor() as cursor:
        cursor.execute(head + places, [None if text == _NULL else text for row in rows for text in row])
        return int(cursor.rowcount)


def stream_frame(cursor: Any, frame: pl.DataFrame, table: str) -> None:
    """COPY … FROM STDIN (CSV) of a frame in slices, so that memory stays flat."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name in frame.columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL '\\N')").format(sql.Identifier(table), names)
    with cursor.copy(statement) as copy:
        for piece in frame.iter_slices(_CHUNK):
            copy.write(_csv(piece))


def _csv(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, null_value=_NULL, quote_style="necessary")
    return buffer.getvalue()
