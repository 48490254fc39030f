"""Any terms, any payments on any days: the book kept day by day equals the book rebuilt from facts."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.servicing.core.classification import CLASSES, ClassLimits
from puhui.servicing.core.day import DayLoans, DayRows, close
from puhui.servicing.core.journal import Flow
from puhui.servicing.core.schedule import Schedule, build
from puhui.servicing.core.settlement import OpenLoans, OpenRows, Settlement, settle_due
from puhui.servicing.core.terms import LoanTerms
from puhui.servicing.core.waterfall import WATERFALLS

START = date(2026, 1, 29)
TERMS = st.builds(
    LoanTerms,
    currency=st.just("CNY"),
    principal_minor=st.integers(1, 5_000_000),
    annual_rate=st.integers(0, 240_000).map(lambda millionths: Decimal(millionths) / 10**6),
    periods=st.integers(1, 3),
    disbursed_on=st.just(START),
    rounding=st.sampled_from(["half_up", "half_even"]),
)
PAYMENTS = st.lists(st.tuples(st.integers(0, 95), st.integers(0, 2), st.integers(1, 3_000_000)), max_size=8)


class Book:
    """The smallest book there can be: what is paid, what is held, and the balances of all postings."""

    def __init__(self, plan: Schedule, batch: list[LoanTerms], orders: list[str]) -> None:
        self.plan, self.orders = plan, np.array(orders)
        self.paid_interest = np.zeros(len(plan), np.int64)
        self.paid_principal = np.zeros(len(plan), np.int64)
        self.credit = np.zeros(len(batch), np.int64)
        self.cash = np.zeros(len(batch), np.int64)
        self.half_even = np.array([terms.rounding == "half_even" for terms in batch])[plan.loan]
        self.ledger: Counter[str] = Counter(loan_principal=sum(t.principal_minor for t in batch))
        self.ledger["cash"] = -self.ledger["loan_principal"]

    def open_rows(self) -> OpenRows:
        interest, principal = (
            self.plan.interest_minor - self.paid_interest,
            self.plan.principal_minor - self.paid_principal,
        )
        return OpenRows(self.plan.loan, self.plan.due_on, interest, principal)

    def pay(self, loan: int, minor: int, day: np.datetime64) -> None:
        cash = np.zeros(len(self.credit), np.int64)
        cash[loan] = minor
        self.cash += cash
        self.keep(settle_due(self.open_rows(), OpenLoans(self.credit, self.orders), cash, day))

    def end_day(self, day: np.datetime64) -> None:
        left = np.bincount(self.plan.loan, self.plan.principal_minor - self.paid_principal).astype(np.int64)
        state, late = np.full(len(left), "active"), np.full(len(left), np.datetime64("NaT"), "datetime64[D]")
        loans = DayLoans(OpenLoans(self.credit, self.orders), left, state, late, np.full(len(left), CLASSES[0]))
        plan = self.plan
        rows = DayRows(
            plan.loan, plan.starts_on, plan.due_on, plan.interest_minor, plan.principal_minor,
            self.paid_interest, self.paid_principal, self.half_even,
        )  # fmt: skip
        outcome = close(loans, rows, day, ClassLimits())
        self.keep(outcome.settlement)
        self.post([outcome.accrual_flow])
        assert outcome.receivable_minor.sum() == self.ledger["interest_receivable"]
        assert outcome.outstanding_minor.sum() == self.ledger["loan_principal"]
        assert self.credit.sum() == -self.ledger["borrower_credit"]

    def keep(self, done: Settlement) -> None:
        self.paid_interest += done.interest_minor
        self.paid_principal += done.principal_minor
        self.credit = done.credit_minor
        self.post(done.flows)
        assert min(self.credit.min(), (self.plan.interest_minor - self.paid_interest).min()) >= 0
        assert (self.plan.principal_minor - self.paid_principal).min() >= 0

    def post(self, flows: list[Flow]) -> None:
        for flow in flows:
            self.ledger[flow.debit] += int(flow.amount_minor.sum())
            self.ledger[flow.credit] -= int(flow.amount_minor.sum())


@settings(max_examples=40, deadline=None)
@given(
    batch=st.lists(TERMS, min_size=3, max_size=3),
    payments=PAYMENTS,
    orders=st.lists(st.sampled_from(sorted(WATERFALLS)), min_size=3, max_size=3),
)
def test_the_daily_book_equals_the_rebuild(
    batch: list[LoanTerms], payments: list[tuple[int, int, int]], orders: list[str]
) -> None:
    plan = build(batch)
    book, last = Book(plan, batch, orders), 95
    for offset in range(last + 1):
        day = np.datetime64(START) + np.timedelta64(offset, "D")
        for _, loan, minor in (payment for payment in payments if payment[0] == offset):
            book.pay(loan, minor, day)
        book.end_day(day)
    nothing = OpenLoans(np.zeros(3, np.int64), np.array(orders))
    whole = OpenRows(plan.loan, plan.due_on, plan.interest_minor, plan.principal_minor)
    rebuilt = settle_due(whole, nothing, book.cash, np.datetime64(START) + np.timedelta64(last, "D"))
    assert book.paid_interest.tolist() == rebuilt.interest_minor.tolist()
    assert book.paid_principal.tolist() == rebuilt.principal_minor.tolist()
    assert book.credit.tolist() == rebuilt.credit_minor.tolist()
    assert sum(book.ledger.values()) == 0
    assert book.ledger["interest_income"] == -int(plan.interest_minor.sum())


def test_the_order_of_two_payments_on_one_day_does_not_matter() -> None:
    terms = replace(LoanTerms("CNY", 1_000_000, Decimal("0.12"), 3, START))
    books = []
    for order in ([300_000, 50_000], [50_000, 300_000]):
        book = Book(build([terms]), [terms], ["interest-first-1"])
        for minor in order:
            book.pay(0, minor, np.datetime64("2026-03-01"))
        books.append((book.paid_interest.tolist(), book.paid_principal.tolist(), book.credit.tolist()))
    assert books[0] == books[1]
