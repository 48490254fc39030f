"""How early and how well the rules find adversaries in a made-up world (虚构): detection delay, precision and recall by rule.

An alarm is an answer that a person must look at or that is refused (review, refuse); a step-up counts apart. The honest share things
as ordinary people do (`ordinary_sharing`), and what that costs them is told way by way. Several gangs may be planted in one world, one
after another, each taken out again before the next: the honest are laid down and judged once, as they stand without a gang (they
share nothing with one but channels and IP blocks).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db import connection, transaction

from puhui.antifraud import replay_history
from puhui.antifraud.core.rulebook import Verdict
from puhui.antifraud.core.trades import KIND
from puhui.simulate import adversaries, fraud_world, ordinary_sharing, ordinary_signals, trading
from puhui.store import copying

ALARMS = ("review", "refuse")
_FOR_MONTHS = ("sleepers", "agent_for_months")
_TOLD = tuple(dict.fromkeys((*fraud_world.SIGNALS, *ordinary_signals.NAMES)))
Judged = list[tuple[dict[str, Any], Verdict]]


@dataclass(frozen=True, slots=True)
class World:
    """So many honest over so many days. `judged`: how many of their later half are looked at;
    `confirmed_days`: after how many days each fraud becomes known (None: never)."""

    honest: int
    seed: int
    start: datetime
    days: int = 180
    judged: int = 2_000
    confirmed_days: int | None = None


@dataclass(slots=True)
class Detection:
    """`found_by`: which member (from 1) of each gang gave the first alarm, or None; shares over the honest that were looked at;
    `honest`: by way of sharing ("" none) how many were looked at, held, stepped up; `caught`: by rule, then scheme, how many members
    it hit; `honest_hits`: by rule."""

    found_by: dict[str, int | None] = field(default_factory=dict)
    recall: dict[str, float] = field(default_factory=dict)
    false_alarm_share: float = 0.0
    stepped_up_share: float = 0.0
    honest_judged: int = 0
    honest: dict[str, list[int]] = field(default_factory=dict)
    rules: dict[str, dict[str, float]] = field(default_factory=dict)
    caught: dict[str, dict[str, int]] = field(default_factory=dict)
    honest_hits: dict[str, int] = field(default_factory=dict)


def study(
    schemes: dict[str, int], *, honest: int, seed: int, start: datetime, days: int = 180, judged: int = 2_000
) -> Detection:
    """Plant one gang of each scheme (its size) among the honest, replay all gangs and so many honest. Leaves nothing behind."""
    return studies(schemes, World(honest, seed, start, days, judged), gang_seeds=[seed])[0]


def studies(schemes: Mapping[str, int], world: World, *, gang_seeds: Sequence[int]) -> list[Detection]:
    """The same of several gangs a scheme in one world: one detection a seed of gangs, the honest of all of them the same."""
    plain = fraud_world.honest(world.honest, seed=world.seed, start=world.start, days=world.days)
    crowd = ordinary_sharing.shared(plain, seed=world.seed, start=world.start, days=world.days)
    crowd = ordinary_signals.told(crowd, seed=world.seed)
    half = crowd.tail(world.honest // 2)
    looked_at = half.sample(min(world.judged, half.height), seed=world.seed).sort("n")
    now = world.start + timedelta(days=world.days + 1)
    with transaction.atomic():
        places = _laid(crowd, trading.honest(crowd, seed=world.seed), f"inv{world.seed}")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE antifraud_arrival, antifraud_trade")
        honest = _judged(looked_at, places, now)
        found = []
        for seed in gang_seeds:
            mark = transaction.savepoint()
            gangs, trades = _planted(schemes, world, seed)
            laid = _laid(gangs, trades, f"gang{seed}")
            if world.confirmed_days is not None:
                _confirmed(laid, world.confirmed_days)
            found.append(_scored(honest, _judged(gangs, laid, now)))
            transaction.savepoint_rollback(mark)
        transaction.set_rollback(True)
    return found


def _planted(schemes: Mapping[str, int], world: World, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Those who come for months begin on the first day, the others in the middle; and whom they trade with."""
    first, gangs, trades = world.honest, [], []
    for place, (scheme, size) in enumerate(schemes.items()):
        begins = world.start + timedelta(days=world.days // 2 if scheme not in _FOR_MONTHS else 0, hours=place)
        gangs.append(adversaries.plant(scheme, size, seed=seed * 20 + place, begins=begins, first=first))
        trades.append(trading.of_gang(gangs[-1], seed=seed * 20 + place))
        first += size
    return pl.concat(gangs, how="diagonal_relaxed").sort("applied_at", "n"), pl.concat(trades)


def _laid(frame: pl.DataFrame, trades: pl.DataFrame, prefix: str) -> dict[int, int]:
    """Positions by `n` of arrivals laid down in the order given, with whom they trade."""
    arrivals = fraud_world.arrivals(frame, prefix=prefix)
    copying.copy_frame(arrivals, "antifraud_arrival")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT application_key, position FROM antifraud_arrival WHERE starts_with(application_key, %s)",
            [f"{prefix}_"],
        )
        places = {int(name.rpartition("_")[2]): position for name, position in cursor.fetchall()}
    known = arrivals.select("application", "person", "applied_at").with_columns(
        frame["n"], pl.Series("position", [places[n] for n in frame["n"].to_list()], dtype=pl.Int64)
    )
    told = trades.join(known, on="n", maintain_order="left").with_columns(
        fraud_world.keys(KIND, trades["number"]).alias("key")
    )
    copying.copy_frame(
        told.select("position", "application", "person", "applied_at", "side", "key", "share"), "antifraud_trade"
    )
    return places


