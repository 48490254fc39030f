"""A sheet (表) as people keep it: CSV or an xlsx workbook's first sheet, read to rows of text; written back the same way.

Rule kept: what is read is what is stored and hashed, as CSV text; a workbook is only a way in and out.

>>> read_sheet("first,segment,=price_bps:integer\\nA,= 'shop',500\\n")
[['first', 'segment', '=price_bps:integer'], ['A', "= 'shop'", '500']]
>>> sheet_text(read_workbook(workbook(read_sheet("a,b\\n1,x\\n"))))
'a,b\\r\\n1,x\\r\\n'
"""

import csv
import io
from collections.abc import Sequence

from puhui.kernel.refusal import Refusal, Refused

MOST_CELLS = 200_000


def read_sheet(text: str) -> list[list[str]]:
    """Rows of a CSV text, empty rows left out, every row as long as the head."""
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text.removeprefix("\ufeff")))]
    return _squared(rows)


def sheet_text(rows: Sequence[Sequence[str]]) -> str:
    """As CSV."""
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def read_workbook(content: bytes) -> list[list[str]]:
    """Rows of the first sheet of an xlsx workbook."""
    import zipfile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError):
        raise Refused(Refusal("WORKBOOK_UNREADABLE", "不是 xlsx 工作簿 · not an xlsx workbook")) from None
    rows = [[_written(cell) for cell in row] for row in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    return _squared(rows)


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """An xlsx workbook of one sheet; every cell is text, so that no spreadsheet runs it."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet("puhui")
    for row in rows:
        page.append([f"'{cell}" if cell.startswith("=") else cell for cell in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _written(value: object) -> str:
    text = "" if value is None else str(value).strip()
    return text[1:] if text.startswith("'=") else text


def _squared(rows: list[list[str]]) -> list[list[str]]:
    rows = [row for row in rows if any(row)]
    if not rows:
        raise Refused(Refusal("SHEET_EMPTY", "表是空的 · the sheet is empty"))
    width = len(rows[0])
    while width and not rows[0][width - 1]:
        width -= 1
    if width * len(rows) > MOST_CELLS:
        raise Refused(Refusal("SHEET_TOO_LARGE", f"超过 {MOST_CELLS} 格 · more than {MOST_CELLS} cells"))
    for number, row in enumerate(rows, 1):
        if any(row[width:]):
            raise Refused(
                Refusal("SHEET_RAGGED", "该行比表头长 · the row is longer than the head", where=f"row {number}")
            )
    return [[*row[:width], *[""] * (width - len(row))] for row in rows]
