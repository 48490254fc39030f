"""Rows into entries: what the columns of a layout say, worked out once for a sheet, then read a column at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from puhui.merchant.core.bills.cells import (
    CellUnreadable,
    amount_minor,
    clock_alone,
    moment,
    moments,
    usual_moments,
    way_at,
)
from puhui.merchant.core.bills.columns import DAY_OF_NONE, Columns, Faults, amounts, is_blank, needed_amount, stripped
from puhui.merchant.core.bills.entry import BillEntry
from puhui.merchant.core.bills.heading import Heading, is_card, is_till
from puhui.merchant.core.bills.opening import Sheet
from puhui.merchant.core.bills.signs import agreement, by_words, direction_of, plus_is_out, settle_by_balance
from puhui.merchant.core.bills.words import BillWords, plain

_LONGEST_BLANK = 8
_TRUSTED = ("column", "columns", "beside")


@dataclass(frozen=True, slots=True)
class Skip:
    """The row is no entry: closed, failed, or nothing moved. `entry` is what it would have been, where it could be read."""

    reason: str
    entry: BillEntry | None = None


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
        self._states: dict[tuple[str, str, str], tuple[bool, bool]] = {}
        self.default_currency = self._currency_above(sheet)

    def look_at(self, rows: Sequence[Sequence[str]]) -> None:
        """Work out from some rows which columns hold days, what a sign means, and whether a column tells the direction."""
        rows = [row for row in rows if any(row) and not self._ends(row)]
        self._find_days(self._columns(rows))
        filled = sorted(sum(1 for cell in row if stripped(cell)) for row in rows if self.is_dated(row))
        self._usual = filled[len(filled) // 2] if filled else 0
        sample = self._columns([row for row in rows if self.is_dated(row)])
        self._find_direction(sample)
        self._find_way(sample)

    def read(self, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> list[BillEntry | Skip | CellUnreadable]:
        """What each row comes to: an entry, a Skip, or why it cannot be read."""
        columns, faults = self._columns(rows), Faults()
        days, clocks = self._moments(columns, faults)
        kinds, statuses, descriptions = (columns.texts(role) for role in ("kind", "status", "description"))
        ways, minors, cells = self._amounts(columns, statuses, kinds, descriptions, faults)
        states = self._states_of(kinds, statuses, descriptions)
        refunds = [refund for refund, _ in states]
        entries = list(map(
            BillEntry, lines, days, clocks, ways, map(abs, minors),
            self._counterparties(columns, ways, lambda n: self._called(descriptions[n] or kinds[n])), [self.source] * len(columns),
            self._external_ids(columns, refunds), statuses, descriptions, kinds, columns.texts("method"), columns.texts("merchant_id"),
            columns.texts("account"), self._currencies(columns), columns.balances(), columns.fees(), refunds,
        ))  # fmt: skip
        found: list[BillEntry | Skip | CellUnreadable] = list(entries)
        for n, (_, dead) in enumerate(states):
            if dead:
                found[n] = Skip("closed", entries[n])
            elif minors[n] == 0:
                found[n] = Skip("zero")
            elif len(cells[n]) > _LONGEST_BLANK and any(word in cells[n] for word in self.words.whole_refund):
                found[n] = Skip("cancelled_out", entries[n])
        for n, fault in faults.items():
            found[n] = fault
        return found

    def settle(self, entries: list[BillEntry]) -> tuple[int, int]:
        """Let the running balance judge the directions that were inferred; (links, links that hold)."""
        if self.way in _TRUSTED or self.card:
            return agreement(entries)
        return settle_by_balance(entries, self.words, signed=self.way == "sign" and self._has_signs)

    # rows that are no payments

    def is_tail(self, cells: Sequence[str]) -> bool:
        """Totals, remarks, rulers, a heading told again: rows that are no payments."""
        if self._ends(cells):
            return True
        filled = [cell for cell in cells if stripped(cell)]
        few = len(filled) <= 2 or len(filled) * 2 < self._usual
        return (few and not self.is_dated(cells)) or self.is_heading(cells)

    def is_no_payment(self, cells: Sequence[str], *, ended: bool) -> bool:
        """Whether a row that could not be read is none that should have been: a balance, or what stands below the payments."""
        if self.is_dated(cells):
            return self.is_balance_only(cells)
        return ended or self.is_tail(cells)

    def is_heading(self, cells: Sequence[str]) -> bool:
        """The heading told again, as at the top of a printed page."""
        names = [plain(cell) for cell in cells if stripped(cell)]
        same = sum(name in self.heading.names for name in names)
        return same >= 3 and same * 2 > len(names)

    def is_balance_only(self, cells: Sequence[str]) -> bool:
        """A dated line that tells a balance or a sum and no payment (期初余额, 本月合计)."""
        told = plain(self._columns([cells]).texts("description")[0])
        return any(len(word) > 1 and told.startswith(word) for word in self.words.tail)

    def is_torn(self, cells: Sequence[str]) -> bool:
        """Whether a last line that was not ended stops at, or before, its amount: digits may be missing."""
        money = [column for columns in self.money for column in columns]
        return (
            1 < len(cells) < len(self.heading.names)
            and self.is_dated(cells)
            and len(cells) - 1 <= max(money, default=0)
        )

    def is_dated(self, cells: Sequence[str]) -> bool:
        return any(self._is_day(cells[column]) for column in self.dates if column < len(cells))

    def _is_day(self, cell: str) -> bool:
        try:
            moment(stripped(cell), near=self.near)
        except CellUnreadable:
            return False
        return True

    def _ends(self, cells: Sequence[str]) -> bool:
        first = next((plain(cell) for cell in cells if stripped(cell)), "")
        return any(first.startswith(word) for word in self.words.tail) and not self.is_dated(cells)

    # what the columns are

    def _columns(self, rows: Sequence[Sequence[str]]) -> Columns:
        return Columns(rows, self.heading, self.words)

    def _money_columns(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """(single amounts, income, expense), best first; a pair of columns goes before a single one."""
        income, expense = self.heading.of("income"), self.heading.of("expense")
        single = () if income and expense else self.heading.of("amount")
        if self.heading.of("fee") and self.heading.names:
            single = tuple(sorted(single, key=lambda column: self.heading.names[column] in self.words.settled))
        return single, income, expense

    def _find_days(self, sample: Columns) -> None:
        days, clocks = [], []
        for column in self.dates:
            cells = [cell for cell in sample.raw(column) if cell]
            dated = sum(self._is_day(cell) for cell in cells)
            if cells and dated * 2 >= len(cells):
                days.append(column)
            elif any(clock_alone(cell) for cell in cells):
                clocks.append(column)
        self.dates, self.clocks = tuple(days) or self.dates, tuple(clocks)
        firsts = [cell for column in self.dates[:1] for cell in sample.raw(column)]
        pairs = [cell.replace("-", "/").split("/") for cell in firsts]
        seconds = [int(pair[1]) for pair in pairs if len(pair) == 3 and pair[1].isdigit() and len(pair[0]) <= 2]
        self.day_first = not any(second > 12 for second in seconds)

    def _find_direction(self, sample: Columns) -> None:
        for column in (*self.direction, *self.heading.of("kind")):
            cells = [cell for cell in sample.raw(column) if cell]
            ways = [direction_of(cell, self.words) for cell in cells]
            clear = sum(way in ("in", "out") for way in ways)
            whole = column in self.direction or all(plain(cell) in self.words.direction for cell in cells)
            if (
                ways
                and whole
                and (clear * 2 >= len(ways) or (column in self.direction and (clear or None not in ways)))
            ):
                self.direction = (column,)
                return
        self.direction = ()

    def _find_way(self, sample: Columns) -> None:
        single, income, expense = self.money
        texts = list(zip(sample.texts("kind"), sample.texts("description"), strict=True))
        told = sample.signed(single)
        marked = [(minor, " ".join(text)) for minor, text in zip(told, texts, strict=True) if minor]
        self._has_signs = any(minor < 0 for minor, _ in marked) or any("+" in cell for cell in sample.first_raw(single))
        if not single and (income or expense):
            self.way = "columns"
            self.minus_is_usual = _mostly_minus(sample.signed(expense))
        elif self.direction:
            self.way = "column"
            ways = [direction_of(cell, self.words) for cell in sample.first_raw(self.direction)]
            self.minus_is_usual = _mostly_minus([minor for minor, way in zip(told, ways, strict=True) if way == "out"])
        elif (self.heading.of("refund_id") or is_till(self.heading, self.words)) and not self.card:
            self.way = "merchant"
        elif self._beside_tells(sample.first_raw(single)):
            self.way = "beside"
        elif marked and not self._has_signs and self._words_tell(texts):
            self.way = "words"
        elif self.card:
            self.turn = plus_is_out(marked, self.words)

    def _beside_tells(self, cells: Sequence[str]) -> bool:
        """Whether amounts say their own way beside the number, as a card's mail does: `12.00/RMB(支出)`, or only money back: `500.00CR`."""
        told = [way_at(cell).upper() for cell in cells if cell]
        ways = [self._beside(cell) for cell in cells if cell]
        many = bool(ways) and sum(way is not None for way in ways) * 2 >= len(ways)
        self._silent = (
            "in" if set(ways) - {None} == {"out"} and not self.card else "out" if self.card or "CR" in told else "in"
        )
        return many or any(each in ("CR", "DR") for each in told)

    def _beside(self, cell: str) -> str | None:
        way = direction_of(way_at(cell), self.words)
        return way if way in ("in", "out") else None

    def _words_tell(self, texts: Sequence[tuple[str, str]]) -> bool:
        told = [by_words(each, self.words) for each in texts]
        return bool(told) and sum(way is not None for way in told) * 2 >= len(told) and (self.card or "out" in told)

    # every row at once

    def _moments(self, columns: Columns, faults: Faults) -> tuple[list[date], list[str]]:
        cells = columns.first_told(self.dates)
        usual = None if self.clocks else usual_moments(cells)
        if usual is not None:
            return usual
        found = moments(
            cells, day_first=self.day_first, near=self.near, home_hours=self.words.limits["home_offset_hours"]
        )
        days, clocks = [], []
        for n, each in enumerate(found):
            if isinstance(each, CellUnreadable):
                faults[n] = each
                days.append(DAY_OF_NONE)
                clocks.append("")
            else:
                days.append(each[0])
                clocks.append(each[1])
        for column in self.clocks:
            told = columns.raw(column)
            clocks = [
                clock_alone(told[n]) or clock if clock in ("", "00:00:00") else clock for n, clock in enumerate(clocks)
            ]
        return days, clocks

    def _amounts(
        self, columns: Columns, statuses: list[str], kinds: list[str], descriptions: list[str], faults: Faults
    ) -> tuple[list[str], list[int], list[str]]:
        """(direction, signed minor units, the cell they came from) of each row."""
        single, income, expense = self.money
        if self.way == "columns":
            return self._of_two(columns, income, expense, faults)
        cells = columns.first_raw(single)
        if self.way == "merchant":
            taken_back = (*self.words.kind_refund, *self.words.undone_sale)
            back = [any(word in text.lower() for word in taken_back for text in texts)
                    for texts in zip(statuses, kinds, strict=True)]  # fmt: skip
            cells = self._paid_back(columns, cells, back, faults)
            minors = amounts(cells, self.words, faults)
            return ["out" if each or minors[n] < 0 else "in" for n, each in enumerate(back)], minors, cells
        minors = amounts(cells, self.words, faults)
        if self.way == "column":
            return self._by_column(columns.first_raw(self.direction), minors), minors, cells
        if self.way == "beside":
            return [self._beside(cell) or self._silent for cell in cells], minors, cells
        if self.way == "words":
            silent = "out" if self.card else "in"
            texts = zip(kinds, descriptions, strict=True)
            return [by_words(each, self.words) or silent for each in texts], minors, cells
        return ["in" if (minor > 0) != self.turn else "out" for minor in minors], minors, cells

    def _by_column(self, said: list[str], minors: list[int]) -> list[str]:
        """The file's own word; an amount against it turns it, a word nobody knows leaves the sign to say."""
        ways = {cell: direction_of(cell, self.words) for cell in set(said)}
        plain_words = {cell: way for cell, way in ways.items() if way is not None}
        if len(plain_words) == len(ways) and min(minors, default=0) >= 0:
            return [plain_words[cell] for cell in said]
        found = []
        for cell, minor in zip(said, minors, strict=True):
            told = ways[cell]
            if told is None:
                told = "neutral" if not cell or not self._has_signs else "in" if minor > 0 else "out"
            elif minor < 0 and told != "neutral" and not (told == "out" and self.minus_is_usual):
                told = "out" if told == "in" else "in"
            found.append(told)
        return found

    def _paid_back(self, columns: Columns, cells: list[str], back: list[bool], faults: Faults) -> list[str]:
        """The cell of each row's amount in a merchant's bill: of a refund, the first that is not nought."""
        asked = [columns.raw(column) for column in (*self.heading.of("refund_amount"), *self.money[0])]
        found = list(cells)
        for n, refunded in enumerate(back):
            if refunded:
                found[n] = self._first_not_zero([column[n] for column in asked], n, faults) or cells[n]
        return found

    def _of_two(
        self, columns: Columns, income: tuple[int, ...], expense: tuple[int, ...], faults: Faults
    ) -> tuple[list[str], list[int], list[str]]:
        came = [columns.raw(column) for column in income]
        went = [columns.raw(column) for column in expense]
        minors, cells = [], []
        for n in range(len(columns)):
            inward = self._first_not_zero([column[n] for column in came], n, faults)
            outward = self._first_not_zero([column[n] for column in went], n, faults)
            if not inward and not outward and not any(column[n] for column in (*came, *went)):
                faults.setdefault(n, CellUnreadable("没有金额 · no amount"))
            out = amount_minor(outward) if outward else 0
            minors.append((amount_minor(inward) if inward else 0) - (abs(out) if self.minus_is_usual else out))
            cells.append(inward or outward)
        return ["out" if minor < 0 else "in" for minor in minors], minors, cells

    def _first_not_zero(self, cells: Sequence[str], n: int, faults: Faults) -> str:
        for cell in cells:
            try:
                if not is_blank(cell, self.words) and needed_amount(cell, self.words):
                    return cell
            except CellUnreadable as fault:
                faults.setdefault(n, fault)
                return ""
        return ""

    def _states_of(self, kinds: list[str], statuses: list[str], descriptions: list[str]) -> list[tuple[bool, bool]]:
        """(money comes back, the row is no payment), remembered by what (kind, status, description) say."""
        heads = [text[:6] for text in descriptions]
        asked = list(zip(kinds, statuses, heads, strict=True))
        for texts in set(asked) - self._states.keys():
            refund = any(word in text.lower() for word in self.words.kind_refund for text in texts)
            told = plain(texts[1])
            dead = any(word in told for word in self.words.dead) and not any(word in told for word in self.words.alive)
            self._states[texts] = (refund, dead)
        return [self._states[texts] for texts in asked]

    def _called(self, otherwise: str) -> str:
        """Whom a description names, where no column does: `消费 某店` is 某店."""
        head, _, rest = otherwise.partition(" ")
        return rest.strip() if rest.strip() and by_words((head,), self.words) else otherwise

    def _counterparties(self, columns: Columns, ways: list[str], otherwise: Callable[[int], str]) -> list[str]:
        """Whom each payment was with; where a bill tells payer and payee and no counterparty, the one that is not the owner."""
        payer, payee = self.heading.of("payer"), self.heading.of("payee")
        if not (payer and payee and self.heading.of("counterparty")[0] in (*payer, *payee)):
            return columns.counterparties(otherwise)
        payers, payees = columns.texts("payer"), columns.texts("payee")
        return [(payers if way == "in" else payees)[n] or otherwise(n) for n, way in enumerate(ways)]

    def _external_ids(self, columns: Columns, refunds: list[bool]) -> list[str]:
        own, back = columns.numbers("id"), columns.numbers("refund_id")
        found = [number or other for number, other in zip(own, columns.numbers("merchant_id"), strict=True)]
        alone = bool(self.heading.of("refund_amount"))
        for n, refunded in enumerate(refunds):
            if refunded and back[n]:
                found[n] = back[n] if alone else f"{own[n]}_{back[n]}"
        return found

    def _currencies(self, columns: Columns) -> list[str]:
        cells = columns.first_raw(self.heading.of("currency"))
        known = {
            cell: self.words.currencies.get(plain(cell), self.default_currency) if cell else "" for cell in set(cells)
        }
        found = [known[cell] for cell in cells]
        if "" not in found:
            return found
        money = columns.first_raw(self.money[0])
        if not any(map(str.isalpha, {cell[:1] for cell in money})):
            return [code or self.default_currency for code in found]
        return [code or self._currency_before(money[n]) for n, code in enumerate(found)]

    def _currency_before(self, amount: str) -> str:
        """The currency that stands before an amount (`CNY 3.10`), or the bill's own."""
        if not amount[:1].isalpha():
            return self.default_currency
        name = plain(amount)[:3]
        return self.words.currencies.get(name if name.isalpha() and name.isascii() else "", self.default_currency)

    def _currency_above(self, sheet: Sheet) -> str:
        above = plain(" ".join(cell for row in sheet.rows[: self.heading.at] for cell in row))
        named = {
            code
            for name, code in self.words.currencies.items()
            if len(name) > 1 and name in above and not name.isascii()
        }
        return named.pop() if len(named) == 1 else "CNY"


def _mostly_minus(minors: Sequence[int]) -> bool:
    return sum(minor < 0 for minor in minors) > sum(minor > 0 for minor in minors)
