"""Dense groups (密集团体) of applications that share things become leads: what no single application shows, the graph of half a year does.

Beside the request, as a job: ties of all kinds that two to so many people share, weighed by kind and crowd (`core/graph/dense`); groups of enough people,
dense enough and still growing are told, and each member without a conclusion is a lead of the source `graph`, joined to cases as any lead.

Rule kept: terms are `policy/graph.toml`; running it again raises nothing twice; nothing later than `now` is looked at.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from django.db import connection, transaction

from puhui.antifraud import models
from puhui.antifraud.core.entity_kind import KINDS, STRONG
from puhui.antifraud.core.graph import dense
from puhui.antifraud.core.graph.terms import in_force
from puhui.antifraud.core.rulebook import Hit, score_of
from puhui.antifraud.operations import leads

_SIDE = (
    "SELECT '{kind}' AS kind, a.position, a.{kind} AS key FROM antifraud_arrival a JOIN (SELECT h.{kind} FROM antifraud_arrival h"
    " WHERE h.{kind} IS NOT NULL AND h.applied_at > %s AND h.applied_at <= %s GROUP BY h.{kind}"
    " HAVING count(DISTINCT h.person) BETWEEN 2 AND {hub}) shared USING ({kind}) WHERE a.applied_at > %s AND a.applied_at <= %s"
)


@dataclass(frozen=True, slots=True)
class GroupFound:
    """`people` in it, `grown`: of them how many first came within the days of the terms; `kinds`: what they share, with how many
    different ones; `leads`: raised this time."""

    people: int
    applications: int
    density: float
    grown: int
    amount_minor: int
    kinds: dict[str, int]
    leads: int

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@transaction.atomic
def watch_groups(*, now: datetime, raising: bool = True) -> list[GroupFound]:
    """Groups that the terms call dense, densest first; a lead a member, unless `raising` is off."""
    terms = in_force().groups
    since = now - timedelta(days=terms["days"])
    tied = _tied(since, now)
    if tied.is_empty():
        return []
    ties, positions, keys = _as_ties(tied)
    groups = dense.densest(ties, most=terms["groups_most"], least_density=terms["density_least"])
    found = []
    for group in groups:
        members = _members([int(positions[one]) for one in group.applications])
        told = _told(group, members, [keys[one] for one in group.entities], now)
        if told.people >= terms["people_least"] and told.grown >= terms["grown_least"]:
            raised = _raised(members, told, now=now) if raising else 0
            found.append(GroupFound(**(told.told() | {"leads": raised})))
    return found


def _tied(since: datetime, now: datetime) -> pl.DataFrame:
    """kind, position, key of every tie; who shares an entity with nobody has none."""
    kinds = [kind for kind in KINDS.values() if kind.weight > 0 and kind.name != "person"]
    text = " UNION ALL ".join(_SIDE.format(kind=kind.name, hub=kind.hub) for kind in kinds)
    with connection.cursor() as cursor:
        cursor.execute(f"{text} ORDER BY 1, 2, 3", [since, now, since, now] * len(kinds))
        rows = cursor.fetchall()
    return pl.DataFrame(rows, schema={"kind": pl.String, "position": pl.Int64, "key": pl.Int64}, orient="row")


def _as_ties(tied: pl.DataFrame) -> tuple[dense.Ties, Any, list[tuple[str, int]]]:
    positions, application = np.unique(tied["position"].to_numpy(), return_inverse=True)
    entities = tied.select("kind", "key").unique(maintain_order=True).with_row_index("entity")
    entity = tied.join(entities, on=["kind", "key"], maintain_order="left")["entity"].to_numpy().astype(np.int64)
    weights = {name: kind.weight for name, kind in KINDS.items()}
    own = tied["kind"].replace_strict(weights, return_dtype=pl.Float64).to_numpy()
    keys = list(entities.select("kind", "key").iter_rows())
    return dense.Ties(application.astype(np.int64), entity, dense.hidden_in_crowds(entity, own)), positions, keys


def _members(positions: Sequence[int]) -> list[dict[str, Any]]:
    names = ("position", "application", "application_key", "applied_at", "amount_minor", *KINDS)
    return list(models.Arrival.objects.filter(position__in=positions).order_by("position").values(*names))


def _told(group: dense.Group, members: list[dict[str, Any]], keys: list[tuple[str, int]], now: datetime) -> GroupFound:
    first: dict[int, datetime] = {}
    for row in members:
        first[row["person"]] = min(row["applied_at"], first.get(row["person"], row["applied_at"]))
    since = now - timedelta(days=in_force().groups["grown_days"])
    kinds = [kind for kind, _ in keys]
    return GroupFound(
        people=len(first), applications=len({row["application"] for row in members}), density=round(group.density, 4),
        grown=sum(at > since for at in first.values()),
        amount_minor=sum({row["application"]: row["amount_minor"] or 0 for row in members}.values()),
        kinds={kind: kinds.count(kind) for kind in dict.fromkeys(sorted(kinds))}, leads=0,
    )  # fmt: skip


def _raised(members: list[dict[str, Any]], told: GroupFound, *, now: datetime) -> int:
    """Leads of members that have no conclusion and no lead of the graph yet."""
    done = set(models.Label.objects.filter(application__in=[row["application"] for row in members]).values_list("application", flat=True))  # fmt: skip
    known = set(models.Lead.objects.filter(source="graph", application_key__in=[row["application_key"] for row in members]).values_list("application_key", flat=True))  # fmt: skip
    text_zh = (
        f"密集团体：{told.people}人共用{'、'.join(KINDS[kind].zh for kind in told.kinds)}，30天内新增{told.grown}人"
    )
    text_en = f"a dense group: {told.people} people share {', '.join(KINDS[kind].en for kind in told.kinds)}; {told.grown} joined lately"  # fmt: skip
    seen = {"people": told.people, "density": told.density, "grown": told.grown, "kinds": told.kinds}
    hit = Hit("DENSE_GROUP", "grave", "review", text_zh, text_en, seen)
    fresh = {row["application_key"]: row for row in members if row["application"] not in done and row["application_key"] not in known}  # fmt: skip
    for key, row in fresh.items():
        draft = leads.LeadDraft(
            source="graph", application_key=key, score=score_of([hit]), amount_minor=row["amount_minor"] or 0, position=row["position"],
            entities={kind: row[kind] for kind in STRONG if row[kind] is not None},
            evidence=[{"code": hit.code, "text_zh": text_zh, "text_en": text_en, "seen": seen}],
        )  # fmt: skip
        leads.raise_draft(draft, now=now)
    return len(fresh)
