"""Front door, reads: the funnel by channel and campaign, and the touch an application is owed to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from puhui.acquisition import models
from puhui.acquisition.core import device_ids
from puhui.acquisition.core.funnel import FunnelRow, funnel

_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an application came from."""

    touch_id: str
    channel: str
    campaign: str
    landed_at: datetime
    rule: str


def origin_of(application_id: str) -> Origin | None:
    """None when the application is owed to no known touch (it came by itself, or by a partner or a file)."""
    row = models.Link.objects.select_related("touch").filter(application_id=application_id).first()
    if row is None:
        return None
    return Origin(row.touch_id, row.touch.channel, row.touch.campaign, row.touch.landed_at, row.rule)


def funnel_between(
    since: datetime, until: datetime, *, stages: Mapping[str, Collection[str]] | None = None
) -> list[FunnelRow]:
    """The funnel of touches landed in [since, until) and of costs of days inside it (China time).

    `stages` are ids of applications that reached a later stage; journeys gathers them from the rooms that know.
    """
    touches = models.Touch.objects.filter(landed_at__gte=since, landed_at__lt=until)
    costs = models.Cost.objects.filter(on__gte=since.astimezone(_CHINA).date(), on__lt=until.astimezone(_CHINA).date())
    return funnel(
        pl.DataFrame(
            list(touches.values_list("channel", "campaign", "links__application_id")),
            schema={"channel": pl.String, "campaign": pl.String, "application_id": pl.String},
            orient="row",
        ),
        pl.DataFrame(
            list(costs.values_list("channel", "campaign", "amount_minor")),
            schema={"channel": pl.String, "campaign": pl.String, "amount_minor": pl.Int64},
            orient="row",
        ),
        stages=stages,
    )


@dataclass(frozen=True, slots=True)
class Brought:
    """An application that a touch brought, with what the touch knew: the media's click id, a device's digest."""

    application_id: str
    applied_at: datetime
    click_id: str
    device_hash: str


def brought_since(since: datetime) -> list[Brought]:
    """Applications owed to a touch, applied for since then, oldest first."""
    rows = models.Link.objects.filter(applied_at__gte=since).order_by("applied_at", "application_id")
    told = rows.values_list("application_id", "applied_at", "touch__click_id", "touch__device_hash")
    return [Brought(application_id, at, click_id, device or "") for application_id, at, click_id, device in told]


def devices_of(application_ids: Collection[str]) -> dict[str, set[int]]:
    """Device keys of those who applied, from their touches and from the signals of the data link; none where none is known."""
    found: dict[str, set[int]] = {}
    touched = models.Link.objects.filter(application_id__in=application_ids, touch__device_hash__isnull=False)
    for application_id, device_hash in touched.values_list("application_id", "touch__device_hash"):
        key = device_ids.from_digest(device_hash or "")
        if key is not None:
            found.setdefault(application_id, set()).add(key)
    seen = models.Signal.objects.filter(subject__in=application_ids, device__isnull=False).exclude(subject="")
    owed = models.Owed.objects.filter(subject__in=application_ids, click__device__isnull=False)
    for rows in (seen.values_list("subject", "device"), owed.values_list("subject", "click__device")):
        for subject, device in rows:
            found.setdefault(subject, set()).add(int(device or 0) & 0xFFFFFFFFFFFFFFFF)
    return found
