"""Guarantors, sales and provisions on the console: previews that move nothing, records made once, tables of the book that add up."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from puhui.funding import models as funding
from puhui.servicing import book, models, operations, queries, what_if
from puhui.servicing.tests.bookings import NOW
from tests.web import test_loan_book as pages
from tests.web.test_loan_book import FIRST_DUE, filled, staff, text

months_book = pages.months_book


@pytest.fixture
def loan(months_book: tuple[str, str], django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """The loan of those tests, with two institutions that have names."""
    for loan_id in pages.loan.__wrapped__(months_book, django_db_blocker):  # type: ignore[attr-defined]
        for name in ("inst_a", "inst_b"):
            funding.Institution.objects.create(
                id=name, code=name, name=f"机构 {name}", name_en=name, lender_type="bank", sample=True, recorded_at=NOW
            )
        yield loan_id


def sale(loan_id: str, **changes: str) -> dict[str, str]:
    given = {"loan_ids": loan_id, "seller": "inst_a", "buyer": "inst_b", "price": "90000", "reason": "资产包 2026-1"}
    return given | {"buyer_name": "", "notified_on": "", "step": "preview"} | changes


class TestASale:
    def test_is_shown_with_its_result_and_recorded_once(self, loan: str) -> None:
        client, before = staff("operator"), pages.book_now()
        assert client.get(f"/loans/sale/?loan={loan}").context["form"].initial["seller"] == "inst_a"
        page = client.post("/loans/sale/", sale(loan))
        # 100,000.00 and January's 1,000.00 at par, 1,500.00 set aside, 90,000.00 paid: a loss of 9,500.00
        assert list(page.context["table"].rows) == [(loan, 10_100_000, 150_000, 9_000_000, -950_000)]
        assert pages.book_now() == before
        confirmed = sale(loan, step="confirm", key=page.context["key"])
        for _twice in range(2):
            assert client.post("/loans/sale/", confirmed).status_code == 302
        assert book.shares(loan) == [("inst_b", 1, 1)]
        assert models.Event.objects.filter(kind="transfer").count() == 1
        shown = text(client.get(f"/loans/{loan}/"))
        assert "机构 inst_b" in shown
        assert "登记通知" in shown
        fact = what_if.facts(loan)[0]
        notice = filled(fact=fact.id, how="挂号信 RR123456", step="confirm", key="n")
        assert client.post(f"/loans/{loan}/events/notify_transfer/", notice).status_code == 302
        assert what_if.facts(loan)[0].kind == "notify_transfer"
        assert queries.verify() == []

    def test_that_cannot_be_is_refused_in_words(self, loan: str) -> None:
        client, before = staff("operator"), pages.book_now()
        page = client.post("/loans/sale/", sale(loan, seller="inst_b", buyer="inst_a", step="confirm", key="k"))
        assert page.status_code == 409
        assert "转让方未持有该贷款" in text(page)
        assert client.post("/loans/sale/", sale(loan, price="x")).status_code == 422
        assert staff("analyst").get("/loans/sale/").status_code == 403
        assert pages.book_now() == before


class TestAGuarantor:
    def test_pays_what_is_due_and_recovers_it(self, loan: str) -> None:
        client = staff("operator")
        paid = filled(amount="8884.88", guarantor="inst_b", how_much="", step="confirm", key="c")
        assert client.post(f"/loans/{loan}/events/compensate/", paid).status_code == 302
        assert "8,884.88" in text(client.get(f"/loans/{loan}/"))
        assert what_if.told(loan, as_of=FIRST_DUE).claims == {"inst_b": 888_488}
        back = client.post(f"/loans/{loan}/events/recover/", filled(amount="1000"))
        assert dict(back.context["by_head"]) == {"claim": 100_000}
        assert queries.verify() == []


class TestTheBooksPage:
    def test_says_what_moved_the_provisions(self, loan: str) -> None:
        operations.close_through(FIRST_DUE + timedelta(days=1), now=NOW)
        client = staff("analyst")
        page: Any = client.get("/book/")
        moves = page.context["tables"]["provision-moves"].rows
        assert [list(row)[1:] for row in moves] == [[150_000, 150_000, 0, 0, 0, 300_000]]
        by_class = {row[0]: row[1:] for row in page.context["tables"]["provisions-by-class"].rows}
        assert by_class["关注"] == (10_000_000, 300_000, "3.00%")
        lines = client.get("/book/provision-moves.csv").content.decode("utf-8-sig").splitlines()
        assert lines[1].endswith("1500.00,1500.00,0.00,0.00,0.00,3000.00")
