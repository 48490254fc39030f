"""The one step by which money settles dues: used for a single repayment, for the end of day, and for the rebuild.

Rule kept: a row is a batch of one (card 6). Given what is still open, the money at hand and a date, this says what is
taken, which instalments and loans are settled, how late each loan is, and the flows to post. Money beyond what is
due stays as the borrower's credit and settles later dues on their own dates; no interest is asked early.

>>> rows = OpenRows.of_one([("2026-02-15", 100, 900), ("2026-03-15", 90, 910)])
>>> done = settle_due(rows, OpenLoans.of_one(), np.array([1200]), np.datetime64("2026-02-15"))
>>> done.principal_minor.tolist(), done.credit_minor.tolist(), [flow.credit for flow in done.flows]
([900, 0], [200], ['interest_receivable', 'loan_principal', 'borrower_credit'])
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from puhui.servicing.core import accounts, waterfall
from puhui.servicing.core.delinquency import days_late, oldest_due
from puhui.servicing.core.journal import Flow, pair
from puhui.servicing.core.terms import Days, Flags, Whole


@dataclass(frozen=True, slots=True, eq=False)
class OpenRows:
    """Unsettled instalments, one row each, sorted by loan and due date; amounts are what is still unpaid.

    `charges` are the further heads of the waterfall (fee, penalty, compound), each a column like the others.
    """

    loan: Whole
    due_on: Days
    interest_minor: Whole
    principal_minor: Whole
    charges: Mapping[str, Whole] = field(default_factory=dict)

    def by_head(self) -> dict[str, Whole]:
        return {**self.charges, "interest": self.interest_minor, "principal": self.principal_minor}

    @classmethod
    def of_one(cls, rows: Sequence[tuple[str, int, int]]) -> "OpenRows":
        """The open instalments of one loan: (due date, unpaid interest, unpaid principal)."""
        due_on, interest, principal = zip(*rows, strict=True) if rows else ((), (), ())
        return cls(
            np.zeros(len(rows), np.int64),
            np.array(due_on, "datetime64[D]"),
            np.array(interest, np.int64),
            np.array(principal, np.int64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class OpenLoans:
    """The loans those rows belong to: credit held before, and the name of each one's waterfall."""

    credit_minor: Whole
    order_name: np.ndarray

    @classmethod
    def of_one(cls, credit_minor: int = 0, name: str = waterfall.INTEREST_FIRST.name) -> "OpenLoans":
        return cls(np.array([credit_minor], np.int64), np.array([name]))


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """What happened: per row what was taken and whether it is settled; per loan credit after, lateness; flows."""

    taken: dict[str, Whole]
    row_settled: Flags
    credit_minor: Whole
    unpaid_due_minor: Whole
    oldest_due_on: Days
    days_past_due: Whole
    sums: dict[str, Whole]
    from_credit_minor: Whole
    cash_minor: Whole

    @property
    def flows(self) -> list[Flow]:
        """Credit held goes first, then cash; what cash leaves over is new credit."""
        heads = {accounts.RECEIVABLE_OF_HEAD[head]: amounts for head, amounts in self.sums.items()}
        kept = self.from_credit_minor + self.cash_minor - _total(self.sums, len(self.cash_minor))
        sources = {accounts.BORROWER_CREDIT: self.from_credit_minor, accounts.CASH: self.cash_minor}
        return pair(sources, heads | {accounts.BORROWER_CREDIT: kept})

    @property
    def interest_minor(self) -> Whole:
        return self.taken["interest"]

    @property
    def principal_minor(self) -> Whole:
        return self.taken["principal"]


def settle_due(
    rows: OpenRows,
    loans: OpenLoans,
    cash_minor: Whole,
    as_of: np.datetime64,
    orders: Mapping[str, waterfall.Waterfall] = waterfall.WATERFALLS,
) -> Settlement:
    """Use each loan's credit, then its cash, on what is due by `as_of`; keep the rest as credit."""
    count = len(loans.credit_minor)
    due = rows.due_on <= as_of
    dues = {head: np.where(due, amounts, 0) for head, amounts in rows.by_head().items()}
    taken = _by_waterfall(dues, rows.loan, loans, loans.credit_minor + cash_minor, orders)
    sums = {head: waterfall.per_loan(amounts, rows.loan, count) for head, amounts in taken.items()}
    unpaid = _total(dues, len(due)) - _total(taken, len(due))
    oldest = oldest_due(rows.due_on, unpaid, rows.loan, count, as_of)
    used = _total(sums, count)
    from_credit = np.minimum(loans.credit_minor, used)
    kept = cash_minor - (used - from_credit)
    return Settlement(
        taken=taken,
        row_settled=due & (unpaid == 0),
        credit_minor=loans.credit_minor - from_credit + kept,
        unpaid_due_minor=waterfall.per_loan(unpaid, rows.loan, count),
        oldest_due_on=oldest,
        days_past_due=days_late(oldest, as_of),
        sums=sums,
        from_credit_minor=from_credit,
        cash_minor=cash_minor,
    )


def _total(amounts: Mapping[str, Whole], length: int) -> Whole:
    return sum(amounts.values(), np.zeros(length, np.int64))


def _by_waterfall(
    dues: dict[str, Whole], loan: Whole, loans: OpenLoans, money: Whole, orders: Mapping[str, waterfall.Waterfall]
) -> dict[str, Whole]:
    taken = {head: np.zeros(len(loan), np.int64) for head in dues}
    for name in np.unique(loans.order_name):
        share = waterfall.settle(dues, loan, np.where(loans.order_name == name, money, 0), orders[str(name)])
        taken = {head: taken[head] + share[head] for head in dues}
    return taken
