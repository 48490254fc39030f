"""The loan book in a real browser: a loan with its what-if, a preview and a reversal; the book by date; the owner's quote and papers."""

import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from puhui.parties import queries as parties
from puhui.servicing import operations, queries, what_if
from puhui.servicing.views import LoanView
from puhui.simulate.owners import invented_owner
from puhui.web import clock
from tests.browser import accessibility
from tests.browser.conftest import PHONE, wait_for_text
from tests.browser.test_console import log_in
from tests.browser.town import Town

pytestmark = pytest.mark.browser


def lived(town: Town) -> tuple[LoanView, LoanView]:
    """Forty days on: one loan that paid its first instalment, and one that never paid."""
    loans = [loan for loan in queries.loans().loans if loan.institution_id == town.institution_id]
    paying, late = loans[0], loans[1]
    due = queries.schedule(paying.loan_id)[0]
    operations.close_through(due.due_on - timedelta(days=1), now=clock.now())
    operations.record_repayment(paying.loan_id, due.due_minor, on=due.due_on, key="first", now=clock.now())
    operations.close_through(due.due_on + timedelta(days=9), now=clock.now())
    return queries.loan(paying.loan_id), queries.loan(late.loan_id)


def today() -> date:
    day = queries.business_date()
    assert day is not None
    return day


def yuan(minor: int) -> str:
    return f"¥{minor / 100:,.2f}"


def downloaded(page: Any, link: str) -> str:
    """The text of the PDF behind a link, saved as a visitor would."""
    with page.expect_download() as saving:
        page.get_by_role("link", name=link).first.click()
    content = Path(saving.value.path()).read_bytes()
    return "\n".join(each.extract_text() for each in PdfReader(io.BytesIO(content)).pages)


class TestTheConsole:
    def test_works_out_a_payoff_previews_a_payment_and_undoes_it(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None]
    ) -> None:
        paying, late = lived(town)
        page = open_page()
        log_in(page, "he.operator")
        self._payoff(page, paying)
        page.evaluate("scrollTo(0, 0)")
        shoot(page, "loan", readme=True)
        shoot(page, "loan-whole", full=True)
        self._accruals(page)
        accessibility.check(page)
        self._payment(page, late, shoot)
        self._reversal(page, late, shoot)
        page.goto(f"/loans/{late.loan_id}/events/refund/")
        page.get_by_label("金额（元）").fill("1")
        page.get_by_label("原因或凭证号").fill("退款申请 7")
        page.get_by_role("button", name="先看变化").click()
        assert "不能这样记" in page.locator(".notice.error").inner_text()
        page.goto(f"/loans/{paying.loan_id}/")
        assert paying.loan_id in downloaded(page, "对账单 PDF")

    @staticmethod
    def _payoff(page: Any, loan: LoanView) -> None:
        page.goto(f"/loans/{loan.loan_id}/")
        page.wait_for_selector("[data-chart].drawn canvas")
        on = today() + timedelta(days=10)
        with page.expect_response("**/payoff/**"):
            page.get_by_label("结清日").fill(on.isoformat())
        expected = what_if.payoff(loan.loan_id, on=on)
        wait_for_text(page.locator("[data-payoff]"), lambda text: text == yuan(expected.total_minor))
        assert page.locator("[data-saved]").inner_text() == yuan(expected.saved_minor)

    @staticmethod
    def _accruals(page: Any) -> None:
        page.get_by_role("link", name="查看每日计息").click()
        page.locator("#accruals tbody tr").first.wait_for()
        assert page.locator("#accruals tbody tr").count() == 38

    @staticmethod
    def _payment(page: Any, loan: LoanView, shoot: Callable[..., None]) -> None:
        due = queries.schedule(loan.loan_id)[0]
        page.goto(f"/loans/{loan.loan_id}/")
        page.get_by_role("link", name="登记还款").click()
        page.get_by_label("金额（元）").fill(f"{due.due_minor / 100:.2f}")
        page.get_by_label("哪一天发生的").fill(due.due_on.isoformat())
        page.get_by_label("原因或凭证号").fill("柜面现金 001")
        page.get_by_role("button", name="先看变化").click()
        page.get_by_role("button", name="确认入账").wait_for()
        assert page.locator(".compare tr.changed", has_text="到期未还").inner_text().split() == [
            "到期未还", yuan(due.due_minor), "¥0.00", f"−{yuan(due.due_minor)}",
        ]  # fmt: skip
        shoot(page, "loan-preview", full=True)
        accessibility.check(page)
        assert queries.loan(loan.loan_id).outstanding_minor == loan.outstanding_minor
        page.get_by_role("button", name="确认入账").click()
        page.get_by_text("已入账：登记还款").wait_for()
        assert queries.loan(loan.loan_id).outstanding_minor == loan.outstanding_minor - due.principal_minor
        assert page.locator("tr", has_text="柜面现金 001").get_by_text("补记").is_visible()

    @staticmethod
    def _reversal(page: Any, loan: LoanView, shoot: Callable[..., None]) -> None:
        page.locator("tr", has_text="柜面现金 001").get_by_role("link", name="冲正").click()
        page.get_by_label("原因或凭证号").fill("记错了人")
        page.get_by_role("button", name="先看变化").click()
        page.get_by_role("button", name="确认入账").click()
        page.get_by_text("已入账：冲正").wait_for()
        assert queries.loan(loan.loan_id).outstanding_minor == loan.outstanding_minor
        struck = page.locator("tr.undone", has_text="柜面现金 001")
        assert (
            struck.locator("td").first.evaluate("cell => getComputedStyle(cell).textDecorationLine") == "line-through"
        )
        assert queries.verify() == []
        shoot(page, "loan-reversed", full=True)

    def test_shows_the_book_of_any_date_and_downloads_it(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None]
    ) -> None:
        _paying, late = lived(town)
        page = open_page()
        log_in(page, "lin.analyst")
        page.get_by_role("link", name="账簿").click()
        page.wait_for_selector("[data-chart].drawn canvas")
        summary = queries.book_summary()
        assert summary is not None
        assert page.locator("[data-outstanding]").inner_text() == yuan(summary.outstanding_minor)
        shoot(page, "book", readme=True)
        shoot(page, "book-whole", full=True)
        accessibility.check(page)
        with page.expect_download() as saving:
            page.get_by_role("link", name="下载 CSV").first.click()
        assert f"{summary.outstanding_minor / 100:.2f}" in Path(saving.value.path()).read_text(encoding="utf-8-sig")
        page.get_by_role("link", name="←").click()
        assert f"{summary.as_of - timedelta(days=1):%Y-%m-%d}" in page.locator(".head").inner_text()
        page.goto("/closing/")
        shoot(page, "closing", full=True)
        accessibility.check(page)
        dark = open_page(PHONE, language="en", dark=True)
        log_in(dark, "he.operator")
        for place, name in ((f"/loans/{late.loan_id}/", "loan"), ("/book/", "book"), ("/closing/", "closing")):
            dark.goto(place)
            shoot(dark, f"{name}-phone-en-dark", full=True)
            accessibility.check(dark)


