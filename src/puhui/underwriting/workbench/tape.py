"""Any loan tape → a frame, as text where the file is text: CSV in any delimiter and encoding, Parquet, Excel.

Rules kept: nothing is typed here (core/modelling/columns settles that); headers are made different from one another and the
changes told; a file that cannot be read is refused with the reason, never half read, and so is one whose rows run past its header.
"""

import codecs
import contextlib
import csv
import hashlib
import io
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.workbench import heading

DELIMITERS = (",", ";", "\t", "|", "\x01", "^", "~")
PROBE_BYTES, PROBE_LINES, PIECE_BYTES = 1_000_000, 60, 1 << 24
ENCODINGS = ("utf-8", "gb18030")
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
EXCEL = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")


@dataclass(frozen=True, slots=True)
class Tape:
    """`frame` as read; `sha256` of the file's bytes; `notes` on what was done to read it."""

    frame: pl.DataFrame
    sha256: str
    notes: tuple[str, ...]

    @property
    def headless(self) -> bool:
        """Whether the file has no header, so that its columns go by number."""
        return any(note.startswith(heading.HEADLESS) for note in self.notes)


def read_tape(path: Path) -> Tape:
    """Read a tape. Raises Refused TAPE_ABSENT, TAPE_UNREADABLE or TAPE_EMPTY."""
    if path.is_dir():
        raise Refused(
            Refusal("TAPE_ABSENT", "这是文件夹，请给出其中的一个文件 · this is a folder; name a file in it", str(path))
        )
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
    if content[:4] == b"PK\x03\x04" and suffix not in EXCEL and (packed := _packed(content)) is not None:
        return _frame(*packed)
    if content[:4] in (b"PK\x03\x04", OLD_OFFICE):
        return _sheet(content)
    if suffix == ".gz" or content[:2] == b"\x1f\x8b":
        import gzip

        return _frame(gzip.decompress(content), path.with_suffix(""))
    start = content[:PROBE_LINES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    named = suffix in (".json", ".jsonl", ".ndjson", "")
    if (start[:1] in (b"{", b"[") and named) or re.match(rb"\[?\s*\{\s*\"[^\"]*\"\s*:", start):
        raise _unreadable(
            "不支持 JSON，请转成 CSV、Parquet 或 xlsx · JSON is not read: give CSV, Parquet or xlsx", path
        )
    if start.startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        told = "这是网页（或XML），不是表格，请用软件打开后另存为 xlsx 或 CSV · this is a web page or XML, no table: open it and save it as xlsx or CSV"
        raise _unreadable(told, path)
    return _text(content)  # banks write plain text under the name of a workbook


def _unreadable(told: str, path: Path) -> Refused:
    return Refused(Refusal("TAPE_UNREADABLE", told, path.name))


def _packed(content: bytes) -> tuple[bytes, Path] | None:
    """The one file of a zip archive and its name; None where the archive is a workbook. Several files are refused."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [
            one.filename for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")
        ]
        if "[Content_Types].xml" in names or "mimetype" in names:
            return None
        if len(names) != 1:
            shown = ", ".join(names[:8])
            told = f"压缩包里有{len(names)}个文件，请只放一个：{shown} · the archive holds {len(names)} files, pack one: {shown}"
            raise Refused(Refusal("TAPE_UNREADABLE", told))
        return archive.read(names[0]), Path(names[0])


def _sheet(content: bytes) -> tuple[pl.DataFrame, list[str]]:
    """The sheet with most cells (a workbook often opens on a page of notes), every cell as text."""
    import fastexcel

    book = fastexcel.read_excel(content)
    sheets = [book.load_sheet(name, header_row=None, dtypes="string").to_polars() for name in book.sheet_names]
    taken = max(range(len(sheets)), key=lambda number: (sheets[number].height * sheets[number].width, -number))
    rows = sheets[taken]
    if rows.height == 0:
        return rows, []
    head = heading.of([[cell or "" for cell in row] for row in rows.head(PROBE_LINES).iter_rows()])
    frame = rows.slice(head.rows_above + head.named)
    frame.columns = list(head.names)
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    told = f"sheet {book.sheet_names[taken]!r}, the largest of {len(sheets)}"
    notes = [*head.notes, *([told] if len(sheets) > 1 else [])]
    if blocks := _merged_downwards(content, below=head.rows_above + head.named):
        notes.append(f"{blocks} blocks of cells merged downwards: only the first cell of each holds its value")
    return frame, notes


def _merged_downwards(content: bytes, *, below: int) -> int:
    """How many blocks of merged cells span rows of the table, in whichever sheet has most of them (xlsx only)."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        pages = [
            archive.read(name)
            for name in archive.namelist()
            if name.startswith("xl/worksheets/") and name.endswith(".xml")
        ]
    spans = [re.findall(rb'<mergeCell ref="[A-Z]+(\d+):[A-Z]+(\d+)"', page) for page in pages]
    return max((sum(below < int(first) < int(last) for first, last in span) for span in spans), default=0)


