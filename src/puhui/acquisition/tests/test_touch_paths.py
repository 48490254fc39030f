"""Ways before a result: whose clicks count, who was touched in vain, and shares that re-add by every rule."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from puhui.acquisition import data_link, touch_paths
from puhui.acquisition.core import signals
from puhui.acquisition.evaluation_terms import terms
from puhui.acquisition.touch_paths import Asked

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
DAY = date(2026, 11, 29)
MOST_UNITS = terms()["touches"]["units_max"]
pytestmark = pytest.mark.django_db


def click(name: str, media: str, *, hours: float, device: int | None = None, campaign: str = "a") -> dict[str, Any]:
    return {"kind": "click", "media": media, "campaign": campaign, "click_id": name, "device": device, "happened_at": NOW - timedelta(hours=hours)}  # fmt: skip


def step(kind: str, subject: str, *, hours: float, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "subject": subject, "happened_at": NOW - timedelta(hours=hours)} | more


def take(*facts: dict[str, Any]) -> None:
    assert data_link.take_signals(signals.frame_of(facts), now=NOW).refused == []


def asked(**more: Any) -> Asked:
    return replace(Asked("draw", DAY, DAY + timedelta(days=1)), **more)


def test_a_way_is_the_clicks_of_all_devices_and_ids_of_a_person_in_order():
    take(
        click("too old", "baidu", hours=9 * 24, device=1), click("one", "baidu", hours=30, device=1),
        click("two", "tencent", hours=20, device=1), click("named", "kuaishou", hours=15),
        click("after", "baidu", hours=0.1, device=1),
        step("register", "p", hours=10, click_id="two"), step("complete", "p", hours=9, click_id="named"),
        step("draw", "p", hours=1, value_minor=1001),
        click("vain", "baidu", hours=3, device=2), click("vain too", "baidu", hours=2, device=2), click("alone", "baidu", hours=2),
        step("register", "q", hours=5), step("draw", "q", hours=2, value_minor=500),
    )  # fmt: skip
    found = touch_paths.credited(asked())
    assert [(path.channels, path.results, path.without, path.value_minor) for path in found.paths] == [
        (("baidu",), 0, 1, 0), (("baidu", "baidu"), 0, 1, 0), (("baidu", "tencent", "kuaishou"), 1, 0, 1001),
    ]  # fmt: skip
    assert found.untouched == (1, 500)
    assert found.people["last"] == {"baidu": 0, "tencent": 0, "kuaishou": 100}
    assert found.value["position"] == {"baidu": 401, "tencent": 200, "kuaishou": 400}
    assert found.value["shapley"] == {"baidu": 334, "tencent": 334, "kuaishou": 333}
    assert (found.results, found.value_minor, found.longest) == (1, 1001, [(3, 1)])
    for rule in touch_paths.RULES:
        assert sum(found.value[rule].values()) == 1001
        assert sum(found.people[rule].values()) == 100


def test_a_longer_window_sees_the_older_click_and_units_are_finer():
    take(
        click("old", "baidu", hours=9 * 24, device=1), click("new", "tencent", hours=20, device=1, campaign="spring"),
        step("register", "p", hours=10, device=1), step("draw", "p", hours=1, value_minor=300),
    )  # fmt: skip
    assert touch_paths.credited(asked()).value["even"] == {"tencent": 300}
    assert touch_paths.credited(asked(window_days=30)).value["even"] == {"baidu": 150, "tencent": 150}
    assert touch_paths.credited(asked(unit="campaign")).units == ["tencent / spring"]


def test_rare_units_stand_together_and_nothing_is_nothing():
    facts = []
    for number in range(MOST_UNITS + 3):
        facts += [
            click(f"c{number}", "tencent", hours=20, device=number, campaign=f"k{number:02d}"),
            step("register", f"p{number}", hours=10, device=number),
        ]
    take(*facts)
    found = touch_paths.credited(asked(kind="register", unit="campaign"))
    assert len(found.units) == MOST_UNITS + 1
    assert found.people["markov"][touch_paths.OTHERS] == 300
    assert found.units[-1] == touch_paths.OTHERS
    assert touch_paths.credited(asked(kind="credit")).units == []
