"""Offers of money that an owner wrote down, priced by the loan book's own sums: the same core that books loans tells what they cost.

Rules kept: an offer is priced from the borrower's cash flows (what is received, what is paid), fees included; the cap is the law's of the
day for banks; a commission is asked of nobody and ranks nothing.
"""

from datetime import date
from decimal import Decimal

import numpy as np

from puhui.kernel.periods import add_months
from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant.core.financing import Priced, over_lpr
from puhui.merchant.core.tool_records import Record
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tools import money
from puhui.policy import rule_table
from puhui.servicing.core import calculator, wire
from puhui.servicing.core.schedule import build

_LPR1Y_MONTHS = 60  # what runs longer follows the LPR of five years and more
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
            found.append(Priced(offer.text("who"), None, None, 0, 0, offer.minor("principal"), terms=_asked(offer)))
    return found


def priced(offer: Record, *, on: date, cap: Decimal, bearable_minor: int | None) -> Priced:
    """One offer's yearly cost, total cost and highest month. Raises Refused where the terms cannot be or no rate is told."""
    rate, points = rate_of(offer)
    fees = [
        {"at": "disbursement", "amount_minor": offer.minor("upfront_fee"), "name": "先扣"},
        {"at": "installment", "amount_minor": offer.minor("monthly_fee"), "name": "每月"},
    ]
    terms = wire.read_terms({
        "principal_minor": offer.minor("principal"), "annual_rate": rate, "periods": int(offer.body["periods"]),
        "disbursed_on": on.isoformat(), "first_due_on": add_months(on, 1).isoformat(), "method": _METHODS[offer.text("way")],
        "fees": [fee for fee in fees if fee["amount_minor"]],
    })  # fmt: skip
    plan = build([terms])
    cost = calculator.true_cost(terms, plan)
    received = offer.minor("principal") - offer.minor("upfront_fee")
    highest = int(np.max(plan.due_minor))
    multiple = offer.number("penalty_multiple") if "penalty_multiple" in offer.body else None
    most = rule_table.find("PENAL_MULT", metric="overdue_max", lender_type="any", on=on).value
    return Priced(
        who=offer.text("who"),
        apr_simple=cost.apr_simple if cost else None,
        apr_compound=cost.apr_compound if cost else None,
        cost_minor=int(plan.due_minor.sum()) - received,
        instalment_minor=highest,
        received_minor=received,
        above_cap=bool(cost and cost.apr_simple > cap),
        hard_to_bear=bearable_minor is not None and highest > bearable_minor,
        terms=_asked(offer),
        rate=rate,
        over_lpr=points,
        penalty_rate=None if multiple is None else rate * multiple,
        penalty_unlawful=multiple is not None and multiple > most,
        early_fee=offer.number("early_fee") if "early_fee" in offer.body else None,
    )


def rate_of(offer: Record) -> tuple[Decimal, Decimal | None]:
    """(yearly rate, points over the LPR or None): an offer over the LPR takes that of the day it was made on, of one year, or of five and more where it runs longer than five.

    Raises Refused RATE_UNTOLD, LPR_UNTOLD.
    """
    if "rate" in offer.body:
        return offer.number("rate"), None
    if "lpr_points" not in offer.body:
        told = "请填名义年利率，或 LPR 加几个点 · give the yearly rate, or the points over the LPR"
        raise Refused(Refusal("RATE_UNTOLD", told, where="rate"))
    tenor = "LPR5Y" if int(offer.body["periods"]) > _LPR1Y_MONTHS else "LPR1Y"
    try:
        lpr = rule_table.find(tenor, metric="rate", on=offer.on).value
    except rule_table.RuleAbsent:
        told = f"这一天没有 LPR · there is no LPR of that day: {offer.on}"
        raise Refused(Refusal("LPR_UNTOLD", told, where="told_on")) from None
    return over_lpr(lpr, offer.number("lpr_points")), offer.number("lpr_points")


def _asked(offer: Record) -> tuple[int, int]:
    return offer.minor("principal"), int(offer.body["periods"])
