"""A dataclass as plain values, as `dataclasses.asdict` gives them, without copying what cannot change.

Python 3.11's own copies every text and number through `copy.deepcopy`; an application on its way through a request is written down
some ten times, so that was a twelfth of the processor's time for it.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Line:
...     day: date
...     parts: tuple[str, ...]
>>> as_plain(Line(date(2026, 1, 31), ("a", "b")))
{'day': datetime.date(2026, 1, 31), 'parts': ('a', 'b')}
"""

import copy
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

_UNCHANGING = frozenset({str, int, float, bool, bytes, date, datetime, Decimal, type(None)})


def as_plain(told: Any) -> dict[str, Any]:
    """The fields of a dataclass by name, dataclasses inside it likewise; lists, tuples and dicts are new, everything else copied."""
    kind: Any = type(told)
    return {name: _plain(getattr(told, name)) for name in _names(kind)}


def _plain(value: Any) -> Any:
    kind: Any = type(value)
    if kind in _UNCHANGING:
        return value
    if kind is dict:
        return {name: _plain(inner) for name, inner in value.items()}
    if kind in (list, tuple):
        return kind([_plain(inner) for inner in value])
    return as_plain(value) if _names(kind) else copy.deepcopy(value)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()
