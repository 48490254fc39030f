"""What the credit rules (准入规则) see of an application: the columns of the shipped policy, as far as they are known.

Rules kept: what is not known, or was known too long ago, is left out, so that a rule answers by its `on_missing`, never by a
harmless default; nothing here is newer than the day the evidence is seen as of. Amounts are whole fen. What the rules change in
the answer stands in `deciding.ruled`; what other rooms know (age, loans repaid, consent) is told by the journey.

>>> told = {"lending": {"cap": {"rate": "0.24"}, "policy": {}, "coefficients": {}, "as_of": "2026-03-01"}}
>>> seen = of({"evidence": {}, "items": [], "segment": "farmer", "months": 12, "wanted_minor": 1_000_000},
...           {"pd": 0.02, "rate": None, "grade": "B"}, told)
>>> seen["entity_kind"], seen["evidence_grade"], seen["has_invoices"], "overdue_now" in seen
('farmer', 'B', False, False)
"""

from datetime import date
from typing import Any

import numpy as np

from puhui.underwriting.core import deciding, owner_facts
from puhui.underwriting.core.coefficients import Coefficients
from puhui.underwriting.core.lending_policy import LendingPolicy
from puhui.underwriting.core.line import ABSENT, annuity_micro

_MICRO = 1_000_000
_SHARE_SCALE = 10_000
_NO_BUSINESS = ("owner_credit", "registry", "household")  # kinds that say nothing of what the business does


