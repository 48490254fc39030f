"""The nightly look: tired and losing creatives, what traffic each deserves, a campaign that is stopped; and the kill switch with its log."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from puhui.acquisition import audiences, campaigns, creative_watch, data_link, delivery_gate, models, operations
from puhui.acquisition.core import device_ids, signals
from puhui.acquisition.rta import publication, tables
from puhui.kernel.refusal import Refused

NOW = datetime(2026, 11, 29, 17, 20, tzinfo=UTC)  # twenty past one of the 30th in China
GOOD = "普惠小店经营贷，由示例银行股份有限公司提供，经营性贷款，年化综合融资成本 6%-12%，具体以审批为准。理性借贷，按时还款，注意风险。"
CHINA = ZoneInfo("Asia/Shanghai")
pytestmark = pytest.mark.django_db


def live(*, target: int | None = 1000, strategy: str = "") -> str:
    campaign = campaigns.create("tencent", "春季", strategy=strategy, by="lin", now=NOW)
    campaigns.word(campaign, campaigns.Wording("小店周转", GOOD, "https://loans.example/m/"), by="lin", now=NOW)
    campaigns.set_budget(campaign, 50_000, target_minor=target, by="lin", now=NOW)
    campaigns.move(campaign, "live", by="lin", now=NOW)
    return campaign


def happened(creative: str, *, ago: int, shown: int, clicked: int, completed: int = 0) -> None:
    at = NOW - timedelta(days=ago)
    common: dict[str, Any] = {"media": "tencent", "campaign": "春季", "creative": creative, "happened_at": at}
    rows = [common | {"kind": "impression", "name": f"{creative}{ago}i{n}"} for n in range(shown)]
    rows += [common | {"kind": "click", "click_id": f"{creative}{ago}c{n}"} for n in range(clicked)]
    rows += [{"kind": "complete", "subject": f"{creative}{ago}p{n}", "click_id": f"{creative}{ago}c{n}", "happened_at": at} for n in range(completed)]  # fmt: skip
    assert data_link.take_signals(signals.frame_of(rows), now=NOW).new == len(rows)


def cost(minor: int, *, creative: str = "", ago: int = 1) -> None:
    day = (NOW - timedelta(days=ago)).astimezone(CHINA).date()
    operations.record_cost(
        operations.CostDraft("tencent", "春季", day, minor, creative), key=f"{creative}{ago}{minor}", now=NOW
    )


def test_a_creative_that_spent_three_target_costs_for_nothing_is_stopped_and_a_good_one_gets_the_traffic() -> None:
    campaign = live()
    happened("bad", ago=1, shown=0, clicked=100)
    happened("good", ago=1, shown=0, clicked=100, completed=40)
    cost(3001, creative="bad")
    cost(3001, creative="good")
    assert creative_watch.watch(now=NOW) == 0
    whole, good, bad = creative_watch.verdicts_of(campaign)
    assert (whole.creative, whole.verdict, whole.done) == ("", "runs", "")
    assert (good.creative, good.verdict, good.share) == ("good", "runs", 1.0)
    assert (bad.creative, bad.verdict, bad.share) == ("bad", "stopped", None)
    assert good.figures == {"shown": 0, "clicked": 100, "spent_minor": 3001, "converted": 40}
    assert creative_watch.watch(now=NOW) == 0
    assert models.CreativeVerdict.objects.count() == 3
    assert campaigns.one(campaign, on=NOW.date()).state == "live"


def test_a_campaign_that_loses_is_stopped_and_its_strategy_shut(tmp_path: Path) -> None:
    campaign = live(strategy="new_owner")
    happened("a", ago=1, shown=0, clicked=3)
    happened("b", ago=1, shown=0, clicked=1)
    cost(4001)
    assert creative_watch.watch(now=NOW) == 1
    found = campaigns.one(campaign, on=NOW.date())
    assert (found.state, found.moves[-1].by) == ("stopped", creative_watch.BY)
    verdicts = creative_watch.verdicts_of(campaign)
    assert verdicts[0].done == "campaign stopped"
    assert {each.creative: each.figures["spent_minor"] for each in verdicts} == {"": 4001, "a": 3001, "b": 1000}
    assert campaigns.obey(tmp_path, now=NOW) == {("tencent", "new_owner")}


def test_without_a_target_nothing_is_too_dear_but_fatigue_is_seen() -> None:
    campaign = live(target=None)
    for ago in range(1, 15):
        happened("old", ago=ago, shown=100, clicked=10 if ago > 7 else 3)
    cost(10**9)
    assert creative_watch.watch(now=NOW) == 0
    whole, old = creative_watch.verdicts_of(campaign)
    assert (whole.verdict, old.verdict, old.share) == ("tired", "tired", 1.0)
    history = creative_watch.history_of(campaign, now=NOW)["old"]
    assert sum(shown for _day, shown, _clicked in history) == 1400


def test_a_stopped_campaign_is_not_judged_and_a_target_is_kept_by_later_limits() -> None:
    campaign = live()
    campaigns.set_budget(campaign, 60_000, by="lin", now=NOW)
    assert campaigns.one(campaign, on=NOW.date()).target_minor == 1000
    with pytest.raises(Refused, match="BUDGET_AMOUNT"):
        campaigns.set_budget(campaign, 60_000, target_minor=0, by="lin", now=NOW)
    campaigns.move(campaign, "stopped", by="lin", now=NOW)
    happened("a", ago=1, shown=0, clicked=3)
    assert creative_watch.watch(now=NOW) == 0
    assert models.CreativeVerdict.objects.count() == 0


class TestTheKillSwitch:
    def test_stops_a_media_or_everything_and_keeps_who_and_why(self, tmp_path: Path) -> None:
        campaign_gate = campaigns.obey(tmp_path, now=NOW)
        assert delivery_gate.stop(tmp_path, media="tencent", why="花费异常", by="lin", now=NOW).media == {"tencent"}
        assert delivery_gate.stop(tmp_path, why="演练", by="lin", now=NOW).stopped
        gate = delivery_gate.go_on(tmp_path, why="演练结束", by="gao", now=NOW)
        assert (gate.stopped, gate.media, gate.by_campaigns) == (False, {"tencent"}, campaign_gate)
        assert [(each.media, each.stopped, each.by) for each in delivery_gate.moves()] == [("", False, "gao"), ("", True, "lin"), ("tencent", True, "lin")]  # fmt: skip

    def test_wants_a_reason_and_a_media_that_there_is(self, tmp_path: Path) -> None:
        for code, more in (("REASON_MISSING", {"why": " "}), ("MEDIA_UNKNOWN", {"why": "演练", "media": "weibo"})):
            with pytest.raises(Refused, match=code):
                delivery_gate.stop(tmp_path, by="lin", now=NOW, **more)
        assert (publication.read_gate(tmp_path), models.GateMove.objects.count()) == (publication.Gate(), 0)


class TestWhoMayBeShownWhat:
    def test_is_told_with_every_move_and_its_reason(self, tmp_path: Path) -> None:
        key = device_ids.known("oaid", "device-of-li")[0]
        audiences.replace("lookalike", {key}, why="list", now=NOW - timedelta(days=2))
        audiences.replace("existing_customer", {1}, why="list", now=NOW - timedelta(days=2))

        def answers() -> dict[str, tuple[str, tuple[str, ...]]]:
            found = delivery_gate.device("oaid", "device-of-li", tmp_path, now=NOW)
            return {each.media: (each.reason, each.strategies) for each in found.permitted}

        assert answers()["tencent"] == ("NOT_LOADED", ())
        audiences.publish(tmp_path, tables.SHIPPED_STRATEGIES.read_text("utf-8"), by="lin", now=NOW)
        assert answers()["tencent"] == ("JOIN", ("new_owner", "lookalike_owner"))
        delivery_gate.stop(tmp_path, media="baidu", why="演练", by="lin", now=NOW)
        assert (answers()["baidu"], answers()["tencent"][0]) == (("STOPPED", ()), "JOIN")
        audiences.replace("vulnerable", {key}, why="list", now=NOW - timedelta(days=1))
        assert answers()["tencent"] == ("PROTECTED", ())
        audiences.replace("vulnerable", set(), why="list", now=NOW)
        audiences.replace("opted_out", {key}, why="list", now=NOW)
        assert answers()["tencent"][0] == "PROTECTED"
        found = delivery_gate.device("oaid", "device-of-li", tmp_path, now=NOW)
        assert found.audiences == ["lookalike", "opted_out"]
        assert [(audience, inside) for audience, inside, _why, _at in found.moves] == [("lookalike", True), ("vulnerable", True), ("vulnerable", False), ("opted_out", True)]  # fmt: skip

    def test_of_no_device_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(Refused, match="DEVICE_UNREADABLE"):
            delivery_gate.device("oaid", "00000000-0000-0000-0000-000000000000", tmp_path, now=NOW)
