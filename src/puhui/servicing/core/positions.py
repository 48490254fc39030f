"""What a folded loan must stand at on every account, and the postings that bring it there from where it stood.

Rule kept: the journal is never edited; a fact, back-dated or not, is booked as the difference between two folds, with it and
without it. Interest, penalty and compound interest of a loan off the balance sheet stand in the memo pair and are earned
when they are paid. A loan that is written off is a loss as far as it was provided for, and an impairment for the rest. One that is
sold to somebody outside leaves with its provision; what the price differs from what it stood at is the result of the sale.

>>> before, after = {"loan_principal": 100, "cash": -100}, {"loan_principal": 60, "cash": -60}
>>> [(step.pair, step.before_minor, step.after_minor) for step in steps(before, after)]
[(('cash', 'loan_principal'), 100, 60)]
"""

from collections.abc import Mapping
from dataclasses import dataclass

from puhui.servicing.core import accounts
from puhui.servicing.core.dues import Amounts, Transaction
from puhui.servicing.core.fold import Folded
from puhui.servicing.core.given_up import GIVEN_UP, RECOVERY
from puhui.servicing.core.third_parties import CLAIM

Balances = dict[str, int]  # debit − credit by account
_ACCRUING = ("interest", "penalty", "compound")
MONEY_IN = ("repay", "prepay", "payoff", "compensate", "recover")


@dataclass(frozen=True, slots=True)
class Booked:
    """How the loan is kept: interest off the balance sheet or on it, and what is provided for it."""

    off_balance: bool = False
    provision_minor: int = 0
    price_minor: int = 0  # of a sale to somebody outside


@dataclass(frozen=True, slots=True)
class Step:
    """One posting: (debit, credit), driven by a balance of the loan that goes from `before` to `after`."""

    pair: tuple[str, str]
    before_minor: int
    after_minor: int


def positions(told: Folded, planned_fees: Amounts, booked: Booked) -> Balances:
    """Balances of one loan. `planned_fees` are fees planned for instalments that are not due: not earned yet."""
    capitalised = _capitalised(told)
    paid = {head: sum(column) for head, column in told.dues.paid.items()}
    asked = {head: sum(column) for head, column in told.dues.asked.items()}
    earned = {
        "interest": told.earned_minor,
        "penalty": asked["penalty"] + capitalised.get("penalty", 0),
        "compound": asked["compound"] + capitalised.get("compound", 0),
        "fee": asked["fee"] + asked["cost"] + capitalised.get("fee", 0) + capitalised.get("cost", 0),
    }
    earned["fee"] -= sum(planned_fees.values())
    paid["fee"] += paid.pop("cost")
    lost = _lost(told, planned_fees)
    balances: Balances = {accounts.LOAN_PRINCIPAL: told.balance_minor, accounts.BORROWER_CREDIT: -told.credit_minor}
    memo = 0
    for head in (*_ACCRUING, "fee"):
        left = earned[head] - paid[head] - capitalised.get(head, 0) - lost.get(head, 0)
        left = 0 if told.state in GIVEN_UP else left
        off = booked.off_balance and head in _ACCRUING
        memo += left if off else 0
        balances[accounts.RECEIVABLE_OF_HEAD[head]] = 0 if off else left
        income = paid[head] + capitalised.get(head, 0) + (0 if off else left + lost.get(head, 0))
        balances[accounts.INCOME_OF_HEAD[head]] = -income
    return _with_losses(told, balances, memo, lost, booked)


def _with_losses(told: Folded, balances: Balances, memo: int, lost: Amounts, booked: Booked) -> Balances:
    """Cash, provision, what was written off and recovered, and the memo pair."""
    on_books = sum(minor for head, minor in lost.items() if not (booked.off_balance and head in _ACCRUING))
    recovered = sum(t.by_head.get(RECOVERY, 0) for t in told.transactions if not t.reversed)
    sold, in_part = told.state == "transferred", sum(map(_in_part, told.transactions))
    written_off = 0 if sold else max(sum(lost.values()) + in_part - recovered, 0)
    balances[accounts.CASH] = sum(map(_cash, told.transactions))
    balances[accounts.LOAN_LOSS_PROVISION] = 0 if lost or sold else -booked.provision_minor
    balances[accounts.IMPAIRMENT_LOSS] = in_part + (on_books if lost and not sold else booked.provision_minor)
    balances[accounts.RECOVERY_INCOME] = -recovered
    balances[accounts.MEMO_INTEREST] = memo
    balances[accounts.WRITTEN_OFF] = written_off
    balances[accounts.MEMO_CONTRA] = -memo - written_off
    if sold:
        balances[accounts.CASH] += booked.price_minor
        balances[accounts.TRANSFER_RESULT] = on_books - booked.provision_minor - booked.price_minor
    return balances


