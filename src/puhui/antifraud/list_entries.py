"""Which entities stand on a list at a time (名单): black (confirmed), grey (suspect), white (known good)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from puhui.antifraud import models
from puhui.antifraud.core.entity_kind import KINDS

COLOURS = ("black", "grey", "white")
_HOLDING = (
    "FROM antifraud_listing l WHERE l.starts_at <= %s AND l.expires_at > %s"
    " AND NOT EXISTS (SELECT 1 FROM antifraud_listing_end e WHERE e.listing_id = l.id AND e.ended_at <= %s)"
)
COLOURS_OF = f"SELECT l.key, l.colour {_HOLDING} AND l.key = ANY(%s::bigint[])"


def standing(at: datetime) -> QuerySet[models.Listing]:
    """Entries that hold at a time: begun, not yet expired, not taken off before."""
    return models.Listing.objects.filter(id__in=RawSQL(f"SELECT l.id {_HOLDING}", [at, at, at]))


def views(rows: Iterable[models.Listing]) -> list[dict[str, Any]]:
    """Entries for a page: masked, with the case that they come from, if any."""
    return [
        {"listing_id": row.id, "kind": KINDS[row.kind], "shown": row.shown, "colour": row.colour, "reason": row.reason,
         "source": row.source, "expires_at": row.expires_at, "case_id": row.evidence.get("case", "")}
        for row in rows
    ]  # fmt: skip


def signals(
    rows: Iterable[Mapping[str, Any]], keys: Mapping[int, str], colours: Mapping[int, set[str]]
) -> list[dict[str, str]]:
    """For each row of keys by kind the signals listed_black, listed_grey, listed_white: kinds found, "" where none is.

    `keys`: every key of the rows with its kind; `colours` of those that stand on a list (`first_look`).
    """
    found = []
    for row in rows:
        named = {kind: colours.get(row[kind], ()) for kind in dict.fromkeys(keys.values()) if row.get(kind) is not None}
        found.append(
            {
                f"listed_{colour}": " ".join(sorted(kind for kind, of in named.items() if colour in of))
                for colour in COLOURS
            }
        )
    return found
