"""Lines of a printed statement into rows and columns: columns lie under the names of the heading, a row hangs on its day.

Between two names the column ends where the fewest pieces are cut. A line without a day belongs to the nearest row that has one, if
it is near enough: a name that took two lines, a time under its day. Whatever is no row (titles, page numbers, remarks) is kept
behind the rows, where only the question who wrote the bill looks.
"""

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from statistics import median_low

from puhui.merchant.core.bills.cells import CellUnreadable, moment
from puhui.merchant.core.bills.heading import Heading, heading_of
from puhui.merchant.core.bills.opening import Sheet
from puhui.merchant.core.bills.pages import Line, Piece
from puhui.merchant.core.bills.words import BillWords, plain

_NEAR = date(2100, 1, 1)  # only whether it is a day is asked here, the reader of rows gives a short day its year
_FAR = 10**9
_REACH = 75  # per cent of the distance between two rows
_HEAD_LINES = 4  # a name in Chinese and English, in a narrow column
_LEAST_REACH = 170  # per cent of the size of a letter, where rows stand close
_PAGE_NUMBER = re.compile(r"(第\d+页.*|共\d+页.*|\d{1,4}/\d{1,4}|[-—]+\d{1,4}[-—]+)\Z")
_DAY_END, _CLOCK = re.compile(r"\d{4}\D?\d{1,2}\D?\d{1,2}\Z"), re.compile(r"\d{1,2}:\d\d")


def as_table(sheet: Sheet, words: BillWords) -> Sheet:
    """The sheet with its rows set under its heading; as it was, where no line is a heading."""
    found = _find_head(sheet.paper, words)
    if found is None:
        return sheet
    at, until, heading, head = found
    lines = sheet.paper
    names = [plain(piece.text) for line in lines[at:until] for piece in line.pieces]
    body = [line for line in lines[until:] if not _is_heading(line, names)]
    full = [line for line in body if len(line.pieces) * 2 >= len(head)]  # a remark across the page cuts no column
    bands = _bands(head, [piece for line in full for piece in line.pieces])
    groups = _grouped(body, _hooks(body, bands, heading), words)
    used = {id(line) for group in groups for line in group}
    number = {id(line): n + 1 for n, line in enumerate(lines)}
    rows = [[piece.text.strip() for piece in line.pieces] for line in lines[:at]]
    rows.append([piece.text.strip() for piece in head])
    rows += [_cells(group, bands) for group in groups]
    rest = [line for line in body if id(line) not in used]
    rows += [[""] * len(bands) + [" ".join(piece.text.strip() for piece in line.pieces)] for line in rest]
    told = [*range(1, at + 2), *(number[id(group[0])] for group in groups), *(number[id(line)] for line in rest)]
    return Sheet(sheet.name, rows, told, encoding=sheet.encoding)


def _find_head(lines: Sequence[Line], words: BillWords) -> tuple[int, int, Heading, list[Piece]] | None:
    """(first line, line after the last, the heading, its names) of the lines that name the most columns; the fewest lines do."""
    best: tuple[int, int, int, Heading, list[Piece]] | None = None
    for at in range(min(len(lines), words.limits["header_rows"])):
        for many in range(1, _HEAD_LINES + 1):
            block = lines[at : at + many]
            if len(block) < many or block[-1].page != block[0].page:
                break
            head = _stacked([piece for line in block for piece in line.pieces])
            found = heading_of(at, [piece.text for piece in head], words)
            if found and (best is None or (found[0], -many) > (best[0], best[1] - best[2])):
                best = (found[0], at, at + many, found[1], head)
    return best[1:] if best else None


