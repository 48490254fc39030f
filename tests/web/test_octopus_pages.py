"""Octopus's pages as an analyst gets them: figures that were computed elsewhere are on them, bad input is answered, nobody else may act."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from puhui.acquisition import audiences, campaigns, data_link, experiment_book, models, operations
from puhui.acquisition.core import signals
from puhui.acquisition.core.rta import bucket_of
from puhui.parties import operations as parties_operations
from puhui.parties import queries as parties
from puhui.simulate.owners import invented_owner
from puhui.store import places, tenancy
from puhui.web import clock
from puhui.web.tests import visitors
from tests.web.logged_in import owner

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def var(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(places, "var_dir", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def analyst(var: Any) -> Client:
    visitors.staff("lin", "analyst")
    return visitors.enter("lin")


def world() -> datetime:
    """Two media, three people, a cost, a list of devices."""
    now = clock.now()
    with tenancy.scope(tenancy.PLATFORM):
        rows: list[dict[str, Any]] = [
            {"kind": "click", "media": media, "campaign": "春季", "creative": f"素材{n % 2}", "click_id": f"c{n}", "device": n, "happened_at": now - timedelta(hours=30)}
            for n, media in enumerate(("tencent", "tencent", "baidu", "tencent"))
        ]  # fmt: skip
        rows += [{"kind": kind, "subject": f"p{n}", "device": n, "happened_at": now - timedelta(hours=20)} for n in (0, 2) for kind in ("register", "complete")]  # fmt: skip
        assert data_link.take_signals(signals.frame_of(rows), now=now).new == 8
        day = (now - timedelta(hours=30)).astimezone(CHINA).date()
        operations.record_cost(operations.CostDraft("tencent", "春季", day, 30_003), key="k", now=now)
        operations.record_media_report(operations.MediaReportDraft("tencent", "春季", day, 100, 5, 1), key="k", now=now)
        audiences.replace("lookalike", set(range(1, 601)), why="file", now=now)
    return now


PAGES = {
    "costs/?by=creative": ["腾讯广告 / 春季 / 素材0", "¥200.02", "¥100.01", "一分不差"],
    "costs/?by=audience": ["不在任何人群", "¥300.03"],
    "returns/?by=media&since={since}&until={until}": ["腾讯广告", "¥300.03", "第 90 天"],
    "attribution/?kind=complete&by=media": ["末次点击", "夏普利值", "1.00", "2.00"],
    "attribution/?kind=nonsense&by=nonsense&window=99": ["各规则记给谁"],
    f"attribution/?window={'9' * 5000}": ["各规则记给谁"],
    "answers/?kind=register": ["一半的人在点击后 10 小时内", "100.0%"],
    "answers/?media=baidu&kind=draw": ["还没有人走到这一步"],
    "quality/": ["媒体统计", "九成五"],
    "delivery/?id_kind=md5&device=0123456789abcdef0123456789abcdea": ["不在任何人群。", "尚未发布人群"],
    "experiments/": ["相似人群 (600)", "腾讯广告 / new_owner"],
}


@pytest.mark.django_db
class TestAnAnalystReads:
    def test_every_page_with_its_figures_in_both_languages(self, analyst: Client) -> None:
        now = world()
        days = {"since": f"{now - timedelta(days=6):%Y-%m-%d}", "until": f"{now + timedelta(days=1):%Y-%m-%d}"}
        absent = {}
        for name, told in PAGES.items():
            page = name.format(**days)
            text = analyst.get(f"/octopus/{page}").content.decode()
            absent[page] = [each for each in told if each not in text]
        assert {page: each for page, each in absent.items() if each} == {}
        analyst.cookies["django_language"] = "en"
        assert {page for page in PAGES if "获客" in analyst.get(f"/octopus/{page}").content.decode()} == set()

    def test_a_page_of_nothing_says_so(self, analyst: Client) -> None:
        assert (
            f"{clock.now().astimezone(CHINA) - timedelta(days=31):%Y-%m-%d}"
            in analyst.get("/octopus/returns/").content.decode()
        )
        for page in ("costs/", "returns/", "attribution/"):
            assert (
                "数据。" in analyst.get(f"/octopus/{page}").content.decode()
                or "结果。" in analyst.get(f"/octopus/{page}").content.decode()
            )
        assert "还没有人群" in analyst.get("/octopus/experiments/").content.decode()
        assert analyst.get("/octopus/delivery/?id_kind=oaid&device=0").status_code == 422


@pytest.mark.django_db
class TestAnAnalystActs:
    def test_starts_looks_at_and_stops_an_experiment(self, analyst: Client) -> None:
        now = world()
        form = {"name": "留出一成", "strategy": "tencent/new_owner", "other": "", "buckets": "1", "audience": "lookalike", "kind": "complete", "planned": "600"}  # fmt: skip
        for change in (
            {"buckets": "0"},
            {"planned": "很多"},
            {"planned": "9" * 5000},
            {"buckets": "9" * 5000},
            {"other": "baidu/new_owner"},
            {"strategy": "tencent/none"},
        ):
            assert analyst.post("/octopus/experiments/start/", form | change).status_code == 422
        assert models.Experiment.objects.count() == 0
        answer = analyst.post("/octopus/experiments/start/", form)
        assert answer.status_code == 302
        with tenancy.scope(tenancy.PLATFORM):
            (shown,) = experiment_book.experiments_now()
            control = shown.draft.arms[0].buckets
            heads = sum(bucket_of(device) in control for device in range(1, 601))
        page = analyst.get(answer["Location"]).content.decode()
        assert f'<td class="number">{heads}</td>' in page
        assert "还分不出来" in page
        analyst.post(f"/octopus/experiments/{shown.id}/stop/", {"keep": "new_owner"})
        assert "只保留" not in analyst.get(answer["Location"]).content.decode()
        assert analyst.get("/octopus/experiments/exp_none/").status_code == 302
        assert shown.starts_at >= now

    def test_stops_everything_with_a_reason_and_lets_it_go_on(self, analyst: Client) -> None:
        world()
        analyst.post("/octopus/delivery/switch/", {"verb": "stop", "why": ""})
        assert models.GateMove.objects.count() == 0
        analyst.post("/octopus/delivery/switch/", {"verb": "stop", "why": "花费异常"})
        page = analyst.get("/octopus/delivery/").content.decode()
        assert "已全部停止" in page
        assert "花费异常" in page
        analyst.post("/octopus/delivery/switch/", {"verb": "go_on", "why": "查清了"})
        assert "正在应答媒体" in analyst.get("/octopus/delivery/").content.decode()
        analyst.post("/octopus/delivery/hand-over/")
        assert "第 1 次发布" in analyst.get("/octopus/delivery/").content.decode()

    def test_sets_what_a_result_may_cost(self, analyst: Client) -> None:
        with tenancy.scope(tenancy.PLATFORM):
            campaign = campaigns.create("tencent", "春季", by="lin", now=clock.now())
        place = f"/octopus/campaigns/{campaign}/"
        analyst.post(f"{place}act/", {"daily": "500", "target": "很多"})
        assert models.Budget.objects.count() == 0
        analyst.post(f"{place}act/", {"daily": "500", "target": "80.50"})
        page = analyst.get(place).content.decode()
        assert "每个结果最多 ¥80.50" in page
        assert "还没有判断过" in page

    def test_and_an_operator_may_only_read(self, var: Any) -> None:
        visitors.staff("he", "operator")
        client = visitors.enter("he")
        assert client.get("/octopus/delivery/").status_code == 200
        for page in ("delivery/switch/", "delivery/hand-over/", "experiments/start/", "experiments/exp_x/stop/"):
            assert client.post(f"/octopus/{page}", {"why": "试试", "verb": "stop"}).status_code == 403
        assert models.GateMove.objects.count() == 0


@pytest.mark.django_db
class TestAnOwner:
    def test_without_an_application_has_nothing_to_decide(self) -> None:
        client = owner("13900000001")
        assert "还没有申请过" in client.get("/m/advertising/").content.decode()
        assert client.post("/m/advertising/change/", {"verb": "tell"}).status_code == 404

    def test_decides_with_one_tap_sees_it_and_takes_it_back_from_either_page(self) -> None:
        with tenancy.scope(tenancy.PLATFORM):
            person_id = parties_operations.register_person(invented_owner("V1", seed=1), now=clock.now())
        client = owner("13900000001")
        session = client.session
        session["owner_person"] = person_id
        session.save()

        def page() -> str:
            return client.get("/m/advertising/").content.decode()

        assert [word in page() for word in ("没有同意", "开着", "什么也没有。")] == [True] * 3
        client.post("/m/advertising/change/", {"verb": "tell"})
        assert "已同意" in page()
        client.post("/m/advertising/change/", {"verb": "keep"})
        assert "没有同意" in page()
        client.post("/m/advertising/change/", {"verb": "plain"})
        assert "已关闭" in page()
        assert client.post("/m/advertising/change/", {"verb": "nonsense"}).status_code == 404
        assert "不用我的资料推送广告" in client.get("/m/shop/").content.decode()
        with tenancy.scope(tenancy.PLATFORM):
            standing = [row.id for row in parties.consents(person_id) if not hasattr(row, "withdrawal")]
        assert len(standing) == 1
        client.post(f"/m/consents/{standing[0]}/withdraw/")
        assert "开着" in page()