class TestTheOwner:
    def test_reads_the_plan_works_out_an_early_payoff_and_keeps_the_papers(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None], work: Callable[[], None]
    ) -> None:
        loan, _late = lived(town)
        page = open_page(PHONE)
        enter_as_owner(page, loan, work)
        page.goto(f"/m/loans/{loan.loan_id}/")
        shoot(page, "owner-plan-and-papers", readme=True)
        shoot(page, "owner-loan", full=True)
        accessibility.check(page, smallest_text=18)
        assert "须经律师审查" in downloaded(page, "下载借款合同（PDF）")
        assert "还款回单" in downloaded(page, "下载收据（PDF）")
        page.get_by_role("link", name="想提前还？算一算").click()
        on = today() + timedelta(days=3)
        page.get_by_label("哪一天还").fill(on.isoformat())
        page.get_by_role("button", name="算一算").click()
        page.wait_for_url("**on=**")
        expected = what_if.payoff(loan.loan_id, on=on)
        assert page.locator("[data-payoff]").inner_text() == yuan(expected.total_minor)
        assert page.get_by_text("比慢慢还少付利息").inner_text().endswith(yuan(expected.saved_minor))
        page.get_by_label("今天多还多少（元）").fill("300000")
        page.get_by_role("button", name="看看有什么变化").click()
        assert page.locator("[data-way]").count() == 2
        shoot(page, "owner-early", full=True)
        accessibility.check(page, smallest_text=18)
        home = "/".join(page.url.split("/")[:3])
        page.context.add_cookies([{"name": "django_language", "value": "en", "url": home}])
        page.emulate_media(color_scheme="dark")
        for place, name in (("", "owner-loan"), ("early/?yuan=300000", "owner-early")):
            page.goto(f"/m/loans/{loan.loan_id}/{place}")
            shoot(page, f"{name}-en-dark", full=True)
            accessibility.check(page, smallest_text=18)


def enter_as_owner(page: Any, loan: LoanView, work: Callable[[], None]) -> None:
    """Through the text message, as the owner of this loan."""
    shop = parties.shop(loan.shop_id)
    assert shop is not None
    page.goto("/m/login/")
    page.locator("input[type=tel]").fill(invented_owner(shop.evidence_code, seed=1).phone)
    page.locator("main form button").click()
    page.wait_for_url("**/login/code/")
    work()
    with page.expect_navigation():
        page.locator("a[href*=sandbox]").click()
    found = re.search(r"(?<!\d)(\d{6})(?!\d)", page.locator("main").inner_text())
    assert found is not None
    page.go_back()
    page.locator("input[name=code]").fill(found.group(1))
    page.locator("main form button").first.click()
    page.wait_for_url("**/m/")
