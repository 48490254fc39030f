"""Bytes → sheets of text cells, by what the bytes are and never by a file's name.

Read: CSV and text (UTF-8, UTF-16, GB18030; comma, tab, semicolon or bar), xls, xlsx, pages that banks call xls (HTML, XML
spreadsheets), PDF with text, and any of these inside zip or gzip. Refused by name: locked without its password, damaged, unpacking too much.
"""

import csv
import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

import fastexcel
import msoffcrypto
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant.core.bills import aes_zip
from puhui.merchant.core.bills.pages import Line, read_lines

_OLE, _ZIP, _GZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04", b"\x1f\x8b"
_SEPARATORS = ",\t;|，"
_LINES_OF_ONE_CELL = 20  # a quoted cell longer than this is a stray quotation mark
_XLSX_PART = "xl/workbook"
_GUARDED = re.compile(
    r'(?<![^,\t;|\n])="([^",\t;|\n]*)"(?=[,\t;|\r\n]|$)'
)  # ="0012" keeps Excel from making a number of a code
_HEAD = 400_000  # characters in which the separator is looked for
_MAX_DEPTH = 3
_OUTSIDE = 2000  # characters of a page outside its tables that are looked at
_WIDEST = 256  # columns or rows that one merged cell may take


@dataclass(slots=True)
class Sheet:
    """`rows[i]` are the cells of line `lines[i]` of the file (counted from 1)."""

    name: str
    rows: list[list[str]]
    lines: list[int] = field(default_factory=list)
    encoding: str = ""
    cut_short: bool = False  # the text ended in the middle of a character or a cell
    unended: bool = False  # the text ended without ending its last line
    paper: list[Line] = field(default_factory=list)  # of a printed statement, where each piece stands; a row each

    def __post_init__(self) -> None:
        if not self.lines:
            self.lines = list(range(1, len(self.rows) + 1))


def open_sheets(content: bytes, limits: Mapping[str, int], *, password: str = "", depth: int = 0) -> list[Sheet]:
    """All sheets of a file. Raises Refused: FILE_EMPTY, FILE_LOCKED, FILE_DAMAGED, FILE_TOO_BIG, FILE_UNKNOWN."""
    if not content.strip():
        raise _no("FILE_EMPTY", "文件是空的 · the file is empty")
    if content.startswith(_GZIP):
        return open_sheets(_gunzipped(content, limits), limits, password=password, depth=depth + 1)
    if content.startswith(_OLE):
        return _workbook(_unlocked(content, password))
    if content.startswith(b"PK"):
        return _zipped(content, limits, password, depth)
    if content.startswith(b"%PDF"):
        lines = read_lines(content, password=password)
        return [
            Sheet("", [[piece.text.strip() for piece in line.pieces] for line in lines], encoding="pdf", paper=lines)
        ]
    text, encoding, cut = decode(content)
    if text.count("\0") > len(text) // 100:
        raise _no("FILE_UNKNOWN", "认不出这种文件；请导出 CSV 或 Excel · not a bill; export CSV or Excel")
    head = text[:4000].lower()
    if "<table" in head or "<html" in head or "<workbook" in head or "<worksheet" in head:
        return _marked_up(text, encoding)
    sheet = _separated(text)
    sheet.encoding, sheet.cut_short, sheet.unended = encoding, sheet.cut_short or cut, not text.endswith(("\n", "\r"))
    return [sheet]


