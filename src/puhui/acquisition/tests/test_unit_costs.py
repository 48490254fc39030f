"""Cost of a registered, credited, funded and good person, by the click's campaign, with intervals."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from puhui.acquisition import data_link, operations
from puhui.acquisition.core import signals
from puhui.acquisition.unit_costs import unit_costs

AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
DAY = date(2026, 11, 20)
pytestmark = pytest.mark.django_db


def came(person: str, *kinds: str, at: datetime = AT) -> None:
    facts: list[dict[str, Any]] = [
        {"kind": kind, "media": "tencent", "campaign": "a", "click_id": person, "subject": "" if kind == "click" else person,
         "happened_at": at + timedelta(days=number)}
        for number, kind in enumerate(("click", *kinds))
    ]  # fmt: skip
    assert data_link.take_signals(signals.frame_of(facts), now=AT + timedelta(days=9)).refused == []


def test_people_count_where_their_click_was_whenever_they_went_on():
    came("p1", "register", "credit", "draw", "first_payment")
    came("p2", "register", "credit", "draw", "first_payment", "default")
    came("p3", "register")
    came("earlier", "register", at=AT - timedelta(days=1))
    draft = operations.CostDraft("tencent", "a", DAY, 300_00)
    operations.record_cost(draft, key="c1", now=AT)
    total, line = unit_costs(DAY, DAY + timedelta(days=1))
    assert (line.label, line.cost_minor) == (("tencent", "a"), 300_00)
    assert [stage.count for stage in line.stages] == [3, 2, 2, 1]
    assert [stage.minor for stage in line.stages] == [100_00, 150_00, 150_00, 300_00]
    low, high = line.stages[3].low_minor, line.stages[3].high_minor
    assert low is not None
    assert high is not None
    assert low < 300_00 < high
    assert total.stages == line.stages


def test_a_cost_that_brought_nobody_has_only_a_lower_edge():
    operations.record_cost(operations.CostDraft("baidu", "b", DAY, 100_00), key="c2", now=AT)
    line = unit_costs(DAY, DAY + timedelta(days=1))[1]
    assert line.stages[0].minor is None
    assert line.stages[0].high_minor is None
    assert line.stages[0].low_minor
    assert unit_costs(DAY + timedelta(days=1), DAY + timedelta(days=2)) == []
