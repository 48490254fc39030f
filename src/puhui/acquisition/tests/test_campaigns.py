"""Campaigns: the linter of 2026, going live, budgets, and promises that never pass the day's limit."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, connections
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.acquisition import campaigns, models, operations
from puhui.acquisition.campaigns import Wording
from puhui.acquisition.core.creative_lint import Phrase, Text, lint
from puhui.acquisition.rta import publication
from puhui.kernel.refusal import Refused
from puhui.store import tenancy

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
DAY = date(2026, 11, 29)
GOOD = "普惠小店经营贷，由示例银行股份有限公司提供，经营性贷款，年化综合融资成本 6%-12%，具体以审批为准。理性借贷，按时还款，注意风险。"
PAGE = "https://loans.example/m/"


def found(text: str, *, name: str = "小店助手", cap: Decimal | None = None, on: date = DAY) -> list[str]:
    return [each.rule for each in campaigns.check_text(Text(name, text), on=on, cap=cap)]


class TestTheLinter:
    def test_lets_a_text_with_all_key_facts_pass(self):
        assert found(GOOD) == []

    @pytest.mark.parametrize(
        ("addition", "rule"),
        [
            ("秒到账", "EASY_CREDIT"),
            ("秒 到·账", "EASY_CREDIT"),
            ("秒\u200b到账", "EASY_CREDIT"),
            ("非低门槛", "EASY_CREDIT"),
            ("零风险！", "GUARANTEE"),
            ("限时-抢购", "PRESSURE"),
            ("财富自由", "WEALTH"),
        ],
    )
    def test_stops_a_forbidden_phrase_however_it_is_spaced(self, addition: str, rule: str):
        assert found(GOOD + addition) == [rule]

    def test_stops_a_restricted_word_in_the_name_only(self):
        assert found(GOOD, name="好贷款") == ["NAME_RESTRICTED"]

    @pytest.mark.parametrize(
        ("cut", "missing"),
        [("由示例银行股份有限公司提供，", "who provides it"), ("年化综合融资成本 6%-12%", "all-in yearly cost"), ("理性借贷，按时还款，注意风险", "risk")],
    )  # fmt: skip
    def test_stops_a_text_that_leaves_a_key_fact_out(self, cut: str, missing: str):
        told = campaigns.check_text(Text("", GOOD.replace(cut, "")), on=DAY)
        assert [each.rule for each in told] == ["KEY_FACT_MISSING"]
        assert missing in told[0].told

    def test_stops_a_cost_above_the_cap(self):
        assert found(GOOD.replace("12%", "36％"), cap=Decimal("0.24")) == ["RATE_ABOVE_CAP"]
        assert found(GOOD, cap=Decimal("0.24")) == []

    def test_knows_when_the_rules_began(self):
        assert found("秒到账", on=date(2026, 9, 29)) == []
        assert "EASY_CREDIT" in found("秒到账", on=date(2026, 9, 30))

    @given(st.lists(st.sampled_from(" ·.-_*~，　\u200b"), max_size=3), st.text(alphabet="好的店", max_size=5))
    def test_finds_a_phrase_through_any_fillers(self, fillers: list[str], around: str):
        passage = ("".join(fillers)).join("秒到账")
        (one,) = lint(Text("", around + passage + around), [Phrase("R", "秒到账", "text", "")], [])
        assert one.found == passage


def live(daily_minor: int = 1000) -> str:
    campaign = campaigns.create("tencent", "另一个", by="analyst", now=NOW)
    campaigns.word(campaign, Wording("小店周转", GOOD, PAGE), by="analyst", now=NOW)
    campaigns.set_budget(campaign, daily_minor, by="analyst", now=NOW)
    campaigns.move(campaign, "live", by="analyst", now=NOW)
    return campaign


@pytest.mark.django_db
class TestACampaign:
    def test_goes_live_with_a_wording_and_a_budget(self):
        campaign = campaigns.create("tencent", "春季", by="analyst", now=NOW)
        for code in ("CREATIVE_MISSING", "BUDGET_MISSING"):
            with pytest.raises(Refused, match=code):
                campaigns.move(campaign, "live", by="analyst", now=NOW)
            campaigns.word(campaign, Wording("小店周转", GOOD, PAGE), by="analyst", now=NOW)
        campaigns.set_budget(campaign, 500_00, by="analyst", now=NOW)
        assert campaigns.move(campaign, "live", by="analyst", now=NOW) == "live"
        assert campaigns.create("tencent", " 春季 ", by="other", now=NOW) == campaign
        found = campaigns.one(campaign, on=DAY)
        assert (found.state, found.daily_minor, found.promised_minor, len(found.creatives)) == ("live", 500_00, 0, 2)

    def test_keeps_no_wording_that_the_linter_stops(self):
        campaign = campaigns.create("tencent", "春季", by="analyst", now=NOW)
        with pytest.raises(Refused, match="CREATIVE_STOPPED") as refused:
            campaigns.word(campaign, Wording("小店周转", GOOD + "秒到账", PAGE), by="analyst", now=NOW)
        assert "秒到账" in str(refused.value)
        with pytest.raises(Refused, match="LANDING_FOREIGN"):
            campaigns.word(campaign, Wording("小店周转", GOOD, "http://x.example"), by="analyst", now=NOW)
        assert models.Creative.objects.count() == 0

    def test_moves_only_as_the_table_says(self):
        campaign = live()
        campaigns.move(campaign, "stopped", why="太贵", by="analyst", now=NOW)
        campaigns.move(campaign, "ended", by="analyst", now=NOW)
        with pytest.raises(Refused, match="CAMPAIGN_MOVE"):
            campaigns.move(campaign, "live", by="analyst", now=NOW)
        with pytest.raises(Refused, match="CAMPAIGN_UNKNOWN"):
            campaigns.move("cmp_none", "live", by="analyst", now=NOW)
        assert list(models.CampaignMove.objects.values_list("state", flat=True)) == [
            "draft",
            "live",
            "stopped",
            "ended",
        ]

    def test_takes_a_proposal_whole_or_not_at_all(self):
        campaign = live()
        assert campaigns.apply_proposal({campaign: 2000}, name="proposal 1", by="analyst", now=NOW) == 1
        assert campaigns.apply_proposal({campaign: 2000}, name="proposal 1", by="analyst", now=NOW) == 0
        with pytest.raises(Refused, match="CAMPAIGN_UNKNOWN"):
            campaigns.apply_proposal({campaign: 1, "cmp_none": 1}, name="proposal 2", by="analyst", now=NOW)
        assert campaigns.one(campaign, on=DAY).daily_minor == 2000


@pytest.mark.django_db
class TestDelivery:
    def test_is_shut_for_a_strategy_whose_campaigns_may_not_spend(self, tmp_path: Path):
        pair = ("tencent", "new_owner")
        campaign = campaigns.create("tencent", "春季", strategy="new_owner", by="analyst", now=NOW)
        live()  # a campaign without a strategy of its own shuts and opens nothing
        assert campaigns.obey(tmp_path, now=NOW) == {pair}
        campaigns.word(campaign, Wording("小店周转", GOOD, PAGE), by="analyst", now=NOW)
        campaigns.set_budget(campaign, 100, by="analyst", now=NOW)
        campaigns.move(campaign, "live", by="analyst", now=NOW)
        assert campaigns.obey(tmp_path, now=NOW) == frozenset()
        publication.close_gate(
            tmp_path, replace(publication.read_gate(tmp_path), strategies=frozenset({("baidu", "x")}))
        )
        operations.record_cost(operations.CostDraft("tencent", "春季", DAY, 100), key="c", now=NOW)
        assert campaigns.obey(tmp_path, now=NOW) == {pair}
        gate = publication.read_gate(tmp_path)
        assert (gate.stops(*pair), gate.stops("baidu", "x"), gate.stops("tencent", "other")) == (True, True, False)
        assert campaigns.obey(tmp_path, now=NOW + timedelta(days=1)) == frozenset()
        campaigns.move(campaign, "stopped", by="analyst", now=NOW)
        assert campaigns.obey(tmp_path, now=NOW + timedelta(days=1)) == {pair}


@pytest.mark.django_db
class TestAPromise:
    def test_fits_the_day_or_is_not_made(self):
        campaign = live(daily_minor=100)
        assert [campaigns.promise(campaign, 40, now=NOW) for _ in range(3)] == [True, True, False]
        assert campaigns.promise(campaign, 20, now=NOW)
        assert campaigns.promise(campaign, 100, now=NOW + timedelta(days=1))
        campaigns.set_budget(campaign, 10, by="analyst", now=NOW)
        assert not campaigns.promise(campaign, 1, now=NOW)
        campaigns.set_budget(campaign, 0, by="analyst", now=NOW)
        assert not campaigns.promise(campaign, 1, now=NOW + timedelta(days=2))

    def test_is_not_made_by_a_stopped_campaign(self):
        campaign = live()
        campaigns.move(campaign, "stopped", by="analyst", now=NOW)
        assert not campaigns.promise(campaign, 1, now=NOW)
        assert models.SpendDay.objects.count() == 0

    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.one_of(st.integers(1, 60), st.tuples(st.just("limit"), st.integers(0, 120))), max_size=12))
    def test_never_passes_the_limit_that_stood_when_it_was_made(self, asked: list[int | tuple[str, int]]):
        models.SpendDay.objects.all().delete()
        campaign = live(daily_minor=100)
        promised, limit = 0, 100
        campaigns.set_budget(campaign, limit, by="analyst", now=NOW)
        for each in asked:
            if isinstance(each, tuple):
                limit = each[1]
                campaigns.set_budget(campaign, limit, by="analyst", now=NOW)
            elif campaigns.promise(campaign, each, now=NOW):
                promised += each
                assert promised <= limit
        held = models.SpendDay.objects.filter(campaign=campaign).values_list("promised_minor", flat=True)
        assert sum(held) == promised


class TestPromisesMadeAtOnce:
    def test_by_many_workers_never_pass_the_limit(self, fresh_database: object):
        campaign = live(daily_minor=500)
        made: list[bool] = []

        def worker() -> None:
            with tenancy.scope(tenancy.PLATFORM):
                for _ in range(20):
                    made.append(campaigns.promise(campaign, 7, now=NOW))
            connections.close_all()

        threads = [threading.Thread(target=worker) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(made) == 500 // 7
        with connection.cursor() as cursor:
            cursor.execute("SELECT promised_minor, limit_minor FROM acquisition_spend_day")
            assert cursor.fetchall() == [(497, 500)]
