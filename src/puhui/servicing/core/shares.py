"""What each funder holds of a loan, and how one change of a balance becomes postings in every funder's books.

Rule kept: a funder's part of a balance is its share by cumulative rounding, round(balance × to) − round(balance × from), so the
parts always re-add and each stands at exactly its share; what is posted for a funder is the difference of two such parts.
Every posting stands in the books of one legal entity: the borrower's credit is kept by the first funder, and money that
passes from it to another one passes through the cash of both. A loan of one funder is the share [0, 1) of 1.

>>> held = Holdings(np.array([0, 0]), np.array([0, 1]), np.array([0, 70]), np.array([70, 100]), np.array([100, 100]))
>>> held.part(np.array([788_488])).tolist(), held.part(np.array([100_000])).tolist()
([551942, 236546], [70000, 30000])
>>> paid = Change(np.array([788_488]), np.array([0]), (("borrower_credit", "loan_principal"),))
>>> [(line.debit, line.credit, line.amount_minor.tolist()) for line in lines([paid], held)]
[('borrower_credit', 'loan_principal', [551942, 0]), ('cash', 'loan_principal', [0, 236546]), ('borrower_credit', 'cash', [236546, 0])]
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from puhui.servicing.core.accounts import BORROWER_CREDIT, CASH
from puhui.servicing.core.rounding import divide, widen
from puhui.servicing.core.terms import Flags, Whole


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """One row a funder and loan, sorted by loan, then `from_weight`: it holds [from_weight, to_weight) of `of_weight`."""

    loan: Whole
    institution: Whole
    from_weight: Whole
    to_weight: Whole
    of_weight: Whole

    @classmethod
    def whole(cls, institution: Whole) -> "Holdings":
        """Every loan held by its own institution alone."""
        rows, ones = np.arange(len(institution)), np.ones(len(institution), np.int64)
        return cls(rows, institution, 0 * ones, ones, ones)

    @property
    def first(self) -> Flags:
        return self.from_weight == 0

    def part(self, balance_minor: Whole) -> Whole:
        """Each row's part of its loan's balance (`balance_minor` has one row a loan)."""
        return self.part_at(balance_minor[self.loan])

    def part_at(self, balance: Whole) -> Whole:
        """Each row's part of a balance that is told row by row: funders may see one loan differently."""
        product = widen(balance, int(np.abs(balance).max(initial=0)), int(self.of_weight.max(initial=1)))
        upper = divide(product * self.to_weight, self.of_weight, half_even=False)
        return np.asarray(upper - divide(product * self.from_weight, self.of_weight, half_even=False)).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A balance that goes from `before` to `after`, loan by loan, and the account pairs (debit, credit) that say so."""

    before_minor: Whole
    after_minor: Whole
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One account pair for a whole batch: `amount_minor` has a row for every holding, often zero, never negative."""

    debit: str
    credit: str
    amount_minor: Whole


def lines(changes: Iterable[Change], holdings: Holdings) -> list[Line]:
    """The postings that the changes ask for, in every funder's books."""
    found: list[Line] = []
    for change in changes:
        moved = np.abs(change.after_minor - change.before_minor)
        if not moved.any():
            continue
        grows = (change.after_minor >= change.before_minor)[holdings.loan]
        difference = holdings.part(change.after_minor) - holdings.part(change.before_minor)
        signed = np.where(grows, difference, -difference)  # below zero where a part moves against the whole by a cent
        for pair in change.pairs:
            found += _lines(pair, signed, moved, holdings)
    return found


def _lines(pair: tuple[str, str], signed: Whole, moved: Whole, holdings: Holdings) -> list[Line]:
    debit, credit = pair
    if credit == BORROWER_CREDIT or {debit, credit} == {BORROWER_CREDIT, CASH}:
        return _both(debit, credit, np.where(holdings.first, moved[holdings.loan], 0))
    return _credit_lines(credit, signed, moved, holdings) if debit == BORROWER_CREDIT else _both(debit, credit, signed)


def _both(debit: str, credit: str, signed: Whole) -> list[Line]:
    forth, back = np.maximum(signed, 0), np.maximum(-signed, 0)
    return [Line(*pair, amount) for pair, amount in (((debit, credit), forth), ((credit, debit), back)) if amount.any()]


def _credit_lines(credit: str, signed: Whole, moved: Whole, holdings: Holdings) -> list[Line]:
    """The first funder uses up the borrower's credit it keeps, and hands the others their parts."""
    own = _both(BORROWER_CREDIT, credit, np.where(holdings.first, signed, 0))
    others = _both(CASH, credit, np.where(holdings.first, 0, signed))
    handed = np.where(holdings.first, moved[holdings.loan] - signed, 0)
    return own + others + _both(BORROWER_CREDIT, CASH, handed)
