"""The sale of a claim (债权转让) in two books: what the seller takes off its balance sheet, and what the buyer puts on its own.

Rules kept: the claim goes over at par, head by head, on the balance sheet and off it, so that the borrower's side of the book does not
change; what the price differs from what it stood at, less its provision, is the seller's result. The buyer carries the difference of
par and price as a discount (or a premium) that becomes income as principal comes in. Credit goes over with its cash.

>>> part = Standing({"loan_principal": 100_00, "interest_receivable": 2_00}, provision_minor=30_00)
>>> sold(part, 60_00)
[('loan_loss_provision', 'interest_receivable', 200), ('loan_loss_provision', 'loan_principal', 2800), ('cash', 'loan_principal', 6000), ('transfer_result', 'loan_principal', 1200)]
>>> bought(part, 60_00, provision_minor=40_00)
[('interest_receivable', 'cash', 200), ('loan_principal', 'cash', 5800), ('loan_principal', 'purchase_discount', 4200), ('impairment_loss', 'loan_loss_provision', 4000)]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from puhui.servicing.core import accounts
from puhui.servicing.core.parted import Triple
from puhui.servicing.core.rounding import divide

_CLAIM = (*accounts.RECEIVABLE_OF_HEAD.values(),)  # what a buyer pays for; principal last
_KEPT = (accounts.LOAN_LOSS_PROVISION, accounts.IMPAIRMENT_LOSS)
_PRICED = (accounts.PURCHASE_DISCOUNT, accounts.PURCHASE_PREMIUM)


@dataclass(frozen=True, slots=True)
class Standing:
    """One part of a loan as it stands in its holder's books: debit − credit by account; and what is provided for it."""

    balances: Mapping[str, int]
    provision_minor: int = 0

    @property
    def claim_minor(self) -> int:
        """Principal and receivables on the balance sheet, at par."""
        return sum(self.balances.get(account, 0) for account in _CLAIM)

    @property
    def carried_minor(self) -> int:
        """What the part stands at: par, less its provision and what is left of the discount it was bought at."""
        return self.claim_minor + sum(self.of(account) for account in _PRICED) - self.provision_minor

    def of(self, account: str) -> int:
        return self.balances.get(account, 0)


def sold(part: Standing, price_minor: int) -> list[Triple]:
    """Everything of the part leaves the books: provision, then cash, then the result (a loss; a gain is credited)."""
    loss = part.carried_minor - price_minor
    debits = [
        (accounts.LOAN_LOSS_PROVISION, part.provision_minor),
        (accounts.PURCHASE_DISCOUNT, -part.of(accounts.PURCHASE_DISCOUNT)),
        (accounts.CASH, price_minor),
        (accounts.TRANSFER_RESULT, max(loss, 0)),
    ]
    premium = (accounts.PURCHASE_PREMIUM, part.of(accounts.PURCHASE_PREMIUM))
    credits_ = [*_claim(part), premium, (accounts.TRANSFER_RESULT, max(-loss, 0))]
    return [*paired(debits, credits_), *_beside(part, -1)]


def bought(part: Standing, price_minor: int, *, provision_minor: int) -> list[Triple]:
    """The same part in the buyer's books, at par, with the discount or premium, and provided for by the buyer's method."""
    discount = part.claim_minor - price_minor
    debits = [*_claim(part), (accounts.PURCHASE_PREMIUM, max(-discount, 0))]
    credits_ = [(accounts.CASH, price_minor), (accounts.PURCHASE_DISCOUNT, max(discount, 0))]
    provided = paired([(accounts.IMPAIRMENT_LOSS, provision_minor)], [(accounts.LOAN_LOSS_PROVISION, provision_minor)])
    return [*paired(debits, credits_), *_beside(part, 1), *provided]


