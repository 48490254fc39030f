"""The parts of the health index that a shop's books and records show, on any day, handed to `health`.

Rule kept: a part is told only where there is something to compute it from; what is missing stays missing.
"""

from datetime import date, timedelta
from decimal import Decimal
from statistics import mean, pstdev
from typing import Any

from puhui.merchant import health, rule_files
from puhui.merchant.core.health_index import median
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tools.owed import on_time

_KINDS_OF_INSURANCE = {"farm": ("property", "crop")}
_USUAL_INSURANCE = ("property", "liability", "employer")
_LONGEST_RESERVE = Decimal(99)
_FAIR_GRADES = ("A", "B", "M")  # 纳税信用管理办法: A, B and M (new firms) are in order, C and D are not
_FIRST = date(2026, 1, 1)  # the first day of the tables of the index


def assessed(facts: Facts) -> dict[str, Any]:
    """The index of the shop on its day; see `health.assess`."""
    first = min(facts.sales, default=facts.as_of)
    books_days = (
        (facts.as_of - min(first, min(facts.costs, default=first))).days + 1 if facts.sales or facts.costs else 0
    )
    books = {name: value for name, value in _from_books(facts).items() if value is not None}
    told = {name: value for name, value in _from_records(facts).items() if value is not None}
    return health.assess({
        "on": max(facts.as_of, _FIRST), "told": {**books, **told}, "books": books, "books_days": books_days,
    })  # fmt: skip


def _from_books(facts: Facts) -> dict[str, str | None]:
    out_90 = facts.summed(facts.money["out"], 90)
    months = _months(facts)
    sold, goods = facts.gross_share()
    monthly = [income for income, _ in months if income > 0]
    instalments = sum(each.minor("instalment") for each in facts.newest("debt", "who")) * 3
    return {
        "cash_days": _text(Decimal(max(facts.held(), 0)) * 90 / out_90) if out_90 > 0 else None,
        "surplus_rate": _share(median([Decimal(income - cost) / income for income, cost in months if income > 0])) if monthly else None,
        "booked_days": str(len({day for days in (facts.sales, facts.costs) for day in days if facts.as_of - timedelta(days=90) < day <= facts.as_of})) if facts.sales or facts.costs else None,
        "private_share": _share(min(Decimal(1), Decimal(max(facts.account("owner_out", 90), 0)) / out_90)) if out_90 > 0 else None,
        "sales_cv": _text(Decimal(str(pstdev(monthly) / mean(monthly)))) if len(monthly) >= 3 else None,
        "top_share": _top_share(facts),
        "debt_service_rate": _share(Decimal(instalments) / (sold - goods)) if sold > goods and facts.of("debt") else None,
    }  # fmt: skip


def _from_records(facts: Facts) -> dict[str, str | None]:
    debts = [each for each in facts.newest("debt", "who") if each.minor("owed") > 0]
    owed = sum(each.minor("owed") for each in debts)
    soon = sum(
        each.minor("owed") for each in debts if (each.day("ends_on") or facts.as_of) <= facts.as_of + timedelta(days=90)
    )
    fixed = facts.fixed_month()
    rate = on_time(facts)
    profile = facts.profile
    return {
        "on_time_rate": _share(rate) if rate is not None else None,
        "insured_share": _share(_insured(facts)) if profile or facts.of("insurance") else None,
        "reserve_months": _text(min(_LONGEST_RESERVE, Decimal(profile.minor("reserve")) / fixed)) if profile and "reserve" in profile.body and fixed > 0 else None,
        "debt_apr": _share(sum((each.number("apr") * each.minor("owed") for each in debts), Decimal(0)) / owed) if owed else None,
        "lender_count": str(len(debts)) if debts else None,
        "due_soon_share": _share(Decimal(soon) / owed) if owed else None,
        "standing_share": _share(_standing(facts)) if profile else None,
    }  # fmt: skip


def _top_share(facts: Facts) -> str | None:
    """The largest customer's or platform's part of all income; unknown where too little of it says who paid."""
    largest, named, income = facts.largest_payer()
    enough = next(
        row
        for row in rule_files.in_force("health_policy", on=max(facts.as_of, _FIRST))
        if row["name"] == "named_income"
    )
    return _share(Decimal(largest) / income) if income and Decimal(named) / income >= Decimal(enough["value"]) else None


def _months(facts: Facts) -> list[tuple[int, int]]:
    """(income, costs) of the six whole months before."""
    end, found = facts.as_of.replace(day=1), []
    for _ in range(6):
        start = (end - timedelta(days=1)).replace(day=1)
        income, cost = (
            sum(minor for day, minor in days.items() if start <= day < end) for days in (facts.sales, facts.costs)
        )
        found.append((income, cost))
        end = start
    return found


def _insured(facts: Facts) -> Decimal:
    wanted = _KINDS_OF_INSURANCE.get(facts.about("trade", "retail"), _USUAL_INSURANCE)
    held = {
        each.text("what")
        for each in facts.newest("insurance", "what")
        if (each.day("expires_on") or facts.as_of) >= facts.as_of
    }
    return Decimal(len(held & set(wanted))) / len(wanted)


def _standing(facts: Facts) -> Decimal:
    """Licence in force, annual report filed, no abnormal mark, and a fair tax grade where the shop has one."""
    licences = [each for each in facts.newest("paper", "name") if each.text("what") == "licence"]
    fine = [
        any((each.day("expires_on") or facts.as_of) >= facts.as_of for each in licences),
        facts.about("annual_report", "no") == "yes",
        facts.about("abnormal", "yes") == "no",
    ]
    grade = facts.about("tax_grade", "none")
    if grade != "none":
        fine.append(grade in _FAIR_GRADES)
    return Decimal(sum(fine)) / len(fine)


def _text(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.01")))


def _share(value: Decimal) -> str:
    return f"{(value * 100).quantize(Decimal('0.1'))}%"
