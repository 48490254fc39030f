"""A bullet loan (到期一次还本付息): its interest is asked at the end and runs from the first day, so that who pays early pays for the days used."""

from dataclasses import replace
from decimal import Decimal

import pytest

from puhui.kernel.refusal import Refused
from puhui.servicing import queries, what_if
from puhui.servicing.core.loan_policy import LoanPolicy
from puhui.servicing.tests.bookings import FIRST_DAY, TERMS
from puhui.servicing.tests.test_record_fact import LATE, RUNS, end_of, lent, say

pytestmark = pytest.mark.django_db

# 100,000 yuan at 12 %, three months: 3,000 on 15 April, 90 days from 15 January; 36 days are 1,200.
BULLET = replace(TERMS, method="bullet", periods=3)


def test_earns_day_by_day_and_an_early_payoff_pays_for_the_days_used() -> None:
    loan_id = lent(BULLET)
    assert what_if.payoff(loan_id, on=FIRST_DAY).interest_minor == 0
    end_of("2026-02-19")
    quote = what_if.payoff(loan_id, on=queries.business_date() or FIRST_DAY)
    assert (quote.interest_minor, quote.total_minor, quote.saved_minor) == (120_000, 10_120_000, 180_000)
    paid = say(loan_id, "payoff", "2026-02-20")
    assert (paid.by_head, paid.state) == ({"interest": 120_000, "principal": 10_000_000}, "closed")


def test_kept_to_the_end_asks_what_was_agreed() -> None:
    loan_id = lent(BULLET)
    end_of("2026-04-14")
    paid = say(loan_id, "repay", "2026-04-15", 10_300_000)
    assert (paid.by_head, paid.state) == ({"interest": 300_000, "principal": 10_000_000}, "closed")


@pytest.mark.parametrize("day", ["2026-02-15", "2026-02-20"])
def test_part_paid_early_lowers_only_the_interest_to_come(day: str) -> None:
    loan_id = lent(BULLET)
    end_of("2026-02-14" if day == "2026-02-15" else "2026-02-19")
    say(loan_id, "prepay", day, 4_000_000, prepayment="reduce_installment")
    used = {"2026-02-15": 31, "2026-02-20": 36}[day]
    earned = 300_000 * used // 90 + (1 if 300_000 * used % 90 >= 45 else 0)
    rest = round(Decimal(300_000 - earned) * 6 / 10)
    end_of("2026-04-14")
    paid = say(loan_id, "repay", "2026-04-15", 6_000_000 + earned + rest)
    assert (paid.by_head, paid.state) == ({"interest": earned + rest, "principal": 6_000_000}, "closed")


def test_a_new_rate_counts_from_its_day() -> None:
    loan_id = lent(BULLET)
    end_of("2026-02-14")
    say(loan_id, "rate_change", "2026-02-15", annual_rate="0.06")
    end_of("2026-04-14")
    paid = say(loan_id, "repay", "2026-04-15", 10_203_333)
    assert paid.by_head == {"interest": 203_333, "principal": 10_000_000}  # 31 days of 90 at 12 %, two months at 6 %


def test_a_reschedule_and_a_holiday_keep_what_has_run() -> None:
    loan_id = lent(BULLET)
    end_of("2026-02-14")
    say(loan_id, "holiday", "2026-02-15", periods=1)
    end_of("2026-03-01")
    say(loan_id, "reschedule", "2026-03-02", periods=4)
    end_of("2026-03-20")
    assert queries.verify() == []


@pytest.mark.parametrize(
    ("change", "policy"), [({}, RUNS), ({"method": "at_will"}, LATE), ({"method": "at_will"}, LoanPolicy())]
)
def test_where_interest_runs_there_is_one_period_or_no_contract(change: dict[str, str], policy: LoanPolicy) -> None:
    with pytest.raises(Refused, match="ONE_PERIOD_ONLY"):
        lent(replace(BULLET, **change), policy)  # type: ignore[arg-type]
