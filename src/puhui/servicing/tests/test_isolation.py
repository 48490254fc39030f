"""What PostgreSQL itself enforces, tried with raw SQL around the ORM."""

import threading
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction

from puhui.kernel.refusal import Refused
from puhui.servicing import models, queries
from puhui.servicing.operations.choose_provision import Choice, choose_provision
from puhui.servicing.operations.close_day import STAGES, close_day, close_through
from puhui.servicing.operations.record_repayment import record_repayment
from puhui.servicing.operations.transfer_loans import Sale, transfer_loans
from puhui.servicing.tests.bookings import FIRST_DAY, NOW, disbursed
from puhui.store import tenancy

TENANT_TABLES = (
    "servicing_disclosure",
    "servicing_disclosure_confirmation",
    "servicing_loan",
    "servicing_instalment",
    "servicing_entry",
    "servicing_posting",
    "servicing_move",
    "servicing_request",
    "servicing_day_run",
    "servicing_day_part",
    "servicing_event",
    "servicing_provision_choice",
)


def two_institutions() -> tuple[str, str]:
    ours = disbursed(name="1", institution_id="inst_a")
    theirs = disbursed(name="2", institution_id="inst_b")
    for name in ("inst_a", "inst_b"):
        choose_provision(Choice(name, "class", FIRST_DAY, "board decision"), key="choice", now=NOW)
    close_day(now=NOW)
    return ours, theirs


class TestTenants:
    @pytest.mark.parametrize("table", TENANT_TABLES)
    def test_an_institution_sees_only_its_own_rows(self, fresh_database: Any, table: str) -> None:
        two_institutions()
        with psycopg.connect(fresh_database.app, autocommit=True) as link:
            assert _count(link, table) == 0, "no tenant, no rows"
            link.execute("SET puhui.tenant = 'inst_a'")
            assert _count(link, f"{table} WHERE institution_id <> 'inst_a'") == 0
            assert _count(link, table) > 0
            link.execute("SET puhui.tenant = 'inst_nobody'")
            assert _count(link, table) == 0

    def test_an_institution_cannot_write_into_anothers_books(self, fresh_database: Any) -> None:
        two_institutions()
        with psycopg.connect(fresh_database.app, autocommit=True) as link:
            link.execute("SET puhui.tenant = 'inst_a'")
            assert (
                link.execute("UPDATE servicing_loan SET credit_minor = 0 WHERE institution_id = 'inst_b'").rowcount == 0
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                link.execute(
                    "INSERT INTO servicing_move (loan_id, institution_id, from_state, verb, to_state, effective_date,"
                    " recorded_at, reason) SELECT id, 'inst_b', 'x', 'x', 'x', '2026-01-15', now(), '' FROM servicing_loan"
                )

    def test_the_front_door_shows_an_institution_its_own_book(self, fresh_database: Any) -> None:
        ours, theirs = two_institutions()
        with tenancy.scope("inst_a"):
            assert [view.loan_id for view in queries.loans().loans] == [ours]
            with pytest.raises(queries.LoanNotFound):
                queries.loan(theirs)
            summary = queries.book_summary()
            assert summary is not None
            assert summary.by_institution == {"inst_a": 10_000_000}
            with pytest.raises(Refused, match="LOAN_UNKNOWN"):
                record_repayment(theirs, 5, on=FIRST_DAY + timedelta(days=1), key="x", now=NOW)


class TestASale:
    def test_the_seller_up_to_the_sale_the_buyer_the_loan_from_then_on(self, fresh_database: Any) -> None:
        loan_id = disbursed()
        close_through(date(2026, 2, 14), now=NOW)
        record_repayment(loan_id, 888_488, on=date(2026, 2, 15), key="before", now=NOW)
        sale = Sale((loan_id,), "inst_a", "inst_b", 9_000_000, date(2026, 2, 15))
        transfer_loans(sale, key="sale", now=NOW)
        record_repayment(loan_id, 10_000, on=date(2026, 2, 15), key="after", now=NOW)
        close_day(now=NOW, day=date(2026, 2, 15))
        with tenancy.scope("inst_a"):
            with pytest.raises(queries.LoanNotFound):
                queries.loan(loan_id)
            assert not models.Instalment.objects.exists()
            kinds = list(models.Event.objects.order_by("sequence").values_list("kind", flat=True))
            assert kinds == ["disburse", "repay", "transfer"]
            assert not models.Request.objects.filter(idempotency_key="after").exists()
            assert models.Posting.objects.filter(entry__kind="transfer").exists()
            assert not models.Posting.objects.filter(institution_id="inst_b").exists()
        with tenancy.scope("inst_b"):
            assert queries.loan(loan_id).outstanding_minor == 9_211_512
            assert len(queries.schedule(loan_id)) == 12
            kinds = list(models.Event.objects.order_by("sequence").values_list("kind", flat=True))
            assert kinds == ["disburse", "repay", "transfer", "repay"]  # the claim with its history
            assert not models.Posting.objects.filter(
                institution_id="inst_a"
            ).exists()  # and nothing of the seller's books
            assert queries.disclosure(queries.loan(loan_id).disclosure_id) is not None
        with tenancy.scope("inst_nobody"):
            assert not models.Event.objects.exists()


class TestFacts:
    @pytest.mark.parametrize(
        "change", ["UPDATE servicing_posting SET amount_minor = 1", "DELETE FROM servicing_posting"]
    )
    @pytest.mark.parametrize("role", ["app", "owner"])
    def test_a_posting_is_never_edited_not_even_by_the_owner(self, fresh_database: Any, role: str, change: str) -> None:
        two_institutions()
        with psycopg.connect(getattr(fresh_database, role), autocommit=True) as link:
            link.execute("SET puhui.tenant = 'platform'")
            with pytest.raises((psycopg.errors.RestrictViolation, psycopg.errors.InsufficientPrivilege)):
                link.execute(change)
        assert queries.verify() == []

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE servicing_loan SET annual_rate = 0.01",
            "UPDATE servicing_loan SET institution_id = 'inst_a'",
            "UPDATE servicing_loan SET policy = '{}'",
            "DELETE FROM servicing_loan",
            "TRUNCATE servicing_instalment CASCADE",
        ],
    )
    def test_agreed_terms_are_fixed(self, fresh_database: Any, change: str) -> None:
        two_institutions()
        with (
            psycopg.connect(fresh_database.owner, autocommit=True) as link,
            pytest.raises(psycopg.errors.RestrictViolation, match="fixed"),
        ):
            link.execute(change)

    def test_a_posting_must_move_a_positive_amount_between_two_accounts(self, fresh_database: Any) -> None:
        loan_id, _ = two_institutions()
        entry = models.Entry.objects.filter(loan_id=loan_id).get()
        for debit, credit, minor in (("cash", "cash", 1), ("cash", "loan_principal", 0), ("cash", "gold", 1)):
            with pytest.raises(Exception, match="violates check constraint"), transaction.atomic():
                models.Posting.objects.create(
                    entry=entry, institution_id="inst_a", loan_id=loan_id, business_date=FIRST_DAY,
                    debit=debit, credit=credit, amount_minor=minor,
                )  # fmt: skip


