"""The entity graph around one application (关联网络): who shares strong entities, hop by hop, and what that says.

An application joins the graph before its own answer. Edges are typed by the kind of entity, weighted by its table, dated by the
arrivals that they join. From here on it is pure: `spread` asks for one hop at a time, `features` reads what was found.

Rule kept: nothing that arrived, or was labelled, after the application is seen (the hop's query sees to it), and a ring is
followed to its end or to a cap, which is said.

>>> edges = {1: [Edge(1, 1, 2, "device", 20, 200, 5.0, 1_000, True)], 2: [Edge(1, 2, 3, "phone", 30, 300, 1.0, 500, False)], 3: []}
>>> found = spread({1: 10}, lambda asked: [edge for _, place in asked for edge in edges[place]])
>>> told = features(found[1], person=100, application=10, amount_minor=700)
>>> told["people_1hop"], told["people_2hop"], told["fraud_distance"], told["ring_people"], told["ring_amount_minor"]
(1, 2, 1, 3, 2200)
>>> told["ring_people_7d"], told["ring_people_30d"], told["ring_speed"]
(3, 3, 4.2857)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from puhui.antifraud.core.entity_kind import KINDS, STRONG
from puhui.antifraud.core.velocity import BAD

MOST_HOPS, MOST_PLACES = 12, 200
NO_FRAUD_FOUND = 99  # fraud_distance where there is none within MOST_HOPS
_WEEK_DAYS, _MONTH_DAYS = 7.0, 30.0
_SIDE = (
    "(SELECT '{kind}' AS kind, h.position, h.application, h.person, h.applied_at, h.amount_minor FROM antifraud_arrival h"
    " WHERE h.{kind} = a.{kind} AND h.position <= f.subject AND h.applied_at <= mine.applied_at"
    " ORDER BY h.applied_at DESC, h.position DESC LIMIT {hub})"
)


@dataclass(frozen=True, slots=True)
class Edge:
    """From one arrival to another that shares a `kind`. `age_days`: how long before the subject it arrived."""

    subject: int
    origin: int
    position: int
    kind: str
    application: int
    person: int
    age_days: float
    amount_minor: int | None
    bad: bool


@dataclass(slots=True)
class Found:
    """What was met around a subject: the edges by hop, first meetings only in `hop_of`."""

    subject: int
    hop_of: dict[int, int] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    capped: bool = False


def hop_statement() -> str:
    """The query of one hop: subjects and origins (bigint[] each) in, edges out, in the order of `Edge`'s fields."""
    sides = " UNION ALL ".join(_SIDE.format(kind=kind, hub=KINDS[kind].hub) for kind in STRONG)
    age = "(extract(epoch FROM mine.applied_at - n.applied_at) / 86400)::float8"
    return (
        f"SELECT f.subject, f.origin, n.position, n.kind, n.application, n.person, {age}, n.amount_minor,"
        f" {BAD.format(past='n', mine='mine')} FROM unnest(%s::bigint[], %s::bigint[]) AS f(subject, origin)"
        " JOIN antifraud_arrival a ON a.position = f.origin JOIN antifraud_arrival mine ON mine.position = f.subject"
        f" CROSS JOIN LATERAL ({sides}) n WHERE n.position <> f.origin ORDER BY 1, 2, 3, 4"
    )


HOP = hop_statement()


def spread(
    subjects: Mapping[int, int],
    ask: Callable[[Sequence[tuple[int, int]]], Iterable[Edge]],
    *,
    most_hops: int = MOST_HOPS,
) -> dict[int, Found]:
    """Follow strong edges from each subject (position → application) until nothing new is met, or the caps are."""
    found = {subject: Found(subject, {subject: 0}) for subject in subjects}
    asked = [(subject, subject) for subject in subjects]
    for hop in range(1, most_hops + 1):
        fresh: dict[tuple[int, int], None] = {}
        for edge in ask(asked) if asked else ():
            ring = found[edge.subject]
            if edge.position not in ring.hop_of:
                if len(ring.hop_of) >= MOST_PLACES:
                    ring.capped = True
                    continue
                ring.hop_of[edge.position] = hop
                fresh[edge.subject, edge.position] = None
            ring.edges.append(edge)
        asked = list(fresh)
    for subject, _ in asked:
        found[subject].capped = True
    return found


def features(found: Found, *, person: int, application: int, amount_minor: int | None) -> dict[str, Any]:
    """The graph's signals of one subject. People and applications count once, the subject's own not among the others."""
    met = {edge.position: edge for edge in reversed(found.edges)}
    others = [(found.hop_of[edge.position], edge) for edge in met.values() if edge.application != application]
    near, wide = (_within(others, hops) for hops in (1, 2))
    joined: dict[int, float] = {person: 0.0}
    for _, edge in others:
        joined[edge.person] = max(edge.age_days, joined.get(edge.person, 0.0))
    week, month = (sum(age < days for age in joined.values()) for days in (_WEEK_DAYS, _MONTH_DAYS))
    asked = {edge.application: edge.amount_minor or 0 for _, edge in others} | {application: amount_minor or 0}
    first = [edge for edge in found.edges if edge.origin == found.subject and edge.person != person]
    return {
        "people_1hop": len({edge.person for edge in near} - {person}),
        "shared_kinds": len({edge.kind for edge in first}),
        "people_2hop": len({edge.person for edge in wide} - {person}),
        "bad_2hop": len({edge.application for edge in wide if edge.bad}),
        "bad_share_1hop": _bad_share(near),
        "bad_share_2hop": _bad_share(wide),
        "fraud_distance": min((hop for hop, edge in others if edge.bad), default=NO_FRAUD_FOUND),
        "ring_people": len(joined),
        "ring_people_7d": week,
        "ring_people_30d": month,
        "ring_speed": round((week / _WEEK_DAYS) / (month / _MONTH_DAYS), 4) if month else None,
        "ring_amount_minor": sum(asked.values()),
    }


def _within(others: Iterable[tuple[int, Edge]], hops: int) -> list[Edge]:
    return [edge for hop, edge in others if hop <= hops]


def _bad_share(edges: Sequence[Edge]) -> float | None:
    applications = {edge.application: edge.bad for edge in edges}
    return sum(applications.values()) / len(applications) if applications else None
