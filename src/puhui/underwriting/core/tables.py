"""A csv or parquet file as a frame of the columns we need, each row with the number a person would count.

Rule kept: a file that cannot be read is refused in one sentence that names it and the remedy. Text comes in as UTF-8,
with or without byte-order mark, or as GB18030 (which contains GBK and GB2312); anything else is refused, not guessed.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from puhui.underwriting.core.findings import FolderRefused

_CODECS = ("utf-8-sig", "gb18030")


def read_table(file: Path, columns: Sequence[str]) -> pl.DataFrame:
    """The named columns and `row` (header = 1, so data starts at 2). csv columns are text, parquet ones as stored."""
    frame = _read_parquet(file) if file.suffix == ".parquet" else read_csv(_bytes_of(file), file.name)
    return numbered(frame, file.name, columns)


def numbered(frame: pl.DataFrame, name: str, columns: Sequence[str]) -> pl.DataFrame:
    """The named columns, found whatever their case, behind the row number."""
    plain = [given.strip().lower() for given in frame.columns]
    twice = sorted({given for given in plain if given in columns and plain.count(given) > 1})
    if twice:
        raise FolderRefused.of("COLUMN_TWICE", f"{name}, 第1行 row 1, 列 column {', '.join(twice)}",
                               "列名重复 · this column is there twice; keep one")  # fmt: skip
    frame = frame.select(pl.col(given) for given in frame.columns if given.strip().lower() in columns)
    frame = frame.rename({given: given.strip().lower() for given in frame.columns})
    missing = [wanted for wanted in columns if wanted not in frame.columns]
    if missing:
        raise FolderRefused.of(
            "COLUMN_MISSING", f"{name}, 第1行 row 1, 列 column {', '.join(missing)}",
            f"缺少列 {', '.join(missing)} · column missing (found: {', '.join(plain[:12])}); add or rename it",
        )  # fmt: skip
    return frame.with_row_index("row", offset=2).select(pl.col("row").cast(pl.Int64), *columns)


def read_csv(content: bytes, name: str) -> pl.DataFrame:
    """All columns as text. Refuses empty files, unknown encodings and rows with too many fields."""
    text = decode(content, name)
    if not text.strip():
        raise FolderRefused.of("FILE_EMPTY", name, "文件是空的 · the file is empty; it needs a header row and data")
    try:
        return pl.read_csv(io.BytesIO(text.encode()), infer_schema=False)
    except (pl.exceptions.PolarsError, ValueError):
        row, why = _where_malformed(text)
        where = f"{name}, 第{row}行 row {row}" if row else name
        raise FolderRefused.of("CSV_MALFORMED", where, why) from None


def decode(content: bytes, name: str) -> str:
    """Bytes → text by the first codec that reads all of it."""
    for codec in _CODECS:
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            continue
    raise FolderRefused.of(
        "ENCODING_UNKNOWN",
        name,
        "编码既不是 UTF-8 也不是 GB18030/GBK · neither UTF-8 nor GB18030; save the file as UTF-8",
    )


def _read_parquet(file: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as fault:
        why = str(fault).splitlines()[0][:120] if str(fault) else type(fault).__name__
        raise FolderRefused.of(
            "PARQUET_UNREADABLE", file.name, f"文件损坏或不是 parquet · damaged or not parquet ({why}); export it again"
        ) from None


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise FolderRefused.of("FILE_UNREADABLE", file.name, f"无法读取 · cannot be read ({fault.strerror})") from None


def _where_malformed(text: str) -> tuple[int | None, str]:
    """The first row that a csv reader stumbles over, and why, in words."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count('"') % 2:
            return number, "引号不成对 · a quotation mark is not closed; close it, or double it inside a value"
    rows = csv.reader(io.StringIO(text))
    width = len(next(rows, []))
    for number, fields in enumerate(rows, start=2):
        if len(fields) > width:
            return number, "字段比表头多 · more fields than the header; quote values that hold a comma"
    return None, "无法按 csv 读取 · cannot be read as csv; save it again as csv with commas"
