"""The kill switch with its log, what is being served, and the answer to "who may be shown what, and since when".

Stopping is one rename that the servers obey within a fifth of a second, after everything else was decided; who stopped or went on, when and why, is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from puhui.acquisition import audiences, models
from puhui.acquisition.core import device_ids, rta
from puhui.acquisition.core.rta import Audiences, Rulebook, bucket_of, decide
from puhui.acquisition.rta import publication, tables
from puhui.acquisition.rta.publication import Gate
from puhui.kernel.refusal import Refusal, Refused

_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Permitted:
    """What a media would be answered about a device now: a reason of core.rta.REASONS, or STOPPED; strategies that join."""

    media: str
    reason: str
    strategies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """A device: the audiences it stands in, what it may be shown now, and every move with its reason, oldest first."""

    audiences: list[str]
    permitted: list[Permitted]
    moves: list[tuple[str, bool, str, datetime]]


def stop(folder: Path, *, media: str = "", why: str, by: str, now: datetime) -> Gate:
    """Everything, or one media; in force before this returns."""
    return _moved(folder, media, stopped=True, why=why, by=by, now=now)


def go_on(folder: Path, *, media: str = "", why: str, by: str, now: datetime) -> Gate:
    """The same undone. Stops of campaigns and of single strategies stay."""
    return _moved(folder, media, stopped=False, why=why, by=by, now=now)


def moves(*, most: int = 50) -> list[models.GateMove]:
    """Newest first."""
    return list(models.GateMove.objects.order_by("-id")[:most])


def publications(*, most: int = 20) -> list[models.AudiencePublication]:
    """What was handed to the servers, newest first."""
    return list(models.AudiencePublication.objects.order_by("-id")[:most])


def device(kind: str, text: str, folder: Path, *, now: datetime) -> Device:
    """Of one device id, raw or hashed as a media hashes it. Refused where it is no id or nobody's (zeros, placeholders)."""
    today = now.astimezone(_CHINA).date()
    keys = sorted(device_ids.known(kind, text, tables.doubtful_keys(today)))
    if not keys:
        raise Refused(Refusal("DEVICE_UNREADABLE", "不是可用的设备号 · no usable device id", where=kind))
    found = [move for key in keys for move in audiences.history_of(key)]
    moves_ = sorted(dict.fromkeys(found), key=lambda each: each[3])
    standing: dict[tuple[str, str], bool] = {(audience, why): inside for audience, inside, why, _ in moves_}
    names = sorted({audience for (audience, _), inside in standing.items() if inside})
    return Device(names, [_permitted(media, names, keys, folder, now) for media in tables.media_rules(today)], moves_)


def _permitted(media: str, names: Sequence[str], keys: Sequence[int], folder: Path, now: datetime) -> Permitted:
    today = now.astimezone(_CHINA).date()
    held, gate = publication.current(folder), publication.read_gate(folder)
    if held is None:
        return Permitted(media, "NOT_LOADED", ())
    if gate.stopped or media in gate.media:
        return Permitted(media, "STOPPED", ())
    mine = [each for each in tables.strategies(held.strategies, today) if each.media == media and not gate.stops(media, each.name)]  # fmt: skip
    every = sorted({*names, rta.OPTED_OUT, *(name for each in mine for name in (*each.include, *each.exclude))})
    known = Audiences(tuple(every), tables.protected_audiences(today))
    answer = decide(Rulebook.of(mine, known), mask=known.mask(names), bucket=bucket_of(keys[0]))
    return Permitted(media, answer.reason, tuple(grant.strategy for grant in answer.grants))


@transaction.atomic
def _moved(folder: Path, media: str, *, stopped: bool, why: str, by: str, now: datetime) -> Gate:
    if media and media not in tables.media_rules(now.astimezone(_CHINA).date()):
        raise Refused(Refusal("MEDIA_UNKNOWN", "没有这个媒体 · no such media", where="media"))
    if len(why.strip()) < 2:
        raise Refused(Refusal("REASON_MISSING", "请写明原因 · say why", where="why"))
    with connection.cursor() as cursor:  # the gate is read and written as one
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('acquisition_gate', 10))")
    gate = publication.read_gate(folder)
    if media:
        gate = replace(gate, media=gate.media | {media} if stopped else gate.media - {media})
    else:
        gate = replace(gate, stopped=stopped)
    models.GateMove.objects.create(media=media, stopped=stopped, why=why.strip()[:200], by=by, at=now)
    return publication.close_gate(folder, gate)
