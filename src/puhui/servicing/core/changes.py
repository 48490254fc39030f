"""What events and the end of day do to balances, as changes with their account pairs; `core/shares.lines` makes postings of them.

Rule kept: interest, penalty and compound interest of a loan late beyond the limit stand off the balance sheet, in a memo pair,
and are earned when they are paid; back on the balance sheet they are receivable again. Every change is one balance going
from one figure to another, loan by loan, so a funder's part of it is a difference of parts.

>>> into = paid_into("interest", np.array([100, 50]), np.array([0, 20]), np.array([False, True]), source=accounts.CASH)
>>> [(change.pairs[0], (change.before_minor - change.after_minor).tolist()) for change in into]
[(('cash', 'interest_receivable'), [100, 0]), (('cash', 'interest_income'), [0, 30])]
"""

from collections.abc import Mapping

import numpy as np

from puhui.servicing.core import accounts
from puhui.servicing.core.shares import Change, Line
from puhui.servicing.core.terms import Flags, Whole

EARNED = ("interest", "penalty", "compound")  # heads that accrue daily and leave the balance sheet together


def settled(
    before: Mapping[str, Whole], used: Mapping[str, Whole], credit: Whole, cash: Whole, non_accrual: Flags
) -> list[Change]:
    """Money that met dues: the borrower's credit goes first, then cash, head by head; cash left over is new credit.

    >>> owed, taken = {"interest": np.array([10]), "principal": np.array([90])}, {"interest": np.array([10]), "principal": np.array([5])}
    >>> posted = settled(owed, taken, np.array([4]), np.array([20]), np.array([False]))
    >>> [(*change.pairs[0], int(abs(change.after_minor - change.before_minor)[0])) for change in posted]
    [('borrower_credit', 'interest_receivable', 4), ('cash', 'interest_receivable', 6), ('cash', 'loan_principal', 5), ('cash', 'borrower_credit', 9)]
    """
    found, credit_left, cash_left = list[Change](), credit, cash
    for head, amount in used.items():
        off = non_accrual & (head in EARNED)
        from_credit = np.minimum(credit_left, amount)
        middle = before[head] - from_credit
        found += paid_into(head, before[head], middle, off, source=accounts.BORROWER_CREDIT)
        found += paid_into(head, middle, before[head] - amount, off, source=accounts.CASH)
        credit_left, cash_left = credit_left - from_credit, cash_left - (amount - from_credit)
    found.append(Change(credit_left, credit_left + cash_left, ((accounts.CASH, accounts.BORROWER_CREDIT),)))
    return [change for change in found if (change.before_minor != change.after_minor).any()]


def paid_into(head: str, before: Whole, after: Whole, off_balance: Flags, *, source: str) -> list[Change]:
    """Money from `source` (cash or the borrower's credit) into a head; one that is off the balance sheet becomes income."""
    receivable = accounts.RECEIVABLE_OF_HEAD[head]
    on = Change(before, np.where(off_balance, before, after), ((source, receivable),))
    if not off_balance.any():
        return [on]
    memo = (accounts.MEMO_CONTRA, accounts.MEMO_INTEREST)
    off = Change(before, np.where(off_balance, after, before), ((source, accounts.INCOME_OF_HEAD[head]), memo))
    return [on, off]


def off_balance(receivable: Mapping[str, Whole], flags: Flags) -> list[Change]:
    return [
        Change(
            np.where(flags, receivable[head], 0),
            np.zeros(len(flags), np.int64),
            (
                (accounts.INCOME_OF_HEAD[head], accounts.RECEIVABLE_OF_HEAD[head]),
                (accounts.MEMO_INTEREST, accounts.MEMO_CONTRA),
            ),
        )
        for head in EARNED
    ]


def back_on_balance(receivable: Mapping[str, Whole], flags: Flags) -> list[Change]:
    return [
        Change(
            np.zeros(len(flags), np.int64),
            np.where(flags, receivable[head], 0),
            (
                (accounts.RECEIVABLE_OF_HEAD[head], accounts.INCOME_OF_HEAD[head]),
                (accounts.MEMO_CONTRA, accounts.MEMO_INTEREST),
            ),
        )
        for head in EARNED
    ]


def fees_due(before: Whole, after: Whole) -> list[Change]:
    return [Change(before, after, ((accounts.FEE_RECEIVABLE, accounts.FEE_INCOME),))]


def provided(before: Whole, after: Whole) -> list[Line]:
    """Provisions of holdings that go from one target to another: more is an impairment, less releases one.

    >>> [(line.debit, line.amount_minor.tolist()) for line in provided(np.array([5, 9]), np.array([7, 2]))]
    [('impairment_loss', [2, 0]), ('loan_loss_provision', [0, 7])]
    """
    pair = (accounts.IMPAIRMENT_LOSS, accounts.LOAN_LOSS_PROVISION)
    return [
        Line(*sides, amount)
        for sides, amount in ((pair, np.maximum(after - before, 0)), (pair[::-1], np.maximum(before - after, 0)))
        if amount.any()
    ]
