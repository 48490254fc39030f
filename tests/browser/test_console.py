"""The console in a real browser: log-in, a firm, the budget slider, loans, the keyboard alone."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import accessibility
from tests.browser.conftest import DESK, PHONE, wait_for_text
from tests.browser.town import PASSWORD, Town, one_time_password

pytestmark = pytest.mark.browser


def log_in(page: Any, username: str) -> None:
    page.goto("/login/")
    page.get_by_label("用户名").or_(page.get_by_label("User name")).fill(username)
    page.get_by_label("密码").or_(page.get_by_label("Password")).fill(PASSWORD)
    page.locator("main form button").click()
    page.locator("#id_code").fill(one_time_password())
    page.locator("main form button").first.click()
    page.wait_for_url(lambda reached: "/login/" not in reached)


class TestTheConsole:
    def test_from_log_in_to_a_firm_and_its_replayed_decision(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None]
    ) -> None:
        page = open_page()
        page.goto("/firms/")
        assert "/login/" in page.url
        shoot(page, "login")
        log_in(page, "lin.analyst")
        page.goto("/")
        page.wait_for_selector("[data-chart].drawn canvas")
        shoot(page, "overview", readme=True)
        assert page.locator(".invented").inner_text() == "虚构数据 invented data"
        page.get_by_role("link", name="看名单").click()
        page.get_by_label("企业代码或名称").fill(town.approved[0])
        page.get_by_role("button", name="筛选").click()
        page.get_by_role("link", name=town.approved[0], exact=True).click()
        page.wait_for_selector("[data-chart].drawn canvas")
        shoot(page, "firm", full=True)
        page.get_by_role("button", name="重演一次").click()
        page.get_by_text("重演结果相同。").wait_for()
        accessibility.check(page)

    def test_solves_again_as_the_slider_moves(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None]
    ) -> None:
        page = open_page()
        log_in(page, "lin.analyst")
        page.goto("/offer-book/")
        before = int(page.locator("[data-approved]").inner_text())
        slider = page.get_by_role("slider")
        slider.focus()
        with page.expect_response("**/offer-book/solved/**") as answered:
            for _each in range(5):
                page.keyboard.press("ArrowRight")
        assert answered.value.status == 200
        wait_for_text(page.locator("[data-approved]"), lambda text: int(text) > before)
        assert page.get_by_label("预算（元）").input_value() == "15000000"
        assert "万元" in (slider.get_attribute("aria-valuetext") or "")
        assert page.locator("#solved tbody tr").count() > 0
        shoot(page, "offer-book", readme=True)
        with page.expect_response("**/offer-book/solved/**"):
            page.get_by_label("预算（元）").fill("一百万")
        page.get_by_text("预算应为数字").wait_for()
        accessibility.check(page)

    def test_shows_loans_days_and_decisions(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None], work: Callable[[], None]
    ) -> None:
        page = open_page(language="en", dark=True)
        log_in(page, "he.operator")
        page.goto("/loans/")
        page.locator("tbody a").first.click()
        page.wait_for_selector("[data-chart].drawn canvas")
        assert page.locator("h2", has_text="Repayment plan").is_visible()
        shoot(page, "loan-en-dark", full=True)
        accessibility.check(page)
        page.goto("/closing/")
        shown = page.locator(".bar time").inner_text()
        page.get_by_role("button", name="Run end of day").click()
        page.get_by_text("is queued").first.wait_for()
        work()
        wait_for_text(page.locator(".bar time"), lambda text: text > shown)
        assert page.get_by_role("rowheader", name=shown).is_visible()
        shoot(page, "closing-en-dark")
        for place in (
            "/decisions/",
            "/institutions/",
            "/people/",
            "/reviews/",
            "/book/",
            "/offer-book/",
            "/firms/",
            "/",
        ):
            page.goto(place)
            accessibility.check(page)
        shoot(page, "overview-en-dark")

    def test_walks_by_keyboard_alone(self, town: Town, open_page: Callable[..., Any]) -> None:
        page = open_page()
        log_in(page, "lin.analyst")
        page.goto("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content"
        page.goto("/")
        for _each in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.innerText.trim()") == "企业":
                break
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Enter")
        page.wait_for_url("**/firms/")
        page.get_by_label("企业代码或名称").focus()
        page.keyboard.type(town.approved[0])
        page.keyboard.press("Enter")
        page.wait_for_url("**text=**")
        assert page.locator("tbody tr").count() >= 1

    def test_gives_an_institution_its_own_portfolio_only(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None]
    ) -> None:
        page = open_page(PHONE)
        log_in(page, "sun.bank")
        page.goto("/")
        assert page.url.endswith(f"/institutions/{town.institution_id}/")
        assert page.get_by_role("link", name="企业").count() == 0
        shoot(page, "institution-phone", full=True)
        accessibility.check(page)
        page.goto("/firms/")
        assert page.locator("h1").inner_text() == "没有权限"

    def test_works_without_scripts_but_for_the_drawings(self, town: Town, chromium: Any, address: str) -> None:
        context = chromium.new_context(java_script_enabled=False, base_url=address, viewport=DESK)
        page = context.new_page()
        log_in(page, "lin.analyst")
        page.goto("/offer-book/")
        page.get_by_label("预算（元）").fill("15000000")
        page.get_by_role("button", name="求解").click()
        assert page.locator("#solved tbody tr").count() > 0
        page.get_by_text("以表格查看").click()
        assert page.locator(".chart-table tbody tr").count() > 5
        context.close()
