"""The analyst's workbench in a real browser: a tape brought and fitted by a worker, bins moved, a second person approves."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from puhui.servicing import performance
from puhui.store import tenancy
from puhui.underwriting import model_queries, models
from tests.browser import accessibility
from tests.browser.conftest import PHONE, wait_for_text
from tests.browser.test_console import log_in
from tests.browser.town import Town

pytestmark = pytest.mark.browser


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """3,000 made-up loans."""
    chance = np.random.default_rng(8)
    months, trade = chance.integers(0, 60, 3000), chance.choice(["餐饮", "零售", "批发"], 3000)
    late, sales = chance.poisson(0.4, 3000), chance.lognormal(11, 0.7, 3000).round(-2)
    odds = -1.2 - 0.035 * (months - 30) + (trade == "餐饮") * 0.7 + 0.5 * late - 0.3 * (np.log(sales) - 11)
    bad = (chance.random(3000) < 1 / (1 + np.exp(-odds))).astype(int)
    frame = pl.DataFrame({"经营月数": months, "行业": trade, "逾期次数": late, "月销售额": sales, "坏": bad})
    path = tmp_path / "小店样本.csv"
    frame.write_csv(path)
    return path


def bring(tape: Path, page: Any, *, name: str) -> None:
    """Upload a tape and ask for a model of this name."""
    page.goto("/models/")
    page.get_by_label("数据文件（CSV、Parquet、Excel）").set_input_files(str(tape))
    page.get_by_label("模型名").fill(name)
    page.get_by_label("结果列").fill("坏")
    page.get_by_role("button", name="上传并排队").click()


class TestTheWorkbench:
    def test_from_a_tape_to_an_approved_model(
        self,
        town: Town,
        open_page: Callable[..., Any],
        shoot: Callable[..., None],
        work: Callable[[], None],
        tape: Path,
    ) -> None:
        page = open_page()
        log_in(page, "lin.analyst")
        bring(tape, page, name="小店申请卡")
        page.get_by_text("建模已排队").wait_for()
        work()
        page.get_by_role("link", name="看模型").wait_for()
        accessibility.check(page)
        shoot(page, "models", full=True)
        page.get_by_role("link", name="看模型").click()
        page.wait_for_selector("[data-chart].drawn canvas")
        accessibility.check(page)
        shoot(page, "model", full=True)
        model_address = page.url

        page.get_by_role("link", name="经营月数", exact=True).click()
        before = page.locator("#bins tbody tr").count()
        with page.expect_response("**/tried/") as answered:
            page.get_by_role("button", name="与下一箱合并").first.click()
        assert answered.value.status == 200
        wait_for_text(page.locator("#bins"), lambda text: "保存为下一版本" in text)
        assert page.locator("#bins tbody tr").count() == before - 1
        with page.expect_response("**/tried/"):
            page.get_by_role("button", name="上边界调高").first.click()
        accessibility.check(page)
        shoot(page, "model-bins", full=True)
        page.get_by_role("button", name="保存为下一版本").click()
        page.get_by_text("新分箱已排队").wait_for()
        work()
        page.goto("/models/")
        page.get_by_role("link", name="小店申请卡 v2").wait_for()

        page.goto(model_address)
        page.get_by_role("button", name="批准").click()
        page.locator(".notice.error").get_by_text("须由另一人复核").wait_for()
        other = open_page()
        log_in(other, "gao.admin")
        other.goto(model_address)
        other.get_by_role("button", name="批准").click()
        other.get_by_text("已记录。").wait_for()
        other.get_by_role("button", name="上线").click()
        other.get_by_text("在用", exact=True).first.wait_for()
        other.get_by_role("link", name="监控").click()
        other.get_by_text("还没有数据").wait_for()

    def test_pages_in_english_in_the_dark_on_a_phone(
        self,
        town: Town,
        open_page: Callable[..., Any],
        shoot: Callable[..., None],
        work: Callable[[], None],
        tape: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        desk = open_page()
        log_in(desk, "lin.analyst")
        bring(tape, desk, name="shops")
        work()
        with tenancy.scope(tenancy.PLATFORM):
            (model,) = model_queries.fitted_models()
            _days(model.id)
        page = open_page(PHONE, language="en", dark=True)
        log_in(page, "gao.admin")  # another person: a code is good once
        for address, name in [
            ("/models/", "models"), (f"/models/{model.id}/", "model"), (f"/models/{model.id}/watch/", "model-watch"),
            (f"/models/{model.id}/bins/0/", "model-bins"), ("/models/performance/", "performance"),
        ]:  # fmt: skip
            page.goto(address)
            accessibility.check(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
            shoot(page, f"{name}-phone-en-dark", full=True)
        desk.goto(f"/models/{model.id}/watch/")
        desk.wait_for_selector("[data-chart].drawn canvas")
        shoot(desk, "model-watch", full=True)
        desk.goto("/models/performance/")
        desk.get_by_text("还没有一个完整的月份").wait_for()
        monkeypatch.setattr(performance, "snapshots", lambda *, as_of: _snapshots())
        desk.goto("/models/performance/")
        desk.wait_for_selector("[data-chart].drawn canvas")
        accessibility.check(desk)
        shoot(desk, "performance", full=True)


def _days(model_id: str) -> None:
    """Forty made-up days of a live model, the last with an alert."""
    now, chance = datetime(2026, 11, 25, tzinfo=UTC), np.random.default_rng(1)
    for k in range(40):
        drift = 0.02 + max(0, k - 20) * 0.012
        figures = {"decisions": 400.0 + k, "approval_rate": 0.42 - 0.002 * k, "approval_change": 0.03, "rate_p10": 0.06, "rate_median": 0.09,
                   "rate_p90": 0.14, "override_rate": None, "latency_p99_ms": None, "scored": 400.0, "psi_score": drift + chance.random() * 0.01,
                   "psi_score_noise": 0.02, "psi_inputs_most": drift * 1.4, "auc_matured": 0.71 - k * 0.001, "ks_matured": 0.32 - k * 0.001, "auc_drop": 0.01}  # fmt: skip
        details = {"reasons": [{"code": "CAP_BELOW_MINIMUM", "decisions": 120}, {"code": "APPROVED_FULL", "decisions": 90}],
                   "columns": [{"column": "经营月数", "psi": drift * 1.4, "noise": 0.02}, {"column": "行业", "psi": 0.01, "noise": 0.01}]}  # fmt: skip
        missing = {"override_rate": "NOT_RECORDED", "latency_p99_ms": "NOT_RECORDED"}
        day = models.ModelDay.objects.create(model_id=model_id, day=date(2026, 10, 15) + timedelta(days=k), policy_version="2026-11-25",
                                             computed_at=now, told={"figures": figures, "details": details, "missing": missing})  # fmt: skip
    models.ModelAlert.objects.create(model_day=day, figure="psi_score", value=0.26, above=0.25, level="act", raised_at=now,
                                     message="评分分布显著偏移（psi_score 0.26 > 0.25） · the score has moved far (psi_score 0.26 > 0.25)")  # fmt: skip


def _snapshots() -> pl.DataFrame:
    """Six made-up cohorts seen until February 2026."""
    chance, rows = np.random.default_rng(2), []
    for cohort in range(6):
        for loan in range(60):
            dpd = 0
            for age in range(6 - cohort):
                dpd = dpd + 30 if dpd or chance.random() < 0.06 else 0
                if 0 < dpd < 60 and chance.random() < 0.4:
                    dpd = 0
                month = cohort + age
                first, now = (
                    date(2025 + (7 + cohort) // 12, (7 + cohort) % 12 + 1, 1),
                    date(2025 + (7 + month) // 12, (7 + month) % 12 + 1, 1),
                )
                rows.append((f"{cohort}-{loan}", now, first, age, 10_000_000, 10_000_000 - 800_000 * age, dpd))
    names = ["loan", "month", "funded_month", "month_on_book", "initial_minor", "balance_minor", "dpd"]
    return pl.DataFrame(rows, schema=names, orient="row")
