"""Frames of how loans performed: month ends, first instalments, lateness as of a day; and the vintages they make."""

from datetime import date, timedelta

import pytest

from puhui.servicing import performance, queries
from puhui.servicing.operations.close_day import close_through
from puhui.servicing.operations.record_repayment import record_repayment
from puhui.servicing.tests.bookings import FIRST_DAY, NOW, disbursed

JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
FIRST_DUE = date(2026, 2, 15)


@pytest.mark.django_db
class TestPerformance:
    def test_a_loan_that_pays_nothing(self) -> None:
        loan_id = disbursed()
        close_through(date(2026, 3, 31), now=NOW)
        rows = performance.snapshots(as_of=date(2026, 3, 31)).rows()
        assert rows == [
            (loan_id, JAN, JAN, 0, 10_000_000, 10_000_000, 0),
            (loan_id, FEB, JAN, 1, 10_000_000, 10_000_000, 13),
            (loan_id, MAR, JAN, 2, 10_000_000, 10_000_000, 44),
        ]
        (first,) = performance.first_payments(as_of=date(2026, 3, 31)).rows(named=True)
        assert (first["loan"], first["first_due_on"], first["first_paid_on"], first["worst_dpd"]) == (
            loan_id,
            FIRST_DUE,
            None,
            44,
        )
        # A month that has not ended is not shown, and nothing later than the day is seen.
        assert performance.snapshots(as_of=date(2026, 2, 27))["month"].to_list() == [JAN]
        assert performance.snapshots(as_of=date(2026, 2, 28))["dpd"].to_list() == [0, 13]
        assert performance.first_payments(as_of=FIRST_DUE - timedelta(days=1)).height == 0

    def test_a_late_first_instalment(self) -> None:
        loan_id = disbursed()
        close_through(date(2026, 2, 24), now=NOW)
        due = queries.schedule(loan_id)[0]
        record_repayment(loan_id, amount_minor=due.unpaid_minor + 100_000, on=date(2026, 2, 25), key="late", now=NOW)
        close_through(date(2026, 2, 28), now=NOW)
        (first,) = performance.first_payments(as_of=date(2026, 2, 28)).rows(named=True)
        assert (first["first_paid_on"], first["worst_dpd"]) == (date(2026, 2, 25), 10)
        shot = performance.snapshots(as_of=date(2026, 2, 28)).rows()[-1]
        assert shot[1] == FEB
        assert shot[5] == queries.loan(loan_id).outstanding_minor < 10_000_000
        assert shot[6] == 0
        before = performance.first_payments(as_of=date(2026, 2, 24)).rows(named=True)
        assert [row["first_paid_on"] for row in before] == [None]

    def test_an_empty_book(self) -> None:
        assert performance.snapshots(as_of=FIRST_DAY).height == 0
        assert performance.first_payments(as_of=FIRST_DAY).height == 0