def given_back(
    opening: Sequence[Triple], since: Mapping[str, int], provided: tuple[int, int, int]
) -> tuple[list[Triple], list[Triple]]:
    """A sale that is undone: (postings of the buyer, postings of the seller beside its own sale reversed).

    `since` is all that the buyer has posted for the part from its opening on, debit − credit by account; `provided` what stands for
    it in the buyer's books, what the seller released, and what the seller's method asks now. What the buyer earned and received in
    between was the seller's all along; the discount never was.
    """
    at_buyer, released, asked = provided
    mine = {account: minor for account, minor in since.items() if account not in _KEPT}
    first: dict[str, int] = {}
    for debit, credit, minor in opening:
        first[debit], first[credit] = first.get(debit, 0) + minor, first.get(credit, 0) - minor
    theirs = {
        account: mine.get(account, 0) - first.get(account, 0) for account in {*mine, *first} if account not in _KEPT
    }
    theirs[accounts.INTEREST_INCOME] = theirs.get(accounts.INTEREST_INCOME, 0) + sum(
        theirs.pop(account, 0) for account in _PRICED
    )
    provision = (accounts.LOAN_LOSS_PROVISION, accounts.IMPAIRMENT_LOSS)
    buyer = [*_moves({account: -minor for account, minor in mine.items()}), *_line(provision, at_buyer)]
    return buyer, [*_moves(theirs), *_line(provision[::-1], asked - released)]


def reversed_(postings: Sequence[Triple]) -> list[Triple]:
    """Every posting with its sides exchanged."""
    return [(credit, debit, minor) for debit, credit, minor in postings]


def discount_left(discount_minor: int, principal_minor: int, bought_principal_minor: int) -> int:
    """What is still carried of a discount (below zero: a premium): its share of the principal bought that is still owed.

    >>> discount_left(4_200, 5_000, 10_000), discount_left(-4_201, 5_000, 10_000), discount_left(4_200, 12_000, 10_000)
    (2100, -2101, 4200)
    """
    if not bought_principal_minor:
        return 0
    owed = min(principal_minor, bought_principal_minor)
    left = int(divide(abs(discount_minor) * owed, bought_principal_minor, half_even=False))
    return left if discount_minor >= 0 else -left


def allotted(price_minor: int, claims_minor: Sequence[int]) -> list[int]:
    """One price shared among several claims by their par, cumulatively rounded, so that the parts re-add.

    >>> allotted(100, [1, 1, 1])
    [33, 34, 33]
    """
    total, reached, told, prices = sum(claims_minor), 0, 0, []
    for claim in claims_minor:
        reached += claim
        upto = int(divide(price_minor * reached, total, half_even=False)) if total else 0
        prices.append(upto - told)
        told = upto
    return prices


def paired(debits: Sequence[tuple[str, int]], credits_: Sequence[tuple[str, int]]) -> list[Triple]:
    """Lay both sides end to end, in the order given, and read off who pays whom. Both sums agree."""
    found: list[Triple] = []
    ahead = [side for side in reversed(credits_) if side[1]]
    for debit, minor in debits:
        left = minor
        while left:
            credit, open_minor = ahead.pop()
            amount = min(left, open_minor)
            found.append((debit, credit, amount))
            left -= amount
            if open_minor > amount:
                ahead.append((credit, open_minor - amount))
    assert not ahead, "the two sides of a sale differ"
    return found


def _claim(part: Standing) -> list[tuple[str, int]]:
    return [(account, part.of(account)) for account in _CLAIM if part.of(account)]


def _beside(part: Standing, sign: int) -> list[Triple]:
    """Credit with its cash, and what is kept off the balance sheet; `sign` is 1 where they arrive."""
    credit = -part.of(accounts.BORROWER_CREDIT)
    return [
        *_line((accounts.CASH, accounts.BORROWER_CREDIT), sign * credit),
        *(
            posting
            for memo in (accounts.MEMO_INTEREST, accounts.WRITTEN_OFF)
            for posting in _line((memo, accounts.MEMO_CONTRA), sign * part.of(memo))
        ),
    ]


def _line(pair: tuple[str, ...], minor: int) -> list[Triple]:
    """One posting, the other way round below zero, none of nothing."""
    debit, credit = pair if minor > 0 else pair[::-1]
    return [(debit, credit, abs(minor))] if minor else []


def _moves(balances: Mapping[str, int]) -> list[Triple]:
    """Balances that add up to nothing, as postings; memo accounts among themselves."""
    memo = [account for account in balances if not accounts.CHART[account].on_balance]
    rest = [account for account in balances if accounts.CHART[account].on_balance]
    return [
        posting
        for group in (rest, memo)
        for posting in paired(
            [(account, balances[account]) for account in sorted(group) if balances[account] > 0],
            [(account, -balances[account]) for account in sorted(group) if balances[account] < 0],
        )
    ]