def _stacked(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces that stand one above the other as one name."""
    columns: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda each: (each.x0, -each.y)):
        last = columns[-1] if columns else []
        if last and piece.x0 < max(each.x1 for each in last) - piece.size // 2:
            last.append(piece)
        else:
            columns.append([piece])
    return [
        Piece(
            "".join(each.text.strip() for each in sorted(column, key=lambda each: (-each.y, each.x0))),
            min(each.x0 for each in column), max(each.x1 for each in column), column[0].y, column[0].size,
        )
        for column in columns
    ]  # fmt: skip


def _is_heading(line: Line, names: Sequence[str]) -> bool:
    told = [plain(piece.text) for piece in line.pieces]
    return sum(name in names for name in told) * 2 > len(told)


def _bands(head: Sequence[Piece], pieces: Sequence[Piece]) -> list[tuple[int, int]]:
    """From where to where each column goes."""
    cuts = []
    for left, right in pairwise(head):
        tries = sorted({left.x0 + left.size, (left.x1 + right.x0) // 2, right.x1 - right.size,
                        *(piece.x0 - 50 for piece in pieces if left.x0 < piece.x0 - 50 < right.x1)})  # fmt: skip
        middle = (left.x1 + right.x0) // 2
        low, high = min(tries), max(tries)
        about = [piece for piece in pieces if piece.x1 > low and piece.x0 < high]
        cuts.append(min(tries, key=lambda at: (sum(piece.x0 < at < piece.x1 for piece in about), abs(at - middle))))
    return list(zip([-_FAR, *cuts], [*cuts, _FAR], strict=True))


def _band_of(piece: Piece, bands: Sequence[tuple[int, int]]) -> int:
    return max(range(len(bands)), key=lambda n: min(piece.x1, bands[n][1]) - max(piece.x0, bands[n][0]))


def _hooks(body: Sequence[Line], bands: Sequence[tuple[int, int]], heading: Heading) -> list[Line]:
    """The lines on which rows hang: those with a day. Two days of one row may stand on two lines, in two columns."""
    found: list[tuple[Line, set[int]]] = []
    for line in body:
        days = {_band_of(piece, bands) for piece in line.pieces if _is_day(piece.text)} & set(heading.of("datetime"))
        if not days or len(line.pieces) < 2:
            continue
        if found:
            above, had = found[-1]
            close = above.page == line.page and (above.y - line.y) * 100 < _LEAST_REACH * line.pieces[0].size
            if close and not days & had:
                had |= days
                continue
        found.append((line, days))
    return [line for line, _ in found]


def _is_day(text: str) -> bool:
    try:
        moment(text.strip(), near=_NEAR)
    except CellUnreadable:
        return False
    return True


def _grouped(body: Sequence[Line], dated: Sequence[Line], words: BillWords) -> list[list[Line]]:
    """Each dated line with the lines that belong to it, from the top."""
    groups = {id(line): [line] for line in dated}
    gaps = [one.y - other.y for one, other in pairwise(dated) if one.page == other.page]
    size = median_low([piece.size for line in dated for piece in line.pieces] or [0])
    reach = max(_REACH * median_low(gaps or [0]), _LEAST_REACH * size)
    pages: dict[int, list[Line]] = {}
    for line in dated:
        pages.setdefault(line.page, []).append(line)
    for line in body:
        mates = pages.get(line.page, [])
        if id(line) in groups or not mates or _is_remark(line, mates[0], words):
            continue
        nearest = min(mates, key=lambda mate: abs(mate.y - line.y))
        if abs(nearest.y - line.y) * 100 <= reach:
            groups[id(nearest)].append(line)
    return [groups[id(line)] for line in dated]


def _is_remark(line: Line, first: Line, words: BillWords) -> bool:
    text = plain(" ".join(piece.text for piece in line.pieces))
    if any(text.startswith(word) for word in words.tail) or _PAGE_NUMBER.match(text):
        return True
    return (
        line.y > first.y and text.isascii() and not any(letter.isdigit() for letter in text)
    )  # the heading in English


def _cells(group: Sequence[Line], bands: Sequence[tuple[int, int]]) -> list[str]:
    cells = [""] * len(bands)
    for line in sorted(group, key=lambda each: -each.y):
        for piece in line.pieces:
            at = _band_of(piece, bands)
            cells[at] = _joined(cells[at], piece.text.strip())
    return cells


def _joined(have: str, more: str) -> str:
    if not have or not more:
        return have or more
    apart = (_DAY_END.search(have) and _CLOCK.match(more)) or (
        have[-1].isalpha() and have[-1].isascii() and more[0].isascii() and more[0].isalpha()
    )
    return f"{have} {more}" if apart else have + more
