"""Limits: further tranches, and draw and repay at will (随借随还); what a draw costs; what may not be drawn; the book is proved after each."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from puhui.kernel.refusal import Refused
from puhui.servicing import queries
from puhui.servicing.core.disclosure import draw_up
from puhui.servicing.core.loan_policy import LoanPolicy
from puhui.servicing.core.terms import refuse
from puhui.servicing.limit import DrawCost, Limit, draw_cost, limit
from puhui.servicing.tests.bookings import FIRST_DAY, TERMS
from puhui.servicing.tests.test_record_fact import end_of, lent, refused, say
from puhui.servicing.tests.test_transfer import sell

pytestmark = pytest.mark.django_db

# 50,000 yuan drawn of a limit of 100,000, at 0.02 % a day, due in a year.
LINE = replace(
    TERMS,
    principal_minor=5_000_000,
    annual_rate=Decimal("0.072"),
    periods=1,
    period_every=12,
    method="at_will",
    day_count="actual/360",
    limit_minor=10_000_000,
)
RUNS = LoanPolicy(prepayment="next_installment", recalculation=True)
IN_PARTS = replace(TERMS, principal_minor=6_000_000, limit_minor=10_000_000)


def on(day: str) -> date:
    return date.fromisoformat(day)


class TestALimitAtWill:
    def test_says_what_is_left_and_what_a_draw_costs(self) -> None:
        loan_id = lent(LINE, RUNS)
        assert limit(loan_id, as_of=FIRST_DAY) == Limit(10_000_000, 5_000_000, on("2027-01-15"), True, True)
        cost = draw_cost(loan_id, 2_000_000, as_of=FIRST_DAY)
        # 20,000 at 0.02 %: 4 yuan a day, 120 in thirty days, 1,460 in 365; with the first 50,000: 70,000 + 5,110.
        assert cost == DrawCost(
            on=FIRST_DAY,
            amount_minor=2_000_000,
            day_minor=400,
            month_minor=12_000,
            until_due_minor=146_000,
            due_on=on("2027-01-15"),
            due_minor=7_511_000,
            balance_minor=7_000_000,
            left_minor=3_000_000,
        )

    def test_is_drawn_paid_back_and_drawn_again(self) -> None:
        loan_id = lent(LINE, RUNS)
        end_of("2026-01-24")
        say(loan_id, "disburse", "2026-01-25", 5_000_000)
        assert refused(loan_id, "disburse", "2026-01-25", 1) == "ABOVE_LIMIT"
        end_of("2026-02-03")
        # Ten days on 50,000 at 10 yuan a day, ten on 100,000 at 20: 300; the rest is principal.
        paid = say(loan_id, "repay", "2026-02-04", 4_030_000)
        assert paid.by_head == {"interest": 30_000, "principal": 4_000_000}
        known = limit(loan_id, as_of=on("2026-02-04"))
        assert known is not None
        assert known.left_minor == 4_000_000

    def test_outlives_the_day_on_which_all_is_paid_back(self) -> None:
        loan_id = lent(LINE, RUNS)
        end_of("2026-01-24")
        assert say(loan_id, "payoff", "2026-01-25").state == "closed"
        known = limit(loan_id, as_of=on("2026-01-25"))
        assert known is not None
        assert known.left_minor == 10_000_000
        end_of("2026-02-03")
        drawn = say(loan_id, "disburse", "2026-02-04", 8_000_000)
        assert (drawn.state, drawn.outstanding_minor) == ("active", 8_000_000)
        end_of("2026-02-13")
        paid = say(loan_id, "repay", "2026-02-14", 8_016_000)
        assert (paid.by_head, paid.state) == ({"interest": 16_000, "principal": 8_000_000}, "closed")
        assert [move.verb for move in queries.moves(loan_id)] == ["disburse", "settle", "reopen", "settle"]

    def test_a_draw_that_was_recorded_wrongly_is_undone(self) -> None:
        loan_id = lent(LINE, RUNS)
        end_of("2026-01-24")
        drawn = say(loan_id, "disburse", "2026-01-25", 3_000_000)
        end_of("2026-02-03")
        undone = say(loan_id, "reverse", "2026-02-04", ref=drawn.event_id)
        assert undone.outstanding_minor == 5_000_000
        paid = say(loan_id, "repay", "2026-02-04", 20_000)
        assert paid.by_head == {"interest": 20_000}

    def test_is_not_drawn_after_its_last_day(self) -> None:
        loan_id = lent(replace(LINE, period_every=1), RUNS)
        say(loan_id, "payoff", "2026-01-15")
        end_of("2026-02-14")
        assert refused(loan_id, "disburse", "2026-02-15", 100) == "NOTHING_LEFT_TO_CHANGE"
        known = limit(loan_id, as_of=on("2026-02-15"))
        assert known is not None
        assert (known.open, known.left_minor) == (False, 0)

    def test_is_not_drawn_while_something_is_overdue(self) -> None:
        loan_id = lent(replace(LINE, period_every=1), RUNS)
        end_of("2026-02-16")
        assert queries.loan(loan_id).state == "overdue"
        assert refused(loan_id, "disburse", "2026-02-17", 100) == "DRAW_WHILE_OVERDUE"

    def test_says_in_the_form_how_interest_is_charged(self) -> None:
        item = draw_up(LINE, payee="示例银行").items[0]
        assert item.how_charged == "按日计息，用几天算几天，还款时一并收取 by the day, with each repayment"


class TestTranches:
    def test_are_levelled_into_what_is_left_up_to_the_limit(self) -> None:
        loan_id = lent(IN_PARTS, RUNS)
        end_of("2026-02-14")
        say(loan_id, "repay", "2026-02-15", 533_093)
        say(loan_id, "disburse", "2026-02-15", 3_000_000)
        known = limit(loan_id, as_of=on("2026-02-15"))
        assert known == Limit(10_000_000, 9_000_000, on("2027-01-15"), False, True)
        assert refused(loan_id, "disburse", "2026-02-15", 1_000_001) == "ABOVE_LIMIT"
        end_of("2026-03-01")

    def test_count_in_full_after_the_plan_was_changed(self) -> None:
        loan_id = lent(IN_PARTS, RUNS)
        end_of("2026-02-14")
        say(loan_id, "repay", "2026-02-15", 533_093)
        say(loan_id, "reschedule", "2026-02-15", periods=10)
        assert refused(loan_id, "disburse", "2026-02-15", 4_000_001) == "ABOVE_LIMIT"
        say(loan_id, "disburse", "2026-02-15", 4_000_000)

    def test_are_refused_where_the_contract_names_no_limit(self) -> None:
        loan_id = lent()
        assert refused(loan_id, "disburse", "2026-01-15", 100) == "NO_LIMIT_AGREED"
        assert limit(loan_id, as_of=FIRST_DAY) is None

    def test_are_refused_after_a_restructuring(self) -> None:
        loan_id = lent(IN_PARTS, RUNS)
        end_of("2026-02-20")
        say(loan_id, "restructure", "2026-02-21", periods=12)
        assert refused(loan_id, "disburse", "2026-02-21", 100) == "DRAW_AFTER_RESTRUCTURING"


def test_a_loan_of_which_a_part_was_sold_takes_no_draw() -> None:
    loan_id = lent(LINE, RUNS)
    end_of("2026-01-24")
    sell(loan_id, price=5_000_000, on="2026-01-25")
    assert refused(loan_id, "disburse", "2026-01-25", 100) == "DRAW_AFTER_SALE"
    known = limit(loan_id, as_of=on("2026-01-25"))
    assert known is not None
    assert known.left_minor == 0


class TestTerms:
    @pytest.mark.parametrize(
        ("minor", "code"), [(4_999_999, "ABOVE_LIMIT"), (-1, "LIMIT_WRONG"), (10**13, "LIMIT_WRONG")]
    )
    def test_with_a_limit_that_cannot_be_are_refused(self, minor: int, code: str) -> None:
        refusal = refuse(replace(LINE, limit_minor=minor))
        assert refusal is not None
        assert refusal.code == code

    def test_a_draw_above_the_limit_tells_what_is_left(self) -> None:
        loan_id = lent(LINE, RUNS)
        with pytest.raises(Refused, match=r"还可支用 50,000\.00 元"):
            draw_cost(loan_id, 5_000_001, as_of=FIRST_DAY)