def decode(content: bytes) -> tuple[str, str, bool]:
    """(text, encoding, ends in the middle of a character)."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            return content[len(mark) :].decode(name, errors="replace"), f"{name} (BOM)", False
    for name in ("utf-8", "gb18030"):
        try:
            return content.decode(name), name, False
        except UnicodeDecodeError as fault:
            if fault.start >= len(content) - 3:  # a file that was cut in the middle of a character
                return content[: fault.start].decode(name), name, True
    return content.decode("gb18030", errors="replace"), "gb18030 (damaged)", False


def _separated(text: str) -> Sheet:
    if '="' in text:
        text = _GUARDED.sub(r"\1", text)
    separator = _separator_of(text)
    rows, lines, cut = _csv_rows(text, separator, csv.QUOTE_MINIMAL)
    spans = [after - before for before, after in pairwise(lines)]  # a row of many lines holds a cell of many lines
    last = [cell.count("\n") for row in rows[-1:] for cell in row]
    if cut or max((*spans, *last), default=0) > _LINES_OF_ONE_CELL:
        plain_rows, plain_lines, _ = _csv_rows(text, separator, csv.QUOTE_NONE)
        stripped = [[cell.strip().strip('"') for cell in row] for row in plain_rows]
        return Sheet("", stripped, plain_lines)
    return Sheet("", rows, lines)


def _csv_rows(text: str, separator: str, quoting: int) -> tuple[list[list[str]], list[int], bool]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting, skipinitialspace=True)  # type: ignore[arg-type]
    rows: list[list[str]] = []
    lines: list[int] = []
    before = 0
    try:
        for row in reader:
            rows.append(row)
            lines.append(before + 1)
            before = reader.line_num
    except csv.Error:
        return rows, lines, True
    tail = rows[-1] if rows else []
    open_quote = quoting != csv.QUOTE_NONE and any("\n" in cell for cell in tail) and text.count('"') % 2 == 1
    return rows, lines, open_quote


def _separator_of(text: str) -> str:
    """The one that splits the most lines into the same number of four cells or more."""
    lines = [line for line in text[:_HEAD].splitlines()[:400] if line.strip()]
    scores = {}
    for separator in _SEPARATORS:
        counts = [line.count(separator) for line in lines]
        wide = [count for count in counts if count >= 3]
        scores[separator] = (len(wide), sum(wide))
    best = max(_SEPARATORS, key=lambda each: scores[each])
    return (
        best if scores[best][0] and not (scores[","][0] and best == "\t" and scores[","][0] >= scores["\t"][0]) else ","
    )


def _workbook(content: bytes) -> list[Sheet]:
    try:
        book = fastexcel.read_excel(content)
        return [_sheet(book, name) for name in book.sheet_names]
    except Refused:
        raise
    except Exception as fault:
        text = "Excel 文件不完整或已损坏，请重新下载 · the workbook is cut short or damaged; download it again"
        raise _no("FILE_DAMAGED", text) from fault


def _sheet(book: "fastexcel.ExcelReader", name: str) -> Sheet:
    try:
        frame = book.load_sheet(name, header_row=None, dtypes="string").to_polars()
    except fastexcel.FastExcelError as fault:
        if "no data" in str(fault).lower() or "empty" in str(fault).lower():
            return Sheet(name, [])
        raise
    return Sheet(name, [[cell or "" for cell in row] for row in frame.iter_rows()], encoding="excel")


def _unlocked(content: bytes, password: str) -> bytes:
    """The workbook itself: an OLE file may be an old xls or a locked xlsx."""
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(content))
        if not office.is_encrypted():
            return content
        if not password:
            raise _no(
                "FILE_LOCKED", "文件有密码；请填写密码，或先去掉密码 · locked; give its password, or take it off first"
            )
        opened = io.BytesIO()
        office.load_key(password=password)
        office.decrypt(opened)
        return opened.getvalue()
    except (InvalidKeyError, DecryptionError):
        raise _no("FILE_LOCKED", "密码不对 · the password is wrong") from None
    except (FileFormatError, OSError, AttributeError, NotImplementedError):
        return content  # not what the library knows: let the reader of workbooks say what it is


def parts_of(content: bytes, limits: Mapping[str, int], *, password: str = "") -> list[tuple[str, bytes]]:
    """(name, content) of each file in an archive. Raises Refused: FILE_DAMAGED, FILE_LOCKED, FILE_TOO_BIG."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        text = "文件不完整（下载中断？），请重新下载 · cut short or damaged; download it again"
        raise _no("FILE_DAMAGED", text) from None
    found, unpacked = [], 0
    for part in packed.infolist():
        if part.is_dir() or part.filename.startswith("__MACOSX"):
            continue
        unpacked += part.file_size
        if unpacked > limits["unpacked_bytes_max"] or (
            part.file_size > 1_000_000 and part.file_size > part.compress_size * limits["unpacked_ratio_max"]
        ):
            raise _no("FILE_TOO_BIG", "压缩包解开后过大 · unpacks to more than is reasonable")
        found.append((_entry_name(part), _part(packed, part, password, content)))
    return found