def _cash(transaction: Transaction) -> int:
    if transaction.reversed:
        return 0
    if transaction.kind in MONEY_IN:
        return transaction.amount_minor - transaction.by_head.get(CLAIM, 0)
    if transaction.kind == "transfer":
        return transaction.credit_minor  # the credit that goes over with the loan
    return -transaction.amount_minor if transaction.kind in ("disburse", "refund") else 0


def _in_part(transaction: Transaction) -> int:
    """Principal that was written off while the loan went on."""
    return 0 if transaction.kind != "write_off_part" or transaction.reversed else transaction.amount_minor


def _capitalised(told: Folded) -> Amounts:
    total: Amounts = {}
    for transaction in told.transactions:
        for head, minor in transaction.capitalised.items():
            total[head] = total.get(head, 0) + minor
    return total


def _lost(told: Folded, planned_fees: Amounts) -> Amounts:
    """What was given up or sold, by head: all principal, what was earned of the rest."""
    if told.state not in GIVEN_UP:
        return {}
    paid = {head: sum(column) for head, column in told.dues.paid.items()}
    asked = {head: sum(column) for head, column in told.dues.asked.items()}
    capitalised = _capitalised(told)
    kinds = ("write_off", "transfer")
    ends = (t for t in reversed(told.transactions) if t.kind in kinds and t.by_head and not t.reversed)
    given_up = next(ends, None)
    if given_up is None:  # nothing was owed any more
        return {}
    lost = {"principal": given_up.by_head.get("principal", 0)}
    lost["interest"] = max(told.earned_minor - paid["interest"] - capitalised.get("interest", 0), 0)
    for head in ("penalty", "compound"):
        lost[head] = asked[head] - paid[head]
    lost["fee"] = asked["fee"] + asked["cost"] - paid["fee"] - paid["cost"] - sum(planned_fees.values())
    return {head: minor for head, minor in lost.items() if minor}


# Which balance of the loan says how a posting is shared among funders: the first of these that it names.
_DRIVING = (
    accounts.LOAN_PRINCIPAL,
    *(accounts.RECEIVABLE_OF_HEAD[head] for head in (*_ACCRUING, "fee")),
    accounts.BORROWER_CREDIT,
    accounts.WRITTEN_OFF,
    accounts.MEMO_INTEREST,
    accounts.LOAN_LOSS_PROVISION,
)
_ORDER = (
    accounts.BORROWER_CREDIT,
    accounts.CASH,
    *(accounts.RECEIVABLE_OF_HEAD[head] for head in (*_ACCRUING, "fee")),
    accounts.LOAN_PRINCIPAL,
)


def steps(before: Mapping[str, int], after: Mapping[str, int]) -> list[Step]:
    """The postings from one set of balances to another. The memo accounts are paired among themselves."""
    memo = {accounts.MEMO_INTEREST, accounts.WRITTEN_OFF, accounts.MEMO_CONTRA}
    names = [*_ORDER, *sorted((before.keys() | after.keys()) - set(_ORDER))]
    found: list[Step] = []
    standing = dict(before)
    for group in ([name for name in names if name not in memo], [name for name in names if name in memo]):
        moved = {name: after.get(name, 0) - before.get(name, 0) for name in group}
        assert sum(moved.values()) == 0, f"the fold does not balance: {moved}"
        debits = [[name, minor] for name, minor in moved.items() if minor > 0]
        credits_ = [[name, -minor] for name, minor in moved.items() if minor < 0]
        found += _paired(debits, credits_, standing)
    return found


def _paired(debits: list[list], credits_: list[list], standing: Balances) -> list[Step]:  # type: ignore[type-arg]
    found: list[Step] = []
    while debits and credits_:
        amount = min(debits[0][1], credits_[0][1])
        pair = (debits[0][0], credits_[0][0])
        driver = next((name for name in _DRIVING if name in pair), None)
        was = abs(standing.get(driver, 0)) if driver else 0
        for name, sign in zip(pair, (1, -1), strict=True):
            standing[name] = standing.get(name, 0) + sign * amount
        found.append(Step(pair, was, abs(standing[driver]) if driver else amount))
        for side in (debits, credits_):
            side[0][1] -= amount
            if not side[0][1]:
                side.pop(0)
    return found
