"""Every legal threshold lives in a dated table (legal_rules.csv), never in code (card 26).

A rule is found by code, metric, lender type and day. `any` stands for all lender types that have no row of their own.
No row for a day is an answer too: `RuleAbsent`, never a silent default.

>>> find("CAP_ALLIN", metric="apr_simple", lender_type="bank", on=date(2026, 8, 1)).value
Decimal('0.24')
>>> rule = find("CAP_ALLIN", metric="apr_simple", lender_type="mcc", on=date(2028, 1, 1))
>>> rule.value, rule.formula, rule.source
(Decimal('0.1200'), '4*LPR1Y', '小额贷款公司综合融资成本管理工作指引 2025-12; LPR1Y 2025-05-20: PBoC; load the later ones when they are published')
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from puhui.kernel import shipped


class RuleAbsent(LookupError):
    """The table has no rule of that code, metric and lender type in force on that day."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: `value` may be a `formula` of another rule in the file (4*LPR1Y); here it is a number.

    Where it was a formula, `source` names the row that it was worked out from too.
    """

    code: str
    lender_type: str
    metric: str
    op: str
    value: Decimal
    unit: str
    effective_from: date
    effective_to: date | None
    confidence: str
    source: str
    formula: str = ""


@lru_cache(maxsize=512)
def find(code: str, *, metric: str, on: date, lender_type: str = "any") -> Rule:
    """The rule in force; the lender's own row goes before `any`. Both ends of a row's dates are inclusive, as published."""
    rows = [row for row in _rows() if row["code"] == code and row["metric"] == metric and shipped.holds(row, on)]
    for wanted in (lender_type, "any"):
        for row in rows:
            if row["lender_type"] == wanted:
                return _rule(row, on)
    raise RuleAbsent(f"no rule {code}/{metric} for lender type {lender_type!r} is in force on {on.isoformat()}")


def _rule(row: dict[str, str], on: date) -> Rule:
    factor, star, name = row["value"].partition("*")
    named = find(name, metric="rate", on=on) if star else None
    worked_from = f"; {named.code} {named.effective_from}: {named.source}" if named else ""
    return Rule(
        code=row["code"],
        lender_type=row["lender_type"],
        metric=row["metric"],
        op=row["op"],
        value=Decimal(factor) * named.value if named else Decimal(factor),
        unit=row["unit"],
        effective_from=date.fromisoformat(row["effective_from"]),
        effective_to=date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
        confidence=row["confidence"],
        source=row["source"] + worked_from,
        formula=row["value"] if named else "",
    )


def _rows() -> tuple[shipped.Row, ...]:
    return shipped.rows("puhui.policy", "legal_rules.csv")
