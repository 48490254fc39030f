"""Front door, reads: the photos behind records, each with the hash it was kept under and whether its bytes still have it.

Rule kept: the hash stands in the record as it was told and beside the photo, both append-only; PostgreSQL works it out anew from the
bytes each time somebody asks, so that "unchanged" is proven, not remembered (decision 0271).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Func, QuerySet, TextField, Value

from puhui.merchant import models
from puhui.merchant.core.tool_records import Record


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo; `id` is its paper's, empty of a photo that is gone."""

    id: str
    sha256: str
    size: int
    added_at: datetime | None
    unchanged: bool


def photos(shop_id: str, records: Sequence[Record]) -> dict[str, list[Photo]]:
    """record → its photos in order, for records that told of any."""
    told = {each.id: list(each.body["photo"]) for each in records if each.body.get("photo")}
    if not told:
        return {}
    now = Func(Func(F("content"), function="sha256"), Value("hex"), function="encode", output_field=TextField())
    rows = _kept(shop_id, {hashed for each in told.values() for hashed in each}).annotate(now=now)
    kept: dict[str, Photo] = {}
    for row in rows.values("id", "sha256", "size", "added_at", "now"):
        hashed = row["sha256"]
        if hashed not in kept or not kept[hashed].unchanged:
            kept[hashed] = Photo(row["id"], hashed, row["size"], row["added_at"], row["now"] == hashed)
    gone = {hashed: Photo("", hashed, 0, None, unchanged=False) for each in told.values() for hashed in each}
    return {record_id: [(gone | kept)[hashed] for hashed in hashes] for record_id, hashes in told.items()}


def contents(shop_id: str, record: Record) -> dict[str, tuple[str, bytes]]:
    """hash → (media type, bytes) of the photos of one record that are there."""
    rows = _kept(shop_id, record.body.get("photo") or ()).order_by("-id")
    return {row.sha256: (row.media_type, bytes(row.content)) for row in rows}


def _kept(shop_id: str, hashes: Collection[str]) -> QuerySet[models.Attachment]:
    return models.Attachment.objects.filter(shop_id=shop_id, sha256__in=hashes).order_by("id")
