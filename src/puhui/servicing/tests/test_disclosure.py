"""The cost disclosure form and the gates before the contract."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from puhui.kernel.refusal import Refused
from puhui.servicing import models, queries
from puhui.servicing.core.disclosure import STATEMENT, ContingentItem, draw_up
from puhui.servicing.operations.book_loan import Booking, book_loan
from puhui.servicing.operations.confirm_disclosure import Reading, confirm_disclosure
from puhui.servicing.operations.disclose import disclose
from puhui.servicing.operations.open_books import open_books
from puhui.servicing.tests.bookings import FIRST_DAY, NOW, ONE_MINUTE, TERMS, confirmed_form, request_for

READ = Reading(shown_at=NOW - ONE_MINUTE, scrolled_to_end=True)


class TestForm:
    def test_lists_items_totals_and_the_statement(self) -> None:
        form = draw_up(TERMS, payee="示例银行（虚构）")
        assert [(item.amount_minor, item.payee) for item in form.items] == [(661_853, "示例银行（虚构）")]
        assert (form.total_cost_minor, form.total_repaid_minor) == (661_853, 10_661_853)
        assert (form.apr_simple, form.apr_compound) == (Decimal("0.120000"), Decimal("0.126825"))
        assert form.instalments[0] == (1, "2026-02-15", 888_488)
        assert form.statement == STATEMENT

    def test_a_broken_first_period_is_costed_by_days(self) -> None:
        form = draw_up(replace(TERMS, first_due_on=FIRST_DAY + timedelta(days=45)), payee="示例银行（虚构）")
        assert Decimal("0.115") < form.apr_simple < Decimal("0.121")

    @pytest.mark.parametrize(
        "change", [{"payee": "另一家（虚构）"}, {"overdue_items": (ContingentItem("逾期罚息", "1.5 倍", "x"),)}]
    )
    def test_any_change_changes_the_hash(self, change: dict[str, Any]) -> None:
        plain: dict[str, Any] = {"payee": "示例银行（虚构）"}
        assert draw_up(TERMS, **plain).disclosure_hash == draw_up(TERMS, **plain).disclosure_hash
        assert draw_up(TERMS, **(plain | change)).disclosure_hash != draw_up(TERMS, **plain).disclosure_hash


@pytest.mark.django_db
class TestGates:
    def refused(self, work: Any) -> str:
        counted = [model.objects.count() for model in (models.Disclosure, models.Loan, models.Request)]
        with pytest.raises(Refused) as refused:
            work()
        assert [model.objects.count() for model in (models.Disclosure, models.Loan, models.Request)] == counted
        return refused.value.refusal.code

    def test_a_cost_above_the_cap_never_becomes_a_form(self) -> None:
        dear = request_for(replace(TERMS, annual_rate=Decimal("0.245")))
        assert self.refused(lambda: disclose(dear, key="k", now=NOW)) == "ABOVE_CAP"

    def test_each_lender_type_has_its_own_cap(self) -> None:
        request = request_for(replace(TERMS, annual_rate=Decimal("0.21")))
        assert self.refused(lambda: disclose(replace(request, lender_type="cfc"), key="k", now=NOW)) == "ABOVE_CAP"
        assert disclose(request, key="k", now=NOW).cap == "0.24"

    def test_a_day_without_a_rule_is_no_permission(self) -> None:
        old = request_for(replace(TERMS, disbursed_on=FIRST_DAY.replace(year=2010)))
        assert self.refused(lambda: disclose(old, key="k", now=NOW)) == "CAP_RULE_ABSENT"

    def test_the_compound_rate_above_the_cap_is_a_warning(self) -> None:
        form = disclose(request_for(replace(TERMS, annual_rate=Decimal("0.235"))), key="k", now=NOW)
        assert form.above_cap_compound

    def test_bad_terms_are_refused_first(self) -> None:
        bad = request_for(replace(TERMS, principal_minor=-1))
        assert self.refused(lambda: disclose(bad, key="k", now=NOW)) == "PRINCIPAL_NOT_POSITIVE"

    def test_another_hash_cannot_be_confirmed(self) -> None:
        form = disclose(request_for(), key="k", now=NOW)
        wrong: dict[str, Any] = {"sha256": "0" * 64, "reading": READ, "key": "c", "now": NOW}
        assert self.refused(lambda: confirm_disclosure(form.disclosure_id, **wrong)) == "DISCLOSURE_DIFFERS"
        assert self.refused(lambda: confirm_disclosure("disc_none", **wrong)) == "DISCLOSURE_UNKNOWN"

    @pytest.mark.parametrize("reading", [replace(READ, scrolled_to_end=False), replace(READ, shown_at=NOW)])
    def test_it_must_be_read(self, reading: Reading) -> None:
        form = disclose(request_for(), key="k", now=NOW)
        asked: dict[str, Any] = {"sha256": form.sha256, "reading": reading, "key": "c", "now": NOW}
        assert self.refused(lambda: confirm_disclosure(form.disclosure_id, **asked)) == "READING_TOO_SHORT"
        assert queries.disclosure(form.disclosure_id)["confirmed_at"] is None  # type: ignore[index]

    def test_is_confirmed_once(self) -> None:
        form = confirmed_form()
        again: dict[str, Any] = {"sha256": form.sha256, "reading": READ, "key": "other", "now": NOW}
        assert self.refused(lambda: confirm_disclosure(form.disclosure_id, **again)) == "DISCLOSURE_CONFIRMED"
        assert queries.disclosure(form.disclosure_id)["confirmed_at"] == NOW  # type: ignore[index]
        assert queries.disclosure("disc_none") is None

    def test_no_contract_without_a_confirmed_form(self) -> None:
        open_books(FIRST_DAY, now=NOW)
        form = disclose(request_for(), key="k", now=NOW)
        booking = Booking(form.disclosure_id, TERMS)
        assert self.refused(lambda: book_loan(booking, key="b", now=NOW)) == "DISCLOSURE_NOT_CONFIRMED"
        nowhere = Booking("disc_none", TERMS)
        assert self.refused(lambda: book_loan(nowhere, key="b", now=NOW)) == "DISCLOSURE_UNKNOWN"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"annual_rate": Decimal("0.11")}, "DISCLOSURE_DIFFERS"),
            ({"principal_minor": 0}, "PRINCIPAL_NOT_POSITIVE"),
        ],
    )
    def test_no_contract_on_other_terms(self, change: dict[str, Any], code: str) -> None:
        open_books(FIRST_DAY, now=NOW)
        booking = Booking(confirmed_form().disclosure_id, replace(TERMS, **change))
        assert self.refused(lambda: book_loan(booking, key="b", now=NOW)) == code

    def test_no_contract_before_the_books_are_open_or_in_the_past(self) -> None:
        booking = Booking(confirmed_form().disclosure_id, TERMS)
        assert self.refused(lambda: book_loan(booking, key="b", now=NOW)) == "BOOKS_NOT_OPEN"
        open_books(FIRST_DAY + timedelta(days=1), now=NOW)
        assert self.refused(lambda: book_loan(booking, key="b", now=NOW)) == "DATES_OUT_OF_ORDER"

    def test_an_unknown_waterfall_and_a_second_loan_are_refused(self) -> None:
        open_books(FIRST_DAY, now=NOW)
        booking = Booking(confirmed_form().disclosure_id, TERMS)
        other = replace(booking, waterfall="mine-first")
        assert self.refused(lambda: book_loan(other, key="b", now=NOW)) == "WATERFALL_UNKNOWN"
        book_loan(booking, key="b", now=NOW)
        assert self.refused(lambda: book_loan(booking, key="b2", now=NOW)) == "OFFER_ALREADY_BOOKED"
