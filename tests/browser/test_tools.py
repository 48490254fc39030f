"""The shop's tools on a phone in a real browser: every page is read and audited, one record is typed, kept and taken back."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from puhui.merchant import tool_list
from puhui.simulate.owners import invented_owner
from puhui.store import tenancy
from tests import filled_shop
from tests.browser import accessibility, test_owner
from tests.browser.conftest import PHONE
from tests.browser.town import Town

pytestmark = pytest.mark.browser
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_AUDITED = (
    "health",
    "forecast",
    "stock",
    "financing",
    "pricing",
    "members",
    "farm",
)  # pages that differ in what they are made of


class TestTheTools:
    def test_from_the_tiles_to_a_record(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None], work: Callable[[], None]
    ) -> None:
        me = invented_owner("TOOLS9", seed=7)
        page = open_page(PHONE)
        test_owner.TestTheShopOwner._log_in(page, me.phone, work, shoot)
        page.get_by_role("link", name="账本").click()
        page.get_by_label("您的姓名").fill(me.name)
        page.get_by_label("身份证号").fill(me.id_number)
        page.get_by_label("店名").fill("虚构·百货小店")
        page.get_by_label("现金").fill("20000")
        page.get_by_role("button", name="开始记账").click()
        page.get_by_label("记一笔").wait_for()
        with tenancy.scope(tenancy.PLATFORM):
            filled_shop.fill(page.url.rstrip("/").split("/")[-1])
        page.get_by_role("link", name="全部工具").click()
        self._looked_at(page, shoot, "tools")
        for tool in tool_list.TOOLS:
            page.get_by_role("link", name=tool.words[0], exact=True).click()
            page.get_by_role("heading", level=1, name=tool.words[0]).wait_for()
            shoot(page, f"tool-{tool.name}", full=True)
            accessibility.check(page, smallest_text=18)
            if tool.name in _AUDITED:
                accessibility.audit(page)
            page.get_by_role("link", name="工具", exact=True).click()
        self._record(page)
        page.get_by_role("link", name="工具", exact=True).click()
        self._scan(page, shoot)

    def _scan(self, page: Any, shoot: Callable[..., None]) -> None:
        """A scanner types the digits and Enter: the name appears, the count is asked for, the form waits for the next."""
        page.get_by_role("link", name="盘点", exact=True).click()
        item = page.locator("details", has_text="记一条 商品")
        item.locator("summary").click()
        item.get_by_label("品名").fill("矿泉水")
        item.get_by_label("条码（扫或输）").fill("6901234567892")
        item.get_by_label("单位").fill("瓶")
        item.get_by_label("售价").fill("2")
        item.get_by_role("button", name="记下").click()
        page.get_by_text("已记下").wait_for()
        count = page.locator("details", has_text="记一条 盘点")
        if not count.get_by_label("条码（扫或输）").is_visible():
            count.locator("summary").click()
        count.get_by_label("条码（扫或输）").click()
        page.keyboard.type("6901234567892")
        page.keyboard.press("Enter")
        assert count.get_by_label("品名 扫了").input_value() == "矿泉水"
        page.keyboard.type("7")  # the count has the focus
        count.get_by_label("货架照片").set_input_files({"name": "shelf.png", "mimeType": "image/png", "buffer": _PNG})
        shoot(page, "tool-stock-take-scanned", full=True)
        count.get_by_role("button", name="记下").click()
        page.get_by_text("没有改动").first.wait_for()
        page.wait_for_function("document.activeElement.id === 'stock_count-barcode'")  # ready for the next article
        shoot(page, "tool-stock-take-next", full=True)
        accessibility.check(page, smallest_text=18)

    def _record(self, page: Any) -> None:
        page.get_by_role("link", name="赊账本").click()
        before = page.locator(".sum").inner_text()
        form = page.locator("details", has_text="记一条 赊出")
        form.locator("summary").click()
        form.get_by_label("谁欠").fill("新客人")
        form.get_by_label("金额").fill("88")
        form.get_by_label("约定哪天还").fill("2099-01-01")
        form.get_by_role("button", name="记下").click()
        page.get_by_text("已记下").wait_for()
        assert page.locator(".sum").inner_text() != before
        page.locator("summary", has_text="记过的").click()
        page.locator("li", has_text="新客人").get_by_role("button", name="撤回").click()
        page.get_by_text("已撤回").wait_for()
        assert page.locator(".sum").inner_text() == before

    @staticmethod
    def _looked_at(page: Any, shoot: Callable[..., None], name: str) -> None:
        shoot(page, name, full=True)
        accessibility.check(page, smallest_text=18)
        accessibility.audit(page)
