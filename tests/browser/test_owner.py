"""The shop owner's phone in a real browser: code by text message, application, offer, the form read, the plan."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from puhui.simulate.owners import invented_owner
from tests.browser import accessibility
from tests.browser.conftest import PHONE
from tests.browser.town import Town

pytestmark = pytest.mark.browser


class TestTheShopOwner:
    def test_borrows(
        self,
        town: Town,
        open_page: Callable[..., Any],
        shoot: Callable[..., None],
        work: Callable[[], None],
    ) -> None:
        me = invented_owner("NEW7", seed=5)
        page = open_page(PHONE)
        self._log_in(page, me.phone, work, shoot)
        page.get_by_role("link", name="开始申请").click()
        accessibility.check(page)
        page.get_by_role("link", name="我有增值税发票，按发票申请").click()
        assert page.locator("input[type=checkbox]:checked").count() == 0
        page.get_by_label("姓名").fill(me.name)
        page.get_by_label("身份证号").fill(me.id_number)
        page.get_by_label("店名").fill("橙子小馆")
        page.get_by_label("金额（元）").fill("200000")
        page.get_by_label("① 您在发票数据里的企业代码").fill(town.unclaimed)
        accessibility.check(page)
        page.get_by_role("button", name="提交申请").click()
        assert "需要您同意信用评估" in page.locator(".notice.error").inner_text()
        page.get_by_label("同意用我的资料做信用评估").check()
        page.get_by_role("button", name="提交申请").click()
        page.wait_for_url("**/offers/**")
        assert page.get_by_text("年化综合融资成本（单利）").is_visible()
        shoot(page, "owner-offer", readme=True)
        accessibility.check(page)
        self._read_and_accept(page, shoot)
        work()
        page.reload()
        assert page.get_by_text("下次还款").is_visible()
        shoot(page, "owner-plan")
        accessibility.check(page)
        for place in ("/m/", "/m/loans/", "/m/shop/", "/m/help/"):
            page.goto(place)
            accessibility.check(page, smallest_text=18)

    def test_of_a_small_shop_borrows_without_invoices(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None], work: Callable[[], None]
    ) -> None:
        me = invented_owner("NEW8", seed=5)
        page = open_page(PHONE)
        self._log_in(page, me.phone, work, shoot)
        page.get_by_role("link", name="开始申请").click()
        shoot(page, "owner-start")
        page.get_by_role("link", name="开小店").click()
        page.get_by_label("做哪一行").select_option("tobacco_shop")
        page.get_by_label("上个月收款码收了多少（元）").fill("65000")
        page.get_by_label("上个月烟草订货多少（元）").fill("31000")
        accessibility.check(page)
        shoot(page, "owner-small-business")
        page.get_by_role("button", name="保存，下一页").click()
        page.get_by_label("店面每月租金（元）").fill("4500")
        accessibility.check(page)
        page.get_by_role("button", name="保存，下一页").click()
        for label in ("您现在每月要还多少贷款（元）", "现在有没有到期没还的（元）", "近3个月向几家申请过贷款"):
            page.get_by_label(label).fill("0")
        page.get_by_label("近两年还款晚过吗").select_option("0")
        page.get_by_label("哪一年第一次办信用卡或贷款").fill("2012")
        accessibility.check(page)
        shoot(page, "owner-small-self")
        page.get_by_role("button", name="保存，下一页").click()
        page.get_by_label("姓名").fill(me.name)
        page.get_by_label("身份证号").fill(me.id_number)
        page.get_by_label("店名").fill("虚构·街口烟酒")
        page.get_by_label("金额（元）").fill("15000")
        page.get_by_label("同意用我的资料做信用评估").check()
        accessibility.check(page)
        shoot(page, "owner-small-send")
        page.get_by_role("button", name="提交申请").click()
        page.wait_for_url("**/offers/**")
        shoot(page, "owner-small-offer")

    @staticmethod
    def _log_in(page: Any, phone: str, work: Callable[[], None], shoot: Callable[..., None]) -> None:
        page.goto("/m/")
        page.get_by_label("手机号").fill(phone)
        shoot(page, "owner-login")
        page.get_by_role("button", name="获取验证码").click()
        page.wait_for_url("**/login/code/")
        work()
        page.get_by_role("link", name="到短信沙盒查看验证码").click()
        found = re.search(r"验证码 (\d{6})", page.locator("main").inner_text())
        assert found is not None
        assert page.get_by_text("SANDBOX 沙盒").is_visible()
        page.go_back()
        page.get_by_label("6 位验证码").fill(found.group(1))
        page.get_by_role("button", name="登录").click()
        page.wait_for_url("**/m/")

    @staticmethod
    def _read_and_accept(page: Any, shoot: Callable[..., None]) -> None:
        page.get_by_role("link", name="我想借，先看成本明示表").click()
        button = page.get_by_role("button", name="确认，借这笔钱")
        assert button.is_disabled()
        shoot(page, "owner-form")
        page.locator("#paper").evaluate("paper => paper.scrollTo(0, paper.scrollHeight)")
        page.get_by_text("可以确认了").wait_for(timeout=20_000)
        page.get_by_label("我已经从头看到尾，看明白了").check()
        page.get_by_label("我同意把我的资料交给").check()
        assert button.is_enabled()
        button.click()
        page.wait_for_url("**/m/loans/**")
        assert page.get_by_text("已签约，正在放款").is_visible()
        shoot(page, "owner-booked")

    def test_reads_english_in_the_dark(self, open_page: Callable[..., Any], shoot: Callable[..., None]) -> None:
        page = open_page(PHONE, language="en", dark=True)
        page.goto("/m/")
        assert page.get_by_label("Phone").is_visible()
        shoot(page, "owner-login-en-dark")
        accessibility.check(page)
