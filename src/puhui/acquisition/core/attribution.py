"""Which advertisement an application is owed to: the last touch (末次触达) inside a window, and nothing cleverer yet.

Rule kept: a touch counts when it landed at or before the application and no longer ago than the window; the period
(applied_at − window, applied_at] is half-open, so a touch exactly `window_days` old no longer counts.

>>> from datetime import UTC
>>> first, ninth, tenth = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 9, 10))
>>> last_touch([first, ninth], applied_at=tenth, rule=LastTouchRule(window_days=30))
1
>>> last_touch([tenth], applied_at=ninth, rule=LastTouchRule(window_days=30)) is None
True
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class LastTouchRule:
    """The window of the rule; `version` is stored with every link made under it."""

    window_days: int = 30

    @property
    def version(self) -> str:
        return f"last-touch-{self.window_days}d"


def last_touch(landed_at: Sequence[datetime], *, applied_at: datetime, rule: LastTouchRule) -> int | None:
    """Position of the latest landing inside the window, or None. Of equal landings the later in the list wins."""
    opens = applied_at - timedelta(days=rule.window_days)
    inside = [(moment, place) for place, moment in enumerate(landed_at) if opens < moment <= applied_at]
    return max(inside)[1] if inside else None