def of(row: dict[str, Any], output: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """`row` is what was seen, `output` the answer on the credit before any rule was asked, `parameters` what it stood on."""
    lending = parameters["lending"]
    as_of, table = date.fromisoformat(lending["as_of"]), Coefficients(lending["coefficients"])
    keeper_first = LendingPolicy(lending["policy"]).keeper_first
    items: list[dict[str, Any]] = row.get("items") or []
    by_invoices = bool(row["evidence"].get("sales_valid"))
    credit = owner_facts.credit_of(items, table, as_of=as_of, keeper_first=keeper_first)
    shop = owner_facts.registered(items, table, as_of=as_of)
    seen: dict[str, Any] = {
        "requested_minor": row["wanted_minor"],
        "months": row.get("months") or 12,
        "entity_kind": row.get("segment") or ("company" if row["evidence"] else "shop"),
        "purpose": row.get("purpose"),
        "id_expires_on": row.get("id_expires_on"),
        "has_invoices": by_invoices,
        "pd": output.get("pd"),
        "cap_rate": lending["cap"]["rate"],
        "all_in_rate": None if output.get("rate") is None else f"{output['rate']:.6f}",
        "evidence_grade": output.get("grade") or ("B" if by_invoices else None),
        "evidence_age_days": _age_days(row, as_of),
        "new_instalment_minor": _instalment(row, output),
    }
    seen |= _estimated(output.get("estimates") or {})
    if by_invoices:
        seen |= _invoices(row["evidence"])
    if by_invoices and table.stored:  # on a day before the first coefficient nothing can be said of cash
        seen |= _cash(row, table, as_of=as_of, keeper_first=keeper_first)
    seen |= _shop(shop, as_of) | _owner(credit)
    seen["court_enforcement"] = _either(credit, shop, "court_enforcement")
    return {name: value for name, value in seen.items() if value is not None}


def _age_days(row: dict[str, Any], as_of: date) -> int | None:
    """Days from the end of the newest evidence of the business, whatever its kind; an item of today is of no age."""
    told = [item["observed_to"] for item in row.get("items") or [] if item["kind"] not in _NO_BUSINESS]
    days = [max((as_of - date.fromisoformat(end)).days, 0) for end in told]
    last = row["evidence"].get("last_on")
    if last is not None:
        days.append(max((as_of - date.fromisoformat(str(last)[:10])).days, 0))
    return min(days, default=None)


def _instalment(row: dict[str, Any], output: dict[str, Any]) -> int | None:
    """Of the amount asked for, over the term, at the rate of the answer; unknown where there is no rate."""
    if output.get("rate") is None:
        return None
    factor = annuity_micro(np.array([output["rate"]]), np.array([row.get("months") or 12]))
    return -(-int(row["wanted_minor"]) * _MICRO // int(factor[0]))


def _estimated(told: dict[str, Any]) -> dict[str, Any]:
    revenue = told.get("revenue")
    return {
        "monthly_inflow_minor": None if revenue is None else revenue.get("prudent_minor"),
        "monthly_disposable_minor": told.get("disposable_minor"),
        "existing_instalments_minor": told.get("instalments_minor"),
    }


def _invoices(evidence: dict[str, Any]) -> dict[str, Any]:
    issued = evidence["sales_valid"] + (evidence.get("sales_void") or 0)
    mean, spread = evidence.get("month_mean") or 0.0, evidence.get("month_sd")
    return {
        "months_active": evidence.get("months_active_year"),
        "revenue_volatility": None if spread is None or mean <= 0 else spread / mean,
        "buyer_top1": evidence.get("buyer_top1"),
        "void_share": (evidence.get("sales_void") or 0) / issued,
        "monthly_inflow_minor": int(evidence["sales_net_year"]) // 12,
    }


def _cash(row: dict[str, Any], table: Coefficients, *, as_of: date, keeper_first: bool) -> dict[str, Any]:
    """What a firm with invoices has left a month, by the sum that is made for small owners; its instalments where credit is known."""
    items = [*(row.get("items") or []), deciding.invoices_as_item(row["evidence"], as_of=as_of)]
    facts = owner_facts.gather([items], table, as_of=as_of, keeper_first=keeper_first)
    disposable, known = int(facts.disposable_minor[0]), facts.credit[0] is not None
    return {
        "monthly_disposable_minor": None if disposable == ABSENT else disposable,
        "existing_instalments_minor": int(facts.instalments_minor[0]) if known else None,
    }


def _shop(registered: dict[str, Any] | None, as_of: date) -> dict[str, Any]:
    """What the business registry says of the shop."""
    if registered is None:
        return {}
    values = registered["values"]
    changed = values.get("operator_changed_on")
    return {
        "registered_months": _months(date.fromisoformat(values["registered_on"]), as_of),
        "operator_changed_days": None if changed is None else max((as_of - date.fromisoformat(changed)).days, 0),
        "licence_state": values["licence_state"],
        "industry_code": values.get("industry_code"),
        "annual_report_missing": values.get("annual_report_missing"),
        "on_abnormal_list": values["on_abnormal_list"],
    }


def _months(start: date, end: date) -> int:
    """Whole months between two days."""
    return max(12 * (end.year - start.year) + end.month - start.month - (end.day < start.day), 0)


def _owner(credit: dict[str, Any] | None) -> dict[str, Any]:
    """The owner's own credit, by whoever's word counts."""
    if credit is None:
        return {"bureau_on_file": False}
    values = credit["values"]
    return {
        "bureau_on_file": credit["source"] in owner_facts.KEEPERS,
        "overdue_now": values["overdue_now_minor"] > 0,
        "overdue_days_most_24m": values.get("worst_overdue_days_24m"),
        "overdue_count_24m": values.get("overdue_months_24m"),
        "queries_1m": values.get("inquiries_1m"),
        "queries_3m": values.get("inquiries_3m"),
        "new_loans_1m": values.get("new_loans_1m"),
        "existing_debt_minor": values.get("balance_minor"),
        "non_bank_share": _share(values.get("non_bank_minor"), values.get("balance_minor")),
        "guarantees_minor": values.get("guarantees_minor"),
        "household_credit_minor": values.get("household_credit_minor"),
        "five_class_worst": values.get("five_class_worst"),
    }


def _share(part_minor: int | None, whole_minor: int | None) -> str | None:
    """A part of a debt as decimal text with four places, cut down; of no debt, none."""
    if part_minor is None or whole_minor is None:
        return None
    units = min(part_minor * _SHARE_SCALE // whole_minor, _SHARE_SCALE) if whole_minor else 0
    return f"{units // _SHARE_SCALE}.{units % _SHARE_SCALE:04d}"


def _either(credit: dict[str, Any] | None, shop: dict[str, Any] | None, name: str) -> bool | None:
    """True where either keeper says so; false where at least one says no and none says yes."""
    said = [one["values"][name] for one in (credit, shop) if one is not None and name in one["values"]]
    return any(said) if said else None
