"""Any terms, any policy, any payments on any days: the book kept day by day in columns equals the fold of its facts.

The oracle is core/fold: one loan at a time, in plain Python. Both keep penalty and compound interest below a cent, days of
grace, an order of heads that changes with lateness; the columns keep the ledger beside it, on and off the balance sheet, and
in the books of two funders.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.servicing.core import accounts
from puhui.servicing.core.changes import EARNED
from puhui.servicing.core.classification import ClassLimits
from puhui.servicing.core.day import DayLoans, DayRows, DayRules, Settled, close, settle
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.dues import Late, Policy
from puhui.servicing.core.fold import Fact, Folded, fold
from puhui.servicing.core.penalty import Counted, LateTerms
from puhui.servicing.core.provision import EclRates, EclTable, ProvisionRates, StageLimits, standing
from puhui.servicing.core.schedule import build
from puhui.servicing.core.settlement import OpenLoans
from puhui.servicing.core.shares import Change, Holdings, Line, lines
from puhui.servicing.core.terms import LoanTerms, Whole
from puhui.servicing.core.waterfall import Waterfall
from puhui.servicing.day_book import Methods, provided

START, LAST = date(2026, 1, 29), 120
NPL_OVER = 20  # short, so that loans come there and back within the test
ECL = EclTable(tuple(("any", stage, EclRates(30_000, 450_000)) for stage in (1, 2, 3)))
RULES = DayRules(
    ClassLimits(), StageLimits(10, 40), ProvisionRates(15_000, 30_000, 300_000, 600_000, 1_000_000), ECL, NPL_OVER
)
METHODS = np.array([0, 2])  # the first institution provides by class, the second by the greater
HEADS = ("fee", "penalty", "compound", "interest", "principal")
TERMS = st.builds(
    LoanTerms,
    currency=st.just("CNY"),
    principal_minor=st.integers(1, 5_000_000),
    annual_rate=st.integers(0, 240_000).map(lambda millionths: Decimal(millionths) / 10**6),
    periods=st.integers(1, 3),
    disbursed_on=st.just(START),
    rounding=st.sampled_from(["half_up", "half_even"]),
)
PAYMENTS = st.lists(st.tuples(st.integers(0, LAST), st.integers(0, 2), st.integers(1, 3_000_000)), max_size=8)
LATE = st.builds(
    Late,
    rate_millionths=st.sampled_from([0, 180_000, 239_999]),
    basis_days=st.sampled_from([360, 365]),
    grace_days=st.integers(0, 3),
    compound=st.booleans(),
)


@dataclass
class Book:
    """The smallest book there can be: the columns of its loans and instalments, and the balances of all postings."""

    batch: list[LoanTerms]
    late: Late
    orders: tuple[Waterfall, Waterfall]
    held: Holdings
    ledger: Counter[tuple[int, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.plan = build(self.batch)
        count, rows = len(self.batch), len(self.plan)
        self.paid = {head: np.zeros(rows, np.int64) for head in HEADS}
        self.penalty, self.compound = Counted.none(rows), Counted.none(rows)
        self.counted_to = np.full(rows, np.datetime64("NaT", "D"))
        self.settled = np.zeros(rows, bool)
        self.left = np.array([terms.principal_minor for terms in self.batch], np.int64)
        self.credit, self.provision, self.ecl = (np.zeros(count, np.int64) for _ in range(3))
        self.state, self.off = np.full(count, "active", "<U16"), np.zeros(count, bool)
        self.oldest = np.full(count, np.datetime64("NaT", "D"))
        self.post([Change(0 * self.left, self.left, ((accounts.LOAN_PRINCIPAL, accounts.CASH),))])

    def loans(self) -> DayLoans:
        count = len(self.batch)
        return DayLoans(
            held=OpenLoans(self.credit, np.full(count, self.orders[0].name)),
            outstanding_minor=self.left,
            state=self.state,
            oldest_due_on=self.oldest,
            class_position=np.zeros(count, np.int64),
            stage=np.ones(count, np.int64),
            provision_minor=self.provision,
            ecl_minor=self.ecl,
            non_accrual=self.off,
            restructured=np.zeros(count, bool),
            order_late=np.full(count, self.orders[1].name),
            late_over=np.full(count, NPL_OVER),
            product=np.full(count, ""),
            final_due_on=np.full(count, np.datetime64("2026-04-29")),
        )

    def rows(self, day: np.datetime64) -> tuple[Whole, DayRows]:
        begun = np.flatnonzero(~self.settled & (self.plan.starts_on <= day))
        late, loan = self.late, self.plan.loan[begun]
        half_even = np.array([terms.rounding == "half_even" for terms in self.batch])
        return begun, DayRows(
            loan=loan,
            starts_on=self.plan.starts_on[begun],
            due_on=self.plan.due_on[begun],
            asked={
                "interest": self.plan.interest_minor[begun],
                "principal": self.plan.principal_minor[begun],
                "fee": np.zeros(len(begun), np.int64),
            },
            planned_fee_minor=np.zeros(len(begun), np.int64),
            paid={head: amounts[begun] for head, amounts in self.paid.items()},
            penalty=Counted(self.penalty.minor[begun], self.penalty.carry[begun]),
            compound=Counted(self.compound.minor[begun], self.compound.carry[begun]),
            counted_to=self.counted_to[begun],
            half_even=half_even[loan],
            late_terms=LateTerms(
                *(
                    np.full(len(begun), value)
                    for value in (late.rate_millionths, late.basis_days, late.grace_days, late.compound)
                )
            ),
            earned_before_minor=np.zeros(len(begun), np.int64),
            charged_penalty_minor=np.zeros(len(begun), np.int64),
        )

    @property
    def by_name(self) -> dict[str, Waterfall]:
        return {order.name: order for order in self.orders}

    def pay(self, loan: int, minor: int, day: np.datetime64) -> bool:
        if self.state[loan] == "closed":
            return False
        cash = np.zeros(len(self.credit), np.int64)
        cash[loan] = minor
        begun, rows = self.rows(day)
        # The others do not settle anything now: their credit waits for the end of the day.
        mine = rows.loan == loan
        done = settle(self.only(loan), rows, day, self.by_name, cash)
        self.keep(begun[mine], mine, done, np.arange(len(self.batch)) == loan)
        if self.left[loan] == 0 and done.settlement.unpaid_due_minor[loan] == 0:
            self.state[loan] = "closed"
        return True

    def only(self, loan: int) -> DayLoans:
        loans, mine = self.loans(), np.arange(len(self.batch)) == loan
        return DayLoans(
            OpenLoans(np.where(mine, loans.held.credit_minor, 0), loans.held.order_name),
            *(getattr(loans, name) for name in list(DayLoans.__dataclass_fields__)[1:]),
        )

    def end_day(self, day: np.datetime64) -> None:
        begun, rows = self.rows(day)
        loans = self.loans()
        outcome = close(loans, rows, day, RULES, self.by_name)
        everyone = np.ones(len(self.batch), bool)
        self.keep(
            begun,
            np.ones(len(begun), bool),
            Settled(outcome.settlement, outcome.rows, outcome.outstanding_minor, []),
            everyone,
        )
        for changes in outcome.changes.values():
            self.post(changes)
        for head in EARNED:
            before, after = outcome.receivable_before[head], outcome.receivable[head]
            on, off = np.where(outcome.non_accrual, before, after), np.where(outcome.non_accrual, after, before)
            self.post([Change(before, on, ((accounts.RECEIVABLE_OF_HEAD[head], accounts.INCOME_OF_HEAD[head]),))])
            self.post([Change(before, off, ((accounts.MEMO_INTEREST, accounts.MEMO_CONTRA),))])
        self.book(provided(loans, outcome, self.held, Methods(METHODS, METHODS)))
        self.off, self.provision, self.ecl = outcome.non_accrual, outcome.provision_minor, outcome.ecl_minor
        self.state = np.array([_STATES.get(verb, state) for verb, state in zip(outcome.verb, self.state, strict=True)])
        self.laws(outcome.receivable)

    def keep(self, places: Whole, mine: np.ndarray, done: Settled, loans: np.ndarray) -> None:
        after = done.rows
        for head in HEADS:
            self.paid[head][places] = after.paid[head][mine]
        for into, made in ((self.penalty, after.penalty), (self.compound, after.compound)):
            into.minor[places], into.carry[places] = made.minor[mine], made.carry[mine]
        self.counted_to[places] = after.counted_to[mine]
        self.settled[places] |= done.settlement.row_settled[mine]
        self.left = np.where(loans, done.outstanding_minor, self.left)
        self.credit = np.where(loans, done.settlement.credit_minor, self.credit)
        self.oldest = np.where(loans, done.settlement.oldest_due_on, self.oldest)
        self.post(done.changes)

    def post(self, changes: list[Change]) -> None:
        self.book(lines(changes, self.held))

    def book(self, posted: list[Line]) -> None:
        for line in posted:
            assert (line.amount_minor >= 0).all()
            for place in np.flatnonzero(line.amount_minor):
                minor, institution = int(line.amount_minor[place]), int(self.held.institution[place])
                self.ledger[institution, line.debit] += minor
                self.ledger[institution, line.credit] -= minor

    def laws(self, receivable: dict[str, Whole]) -> None:
        """After every end of day: nothing negative, trial balance zero, every funder's ledger is its part of the loans."""
        assert min(int(self.credit.min()), int(self.left.min())) >= 0
        for institution in (0, 1):
            mine = self.held.institution == institution
            assert sum(minor for (owner, _), minor in self.ledger.items() if owner == institution) == 0
            wanted = {
                accounts.LOAN_PRINCIPAL: self.held.part(self.left),
                accounts.LOAN_LOSS_PROVISION: -self.held.part_at(self.provided()),
                accounts.BORROWER_CREDIT: -np.where(self.held.first, self.credit[self.held.loan], 0),
                accounts.MEMO_INTEREST: np.sum(
                    [self.held.part(np.where(self.off, receivable[head], 0)) for head in EARNED], axis=0
                ),
                **{
                    accounts.RECEIVABLE_OF_HEAD[head]: self.held.part(np.where(self.off, 0, receivable[head]))
                    for head in EARNED
                },
            }
            for account, parts in wanted.items():
                assert self.ledger[institution, account] == int(parts[mine].sum()), account

    def provided(self) -> Whole:
        held = self.held
        return standing(self.provision[held.loan], self.ecl[held.loan], METHODS[held.institution])


