"""What each paper says (借款合同、对账单、还款回单、结清证明): texts and figures of one loan, ready to be set in type.

Rules kept: a paper shows what the book holds and computes nothing of its own but sums; amounts are written to the fen; the hash
of the cost form that was confirmed stands on every page. A payoff letter is refused while anything is owed.

>>> lent = Parties("张*", "1101**********002X", "橙子小馆", "", "示例银行（虚构）", invented=True)
>>> lent.borrower_line
'张* 1101**********002X（橙子小馆）'
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from puhui.kernel.money import format_yuan
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core.daycount import day_number, day_of
from puhui.servicing.core.dues import HEADS, Dues, Transaction
from puhui.servicing.core.fold import Folded
from puhui.servicing.core.schedule import build
from puhui.servicing.core.terms import DAY_COUNTS, METHODS, LoanTerms
from puhui.servicing.core.true_cost import shown_percent
from puhui.servicing.papers.capitals import in_capitals
from puhui.servicing.views import LoanView

Contents = dict[str, Any]
PAYMENTS = ("repay", "prepay", "payoff", "compensate", "recover")
HEAD_WORDS = {
    "principal": "本金 principal",
    "interest": "利息 interest",
    "fee": "费用 fees",
    "penalty": "罚息 penalty interest",
    "compound": "复利 compound interest",
    "cost": "实现债权费用 costs of enforcing",
    "recovery": "核销后收回 recovery",
    "claim": "担保方追偿权 the guarantor's claim",
}
KIND_WORDS = {
    "disburse": "放款 paid out",
    "repay": "还款 payment",
    "prepay": "提前还款 early payment",
    "payoff": "提前结清 paid off early",
    "refund": "退款 refund",
    "waive": "减免 waived",
    "charge_fee": "收费 fee",
    "charge_penalty": "计收罚息 penalty",
    "write_off": "核销 written off",
    "write_off_part": "部分核销 written off in part",
    "recover": "核销后收回 recovered",
    "compensate": "代偿 paid by the guarantor",
    "reschedule": "调整还款日 rescheduled",
    "holiday": "延期还款 payment holiday",
    "restructure": "重组 restructured",
    "rate_change": "利率调整 rate changed",
    "transfer": "债权转让 transferred",
    "notify_transfer": "债权转让通知 notice of the transfer",
    "use_credit": "留存抵扣 kept money used",
}


@dataclass(frozen=True, slots=True)
class Parties:
    """Names as they are printed; masked where the reader may not see them in full."""

    borrower: str
    id_number: str
    shop: str
    credit_code: str
    lender: str
    invented: bool

    @property
    def borrower_line(self) -> str:
        return f"{self.borrower} {self.id_number}（{self.shop}）"


@dataclass(frozen=True, slots=True)
class Case:
    """One loan as a paper speaks of it: the loan, the names, the form that was confirmed, and the book's date."""

    loan: LoanView
    parties: Parties
    form: Mapping[str, Any]  # as queries.disclosure gives it
    business_date: date
    order: tuple[str, ...] = ("interest", "principal")  # heads in the order in which money settles them

    def sheet(self, zh: str, en: str) -> Contents:
        """What every page of every paper carries."""
        parties = self.parties
        return {
            "title_zh": zh,
            "title_en": en,
            "loan_id": self.loan.loan_id,
            "hash": self.form["sha256"],
            "business_date": self.business_date.isoformat(),
            "invented": parties.invented,
            "borrower": parties.borrower,
            "id_number": parties.id_number,
            "shop": parties.shop,
            "credit_code": parties.credit_code or "—",
            "lender": parties.lender,
        }


