"""Which row names the columns, and what each column is; who wrote the bill.

A heading is recognised by what it says: it names a day and an amount, and more known columns than any other row.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from puhui.merchant.core.bills.opening import Sheet
from puhui.merchant.core.bills.words import BillWords, Source, plain

_BRACKET = re.compile(r"[(\[【][^()\[\]【】]*[)\]】]$")
_FOREIGN = re.compile(r"[a-z .]{3,}")
_MONEY = ("amount", "income", "expense", "refund_amount")


@dataclass(frozen=True, slots=True)
class Heading:
    """`at` is the row's index in its sheet; `columns[role]` are column numbers, best first."""

    at: int
    names: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]]
    rows: int = 1  # a heading may take two rows, as where 收入 and 支出 stand under 交易金额

    def of(self, role: str) -> tuple[int, ...]:
        return self.columns.get(role, ())


def find_heading(rows: Sequence[Sequence[str]], words: BillWords) -> Heading | None:
    """The best row of the first `header_rows`, or None."""
    best: tuple[int, Heading] | None = None
    last = min(len(rows), words.limits["header_rows"])
    for at in range(last):
        if sum(1 for cell in rows[at] if cell.strip()) < 3:
            continue
        found = heading_of(at, rows[at], words)
        if found and (best is None or found[0] > best[0]):
            best = found
    for at in range(last - 1) if best is None else (best[1].at,):
        pair = _of_two_rows(rows, at, words)
        if pair and (best is None or (pair.of("income") and pair.of("expense") and not best[1].of("income"))):
            return pair
    return best[1] if best else None


def _of_two_rows(rows: Sequence[Sequence[str]], at: int, words: BillWords) -> Heading | None:
    if at + 1 >= len(rows) or any(cell[:1].isdigit() for cell in rows[at + 1]):
        return None
    under = [low if low.strip() else high for high, low in _paired(rows[at], rows[at + 1])]
    found = heading_of(at, under, words)
    return Heading(at, found[1].names, found[1].columns, 2) if found else None


def mapped_heading(rows: Sequence[Sequence[str]], mapping: Mapping[str, str], words: BillWords) -> Heading | None:
    """A heading whose columns a person named: role → the column's name, or its number counted from 1."""
    for at in range(min(len(rows), words.limits["header_rows"])):
        names = [plain(cell) for cell in rows[at]]
        columns = {}
        for role, told in mapping.items():
            if told.isdigit():
                columns[role] = (int(told) - 1,)
            elif plain(told) in names:
                columns[role] = (names.index(plain(told)),)
            else:
                break
        else:
            if any(not told.isdigit() for told in mapping.values()):
                return Heading(at, tuple(names), columns)
            return Heading(at - 1, (), columns)
    return None


def find_source(sheet: Sheet, heading: Heading, words: BillWords) -> Source | None:
    """By what stands outside the rows first, then by columns only one source has together."""
    outside = [cell for row in sheet.rows[: heading.at] for cell in row]
    outside += [cell for row in sheet.rows[-8:] if sum(bool(cell.strip()) for cell in row) <= 2 for cell in row]
    text = plain(" ".join((sheet.name, *outside)))
    for source in words.sources:
        if any(title in text for title in source.titles):
            return source
    names = frozenset(heading.names)
    best = [
        (len(want), -n, source) for n, source in enumerate(words.sources) for want in source.headers if want <= names
    ]
    return max(best, key=lambda each: each[:2])[2] if best else None


def is_till(heading: Heading, words: BillWords) -> bool:
    """Whether this is a bill of what a shop's till took, on which a sale is money in and a refund money out, whatever their sign."""
    told = any(heading.of(role) for role in ("balance", "direction", "income", "expense"))
    fees = heading.of("fee") and (heading.of("kind") or heading.of("status"))
    return not told and bool(set(heading.names) & words.till_headers or fees)


def is_card(sheet: Sheet, heading: Heading, words: BillWords) -> bool:
    """Whether this is a credit card's bill, on which spending is written as a plus."""
    if is_till(heading, words):
        return False
    if set(heading.names) & words.card_headers and not heading.of("balance"):
        return True
    before = plain(" ".join(cell for row in sheet.rows[: heading.at] for cell in row) + sheet.name)
    if any(word in before for word in words.card_words):
        return True
    days = [n for n in heading.of("datetime") if "时间" not in heading.names[n]] if heading.names else []
    bare = not heading.of("balance") and not heading.of("direction") and not heading.of("status")
    return len(days) >= 2 and bare


def heading_of(at: int, cells: Sequence[str], words: BillWords) -> tuple[int, Heading] | None:
    """(known columns, the heading) of one row, or None where it names no day or no amount."""
    names = tuple(plain(cell) for cell in cells)
    found: dict[str, list[tuple[int, int]]] = {}
    known = 0
    for number, name in enumerate(names):
        roles = _roles_of(name, words) if 0 < len(name) <= 40 else ()
        known += bool(roles)
        for role, rank in roles:
            found.setdefault(role, []).append((rank, number))
    if "datetime" not in found or not any(role in found for role in _MONEY) or known < 3:
        return None
    columns = {role: tuple(number for _, number in sorted(ranked)) for role, ranked in found.items()}
    return known, Heading(at, names, columns)


def _roles_of(name: str, words: BillWords) -> list[tuple[str, int]]:
    for told in _ways_to_say(name):
        roles = [(role, ranks[told]) for role, ranks in words.columns.items() if told in ranks]
        if roles:
            return roles
    return []


def _ways_to_say(name: str) -> Iterable[str]:
    yield name
    short = name.strip("*#:")
    yield short
    yield _BRACKET.sub("", short)
    yield _FOREIGN.sub("", short).strip("/()|-")
    if "/" in short:
        yield short.split("/")[0]


def _paired(high: Sequence[str], low: Sequence[str]) -> list[tuple[str, str]]:
    width = max(len(high), len(low))
    return [(high[n] if n < len(high) else "", low[n] if n < len(low) else "") for n in range(width)]
