"""The funnel, by hand."""

import polars as pl

from puhui.acquisition.core.funnel import FunnelRow, funnel

TOUCHES = pl.DataFrame(
    {
        "channel": ["wechat", "wechat", "wechat", "street"],
        "campaign": ["spring", "spring", "spring", "poster"],
        "application_id": ["app_1", "app_2", None, None],
    }
)
COSTS = pl.DataFrame(
    {
        "channel": ["wechat", "wechat", "douyin"],
        "campaign": ["spring", "spring", "video"],
        "amount_minor": [10_001, -1_000, 500],
    }
)


class TestTheFunnel:
    def test_counts_and_divides_per_campaign(self) -> None:
        found = funnel(TOUCHES, COSTS, stages={"approved": {"app_1", "app_2"}, "funded": {"app_2", "app_9"}})
        assert found == [
            FunnelRow("douyin", "video", 0, 0, {"approved": 0, "funded": 0}, 500, None),
            FunnelRow("street", "poster", 1, 0, {"approved": 0, "funded": 0}, 0, None),
            FunnelRow("wechat", "spring", 3, 2, {"approved": 2, "funded": 1}, 9_001, 4_501),
        ]

    def test_is_empty_without_facts(self) -> None:
        assert funnel(TOUCHES.clear(), COSTS.clear()) == []
