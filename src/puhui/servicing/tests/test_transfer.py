"""Sales of claims: exact journals of seller and buyer, discounts that leave with the principal, sales undone, who sees what."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from puhui.kernel.refusal import Refused
from puhui.servicing import book, loan_ledger, models, queries
from puhui.servicing.operations.record_repayment import record_repayment
from puhui.servicing.operations.transfer_loans import Sale, Sold, transfer_loans
from puhui.servicing.tests.bookings import NOW, disbursed, disbursed_in_bulk
from puhui.servicing.tests.journals import journal, table
from puhui.servicing.tests.test_record_fact import balances, end_of, lent, say

pytestmark = pytest.mark.django_db


def sell(*loan_ids: str, to: str = "inst_b", price: int, on: str, key: str = "", **more: Any) -> list[Sold]:
    sale = Sale(loan_ids, "inst_a", to, price, date.fromisoformat(on), reason="资产包 2026-1", by="admin")
    sold = transfer_loans(replace(sale, **more), key=key or f"sale-{on}-{to}-{price}", now=NOW)
    assert queries.verify() == []
    return sold


def sale_refused(*loan_ids: str, **keywords: Any) -> str:
    before = balances(), models.Event.objects.count(), models.Share.objects.count()
    with pytest.raises(Refused) as caught:
        sell(*loan_ids, **keywords)
    assert (balances(), models.Event.objects.count(), models.Share.objects.count()) == before
    return caught.value.refusal.code


def of(institution_id: str) -> dict[str, int]:
    lines = queries.trial_balance(institution_id)
    return {line.account: minor for line in lines if (minor := line.debit_minor - line.credit_minor)}


class TestInsideTheBook:
    def test_a_late_loan_below_par(self) -> None:
        """20 days late: interest, penalty and compound interest go over at par; 3 % is provided; 60,000.00 is paid."""
        loan_id = lent()
        end_of("2026-03-06")
        (sold,) = sell(loan_id, price=6_000_000, on="2026-03-07")
        assert (sold.claim_minor, sold.provision_minor) == (10_174_681, 300_000)
        assert sold.result_minor == 6_000_000 - 9_874_681
        assert journal("inst_a", "transfer") == table("""
            03-07 transfer: loan_loss_provision → penalty_receivable 78.85
            03-07 transfer: loan_loss_provision → compound_receivable 10.00
            03-07 transfer: loan_loss_provision → interest_receivable 1657.96
            03-07 transfer: loan_loss_provision → loan_principal 1253.19
            03-07 transfer: cash → loan_principal 60000.00
            03-07 transfer: transfer_result → loan_principal 38746.81
        """)
        assert journal("inst_b", "transfer") == table("""
            03-07 transfer: penalty_receivable → cash 78.85
            03-07 transfer: compound_receivable → cash 10.00
            03-07 transfer: interest_receivable → cash 1657.96
            03-07 transfer: loan_principal → cash 58253.19
            03-07 transfer: loan_principal → purchase_discount 41746.81
            03-07 transfer: impairment_loss → loan_loss_provision 3000.00
        """)
        assert book.shares(loan_id) == [("inst_b", 1, 1)]
        view = queries.loan(loan_id)
        assert (view.state, view.days_past_due, view.outstanding_minor) == (
            "overdue",
            19,
            10_000_000,
        )  # as of the last end of day
        assert [line.due_minor for line in queries.schedule(loan_id)][:2] == [888_488, 888_488]

    def test_the_discount_becomes_income_as_principal_comes_in(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-02-14")
        sell(loan_id, price=9_100_000, on="2026-02-15")  # at par 10,100,000: a discount of 1,000,000
        record_repayment(loan_id, 888_488, on=date(2026, 2, 15), key="p", now=NOW)
        end_of("2026-02-15")
        assert journal("inst_b", "release_discount") == [
            "02-15 release_discount: purchase_discount → interest_income 788.49"  # 10 % of 7,884.88
        ]
        end_of("2026-03-14")
        assert len(journal("inst_b", "release_discount")) == 1
        paid = say(loan_id, "payoff", "2026-03-15")
        assert paid.by_head["principal"] == 9_211_512
        end_of("2026-03-15")
        assert "purchase_discount" not in of("inst_b")
        assert of("inst_b")["interest_income"] == -(92_115 + 1_000_000)
        assert of("inst_b")["cash"] == -9_100_000 + 888_488 + paid.amount_minor
        assert of("inst_a")["transfer_result"] == 10_100_000 - 150_000 - 9_100_000
        assert queries.verify() == []

    def test_above_par_with_credit_and_a_premium(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-01-31")
        record_repayment(loan_id, 500_000, on=date(2026, 2, 1), key="early", now=NOW)
        sell(loan_id, price=10_254_839, on="2026-02-01")
        assert journal("inst_a", "transfer") == table("""
            02-01 transfer: loan_loss_provision → interest_receivable 548.39
            02-01 transfer: loan_loss_provision → loan_principal 951.61
            02-01 transfer: cash → loan_principal 99048.39
            02-01 transfer: cash → transfer_result 3500.00
            02-01 transfer: borrower_credit → cash 5000.00
        """)
        assert journal("inst_b", "transfer") == table("""
            02-01 transfer: interest_receivable → cash 548.39
            02-01 transfer: loan_principal → cash 100000.00
            02-01 transfer: purchase_premium → cash 2000.00
            02-01 transfer: cash → borrower_credit 5000.00
            02-01 transfer: impairment_loss → loan_loss_provision 1500.00
        """)
        end_of("2026-02-15")  # the credit meets the first instalment: interest, and principal of 4,000.00
        assert journal("inst_b", "release_discount") == [
            "02-15 release_discount: interest_income → purchase_premium 80.00"
        ]
        end_of("2026-03-20")
        assert queries.verify() == []

    def test_on_a_due_date_waiting_credit_is_used_first(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-02-01")
        record_repayment(loan_id, 500_000, on=date(2026, 2, 2), key="early", now=NOW)
        end_of("2026-02-14")
        (sold,) = sell(loan_id, price=9_000_000, on="2026-02-15")
        assert sold.claim_minor == 9_600_000
        assert "borrower_credit" not in of("inst_b")
        end_of("2026-02-15")
        assert queries.verify() == []

    def test_interest_off_the_balance_sheet_stays_off_it(self) -> None:
        loan_id = lent()
        end_of("2026-05-20")
        memo = of("inst_a")["memo_interest"]
        sold = sell(loan_id, price=3_000_000, on="2026-05-21")[0]
        assert sold.claim_minor == 10_000_000
        assert sold.provision_minor == 4_500_000  # a bank's, by expected loss
        assert of("inst_b")["memo_interest"] == memo
        assert "memo_interest" not in of("inst_a")
        assert of("inst_b")["loan_loss_provision"] == -3_000_000  # the buyer has shown no cost form: by class
        end_of("2026-05-22")
        paid = record_repayment(loan_id, 300_000, on=date(2026, 5, 23), key="p", now=NOW)
        assert paid.interest_minor > 0
        assert of("inst_b")["interest_income"] < 0
        end_of("2026-05-24")
        assert queries.verify() == []

    def test_one_funders_part_of_a_shared_loan(self) -> None:
        loan_id = lent(policy=None, funders=(("inst_a", 70), ("inst_c", 30)))
        end_of("2026-02-14")
        sell(loan_id, price=7_000_000, on="2026-02-15")
        assert book.shares(loan_id) == [("inst_b", 70, 100), ("inst_c", 30, 100)]
        record_repayment(loan_id, 1_000_000, on=date(2026, 2, 15), key="p", now=NOW)
        assert of("inst_b")["borrower_credit"] == -111_512  # the first funder keeps it
        assert of("inst_c")["loan_principal"] == 2_763_454
        assert of("inst_b")["loan_principal"] == 6_448_058
        assert "loan_principal" not in of("inst_a")
        end_of("2026-04-20")
        assert queries.verify() == []
        # The other funder buys the part, holds two, and its books still add up.
        again = Sale((loan_id,), "inst_b", "inst_c", 5_000_000, date(2026, 4, 21))
        transfer_loans(again, key="again", now=NOW)
        assert book.shares(loan_id) == [("inst_c", 70, 100), ("inst_c", 30, 100)]
        record_repayment(loan_id, 888_488, on=date(2026, 4, 21), key="q", now=NOW)
        end_of("2026-05-20")
        assert queries.verify() == []
        assert of("inst_c")["loan_principal"] == queries.loan(loan_id).outstanding_minor
        with pytest.raises(Refused, match="PARTS_NOT_SEPARABLE"):
            transfer_loans(Sale((loan_id,), "inst_c", "inst_a", 1, date(2026, 5, 21)), key="third", now=NOW)

    def test_a_pool_at_one_price_that_re_adds(self) -> None:
        ids = disbursed_in_bulk(7, institutions=("inst_a",))
        end_of("2026-02-20")
        sold = sell(*ids, price=12_345_679, on="2026-02-21")
        assert sum(each.price_minor for each in sold) == 12_345_679
        assert of("inst_b")["loan_principal"] == sum(models.Loan.objects.values_list("outstanding_minor", flat=True))
        live = queries.live_book()
        assert set(live) == {"inst_b"}
        assert live["inst_b"]["loans"] == 7
        end_of("2026-03-16")
        assert queries.verify() == []
        summary = queries.book_summary()
        assert summary is not None
        assert summary.by_institution["inst_a"] == 0


class TestWithWhoHoldsItThen:
    def test_what_is_found_out_later_is_booked_with_the_buyer(self) -> None:
        loan_id = lent()
        end_of("2026-03-06")
        sell(loan_id, price=6_000_000, on="2026-03-07")
        seller = of("inst_a")
        say(loan_id, "repay", "2026-02-15", 888_488)  # it had come on its day
        assert of("inst_a") == seller
        assert of("inst_b")["cash"] == -6_000_000 + 888_488
        assert of("inst_b")["penalty_income"] == 7_885  # what was bought as penalty was none: a loss of the buyer
        end_of("2026-03-20")
        assert queries.verify() == []

    def test_a_write_off_takes_the_discount_into_account(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-05-20")
        sell(loan_id, price=2_000_000, on="2026-05-21")
        say(loan_id, "write_off", "2026-05-21")
        end_of("2026-05-21")
        assert of("inst_b") == {
            "cash": -2_000_000, "impairment_loss": 2_000_000, "written_off": of("inst_b")["written_off"],
            "memo_contra": of("inst_b")["memo_contra"],
        }  # fmt: skip
        assert queries.verify() == []


class TestToSomebodyOutside:
    def test_ends_the_loan_here(self) -> None:
        loan_id = lent()
        end_of("2026-05-20")
        memo = of("inst_a")["memo_interest"]
        assert memo > 0
        (sold,) = sell(loan_id, to="outside", buyer_name="某资产管理公司（虚构）", price=2_000_000, on="2026-05-21")
        assert journal("inst_a", "transfer") == table(f"""
            05-21 transfer: cash → loan_principal 20000.00
            05-21 transfer: loan_loss_provision → loan_principal 45000.00
            05-21 transfer: transfer_result → loan_principal 35000.00
            05-21 transfer: memo_contra → memo_interest {memo // 100}.{memo % 100:02d}
        """)
        assert sold.result_minor == -3_500_000
        view = queries.loan(loan_id)
        assert (view.state, view.outstanding_minor, view.days_past_due) == ("transferred", 0, 0)
        with pytest.raises(Refused, match="LOAN_CLOSED"):
            say(loan_id, "repay", "2026-05-21", 100)
        end_of("2026-05-25")
        assert queries.verify() == []

    def test_undone_the_loan_is_back_as_if_it_had_never_left(self) -> None:
        one, two = lent(name="1"), lent(name="2")
        end_of("2026-03-06")
        sell(one, to="outside", buyer_name="某公司（虚构）", price=5_000_000, on="2026-03-07")
        end_of("2026-03-20")
        event = models.Event.objects.get(kind="transfer")
        assert say(one, "reverse", "2026-03-21", ref=event.id).state == "overdue"
        end_of("2026-03-25")
        one_now, two_now = (_journal_sums(loan_id) for loan_id in (one, two))
        assert one_now == two_now
        assert queries.loan(one).outstanding_minor == queries.loan(two).outstanding_minor


class TestUndone:
    def test_a_sale_inside_the_book_was_never_made(self) -> None:
        """What the buyer earned and received since was the seller's; compared with a loan that was never sold."""
        sold, kept = lent(name="1"), lent(name="2")
        end_of("2026-03-06")
        sell(sold, price=6_000_000, on="2026-03-07")
        for loan_id in (sold, kept):
            record_repayment(loan_id, 900_000, on=date(2026, 3, 7), key=f"p-{loan_id}", now=NOW)
        end_of("2026-03-25")
        event = models.Event.objects.get(kind="transfer")
        undone = say(sold, "reverse", "2026-03-26", ref=event.id)
        assert undone.state == queries.loan(kept).state
        assert of("inst_b") == {}
        assert book.shares(sold) == [("inst_a", 1, 1)]
        assert queries.live_book()["inst_a"]["loans"] == 2
        end_of("2026-04-20")
        assert queries.verify() == []
        assert of("inst_b") == {}
        assert _journal_sums(sold) == _journal_sums(kept)
        whole = of("inst_a")
        assert "transfer_result" not in whole
        assert whole["loan_principal"] == 2 * queries.loan(kept).outstanding_minor

    def test_is_refused_when_the_part_was_sold_on(self) -> None:
        loan_id = lent(policy=None)
        end_of("2026-02-01")
        sell(loan_id, price=9_000_000, on="2026-02-02")
        event = models.Event.objects.get(kind="transfer")
        transfer_loans(Sale((loan_id,), "inst_b", "inst_c", 9_000_000, date(2026, 2, 2)), key="on", now=NOW)
        with pytest.raises(Refused, match="PARTS_NOT_SEPARABLE"):
            say(loan_id, "reverse", "2026-02-02", ref=event.id)
        assert book.shares(loan_id) == [("inst_c", 1, 1)]


class TestRefusals:
    def test_nothing_moves(self) -> None:
        loan_id, other = disbursed(name="1"), disbursed(name="2", institution_id="inst_c")
        shared = lent(policy=None, name="3", funders=(("inst_a", 1), ("inst_c", 1)))
        end_of("2026-01-20")
        day = "2026-01-21"
        assert sale_refused(loan_id, price=1, on="2026-01-20") == "NOT_THE_BUSINESS_DATE"
        assert sale_refused(loan_id, price=1, on="2026-01-22") == "NOT_THE_BUSINESS_DATE"
        assert sale_refused(loan_id, loan_id, price=1, on=day) == "LOANS_WRONG"
        assert sale_refused(price=1, on=day) == "LOANS_WRONG"
        assert sale_refused(loan_id, price=-1, on=day) == "PRICE_WRONG"
        assert sale_refused(loan_id, to="inst_a", price=1, on=day) == "BUYER_WRONG"
        assert sale_refused(loan_id, to="outside", price=1, on=day) == "BUYER_WRONG"
        assert sale_refused(loan_id, other, price=1, on=day) == "SELLER_HOLDS_NOTHING"
        assert sale_refused(shared, to="outside", buyer_name="x", price=1, on=day) == "SHARED_LOAN"
        assert sale_refused("loan_none", price=1, on=day) == "LOAN_UNKNOWN"
        told = date(2026, 1, 22)
        assert sale_refused(loan_id, price=1, on=day, notified_on=told) == "DATES_OUT_OF_ORDER"
        say(loan_id, "payoff", day)
        assert sale_refused(loan_id, price=1, on=day) == "MOVE_NOT_ALLOWED"

    def test_one_key_means_one_sale(self) -> None:
        loan_id = disbursed()
        first = sell(loan_id, price=9_900_000, on="2026-01-15", key="k")
        assert sell(loan_id, price=9_900_000, on="2026-01-15", key="k") == first
        assert sale_refused(loan_id, price=9_900_001, on="2026-01-15", key="k") == "DUPLICATE_KEY_OTHER_CONTENT"


class TestTheNotice:
    def test_is_recorded_with_the_sale_or_later(self) -> None:
        loan_id = disbursed()
        end_of("2026-01-20")
        sell(loan_id, price=9_900_000, on="2026-01-21")
        event = models.Event.objects.get(kind="transfer")
        end_of("2026-01-25")
        with pytest.raises(Refused, match="NOTICE_OF_NOTHING"):
            say(loan_id, "notify_transfer", "2026-01-26", ref="event_none")
        with pytest.raises(Refused, match="DATES_OUT_OF_ORDER"):
            say(loan_id, "notify_transfer", "2026-01-20", ref=event.id)
        before = balances()
        say(loan_id, "notify_transfer", "2026-01-26", ref=event.id, how="挂号信 RR123")
        assert balances() == before


def _journal_sums(loan_id: str) -> dict[str, int]:
    """Balances of one loan over all institutions, those of provisions left out (they are posted in sums)."""
    total: dict[str, int] = {}
    for (_, _, account), minor in loan_ledger.balances([loan_id]).items():
        total[account] = total.get(account, 0) + minor
    skipped = ("loan_loss_provision", "impairment_loss")
    return {account: minor for account, minor in total.items() if minor and account not in skipped}
