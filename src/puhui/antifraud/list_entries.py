"""Which entities stand on a list at a time (名单): black (confirmed), grey (suspect), white (known good)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from puhui.antifraud import models
from puhui.antifraud.core.entity_kind import KINDS

COLOURS = ("black", "grey", "white")


def standing(at: datetime) -> QuerySet[models.Listing]:
    """Entries that hold at a time: begun, not yet expired, not taken off before."""
    held = models.Listing.objects.filter(starts_at__lte=at, expires_at__gt=at)
    return held.filter(Q(end__isnull=True) | Q(end__ended_at__gt=at))


def views(rows: Iterable[models.Listing]) -> list[dict[str, Any]]:
    """Entries for a page: masked, with the case that they come from, if any."""
    return [
        {"listing_id": row.id, "kind": KINDS[row.kind], "shown": row.shown, "colour": row.colour, "reason": row.reason,
         "source": row.source, "expires_at": row.expires_at, "case_id": row.evidence.get("case", "")}
        for row in rows
    ]  # fmt: skip


def signals(rows: Iterable[Mapping[str, Any]], keys: Mapping[int, str], *, at: datetime) -> list[dict[str, str]]:
    """For each row of keys by kind the signals listed_black, listed_grey, listed_white: kinds found, "" where none is.

    `keys`: every key of the rows with its kind.
    """
    colours: dict[int, set[str]] = defaultdict(set)
    for key, colour in standing(at).filter(key__in=list(keys)).values_list("key", "colour"):
        colours[key].add(colour)
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
