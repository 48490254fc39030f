"""A guarantor pays for the borrower: journals of the lender and of the guarantor, recoveries by rule, in part, undone, late or not."""

from datetime import date
from typing import Any

import pytest

from puhui.servicing import models, queries, what_if
from puhui.servicing.core.fold import Folded
from puhui.servicing.operations.close_day import close_through
from puhui.servicing.tests.bookings import NOW
from puhui.servicing.tests.journals import journal, table
from puhui.servicing.tests.test_record_fact import balances, end_of, lent, refused, say

pytestmark = pytest.mark.django_db


def told(loan_id: str, day: str) -> Folded:
    return what_if.told(loan_id, as_of=date.fromisoformat(day))


def compensated(loan_id: str, on: str, amount: int, **details: Any) -> Any:
    return say(loan_id, "compensate", on, amount, guarantor="inst_g", **details)


class TestInFull:
    def test_ends_the_lenders_loan_and_gives_the_guarantor_a_claim(self) -> None:
        loan_id = lent()
        end_of("2026-02-28")
        owed = what_if.payoff(loan_id, on=date(2026, 3, 1)).total_minor
        # January's interest 1,000.00, half of February's 921.15, fourteen days of 18 % on 7,884.88 and on 1,000.00
        assert owed == 10_000_000 + 100_000 + 46_058 + 5_519 + 700
        receipt = compensated(loan_id, "2026-03-01", owed, prepayment="payoff_only")
        assert (receipt.state, receipt.days_past_due, receipt.outstanding_minor) == ("compensated", 0, 0)
        assert journal("inst_a", "compensate") == table("""
            03-01 compensate: cash → interest_receivable 1460.58
            03-01 compensate: cash → penalty_receivable 55.19
            03-01 compensate: cash → compound_receivable 7.00
            03-01 compensate: cash → loan_principal 100000.00
        """)
        assert journal("inst_g") == ["03-01 compensate: compensation_receivable → cash 101522.77"]
        assert told(loan_id, "2026-03-01").claims == {"inst_g": owed}

    def test_recoveries_go_to_the_claim_and_to_nothing_beyond_it(self) -> None:
        loan_id = lent()
        end_of("2026-02-28")
        owed = what_if.payoff(loan_id, on=date(2026, 3, 1)).total_minor
        compensated(loan_id, "2026-03-01", owed, prepayment="payoff_only")
        end_of("2026-04-10")
        lenders = balances_of("inst_a")
        receipt = say(loan_id, "recover", "2026-04-11", 4_000_000)
        assert (receipt.by_head, receipt.state) == ({"claim": 4_000_000}, "compensated")
        assert refused(loan_id, "recover", "2026-04-11", owed - 4_000_000 + 1) == "ABOVE_CLAIM"
        assert refused(loan_id, "repay", "2026-04-11", 100) == "LOAN_CLOSED"
        say(loan_id, "recover", "2026-04-11", owed - 4_000_000)
        assert told(loan_id, "2026-04-11").claims == {"inst_g": 0}
        assert refused(loan_id, "recover", "2026-04-11", 1) == "NOT_WRITTEN_OFF"
        assert balances_of("inst_a") == lenders
        assert balances_of("inst_g") == {}
        end_of("2026-04-12")
        assert queries.verify() == []

    def test_undone_opens_the_loan_as_late_as_it_was_and_takes_the_claim_back(self) -> None:
        loan_id = lent()
        end_of("2026-02-28")
        owed = what_if.payoff(loan_id, on=date(2026, 3, 1)).total_minor
        paid = compensated(loan_id, "2026-03-01", owed, prepayment="payoff_only")
        end_of("2026-03-09")
        opened = say(loan_id, "reverse", "2026-03-10", ref=paid.event_id)
        assert (opened.state, opened.days_past_due, opened.outstanding_minor) == ("overdue", 23, 10_000_000)
        assert journal("inst_g") == table("""
            03-01 compensate: compensation_receivable → cash 101522.77
            03-10 reverse: cash → compensation_receivable 101522.77
        """)
        assert told(loan_id, "2026-03-10").claims == {}
        close_through(date(2026, 3, 20), now=NOW)
        assert queries.verify() == []


class TestInPart:
    def test_lowers_lateness_and_class_and_leaves_the_rest_with_the_lender(self) -> None:
        loan_id = lent()
        end_of("2026-03-20")  # two dues are unpaid, the older one 33 days
        assert models.Loan.objects.get().stage == 2
        first = what_if.told(loan_id, as_of=date(2026, 3, 21)).dues.open_minor(0)
        receipt = compensated(loan_id, "2026-03-21", first)
        assert (receipt.state, receipt.days_past_due, receipt.credit_minor) == ("overdue", 6, 0)
        assert balances_of("inst_g") == {"compensation_receivable": first, "cash": -first}
        end_of("2026-03-21")
        row = models.Loan.objects.get()
        assert (row.stage, row.five_class, str(row.oldest_due_on)) == (1, "special_mention", "2026-03-15")

    def test_recoveries_pay_the_guarantor_first_then_the_lender(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-03-20")
        compensated(loan_id, "2026-03-21", 888_488)
        receipt = say(loan_id, "recover", "2026-03-21", 1_000_000)
        assert receipt.by_head == {"claim": 888_488, "interest": 92_115, "principal": 19_397}
        assert journal("inst_a", "recover") == table("""
            03-21 recover: cash → interest_receivable 921.15
            03-21 recover: cash → loan_principal 193.97
        """)
        assert journal("inst_g", "recover") == ["03-21 recover: cash → compensation_receivable 8884.88"]
        assert models.Event.objects.get(kind="recover").details["first"] == "guarantor"
        end_of("2026-04-20")
        assert queries.verify() == []

    def test_more_than_what_is_due_is_refused(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-02-20")
        assert refused(loan_id, "compensate", "2026-02-21", 888_489, guarantor="inst_g") == "ABOVE_OUTSTANDING"
        assert refused(loan_id, "compensate", "2026-02-21", 888_488, guarantor="inst_a") == "GUARANTOR_IS_FUNDER"
        assert balances_of("inst_g") == {}

    def test_two_guarantors_and_a_write_off_of_the_rest(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-03-20")
        compensated(loan_id, "2026-03-21", 500_000)
        say(loan_id, "compensate", "2026-03-21", 300_000, guarantor="inst_h")
        end_of("2026-05-20")
        say(loan_id, "write_off", "2026-05-21")
        receipt = say(loan_id, "recover", "2026-05-21", 900_000)
        assert receipt.by_head == {"claim": 800_000, "recovery": 100_000}
        assert (balances_of("inst_g"), balances_of("inst_h")) == ({}, {})
        assert balances()["recovery_income"] == -100_000
        end_of("2026-05-22")
        assert queries.verify() == []


def balances_of(institution_id: str) -> dict[str, int]:
    lines = queries.trial_balance(institution_id)
    return {line.account: minor for line in lines if (minor := line.debit_minor - line.credit_minor)}