def contract(case: Case) -> Contents:
    """The loan contract as agreed, with the cost form and the whole schedule as its annexes."""
    terms, form = case.loan.terms, case.form["form"]
    plan = build([terms])
    rows = zip(
        plan.n.tolist(),
        plan.due_on.tolist(),
        plan.principal_minor.tolist(),
        plan.interest_minor.tolist(),
        plan.fee_minor.tolist(),
        plan.due_minor.tolist(),
        plan.balance_minor.tolist(),
        strict=True,
    )
    confirmed = case.form["confirmed_at"]
    return case.sheet("借款合同", "Loan contract") | {
        "principal": format_yuan(terms.principal_minor),
        "principal_capitals": in_capitals(terms.principal_minor),
        "limit": format_yuan(terms.limit_minor) if terms.limit_minor else "",
        "limit_capitals": in_capitals(terms.limit_minor) if terms.limit_minor else "",
        "at_will": terms.method == "at_will",
        "rate": f"{shown_rate(terms.annual_rate)}%",
        "method": METHODS[terms.method],
        "method_en": terms.method.replace("_", " "),
        "day_count": DAY_COUNTS[terms.day_count],
        "periods": terms.periods,
        "disbursed_on": terms.disbursed_on.isoformat(),
        "final_due_on": case.loan.final_due_on.isoformat(),
        "order": "、".join(HEAD_WORDS[head].split(" ")[0] for head in case.order),
        "withheld": form["received_minor"] < terms.principal_minor,
        "cost": {
            "items": [{**item, "amount": format_yuan(item["amount_minor"])} for item in form["items"]],
            "contingent": list(form["overdue_items"]),
            "received": format_yuan(form["received_minor"]),
            "apr_simple": f"{shown_percent(Decimal(form['apr_simple']))}%",
            "apr_compound": f"{shown_percent(Decimal(form['apr_compound']))}%",
            "cap": f"{shown_rate(case.form['cap'])}%",
            "cap_source": case.form["cap_source"],
            "total_cost": format_yuan(form["total_cost_minor"]),
            "total_repaid": format_yuan(form["total_repaid_minor"]),
            "statement": form["statement"],
            "version": form["version"],
            "confirmed_at": beijing(confirmed) if confirmed else "—",
        },
        "schedule": [[str(n), str(due_on), *map(format_yuan, amounts)] for n, due_on, *amounts in rows],
        "schedule_total": [
            format_yuan(int(plan.principal_minor.sum())),
            format_yuan(int(plan.interest_minor.sum())),
            format_yuan(int(plan.fee_minor.sum())),
            format_yuan(int(plan.due_minor.sum())),
        ],
    }


def statement(case: Case, told: Folded, *, since: date | None = None) -> Contents:
    """Everything that happened from `since` (the beginning if not given) to the day of the fold, and where it leaves the loan."""
    first = day_number(since or case.loan.terms.disbursed_on)
    shown = [each for each in told.transactions if first <= each.on <= told.as_of]
    before = [each for each in told.transactions if each.on < first and not each.reversed]
    until = day_of(told.as_of)
    return case.sheet("对账单", "Statement of account") | {
        "since": day_of(first).isoformat(),
        "until": until.isoformat(),
        "opening": format_yuan(before[-1].balance_minor if before else 0),
        "closing": format_yuan(told.balance_minor),
        "credit": format_yuan(told.credit_minor),
        "days_late": told.days_past_due,
        "principal": format_yuan(paid_out(told)),
        "rate": f"{shown_rate(case.loan.terms.annual_rate)}%",
        "due_now": format_yuan(due_now(told)),
        "lines": [_line(each) for each in shown],
        "paid": format_yuan(sum(each.amount_minor for each in shown if _is_payment(each))),
        "paid_by_head": [[HEAD_WORDS[head], format_yuan(minor)] for head, minor in _paid(shown)],
        "plan": [_instalment(told.dues, k, told.as_of) for k in range(len(told.dues))],
    }


def receipt(case: Case, told: Folded, paid: Transaction, *, number: str, recorded_at: str) -> Contents:
    """One payment: how much, what it paid, and what is left after it."""
    parts = [
        [HEAD_WORDS[head], format_yuan(minor)] for head in (*HEADS, "recovery") if (minor := paid.by_head.get(head))
    ]
    if paid.credit_minor > 0:
        parts.append(["留作以后还款 kept for later dues", format_yuan(paid.credit_minor)])
    return case.sheet("还款回单", "Receipt") | {
        "number": number,
        "paid_on": day_of(paid.on).isoformat(),
        "recorded_at": recorded_at,
        "kind": KIND_WORDS.get(paid.kind, paid.kind),
        "amount": format_yuan(paid.amount_minor),
        "capitals": in_capitals(paid.amount_minor),
        "parts": parts,
        "balance": format_yuan(paid.balance_minor),
        "reversed": paid.reversed,
        "as_of": day_of(told.as_of).isoformat(),
    }


