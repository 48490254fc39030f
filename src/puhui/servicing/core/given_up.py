"""How a loan ends in this book unpaid: written off (核销), or sold to somebody outside (债权转让). A sale inside the book changes nothing here.

A part that is written off (部分核销) is principal that is due and unpaid: it leaves the plan as if it were paid, is a loss, and is kept
off the balance sheet until it is recovered; the loan goes on with the rest.

Rule kept: interest stops on that day, so that a fold of a later day still says what had been earned when the loan was given up; what
is given up is everything asked and not paid, by head. Credit goes over with a loan that is sold.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.fold import Fact, LoanTerms, Policy, day_number, fold
>>> terms, end = LoanTerms("CNY", 10_000, Decimal("0.07"), 6, date(2024, 1, 1)), day_number(date(2024, 2, 1))
>>> told = fold(terms, Policy(), [Fact(end, "transfer", 9_000, "s", 1, details={"outside": True})], end + 90)
>>> told.state, told.earned_minor, told.transactions[-1].by_head, told.outstanding_minor
('transferred', 58, {'interest': 205, 'principal': 10000}, 0)
"""

from typing import TYPE_CHECKING

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core.dues import HEADS, Amounts

if TYPE_CHECKING:
    from puhui.servicing.core.fold import Fact, Telling

RECOVERY = "recovery"  # the head of money that comes in after a loss
_MONEY = ("repay", "prepay", "payoff", "compensate")
GIVEN_UP = ("written_off", "transferred")  # states in which nothing more is owed to this book


def write_off(telling: "Telling", fact: "Fact") -> None:
    """The lender gives up what is owed: all principal, all planned interest, all charges."""
    by_head = _end(telling, fact, "written_off") if telling.state == "open" else {}
    telling.record(fact, sum(by_head.values()), by_head, 0)


def after_the_end(telling: "Telling", fact: "Fact") -> None:
    """A fact of a day after the loan was given up, entered before that was: money is a recovery (or, sold, somebody else's: credit).

    Everything else changes nothing any more.
    """
    if fact.kind not in _MONEY:
        telling.record(fact, 0, {}, 0)
        return
    if guarantor := fact.details.get("guarantor"):
        telling.claims[guarantor] = telling.claims.get(guarantor, 0) + fact.amount_minor
    if telling.state == "written_off":
        telling.record(fact, fact.amount_minor, {RECOVERY: fact.amount_minor} if fact.amount_minor else {}, 0)
    else:
        telling.record(fact, fact.amount_minor, {}, fact.amount_minor)


def transfer(telling: "Telling", fact: "Fact") -> None:
    """A sale. Inside the book nothing changes for the borrower; outside, nothing more is owed here."""
    if not fact.details.get("outside") or telling.state != "open":
        telling.record(fact, 0, {}, 0)
        return
    by_head, credit = _end(telling, fact, "transferred"), telling.credit
    telling.record(fact, sum(by_head.values()) - credit, by_head, -credit)


def write_off_part(telling: "Telling", fact: "Fact") -> None:
    """The lender gives up principal that is due and unpaid, oldest first; the loan goes on with the rest."""
    by_head: Amounts = {}
    left = fact.amount_minor - telling.pay_due(fact.amount_minor, by_head, ("principal",))
    if left and fact.entered > telling.last_entered:
        text = f"部分核销以到期未还本金为限，超出 {left} 分 · a part that is written off is principal due and unpaid; too much by {left}"
        raise Refused(Refusal("ABOVE_OUTSTANDING", text, where=fact.ref))
    telling.written_off_minor += fact.amount_minor - left
    telling.record(fact, fact.amount_minor - left, by_head, 0)


def _end(telling: "Telling", fact: "Fact", state: str) -> Amounts:
    plan = telling.plan
    telling.earned_at_end = plan.earned()
    plan.project(overdue_stays=False)
    by_head = {}
    for head in HEADS:
        asked, paid = plan.dues.total(head)
        if asked > paid:
            by_head[head] = asked - paid
    plan.balance = 0
    telling.state, telling.closed_on = state, fact.on
    return by_head
