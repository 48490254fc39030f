"""Where a table begins and what its columns are called: titles above the header, headers that are absent, names that repeat.

Rules kept: what was left out or renamed is told; a first row is taken for data only if it holds numbers wherever the rows below
do (and is no mere count 0, 1, 2 …); a file that somebody meant otherwise is put right by adding a header.

>>> of([["Loan tape 2024", "", ""], ["id", "debt", "debt"], ["1", "0.5", "2"], ["2", "0.7", "1"]]).names
('id', 'debt', 'debt_2')
>>> of([["7", "0.5", "shop"], ["8", "0.7", "farm"], ["9", "0.1", "shop"]]).names
('column_1', 'column_2', 'column_3')
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from puhui.underwriting.core.modelling import parsing

Rows = Sequence[Sequence[str]]
MOST_TITLES = 20
FULL_SHARE = 0.6  # of the usual number of cells: less is a title
NUMBERS_SHARE = 0.8
HEADLESS = "no header"
JOINED = "names over two rows (merged cells) joined"


@dataclass(frozen=True, slots=True)
class Heading:
    """`rows_above`: titles before the table; `named`: whether its first row holds the names; `widened`: whether the rows below
    have a field more than that row; `notes`: what was done."""

    names: tuple[str, ...]
    rows_above: int
    named: bool
    notes: tuple[str, ...]
    widened: bool = False


def of(rows: Rows) -> Heading:
    """Of the first rows of a table, cells as text, every row of the file among them (an empty line is an empty row)."""
    above = _titles(rows)
    table = [row for row in rows[above:] if any(cell.strip() for cell in row)]
    if not table:
        return Heading((), above, False, ())
    notes = [f"{above} rows above the header left out"] if above else []
    width = max(len(table[0]), _usual(map(len, table[1:])))
    header, above, joined = _joined(rows, above)
    if joined:
        table = [row for row in rows[above:] if any(cell.strip() for cell in row)]
        notes.append(JOINED)
    elif _is_data(table):
        notes.append(f"{HEADLESS}: columns are called column_1 to column_{width}")
        return Heading(tuple(f"column_{number}" for number in range(1, width + 1)), above, False, tuple(notes))
    else:
        header = list(table[0])
    widened = width == len(header) + 1
    if widened:
        ends_empty = all(not row[-1].strip() for row in table[1:] if len(row) == width)
        header = [*header, ""] if ends_empty else ["", *header]  # R writes row names without a name of their own
    elif width > len(header) and header:
        width = len(header)  # rows that run past the header are refused where they are read
    names, changed = _different(header)
    return Heading(tuple(names), above, True, (*notes, *changed), widened)


def _titles(rows: Rows) -> int:
    """How many rows before the table: those with far fewer cells than usual."""
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    usual = _usual(count for count in filled if count)
    for number, count in enumerate(filled[: MOST_TITLES + 1]):
        if count and count >= min(max(2.0, FULL_SHARE * usual), usual):
            return number
    return 0


def _usual(counts: Iterable[int]) -> int:
    found = Counter(counts)
    return max(found, key=lambda count: (found[count], count)) if found else 0


def _joined(rows: Rows, above: int) -> tuple[list[str], int, bool]:
    """Names over two rows of which the table's first may be either or neither (rows half full look like titles): the names, how
    many rows stand above the lower of the two, and whether there are such names."""
    for start in range(max(above - 2, 0), min(above, len(rows) - 3) + 1):
        if found := _over_two_rows(rows[start], rows[start + 1], rows[start + 2 :]):
            return found, start + 1, True
    return [], above, False


def _over_two_rows(upper: Sequence[str], lower: Sequence[str], below: Rows) -> list[str]:
    """Names that stand in two rows, as under cells merged across: the lower name where there is one. Only where the lower row holds
    words over numbers, and each row fills what the other leaves empty; else nothing."""
    if len(upper) != len(lower):
        return []
    pairs = [(first.strip(), second.strip()) for first, second in zip(upper, lower, strict=True)]
    filled = [number for number, (_, second) in enumerate(pairs) if second]
    gaps = sum(1 for first, _ in pairs if not first)
    if not filled or gaps < (
        2 if len(filled) == len(pairs) else 1
    ):  # one name left empty is how pandas and R write row numbers
        return []
    if not all(first or second for first, second in pairs):
        return []
    if any(_numeric([[lower[number]] for number in filled])):
        return []
    shares = _numeric([[row[number] for row in below if number < len(row)] for number in filled])
    return [second or first for first, second in pairs] if any(share >= 0.9 for share in shares) else []


def _is_data(table: Rows) -> bool:
    """Whether the first row holds numbers where the rows below do."""
    first, below = table[0], table[1:]
    if not below:
        return False
    named = [share == 1 for share in _numeric([[cell] for cell in first])]
    if not any(named):
        return False
    shares = _numeric([[row[number] for row in below if number < len(row)] for number in range(len(first))])
    judged = [number for number, share in enumerate(shares) if share >= 0.9]
    like = [number for number in judged if named[number]]
    if len(like) < max(1.0, NUMBERS_SHARE * len(judged)):
        return False
    counted = [
        number
        for number in parsing.numbers(pl.Series([first[number] for number in like])).to_list()
        if number is not None
    ]
    mere_count = len(counted) > 2 and all(later - sooner == 1 for sooner, later in itertools.pairwise(counted))
    return not mere_count and len(set(first)) > len(first) // 2


def _numeric(columns: Sequence[Sequence[str]]) -> list[float]:
    """Share of the cells that stand that read as numbers or dates, a column; nothing where fewer than one stands. All cells are
    read at once: two hundred columns one by one cost seconds."""
    counts = [sum(1 for cell in cells if cell.strip()) for cells in columns]
    present = pl.Series("cell", [cell.strip() for cells in columns for cell in cells if cell.strip()], dtype=pl.String)
    if present.is_empty():
        return [0.0] * len(columns)
    read = parsing.numbers(present).is_not_null() | parsing.dates(present, parsing.DATE_SHAPES[:6]).is_not_null()
    ends = [0, *itertools.accumulate(counts)]
    return [float(read[a:b].mean() or 0.0) for a, b in itertools.pairwise(ends)]  # type: ignore[arg-type]


def _different(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names that differ: a second "x" becomes "x_2", an empty one "column_5"."""
    names: list[str] = []
    notes: list[str] = []
    for number, raw in enumerate(header, 1):
        name = " ".join(raw.strip().strip("\ufeff").split()) or f"column_{number}"
        taken, times = name, 2
        while taken in names:
            taken, times = f"{name}_{times}", times + 1
        if taken != raw.strip():
            notes.append(f"header {number} {raw.strip()!r} → {taken!r}")
        names.append(taken)
    return names, notes
