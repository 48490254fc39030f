"""Real repayment histories go through the fold without a law broken (berka, lendingclub; see histories.py)."""

import os
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from puhui.kernel.refusal import Refused
from puhui.servicing import queries
from puhui.servicing.core import accounts, laws
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.fold import Fact, Folded, Policy, fold
from puhui.servicing.core.schedule import build
from puhui.servicing.core.told_journal import postings
from puhui.servicing.operations.book_loan import Booking, book_loan
from puhui.servicing.operations.close_day import close_day
from puhui.servicing.operations.disburse import disburse
from puhui.servicing.operations.open_books import open_books
from puhui.servicing.operations.record_repayment import record_repayment
from puhui.servicing.tests.bookings import NOW, confirmed_form
from puhui.servicing.tests.histories import (
    BERKA_CASH_ENDS,
    History,
    berka,
    berka_orders,
    lending_club,
)

DATA = Path(os.environ.get("PUHUI_DATA", Path(__file__).resolve().parents[5] / "shared" / "data"))
REAL_BALANCE = Policy(recalculation=True)
KEPT_AS_CREDIT = Policy(prepayment="payoff_only")  # as record_repayment does with money that is not due yet

pytestmark = pytest.mark.skipif(
    not (DATA / "berka").is_dir() or not (DATA / "lendingclub").is_dir(),
    reason="real data not at hand: set PUHUI_DATA to its folder",
)


def serviced(history: History) -> tuple[History, Folded, int]:
    """The loan folded to its last fact. Money for a loan that is closed is refused and sent back: how many times."""
    sent_back = 0
    while True:
        try:
            told = fold(history.terms, REAL_BALANCE, history.facts, max(fact.on for fact in history.facts))
        except Refused as caught:
            if caught.refusal.code != "LOAN_CLOSED":
                raise
            kept = tuple(fact for fact in history.facts if fact.ref != caught.refusal.where)
            history, sent_back = replace(history, facts=kept), sent_back + 1
        else:
            return history, told, sent_back


def broken(history: History, told: Folded) -> list[laws.Breach]:
    """Every law of one folded loan that does not hold."""
    lent = history.terms.principal_minor
    happened = [transaction for transaction in told.transactions if not transaction.reversed]
    cash = sum(t.amount_minor for t in happened if t.kind in ("repay", "recover"))
    placed = sum(sum(t.by_head.values()) + t.credit_minor for t in happened if t.kind in ("repay", "recover"))
    written_off = sum(t.by_head.get("principal", 0) for t in happened if t.kind == "write_off")
    # The end of day has set aside in full what is written off; the fold of one loan does not know of it.
    set_aside = sum(sum(t.by_head.values()) for t in happened if t.kind == "write_off")
    provided = (accounts.IMPAIRMENT_LOSS, accounts.LOAN_LOSS_PROVISION, set_aside)
    ledger = laws.balances([*postings(told), provided])
    heads = told.dues.asked
    lowest = min(min(told.dues.asked[head][k] - told.dues.paid[head][k], told.dues.paid[head][k])
                 for head in heads for k in range(len(told.dues)))  # fmt: skip
    return [
        *laws.trial_balance_is_zero(history.name, ledger),
        *laws.right_sides(history.name, ledger),
        *_same("cash is placed to the cent", history, cash, placed),
        *_same("principal re-adds", history, lent, told.balance_minor + written_off + told.dues.total("principal")[1]),
        *_same("ledger's principal", history, told.balance_minor, ledger.get(accounts.LOAN_PRINCIPAL, 0)),
        *_same("ledger's credit", history, -told.credit_minor, ledger.get(accounts.BORROWER_CREDIT, 0)),
        *_same("ledger's cash", history, cash - lent, ledger.get(accounts.CASH, 0)),
        *_same("no balance is negative", history, 0, min(lowest, told.balance_minor, told.credit_minor, 0)),
    ]


def _same(law: str, history: History, expected: int, found: int) -> list[laws.Breach]:
    return laws.compare(law, {history.name: expected}, {history.name: found})


@pytest.fixture(scope="module")
def histories() -> list[History]:
    return berka(DATA / "berka")


