"""Kinds of entities (实体种类) that applications share: strong ones draw rings, weak ones only count; from a table.

Rules kept: no value is kept in the clear: an entity is a 64-bit key of its keyed blind index, and a masked text for people.
A kind's `hub` is how many of its newest arrivals are looked at: a telephone of a whole market tells nobody's ring.

>>> KINDS["device"].strong, KINDS["address"].strong
(True, False)
>>> key_of("device", b"a") == key_of("device", b"a") != key_of("card", b"a")
True
"""

import hashlib
from dataclasses import dataclass

from puhui.kernel import shipped


@dataclass(frozen=True, slots=True)
class EntityKind:
    """`weight` is the strength of an edge through it, 0 to 1; `hub` the most arrivals followed or counted."""

    name: str
    strong: bool
    weight: float
    hub: int
    zh: str
    en: str


def _read() -> dict[str, EntityKind]:
    return {
        row["name"]: EntityKind(
            row["name"], row["strong"] == "yes", float(row["weight"]), int(row["hub"]), row["zh"], row["en"]
        )
        for row in shipped.rows("puhui.antifraud", "policy/entity_kinds.csv")
    }


KINDS: dict[str, EntityKind] = _read()
STRONG: tuple[str, ...] = tuple(name for name, kind in KINDS.items() if kind.strong)


def key_of(kind: str, material: bytes) -> int:
    """A signed 64-bit key: the head of SHA-256 over kind and material (a blind index, or a hash that came in).

    PostgreSQL computes the same: ('x' || left(encode(sha256(…), 'hex'), 16))::bit(64)::bigint.
    """
    return int.from_bytes(hashlib.sha256(kind.encode() + b":" + material).digest()[:8], "big", signed=True)


def masked(kind: str, text: str) -> str:
    """What staff may see of an entity without revealing it: the head and the tail of a number, else its tail.

    >>> masked("phone", "15400000001"), masked("address", "某市某区某路1号"), masked("ip_block", "203.0.113.0/24")
    ('154****0001', '****路1号', '203.0.113.0/24')
    """
    if kind in ("ip_block", "place", "channel", "agent"):
        return text[:40]
    if text.isascii() and len(text) >= 11:
        return f"{text[:3]}****{text[-4:]}"
    return "****" + text[-3:] if len(text) > 3 else "****"