class TestPaymentsDuringTheRun:
    def test_a_payment_belongs_to_exactly_one_day(self, fresh_database: Any) -> None:
        """The payment asks for the day that is being closed: it is told to use the next one."""
        loan_id = disbursed()
        answers: list[str] = []
        started = threading.Event()

        def pay() -> None:
            try:
                with tenancy.scope(tenancy.PLATFORM):
                    started.set()
                    record_repayment(loan_id, 5, on=FIRST_DAY, key="p", now=NOW)
            except Refused as refused:
                answers.append(refused.refusal.code)
            finally:
                connections.close_all()

        payer = threading.Thread(target=pay)

        def while_running(stage: str, done: int, total: int) -> None:
            if stage == STAGES[0]:
                payer.start()
                assert started.wait(10)

        close_day(now=NOW, progress=while_running)
        payer.join(20)
        assert answers == ["NOT_THE_BUSINESS_DATE"]
        record_repayment(loan_id, 5, on=FIRST_DAY + timedelta(days=1), key="p", now=NOW)
        assert queries.verify() == []

    def test_two_requests_under_one_key_are_one_payment(self, fresh_database: Any) -> None:
        loan_id = disbursed()
        receipts: list[Any] = []

        def pay() -> None:
            try:
                with tenancy.scope(tenancy.PLATFORM):
                    receipts.append(record_repayment(loan_id, 5, on=FIRST_DAY, key="p", now=NOW))
            finally:
                connections.close_all()

        payers = [threading.Thread(target=pay) for _ in range(4)]
        for payer in payers:
            payer.start()
        for payer in payers:
            payer.join(20)
        assert len(receipts) == 4
        assert len(set(receipts)) == 1
        assert queries.loan(loan_id).received_minor == 5


def _count(link: Any, table: str) -> int:
    return int(link.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
