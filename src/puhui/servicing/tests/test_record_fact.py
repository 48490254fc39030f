"""Every kind of fact in the book: recorded, back-dated, undone; after each the book is proved."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from puhui.kernel.refusal import Refused
from puhui.servicing import loan_ledger, models, queries, what_if
from puhui.servicing.core.disclosure import contingent_items
from puhui.servicing.core.loan_policy import LoanPolicy
from puhui.servicing.core.terms import Fee, LoanTerms
from puhui.servicing.core.waterfall import INTEREST_FIRST
from puhui.servicing.operations.book_loan import Booking, book_loan
from puhui.servicing.operations.close_day import close_through
from puhui.servicing.operations.confirm_disclosure import Reading, confirm_disclosure
from puhui.servicing.operations.disburse import disburse
from puhui.servicing.operations.disclose import disclose
from puhui.servicing.operations.open_books import open_books
from puhui.servicing.operations.record_fact import FactReceipt, Happened, record_fact
from puhui.servicing.operations.record_repayment import record_repayment
from puhui.servicing.tests.bookings import FIRST_DAY, NOW, ONE_MINUTE, TERMS, request_for

pytestmark = pytest.mark.django_db

LATE = LoanPolicy(INTEREST_FIRST, INTEREST_FIRST, penalty_multiplier=1_500_000, penalty_cap=240_000, compounds=True)
RUNS = replace(LATE, prepayment="next_installment", recalculation=True)


def lent(terms: LoanTerms = TERMS, policy: LoanPolicy | None = LATE, *, name: str = "1", funders: Any = ()) -> str:
    open_books(FIRST_DAY, now=NOW)
    asked = request_for(terms, name=name)
    items = contingent_items(policy or LoanPolicy(), terms, asked.payee)
    form = disclose(replace(asked, overdue_items=items), key=f"form-{name}", now=NOW)
    reading = Reading(shown_at=NOW - ONE_MINUTE, scrolled_to_end=True, device="test")
    confirm_disclosure(form.disclosure_id, sha256=form.sha256, reading=reading, key=f"yes-{name}", now=NOW)
    booking = Booking(form.disclosure_id, terms, policy=policy, funders=funders)
    loan_id = book_loan(booking, key=f"book-{name}", now=NOW)
    disburse(loan_id, on=terms.disbursed_on, key=f"out-{name}", now=NOW)
    return loan_id


def end_of(day: str) -> None:
    close_through(date.fromisoformat(day), now=NOW)


def say(
    loan_id: str, kind: str, on: str, amount: int = 0, *, ref: str = "", key: str = "", **details: Any
) -> FactReceipt:
    happened = Happened(kind, date.fromisoformat(on), amount, ref, details)
    receipt = record_fact(loan_id, happened, key=key or f"{kind}-{on}-{amount}-{ref}", now=NOW)
    assert queries.verify() == []
    return receipt


def refused(*args: Any, **keywords: Any) -> str:
    before = balances(), models.Event.objects.count(), models.Request.objects.count()
    with pytest.raises(Refused) as caught:
        say(*args, **keywords)
    assert (balances(), models.Event.objects.count(), models.Request.objects.count()) == before
    return caught.value.refusal.code


def balances() -> dict[str, int]:
    return {line.account: line.debit_minor - line.credit_minor for line in queries.trial_balance()}


class TestBackDated:
    def test_a_payment_that_arrived_earlier_takes_back_the_penalty(self) -> None:
        loan_id = lent()
        end_of("2026-03-06")  # the first instalment is 20 days late when this day has ended
        held = balances()
        assert (held["penalty_income"], held["compound_income"]) == (-7_885, -1_000)
        receipt = say(loan_id, "repay", "2026-02-15", 888_488)
        assert receipt.by_head == {"interest": 100_000, "principal": 788_488}
        assert receipt.days_past_due == 0
        assert receipt.state == "active"
        held = balances()
        assert (held["penalty_income"], held["penalty_receivable"], held["compound_income"]) == (0, 0, 0)

    def test_a_payment_of_the_day_pays_penalty_before_principal(self) -> None:
        loan_id = lent(policy=replace(LATE, performing=replace(INTEREST_FIRST, name="p", heads=(
            "penalty", "compound", "interest", "fee", "principal"))))  # fmt: skip
        end_of("2026-03-06")
        receipt = say(loan_id, "repay", "2026-03-07", 500_000)
        assert receipt.by_head == {"penalty": 7_885, "compound": 1_000, "interest": 100_000, "principal": 391_115}

    def test_the_front_door_for_payments_does_the_same(self) -> None:
        one, two = lent(name="1"), lent(name="2")
        end_of("2026-03-06")
        plain = record_repayment(one, 500_000, on=date(2026, 3, 7), key="a", now=NOW)
        folded = say(two, "repay", "2026-03-07", 500_000)
        assert plain.outstanding_minor == folded.outstanding_minor
        for head in ("interest", "principal", "penalty", "compound"):
            assert getattr(plain, f"{head}_minor") == folded.by_head.get(head, 0)
        end_of("2026-04-20")
        assert queries.verify() == []

    def test_before_the_disbursement_is_refused(self) -> None:
        loan_id = lent()
        end_of("2026-01-20")
        assert refused(loan_id, "repay", "2026-01-14", 100) == "PAYMENT_BEFORE_DISBURSEMENT"
        assert refused(loan_id, "repay", "2026-01-22", 100) == "DATES_OUT_OF_ORDER"
        assert refused(loan_id, "repay", "2026-01-20") == "AMOUNT_NOT_POSITIVE"
        assert refused(loan_id, "haircut", "2026-01-20") == "EVENT_UNKNOWN"

    def test_one_key_means_one_thing(self) -> None:
        loan_id = lent()
        end_of("2026-02-16")
        first = say(loan_id, "repay", "2026-02-15", 888_488, key="k")
        assert say(loan_id, "repay", "2026-02-15", 888_488, key="k") == first
        assert refused(loan_id, "repay", "2026-02-15", 888_489, key="k") == "DUPLICATE_KEY_OTHER_CONTENT"


class TestOnADueDate:
    def test_credit_that_waits_for_the_end_of_the_day_is_used_with_the_first_thing_written(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-02-01")
        record_repayment(loan_id, 500_000, on=date(2026, 2, 2), key="early", now=NOW)
        end_of("2026-02-14")
        assert queries.loan(loan_id).credit_minor == 500_000
        say(loan_id, "charge_fee", "2026-02-15", 100)
        assert (queries.loan(loan_id).credit_minor, queries.loan(loan_id).outstanding_minor) == (0, 9_600_000)
        held = balances()
        assert (held["borrower_credit"], held["interest_receivable"], held["loan_principal"]) == (0, 0, 9_600_000)
        end_of("2026-02-15")
        assert queries.verify() == []
        say(loan_id, "repay", "2026-02-10", 388_488 + 100)  # dated back, recorded on the day after
        end_of("2026-03-16")
        assert queries.verify() == []


class TestReversal:
    def test_a_bounced_payment_never_happened(self) -> None:
        loan_id = lent()
        end_of("2026-02-14")
        paid = say(loan_id, "repay", "2026-02-15", 888_488)
        end_of("2026-03-06")
        receipt = say(loan_id, "reverse", "2026-03-07", ref=paid.event_id)
        assert receipt.days_past_due == 20
        assert receipt.state == "overdue"
        held = balances()
        assert (held["penalty_receivable"], held["compound_receivable"]) == (7_885, 1_000)
        assert held["cash"] == -10_000_000
        assert refused(loan_id, "reverse", "2026-03-07", ref=paid.event_id, key="again") == "ALREADY_REVERSED"
        assert refused(loan_id, "reverse", "2026-03-07", ref="event_none", key="none") == "REVERSES_NOTHING"

    def test_of_the_closing_payment_opens_the_loan_again(self) -> None:
        loan_id = lent()
        end_of("2026-01-31")
        paid = say(loan_id, "payoff", "2026-02-01")
        assert (paid.amount_minor, paid.state) == (10_054_839, "closed")
        end_of("2026-02-20")
        assert refused(loan_id, "repay", "2026-02-21", 100) == "LOAN_CLOSED"
        opened = say(loan_id, "reverse", "2026-02-21", ref=paid.event_id)
        assert opened.state == "overdue"
        assert opened.outstanding_minor == 10_000_000


class TestPayoff:
    def test_takes_the_amount_of_the_day_and_no_other(self) -> None:
        loan_id = lent()
        end_of("2026-01-31")
        assert refused(loan_id, "payoff", "2026-02-01", 10_054_838) == "PAYOFF_AMOUNT_DIFFERS"
        assert say(loan_id, "payoff", "2026-02-01", 10_054_839).by_head == {"interest": 54_839, "principal": 10_000_000}
        assert balances()["interest_income"] == -54_839


class TestCharges:
    def test_a_fee_is_asked_with_its_instalment_and_waived(self) -> None:
        loan_id = lent()
        say(loan_id, "charge_fee", "2026-01-15", 5_000)
        assert balances()["fee_receivable"] == 5_000
        end_of("2026-02-15")
        assert refused(loan_id, "waive", "2026-02-16", 5_001, heads=["fee"]) == "ABOVE_OUTSTANDING"
        say(loan_id, "waive", "2026-02-16", 2_000, heads=["fee"])
        paid = say(loan_id, "repay", "2026-02-16", 891_488 + 394 + 50)
        assert paid.by_head == {"interest": 100_000, "principal": 788_488, "fee": 3_000, "penalty": 394, "compound": 50}
        assert balances()["fee_income"] == -3_000

    def test_a_penalty_is_a_penalty_in_the_journal_the_rows_and_the_order(self) -> None:
        heads = ("penalty", "compound", "interest", "fee", "principal")
        order = replace(INTEREST_FIRST, name="penalty-first", heads=heads)
        loan_id = lent(policy=replace(LATE, performing=order, non_performing=order, grace_days=5))
        end_of("2026-02-01")
        say(loan_id, "charge_penalty", "2026-02-02", 3_000)
        say(loan_id, "charge_fee", "2026-02-02", 1_000)
        held = balances()
        assert (held["penalty_receivable"], held["penalty_income"]) == (3_000, -3_000)
        assert (held["fee_receivable"], held["fee_income"]) == (1_000, -1_000)
        end_of("2026-02-17")
        # Within the days of grace what accrues is not asked, what was charged is; and it is paid before interest.
        paid = record_repayment(loan_id, 2_000, on=date(2026, 2, 18), key="part", now=NOW)
        assert (paid.penalty_minor, paid.interest_minor) == (2_000, 0)
        assert say(loan_id, "waive", "2026-02-18", 400, heads=["penalty"]).by_head == {"penalty": 400}
        paid = record_repayment(loan_id, 888_488 + 1_000 + 600, on=date(2026, 2, 18), key="rest", now=NOW)
        heads_paid = (paid.penalty_minor, paid.interest_minor, paid.fee_minor, paid.principal_minor)
        assert heads_paid == (600, 100_000, 1_000, 788_488)
        assert (paid.days_past_due, paid.credit_minor) == (0, 0)
        assert queries.verify() == []
        end_of("2026-03-10")
        assert queries.verify() == []
        held = balances()
        assert (held["penalty_receivable"], held["penalty_income"], held["fee_income"]) == (0, -2_600, -1_000)

    def test_a_charged_penalty_goes_on_with_what_accrues_and_off_the_balance_sheet(self) -> None:
        loan_id = lent(policy=replace(LATE, grace_days=2))
        end_of("2026-02-16")
        charged = say(loan_id, "charge_penalty", "2026-02-16", 3_000)
        end_of("2026-02-19")  # four days after the due date: 788,488 × 18 % × 5 ÷ 360 by the end of the day
        assert balances()["penalty_receivable"] == 3_000 + 1_971
        end_of("2026-05-20")
        held = balances()
        assert (held["penalty_receivable"], held["penalty_income"]) == (0, 0)
        assert held["memo_interest"] > 3_000
        say(loan_id, "charge_penalty", "2026-05-21", 500)
        assert balances()["memo_interest"] == held["memo_interest"] + 500
        say(loan_id, "reverse", "2026-05-21", ref=charged.event_id)
        assert balances()["memo_interest"] == held["memo_interest"] + 500 - 3_000

    def test_what_no_order_names_is_paid_in_one_order_by_day_and_by_fold(self) -> None:
        loan_id = lent()  # its order names interest and principal only
        say(loan_id, "charge_fee", "2026-01-15", 1_000)
        say(loan_id, "charge_penalty", "2026-01-15", 1_000)
        end_of("2026-02-14")
        paid = record_repayment(loan_id, 888_488 + 1_500, on=date(2026, 2, 15), key="part", now=NOW)
        assert (paid.penalty_minor, paid.fee_minor) == (1_000, 500)
        assert queries.verify() == []

    def test_credit_is_refunded(self) -> None:
        loan_id = lent()
        say(loan_id, "repay", "2026-01-15", 5_000)
        assert refused(loan_id, "refund", "2026-01-15", 5_001) == "ABOVE_CREDIT"
        assert say(loan_id, "refund", "2026-01-15", 5_000).credit_minor == 0
        assert balances()["borrower_credit"] == 0


class TestLosses:
    def test_a_write_off_uses_the_provision_and_a_recovery_is_income(self) -> None:
        loan_id = lent()
        end_of("2026-03-31")
        provided = -balances()["loan_loss_provision"]
        assert provided == 300_000  # 3 % of a loan of special mention
        receipt = say(loan_id, "write_off", "2026-04-01")
        held = balances()
        assert receipt.state == "written_off"
        assert (held["loan_principal"], held["interest_receivable"], held["loan_loss_provision"]) == (0, 0, 0)
        assert held["impairment_loss"] == held["written_off"] > 10_000_000
        assert refused(loan_id, "repay", "2026-04-01", 100) == "LOAN_CLOSED"
        say(loan_id, "recover", "2026-04-01", 40_000)
        assert balances()["recovery_income"] == -40_000
        end_of("2026-05-02")
        assert queries.verify() == []

    def test_a_part_is_written_off_and_the_loan_goes_on(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-04-20")  # three dues are unpaid: principal of 7,884.88, 7,963.73 and 8,043.37
        assert refused(loan_id, "write_off_part", "2026-04-21", 2_389_199) == "ABOVE_OUTSTANDING"
        receipt = say(loan_id, "write_off_part", "2026-04-21", 1_000_000)
        assert (receipt.by_head, receipt.state) == ({"principal": 1_000_000}, "overdue")
        assert (receipt.outstanding_minor, receipt.days_past_due) == (
            9_000_000,
            65,
        )  # interest of February is unpaid still
        held = balances()
        assert (held["loan_principal"], held["written_off"], held["cash"]) == (9_000_000, 1_000_000, -10_000_000)
        assert held["impairment_loss"] == 1_000_000 + 300_000
        end_of("2026-04-21")
        assert balances()["loan_loss_provision"] == -270_000  # 3 % of what is left
        back = say(loan_id, "recover", "2026-04-22", 400_000)
        assert back.by_head == {"recovery": 400_000}
        held = balances()
        assert (held["written_off"], held["recovery_income"], held["loan_principal"]) == (600_000, -400_000, 9_000_000)
        more = say(loan_id, "recover", "2026-04-22", 700_000)
        assert more.by_head == {
            "recovery": 600_000,
            "interest": 100_000,
        }  # beyond what was given up it pays what is due
        end_of("2026-04-30")
        assert queries.verify() == []
        say(loan_id, "write_off", "2026-05-01")
        assert balances()["written_off"] > 9_000_000
        assert queries.verify() == []

    def test_a_part_written_off_is_put_back(self) -> None:
        loan_id = lent(policy=RUNS)
        end_of("2026-03-20")
        before = balances()
        given_up = say(loan_id, "write_off_part", "2026-03-21", 500_000)
        say(loan_id, "reverse", "2026-03-21", ref=given_up.event_id)
        assert balances() == before
        end_of("2026-04-20")
        assert queries.verify() == []

    def test_a_write_off_that_is_undone_leaves_income_and_loss_where_they_belong(self) -> None:
        """Days pass between the write-off and its reversal: the interest of these days is income, not a smaller loss."""
        one, two = lent(name="1"), lent(name="2")
        end_of("2026-03-20")
        gone = say(one, "write_off", "2026-03-21")
        end_of("2026-04-10")
        say(one, "reverse", "2026-04-11", ref=gone.event_id)
        end_of("2026-04-12")
        sums = []
        for loan_id in (one, two):
            ledger = loan_ledger.balances([loan_id])
            sums.append({account: minor for (_, _, account), minor in ledger.items() if minor})
        # What stood as provision was used up and is set aside again by the end of the day, in one sum for all loans.
        assert {sums[0].pop("loan_loss_provision"), sums[0].pop("impairment_loss")} == {300_000, -300_000}
        assert sums[0] == sums[1]

    def test_the_guarantor_pays_and_the_lenders_loan_ends(self) -> None:
        loan_id = lent()
        end_of("2026-02-28")
        owed = what_if.payoff(loan_id, on=date(2026, 3, 1)).total_minor
        receipt = say(loan_id, "compensate", "2026-03-01", owed, prepayment="payoff_only")
        assert receipt.state == "compensated"
        assert receipt.outstanding_minor == 0
        assert balances()["loan_principal"] == 0


class TestRunningInterest:
    def test_early_money_lowers_interest_from_its_day(self) -> None:
        loan_id = lent(policy=RUNS)
        end_of("2026-01-29")
        early = record_repayment(loan_id, 888_488, on=date(2026, 1, 30), key="early", now=NOW)
        assert (early.interest_minor, early.principal_minor, early.credit_minor) == (48_387, 840_101, 0)
        assert queries.verify() == []
        end_of("2026-02-14")
        assert queries.verify() == []
        end_of("2026-03-20")
        assert queries.verify() == []
        assert queries.loan(loan_id).days_past_due == 5

    def test_what_is_late_earns_on(self) -> None:
        loan_id = lent(policy=replace(RUNS, penalty_multiplier=0))
        end_of("2026-03-15")
        rows = queries.schedule(loan_id)
        assert (rows[0].interest_minor, rows[1].interest_minor) == (100_000, 100_000)
        assert queries.verify() == []
        say(loan_id, "repay", "2026-02-20", 888_488)
        assert [row.interest_minor for row in queries.schedule(loan_id)[:2]] == [100_000, 93_523]

    def test_a_smaller_instalment_after_part_is_paid_early(self) -> None:
        loan_id = lent(policy=replace(RUNS, prepayment="reduce_installment"))
        end_of("2026-02-14")
        say(loan_id, "prepay", "2026-02-15", 4_000_000)
        rows = queries.schedule(loan_id)
        assert rows[1].due_minor < 600_000
        end_of("2026-03-16")
        assert queries.verify() == []


class TestChanges:
    @pytest.mark.parametrize("policy", [LATE, RUNS], ids=["planned", "running"])
    def test_a_chain_of_changes_is_kept_day_by_day(self, policy: LoanPolicy) -> None:
        loan_id = lent(policy=policy)
        end_of("2026-02-01")
        say(loan_id, "rate_change", "2026-02-02", annual_rate="0.09")
        end_of("2026-02-20")
        say(loan_id, "holiday", "2026-02-21", periods=1)
        end_of("2026-03-31")
        assert queries.verify() == []
        say(loan_id, "restructure", "2026-04-01", periods=6, annual_rate="0.08")
        assert queries.loan(loan_id).days_past_due == 0
        end_of("2026-05-05")
        assert queries.verify() == []
        say(loan_id, "reschedule", "2026-05-06", periods=10)
        end_of("2026-06-10")
        assert queries.verify() == []


class TestOtherTerms:
    @pytest.mark.parametrize(
        "change",
        [
            {"method": "equal_principal"},
            {"method": "interest_first", "day_count": "actual/360", "interest_per": "day"},
            {"method": "bullet", "periods": 3},
            {"method": "flat", "annual_rate": Decimal("0.06")},
            {"period_unit": "week", "periods": 8},
            {"fees": (Fee("installment", 1_000), Fee("disbursement", 2_000))},
            {"principal_grace_periods": 2},
            {"interest_grace_periods": 1},
            {"first_due_on": date(2026, 2, 28)},
            {"day_count": "actual/365", "interest_per": "day", "rounding": "half_even"},
        ],
        ids=lambda change: "-".join(change),
    )
    def test_are_kept_day_by_day(self, change: dict[str, Any]) -> None:
        loan_id = lent(replace(TERMS, **change))
        end_of("2026-02-28")
        assert queries.verify() == []
        say(loan_id, "repay", "2026-03-01", 700_000)
        end_of("2026-04-20")
        assert queries.verify() == []

    def test_draw_and_repay_at_will(self) -> None:
        terms = replace(
            TERMS,
            method="at_will",
            periods=1,
            period_every=6,
            annual_rate=Decimal("0.144"),
            day_count="actual/360",
            limit_minor=10_000_000,
        )
        loan_id = lent(terms, policy=RUNS)
        end_of("2026-02-20")
        receipt = say(loan_id, "repay", "2026-02-21", 5_148_000)
        assert receipt.by_head == {"interest": 148_000, "principal": 5_000_000}  # 37 days at 0.04 % a day
        say(loan_id, "disburse", "2026-02-21", 1_000_000)
        end_of("2026-03-10")
        assert queries.verify() == []


class TestSeveralFunders:
    def test_parts_re_add_through_everything(self) -> None:
        loan_id = lent(policy=RUNS, funders=(("inst_a", 70), ("inst_b", 30)))
        end_of("2026-02-20")
        paid = say(loan_id, "repay", "2026-02-18", 888_488)
        say(loan_id, "reverse", "2026-02-21", ref=paid.event_id)
        end_of("2026-03-20")
        say(loan_id, "repay", "2026-02-15", 1_777_777)
        end_of("2026-04-02")
        assert queries.verify() == []
        held = {
            name: {line.account: line.debit_minor - line.credit_minor for line in queries.trial_balance(name)}
            for name in ("inst_a", "inst_b")
        }
        principal = [held[name]["loan_principal"] for name in held]
        assert sum(principal) == queries.loan(loan_id).outstanding_minor
        assert abs(principal[0] * 30 - principal[1] * 70) <= 100
        assert all(sum(account.values()) == 0 for account in held.values())
