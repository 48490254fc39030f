"""Offers of money that an owner wrote down, priced by the loan book's own sums: the same core that books loans tells what they cost.

Rules kept: an offer is priced from the borrower's cash flows (what is received, what is paid), fees included; the cap is the law's of the
day for banks; a commission is asked of nobody and ranks nothing.
"""

from datetime import date
from decimal import Decimal

import numpy as np

from puhui.kernel.periods import add_months
from puhui.kernel.refusal import Refused
from puhui.merchant.core.financing import Priced
from puhui.merchant.core.tool_records import Record
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tools import money
from puhui.policy import rule_table
from puhui.servicing.core import calculator, wire
from puhui.servicing.core.schedule import build

_METHODS = {
    "equal_instalment": "equal_installment",
    "equal_principal": "equal_principal",
    "interest_first": "interest_first",
    "flat": "flat",
}


def priced_offers(facts: Facts) -> list[Priced]:
    """Every offer on record, the newest of each giver. One that the sums refuse is left out by its own refusal's name."""
    cap = rule_table.find("CAP_ALLIN", metric="apr_simple", lender_type="bank", on=facts.as_of).value
    bearable = money.bearable_month(facts)
    found = []
    for offer in facts.newest("loan_offer", "who"):
        try:
            found.append(priced(offer, on=facts.as_of, cap=cap, bearable_minor=bearable))
        except Refused:
            found.append(Priced(offer.text("who"), None, None, 0, 0, offer.minor("principal")))
    return found


def priced(offer: Record, *, on: date, cap: Decimal, bearable_minor: int | None) -> Priced:
    """One offer's yearly cost, total cost and highest month. Raises Refused where the terms cannot be."""
    fees = [
        {"at": "disbursement", "amount_minor": offer.minor("upfront_fee"), "name": "先扣"},
        {"at": "installment", "amount_minor": offer.minor("monthly_fee"), "name": "每月"},
    ]
    terms = wire.read_terms({
        "principal_minor": offer.minor("principal"), "annual_rate": offer.number("rate"), "periods": int(offer.body["periods"]),
        "disbursed_on": on.isoformat(), "first_due_on": add_months(on, 1).isoformat(), "method": _METHODS[offer.text("way")],
        "fees": [fee for fee in fees if fee["amount_minor"]],
    })  # fmt: skip
    plan = build([terms])
    cost = calculator.true_cost(terms, plan)
    received = offer.minor("principal") - offer.minor("upfront_fee")
    highest = int(np.max(plan.due_minor))
    return Priced(
        who=offer.text("who"),
        apr_simple=cost.apr_simple if cost else None,
        apr_compound=cost.apr_compound if cost else None,
        cost_minor=int(plan.due_minor.sum()) - received,
        instalment_minor=highest,
        received_minor=received,
        above_cap=bool(cost and cost.apr_simple > cap),
        hard_to_bear=bearable_minor is not None and highest > bearable_minor,
    )
