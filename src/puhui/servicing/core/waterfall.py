"""Which due a payment settles first (冲账顺序): an ordered list, given as data, applied to columns.

Rule kept: money goes instalment by instalment, oldest due date first, and inside one instalment by the heads of the
policy. Civil Code 561 puts interest before principal where nothing else is agreed. Nothing is taken twice: what is
taken is the overlap of the money with the dues laid end to end, so any amount gives the same result as its parts
paid one after another.

>>> dues = {"interest": np.array([10, 8]), "principal": np.array([90, 92])}
>>> taken = settle(dues, np.array([0, 0]), np.array([105]), INTEREST_FIRST)
>>> taken["interest"].tolist(), taken["principal"].tolist()
([10, 5], [90, 0])
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from puhui.servicing.core.accounts import RECEIVABLE_OF_HEAD
from puhui.servicing.core.terms import Whole


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A named version of the order of heads; the loan keeps the name it was booked under."""

    name: str
    heads: tuple[str, ...]

    def __post_init__(self) -> None:
        unknown = [head for head in self.heads if head not in RECEIVABLE_OF_HEAD]
        if unknown or len(set(self.heads)) != len(self.heads):
            raise ValueError(f"heads must be known and distinct: {self.heads}")


INTEREST_FIRST = Waterfall("interest-first-1", ("interest", "principal"))
PRINCIPAL_FIRST = Waterfall("principal-first-1", ("principal", "interest"))
WATERFALLS = {order.name: order for order in (INTEREST_FIRST, PRINCIPAL_FIRST)}


def settle(dues: Mapping[str, Whole], loan: Whole, money: Whole, order: Waterfall) -> dict[str, Whole]:
    """What each due takes, head by head.

    `dues[head]` and `loan` have one row an instalment, sorted by loan, then due date; `loan` is the position of the
    instalment's loan in `money` (one row a loan). Returns columns like `dues`; their sum per loan is
    min(money, dues). Heads that are due but not in the order come last.
    """
    heads = [head for head in order.heads if head in dues]
    heads += [head for head in dues if head not in heads]
    cells = np.stack([dues[head] for head in heads], axis=1)
    if not len(cells):
        return {head: np.zeros(0, np.int64) for head in heads}
    ends = np.cumsum(cells.ravel()).reshape(cells.shape)
    starts = ends - cells
    first_row = np.searchsorted(loan, loan, side="left")
    before = starts - starts[first_row, 0][:, None]
    taken = np.clip(money[loan][:, None] - before, 0, cells)
    return {head: taken[:, column] for column, head in enumerate(heads)}


def per_loan(amounts: Whole, loan: Whole, loans: int) -> Whole:
    """Sums of a column of instalments by loan, exact."""
    total = np.zeros(loans, np.int64)
    np.add.at(total, loan, amounts)
    return total
