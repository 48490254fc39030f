"""Touches, links and costs: idempotent, append-only, the platform's alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, connections

from puhui.acquisition import models, operations, queries
from puhui.acquisition.core.funnel import FunnelRow
from puhui.acquisition.operations import CostDraft, TouchDraft
from puhui.kernel.refusal import Refused
from puhui.store import tenancy

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
TOUCH = TouchDraft("wechat", "spring", "click-1", "d" * 64, NOW - timedelta(days=2))
COST = CostDraft("wechat", "spring", date(2026, 3, 9), 12_345)


def counts() -> tuple[int, int, int]:
    return models.Touch.objects.count(), models.Link.objects.count(), models.Cost.objects.count()


@pytest.mark.django_db
class TestATouch:
    def test_is_recorded_once_under_its_key(self) -> None:
        first = operations.record_touch(TOUCH, key="k1", now=NOW)
        assert operations.record_touch(TOUCH, key="k1", now=NOW + timedelta(hours=1)) == first
        assert first.startswith("touch_")
        assert counts() == (1, 0, 0)

    def test_is_refused_under_a_key_used_for_another(self) -> None:
        operations.record_touch(TOUCH, key="k1", now=NOW)
        with pytest.raises(Refused, match="KEY_REUSED"):
            operations.record_touch(replace(TOUCH, campaign="autumn"), key="k1", now=NOW)
        assert counts() == (1, 0, 0)

    @pytest.mark.parametrize(
        ("draft", "code"),
        [
            (replace(TOUCH, channel=" "), "CHANNEL_MISSING"),
            (replace(TOUCH, click_id="x" * 201), "TEXT_TOO_LONG"),
            (replace(TOUCH, campaign="a\x00b"), "TEXT_UNREADABLE"),
            (replace(TOUCH, landed_at=NOW + timedelta(seconds=1)), "TOUCH_IN_FUTURE"),
            (replace(TOUCH, landed_at=datetime(2026, 3, 1)), "TIME_ZONE_MISSING"),  # noqa: DTZ001 - the fault tested
        ],
    )
    def test_is_refused_by_name_and_nothing_is_stored(self, draft: TouchDraft, code: str) -> None:
        with pytest.raises(Refused, match=code):
            operations.record_touch(draft, key="k1", now=NOW)
        assert counts() == (0, 0, 0)


@pytest.mark.django_db
class TestALink:
    def test_goes_to_the_devices_last_touch(self) -> None:
        first = operations.record_touch(TOUCH, key="k1", now=NOW)
        later = operations.record_touch(
            replace(TOUCH, campaign="autumn", landed_at=NOW - timedelta(days=1)), key="k2", now=NOW
        )
        assert operations.link(first, "app_1", applied_at=NOW, now=NOW) == later
        assert operations.link(first, "app_1", applied_at=NOW, now=NOW) == later
        origin = queries.origin_of("app_1")
        assert origin is not None
        assert (origin.channel, origin.campaign, origin.rule) == ("wechat", "autumn", "last-touch-30d")
        assert counts() == (2, 1, 0)

    def test_of_an_unknown_device_stays_with_the_touch_handed_on(self) -> None:
        first = operations.record_touch(replace(TOUCH, device_hash=None), key="k1", now=NOW)
        operations.record_touch(replace(TOUCH, device_hash=None, landed_at=NOW), key="k2", now=NOW)
        assert operations.link(first, "app_1", applied_at=NOW, now=NOW) == first

    def test_is_not_made_outside_the_window(self) -> None:
        touch_id = operations.record_touch(replace(TOUCH, landed_at=NOW - timedelta(days=30)), key="k1", now=NOW)
        assert operations.link(touch_id, "app_1", applied_at=NOW, now=NOW) is None
        assert queries.origin_of("app_1") is None
        assert counts() == (1, 0, 0)

    def test_to_an_unknown_touch_is_refused(self) -> None:
        with pytest.raises(Refused, match="TOUCH_UNKNOWN"):
            operations.link("touch_none", "app_1", applied_at=NOW, now=NOW)
        assert counts() == (0, 0, 0)


@pytest.mark.django_db
class TestACost:
    def test_that_arrives_twice_counts_once(self) -> None:
        touch_id = operations.record_touch(TOUCH, key="k1", now=NOW)
        operations.link(touch_id, "app_1", applied_at=NOW, now=NOW)
        assert operations.record_cost(COST, key="c1", now=NOW) == operations.record_cost(COST, key="c1", now=NOW)
        since, until = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
        found = queries.funnel_between(since, until, stages={"funded": ["app_1"]})
        assert found == [FunnelRow("wechat", "spring", 1, 1, {"funded": 1}, 12_345, 12_345)]
        assert queries.funnel_between(until, until + timedelta(days=30)) == []

    def test_of_nothing_is_refused(self) -> None:
        with pytest.raises(Refused, match="AMOUNT_ZERO"):
            operations.record_cost(replace(COST, amount_minor=0), key="c1", now=NOW)
        assert counts() == (0, 0, 0)


class TestTheDatabase:
    def test_shows_institutions_nothing_and_lets_nobody_edit(self, fresh_database: object) -> None:
        touch_id = operations.record_touch(TOUCH, key="k1", now=NOW)
        operations.link(touch_id, "app_1", applied_at=NOW, now=NOW)
        operations.record_cost(COST, key="c1", now=NOW)
        tables = ("acquisition_touch", "acquisition_link", "acquisition_cost")
        for tenant, seen in ((tenancy.PLATFORM, 1), ("inst_a", 0), (tenancy.NOBODY, 0)):
            with tenancy.scope(tenant), connection.cursor() as cursor:
                for table in tables:
                    cursor.execute(f"SELECT count(*) FROM {table}")
                    assert cursor.fetchone()[0] == seen
        for link in (connection, connections["owner"]):
            for table in tables:
                with pytest.raises(DatabaseError), link.cursor() as cursor:
                    cursor.execute(f"DELETE FROM {table}")
        assert counts() == (1, 1, 1)
