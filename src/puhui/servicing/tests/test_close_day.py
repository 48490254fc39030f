"""End of day: figures of a day, order, restarts, laws. A killed run leaves nothing; the next one gives the same book."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from puhui.kernel.refusal import Refused
from puhui.servicing import models, queries
from puhui.servicing.operations.close_day import STAGES, LawBroken, close_day, close_through
from puhui.servicing.operations.record_repayment import record_repayment
from puhui.servicing.tests.bookings import FIRST_DAY, NOW, disbursed, disbursed_in_bulk

FIRST_DUE = date(2026, 2, 15)


def book() -> dict[str, list[tuple[Any, ...]]]:
    """The book without the random parts (ids of entries, clock of the run)."""
    with connection.cursor() as cursor:
        found = {}
        for name, statement in {
            "loans": "SELECT id, state, outstanding_minor, credit_minor, oldest_due_on, five_class, stage, provision_minor, "
            "non_accrual_on, look_on, period_to, closed_on FROM servicing_loan",
            "instalments": "SELECT loan_id, n, paid_principal_minor, paid_interest_minor, paid_penalty_minor, penalty_minor, "
            "penalty_carry, penalty_to, settled_on FROM servicing_instalment",
            "postings": "SELECT e.kind, p.institution_id, p.loan_id, p.business_date, p.debit, p.credit, p.amount_minor "
            "FROM servicing_posting p JOIN servicing_entry e ON e.id = p.entry_id",
            "moves": "SELECT loan_id, from_state, verb, to_state, effective_date FROM servicing_move",
            "runs": "SELECT business_date, institution_id, loans, accrued_minor, outstanding_minor, balances::text FROM servicing_day_run",
            "days": "SELECT business_date, state FROM servicing_business_day",
            "parts": "SELECT business_date, institution_id, first_number, loan_numbers, interest_minor, figures::text FROM servicing_day_part",
        }.items():
            cursor.execute(statement)
            found[name] = sorted(cursor.fetchall(), key=repr)
        return found


@pytest.mark.django_db
class TestCloseDay:
    def test_a_day_accrues_and_opens_the_next(self) -> None:
        disbursed()
        stages: list[str] = []
        summary = close_day(now=NOW, progress=lambda stage, done, total: stages.append(stage))
        assert (summary.loans, summary.accrued_minor, summary.outstanding_minor) == (1, 3_226, 10_000_000)
        assert queries.business_date() == summary.next_business_date == FIRST_DAY + timedelta(days=1)
        assert list(dict.fromkeys(stages)) == list(STAGES)

    def test_a_closed_day_is_answered_and_nothing_moves(self) -> None:
        disbursed()
        first = close_day(now=NOW, day=FIRST_DAY)
        before = book()
        again = close_day(now=NOW, day=FIRST_DAY)
        assert again.already_closed
        assert again.accrued_minor == first.accrued_minor
        assert book() == before

    @pytest.mark.parametrize(("days", "code"), [(1, "DATES_OUT_OF_ORDER"), (-1, "DAY_UNKNOWN")])
    def test_days_are_closed_in_order(self, days: int, code: str) -> None:
        disbursed()
        before = book()
        with pytest.raises(Refused) as refused:
            close_day(now=NOW, day=FIRST_DAY + timedelta(days=days))
        assert refused.value.refusal.code == code
        assert book() == before

    def test_missed_days_are_caught_up_one_by_one(self) -> None:
        disbursed()
        summaries = close_through(FIRST_DUE - timedelta(days=1), now=NOW)
        assert len(summaries) == 31
        assert sum(summary.accrued_minor for summary in summaries) == 100_000
        assert len(queries.day_history()) == 31

    def test_lateness_moves_the_loan_and_its_class(self) -> None:
        loan_id = disbursed()
        summaries = close_through(FIRST_DUE + timedelta(days=91), now=NOW)
        late = [summary.became_overdue for summary in summaries]
        assert sum(late) == 1
        assert late.index(1) == 32  # the day after the due date, counted from the first day
        loan = queries.loan(loan_id)
        assert (loan.state, loan.days_past_due, loan.bucket, loan.five_class) == ("overdue", 91, "M4", "substandard")
        summary = queries.book_summary()
        assert summary is not None
        assert summary.by_bucket == {"M4": 10_000_000}
        assert summary.by_class == {"substandard": 10_000_000}
        assert queries.verify() == []

    def test_an_empty_book_closes_too(self) -> None:
        from puhui.servicing.operations.open_books import open_books

        open_books(FIRST_DAY, now=NOW)
        assert close_day(now=NOW).loans == 0
        assert queries.business_date() == FIRST_DAY + timedelta(days=1)

    def test_a_book_that_contradicts_itself_is_not_closed(self) -> None:
        loan_id = disbursed()
        models.Loan.objects.filter(pk=loan_id).update(outstanding_minor=9_999_999)
        with pytest.raises(LawBroken, match="loan_principal inst_a: 9999999 ≠ 10000000"):
            close_day(now=NOW)
        assert book()["days"] == [(FIRST_DAY, "closing"), (FIRST_DAY + timedelta(days=1), "open")]
        assert book()["runs"] == []
        assert {breach.law for breach in queries.verify()} == {
            "instalments re-add to the loan",
            "loan row equals rebuild: outstanding_minor",
        }

    def test_a_posting_planted_beside_the_book_is_found_and_stops_the_day(self) -> None:
        loan_id = disbursed()
        entry = models.Entry.objects.get()
        models.Posting.objects.create(
            entry=entry,
            institution_id="inst_b",
            loan_id=loan_id,
            business_date=FIRST_DAY,
            debit="interest_receivable",
            credit="interest_income",
            amount_minor=7,
        )
        found = {(breach.law, breach.found) for breach in queries.verify()}
        assert found == {
            ("one posting, one legal entity", 1),
            ("journal equals rebuild: interest_receivable", 7),
        }
        with pytest.raises(LawBroken, match="interest_receivable inst_b: 0 ≠ 7"):
            close_day(now=NOW)

    def test_cash_that_never_reached_the_loan_is_found(self) -> None:
        loan_id = disbursed()
        models.Loan.objects.filter(pk=loan_id).update(received_minor=5)
        assert [(breach.law, breach.expected, breach.found) for breach in queries.verify()] == [
            ("loan row equals rebuild: received_minor", 0, 5)
        ]

    def test_an_instalment_marked_paid_without_money_is_found(self) -> None:
        loan_id = disbursed()
        models.Instalment.objects.filter(loan_id=loan_id, n=1).update(paid_interest_minor=9)
        laws = {breach.law for breach in queries.verify()}
        assert "interest paid equals rebuild" in laws
        assert "journal equals rebuild: interest_receivable" in laws


class TestManyLoans:
    def test_columns_and_one_by_one_agree_over_four_months(self, fresh_database: object) -> None:
        """Some pay on time, some in part, some everything at once, some never; then the whole book is rebuilt."""
        ids = disbursed_in_bulk(60)
        day = FIRST_DAY
        while day <= date(2026, 5, 20):
            if day.day == 15 and day > FIRST_DAY:
                for number, loan_id in enumerate(ids):
                    _pay_by_habit(loan_id, number, day)
            close_day(now=NOW, day=day)
            day += timedelta(days=1)
        assert queries.verify() == []
        states = {view.state for page in (1, 2) for view in queries.loans(page=page).loans}
        assert states == {"active", "overdue", "closed"}
        history = queries.day_history(limit=200)
        assert sum(row["became_overdue"] for row in history) >= 20


def _pay_by_habit(loan_id: str, number: int, day: date) -> None:
    loan = queries.loan(loan_id)
    if loan.state == "closed":
        return
    due = sum(line.unpaid_minor for line in queries.schedule(loan_id) if line.due_on <= day)
    amount = {0: due, 1: due // 2, 2: due * 3, 3: 0}[number % 4]
    if amount:
        record_repayment(loan_id, amount, on=day, key=f"{loan_id}-{day}", now=NOW)
