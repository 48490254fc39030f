"""Data quality (数据质量) of the link: what we saw held against what a media says it sent, and alarms past dated limits.

>>> found = alarms("tencent", Seen(clicks=90, reported=100), {"loss": (0.05, "share", "短少", "short")}, now=None)
>>> [(each.alarm, round(each.value, 2), each.limit) for each in found]
[('loss', 0.1, 0.05)]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Limits = Mapping[str, tuple[float, str, str, str]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A media's day: `clicks` ours, `reported` the media's own count (None: not told), `delay_s` the 95th percentile."""

    clicks: int = 0
    reported: int | None = None
    unidentified: int = 0
    newest_at: datetime | None = None
    delay_s: float | None = None
    steps: int = 0
    unknown: int = 0
    told: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """A figure past its limit, in the limit's unit, with what it means in both languages."""

    media: str
    alarm: str
    value: float
    limit: float
    unit: str
    zh: str
    en: str

    @property
    def times_over(self) -> float:
        """How far past the limit."""
        return self.value / self.limit if self.limit else self.value


def alarms(media: str, seen: Seen, limits: Limits, *, now: datetime | None) -> list[Alarm]:
    """Those past their limit; a figure that is not known raises none."""
    silence = (now - seen.newest_at).total_seconds() if now and seen.newest_at else None
    figures = {
        "loss": _share(seen.reported - seen.clicks, seen.reported) if seen.reported else None,
        "excess": _share(seen.clicks - seen.reported, seen.reported) if seen.reported else None,
        "late": seen.delay_s,
        "unknown_click": _share(seen.unknown, seen.steps),
        "no_identity": _share(seen.unidentified, seen.clicks),
        "refused_conversion": _share(seen.refused, seen.told),
        "silent": silence,
    }
    return [
        Alarm(media, name, value, limits[name][0], *limits[name][1:])
        for name, value in figures.items()
        if name in limits and value is not None and value > limits[name][0]
    ]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
