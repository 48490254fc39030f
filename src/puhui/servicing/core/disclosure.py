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
from puhui.servicing.core.calculator import true_cost
from puhui.servicing.core.fees import fee_minor, withheld_minor
from puhui.servicing.core.loan_policy import LoanPolicy
from puhui.servicing.core.schedule import Schedule, build
from puhui.servicing.core.terms import Fee, LoanTerms
from puhui.servicing.core.true_cost import NoRateExists, shown_percent

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


# What is not disclosed may not be charged: a loan without a policy of lateness says that none is.
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
    cost = true_cost(terms, plan)
    if cost is None:
        raise NoRateExists("这些条款没有可计算的年化成本 · these terms have no yearly cost that can be computed")
    standard = f"年利率 {terms.annual_rate * 100:.4f}%（单利）"
    fees = [_fee_item(fee, terms, plan, payee) for fee in terms.fees]
    items = (CostItem("利息 interest", _INTEREST_TIMES.get(terms.method, _EACH), standard, payee, interest), *fees)
    withheld = withheld_minor(terms)
    return Disclosure(
        terms=terms,
        received_minor=terms.principal_minor - withheld,
        items=items,
        overdue_items=overdue_items,
        apr_simple=cost.apr_simple,
        apr_compound=cost.apr_compound,
        simple_exact=cost.simple_exact,
        total_cost_minor=sum(item.amount_minor for item in items),
        total_repaid_minor=sum(due),
        instalments=tuple(
            (n, day.isoformat(), amount) for n, (day, amount) in enumerate(zip(days, due, strict=True), 1)
        ),
    )


_EACH = "随每期还款收取 with each instalment"
_INTEREST_TIMES = {"at_will": "按日计息，用几天算几天，还款时一并收取 by the day, with each repayment"}
_FEE_TIMES = {
    "disbursement": "放款时一次收取 withheld at disbursement",
    "installment": "随每期还款收取 with each instalment",
    "balance": "按未还本金随每期收取 on the balance, with each instalment",
}


def _fee_item(fee: Fee, terms: LoanTerms, plan: Schedule, payee: str) -> CostItem:
    """One fee: what it comes to over the whole loan under normal performance."""
    owed = (plan.balance_minor + plan.principal_minor).tolist()
    bases = {
        "disbursement": [terms.principal_minor],
        "installment": [terms.principal_minor] * len(owed),
        "balance": owed,
    }
    total = sum(fee_minor(fee, base, terms) for base in bases[fee.at])
    standard = f"每次 {fee.rate * 100:.4f}%" if fee.rate else f"每次 {fee.amount_minor} 分"
    return CostItem(fee.name or "费用 fee", _FEE_TIMES[fee.at], standard, payee, total)


def contingent_items(policy: LoanPolicy, terms: LoanTerms, payee: str) -> tuple[ContingentItem, ...]:
    """What may be charged on default or early settlement under a policy; what is not in this list may not be charged.

    >>> terms = LoanTerms("CNY", 100, Decimal("0.12"), 1, __import__("datetime").date(2026, 8, 1))
    >>> contingent_items(LoanPolicy(penalty_multiplier=1_500_000, penalty_cap=240_000), terms, "银行")[0].standard
    '逾期本金按年利率 18.0000% 计收（合同利率的 1.5 倍，不超过 24%）；宽限 0 天；不计复利 on overdue principal'
    """
    if not policy.penalty_multiplier:
        return NONE_CHARGED
    multiple, cap = Decimal(policy.penalty_multiplier) / 10**6, Decimal(policy.penalty_cap) / 10**6
    rate = min(terms.annual_rate * multiple, cap) * 100
    compound = "未付利息按同一利率计收复利" if policy.compounds else "不计复利"
    standard = (
        f"逾期本金按年利率 {rate:.4f}% 计收（合同利率的 {multiple.normalize()} 倍，不超过 {(cap * 100).normalize():f}%）；"
        f"宽限 {policy.grace_days} 天；{compound} on overdue principal"
    )
    return (ContingentItem("逾期罚息 overdue interest", standard, payee), *NONE_CHARGED[1:])
