"""What a guarantor does to a loan: it pays for the borrower and has recourse (代偿、追偿). And the notice of a sale.

Rules kept: a guarantor who pays takes the place of the creditor for what it paid (Civil Code 700); what is recovered afterwards goes
to its claim first or to the lender first, as the fact says (a dated rule, allocation.toml). More than is owed is never taken from a
guarantor, nor more than its claim given to it.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.fold import Fact, LoanTerms, Policy, day_number, fold
>>> due = day_number(date(2024, 2, 1))
>>> facts = [Fact(due, "compensate", 1701, "c", 1, details={"guarantor": "inst_g"}), Fact(due + 9, "recover", 700, "r", 2)]
>>> told = fold(LoanTerms("CNY", 10_000, Decimal("0.07"), 6, date(2024, 1, 1)), Policy(), facts, due + 9)
>>> told.claims, told.transactions[-1].by_head, told.days_past_due
({'inst_g': 1001}, {'claim': 700}, 0)
"""

from typing import TYPE_CHECKING

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core.dues import Amounts
from puhui.servicing.core.given_up import RECOVERY

if TYPE_CHECKING:
    from puhui.servicing.core.fold import Fact, Telling

CLAIM = "claim"  # the head of money that goes to a guarantor and not to the lender


def compensate(telling: "Telling", fact: "Fact") -> None:
    """The guarantor pays the lender in the borrower's place: dues first, then what it pays early. More than is owed is refused."""
    by_head: Amounts = {}
    left = telling.pay(fact, by_head)
    if left and fact.entered > telling.last_entered:
        text = f"代偿金额超过欠款 {left} 分 · a guarantor pays at most what is due, or all (payoff_only); too much by {left}"
        raise Refused(Refusal("ABOVE_OUTSTANDING", text, where=fact.ref))
    if guarantor := fact.details.get("guarantor"):
        telling.claims[guarantor] = telling.claims.get(guarantor, 0) + fact.amount_minor
    telling.record(fact, fact.amount_minor, by_head, left)


def recover(telling: "Telling", fact: "Fact") -> None:
    """Money got in after a guarantor paid, or after a write-off, when it is income; it reopens nothing."""
    given_up = telling.state == "written_off" or telling.written_off_minor
    if not given_up and not sum(telling.claims.values()) and fact.entered > telling.last_entered:
        text = (
            "未核销、也没有代偿的贷款请用还款 · recoveries are for loans written off or paid by a guarantor; use repay"
        )
        raise Refused(Refusal("NOT_WRITTEN_OFF", text, where=fact.ref))
    by_head: Amounts = {}
    left = fact.amount_minor
    if fact.details.get("first") == "lender" and telling.state == "open":
        left -= telling.pay_due(left, by_head)
    left -= _to_claims(telling, left, by_head)
    of_losses = left if telling.state == "written_off" else min(left, telling.written_off_minor)
    if of_losses:
        by_head[RECOVERY] = of_losses
        telling.written_off_minor, left = max(telling.written_off_minor - of_losses, 0), left - of_losses
    if left and telling.state == "open":
        left -= telling.pay_due(left, by_head)
    if left and telling.state != "open" and fact.entered > telling.last_entered:
        text = f"超过追偿余额 {left} 分 · more than is left of the guarantor's claim, by {left}"
        raise Refused(Refusal("ABOVE_CLAIM", text, where=fact.ref))
    telling.record(fact, fact.amount_minor, by_head, left)


def notify(telling: "Telling", fact: "Fact") -> None:
    """The borrower is told of a sale; it binds the borrower from then on (Civil Code 546)."""
    telling.record(fact, 0, {}, 0)


def _to_claims(telling: "Telling", money: int, by_head: Amounts) -> int:
    """Guarantors in the order in which they first paid; returns what was used."""
    left = money
    for guarantor, claim in telling.claims.items():
        taken = min(left, claim)
        telling.claims[guarantor] -= taken
        left -= taken
    if left < money:
        by_head[CLAIM] = money - left
    return money - left
