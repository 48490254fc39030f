"""Draw and pay back at will in a real browser: the owner's way from the offer to a second draw, wide and narrow, light and dark, in both languages; and what a stranger tries."""

from collections.abc import Callable
from typing import Any

import pytest

from puhui.servicing import queries, what_if
from puhui.simulate.owners import invented_owner
from tests.browser import accessibility
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_console import log_in
from tests.browser.test_owner import TestTheShopOwner as Owner
from tests.browser.town import Town

pytestmark = pytest.mark.browser

ME = invented_owner("NEW9", seed=5)


def at_the_offer(page: Any, town: Town, work: Callable[[], None], shoot: Callable[..., None]) -> None:
    Owner._log_in(page, ME.phone, work, shoot)
    page.get_by_role("link", name="开始申请").click()
    page.get_by_role("link", name="我有增值税发票，按发票申请").click()
    page.get_by_label("姓名").fill(ME.name)
    page.get_by_label("身份证号").fill(ME.id_number)
    page.get_by_label("店名").fill("橙子小馆")
    page.get_by_label("金额（元）").fill("200000")
    page.get_by_label("① 您在发票数据里的企业代码").fill(town.unclaimed)
    page.get_by_label("同意用我的资料做信用评估").check()
    page.get_by_role("button", name="提交申请").click()
    page.wait_for_url("**/offers/**")


def drawn(loan_id: str) -> list[int]:
    return [fact.amount_minor or 0 for fact in what_if.facts(loan_id) if fact.kind == "disburse"]


class TestTheOwner:
    def test_takes_a_limit_draws_more_and_is_not_caught_by_haste(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None], work: Callable[[], None]
    ) -> None:
        page = open_page(PHONE)
        at_the_offer(page, town, work, shoot)
        loan_id = self._accepts(page, work, shoot)
        self._draws(page, loan_id, shoot)
        self._hastens(page, loan_id)
        self._works_out_a_repayment(page, loan_id, shoot)
        self._reads_it_elsewhere(page, open_page, loan_id, shoot)

    @staticmethod
    def _accepts(page: Any, work: Callable[[], None], shoot: Callable[..., None]) -> str:
        accessibility.check(page, smallest_text=18)
        for wrong in ("", "很多", "1e9", "200000.01"):
            page.get_by_label("先借多少（元）").fill(wrong)
            page.get_by_role("button", name="看随借随还的成本明示表").click()
            if wrong:
                page.locator("#yuan-wrong").wait_for()
        accessibility.check(page)
        page.get_by_label("先借多少（元）").fill("50,000")
        page.get_by_role("button", name="看随借随还的成本明示表").click()
        page.locator("#paper").wait_for()
        assert page.locator("#paper").get_by_text("这次先借", exact=True).is_visible()
        shoot(page, "owner-form-at-will", full=True)
        accessibility.check(page)
        page.locator("#paper").evaluate("paper => paper.scrollTo(0, paper.scrollHeight)")
        page.get_by_text("可以确认了").wait_for(timeout=20_000)
        page.get_by_label("我已经从头看到尾，看明白了").check()
        page.get_by_label("我同意把我的资料交给").check()
        page.get_by_role("button", name="确认，借这笔钱").click()
        page.wait_for_url("**/m/loans/**")
        work()
        page.reload()
        assert page.locator("[data-owed]").inner_text() == "¥50,000.00"
        assert page.locator("[data-left]").inner_text() == "¥150,000.00"
        shoot(page, "owner-loan-at-will", full=True)
        accessibility.check(page, smallest_text=18)
        return str(page.url.rstrip("/").rsplit("/", 1)[1])

    @staticmethod
    def _draws(page: Any, loan_id: str, shoot: Callable[..., None]) -> None:
        page.get_by_role("link", name="再借一笔").click()
        for wrong in ("", "abc", "0", "-3", "150000.01", "1e9", "1000000000"):
            page.get_by_label("借多少（元）").fill(wrong)
            page.get_by_role("button", name="先看要花多少钱").click()
            page.locator("#yuan-wrong").wait_for()
        page.get_by_label("借多少（元）").fill("30000")
        page.get_by_role("button", name="先看要花多少钱").click()
        page.locator("[data-day]").wait_for()
        shoot(page, "owner-draw", full=True)
        accessibility.check(page, smallest_text=18)
        page.get_by_role("button", name="确认，借").click()  # the browser asks for the tick first
        assert drawn(loan_id) == [5_000_000]
        page.get_by_label("我看明白了").check()
        page.get_by_role("button", name="确认，借").click()
        page.get_by_text("已借出 30,000.00 元").wait_for()
        assert page.locator("[data-owed]").inner_text() == "¥80,000.00"
        assert drawn(loan_id) == [3_000_000, 5_000_000]

    @staticmethod
    def _hastens(page: Any, loan_id: str) -> None:
        """Two quick presses; back and once more; an old tab."""
        page.goto(f"/m/loans/{loan_id}/draw/?yuan=10000")
        page.get_by_label("我看明白了").check()
        page.get_by_role("button", name="确认，借").dblclick()
        page.get_by_text("已借出 10,000.00 元").wait_for()
        assert drawn(loan_id) == [1_000_000, 3_000_000, 5_000_000]
        page.go_back()
        page.get_by_role("button", name="确认，借").wait_for()
        old = page.context.new_page()
        old.goto(f"/m/loans/{loan_id}/draw/?yuan=110000")
        other = page.context.new_page()
        other.goto(f"/m/loans/{loan_id}/draw/?yuan=100000")
        for tab in (other, old):
            tab.get_by_label("我看明白了").check()
            tab.get_by_role("button", name="确认，借").click()
        other.get_by_text("已借出 100,000.00 元").wait_for()
        old.locator("[role=alert]").first.wait_for()
        assert "超过可用额度" in old.locator("main").inner_text()
        assert drawn(loan_id) == [10_000_000, 1_000_000, 3_000_000, 5_000_000]
        assert queries.verify() == []
        old.close()
        other.close()

    @staticmethod
    def _works_out_a_repayment(page: Any, loan_id: str, shoot: Callable[..., None]) -> None:
        page.goto(f"/m/loans/{loan_id}/early/?yuan=40000")
        assert page.locator("[data-way=at_will]").get_by_text("还了以后还欠本金").is_visible()
        shoot(page, "owner-repay-at-will", full=True)
        accessibility.check(page, smallest_text=18)

    @staticmethod
    def _reads_it_elsewhere(page: Any, open_page: Callable[..., Any], loan_id: str, shoot: Callable[..., None]) -> None:
        for language in ("en", "zh-hans"):
            page.context.add_cookies([{"name": "django_language", "value": language, "url": page.url.split("/m/")[0]}])
            for scheme in ("dark", "light"):
                page.emulate_media(color_scheme=scheme)
                for name, place in (("loan", ""), ("draw", "draw/?yuan=100"), ("repay", "early/?yuan=100")):
                    for viewport in (PHONE, DESK):
                        page.set_viewport_size(viewport)
                        page.goto(f"/m/loans/{loan_id}/{place}")
                        shoot(page, f"at-will-{name}-{language}-{scheme}-{viewport['width']}", full=True)
                        accessibility.check(page)
        operator = open_page()
        log_in(operator, "he.operator")
        operator.goto(f"/loans/{loan_id}/")
        shoot(operator, "console-at-will", full=True)
        accessibility.check(operator)
