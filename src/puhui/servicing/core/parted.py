"""What a change of one loan posts in each funder's books: its steps shared out, then the cents by which two parts differ.

Rule kept: after every write each funder stands at exactly its part of each balance that is kept loan by loan. A posting between
two such balances is shared by one of them (core/positions); where the part of the other differs by a cent, that cent is the
funder's income, loss or memo. A provision is parted as each funder's own method sees it.

>>> held = Holdings(np.array([0, 0]), np.array([0, 1]), np.array([0, 1]), np.array([1, 2]), np.array([2, 2]))
>>> paid = Step(("loan_principal", "interest_receivable"), 100, 101)
>>> parted([paid], {"loan_principal": 100, "interest_receivable": 2}, {"loan_principal": 101, "interest_receivable": 1}, held)
[[('loan_principal', 'interest_receivable', 1), ('interest_receivable', 'interest_income', 1)], [('interest_income', 'interest_receivable', 1)]]
"""

from collections.abc import Mapping, Sequence

import numpy as np

from puhui.servicing.core import accounts
from puhui.servicing.core.positions import Step
from puhui.servicing.core.shares import Change, Holdings, Line, lines
from puhui.servicing.core.terms import Whole

Triple = tuple[str, str, int]  # debit, credit, amount
_COUNTERPART = {
    **{accounts.RECEIVABLE_OF_HEAD[head]: income for head, income in accounts.INCOME_OF_HEAD.items()},
    accounts.LOAN_LOSS_PROVISION: accounts.IMPAIRMENT_LOSS,
    accounts.MEMO_INTEREST: accounts.MEMO_CONTRA,
    accounts.WRITTEN_OFF: accounts.MEMO_CONTRA,
}


def parted(
    wanted: Sequence[Step],
    was: Mapping[str, int],
    now: Mapping[str, int],
    held: Holdings,
    provided: Whole | None = None,
) -> list[list[Triple]]:
    """Postings by institution (positions of `held.institution`). `provided`: each holding's provision, where it is used up."""
    shared = _shared(wanted, held)
    found = by_institution(shared, held)
    for account, counterpart in _COUNTERPART.items() if len(held.loan) > 1 else ():
        moved = np.zeros(len(held.loan), np.int64)
        for line in shared:
            moved += (int(line.debit == account) - int(line.credit == account)) * line.amount_minor
        if account == accounts.LOAN_LOSS_PROVISION and provided is not None:
            cents = provided - moved
        else:
            cents = _part(now.get(account, 0), held) - _part(was.get(account, 0), held) - moved
        for row in np.flatnonzero(cents).tolist():
            pair = (account, counterpart) if cents[row] > 0 else (counterpart, account)
            found[held.institution[row]].append((*pair, abs(int(cents[row]))))
    return found


def of_steps(wanted: Sequence[Step], held: Holdings) -> list[list[Triple]]:
    """Postings by institution of steps that stand alone."""
    return by_institution(_shared(wanted, held), held)


def by_institution(shared: Sequence[Line], held: Holdings) -> list[list[Triple]]:
    """Lines of one loan's holdings as postings, institution by institution."""
    found: list[list[Triple]] = [[] for _ in range(int(held.institution.max(initial=0)) + 1)]
    for line in shared:
        for row in np.flatnonzero(line.amount_minor).tolist():
            found[held.institution[row]].append((line.debit, line.credit, int(line.amount_minor[row])))
    return found


def _shared(wanted: Sequence[Step], held: Holdings) -> list[Line]:
    changes = [Change(np.array([step.before_minor]), np.array([step.after_minor]), (step.pair,)) for step in wanted]
    return lines(changes, held)


def _part(balance_minor: int, held: Holdings) -> Whole:
    """Parts of a balance of either sign, each on the side of the whole."""
    part = held.part(np.array([abs(balance_minor)]))
    return part if balance_minor >= 0 else -part
