"""The loan book in a real browser: a loan with its what-if, a preview and a reversal; the book by date; the end of day as a job."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from puhui.parties import queries as parties
from puhui.servicing import operations, queries
from puhui.servicing.views import LoanView
from puhui.simulate.owners import invented_owner
from puhui.web import clock
from tests.browser import accessibility
from tests.browser.conftest import PHONE
from tests.browser.test_console import log_in
from tests.browser.town import Town

pytestmark = pytest.mark.browser


def lived(town: Town) -> tuple[LoanView, LoanView]:
    """Forty days on: one loan that pays on time, one that never did."""
    loans = [loan for loan in queries.loans().loans if loan.institution_id == town.institution_id]
    paying, late = loans[0], loans[1]
    due = queries.schedule(paying.loan_id)[0]
    operations.close_through(due.due_on - timedelta(days=1), now=clock.now())
    operations.record_repayment(paying.loan_id, due.due_minor, on=due.due_on, key="first", now=clock.now())
    operations.close_through(due.due_on + timedelta(days=9), now=clock.now())
    return queries.loan(paying.loan_id), queries.loan(late.loan_id)


class TestALoan:
    def test_shows_where_it_stands_and_what_an_early_payoff_would_cost(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., Path]
    ) -> None:
        paying, late = lived(town)
        page = open_page()
        log_in(page, "he.operator")
        page.goto(f"/loans/{paying.loan_id}/")
        page.wait_for_selector("[data-chart].drawn canvas")
        shoot(page, "loan", full=True)
        accessibility.check(page)
        today = page.locator("[data-payoff]").inner_text()
        with page.expect_response("**/payoff/**"):
            page.get_by_label("结清日").fill((queries.business_date() + timedelta(days=10)).isoformat())  # type: ignore[operator]
        page.wait_for_function(f"document.querySelector('[data-payoff]').innerText !== '{today}'")
        page.get_by_role("link", name="查看每日计息").click()
        page.locator("#accruals tbody tr").first.wait_for()
        assert page.locator("#accruals tbody tr").count() == 40 or page.locator("#accruals tbody tr").count() > 30
        page.goto(f"/loans/{late.loan_id}/")
        page.wait_for_selector("[data-chart].drawn canvas")
        shoot(page, "loan-late", full=True)
        page.goto(f"/loans/{paying.loan_id}/events/repay/")
        page.get_by_label("金额（元）").fill("5000")
        page.get_by_label("原因或凭证号").fill("柜面现金 001")
        page.get_by_role("button", name="先看变化").click()
        page.get_by_role("button", name="确认入账").wait_for()
        shoot(page, "loan-preview", full=True)
        accessibility.check(page)
        page.goto("/book/")
        page.wait_for_selector("[data-chart].drawn canvas")
        shoot(page, "book", full=True)
        accessibility.check(page)
        page.goto("/closing/")
        shoot(page, "closing", full=True)
        accessibility.check(page)
        dark = open_page(PHONE, language="en", dark=True)
        log_in(dark, "he.operator")
        for place, name in (
            (f"/loans/{late.loan_id}/", "loan-phone"),
            ("/book/", "book-phone"),
            ("/closing/", "closing-phone"),
        ):
            dark.goto(place)
            shoot(dark, name + "-en-dark", full=True)
            accessibility.check(dark)


class TestTheOwner:
    def test_reads_the_plan_and_works_out_an_early_payoff(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., Path], work: Callable[[], None]
    ) -> None:
        paying, _late = lived(town)
        page = open_page(PHONE)
        enter_as_owner(page, paying, work)
        page.goto(f"/m/loans/{paying.loan_id}/")
        shoot(page, "owner-loan", full=True)
        accessibility.check(page, smallest_text=18)
        page.get_by_role("link", name="想提前还？算一算").click()
        page.get_by_label("今天多还多少（元）").fill("300000")
        page.get_by_role("button", name="看看有什么变化").click()
        shoot(page, "owner-early", full=True)
        accessibility.check(page, smallest_text=18)
        page.context.add_cookies([{"name": "django_language", "value": "en", "url": "/".join(page.url.split("/")[:3])}])
        page.emulate_media(color_scheme="dark")
        page.goto(f"/m/loans/{paying.loan_id}/")
        shoot(page, "owner-loan-en-dark", full=True)
        accessibility.check(page, smallest_text=18)
        page.goto(f"/m/loans/{paying.loan_id}/early/?yuan=300000")
        shoot(page, "owner-early-en-dark", full=True)
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
    page.locator("#id_code, input[name=code]").first.fill(found.group(1))
    page.locator("main form button").first.click()
    page.wait_for_url("**/m/")
