"""Progressive income tax by brackets (超额累进税率): rate and quick deduction (速算扣除数) of the bracket the income falls in.

Rules kept: brackets are dated data handed in (`rules/brackets.csv`); the tax is exact here, whoever shows it rounds.
Formula: tax = taxable × rate − quick deduction; the quick deductions make it continuous at every edge.

>>> table = [Bracket(3_000_000, Decimal("0.05"), 0), Bracket(None, Decimal("0.10"), 150_000)]
>>> progressive(3_000_000, table), progressive(3_000_100, table), progressive(-5, table)
(Decimal('150000.00'), Decimal('150010.00'), Decimal('0'))
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Bracket:
    """Income up to and including `up_to_minor` fen; None is the last bracket."""

    up_to_minor: int | None
    rate: Decimal
    quick_minor: int


def progressive(taxable_minor: int, brackets: Sequence[Bracket]) -> Decimal:
    """The tax in fen, unrounded; nothing on nothing."""
    if taxable_minor <= 0:
        return Decimal(0)
    row = bracket_of(taxable_minor, brackets)
    return taxable_minor * row.rate - row.quick_minor


def bracket_of(taxable_minor: int, brackets: Sequence[Bracket]) -> Bracket:
    """The bracket an income falls in. `brackets` go upwards, the last one has no end."""
    for row in brackets:
        if row.up_to_minor is None or taxable_minor <= row.up_to_minor:
            return row
    raise ValueError("the last bracket has no end")
