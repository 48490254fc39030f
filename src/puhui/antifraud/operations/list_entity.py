"""Put entities on the black, grey or white list and take them off: each entry with reason, source, evidence and an end.

Rule kept: no list is for ever; who stands on one can appeal, and an upheld appeal ends the entry, which stays on record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from puhui.antifraud import list_entries, models
from puhui.antifraud.core import casework
from puhui.antifraud.core.entity_kind import KINDS
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """`days` None: as long as the table says for the colour."""

    colour: str
    reason: str
    source: str
    evidence: dict[str, Any] = field(default_factory=dict)
    days: int | None = None


@transaction.atomic
def list_keys(keys: Sequence[tuple[int, str]], draft: EntryDraft, *, by: str, now: datetime) -> list[str]:
    """List entities (key, kind); those that stand on that list already stay as they are. Returns the new entries' ids."""
    days = _days(draft)
    standing = set(
        list_entries.standing(now)
        .filter(key__in=[key for key, _ in keys], colour=draft.colour)
        .values_list("key", flat=True)
    )
    fresh = {key: kind for key, kind in keys if key not in standing}
    if strange := sorted(set(fresh.values()) - set(KINDS)):
        raise Refused(Refusal("ENTITY_UNKNOWN", f"没有名为 {strange[0]} 的实体 · no such entity", where=strange[0]))
    shown = dict(models.Entity.objects.filter(key__in=list(fresh)).values_list("key", "shown"))
    rows = [
        models.Listing(
            id=new_id("list", now=now), key=key, kind=kind, shown=shown.get(key, "****"), colour=draft.colour, reason=draft.reason[:400],
            source=draft.source[:40], evidence=draft.evidence, starts_at=now, expires_at=now + timedelta(days=days), by=by,
            recorded_at=now,
        )
        for key, kind in sorted(fresh.items())
    ]  # fmt: skip
    models.Listing.objects.bulk_create(rows)
    return [row.id for row in rows]


@transaction.atomic
def end_listing(listing_id: str, *, reason: str, by: str, now: datetime) -> None:
    """Take an entry off before its end. Idempotent."""
    row = models.Listing.objects.filter(id=listing_id).first()
    if row is None:
        raise Refused(Refusal("LISTING_UNKNOWN", "没有这条名单记录 · no such entry", where=listing_id[:60]))
    if len(reason.strip()) < 4:
        raise Refused(Refusal("NOTE_MISSING", "请写明理由（至少 4 个字） · say why", where="reason"))
    models.ListingEnd.objects.get_or_create(
        listing=row, defaults={"ended_at": now, "by": by, "reason": reason.strip()[:400]}
    )


def _days(draft: EntryDraft) -> int:
    known = casework.figures()["list_days"]
    if draft.colour not in list_entries.COLOURS:
        raise Refused(Refusal("LIST_COLOUR", "名单为 black、grey、white 之一 · one of them", where=draft.colour[:20]))
    if len(draft.reason.strip()) < 4 or not draft.source.strip():
        raise Refused(
            Refusal("NOTE_MISSING", "名单须有理由与来源 · an entry needs a reason and a source", where="reason")
        )
    days = known[draft.colour] if draft.days is None else draft.days
    if not 1 <= days <= known[draft.colour]:
        told = f"{draft.colour} 名单最长 {known[draft.colour]} 天 · at most so many days; no list is for ever"
        raise Refused(Refusal("LIST_DAYS", told, where="days"))
    return int(days)