_STATES = {"miss_due": "overdue", "cure": "active", "settle": "closed"}
# Loan 0 belongs to the first institution, loan 1 to both 70:30, loan 2 to the second.
HELD = Holdings(
    *(np.array(column) for column in ([0, 1, 1, 2], [0, 0, 1, 1], [0, 0, 70, 0], [1, 70, 100, 1], [1, 100, 100, 1]))
)


@settings(max_examples=25, deadline=None)
@given(
    batch=st.lists(TERMS, min_size=3, max_size=3),
    payments=PAYMENTS,
    orders=st.tuples(st.permutations(HEADS), st.permutations(HEADS)),
    late=LATE,
)
def test_the_daily_book_equals_the_fold(
    batch: list[LoanTerms], payments: list[tuple[int, int, int]], orders: tuple[list[str], list[str]], late: Late
) -> None:
    book = Book(batch, late, (Waterfall("early", tuple(orders[0])), Waterfall("late", tuple(orders[1]))), HELD)
    facts: list[list[Fact]] = [[], [], []]
    for offset in range(LAST + 1):
        day = np.datetime64(START) + np.timedelta64(offset, "D")
        for _, loan, minor in (payment for payment in payments if payment[0] == offset):
            if book.pay(loan, minor, day):
                entered = len(facts[loan])
                facts[loan].append(Fact(day_number(day.item()), "repay", minor, f"p{entered}", entered))
        book.end_day(day)
    policy = Policy(
        waterfall=tuple(orders[0]), waterfall_past=tuple(orders[1]), past_days=NPL_OVER, prepayment="credit", late=late
    )
    for loan, terms in enumerate(batch):
        _same(book, loan, fold(terms, policy, facts[loan], day_number(day.item())))


