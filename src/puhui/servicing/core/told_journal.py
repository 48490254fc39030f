"""The journal of a folded loan: double entry from its transactions and what was earned, added up to a trial balance.

Rule kept: every posting moves one amount between two accounts of the chart. Interest is income when it is earned, or
when it is paid before it is earned; charges are income when they are asked.

>>> from puhui.servicing.core.dues import Dues
>>> trial_balance(Folded(Dues.empty(1), [Transaction(0, "disburse", 100)], 100, 0, 0, 0, "open", None))
0
"""

from collections.abc import Iterator

from puhui.servicing.core import accounts
from puhui.servicing.core.dues import CHARGES, Transaction
from puhui.servicing.core.fold import Folded
from puhui.servicing.core.given_up import RECOVERY
from puhui.servicing.core.laws import balances
from puhui.servicing.core.third_parties import CLAIM

_BESIDE = {RECOVERY: accounts.RECOVERY_INCOME, CLAIM: accounts.COMPENSATION_RECEIVABLE}
Posting = tuple[str, str, int]
__all__ = ["Transaction", "postings", "trial_balance"]


def trial_balance(told: Folded) -> int:
    """Debits less credits over all accounts; zero, or the journal is wrong. Asserts that principal agrees with the fold."""
    total = balances(postings(told))
    assert total.get(accounts.LOAN_PRINCIPAL, 0) == told.balance_minor, "journal and fold disagree on the principal"
    assert -total.get(accounts.BORROWER_CREDIT, 0) == told.credit_minor, "journal and fold disagree on the credit"
    return sum(total.values())


def postings(told: Folded) -> Iterator[Posting]:
    """(debit, credit, amount) of everything that happened, in order."""
    yield from _earnings(told)
    for transaction in told.transactions:
        if not transaction.reversed:
            yield from _of(transaction)


def _earnings(told: Folded) -> Iterator[Posting]:
    paid = sum(told.dues.paid["interest"])
    written_off = sum(t.by_head.get("interest", 0) for t in told.transactions if t.kind == "write_off")
    capitalised = sum(t.capitalised.get("interest", 0) for t in told.transactions)
    earned = max(told.earned_minor, paid + written_off + capitalised)
    if earned:
        yield accounts.INTEREST_RECEIVABLE, accounts.INTEREST_INCOME, earned
    for head in CHARGES:
        asked = sum(told.dues.asked[head]) + sum(t.capitalised.get(head, 0) for t in told.transactions)
        if asked:
            yield _receivable(head), accounts.INCOME_OF_HEAD.get(head, accounts.FEE_INCOME), asked


def _of(transaction: Transaction) -> Iterator[Posting]:
    """Credit that was used pays first, then cash; what cash leaves over is new credit."""
    for head, amount in transaction.capitalised.items():
        yield accounts.LOAN_PRINCIPAL, _receivable(head), amount
    if transaction.kind == "disburse":
        yield accounts.LOAN_PRINCIPAL, accounts.CASH, transaction.amount_minor
        return
    if transaction.kind == "refund":
        yield accounts.BORROWER_CREDIT, accounts.CASH, transaction.amount_minor
        return
    if transaction.kind == "transfer" and transaction.credit_minor < 0:
        yield accounts.BORROWER_CREDIT, accounts.CASH, -transaction.credit_minor
    paying = accounts.LOAN_LOSS_PROVISION if transaction.kind.startswith("write_off") else accounts.CASH
    from_credit = 0 if transaction.kind == "transfer" else max(-transaction.credit_minor, 0)
    for head, amount in transaction.by_head.items():
        part = min(from_credit, amount)
        from_credit -= part
        if part:
            yield accounts.BORROWER_CREDIT, _receivable(head), part
        if amount > part:
            yield paying, _receivable(head), amount - part
    if transaction.credit_minor > 0:
        yield paying, accounts.BORROWER_CREDIT, transaction.credit_minor


def _receivable(head: str) -> str:
    """Costs of enforcing are kept with the fees; a recovery is income, or pays back the guarantor who paid before."""
    if head in _BESIDE:
        return _BESIDE[head]
    return accounts.RECEIVABLE_OF_HEAD.get(head, accounts.FEE_RECEIVABLE)
