"""The front door: keys, refusals that move nothing, receipts, and what each posting says."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from puhui.kernel.refusal import Refused
from puhui.servicing import models, queries, what_if
from puhui.servicing.operations.book_loan import Booking, book_loan
from puhui.servicing.operations.cancel_loan import cancel_loan
from puhui.servicing.operations.close_day import close_day, close_through
from puhui.servicing.operations.disburse import disburse
from puhui.servicing.operations.disclose import disclose
from puhui.servicing.operations.open_books import open_books
from puhui.servicing.operations.record_repayment import record_repayment
from puhui.servicing.tests.bookings import FIRST_DAY, NOW, TERMS, booked, confirmed_form, disbursed, request_for
from puhui.servicing.views import LoanFilter

pytestmark = pytest.mark.django_db
FIRST_DUE = date(2026, 2, 15)


def whole_book() -> list[list[tuple[Any, ...]]]:
    """Every row of the room's tables, to show that nothing moved."""
    tables = (models.Loan, models.Instalment, models.Entry, models.Posting, models.Move, models.Request,
              models.Disclosure, models.DisclosureConfirmation, models.BusinessDay, models.DayRun)  # fmt: skip
    return [list(table.objects.order_by("pk").values_list()) for table in tables]


def refused(work: Callable[[], Any]) -> str:
    before = whole_book()
    with pytest.raises(Refused) as caught:
        work()
    assert whole_book() == before
    return caught.value.refusal.code


def on_first_due_date() -> str:
    loan_id = disbursed()
    close_through(FIRST_DUE - timedelta(days=1), now=NOW)
    return loan_id


class TestKeys:
    def test_the_same_request_again_gives_the_same_answer_and_moves_nothing(self) -> None:
        loan_id = on_first_due_date()
        first = record_repayment(loan_id, 888_488, on=FIRST_DUE, key="pay-1", now=NOW)
        before = whole_book()
        again = record_repayment(loan_id, 888_488, on=FIRST_DUE, key="pay-1", now=NOW + timedelta(hours=1))
        assert again == first
        assert whole_book() == before

    def test_the_same_key_with_other_content_is_refused(self) -> None:
        loan_id = on_first_due_date()
        record_repayment(loan_id, 888_488, on=FIRST_DUE, key="pay-1", now=NOW)
        other = refused(lambda: record_repayment(loan_id, 888_489, on=FIRST_DUE, key="pay-1", now=NOW))
        assert other == "DUPLICATE_KEY_OTHER_CONTENT"

    def test_every_operation_keeps_it(self) -> None:
        open_books(FIRST_DAY, now=NOW)
        form = confirmed_form()
        booking = Booking(form.disclosure_id, TERMS)
        loan_id = book_loan(booking, key="b", now=NOW)
        entry_id = disburse(loan_id, on=FIRST_DAY, key="d", now=NOW)
        assert confirmed_form() == form
        assert book_loan(booking, key="b", now=NOW) == loan_id
        assert disburse(loan_id, on=FIRST_DAY, key="d", now=NOW) == entry_id
        other = replace(booking, waterfall="principal-first-1")
        assert refused(lambda: book_loan(other, key="b", now=NOW)) == "DUPLICATE_KEY_OTHER_CONTENT"
        dearer = request_for(replace(TERMS, principal_minor=1))
        assert refused(lambda: disclose(dearer, key="form-1", now=NOW)) == "DUPLICATE_KEY_OTHER_CONTENT"

    def test_a_refusal_is_not_remembered(self) -> None:
        loan_id = booked()
        assert (
            refused(lambda: record_repayment(loan_id, 5, on=FIRST_DAY, key="p", now=NOW))
            == "PAYMENT_BEFORE_DISBURSEMENT"
        )
        disburse(loan_id, on=FIRST_DAY, key="d", now=NOW)
        assert record_repayment(loan_id, 5, on=FIRST_DAY, key="p", now=NOW).credit_minor == 5

    def test_a_key_is_needed(self) -> None:
        loan_id = disbursed()
        assert refused(lambda: record_repayment(loan_id, 5, on=FIRST_DAY, key="", now=NOW)) == "KEY_MISSING"


