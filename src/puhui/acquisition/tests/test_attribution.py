"""The last touch inside the window, at its edges."""

from datetime import UTC, datetime, timedelta

import pytest

from puhui.acquisition.core.attribution import LastTouchRule, last_touch

APPLIED = datetime(2026, 3, 1, 9, tzinfo=UTC)
RULE = LastTouchRule(window_days=30)
AGO = [
    # days before the application, which touch wins
    ([1], 0),
    ([5, 1, 3], 1),
    ([0], 0),
    ([30], None),  # exactly the window: outside
    ([29.999], 0),
    ([-0.001], None),  # after the application
    ([2, 2], 1),  # equal moments: the later arrival
    ([], None),
]


class TestTheLastTouch:
    @pytest.mark.parametrize(("days", "winner"), AGO)
    def test_is_the_latest_inside_the_window(self, days: list[float], winner: int | None) -> None:
        landed = [APPLIED - timedelta(days=ago) for ago in days]
        assert last_touch(landed, applied_at=APPLIED, rule=RULE) == winner

    def test_names_its_rule(self) -> None:
        assert RULE.version == "last-touch-30d"
