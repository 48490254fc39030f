"""The cost disclosure form (综合融资成本明示表): an immutable value with a hash, confirmed before any contract.

Rule kept: 金规〔2026〕2号, in force 2026-08-01 (domain facts 1.3): every item under normal performance with how it is
charged, its yearly standard and its payee; the total yearly cost; what may be charged on default; the statement that
nothing else is charged. A loan is booked only against a confirmed form whose hash is that of its own terms.

>>> from datetime import date
>>> terms = LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 8, 1))
>>> form = draw_up(terms, payee="示例银行 (虚构)")
>>> str(form.apr_simple), form.total_cost_minor, form.shown_apr
('0.120000', 661853, '12.00%')
"""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from puhui.kernel.canonical import digest
from puhui.servicing.core.schedule import build
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.core.true_cost import YearlyCost, shown_percent, yearly_cost, yearly_cost_by_days

FORM_VERSION = "cost-form-1"
STATEMENT = "除已明示项目外不再收取任何息费 · nothing is charged beyond the items listed"


@dataclass(frozen=True, slots=True)
class CostItem:
    """A cost under normal performance."""

    name: str
    how_charged: str
    yearly_standard: str
    payee: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ContingentItem:
    """A cost that arises only on default or early settlement."""

    name: str
    standard: str
    payee: str


# This book charges none of these yet, and says so: what is not disclosed may not be charged.
NONE_CHARGED = (
    ContingentItem("逾期罚息 overdue interest", "不收取 none", "—"),
    ContingentItem("挪用罚息 diversion interest", "不收取 none", "—"),
    ContingentItem("提前结清违约金 early settlement fee", "不收取 none", "—"),
)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the borrower is shown and confirms. Its hash covers every field."""

    terms: LoanTerms
    received_minor: int
    items: tuple[CostItem, ...]
    overdue_items: tuple[ContingentItem, ...]
    apr_simple: Decimal
    apr_compound: Decimal
    simple_exact: Decimal
    total_cost_minor: int
    total_repaid_minor: int
    instalments: tuple[tuple[int, str, int], ...]  # number, due date, amount due
    version: str = FORM_VERSION
    statement: str = STATEMENT

    @property
    def disclosure_hash(self) -> str:
        return digest(self.as_record())

    @property
    def shown_apr(self) -> str:
        return f"{shown_percent(self.apr_simple)}%"

    def as_record(self) -> dict[str, Any]:
        return asdict(self) | {"terms": self.terms.as_record()}


def draw_up(terms: LoanTerms, *, payee: str, overdue_items: tuple[ContingentItem, ...] = NONE_CHARGED) -> Disclosure:
    """The form for these terms. The rates come from the instalments themselves, not from the nominal rate."""
    plan = build([terms])
    due = plan.due_minor.tolist()
    interest = int(plan.interest_minor.sum())
    days = plan.due_on.tolist()
    cost = _cost(terms, list(zip(days, due, strict=True)))
    standard = f"年利率 {terms.annual_rate * 100:.4f}%（单利）"
    return Disclosure(
        terms=terms,
        received_minor=terms.principal_minor,
        items=(CostItem("利息 interest", "随每期还款收取 with each instalment", standard, payee, interest),),
        overdue_items=overdue_items,
        apr_simple=cost.apr_simple,
        apr_compound=cost.apr_compound,
        simple_exact=cost.simple_exact,
        total_cost_minor=interest,
        total_repaid_minor=sum(due),
        instalments=tuple(
            (n, day.isoformat(), amount) for n, (day, amount) in enumerate(zip(days, due, strict=True), 1)
        ),
    )


def _cost(terms: LoanTerms, payments: list[tuple[Any, int]]) -> YearlyCost:
    if terms.first_due_on is None:
        return yearly_cost([terms.principal_minor, *(-amount for _, amount in payments)])
    return yearly_cost_by_days([(terms.disbursed_on, terms.principal_minor), *((on, -due) for on, due in payments)])
