"""The made-up book keeps every law of a real one, and the end of day closes it."""

from datetime import UTC, date, datetime
from typing import Any

import psycopg

from puhui.servicing import queries
from puhui.servicing.operations.close_day import close_day
from puhui.simulate import loan_book, loan_book_rows

ON, NOW = date(2026, 6, 15), datetime(2026, 6, 15, 9, tzinfo=UTC)


def test_the_same_seed_gives_the_same_book() -> None:
    first, second = (next(loan_book.parts(200, on=ON, seed=3)) for _ in range(2))
    assert first.outstanding_minor.tolist() == second.outstanding_minor.tolist()
    assert first.ids("loan") == second.ids("loan")


def test_the_laws_hold_over_it_and_after_its_end_of_day(fresh_database: Any) -> None:
    with psycopg.connect(fresh_database.owner) as link:
        loan_book_rows.store(link, 600, on=ON, seed=3, now=NOW, journal=True)
    assert queries.verify() == []
    summary = close_day(now=NOW)
    assert (summary.loans, summary.business_date) == (600, ON)
    assert summary.overdue_loans > 10
    assert summary.penalty_minor > 0
    assert summary.off_balance_minor > 0
    assert queries.verify() == []
