"""One way to write a value down, so that equal inputs have equal hashes.

>>> canonical_json({"b": date(2026, 1, 1), "a": Decimal("1.50")})
b'{"a":"1.50","b":"2026-01-01"}'
"""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any


class Settled(dict[str, Any]):
    """A value that nobody changes any more (parameters that many decisions share), so that it is written down once."""

    @cached_property
    def written(self) -> bytes:
        return _ENCODER.encode(self).encode()


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; dates in ISO form, Decimals as text; NaN is refused."""
    return value.written if type(value) is Settled else _ENCODER.encode(value).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _as_text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_text
)