def payoff_letter(case: Case, told: Folded) -> Contents:
    """That nothing is owed any more. Raises Refused while anything is."""
    closed_on = case.loan.closed_on
    if case.loan.state != "closed" or closed_on is None:
        text = "贷款还没有结清，不能出具结清证明 · the loan is not settled; there is no payoff letter yet"
        raise Refused(Refusal("LOAN_NOT_CLOSED", text, where=case.loan.loan_id))
    terms = case.loan.terms
    received = [each for each in told.transactions if _is_payment(each)]
    return case.sheet("结清证明", "Payoff letter") | {
        "principal": format_yuan(paid_out(told)),
        "principal_capitals": in_capitals(paid_out(told)),
        "disbursed_on": terms.disbursed_on.isoformat(),
        "closed_on": closed_on.isoformat(),
        "paid": format_yuan(sum(each.amount_minor for each in received)),
        "paid_by_head": [[HEAD_WORDS[head], format_yuan(minor)] for head, minor in _paid(told.transactions)],
        "credit": format_yuan(told.credit_minor) if told.credit_minor else "",
    }


def beijing(moment: datetime) -> str:
    """A moment as papers write it.

    >>> beijing(datetime(2026, 8, 15, 18, 30, tzinfo=ZoneInfo("UTC")))
    '2026-08-16 02:30 北京时间'
    """
    return f"{moment.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M} 北京时间"


def paid_out(told: Folded) -> int:
    """All principal that was lent: the first disbursement and every later one that stands."""
    return sum(each.amount_minor for each in told.transactions if each.kind == "disburse" and not each.reversed)


def due_now(told: Folded) -> int:
    """What is due by the day of the fold and not paid."""
    dues = told.dues
    if told.state != "open":
        return 0
    return sum(dues.open_minor(k) for k in range(len(dues)) if dues.dues[k] <= told.as_of)


def shown_rate(rate: Decimal) -> str:
    """A yearly rate in percent with two decimals, or as many as it has: 0.12 → 12.00, 0.12345 → 12.345."""
    percent = (Decimal(rate) * 100).normalize()
    return f"{percent:.2f}" if percent == percent.quantize(Decimal("0.01")) else f"{percent:f}"


def _is_payment(each: Transaction) -> bool:
    return each.kind in PAYMENTS and not each.reversed


def _paid(transactions: list[Transaction]) -> Iterator[tuple[str, int]]:
    """What payments went to, by head, in the order of HEADS."""
    for head in (*HEADS, "recovery"):
        minor = sum(each.by_head.get(head, 0) for each in transactions if _is_payment(each))
        if minor:
            yield head, minor


def _line(each: Transaction) -> Contents:
    charges = sum(minor for head, minor in each.by_head.items() if head not in ("principal", "interest"))
    figures = (each.by_head.get("principal", 0), each.by_head.get("interest", 0), charges, max(each.credit_minor, 0))
    if each.kind == "disburse":
        figures = (0, 0, 0, 0)
    return {
        "on": day_of(each.on).isoformat(),
        "kind": KIND_WORDS.get(each.kind, each.kind),
        "amount": format_yuan(each.amount_minor),
        "parts": [format_yuan(minor) if minor else "" for minor in figures],
        "balance": format_yuan(each.balance_minor),
        "reversed": each.reversed,
    }


def _instalment(dues: Dues, k: int, as_of: int) -> Contents:
    asked = sum(dues.asked[head][k] for head in HEADS)
    unpaid = dues.open_minor(k)
    state = "已还 paid" if unpaid == 0 else "逾期 late" if dues.dues[k] < as_of else "未到期 planned"
    if unpaid and dues.dues[k] == as_of:
        state = "今天到期 due today"
    return {
        "n": k + 1,
        "due_on": day_of(dues.dues[k]).isoformat(),
        "figures": [
            format_yuan(dues.asked["principal"][k]),
            format_yuan(dues.asked["interest"][k]),
            format_yuan(asked - dues.asked["principal"][k] - dues.asked["interest"][k]),
            format_yuan(asked),
            format_yuan(asked - unpaid),
        ],
        "state": state,
        "late": unpaid > 0 and dues.dues[k] < as_of,
    }


__all__ = [
    "Case",
    "LoanTerms",
    "Parties",
    "beijing",
    "contract",
    "due_now",
    "payoff_letter",
    "receipt",
    "shown_rate",
    "statement",
]