class TestBerka:
    def test_all_682_loans_have_the_bank_s_own_instalments(self, histories: list[History]) -> None:
        plan = build([history.terms for history in histories])
        agreed = np.array([history.installment_minor for history in histories])[plan.loan]
        assert (len(histories), len(plan)) == (682, 24_888)
        assert (plan.principal_minor == agreed).all()
        assert plan.interest_minor.sum() == 0
        assert plan.principal_minor.sum() == sum(history.terms.principal_minor for history in histories)

    def test_the_123_payments_of_the_file_are_booked_to_the_cent(self, histories: list[History]) -> None:
        """38 loans were running on 31 March 1994; payments are up to half a crown below the agreed instalment."""
        as_of = day_number(BERKA_CASH_ENDS)
        running = [history for history in histories if history.terms.disbursed_on <= BERKA_CASH_ENDS]
        told = [fold(history.terms, Policy(), history.facts, as_of) for history in running]
        assert [breach for pair in zip(running, told, strict=True) for breach in broken(*pair)] == []
        assert (len(running), sum(len(history.facts) for history in running)) == (38, 123)
        paid = sum(loan.dues.total("principal")[1] + loan.credit_minor for loan in told)
        assert paid == sum(fact.amount_minor for history in running for fact in history.facts)
        assert sum(loan.balance_minor for loan in told) + paid == sum(h.terms.principal_minor for h in running)

    def test_a_payment_booked_twice_and_reversed_leaves_the_same_loan(self, histories: list[History]) -> None:
        as_of = day_number(BERKA_CASH_ENDS)
        for history in histories:
            for fact in history.facts:
                twice = replace(fact, ref="again", entered=900)
                undo = Fact(as_of, "reverse", ref="again", entered=901)
                right = fold(history.terms, Policy(), history.facts, as_of)
                mended = fold(history.terms, Policy(), (undo, twice, *reversed(history.facts)), as_of)
                assert (mended.dues, mended.balance_minor, mended.credit_minor) == (
                    right.dues,
                    right.balance_minor,
                    right.credit_minor,
                )

    def test_whole_lives_by_standing_order(self, histories: list[History]) -> None:
        """Loans that the bank calls without problems, paid by their standing order to the end of 1998.

        The order pays the instalment to the tenth of a crown, the contract in whole crowns: what is then left of a
        finished loan, or paid too much, is below half a crown a month.
        """
        orders, as_of = berka_orders(DATA / "berka"), day_number(date(1998, 12, 31))
        good = [history for history in histories if history.status in "AC"]
        plan = build([history.terms for history in good])
        days = np.split(plan.due_on, np.flatnonzero(np.diff(plan.loan)) + 1)
        ends: Counter[tuple[str, str]] = Counter()
        for history, due in zip(good, days, strict=True):
            ordered = orders[history.name]
            facts = [Fact(day_number(day), "repay", ordered, f"o{n}", n) for n, day in enumerate(due.tolist())]
            told = fold(history.terms, Policy(), facts, as_of)
            assert broken(history, told) == []
            if history.status == "A":
                assert told.balance_minor - told.credit_minor == history.terms.periods * (
                    history.installment_minor - ordered
                )
                assert abs(told.balance_minor - told.credit_minor) <= 50 * history.terms.periods
            ends[history.status, told.state] += 1
        assert sum(ends.values()) == 606


class TestLendingClub:
    def test_a_sample_is_booked_with_the_cash_received(self) -> None:
        self._serviced(every=60, loans=1_984)

    @pytest.mark.nightly
    def test_all_are_booked_with_the_cash_received(self) -> None:
        self._serviced(every=1, loans=119_015)

    def _serviced(self, *, every: int, loans: int) -> None:
        ends: Counter[tuple[str, str]] = Counter()
        same_installment, refused, gaps = 0, 0, []
        for history in lending_club(DATA / "lendingclub" / "outcomes_2015.parquet", every=every):
            history, told, sent_back = serviced(history)
            refused += sent_back
            assert broken(history, told) == [], history
            assert told.outstanding_minor >= 0
            level = sum(told.dues.asked[head][0] for head in ("interest", "principal"))
            same_installment += abs(level - history.installment_minor) <= 1
            ends[history.status, told.state] += 1
            if history.status == "Fully Paid":
                gaps.append(abs(told.balance_minor - told.credit_minor) / history.terms.principal_minor)
            else:
                assert (told.balance_minor, told.outstanding_minor, told.days_past_due) == (0, 0, 0)
        assert sum(ends.values()) == loans
        assert {status for status, state in ends if state == "written_off"} == {"Charged Off"}
        # Our schedule is theirs, and their cash leaves next to nothing on our books where they called a loan paid.
        assert refused <= loans * 0.001
        assert same_installment >= loans * 0.99
        assert np.median(gaps) < 0.001


@pytest.mark.slow
@pytest.mark.usefixtures("db")
def test_nine_months_of_a_bank_s_book_day_by_day(histories: list[History]) -> None:
    """The 38 berka loans through the front door, payment by payment, 270 days closed one by one.

    Dates are moved on by 28 years (the same weekdays), to where the dated rules reach. In the end the book is proved
    from its facts, and every loan is what the fold alone says of it.
    """
    running = [moved_on(history) for history in histories if history.terms.disbursed_on <= BERKA_CASH_ENDS]
    first, last = min(history.terms.disbursed_on for history in running), BERKA_CASH_ENDS.replace(year=2022)
    loan_ids: dict[str, str] = {}
    open_books(first, now=NOW)
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        for history in running:
            if history.terms.disbursed_on == day:
                loan_ids[history.name] = _paid_out(history)
            for fact in history.facts:
                if fact.on == day_number(day):
                    record_repayment(loan_ids[history.name], fact.amount_minor, on=day, key=fact.ref, now=NOW)
        close_day(now=NOW, day=day)
    assert len(loan_ids) == 38
    assert queries.verify() == []
    for history in running:
        told = fold(history.terms, KEPT_AS_CREDIT, history.facts, day_number(last))
        loan = queries.loan(loan_ids[history.name])
        assert loan is not None
        assert (loan.outstanding_minor, loan.credit_minor) == (told.balance_minor, told.credit_minor), history.name
        assert loan.days_past_due == told.days_past_due, history.name


def moved_on(history: History) -> History:
    terms = history.terms
    assert terms.first_due_on is not None
    there = replace(terms, disbursed_on=_later(terms.disbursed_on), first_due_on=_later(terms.first_due_on))
    days = day_number(date(2022, 3, 31)) - day_number(BERKA_CASH_ENDS)
    return replace(history, terms=there, facts=tuple(replace(fact, on=fact.on + days) for fact in history.facts))


def _later(day: date) -> date:
    return day.replace(year=day.year + 28)


def _paid_out(history: History) -> str:
    form = confirmed_form(history.terms, name=history.name)
    loan_id = book_loan(Booking(form.disclosure_id, history.terms), key=f"book-{history.name}", now=NOW)
    disburse(loan_id, on=history.terms.disbursed_on, key=f"pay-out-{history.name}", now=NOW)
    return loan_id
