"""Rows of a sheet, a column at a time: what each role says in every row at once. One row is a batch of one.

>>> from types import SimpleNamespace
>>> from puhui.merchant.core.bills.heading import Heading
>>> words = SimpleNamespace(empty=frozenset(["", "-", "/"]))
>>> heading = Heading(0, ("商品", "备注"), {"description": (0, 1)})
>>> Columns([["米\t", "x"], ["/", "送货"]], heading, words).texts("description")
['米', '送货']
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from itertools import repeat
from operator import itemgetter

from puhui.merchant.core.bills.cells import CellUnreadable, amount_minor, usual_amounts
from puhui.merchant.core.bills.heading import Heading
from puhui.merchant.core.bills.words import BillWords, plain

_STRIP = " \t\r\n`\u3000\u00a0'\ufeff"
_LONGEST_BLANK = 8
Faults = dict[int, CellUnreadable]


def stripped(cell: str) -> str:
    """A cell without what files put around it: spaces, a backtick, a quotation mark."""
    return cell.strip(_STRIP)


def is_blank(cell: str, words: BillWords) -> bool:
    """Whether a cell says nothing (empty, a dash, a slash, 无)."""
    return len(cell) < _LONGEST_BLANK and plain(cell) in words.empty


class Columns:
    """The cells of some rows by column: `raw` as they stand, `told` with an empty text where a cell says nothing."""

    def __init__(self, rows: Sequence[Sequence[str]], heading: Heading, words: BillWords) -> None:
        self.heading, self.words, self._rows = heading, words, rows
        self._raw: dict[int, list[str]] = {}
        self._told: dict[int, list[str]] = {}
        self._narrowest = min(map(len, rows), default=0)

    def __len__(self) -> int:
        return len(self._rows)

    def raw(self, column: int) -> list[str]:
        """The cells of one column, empty where a row is shorter."""
        found = self._raw.get(column)
        if found is None:
            if column < self._narrowest:
                found = list(map(str.strip, map(itemgetter(column), self._rows), repeat(_STRIP)))
            else:
                found = [row[column].strip(_STRIP) if column < len(row) else "" for row in self._rows]
            self._raw[column] = found
        return found

    def told(self, column: int) -> list[str]:
        """The same, with cells that say nothing emptied."""
        found = self._told.get(column)
        if found is None:
            cells = self.raw(column)
            short = {cell for cell in cells if len(cell) < _LONGEST_BLANK} - {""}
            blank = {cell: "" for cell in short if is_blank(cell, self.words)}
            found = self._told[column] = list(map(blank.get, cells, cells)) if blank else cells
        return found

    def first_raw(self, columns: Sequence[int]) -> list[str]:
        """In each row the first cell that is not empty."""
        return self._merged([self.raw(column) for column in columns])

    def first_told(self, columns: Sequence[int]) -> list[str]:
        """In each row the first cell that says something."""
        return self._merged([self.told(column) for column in columns])

    def texts(self, role: str) -> list[str]:
        """In each row what the best filled column of a role says, on one line."""
        cells = self.first_told(self.heading.of(role))
        if "\n" not in "".join(cells):
            return cells
        return [" ".join(cell.split()) if "\n" in cell else cell for cell in cells]

    def numbers(self, role: str) -> list[str]:
        """In each row the number (an order's, a payment's) of the best filled column; Excel's `.0` taken off."""
        return self._merged([self._numbers(column) for column in self.heading.of(role)])

    def counterparties(self, otherwise: Callable[[int], str]) -> list[str]:
        """In each row whom the payment was with; `otherwise` answers for rows whose columns are silent."""
        found = self._merged([self._names(column) for column in self.heading.of("counterparty")])
        return [name or otherwise(n) for n, name in enumerate(found)] if "" in found else found

    def signed(self, columns: Sequence[int]) -> list[int]:
        """Minor units of the first filled cell with their sign, nought where it is no amount."""
        return [_amount_or(cell or "0", 0) for cell in self.first_raw(columns)]

    def balances(self) -> list[int | None]:
        """The running balance, or None where the row tells none."""
        if not self.heading.of("balance"):
            return [None] * len(self)
        return [_balance(cell, self.words) for cell in self.first_raw(self.heading.of("balance"))]

    def fees(self) -> list[int]:
        """What the channel kept, to the fen; a merchant's bill tells fees with more decimals than can be paid."""
        if not self.heading.of("fee"):
            return [0] * len(self)
        cells = self.first_raw(self.heading.of("fee"))
        known = {cell: _fee(cell, self.words) for cell in set(cells)}
        return [known[cell] for cell in cells]

    def _numbers(self, column: int) -> list[str]:
        cells = self.told(column)
        told = "\n".join(("", *cells, ""))
        if ".0\n" not in told and "\n0\n" not in told:
            return cells
        return ["" if cell == "0" else cell.removesuffix(".0") for cell in cells]

    def _names(self, column: int) -> list[str]:
        cells = self.told(column)
        name = self.heading.names[column] if self.heading.names else ""
        if not name.startswith("对方账号与户名"):
            return cells
        return [cell.split("/", 1)[1].strip() if "/" in cell else cell for cell in cells]

    def _merged(self, columns: Sequence[list[str]]) -> list[str]:
        if not columns:
            return [""] * len(self)
        found = columns[0]
        for later in columns[1:]:
            if "" not in found:
                break
            found = [have or other for have, other in zip(found, later, strict=True)]
        return found


def amounts(cells: Sequence[str], words: BillWords, faults: Faults) -> list[int]:
    """Minor units of each cell with their sign; a cell that is none leaves its reason in `faults` and nought here."""
    found = usual_amounts(cells)
    if found is not None:
        return found
    with suppress(CellUnreadable):
        return [amount_minor(cell) for cell in cells]
    found = []
    for n, cell in enumerate(cells):
        try:
            found.append(needed_amount(cell, words))
        except CellUnreadable as fault:
            faults.setdefault(n, fault)
            found.append(0)
    return found


def needed_amount(cell: str, words: BillWords) -> int:
    """Minor units of a cell that must hold an amount. Raises CellUnreadable."""
    if is_blank(cell, words):
        raise CellUnreadable("没有金额 · no amount")
    return amount_minor(cell)


def _amount_or(cell: str, otherwise: int) -> int:
    try:
        return amount_minor(cell)
    except CellUnreadable:
        return otherwise


def _balance(cell: str, words: BillWords) -> int | None:
    if not cell or is_blank(cell, words):
        return None
    try:
        return amount_minor(cell)
    except CellUnreadable:
        return None


def _fee(told: str, words: BillWords) -> int:
    cell = told.lstrip("-")
    if not cell or is_blank(cell, words):
        return 0
    whole, _, part = cell.partition(".")
    try:
        return amount_minor(f"{whole}.{part[:2]}") + (part[2:3] >= "5") if part else amount_minor(whole)
    except CellUnreadable:
        return 0


DAY_OF_NONE = date.min  # stands in a row whose day could not be read; its fault says so
