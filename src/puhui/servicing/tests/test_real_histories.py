"""Real repayment histories go through the fold without a law broken (berka, lendingclub; see histories.py)."""

import os
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from puhui.kernel.refusal import Refused
from puhui.servicing.core import accounts, laws
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.fold import Fact, Folded, Policy, fold
from puhui.servicing.core.schedule import build
from puhui.servicing.core.told_journal import postings
from puhui.servicing.tests.histories import (
    BERKA_CASH_ENDS,
    History,
    berka,
    berka_orders,
    lending_club,
)

DATA = Path(os.environ.get("PUHUI_DATA", Path(__file__).resolve().parents[5] / "shared" / "data"))
REAL_BALANCE = Policy(recalculation=True)

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