class TestRefusals:
    def test_payments(self) -> None:
        loan_id = on_first_due_date()
        yesterday, tomorrow = FIRST_DUE - timedelta(days=1), FIRST_DUE + timedelta(days=1)
        for amount, on, code in (
            (0, FIRST_DUE, "AMOUNT_NOT_POSITIVE"),
            (-5, FIRST_DUE, "AMOUNT_NOT_POSITIVE"),
            (True, FIRST_DUE, "AMOUNT_NOT_POSITIVE"),
            (5, yesterday, "NOT_THE_BUSINESS_DATE"),
            (5, tomorrow, "NOT_THE_BUSINESS_DATE"),
            (5, FIRST_DAY - timedelta(days=1), "PAYMENT_BEFORE_DISBURSEMENT"),
        ):
            assert refused(lambda a=amount, o=on: record_repayment(loan_id, a, on=o, key="p", now=NOW)) == code  # type: ignore[misc]
        assert refused(lambda: record_repayment("loan_no", 5, on=FIRST_DUE, key="p", now=NOW)) == "LOAN_UNKNOWN"

    def test_a_closed_loan_takes_no_money(self) -> None:
        loan_id = disbursed(replace(TERMS, principal_minor=1_000, periods=1))
        close_through(FIRST_DUE - timedelta(days=1), now=NOW)
        assert record_repayment(loan_id, 1_010, on=FIRST_DUE, key="p", now=NOW).state == "closed"
        assert refused(lambda: record_repayment(loan_id, 1, on=FIRST_DUE, key="q", now=NOW)) == "LOAN_CLOSED"

    def test_a_loan_is_paid_out_once_on_its_day(self) -> None:
        loan_id = booked(replace(TERMS, disbursed_on=FIRST_DAY + timedelta(days=1)))
        assert refused(lambda: disburse(loan_id, on=FIRST_DAY, key="d", now=NOW)) == "DISBURSED_ON_OTHER_DATE"
        close_day(now=NOW)
        disburse(loan_id, on=FIRST_DAY + timedelta(days=1), key="d", now=NOW)
        again = refused(lambda: disburse(loan_id, on=FIRST_DAY + timedelta(days=1), key="d2", now=NOW))
        assert again == "MOVE_NOT_ALLOWED"

    def test_only_a_booked_loan_is_cancelled(self) -> None:
        loan_id = booked()
        assert cancel_loan(loan_id, reason="withdrawn", on=FIRST_DAY, key="c", now=NOW) == loan_id
        assert queries.loan(loan_id).state == "cancelled"
        assert refused(lambda: disburse(loan_id, on=FIRST_DAY, key="d", now=NOW)) == "MOVE_NOT_ALLOWED"
        paid_out = disbursed(name="2")
        late = refused(lambda: cancel_loan(paid_out, reason="", on=FIRST_DAY, key="c2", now=NOW))
        assert late == "MOVE_NOT_ALLOWED"
        assert queries.verify() == []

    def test_books_open_once(self) -> None:
        assert refused(lambda: close_day(now=NOW)) == "BOOKS_NOT_OPEN"
        assert open_books(FIRST_DAY, now=NOW) == FIRST_DAY
        assert open_books(FIRST_DAY, now=NOW) == FIRST_DAY
        assert refused(lambda: open_books(FIRST_DUE, now=NOW)) == "BOOKS_ALREADY_OPEN"

    def test_no_operation_before_the_books_are_open(self) -> None:
        form = confirmed_form()
        assert refused(lambda: book_loan(Booking(form.disclosure_id, TERMS), key="b", now=NOW)) == "BOOKS_NOT_OPEN"


class TestPostings:
    def test_disbursement_accrual_and_repayment_read_as_in_the_textbook(self) -> None:
        loan_id = on_first_due_date()
        record_repayment(loan_id, 900_000, on=FIRST_DUE, key="p", now=NOW)
        lines = queries.journal(loan_id)
        first, days, last = lines[0], lines[1:-3], lines[-3:]
        assert (first.kind, first.debit, first.credit, first.amount_minor) == (
            "disburse",
            "loan_principal",
            "cash",
            10_000_000,
        )
        assert {(line.kind, line.debit, line.credit) for line in days} == {
            ("accrue", "interest_receivable", "interest_income")
        }
        assert sum(line.amount_minor for line in days) == 100_000
        assert len(days) == 31
        assert [(line.kind, line.debit, line.credit, line.amount_minor) for line in last] == [
            ("repay", "cash", "interest_receivable", 100_000),
            ("repay", "cash", "loan_principal", 788_488),
            ("repay", "cash", "borrower_credit", 11_512),
        ]
        assert [(move.verb, move.to_state) for move in queries.moves(loan_id)] == [("disburse", "active")]


class TestQueries:
    def test_a_payoff_quote_is_principal_and_interest_to_the_day_less_credit(self) -> None:
        loan_id = on_first_due_date()
        record_repayment(loan_id, 889_000, on=FIRST_DUE, key="p", now=NOW)
        quote = what_if.payoff(loan_id, on=date(2026, 3, 1))
        assert (quote.principal_minor, quote.interest_minor, quote.credit_minor) == (9_211_512, 46_058, 512)
        assert quote.total_minor == 9_211_512 + 46_058 - 512

    def test_lists_filters_and_pages(self) -> None:
        first = disbursed(name="1", institution_id="inst_a")
        second = booked(name="2", institution_id="inst_b")
        assert {view.loan_id for view in queries.loans().loans} == {first, second}
        assert [view.loan_id for view in queries.loans(where=LoanFilter(state="active")).loans] == [first]
        assert queries.loans(where=LoanFilter(text="shop_2"), page=9).total == 1
        assert queries.loans_of_offers(["offer_1", "offer_9"]) == {"offer_1": first}
        assert queries.live_book() == {"inst_a": {"loans": 1, "outstanding_minor": 10_000_000, "late": 0}}

    def test_an_unknown_loan_is_not_found(self) -> None:
        for ask in (queries.loan, queries.schedule, queries.journal):
            with pytest.raises(queries.LoanNotFound):
                ask("loan_none")

    def test_the_schedule_says_what_is_paid_due_and_overdue(self) -> None:
        loan_id = on_first_due_date()
        assert [line.state for line in queries.schedule(loan_id)[:2]] == ["due", "planned"]
        close_day(now=NOW)
        assert queries.schedule(loan_id)[0].state == "overdue"
        record_repayment(loan_id, 888_488, on=FIRST_DUE + timedelta(days=1), key="p", now=NOW)
        line = queries.schedule(loan_id)[0]
        assert (line.state, line.unpaid_minor, line.settled_on) == ("paid", 0, FIRST_DUE + timedelta(days=1))

    def test_an_empty_book_has_no_summary(self) -> None:
        assert queries.book_summary() is None
        assert queries.business_date() is None
        assert queries.verify() == []
