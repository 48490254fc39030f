"""The calculators behind `puhui loan schedule` and `puhui loan apr`: a JSON object in, a JSON object out.

Rule kept: the same core that books and services loans answers here (card 6); what is wrong with the input is refused by
name. Shapes: see docs/recipes/loan-calculators.md.

>>> answer = schedule({"id": 1, "currency": "CNY", "principal_minor": 10_000_000, "annual_rate": "0.12", "periods": 12,
...                    "disbursed_on": "2026-01-15"})
>>> answer["installments"][0]["due_minor"], answer["total_interest_minor"], answer["apr_simple"], answer["apr_compound"]
(888488, 661853, '0.120000', '0.126825')
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core import apr as yearly_rates
from puhui.servicing.core import wire
from puhui.servicing.core.due_dates import first_share
from puhui.servicing.core.fees import withheld_minor
from puhui.servicing.core.schedule import Schedule, build
from puhui.servicing.core.terms import PERIOD_UNITS, LoanTerms, TermsColumns
from puhui.servicing.core.true_cost import NoRateExists, YearlyCost, yearly_cost, yearly_cost_by_days
from puhui.servicing.core.unit_periods import UnitPeriod

Record = Mapping[str, Any]
_ROW = ("n", "due_on", "days", "principal_minor", "interest_minor", "fee_minor", "due_minor", "balance_minor")


def schedule(request: Record) -> dict[str, Any]:
    """The instalments of one loan, its total interest and what it truly costs."""
    terms = wire.read_terms(request)
    plan = build([terms])
    cost = true_cost(terms, plan)
    return {
        "id": request.get("id"),
        "installments": rows(plan),
        "total_interest_minor": int(plan.interest_minor.sum()),
        "apr_simple": str(cost.apr_simple) if cost else None,
        "apr_compound": str(cost.apr_compound) if cost else None,
    }


def rows(plan: Schedule) -> list[dict[str, Any]]:
    """One object an instalment, of a plan of one loan."""
    days = (plan.due_on - plan.starts_on).astype(int)
    columns = (
        plan.n,
        plan.due_on.astype(str),
        days,
        plan.principal_minor,
        plan.interest_minor,
        plan.fee_minor,
        plan.due_minor,
        plan.balance_minor,
    )
    return [dict(zip(_ROW, row, strict=True)) for row in zip(*(column.tolist() for column in columns), strict=True)]


def true_cost(terms: LoanTerms, plan: Schedule) -> YearlyCost | None:
    """Simple and compound yearly cost from the borrower's own cash flows; None where no rate solves them.

    Equal periods (no broken first period, no rolling): the periodic rate; else by days.
    """
    received = terms.principal_minor - withheld_minor(terms)
    try:
        if equal_periods(terms, plan):
            per_year, _ = PERIOD_UNITS[terms.period_unit]
            flows = [received, *(-plan.due_minor).tolist()]
            if terms.down_payment_minor:
                flows = [flows[0] + flows[1], *flows[2:]]
            return yearly_cost(flows, periods_a_year=Decimal(per_year) / terms.period_every)
        paid = zip(plan.due_on.tolist(), (-plan.due_minor).tolist(), strict=True)
        return yearly_cost_by_days([(terms.disbursed_on, received), *paid])
    except NoRateExists:
        return None


def equal_periods(terms: LoanTerms, plan: Schedule) -> bool:
    """Is every period one whole period of the contract?"""
    columns = TermsColumns.of([terms])
    first = plan.due_on[plan.n == 1]
    up, down = first_share(columns, first)
    return terms.rolling == "none" and bool(np.array_equal(up, down))


def apr(request: Record) -> dict[str, Any]:
    """A yearly rate by one of the published methods."""
    given = wire.read(
        {name: value for name, value in request.items() if name != "id"},
        {
            "advances": _flows,
            "payments": _flows,
            "method": wire.text,
            "period_unit": wire.text,
            "period_every": wire.whole,
        },
        "",
        ("advances", "payments", "method"),
    )
    if given["method"] not in yearly_rates.METHODS:
        text = f"没有这种算法 · one of {', '.join(yearly_rates.METHODS)}: {given['method']}"
        raise Refused(Refusal("METHOD_UNKNOWN", text, where="method"))
    try:
        rate = yearly_rates.apr(given["advances"], given["payments"], given["method"], _hint(given))
    except NoRateExists as none:
        raise Refused(Refusal("NO_RATE_EXISTS", str(none), where="payments")) from None
    return {"id": request.get("id"), "apr": str(rate)}


def _hint(given: Record) -> UnitPeriod | None:
    if "period_unit" not in given:
        return None
    if given["period_unit"] not in ("day", "week", "semimonth", "month", "year"):
        text = f"day, week, semimonth, month or year: {given['period_unit']}"
        raise Refused(Refusal("PERIOD_UNIT_UNKNOWN", text, where="period_unit"))
    every = given.get("period_every", 1)
    if every < 1:
        raise Refused(Refusal("PERIOD_EVERY_OUT_OF_RANGE", f"须为正整数 · above zero: {every}", where="period_every"))
    return UnitPeriod(given["period_unit"], every)


def _flows(value: Any, where: str) -> list[yearly_rates.Flow]:
    """[{on, amount_minor}, …]; amounts are at least zero, those of zero are left out."""
    found = []
    for i, part in enumerate(wire.listed(value, where)):
        place = f"{where}[{i}]"
        flow = wire.read(part, {"on": wire.day, "amount_minor": wire.whole}, place, ("on", "amount_minor"))
        if flow["amount_minor"] < 0:
            text = f"金额不得为负 · an amount is at least zero: {flow['amount_minor']}"
            raise Refused(Refusal("AMOUNT_NEGATIVE", text, where=place))
        if flow["amount_minor"]:
            found.append(yearly_rates.Flow(flow["on"], flow["amount_minor"]))
    return found
