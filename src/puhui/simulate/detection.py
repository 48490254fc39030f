"""How early and how well the rules find adversaries in a made-up world (虚构): detection delay, precision and recall by rule.

An alarm is an answer that a person must look at or that is refused (review, refuse); a step-up counts apart.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db import connection, transaction

from puhui.antifraud import replay_history
from puhui.simulate import adversaries, fraud_world
from puhui.store import copying

ALARMS = ("review", "refuse")


@dataclass(slots=True)
class Detection:
    """`found_by`: which member (from 1) of each gang gave the first alarm, or None; shares over the honest that were looked at."""

    found_by: dict[str, int | None] = field(default_factory=dict)
    recall: dict[str, float] = field(default_factory=dict)
    false_alarm_share: float = 0.0
    stepped_up_share: float = 0.0
    honest_judged: int = 0
    rules: dict[str, dict[str, float]] = field(default_factory=dict)


def study(
    schemes: dict[str, int], *, honest: int, seed: int, start: datetime, days: int = 180, judged: int = 2_000
) -> Detection:
    """Plant one gang of each scheme (its size) among the honest, replay all gangs and so many honest. Leaves nothing behind."""
    world = _world(schemes, honest=honest, seed=seed, start=start, days=days)
    with transaction.atomic():
        copying.copy_frame(fraud_world.arrivals(world, prefix=f"inv{seed}"), "antifraud_arrival")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT position, application_key FROM antifraud_arrival WHERE application_key LIKE %s",
                [f"inv{seed}\\_%"],
            )
            places = {int(name.rpartition("_")[2]): position for position, name in cursor.fetchall()}
            cursor.execute("ANALYZE antifraud_arrival")
        looked_at = world.filter(
            (pl.col("scheme") != "") | (pl.col("n").is_in(world.filter(pl.col("scheme") == "")["n"].tail(honest // 2).sample(min(judged, honest // 2), seed=seed).implode()))
        )  # fmt: skip
        told = {
            places[row["n"]]: {name: row[name] for name in fraud_world.SIGNALS}
            for row in looked_at.iter_rows(named=True)
        }
        verdicts = replay_history.replay(list(told), told, now=start + timedelta(days=days + 1))
        transaction.set_rollback(True)
    return _scored(looked_at.rows(named=True), verdicts)


def _world(schemes: dict[str, int], *, honest: int, seed: int, start: datetime, days: int) -> pl.DataFrame:
    crowd = fraud_world.honest(honest, seed=seed, start=start, days=days)
    first, gangs = honest, []
    for place, (scheme, size) in enumerate(schemes.items()):
        begins = start + timedelta(days=days // 2 if scheme != "sleepers" else 0, hours=place)
        gangs.append(adversaries.plant(scheme, size, seed=seed * 20 + place, begins=begins, first=first))
        first += size
    names = crowd.columns
    return pl.concat([crowd, *[gang.select(names).cast(crowd.schema) for gang in gangs]]).sort("applied_at", "n")  # type: ignore[arg-type]


def _scored(rows: list[dict[str, Any]], verdicts: list[Any]) -> Detection:
    found, hits, right = Detection(), Counter[str](), Counter[str]()
    members: dict[str, list[bool]] = defaultdict(list)
    honest = []
    for row, verdict in zip(rows, verdicts, strict=True):
        alarm = verdict.outcome in ALARMS
        if row["scheme"]:
            members[row["scheme"]].append(alarm)
        else:
            honest.append((alarm, verdict.outcome == "step_up"))
        for hit in verdict.hits:
            hits[hit.code] += 1
            right[hit.code] += row["scheme"] != ""
    frauds = sum(map(len, members.values()))
    found.found_by = {scheme: alarms.index(True) + 1 if True in alarms else None for scheme, alarms in members.items()}
    found.recall = {scheme: sum(alarms) / len(alarms) for scheme, alarms in members.items()}
    found.honest_judged = len(honest)
    found.false_alarm_share = sum(alarm for alarm, _ in honest) / max(1, len(honest))
    found.stepped_up_share = sum(step for _, step in honest) / max(1, len(honest))
    found.rules = {
        code: {"hits": hits[code], "precision": round(right[code] / hits[code], 4), "recall": round(right[code] / max(1, frauds), 4)}
        for code in sorted(hits)
    }  # fmt: skip
    return found
