"""One row into an entry: what the columns of a layout say, worked out once for a sheet and then asked row by row."""

from collections.abc import Callable, Sequence
from datetime import date

from puhui.merchant.core.bills.cells import CellUnreadable, amount_minor, clock_alone, moment
from puhui.merchant.core.bills.entry import BillEntry
from puhui.merchant.core.bills.heading import Heading, is_card
from puhui.merchant.core.bills.opening import Sheet
from puhui.merchant.core.bills.signs import agreement, by_words, direction_of, plus_is_out, settle_by_balance
from puhui.merchant.core.bills.words import BillWords, plain

_STRIP = " \t\r\n`\u3000\u00a0'\ufeff"
_LONGEST_BLANK = 8
_TRUSTED = ("column", "columns")


class Skip(Exception):
    """The row is no entry: closed, failed, or nothing moved. `entry` is what it would have been, where it could be read."""

    def __init__(self, reason: str, entry: BillEntry | None = None) -> None:
        super().__init__(reason)
        self.reason, self.entry = reason, entry


class RowReader:
    """Reads rows of one sheet. Call `look_at` with some rows first; `settle` afterwards lets the balance judge the signs."""

    def __init__(self, sheet: Sheet, heading: Heading, words: BillWords, source: str, *, near: date) -> None:
        self.heading, self.words, self.source, self.near = heading, words, source, near
        self.card = is_card(sheet, heading, words)
        self.dates: tuple[int, ...] = heading.of("datetime")
        self.clocks: tuple[int, ...] = ()
        self.day_first = True
        self.direction = heading.of("direction")
        self.way = "sign"
        self.turn = False
        self.minus_is_usual = False
        self.money = self._money_columns()
        self._usual = 0
        self._blanks: dict[str, bool] = {}
        self._ways: dict[str, str | None] = {}
        self._states: dict[tuple[str, str, str], tuple[bool, bool]] = {}
        self.default_currency = self._currency_above(sheet)

    def look_at(self, rows: Sequence[Sequence[str]]) -> None:
        """Work out from some rows which columns hold days, what a sign means, and whether a column tells the direction."""
        rows = [row for row in rows if any(row) and not self._ends(row)]
        self._find_days(rows)
        filled = sorted(sum(1 for cell in row if cell.strip(_STRIP)) for row in rows if self.is_dated(row))
        self._usual = filled[len(filled) // 2] if filled else 0
        rows = [row for row in rows if self.is_dated(row)]
        self._find_direction(rows)
        self._find_way(rows)

    def is_tail(self, cells: Sequence[str]) -> bool:
        """Totals, remarks, rulers, a heading told again: rows that are no payments."""
        if self._ends(cells):
            return True
        filled = [cell for cell in cells if cell.strip(_STRIP)]
        few = len(filled) <= 2 or len(filled) * 2 < self._usual
        return (few and not self.is_dated(cells)) or self.is_heading(cells)

    def is_no_payment(self, cells: Sequence[str], *, ended: bool) -> bool:
        """Whether a row that could not be read is none that should have been: a balance, or what stands below the payments."""
        if self.is_dated(cells):
            return self.is_balance_only(cells)
        return ended or self.is_tail(cells)

    def is_heading(self, cells: Sequence[str]) -> bool:
        """The heading told again, as at the top of a printed page."""
        names = [plain(cell) for cell in cells if cell.strip(_STRIP)]
        same = sum(name in self.heading.names for name in names)
        return same >= 3 and same * 2 > len(names)

    def is_balance_only(self, cells: Sequence[str]) -> bool:
        """A dated line that tells a balance or a sum and no payment (期初余额, 本月合计)."""
        told = plain(self._text(cells, "description"))
        return any(len(word) > 1 and told.startswith(word) for word in self.words.tail)

    def is_torn(self, cells: Sequence[str]) -> bool:
        """Whether a last line that was not ended stops at, or before, its amount: digits may be missing."""
        money = [column for columns in self.money for column in columns]
        return (
            1 < len(cells) < len(self.heading.names)
            and self.is_dated(cells)
            and len(cells) - 1 <= max(money, default=0)
        )

    def read(self, cells: Sequence[str], line: int) -> BillEntry:
        """The entry of a row. Raises Skip or CellUnreadable."""
        cells = [cell.strip(_STRIP) for cell in cells]
        day, clock = self._moment(cells)
        status = self._text(cells, "status")
        kind, description = self._text(cells, "kind"), self._text(cells, "description")
        direction, minor, cell = self._amount(cells, status, kind, description)
        refund, dead = self._state((kind, status, description[:6]))
        entry = BillEntry(
            row=line, date=day, time=clock, direction=direction, amount_minor=abs(minor),
            counterparty=self._counterparty(cells, description or kind), source=self.source,
            external_id=self._external_id(cells, refund), status=status, description=description, kind=kind,
            method=self._text(cells, "method"), merchant_id=self._text(cells, "merchant_id"),
            account=self._text(cells, "account"), currency=self._currency(cells), balance_minor=self._balance(cells),
            fee_minor=self._fee(cells), refund=refund,
        )  # fmt: skip
        if dead:
            raise Skip("closed", entry)
        if minor == 0:
            raise Skip("zero")
        if len(cell) > _LONGEST_BLANK and any(word in cell for word in self.words.whole_refund):
            raise Skip("cancelled_out", entry)
        return entry

    def _state(self, texts: tuple[str, str, str]) -> tuple[bool, bool]:
        """(money comes back, the row is no payment), remembered by what (kind, status, description) say."""
        known = self._states.get(texts)
        if known is None:
            refund = any(word in text.lower() for word in self.words.kind_refund for text in texts)
            told = plain(texts[1])
            dead = any(word in told for word in self.words.dead) and not any(word in told for word in self.words.alive)
            known = self._states[texts] = (refund, dead)
        return known

    def settle(self, entries: list[BillEntry]) -> tuple[int, int]:
        """Let the running balance judge the directions that were inferred; (links, links that hold)."""
        if self.way in _TRUSTED or self.card:
            return agreement(entries)
        return settle_by_balance(entries, self.words, signed=self.way == "sign" and self._has_signs)

    # what the columns are

    def _money_columns(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """(single amounts, income, expense), best first; a pair of columns goes before a single one."""
        income, expense = self.heading.of("income"), self.heading.of("expense")
        return (() if income and expense else self.heading.of("amount")), income, expense

    def _find_days(self, rows: Sequence[Sequence[str]]) -> None:
        days, clocks = [], []
        for column in self.dates:
            cells = [row[column] for row in rows if column < len(row) and row[column].strip(_STRIP)]
            dated = sum(self._is_day(cell) for cell in cells)
            if cells and dated * 2 >= len(cells):
                days.append(column)
            elif any(clock_alone(cell.strip(_STRIP)) for cell in cells):
                clocks.append(column)
        self.dates, self.clocks = tuple(days) or self.dates, tuple(clocks)
        firsts = [row[column].strip(_STRIP) for row in rows for column in self.dates[:1] if column < len(row)]
        pairs = [cell.replace("-", "/").split("/") for cell in firsts]
        seconds = [int(pair[1]) for pair in pairs if len(pair) == 3 and pair[1].isdigit() and len(pair[0]) <= 2]
        self.day_first = not any(second > 12 for second in seconds)

    def _find_direction(self, rows: Sequence[Sequence[str]]) -> None:
        for column in (*self.direction, *self.heading.of("kind")):
            cells = [row[column].strip(_STRIP) for row in rows if column < len(row)]
            ways = [direction_of(cell, self.words) for cell in cells if cell]
            clear = sum(way in ("in", "out") for way in ways)
            whole = column in self.direction or all(plain(cell) in self.words.direction for cell in cells if cell)
            if (
                ways
                and whole
                and (clear * 2 >= len(ways) or (column in self.direction and (clear or None not in ways)))
            ):
                self.direction = (column,)
                return
        self.direction = ()

    def _find_way(self, rows: Sequence[Sequence[str]]) -> None:
        single, income, expense = self.money
        amounts = [(minor, self._row_text(row)) for row in rows for minor in [self._signed(row, single)] if minor]
        self._has_signs = any(minor < 0 for minor, _ in amounts) or any("+" in self._cell(row, single) for row in rows)
        if not single and (income or expense):
            self.way = "columns"
            told = [self._signed(row, expense) for row in rows]
            self.minus_is_usual = sum(minor < 0 for minor in told) > sum(minor > 0 for minor in told)
        elif self.direction:
            self.way = "column"
            self.minus_is_usual = self._minus_goes_with_out(rows, single)
        elif self.heading.of("refund_id") and not self.card:
            self.way = "merchant"
        elif amounts and not self._has_signs and self._words_tell(rows):
            self.way = "words"
        elif self.card:
            self.turn = plus_is_out(amounts, self.words)

    def _minus_goes_with_out(self, rows: Sequence[Sequence[str]], single: tuple[int, ...]) -> bool:
        out = [self._signed(row, single) for row in rows
               if direction_of(self._cell(row, self.direction), self.words) == "out"]  # fmt: skip
        return sum(minor < 0 for minor in out) > sum(minor > 0 for minor in out)

    def _words_tell(self, rows: Sequence[Sequence[str]]) -> bool:
        told = [by_words(self._word_cells(row), self.words) for row in rows]
        return bool(told) and sum(way is not None for way in told) * 2 >= len(told) and (self.card or "out" in told)

    # one cell

    def _amount(self, cells: Sequence[str], status: str, kind: str, description: str) -> tuple[str, int, str]:
        single, income, expense = self.money
        if self.way == "columns":
            return self._of_two(cells, income, expense)
        cell = self._cell(cells, single)
        if self.way == "merchant":
            back = any(word in text.lower() for word in self.words.kind_refund for text in (status, kind))
            if back:
                cell = self._first_not_zero(cells, (*self.heading.of("refund_amount"), *single)) or cell
                return "out", amount_minor(self._needed(cell)), cell
        minor = amount_minor(self._needed(cell))
        if self.way == "column":
            said = self._cell(cells, self.direction)
            if said not in self._ways:
                self._ways[said] = direction_of(said, self.words)
            told = self._ways[said]
            if told is None:
                return ("neutral" if not self._cell(cells, self.direction) or not self._has_signs
                        else "in" if minor > 0 else "out"), minor, cell  # fmt: skip
            turned = minor < 0 and not (told == "out" and self.minus_is_usual) and told != "neutral"
            return ({"in": "out", "out": "in"}[told] if turned else told), minor, cell
        if self.way == "words":
            return by_words((kind, description), self.words) or ("out" if self.card else "in"), minor, cell
        return ("in" if (minor > 0) != self.turn else "out"), minor, cell

    def _of_two(self, cells: Sequence[str], income: tuple[int, ...], expense: tuple[int, ...]) -> tuple[str, int, str]:
        came, went = self._first_not_zero(cells, income), self._first_not_zero(cells, expense)
        if not came and not went:
            if not self._cell(cells, income) and not self._cell(cells, expense):
                raise CellUnreadable("没有金额 · no amount")
            return "in", 0, ""
        inward = amount_minor(came) if came else 0
        outward = amount_minor(went) if went else 0
        if self.minus_is_usual:
            outward = abs(outward)
        net = inward - outward
        return ("in" if net > 0 else "out"), net, came or went

    def _first_not_zero(self, cells: Sequence[str], columns: tuple[int, ...]) -> str:
        for column in columns:
            cell = self._at(cells, column)
            if not self._blank(cell) and amount_minor(cell):
                return cell
        return ""

    def _moment(self, cells: Sequence[str]) -> tuple[date, str]:
        for column in self.dates:
            cell = self._at(cells, column)
            if cell and not self._blank(cell):
                day, clock = moment(cell, day_first=self.day_first, near=self.near,
                                    home_hours=self.words.limits["home_offset_hours"])  # fmt: skip
                if clock in ("", "00:00:00") and self.clocks:
                    clock = next((told for at in self.clocks if (told := clock_alone(self._at(cells, at)))), clock)
                return day, clock
        raise CellUnreadable("没有日期 · no date")

    def _counterparty(self, cells: Sequence[str], otherwise: str) -> str:
        for column in self.heading.of("counterparty"):
            cell = self._at(cells, column)
            if not self._blank(cell):
                name = self.heading.names[column] if self.heading.names else ""
                return cell.split("/", 1)[1].strip() if name.startswith("对方账号与户名") and "/" in cell else cell
        head, _, rest = otherwise.partition(" ")
        return rest.strip() if rest.strip() and by_words((head,), self.words) else otherwise

    def _external_id(self, cells: Sequence[str], refund: bool) -> str:
        own = self._filled(cells, "id")
        back = self._filled(cells, "refund_id") if refund else ""
        if back:
            return back if self.heading.of("refund_amount") else f"{own}_{back}"
        return own or self._filled(cells, "merchant_id")

    def _filled(self, cells: Sequence[str], role: str) -> str:
        for column in self.heading.of(role):
            cell = self._at(cells, column)
            if not self._blank(cell) and cell != "0":
                return cell.removesuffix(".0")
        return ""

    def _currency(self, cells: Sequence[str]) -> str:
        cell = plain(self._cell(cells, self.heading.of("currency")))
        if not cell and self._cell(cells, self.money[0])[:1].isalpha():
            single = plain(self._cell(cells, self.money[0]))
            cell = single[:3] if single[:3].isalpha() and single[:3].isascii() else ""
        return self.words.currencies.get(cell, self.default_currency) if cell else self.default_currency

    def _balance(self, cells: Sequence[str]) -> int | None:
        cell = self._cell(cells, self.heading.of("balance"))
        if not cell or self._blank(cell):
            return None
        try:
            return amount_minor(cell)
        except CellUnreadable:
            return None

    def _fee(self, cells: Sequence[str]) -> int:
        """What the channel kept, to the fen; a merchant's bill tells fees with more decimals than can be paid."""
        cell = self._cell(cells, self.heading.of("fee")).lstrip("-")
        if not cell or self._blank(cell):
            return 0
        whole, _, part = cell.partition(".")
        try:
            return amount_minor(f"{whole}.{part[:2]}") + (part[2:3] >= "5") if part else amount_minor(whole)
        except CellUnreadable:
            return 0

    def _needed(self, cell: str) -> str:
        if self._blank(cell):
            raise CellUnreadable("没有金额 · no amount")
        return cell

    def _text(self, cells: Sequence[str], role: str) -> str:
        for column in self.heading.columns.get(role, ()):
            cell = self._at(cells, column)
            if cell and not self._blank(cell):
                return " ".join(cell.split()) if "\n" in cell else cell
        return ""

    def _word_cells(self, cells: Sequence[str]) -> tuple[str, ...]:
        return self._text(cells, "kind"), self._text(cells, "description")

    def _row_text(self, cells: Sequence[str]) -> str:
        return " ".join(self._word_cells(cells))

    def _signed(self, cells: Sequence[str], columns: tuple[int, ...]) -> int:
        try:
            return amount_minor(self._cell(cells, columns) or "0")
        except CellUnreadable:
            return 0

    def _cell(self, cells: Sequence[str], columns: tuple[int, ...]) -> str:
        return self._first(cells, columns, bool)

    def _first(self, cells: Sequence[str], columns: tuple[int, ...], fits: Callable[[str], bool]) -> str:
        for column in columns:
            cell = self._at(cells, column)
            if fits(cell):
                return cell
        return ""

    def _blank(self, cell: str) -> bool:
        """Whether a cell says nothing (empty, a dash, a slash, 无)."""
        if len(cell) >= _LONGEST_BLANK:
            return False
        known = self._blanks.get(cell)
        if known is None:
            known = self._blanks[cell] = plain(cell) in self.words.empty
        return known

    @staticmethod
    def _at(cells: Sequence[str], column: int) -> str:
        return cells[column].strip(_STRIP) if column < len(cells) else ""

    def is_dated(self, cells: Sequence[str]) -> bool:
        return any(self._is_day(self._at(cells, column)) for column in self.dates)

    def _is_day(self, cell: str) -> bool:
        try:
            moment(cell.strip(_STRIP), near=self.near)
        except CellUnreadable:
            return False
        return True

    def _ends(self, cells: Sequence[str]) -> bool:
        first = next((plain(cell) for cell in cells if cell.strip(_STRIP)), "")
        return any(first.startswith(word) for word in self.words.tail) and not self.is_dated(cells)

    def _currency_above(self, sheet: Sheet) -> str:
        above = plain(" ".join(cell for row in sheet.rows[: self.heading.at] for cell in row))
        named = {
            code
            for name, code in self.words.currencies.items()
            if len(name) > 1 and name in above and not name.isascii()
        }
        return named.pop() if len(named) == 1 else "CNY"
