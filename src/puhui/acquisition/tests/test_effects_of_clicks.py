"""Groups, costs, returns and late answers of the clicks of a period, on a small world with every figure by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from puhui.acquisition import audiences, click_groups, data_link, late_answers, models, operations, vintages
from puhui.acquisition.core import signals
from puhui.acquisition.unit_costs import unit_costs

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
DAY, NEXT = date(2026, 11, 27), date(2026, 11, 28)
pytestmark = pytest.mark.django_db


def click(name: str, *, hours: float = 40, device: int | None = None, creative: str = "x", media: str = "tencent") -> dict[str, Any]:  # fmt: skip
    return {"kind": "click", "media": media, "campaign": "a", "creative": creative, "click_id": name, "device": device, "happened_at": NOW - timedelta(hours=hours)}  # fmt: skip


def step(kind: str, subject: str, click_id: str, *, hours: float) -> dict[str, Any]:
    return {"kind": kind, "subject": subject, "click_id": click_id, "happened_at": NOW - timedelta(hours=hours)}


def take(*facts: dict[str, Any]) -> None:
    assert data_link.take_signals(signals.frame_of(facts), now=NOW).refused == []


def cost(minor: int, key: str, *, on: date = DAY, creative: str = "", media: str = "tencent") -> None:
    operations.record_cost(operations.CostDraft(media, "a", on, minor, creative), key=key, now=NOW)


class TestGroups:
    def test_share_a_coarse_cost_by_clicks_to_the_last_fen(self):
        take(click("1"), click("2"), click("3", creative="y"), step("register", "p", "1", hours=39))
        cost(1001, "k1")
        cost(50, "k2", creative="y")
        cost(7, "k3", on=NEXT)
        found = click_groups.groups(DAY, NEXT + timedelta(days=1), "creative")
        assert [(each.label, each.cost_minor, each.clicks, dict(each.people)) for each in found] == [
            (("tencent", "a", "x"), 667, 2, {frozenset({"register"}): 1}), (("tencent", "a", "y"), 384, 1, {}),
            (("tencent", "a", click_groups.NOBODY), 7, 0, {}),
        ]  # fmt: skip
        (whole,) = click_groups.groups(DAY, NEXT + timedelta(days=1), "media")
        assert (whole.label, whole.cost_minor, whole.clicks) == (("tencent",), 1058, 3)

    def test_an_audience_is_the_one_at_the_time_of_the_click(self):
        audiences.replace("lookalike", {1, 2}, why="list", now=NOW - timedelta(days=9))
        audiences.replace("lookalike", {1}, why="list", now=NOW - timedelta(hours=50))
        take(click("1", device=1), click("2", device=2), step("register", "p", "1", hours=39))
        cost(100, "k1")
        found = {each.label: each for each in click_groups.groups(DAY, NEXT, "audience")}
        assert {label: (each.cost_minor, each.people.total()) for label, each in found.items()} == {("lookalike",): (50, 1), ("",): (50, 0)}  # fmt: skip
        assert [line.label for line in unit_costs(DAY, NEXT, by="audience")] == [(), ("",), ("lookalike",)]

    def test_a_cost_with_a_creative_is_another_cost_and_a_repeat_is_none(self):
        cost(100, "k")
        cost(100, "k")
        with pytest.raises(Exception, match="KEY_REUSED"):
            cost(100, "k", creative="x")
        assert models.Cost.objects.count() == 1


class TestReturns:
    def test_come_by_day_after_the_click_and_are_unknown_before(self):
        take(click("1"), click("2"), step("register", "p", "1", hours=39), step("register", "q", "2", hours=39))
        cost(1000, "k")
        earned = {("p", DAY): 100, ("p", DAY + timedelta(days=7)): 500, ("q", DAY + timedelta(days=8)): -300}
        assert vintages.tell(earned, subjects={"p", "q"}, now=NOW) == 3
        assert vintages.tell(earned, subjects={"p", "q"}, now=NOW) == 0
        assert vintages.tell(earned | {("p", DAY): 150}, subjects={"p", "q"}, now=NOW) == 1
        as_of = DAY + timedelta(days=30)
        whole, line = vintages.vintage(DAY, NEXT, by="campaign", as_of=as_of)
        assert (line.label, line.people, whole.returns) == (("tencent", "a"), 2, line.returns)
        assert [(each.day, each.back_minor, each.ratio) for each in line.returns] == [(0, 150, 0.15), (7, 650, 0.65), (30, 350, 0.35), (90, None, None)]  # fmt: skip
        low, high = line.returns[2].low, line.returns[2].high
        assert low is not None
        assert high is not None
        assert round((high - low) / 2, 4) == round(1.959964 * (650**2 + 300**2) ** 0.5 / 1000, 4)
        assert vintages.vintage(NEXT, NEXT + timedelta(days=1), by="media", as_of=as_of) == []


class TestLateAnswers:
    def test_say_how_complete_a_day_is_and_what_will_come(self):
        facts = []
        for number in range(10):  # ten clicks nine days ago: half answer within an hour, half after ninety-six
            facts += [
                click(f"old{number}", hours=216),
                step("register", f"o{number}", f"old{number}", hours=215.5 if number < 5 else 120),
            ]
        facts += [click(f"new{number}", hours=40) for number in range(10)]
        facts += [step("register", f"n{number}", f"new{number}", hours=39.5) for number in range(2)]
        take(*facts)
        found = late_answers.answers(date(2026, 11, 20), NEXT, kind="register", now=NOW)
        days = {day.on: day for day in found.days}
        old, new = days[date(2026, 11, 20)], days[DAY]
        assert (old.clicks, old.so_far, old.complete) == (10, 10, 1.0)
        assert (new.clicks, new.so_far) == (10, 2)
        # Of those whose click is old enough to show a delay of 96 hours, half took longer than an hour.
        assert new.complete == 0.5
        assert new.expected is not None
        assert round(new.expected[0], 9) == 4.0
        assert found.half_hours == 1.0
        assert days[date(2026, 11, 22)].expected is None

    def test_of_one_media_and_of_nothing(self):
        take(click("1"), step("register", "p", "1", hours=39))
        assert late_answers.answers(DAY, NEXT, kind="register", media="baidu", now=NOW).half_hours is None
        assert late_answers.answers(DAY, NEXT, kind="credit", now=NOW).days[0].complete is None
