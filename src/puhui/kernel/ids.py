"""Ids are text, prefixed, and sort by birth (card 24): `loan_` + UUIDv7 in hexadecimal.

The clock comes in through the door; the tail is random so that two machines never collide.
>>> from datetime import UTC
>>> first = new_id("loan", now=datetime(2026, 1, 1, tzinfo=UTC))
>>> later = new_id("loan", now=datetime(2026, 1, 2, tzinfo=UTC))
>>> first < later, first[:5], len(first)
(True, 'loan_', 37)
"""

import secrets
from datetime import datetime


def new_id(prefix: str, *, now: datetime) -> str:
    """A new id of RFC 9562 version 7 (48 bits of Unix milliseconds, 74 random bits)."""
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone")
    millis = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    random_a, random_b = secrets.randbits(12), secrets.randbits(62)
    value = (millis << 80) | (7 << 76) | (random_a << 64) | (2 << 62) | random_b
    return f"{prefix}_{value:032x}"
