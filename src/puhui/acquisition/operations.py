"""Front door, writes: record a touch, link an application to the touch it is owed to, record a cost.

Every write takes an idempotency key and remembers its input: the same again changes nothing, another input under
the same key is refused (card 24).
"""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.acquisition import models
from puhui.acquisition.core.attribution import LastTouchRule, last_touch
from puhui.kernel.canonical import digest
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import asked_once

RULE = LastTouchRule(window_days=30)
_LONGEST = {"channel": 40, "campaign": 80, "creative": 80, "click_id": 200, "device_hash": 128, "key": 200}


@dataclass(frozen=True, slots=True)
class TouchDraft:
    """A landing as the page saw it. `device_hash` is a hash made by the media or the page, None when unknown."""

    channel: str
    campaign: str
    click_id: str
    device_hash: str | None
    landed_at: datetime


@dataclass(frozen=True, slots=True)
class CostDraft:
    """`amount_minor` in fen; negative for a refund. `creative` where the media charges creative by creative."""

    channel: str
    campaign: str
    on: date
    amount_minor: int
    creative: str = ""


@dataclass(frozen=True, slots=True)
class MediaReportDraft:
    """What a media itself counted for a campaign on a day."""

    media: str
    campaign: str
    on: date
    impressions: int
    clicks: int
    conversions: int


@transaction.atomic
def record_touch(draft: TouchDraft, *, key: str, now: datetime) -> str:
    """The touch's id; the same key with the same draft gives the same id and stores nothing."""
    _check_texts(asdict(draft) | {"key": key})
    if draft.landed_at.tzinfo is None:
        raise Refused(Refusal("TIME_ZONE_MISSING", "到达时间须带时区 · landed_at needs a time zone", where="landed_at"))
    if draft.landed_at > now:
        raise Refused(Refusal("TOUCH_IN_FUTURE", "到达时间晚于现在 · the touch lies in the future", where="landed_at"))
    values = asdict(draft) | {"device_hash": draft.device_hash or None}
    return _once(models.Touch, "touch", values, key=key, now=now)


@transaction.atomic
def record_cost(draft: CostDraft, *, key: str, now: datetime) -> str:
    """The cost fact's id. A cost that arrives twice under its key counts once."""
    _check_texts(asdict(draft) | {"key": key})
    if draft.amount_minor == 0:
        raise Refused(Refusal("AMOUNT_ZERO", "金额不能为零 · the amount is zero", where="amount_minor"))
    return _once(models.Cost, "cost", asdict(draft), key=key, now=now)


@transaction.atomic
def record_media_report(draft: MediaReportDraft, *, key: str, now: datetime) -> str:
    """The report's id. A later report of the same day under another key is the one that counts; the board holds ours against it."""
    _check_texts({"channel": draft.media, "campaign": draft.campaign, "key": key})
    if min(draft.impressions, draft.clicks, draft.conversions) < 0:
        raise Refused(Refusal("COUNT_NEGATIVE", "数量不能为负 · a count is negative", where="clicks"))
    return _once(models.MediaReport, "mrp", asdict(draft), key=key, now=now)


@transaction.atomic
def link(touch_id: str, application_id: str, *, applied_at: datetime, now: datetime) -> str | None:
    """Link the application to the last touch of the same device inside the window; returns that touch's id.

    `touch_id` is the touch the page handed on; a later landing of the same device takes its place. None: no touch
    lies in the window, nothing is stored. An application already linked keeps its first link.
    """
    known = models.Link.objects.filter(application_id=application_id).first()
    if known is not None:
        return known.touch_id
    given = models.Touch.objects.filter(id=touch_id).first()
    if given is None:
        raise Refused(Refusal("TOUCH_UNKNOWN", "没有这条触达 · no such touch", where=touch_id))
    touches = [given]
    if given.device_hash:
        touches = list(models.Touch.objects.filter(device_hash=given.device_hash).order_by("id"))
    place = last_touch([touch.landed_at for touch in touches], applied_at=applied_at, rule=RULE)
    if place is None:
        return None
    row, _ = models.Link.objects.get_or_create(
        application_id=application_id,
        defaults={"touch": touches[place], "rule": RULE.version, "applied_at": applied_at, "recorded_at": now},
    )
    return row.touch_id


def _check_texts(values: dict[str, Any]) -> None:
    if not values["channel"].strip():
        raise Refused(Refusal("CHANNEL_MISSING", "渠道不能为空 · the channel is missing", where="channel"))
    for name, longest in _LONGEST.items():
        text = values.get(name) or ""
        if len(text) > longest:
            raise Refused(Refusal("TEXT_TOO_LONG", f"最多 {longest} 个字符 · at most {longest} characters", where=name))
        if "\x00" in text:
            raise Refused(Refusal("TEXT_UNREADABLE", "含有不可见字符 · contains a NUL character", where=name))


def _once(model: Any, prefix: str, values: dict[str, Any], *, key: str, now: datetime) -> str:
    """The row is its own memory: under its key it is stored once. What a draft leaves open is no part of its mark."""
    input_hash = digest({name: value for name, value in values.items() if name != "creative" or value})
    known = asked_once.stored(asked_once.Key(model, {"key": key}, input_hash, code="KEY_REUSED"))
    if known is not None:
        return str(known.id)
    fresh = model(id=new_id(prefix, now=now), key=key, input_hash=input_hash, recorded_at=now, **values)
    fresh.save(force_insert=True)
    return str(fresh.id)
