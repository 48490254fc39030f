"""Money meets dues: the order of the waterfall, what is kept, and that parts equal the whole."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puhui.servicing.core.journal import Entry, Flow, Posting, pair, reverse
from puhui.servicing.core.settlement import OpenLoans, OpenRows, Settlement, settle_due
from puhui.servicing.core.waterfall import INTEREST_FIRST, PRINCIPAL_FIRST, Waterfall

ROWS = [("2026-02-15", 100, 900), ("2026-03-15", 90, 910), ("2026-04-15", 80, 920)]
MARCH = np.datetime64("2026-03-20")


def paid(money: int, *, credit: int = 0, order: Waterfall = INTEREST_FIRST) -> Settlement:
    return settle_due(OpenRows.of_one(ROWS), OpenLoans.of_one(credit, order.name), np.array([money]), MARCH)


def moved(flows: list[Flow]) -> list[tuple[str, str, int]]:
    return [(flow.debit, flow.credit, int(flow.amount_minor[0])) for flow in flows]


class TestWaterfall:
    def test_interest_before_principal_oldest_instalment_first(self) -> None:
        done = paid(1_050)
        assert done.interest_minor.tolist() == [100, 50, 0]
        assert done.principal_minor.tolist() == [900, 0, 0]
        assert done.row_settled.tolist() == [True, False, False]
        assert done.days_past_due.tolist() == [5]

    def test_principal_first_where_the_policy_says_so(self) -> None:
        done = paid(1_050, order=PRINCIPAL_FIRST)
        assert done.principal_minor.tolist() == [900, 50, 0]
        assert done.interest_minor.tolist() == [100, 0, 0]

    def test_what_is_not_due_is_not_touched(self) -> None:
        done = paid(5_000)
        assert done.interest_minor.tolist() == [100, 90, 0]
        assert done.credit_minor.tolist() == [3_000]
        assert done.unpaid_due_minor.tolist() == [0]
        assert moved(done.flows) == [
            ("cash", "interest_receivable", 190),
            ("cash", "loan_principal", 1_810),
            ("cash", "borrower_credit", 3_000),
        ]

    def test_credit_is_used_before_cash(self) -> None:
        assert moved(paid(500, credit=150).flows) == [
            ("borrower_credit", "interest_receivable", 100),
            ("borrower_credit", "loan_principal", 50),
            ("cash", "loan_principal", 500),
        ]

    @pytest.mark.parametrize("heads", [("interest", "interest"), ("interest", "tips")])
    def test_a_list_that_makes_no_sense_is_refused(self, heads: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match="heads"):
            Waterfall("bad", heads)

    def test_loans_of_different_orders_settle_side_by_side(self) -> None:
        rows = OpenRows(
            np.array([0, 1]),
            np.array(["2026-02-15"] * 2, "datetime64[D]"),
            np.array([100, 100]),
            np.array([900, 900]),
        )
        loans = OpenLoans(np.array([0, 0]), np.array([INTEREST_FIRST.name, PRINCIPAL_FIRST.name]))
        done = settle_due(rows, loans, np.array([150, 150]), MARCH)
        assert done.interest_minor.tolist() == [100, 0]
        assert done.principal_minor.tolist() == [50, 150]

    def test_nothing_open_keeps_all_as_credit(self) -> None:
        done = settle_due(OpenRows.of_one([]), OpenLoans.of_one(), np.array([7]), MARCH)
        assert done.credit_minor.tolist() == [7]
        assert moved(done.flows) == [("cash", "borrower_credit", 7)]


@given(
    dues=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5_000)), min_size=1, max_size=6),
    payments=st.lists(st.integers(1, 9_000), min_size=1, max_size=6),
)
def test_payments_one_by_one_end_as_one_payment(dues: list[tuple[int, int]], payments: list[int]) -> None:
    open_rows = [("2026-02-15", interest, principal) for interest, principal in dues]
    whole = settle_due(OpenRows.of_one(open_rows), OpenLoans.of_one(), np.array([sum(payments)]), MARCH)
    credit, left = 0, list(open_rows)
    for money in payments:
        step = settle_due(OpenRows.of_one(left), OpenLoans.of_one(credit), np.array([money]), MARCH)
        credit = int(step.credit_minor[0])
        taken = zip(left, step.interest_minor.tolist(), step.principal_minor.tolist(), strict=True)
        left = [(due, i - i_taken, p - p_taken) for (due, i, p), i_taken, p_taken in taken]
        assert sum(int(flow.amount_minor[0]) for flow in step.flows if flow.debit == "cash") == money
    assert credit == int(whole.credit_minor[0])
    assert sum(i + p for _, i, p in left) == int(whole.unpaid_due_minor[0])


class TestJournal:
    @pytest.mark.parametrize(
        ("debit", "credit", "minor"), [("cash", "cash", 1), ("cash", "loan_principal", 0), ("cash", "gold", 1)]
    )
    def test_a_posting_moves_a_positive_amount_between_accounts_of_the_chart(
        self, debit: str, credit: str, minor: int
    ) -> None:
        with pytest.raises(ValueError, match="account"):
            Posting(debit, credit, minor, "loan_1")

    def test_reversing_exchanges_the_sides(self) -> None:
        day = date(2026, 1, 15)
        entry = Entry("repay", "inst_a", day, (Posting("cash", "loan_principal", 5, "loan_1"),))
        undone = reverse(entry, effective_date=day, entry_id="entry_1")
        assert undone.postings == (Posting("loan_principal", "cash", 5, "loan_1"),)
        assert undone.reverses == "entry_1"

    @given(parts=st.lists(st.integers(0, 100), min_size=1, max_size=5), cut=st.integers(0, 500))
    def test_pairing_places_every_cent(self, parts: list[int], cut: int) -> None:
        total = sum(parts)
        first = min(cut, total)
        sources = {"borrower_credit": np.array([first]), "cash": np.array([total - first])}
        heads = ("interest_receivable", "loan_principal", "interest_income", "a", "b")
        sinks = {name: np.array([part]) for name, part in zip(heads, parts, strict=False)}
        flows = pair(sources, sinks)
        assert sum(int(flow.amount_minor[0]) for flow in flows) == total
        for name, amount in sinks.items():
            assert sum(int(flow.amount_minor[0]) for flow in flows if flow.credit == name) == int(amount[0])
