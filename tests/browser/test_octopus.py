"""A growth analyst in a real browser: a campaign, a wording that the linter stops, going live, a board that fills by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from puhui.acquisition import campaigns, data_link, operations
from puhui.acquisition.core import signals
from puhui.simulate import ad_season
from puhui.simulate.ad_day import ad_day
from puhui.store import places, tenancy
from puhui.web import clock
from tests.browser import accessibility
from tests.browser.conftest import PHONE, wait_for_text
from tests.browser.test_console import log_in
from tests.browser.town import Town

pytestmark = pytest.mark.browser
GOOD = "普惠小店经营贷，由示例银行股份有限公司提供，经营性贷款，年化综合融资成本 6%-12%，具体以审批为准。理性借贷，按时还款，注意风险。"


class TestAGrowthAnalyst:
    def test_creates_a_campaign_and_sees_the_board_fill(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None]
    ) -> None:
        page = open_page()
        log_in(page, "lin.analyst")
        page.goto("/octopus/campaigns/")
        page.get_by_label("媒体").select_option("tencent")
        page.get_by_label("计划名").fill("春季小店")
        page.get_by_role("button", name="建立计划").click()
        page.get_by_role("heading", name="春季小店").wait_for()

        page.get_by_label("标题").fill("小店周转")
        page.get_by_label("正文").fill(GOOD + "秒 到账！")
        page.get_by_label("落地页").fill("https://loans.example/m/hello")
        page.get_by_role("button", name="审查并保存").click()
        stopped = page.get_by_role("alert")
        stopped.wait_for()
        assert "秒 到账" in stopped.inner_text()
        assert page.get_by_label("正文").input_value().endswith("秒 到账！")
        shoot(page, "octopus-stopped")
        page.get_by_label("正文").fill(GOOD)
        page.get_by_role("button", name="审查并保存").click()
        page.get_by_text("素材通过审查，已保存。").wait_for()
        page.get_by_role("button", name="开始投放").click()
        page.get_by_text("没有日预算").wait_for()
        page.get_by_label("日预算（元）").fill("5,000")
        page.get_by_role("button", name="保存预算").click()
        page.get_by_text("已保存。").wait_for()
        page.get_by_role("button", name="开始投放").click()
        page.get_by_role("button", name="暂停投放").wait_for()
        accessibility.check(page)
        shoot(page, "octopus-campaign", full=True)

        page.goto("/octopus/")
        page.get_by_text("这段日期里还没有数据。").wait_for()
        now = clock.now()
        with tenancy.scope(tenancy.PLATFORM):
            taken = data_link.take_signals(signals.frame_of_columns(ad_day(2000, seed=3, ends_at=now)), now=now)
        assert taken.new > 1500
        wait_for_text(page.locator("#board"), lambda text: "simulated 01" in text and "合计" in text)
        assert "待回传" in page.locator("#board").inner_text()
        page.reload()
        page.get_by_role("heading", name="获客看板").wait_for()
        accessibility.check(page)
        shoot(page, "octopus-board", full=True)
        phone = open_page(PHONE, language="en")
        log_in(phone, "gao.admin")  # another person: a code is good once
        phone.goto("/octopus/")
        phone.get_by_role("heading", name="Acquisition board").wait_for()
        shoot(phone, "octopus-board-phone", full=True)

    def test_computes_a_budget_proposal_and_applies_it(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None]
    ) -> None:
        now = clock.now()
        with tenancy.scope(tenancy.PLATFORM):
            for name, share in (("预算甲", 3), ("预算乙", 9)):
                campaign = campaigns.create("tencent", name, by="lin.analyst", now=now)
                campaigns.word(
                    campaign, campaigns.Wording("小店周转", GOOD, "https://loans.example/m/"), by="lin.analyst", now=now
                )
                campaigns.set_budget(campaign, 100_00, by="lin.analyst", now=now)
                campaigns.move(campaign, "live", by="lin.analyst", now=now)
                for ago in range(1, 11):
                    cost = operations.CostDraft("tencent", name, (now - timedelta(days=ago)).date(), 1000 * ago * share)
                    operations.record_cost(cost, key=f"budget-{name}-{ago}", now=now)
        page = open_page()
        log_in(page, "lin.analyst")
        page.goto("/octopus/campaigns/")
        page.get_by_role("link", name="预算分配").click()
        page.get_by_label("一个结果值多少元").fill("很多")
        page.get_by_label("每天总预算（元）").fill("50000")
        page.get_by_role("button", name="计算建议").click()
        page.get_by_text("请选择一步，并输入金额").wait_for()
        page.get_by_label("一个结果值多少元").fill("200")
        page.get_by_role("button", name="计算建议").click()
        page.get_by_role("heading", name="建议").wait_for()
        accessibility.check(page)
        shoot(page, "octopus-budgets", full=True)
        page.get_by_role("button", name="按建议调整").click()
        page.get_by_text("已按建议调整").wait_for()
        page.goto("/octopus/")
        page.get_by_role("link", name="获客成本").click()
        page.get_by_role("heading", name="获客成本").wait_for()
        page.get_by_role("row", name="预算甲").wait_for()
        accessibility.check(page)
        shoot(page, "octopus-costs", full=True)
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto("/octopus/budgets/?kind=click&worth=1&budget=50000")
        page.get_by_role("heading", name="预算分配").wait_for()
        shoot(page, "octopus-budgets-phone", full=True)

    def test_reads_whose_doing_it_was_and_what_came_back(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None]
    ) -> None:
        now = clock.now()
        with tenancy.scope(tenancy.PLATFORM):
            assert ad_season.advertise(places.var_dir() / "rta", seed=1, now=now) > 20_000
        since = f"since={now - timedelta(days=33):%Y-%m-%d}&until={now:%Y-%m-%d}"
        page = open_page()
        log_in(page, "lin.analyst")
        for name, address, heading in (
            ("attribution", f"attribution/?kind=complete&by=campaign&{since}", "归因"),
            ("returns", "returns/?by=media", "投放回报"),
            ("answers", f"answers/?kind=credit&{since}", "延迟转化"),
            ("quality", "quality/", "数据质量"),
            ("delivery", "delivery/", "投放控制"),
        ):
            page.goto(f"/octopus/{address}")
            page.get_by_role("heading", name=heading, exact=True).first.wait_for()
            accessibility.check(page)
            shoot(page, f"octopus-{name}", full=True)
        page.get_by_label("原因").fill("演练")
        page.get_by_role("button", name="立即停止").click()
        page.get_by_text("已全部停止").wait_for()
        page.get_by_label("原因").fill("演练结束")
        page.get_by_role("button", name="恢复投放").click()
        page.get_by_text("正在应答媒体").wait_for()
        page.get_by_role("link", name="对照实验").click()
        page.get_by_role("link", name="虚构·留出两成").click()
        page.get_by_text("确有差别，可以停了").wait_for()
        accessibility.check(page)
        shoot(page, "octopus-experiment", full=True)
        page.get_by_label("以后怎么投").select_option("new_owner")
        page.get_by_role("button", name="停止实验").click()
        page.get_by_text("实验已停止。").wait_for()
        phone = open_page(PHONE, language="en", dark=True)
        log_in(phone, "gao.admin")
        phone.goto(f"/octopus/costs/?by=creative&{since}")
        phone.get_by_role("heading", name="Cost of a borrower").wait_for()
        accessibility.check(phone)
        shoot(phone, "octopus-costs-phone", full=True)
