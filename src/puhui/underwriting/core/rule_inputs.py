"""What the credit rules (准入规则) see of an application: the columns of the shipped policy, as far as they are known.

Rule kept: what is not known is left out, so that a rule answers by its `on_missing`, never by a harmless default. Amounts are
whole fen. What the rules change in the answer stands in `deciding.ruled`.

>>> seen = of({"evidence": {}, "items": [], "segment": "farmer", "months": 12, "wanted_minor": 1_000_000},
...           {"pd": 0.02, "rate": None, "grade": "B"}, cap_rate="0.24")
>>> seen["entity_kind"], seen["evidence_grade"], "overdue_now" in seen
('farmer', 'B', False)
"""

from typing import Any

import numpy as np

from puhui.underwriting.core import owner_facts
from puhui.underwriting.core.line import annuity_micro

_MICRO = 1_000_000


def of(row: dict[str, Any], output: dict[str, Any], *, cap_rate: str) -> dict[str, Any]:
    """`row` is what was seen, `output` the answer on the credit, before any rule was asked."""
    seen: dict[str, Any] = {
        "requested_minor": row["wanted_minor"],
        "months": row.get("months") or 12,
        "entity_kind": row.get("segment") or ("company" if row["evidence"] else "shop"),
        "pd": output.get("pd"),
        "cap_rate": cap_rate,
        "all_in_rate": None if output.get("rate") is None else f"{output['rate']:.6f}",
        "evidence_grade": output.get("grade") or ("B" if row["evidence"].get("sales_valid") else None),
        "new_instalment_minor": _instalment(row, output),
    }
    seen |= _estimated(output.get("estimates") or {}) | _invoices(row["evidence"]) | _owner(row.get("items") or [])
    return {name: value for name, value in seen.items() if value is not None}


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
    if not evidence.get("sales_valid"):
        return {}
    issued = evidence["sales_valid"] + (evidence.get("sales_void") or 0)
    return {
        "months_active": evidence.get("months_active_year"),
        "buyer_top1": evidence.get("buyer_top1"),
        "void_share": (evidence.get("sales_void") or 0) / issued,
        "monthly_inflow_minor": int(evidence["sales_net_year"]) // 12,
    }


def _owner(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The owner's own credit as last brought."""
    credit = owner_facts.newest(items).get("owner_credit")
    if credit is None:
        return {}
    values = credit["values"]
    return {
        "bureau_on_file": credit["source"] in ("bureau", "sandbox"),
        "overdue_now": None if "overdue_now_minor" not in values else values["overdue_now_minor"] > 0,
        "overdue_days_most_24m": values.get("worst_overdue_days_24m"),
        "overdue_count_24m": values.get("overdue_months_24m"),
        "queries_3m": values.get("inquiries_3m"),
        "existing_debt_minor": values.get("balance_minor"),
    }