def _text(content: bytes) -> tuple[pl.DataFrame, list[str]]:
    text_bytes, encoding = _as_utf8(content)
    if b"\n" not in text_bytes:
        text_bytes = text_bytes.replace(b"\r", b"\n")
    lines = _probe(text_bytes)
    delimiter = _delimiter(lines)
    head = heading.of(list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True)))
    above = head.rows_above + head.widened  # polars counts the fields of a file in its first row
    try:
        frame = pl.read_csv(
            text_bytes, has_header=False, separator=delimiter, infer_schema=False, raise_if_empty=False, skip_rows=above,
            new_columns=list(head.names), schema=dict.fromkeys(head.names, pl.String),
        )  # fmt: skip
    except pl.exceptions.ComputeError:
        frame = _by_rows(text_bytes, delimiter, head)
    said = [f"encoding {encoding}"] if encoding != "utf-8" else []
    said += [f"delimiter {delimiter!r}"] if delimiter != "," else []
    frame = frame.slice(int(head.named and not head.widened))
    if frame.width > 1 and (b"\n\n" in text_bytes or b"\n\r\n" in text_bytes):  # a line without a mark is no row
        rows = frame.height
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
        said += [f"{rows - frame.height} empty rows left out"] if frame.height < rows else []
    return frame, said + list(head.notes)


def _by_rows(content: bytes, delimiter: str, head: heading.Heading) -> pl.DataFrame:
    """The table row by row, for files whose quotes stand inside values. Refused by their place: rows with more fields than names
    (cutting them short would move values under wrong names), and a quote that is never closed and swallows rows."""
    width = len(head.names)
    reader = csv.reader(
        io.StringIO(content.decode("utf-8", errors="replace"), newline=""), delimiter=delimiter, skipinitialspace=True
    )
    rows, ends = list[list[str]](), list[int]()
    for row in reader:
        rows.append(row)
        ends.append(reader.line_num)
    first = head.rows_above + head.widened
    table, ends = rows[first:], ends[first:]
    long = [(end, len(row)) for end, row in zip(ends, table, strict=True) if len(row) > width]
    if long:
        line, fields = long[0]
        told = (
            f"共{len(long)}行的字段多于表头的{width}个，第一处在第{line}行（{fields}个）：值中含分隔符“{delimiter}”须加引号 · {len(long)} "
            f"rows have more fields than the {width} names, the first in line {line} ({fields}): quote values that hold {delimiter!r}"
        )
        raise Refused(Refusal("TAPE_ROWS_TOO_LONG", told, f"line {line}"))
    for begun, end, row in zip([first, *ends], ends, table, strict=False):
        if len(row) < width and end > begun + 1:
            told = (
                f"第{begun + 1}行的引号没有结束，吞掉了后面{end - begun - 1}行：请补上或去掉引号 · the quote opened in line {begun + 1} is never "
                f"closed and swallows {end - begun - 1} lines: close it or take it out"
            )
            raise Refused(Refusal("TAPE_QUOTE_OPEN", told, f"line {begun + 1}"))
    filled = [[cell or None for cell in row] + [None] * (width - len(row)) for row in table if row]
    return pl.DataFrame(filled, schema=dict.fromkeys(head.names, pl.String), orient="row")


def _as_utf8(content: bytes) -> tuple[bytes, str]:
    """Bytes in UTF-8 without a byte order mark, and what they were."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16").encode(), "utf-16"
    if content[:3] == b"\xef\xbb\xbf":
        content = content[3:]
    for encoding in ENCODINGS:
        with contextlib.suppress(UnicodeDecodeError):
            return _recoded(content, encoding), encoding
    return content.decode("latin-1").encode(), "latin-1"


def _recoded(content: bytes, encoding: str) -> bytes:
    """The same text in UTF-8, piece by piece: a large tape is not held as text beside its bytes."""
    decoder, pieces = codecs.getincrementaldecoder(encoding)(), list[bytes]()
    for start in range(0, len(content), PIECE_BYTES):
        text = decoder.decode(content[start : start + PIECE_BYTES], final=start + PIECE_BYTES >= len(content))
        if encoding != "utf-8":
            pieces.append(text.encode())
    return content if encoding == "utf-8" else b"".join(pieces)


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
