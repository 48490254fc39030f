"""A table as plain values: the same rows make the page and the CSV, so neither can say something else.

>>> table = Table("roll", "余额", ("营业日", "余额"), [(date(2026, 1, 15), Minor(1_234_50))])
>>> table.csv()
'营业日,余额\\r\\n2026-01-15,1234.50\\r\\n'
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a text that begins so


class Minor(int):
    """An amount in minor units; shown as yuan, written to CSV with two decimals."""


Cell = str | int | date | Minor | None


@dataclass(frozen=True, slots=True)
class Table:
    """`name` is its address; `foot` is the line of totals, where there is one."""

    name: str
    title: Any
    heads: Sequence[Any]
    rows: Sequence[Sequence[Cell]]
    foot: Sequence[Cell] = ()
    note: Any = ""

    @property
    def shown(self) -> list[list[tuple[Cell, str]]]:
        """Rows with the kind of each cell: money, number, or text."""
        return [[(cell, kind_of(cell)) for cell in row] for row in self.rows]

    @property
    def shown_foot(self) -> list[tuple[Cell, str]]:
        return [(cell, kind_of(cell)) for cell in self.foot]

    @property
    def shown_heads(self) -> list[tuple[Any, str]]:
        """A head stands over its column: to the right where any row has a figure."""
        return [(head, self._kind_of_column(place)) for place, head in enumerate(self.heads)]

    def _kind_of_column(self, place: int) -> str:
        kinds = {kind_of(row[place]) for row in self.rows}
        return next((kind for kind in ("money", "number") if kind in kinds), "text")

    def csv(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([written(str(head)) for head in self.heads])
        writer.writerows([written(cell) for cell in row] for row in (*self.rows, *([self.foot] if self.foot else [])))
        return text.getvalue()

    def download(self, *, dated: date) -> HttpResponse:
        """As a file that spreadsheets open with its Chinese intact (a byte-order mark in front)."""
        response = HttpResponse("\ufeff" + self.csv(), content_type="text/csv; charset=utf-8")
        name = content_disposition_header(True, f"puhui-{self.name}-{dated}.csv")
        response["Content-Disposition"] = name or "attachment"
        return response


def kind_of(cell: Cell) -> str:
    if isinstance(cell, Minor):
        return "money"
    share = isinstance(cell, str) and cell.endswith("%")
    return "number" if share or isinstance(cell, int) else "text"


def written(cell: Cell) -> str:
    """One cell of a CSV."""
    if isinstance(cell, Minor):
        return f"{'-' if cell < 0 else ''}{abs(cell) // 100}.{abs(cell) % 100:02d}"
    text = "" if cell is None else str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA) else text