def _same(book: Book, loan: int, told: Folded) -> None:
    rows = np.flatnonzero(book.plan.loan == loan)
    for head in HEADS:
        assert book.paid[head][rows].tolist() == told.dues.paid[head], head
    assert int(book.credit[loan]) == told.credit_minor
    assert int(book.left[loan]) == told.balance_minor
    assert (book.state[loan] == "closed") == (told.outstanding_minor == 0)
    begun, open_rows = book.rows(np.datetime64(told.as_of, "D"))
    owed = open_rows.owed_at(np.datetime64(told.as_of, "D"))
    for place, row in enumerate(begun):
        if row in rows:
            for head in ("penalty", "compound"):
                assert int(owed[head][place]) == told.dues.asked[head][row - rows[0]], head


def test_the_order_of_two_payments_on_one_day_does_not_matter() -> None:
    terms = LoanTerms("CNY", 1_000_000, Decimal("0.12"), 3, START)
    order = Waterfall("one", HEADS)
    books = []
    for amounts in ([300_000, 50_000], [50_000, 300_000]):
        book = Book([terms], Late(180_000), (order, order), Holdings.whole(np.zeros(1, np.int64)))
        for minor in amounts:
            book.pay(0, minor, np.datetime64("2026-03-05"))
        books.append(({head: paid.tolist() for head, paid in book.paid.items()}, book.credit.tolist()))
    assert books[0] == books[1]
