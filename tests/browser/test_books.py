"""The books on a phone in a real browser: set-up timed, a bill, a sentence without a network, consent; axe-core finds no grave barrier."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from puhui.simulate.owners import invented_owner
from tests.browser import accessibility, test_owner
from tests.browser.conftest import PHONE, wait_for_text
from tests.browser.town import Town

pytestmark = pytest.mark.browser
_SETUP_LIMIT_SECONDS = 600
BILL = """微信支付账单明细
交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注
2026-03-01 10:00:00,商户消费,虚构海鲜批发,进货,支出,¥500.00,工商银行(9876),支付成功,42000001,/,/
2026-03-01 12:00:00,二维码收款,虚构客人,收款,收入,¥80.00,零钱,已收钱,42000002,/,/
"""


class TestTheBooks:
    def test_from_nothing_to_consent(
        self,
        town: Town,
        open_page: Callable[..., Any],
        shoot: Callable[..., None],
        work: Callable[[], None],
        tmp_path: Path,
    ) -> None:
        me, started = invented_owner("BOOKS9", seed=7), time.monotonic()
        page = open_page(PHONE)
        test_owner.TestTheShopOwner._log_in(page, me.phone, work, shoot)
        page.get_by_role("link", name="账本").click()
        self._looked_at(page, shoot, "books-open")
        page.get_by_label("您的姓名").fill(me.name)
        page.get_by_label("身份证号").fill(me.id_number)
        page.get_by_label("店名").fill("虚构·橙子小馆")
        page.get_by_label("现金").fill("500")
        page.get_by_role("button", name="开始记账").click()
        page.get_by_label("记一笔").wait_for()
        self._say(page, "进货 烟 3200 微信", "已记：烟 3,200.00 元")
        assert time.monotonic() - started < _SETUP_LIMIT_SECONDS
        self._import(page, shoot, tmp_path)
        self._offline(page, shoot)
        for place in ("看利润和家底", "全部账目"):
            page.get_by_role("link", name=place, exact=True).click()
            self._looked_at(page, shoot, f"books-{place}")
            page.get_by_role("link", name="返回").click()
        self._consent(page, shoot)

    def _import(self, page: Any, shoot: Callable[..., None], folder: Path) -> None:
        bill = folder / "bill.csv"
        bill.write_text(BILL, encoding="gb18030")
        page.get_by_role("link", name="导入账单").click()
        self._looked_at(page, shoot, "books-imports")
        page.get_by_label("选账单文件").set_input_files(bill)
        page.get_by_role("button", name="导入").click()
        page.get_by_role("heading", name="微信支付").wait_for()
        self._looked_at(page, shoot, "books-import")
        page.get_by_role("link", name="看账本").click()

    def _offline(self, page: Any, shoot: Callable[..., None]) -> None:
        """Typed without a network, sent once when there is one; the page itself opens without a network too."""
        page.get_by_label("记一笔").wait_for()
        page.wait_for_timeout(500)  # the worker takes over
        page.reload()
        page.context.set_offline(True)
        self._say(page, "卖货 88.8 微信", "已存在手机里")
        shoot_offline = page.locator("[data-offline]")
        assert shoot_offline.is_visible()
        accessibility.audit(page)
        page.reload()
        wait_for_text(page.locator("[data-told]"), lambda told: "1 笔等待上传" in told)
        page.context.set_offline(False)
        wait_for_text(page.locator("main"), lambda told: "88.80" in told)
        page.reload()
        page.get_by_role("link", name="全部账目", exact=True).click()
        assert page.locator("li", has_text="88.80").count() == 1
        page.get_by_role("link", name="返回").click()
        self._looked_at(page, shoot, "books-board")

    def _consent(self, page: Any, shoot: Callable[..., None]) -> None:
        page.get_by_role("link", name="放款机构能看到什么").click()
        assert "什么也看不到。" in page.locator("#seen").inner_text()
        page.get_by_role("button", name="打开：每月营业收入").click()
        page.get_by_role("button", name="关掉：每月营业收入").wait_for()
        assert "有账的天数" in page.locator("#seen").inner_text()
        self._looked_at(page, shoot, "books-consents")
        page.get_by_role("button", name="关掉：每月营业收入").click()
        page.get_by_role("button", name="打开：每月营业收入").wait_for()
        assert "什么也看不到。" in page.locator("#seen").inner_text()

    @staticmethod
    def _say(page: Any, text: str, answer: str) -> None:
        page.get_by_label("记一笔").fill(text)
        page.get_by_role("button", name="记", exact=True).click()
        wait_for_text(page.locator("[data-told]"), lambda told: answer in told)

    @staticmethod
    def _looked_at(page: Any, shoot: Callable[..., None], name: str) -> None:
        shoot(page, name, full=True)
        accessibility.check(page, smallest_text=18)
        accessibility.audit(page)
