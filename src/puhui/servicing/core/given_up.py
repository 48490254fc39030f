"""How a loan ends in this book unpaid: written off (核销), or sold to somebody outside (债权转让). A sale inside the book changes nothing here.

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

from puhui.servicing.core.dues import HEADS, Amounts

if TYPE_CHECKING:
    from puhui.servicing.core.fold import Fact, Telling

GIVEN_UP = ("written_off", "transferred")  # states in which nothing more is owed to this book


def write_off(telling: "Telling", fact: "Fact") -> None:
    """The lender gives up what is owed: all principal, all planned interest, all charges."""
    by_head = _end(telling, fact, "written_off")
    telling.record(fact, sum(by_head.values()), by_head, 0)


def transfer(telling: "Telling", fact: "Fact") -> None:
    """A sale. Inside the book nothing changes for the borrower; outside, nothing more is owed here."""
    if not fact.details.get("outside"):
        telling.record(fact, 0, {}, 0)
        return
    by_head, credit = _end(telling, fact, "transferred"), telling.credit
    telling.record(fact, sum(by_head.values()) - credit, by_head, -credit)


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
