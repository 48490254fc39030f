"""Invoices' counterparties in the entity graph (交易对手): who names whom, and what that says of an application.

An applicant's own names (shop, licence) join as themselves, the buyers and suppliers of their invoices with the share of that side's
amount and the day of the last invoice. Two applicants are tied where one names the other, or where they have several counterparties in
common that are nobody's crowd. From the edges on it is pure.

Rule kept: an edge joins an earlier arrival only, no later in time, within the days of the terms, and labels count once they are known;
evidence newer than the application is left out by the caller. Without invoices it is unknown, not zero.

>>> edges = [Trade(9, 1, "buyer", .5, 3, 30, 300, "self", 4.0, True), Trade(9, 2, "supplier", .2, 3, 30, 300, "supplier", 4.0, True)]
>>> told = features(edges, person=1, application=2, brought=True)
>>> [told[name] for name in NAMES], features([], person=1, application=2, brought=False)["counterparties_shared_180d"]
([1, 1, 0, 1], None)
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from puhui.antifraud.core.entity_kind import key_of
from puhui.antifraud.core.velocity import BAD
from puhui.kernel import shipped

KIND = "counterparty"
SELF, BUYER, SUPPLIER = "self", "buyer", "supplier"
SIDES = (SELF, BUYER, SUPPLIER)
NAMES = ("trading_applicants_180d", "counterparties_shared_180d", "counterparty_people_180d", "counterparty_bad_180d")
UNKNOWN: dict[str, Any] = dict.fromkeys(NAMES)


@dataclass(frozen=True, slots=True)
class Counterparty:
    """`material` is a keyed blind index, `shown` the masked text; `share` of the side's amount (of oneself 1), `last_on` its last invoice."""

    side: str
    material: bytes
    shown: str
    share: float = 1.0
    last_on: date | None = None

    @property
    def key(self) -> int:
        return key_of(KIND, self.material)


@dataclass(frozen=True, slots=True)
class Trade:
    """From an arrival (`subject`) through a counterparty (`key`) to an earlier one that names it too (`position` and what follows)."""

    subject: int
    key: int
    side: str
    share: float
    position: int
    application: int
    person: int
    other_side: str
    age_days: float
    bad: bool


def terms() -> dict[str, Any]:
    """The table."""
    return shipped.tree("puhui.antifraud", "policy/trades.toml")


def statement() -> str:
    """The query: subjects (bigint[]) in, edges out, in the order of `Trade`'s fields; of a counterparty its newest so many, and one."""
    asked = terms()
    return (
        "SELECT t.position, t.key, t.side, t.share, o.position, o.application, o.person, o.side,"
        f" (extract(epoch FROM t.applied_at - o.applied_at) / 86400)::float8, {BAD.format(past='o', mine='t')}"
        " FROM antifraud_trade t CROSS JOIN LATERAL (SELECT h.* FROM antifraud_trade h WHERE h.key = t.key"
        " AND h.position < t.position AND h.applied_at <= t.applied_at"
        f" AND h.applied_at > t.applied_at - interval '{int(asked['days'])} days'"
        f" ORDER BY h.applied_at DESC, h.position DESC, h.side LIMIT {int(asked['crowd'])}) o"
        " WHERE t.position = ANY(%s::bigint[]) ORDER BY 1, 2, 3, 5, 8"
    )


def joining(told: Iterable[Counterparty], *, on: date) -> list[Counterparty]:
    """Those that join the graph: once a side and key, the largest of each side, none too small, none dated after `on`."""
    asked = terms()
    best: dict[tuple[str, int], Counterparty] = {}
    for each in told:
        place, newer = (each.side, each.key), each.last_on is not None and each.last_on > on
        if newer or (each.side != SELF and each.share < asked["share_least"]):
            continue
        if place not in best or each.share > best[place].share:
            best[place] = each
    ordered = sorted(best.values(), key=lambda each: (-each.share, each.key))
    return [each for side in SIDES for each in [one for one in ordered if one.side == side][: asked["side_most"]]]


def brought(told: Iterable[Counterparty]) -> bool:
    """Are others among them, not its own names alone?"""
    return any(each.side != SELF for each in told)


def features(edges: Sequence[Trade], *, person: int, application: int, brought: bool) -> dict[str, Any]:
    """The signals of one subject: other people who name it or whom it names; the most counterparties in common with one other; people
    with several in common; confirmed frauds among both. `brought`: it has counterparties of its own, not its names alone."""
    near = tied(edges, person=person, application=application)
    others = {edge.person for edge, _ in near}
    common = {who: len({edge.key for edge, how in near if edge.person == who and how == "shared"}) for who in others}
    trading = {edge.person for edge, how in near if how == "trade"}
    least = terms()["shared_least"]
    pairs = {who for who, count in common.items() if count >= least}
    bad = {edge.application for edge, _ in near if edge.bad and edge.person in trading | pairs}
    return {
        "trading_applicants_180d": len(trading),
        "counterparties_shared_180d": max(common.values(), default=0) if brought else None,
        "counterparty_people_180d": len(pairs) if brought else None,
        "counterparty_bad_180d": len(bad),
    }


def tied(edges: Sequence[Trade], *, person: int, application: int) -> list[tuple[Trade, str]]:
    """Edges to others with how they tie: `trade` (one names the other) or `shared` (both name a third), crowds left out."""
    held = Counter((edge.side, edge.key) for edge in edges)
    most = terms()["crowd"]
    told = []
    for edge in edges:
        if edge.person == person or edge.application == application or held[edge.side, edge.key] >= most:
            continue
        own, their = edge.side == SELF, edge.other_side == SELF
        if own != their:
            told.append((edge, "trade"))
        elif not own:
            told.append((edge, "shared"))
    return told
