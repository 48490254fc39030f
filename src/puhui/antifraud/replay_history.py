"""History again: the signals of stored arrivals as each would have been seen when it came, and what the rules say of them.

Rule kept: the statements, the graph's walk and the judge are those of the request; only the rows are many.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from puhui.antifraud import arrivals, first_look, list_entries, live_rules, models
from puhui.antifraud.core import neighbourhood, signals, trades
from puhui.antifraud.core.entity_kind import KINDS
from puhui.antifraud.core.rulebook import Verdict

_PIECE = 1_000


def replay(positions: Sequence[int], told: Mapping[int, Mapping[str, Any]], *, now: datetime) -> list[Verdict]:
    """One verdict a position, in the order given; `told` are signals that came with each (those of `signals.TOLD`)."""
    verdicts: list[Verdict] = []
    rules = live_rules.current(now)
    for first in range(0, len(positions), _PIECE):
        piece = positions[first : first + _PIECE]
        stored = {row["position"]: row for row in models.Arrival.objects.filter(position__in=piece).values()}
        rows = signals_of([stored[place] for place in piece], told, now=now)
        days = [stored[place]["applied_at"].astimezone(signals.ZONE).date() for place in piece]
        verdicts += rules.judge(signals.frame(rows), on=days)
    return verdicts


def signals_of(
    stored: Sequence[Mapping[str, Any]], told: Mapping[int, Mapping[str, Any]], *, now: datetime
) -> list[dict[str, Any]]:
    """All signals of stored arrivals (rows of the table)."""
    counted = arrivals.velocities([row["position"] for row in stored])
    around = arrivals.neighbourhoods({row["position"]: row["application"] for row in stored})
    told_of = arrivals.traded([row["position"] for row in stored])
    met = arrivals.trades_of(told_of)
    keys = {row[kind]: kind for row in stored for kind in KINDS if row[kind] is not None}
    first = first_look.look((), keys, at=now)
    listed = list_entries.signals(stored, keys, first.colours)
    rows = []
    for row, lists in zip(stored, listed, strict=True):
        known = {"device_known": row["device"] is not None, "id_severity": "ok", "amount_minor": row["amount_minor"]}
        plain = signals.plain_row(known, told.get(row["position"], {}), signals.Clock(row["applied_at"]))
        ring = neighbourhood.features(
            around[row["position"]],
            person=row["person"],
            application=row["application"],
            amount_minor=row["amount_minor"],
        )
        who = {"person": row["person"], "application": row["application"]}
        at = row["position"]
        trading = trades.features(met[at], **who, brought=told_of[at]) if at in told_of else {}
        rows.append(plain | counted[row["position"]] | ring | trading | lists)
    first.scorer.add_to(rows)
    return rows