def is_workbook(content: bytes) -> bool:
    """Whether an archive is a workbook (xlsx)."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return any(name.startswith(_XLSX_PART) for name in packed.namelist())
    except zipfile.BadZipFile:
        return False


def _zipped(content: bytes, limits: Mapping[str, int], password: str, depth: int) -> list[Sheet]:
    if is_workbook(content):
        return _workbook(content)
    if depth >= _MAX_DEPTH:
        raise _no("FILE_TOO_BIG", "压缩包套得太深 · archives within archives")
    sheets: list[Sheet] = []
    parts = parts_of(content, limits, password=password)
    for name, inner in parts:
        try:
            opened = open_sheets(inner, limits, password=password, depth=depth + 1)
        except Refused as refused:
            if refused.refusal.code in ("FILE_UNKNOWN", "FILE_EMPTY", "FILE_IS_PICTURE") and len(parts) > 1:
                continue
            raise
        for sheet in opened:
            sheet.name = sheet.name or name
        sheets.extend(opened)
    return sheets


def _part(packed: zipfile.ZipFile, part: zipfile.ZipInfo, password: str, content: bytes) -> bytes:
    try:
        if aes_zip.is_locked_so(part):
            return _opened_aes(content, part, password)
        return packed.read(part, pwd=password.encode() if password else None)
    except RuntimeError as fault:
        if "password" in str(fault).lower():
            raise _locked(password) from None
        raise
    except NotImplementedError:
        raise _no(
            "FILE_LOCKED", "压缩包的加密方式打不开；请先解压再导入 · locked in an unknown way; unpack it first"
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error):
        raise _no("FILE_DAMAGED", "压缩包不完整，请重新下载 · the archive is damaged; download it again") from None


def _opened_aes(content: bytes, part: zipfile.ZipInfo, password: str) -> bytes:
    if not password:
        raise _locked(password)
    try:
        return aes_zip.unlocked(content, part, password)
    except aes_zip.WrongPassword:
        raise _locked(password) from None


def _locked(password: str) -> Refused:
    if password:
        return _no("FILE_LOCKED", "密码不对 · the password is wrong")
    return _no("FILE_LOCKED", "压缩包有密码；请填写密码，或先解压 · locked; give its password, or unpack it first")


def _entry_name(part: zipfile.ZipInfo) -> str:
    """Chinese tools write GBK names without the flag that says so."""
    if part.flag_bits & 0x800:
        return part.filename
    try:
        return part.filename.encode("cp437").decode("gb18030")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return part.filename


def _gunzipped(content: bytes, limits: Mapping[str, int]) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            opened = packed.read(limits["unpacked_bytes_max"] + 1)
    except (OSError, EOFError, zlib.error):
        raise _no("FILE_DAMAGED", "压缩文件不完整，请重新下载 · cut short; download it again") from None
    if len(opened) > limits["unpacked_bytes_max"]:
        raise _no("FILE_TOO_BIG", "压缩包解开后过大 · unpacks to more than is reasonable")
    return opened


class _Tables(HTMLParser):
    """Rows of any table: HTML (tr, td) or an XML spreadsheet (Row, Cell, Data). A merged cell tells its text once, top left."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._cell: list[str] | None = None
        self._span: Mapping[str, int] = {}
        self._held: dict[int, int] = {}  # column → last row that a cell above reaches down to
        self._tag = ""
        self.outside: list[str] = []  # what a page says outside its tables, as the bank's name in a title

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        if tag in ("tr", "row"):
            self.rows.append([])
        elif tag in ("td", "th", "cell"):
            self._cell = []
            self._span = {name: min(int(told), _WIDEST) for name, told in attrs if told and told.isdecimal()}
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "cell") and self._cell is not None:
            self._place("".join(self._cell).strip())
            self._cell = None

    def _place(self, text: str) -> None:
        if not self.rows:
            self.rows.append([])
        row, span, line = self.rows[-1], self._span, len(self.rows) - 1
        row.extend([""] * (span.get("ss:index", 0) - 1 - len(row)))
        while self._held.get(len(row), -1) >= line:
            row.append("")
        across = max(span.get("colspan", 1), span.get("ss:mergeacross", 0) + 1)
        down = span.get("rowspan", 1)
        self._held |= {len(row) + n: line + down - 1 for n in range(across) if down > 1}
        row.extend([text, *[""] * (across - 1)])

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        elif data.strip() and self._tag not in ("style", "script"):
            self.outside.append(data.strip())


def _marked_up(text: str, encoding: str) -> list[Sheet]:
    reader = _Tables()
    reader.feed(text)
    return [Sheet(" ".join(reader.outside)[:_OUTSIDE], reader.rows, encoding=f"{encoding} (table)")]


def _no(code: str, text: str) -> Refused:
    return Refused(Refusal(code, text))


def preview(sheets: list[Sheet], *, rows: int = 12) -> Iterator[list[str]]:
    """The first filled rows, for a person who names the columns."""
    for sheet in sheets:
        filled = [row for row in sheet.rows if sum(bool(cell.strip()) for cell in row) >= 3]
        if filled:
            yield from filled[:rows]
            return