def _confirmed(places: Mapping[int, int], days: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO antifraud_label (application, application_key, fraud, known_at, source, by, recorded_at)"
            " SELECT application, application_key, true, applied_at + make_interval(days => %s), 'invented', 'simulate', applied_at"
            " FROM antifraud_arrival WHERE position = ANY(%s)",
            [days, list(places.values())],
        )


def _judged(frame: pl.DataFrame, places: Mapping[int, int], now: datetime) -> Judged:
    rows = frame.rows(named=True)
    told = {places[row["n"]]: {name: row[name] for name in _TOLD} for row in rows}
    return list(zip(rows, replay_history.replay(list(told), told, now=now), strict=True))


def _scored(honest: Judged, gangs: Judged) -> Detection:
    found = Detection(rules=_of_rules(honest, gangs), caught=_caught(gangs), honest_hits=dict(_hits(honest)))
    members: dict[str, list[bool]] = defaultdict(list)
    for row, verdict in gangs:
        members[row["scheme"]].append(verdict.outcome in ALARMS)
    found.found_by = {scheme: alarms.index(True) + 1 if True in alarms else None for scheme, alarms in members.items()}
    found.recall = {scheme: sum(alarms) / len(alarms) for scheme, alarms in members.items()}
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row, verdict in honest:
        for place, counted in enumerate((True, verdict.outcome in ALARMS, verdict.outcome == "step_up")):
            counts[row["way"]][place] += counted
    found.honest = dict(counts)
    found.honest_judged, held, stepped = (sum(of[place] for of in counts.values()) for place in range(3))
    found.false_alarm_share = held / max(1, found.honest_judged)
    found.stepped_up_share = stepped / max(1, found.honest_judged)
    return found


def _of_rules(honest: Judged, gangs: Judged) -> dict[str, dict[str, float]]:
    right, wrong = _hits(gangs), _hits(honest)
    return {
        code: {
            "hits": right[code] + wrong[code],
            "precision": round(right[code] / (right[code] + wrong[code]), 4),
            "recall": round(right[code] / max(1, len(gangs)), 4),
        }
        for code in sorted(right | wrong)
    }


def _caught(gangs: Judged) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row, verdict in gangs:
        for hit in verdict.hits:
            counts[hit.code][row["scheme"]] += 1
    return {code: dict(of) for code, of in counts.items()}


def _hits(judged: Iterable[tuple[dict[str, Any], Verdict]]) -> Counter[str]:
    return Counter(hit.code for _, verdict in judged for hit in verdict.hits)
