"""Any loan tape → a frame, as text where the file is text: CSV in any delimiter and encoding, Parquet, Excel.

Rules kept: nothing is typed here (core/modelling/columns settles that); headers are made different from one another and the
changes told; a file that cannot be read is refused with the reason, never half read.
"""

import csv
import hashlib
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from puhui.kernel.refusal import Refusal, Refused

DELIMITERS = (",", ";", "\t", "|")
PROBE_BYTES, PROBE_LINES = 1_000_000, 60
ENCODINGS = ("utf-8", "gb18030")
EXCEL = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")


@dataclass(frozen=True, slots=True)
class Tape:
    """`frame` as read; `sha256` of the file's bytes; `notes` on what was done to read it."""

    frame: pl.DataFrame
    sha256: str
    notes: tuple[str, ...]


def read_tape(path: Path) -> Tape:
    """Read a tape. Raises Refused TAPE_ABSENT, TAPE_UNREADABLE or TAPE_EMPTY."""
    if not path.is_file():
        raise Refused(Refusal("TAPE_ABSENT", "文件不存在 · no such file", str(path)))
    content = path.read_bytes()
    if not content.strip():
        raise Refused(Refusal("TAPE_EMPTY", "文件为空 · the file is empty", path.name))
    try:
        frame, notes = _frame(content, path)
    except Refused:
        raise
    except Exception as fault:
        short = str(fault).splitlines()[0][:160] if str(fault) else type(fault).__name__
        raise Refused(
            Refusal("TAPE_UNREADABLE", f"文件无法读取：{short} · the file cannot be read: {short}", path.name)
        ) from fault
    if frame.height == 0:
        raise Refused(
            Refusal(
                "TAPE_EMPTY",
                f"只有表头、没有数据（{frame.width}列） · only headers, no rows ({frame.width} columns)",
                path.name,
            )
        )
    return Tape(frame, hashlib.sha256(content).hexdigest(), tuple(notes))


def _frame(content: bytes, path: Path) -> tuple[pl.DataFrame, list[str]]:
    suffix = path.suffix.lower()
    if content[:4] == b"PAR1" or suffix == ".parquet":
        frame = pl.read_parquet(io.BytesIO(content))
        return frame, []
    if suffix in EXCEL or content[:4] == b"PK\x03\x04":
        return _sheet(content)
    if suffix == ".gz" or content[:2] == b"\x1f\x8b":
        import gzip

        content = gzip.decompress(content)
    return _text(content)


def _sheet(content: bytes) -> tuple[pl.DataFrame, list[str]]:
    """The first sheet, every cell as text."""
    import fastexcel

    book = fastexcel.read_excel(content)
    rows = book.load_sheet(0, header_row=None, dtypes="string").to_polars()
    if rows.height == 0:
        return rows, []
    names, notes = _different([str(name) if name is not None else "" for name in rows.row(0)])
    frame = rows.slice(1)
    frame.columns = names
    return frame, notes + ([f"first of {len(book.sheet_names)} sheets"] if len(book.sheet_names) > 1 else [])


def _text(content: bytes) -> tuple[pl.DataFrame, list[str]]:
    text_bytes, encoding = _as_utf8(content)
    lines = _probe(text_bytes)
    delimiter = _delimiter(lines)
    header = next(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), [])
    names, notes = _different(header)
    frame = pl.read_csv(
        text_bytes, has_header=False, skip_rows=0, separator=delimiter, infer_schema=False, truncate_ragged_lines=True,
        new_columns=names, schema=dict.fromkeys(names, pl.String), raise_if_empty=False,
    )  # fmt: skip
    said = [f"encoding {encoding}"] if encoding != "utf-8" else []
    return frame.slice(1), said + ([f"delimiter {delimiter!r}"] if delimiter != "," else []) + notes


def _as_utf8(content: bytes) -> tuple[bytes, str]:
    """Bytes in UTF-8 without a byte order mark, and what they were."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16").encode(), "utf-16"
    if content[:3] == b"\xef\xbb\xbf":
        content = content[3:]
    for encoding in ENCODINGS:
        try:
            return (
                content if encoding == "utf-8" and content.decode() else content.decode(encoding).encode()
            ), encoding
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1").encode(), "latin-1"


def _probe(content: bytes) -> list[str]:
    head = content[:PROBE_BYTES].decode("utf-8", errors="ignore")
    if "\x00" in head:
        raise Refused(Refusal("TAPE_UNREADABLE", "不是文本文件 · not a text file"))
    return head.splitlines()[:PROBE_LINES]


def _delimiter(lines: list[str]) -> str:
    """The one that cuts most lines into the same number of fields, more than one."""
    best, taken = (0.0, 0), ","
    for delimiter in DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row]
        if not widths:
            continue
        width, times = Counter(widths).most_common(1)[0]
        merit = (times / len(widths) if width > 1 else 0.0, width)
        if merit > best:
            best, taken = merit, delimiter
    return taken


def _different(header: list[str]) -> tuple[list[str], list[str]]:
    """Names that differ: a second "x" becomes "x_2", an empty one "column_5"."""
    names: list[str] = []
    notes: list[str] = []
    for number, raw in enumerate(header, 1):
        name = raw.strip().strip("\ufeff") or f"column_{number}"
        taken, times = name, 2
        while taken in names:
            taken, times = f"{name}_{times}", times + 1
        if taken != raw.strip():
            notes.append(f"header {number} {raw.strip()!r} → {taken!r}")
        names.append(taken)
    return names, notes
