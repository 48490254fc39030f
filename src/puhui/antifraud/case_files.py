"""Cases as staff read them: the queue by money saved an hour, one case with its story, and the ring drawn two hops out.

Rule kept: pages get plain values with masked texts; an edge always says by what, when and how strong.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from puhui.antifraud import models, trade_ties
from puhui.antifraud.core import casework, review_queue
from puhui.antifraud.core.entity_kind import KINDS, STRONG

MOST_DRAWN = 120


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case in a list."""

    case_id: str
    state: str
    owner: str
    opened_at: datetime
    due_at: datetime
    late: bool
    score: float
    amount_minor: int
    leads: int
    saved_an_hour_minor: int
    within_capacity: bool
    tipping_off: bool
    source_list: list[str]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with all that belongs to it; `story` is in the order of time."""

    view: CaseView
    leads: list[dict[str, Any]]
    story: list[dict[str, Any]]
    entities: list[dict[str, Any]]
    merged: list[str]
    proposed_by: str


def queue(*, now: datetime, limit: int = 200) -> list[CaseView]:
    """Open cases, the most money saved an hour of review first; `within_capacity` says what a day's reviewers get to."""
    rows = list(models.Case.objects.filter(state__in=casework.OPEN).order_by("-score", "id")[:5_000])
    return _views(rows, now=now)[:limit]


def closed(*, now: datetime, limit: int = 50) -> list[CaseView]:
    """The latest that were confirmed, cleared or filed."""
    return _views(
        list(models.Case.objects.filter(state__in=["confirmed", "cleared", "filed"]).order_by("-closed_at")[:limit]),
        now=now,
    )


def case_file(case_id: str, *, now: datetime) -> CaseFile | None:
    """One case; None where there is none."""
    row = models.Case.objects.filter(id=case_id).first()
    if row is None:
        return None
    merged = list(models.Case.objects.filter(merged_into=row).values_list("id", flat=True))
    mine = [case_id, *merged]
    held_leads = models.Lead.objects.filter(case_id__in=mine).order_by("raised_at", "id").values()
    leads: list[dict[str, Any]] = [dict(lead) for lead in held_leads]
    story: list[dict[str, Any]] = [
        {"at": lead["raised_at"], "kind": "lead", "by": lead["raised_by"], "text": lead["told"], "lead": lead}
        for lead in leads
    ]
    story += [
        {
            "at": move.moved_at,
            "kind": "move",
            "by": move.by,
            "text": move.note,
            "move": move.move,
            "state": move.state_after,
        }
        for move in models.CaseMove.objects.filter(case_id__in=mine)
    ]
    story += [
        {"at": note.written_at, "kind": note.kind, "by": note.by, "text": note.text, "document": note.document_hash}
        for note in models.CaseNote.objects.filter(case_id__in=mine)
    ]
    held = dict(models.CaseEntity.objects.filter(case_id=case_id).values_list("key", "kind"))
    shown = dict(models.Entity.objects.filter(key__in=list(held)).values_list("key", "shown"))
    entities = [
        {"key": key, "kind": KINDS[kind], "shown": shown.get(key, "****")}
        for key, kind in sorted(held.items(), key=lambda e: e[1])
    ]
    story.sort(key=lambda each: each["at"])
    return CaseFile(_views([row], now=now)[0], leads, story, entities, merged, row.proposed_by)


