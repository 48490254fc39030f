"""The best book, the fairness report and a small owner's evidence in a real browser, both languages, light and dark."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from puhui.store import tenancy
from puhui.underwriting import operations
from puhui.underwriting.core import questionnaire
from puhui.underwriting.operations import ApplicationDraft, EvidenceDraft
from puhui.web import clock
from tests.browser import accessibility
from tests.browser.conftest import PHONE
from tests.browser.test_console import log_in
from tests.browser.town import Town

pytestmark = pytest.mark.browser

ANSWERS = {
    "trade": "tobacco_shop", "wallet_month_yuan": "65000", "tobacco_month_yuan": "31000", "rent_month_yuan": "4500",
    "instalments_month_yuan": "0", "overdue_now_yuan": "0", "worst_late_days": "0", "inquiries_3m": "1", "credit_since_year": "2015",
}  # fmt: skip


def decided() -> str:
    now = clock.now()
    with tenancy.scope(tenancy.PLATFORM):
        draft = ApplicationDraft("phone", "person_1", "shop_1", 1_500_000, 12, segment="shop")
        made = operations.submit_application(draft, key="k", now=now)
        told = questionnaire.evidence(ANSWERS, on=(now + timedelta(hours=8)).date(), photos={})
        operations.record_evidence(
            [EvidenceDraft("person_1", "shop_1", seen, made) for _name, seen in told], key="e", now=now
        )
        operations.decide_application(made, now=now)
    return made


class TestUnderwritingPages:
    def test_are_read_and_used(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None], tmp_path: Path
    ) -> None:
        page = open_page()
        log_in(page, "gao.admin")
        page.goto("/portfolio/?loss_bps=40&rating_share=60")
        page.wait_for_selector("[data-chart].drawn canvas")
        accessibility.check(page)
        shoot(page, "portfolio", full=True)
        page.goto("/fairness/")
        groups = tmp_path / "groups.csv"
        rows = [f"{row.firm},{'东区' if i % 2 else '西区'}" for i, row in enumerate(town.outcome.rows)]
        groups.write_text("subject,group\n" + "\n".join(rows) + "\n", encoding="utf-8")
        page.locator("#file").set_input_files(groups)
        page.get_by_role("button", name="生成报告").click()
        page.get_by_text("报告已生成并留存。").wait_for()
        accessibility.check(page)
        shoot(page, "fairness", full=True)
        page.goto(f"/evidence/{decided()}/")
        accessibility.check(page)
        shoot(page, "evidence", full=True)
        page.get_by_role("button", name="我已当面核对").first.click()
        page.get_by_text("已记录核对，等级为 B").wait_for()

    def test_in_english_and_dark_on_a_phone(
        self, town: Town, open_page: Callable[..., Any], shoot: Callable[..., None]
    ) -> None:
        page = open_page(PHONE, language="en", dark=True)
        log_in(page, "lin.analyst")
        for place, name in (
            ("/portfolio/", "portfolio-en-dark"),
            (f"/evidence/{decided()}/", "evidence-en-dark"),
            ("/fairness/", "fairness-en-dark"),
        ):
            page.goto(place)
            accessibility.check(page)
            shoot(page, name, full=True)
