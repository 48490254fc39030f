"""Arrivals and conclusions on record as Parquet files, for jobs past one machine: keys and times only, nothing that can be read as a person."""

from pathlib import Path
from typing import Any

import polars as pl
from django.db import connection, transaction

from puhui.antifraud.core.entity_kind import KINDS
from puhui.kernel.refusal import Refusal, Refused

_PIECE = 200_000
_TIME = pl.Datetime("us", "UTC")
_TABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "arrivals": (
        "antifraud_arrival",
        {"position": pl.Int64, "application": pl.Int64, "applied_at": _TIME, "amount_minor": pl.Int64} | dict.fromkeys(KINDS, pl.Int64),
    ),
    "labels": ("antifraud_label", {"id": pl.Int64, "application": pl.Int64, "fraud": pl.Boolean, "known_at": _TIME}),
}  # fmt: skip


def write(folder: Path) -> dict[str, int]:
    """Rows by table; one moment for both. Pieces of one table lie in one folder of Parquet. Raises Refused FOLDER_NOT_EMPTY, FOLDER_UNWRITABLE."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        filled = any(folder.iterdir())
    except OSError as fault:
        told = f"建不了这个文件夹 · the folder cannot be made: {fault.strerror}"
        raise Refused(Refusal("FOLDER_UNWRITABLE", told, str(folder))) from None
    if filled:
        raise Refused(Refusal("FOLDER_NOT_EMPTY", "文件夹不为空，请给一个空文件夹 · the folder is not empty; name an empty one", str(folder)))  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return {name: _table(cursor, folder / f"{name}.parquet", table, columns) for name, (table, columns) in _TABLES.items()}  # fmt: skip


def _table(cursor: Any, place: Path, table: str, columns: dict[str, Any]) -> int:
    key = next(iter(columns))
    place.mkdir()
    last, rows, number = 0, 0, 0
    while True:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM {table} WHERE {key} > %s ORDER BY {key} LIMIT {_PIECE}", [last]
        )
        found = cursor.fetchall()
        if found or not number:
            pl.DataFrame(found, schema=columns, orient="row").write_parquet(place / f"part-{number:05}.parquet")
        if not found:
            return rows
        last, rows, number = found[-1][0], rows + len(found), number + 1