def ring_of(application_key: str, *, hops: int = 2) -> dict[str, Any]:
    """The ring around an application as it stands now: nodes (applications and entities) and edges with their reasons.

    {"nodes": [{"id", "kind", "shown", "bad", "hop"}], "edges": [{"source", "target", "kind", "at", "weight"}], "capped": bool}
    """
    mine = models.Arrival.objects.filter(application_key=application_key).order_by("-position").first()
    if mine is None:
        return {"nodes": [], "edges": [], "capped": False}
    last = models.Arrival.objects.order_by("-position").first()
    assert last is not None, "there is one"
    found = _around(mine, hops)
    rows = list(models.Arrival.objects.filter(position__in=list(found)).order_by("position"))
    latest = {
        label.application: label.fraud
        for label in models.Label.objects.filter(application__in=[row.application for row in rows]).order_by(
            "known_at", "id"
        )
    }
    holders: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in rows:
        for kind in KINDS:
            if getattr(row, kind) is not None and kind != "channel":
                holders[kind, getattr(row, kind)].append(row)
    shared = {
        key: held
        for key, held in holders.items()
        if len(held) > 1 or (key[0] in STRONG and held[0].position == mine.position)
    }
    shown = dict(models.Entity.objects.filter(key__in=[key for _, key in shared]).values_list("key", "shown"))
    nodes = [
        {"id": f"a{row.position}", "kind": "application", "shown": row.application_key, "bad": latest.get(row.application),
         "hop": found[row.position], "at": row.applied_at.isoformat()}
        for row in rows
    ] + [
        {"id": f"e{key}", "kind": kind, "shown": shown.get(key, "****"), "bad": None, "hop": min(found[r.position] for r in held), "at": ""}
        for (kind, key), held in shared.items()
    ]  # fmt: skip
    edges = [
        {"source": f"a{row.position}", "target": f"e{key}", "kind": kind, "at": row.applied_at.isoformat(), "weight": KINDS[kind].weight,
         "zh": KINDS[kind].zh, "en": KINDS[kind].en}
        for (kind, key), held in shared.items() for row in held
    ]  # fmt: skip
    trading, ties = trade_ties.drawn(found)
    return {"nodes": nodes + trading, "edges": edges + ties, "capped": len(found) >= MOST_DRAWN}


def _around(mine: models.Arrival, hops: int) -> dict[int, int]:
    """Positions by hop, later arrivals too: staff look at the ring as it is now, not as the application saw it."""
    found, asked = {mine.position: 0}, [mine]
    near = trade_ties.near(mine.position)[:MOST_DRAWN]
    for hop in range(1, hops + 1):
        keys = {kind: {getattr(row, kind) for row in asked} - {None} for kind in STRONG}
        meeting = [
            models.Arrival.objects.filter(**{f"{kind}__in": values}).order_by("-applied_at")[:MOST_DRAWN]
            for kind, values in keys.items()
            if values
        ]
        if hop == 1:  # by invoices one hop only: trade goes everywhere
            meeting.append(models.Arrival.objects.filter(position__in=near).order_by("position"))
        asked = []
        for row in chain.from_iterable(meeting):
            if row.position not in found and len(found) < MOST_DRAWN:
                found[row.position] = hop
                asked.append(row)
    return found


def _views(rows: list[models.Case], *, now: datetime) -> list[CaseView]:
    leads: dict[str, list[str]] = defaultdict(list)
    for case_id, into, source in models.Lead.objects.filter(case_id__in=[row.id for row in rows]).values_list(
        "case_id", "case__merged_into_id", "source"
    ):
        leads[str(into or case_id)].append(source)
    for into, source in models.Lead.objects.filter(case__merged_into_id__in=[row.id for row in rows]).values_list(
        "case__merged_into_id", "source"
    ):
        leads[str(into)].append(source)
    worth = review_queue.rank([(row.score, row.amount_minor) for row in rows], casework.figures()["review"])
    order = sorted(range(len(rows)), key=lambda place: worth[place].place)
    return [
        CaseView(
            rows[place].id, rows[place].state, rows[place].owner, rows[place].opened_at, rows[place].due_at,
            rows[place].due_at < now and rows[place].closed_at is None, rows[place].score, rows[place].amount_minor,
            len(leads[rows[place].id]), worth[place].saved_an_hour_minor, worth[place].within_capacity, rows[place].tipping_off,
            sorted(set(leads[rows[place].id])),
        )
        for place in order
    ]  # fmt: skip
