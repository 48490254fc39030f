"""What the collector saw of the filling in (采集器): seconds, pasted identity, edits; only with the owner's own consent to that.

Rules kept: the law's least (PIPL 6): no contacts, no calls, no list of apps, no fingerprint of the device. Without the tick nothing is
read, not even the network address, and the application goes on all the same. What is not of the expected kind is left out.

>>> read('{"fill_seconds": 61.2, "pasted_identity": true, "id_edits": 2, "battery": 80}')
{'fill_seconds': 61.2, 'pasted_identity': True, 'id_edits': 2}
>>> read('{"fill_seconds": -1, "id_edits": "many"}'), read("[]"), read("no json")
({}, {}, {})
"""

import ipaddress
import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from puhui.journeys import apply as applying
from puhui.web import callers

_LONGEST = 500
_DAY_SECONDS = 86_400
_MOST_EDITS = 1_000
_KNOWN: dict[str, Callable[[Any], bool]] = {
    "fill_seconds": lambda value: type(value) in (int, float) and 0 <= value <= _DAY_SECONDS,
    "pasted_identity": lambda value: isinstance(value, bool),
    "id_edits": lambda value: type(value) is int and 0 <= value <= _MOST_EDITS,
}


def read(text: str) -> dict[str, Any]:
    """Signals by anti-fraud's names out of what the page sent."""
    if len(text) > _LONGEST:
        return {}
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {
        name: sent[name]
        for name, fits in _KNOWN.items()
        if isinstance(sent, dict) and name in sent and fits(sent[name])
    }


def allowed(request: HttpRequest) -> bool:
    """Did the owner tick it?"""
    return applying.FILLING_PURPOSE in request.POST.getlist("consent")


def signals_of(request: HttpRequest) -> dict[str, Any]:
    """Nothing without the tick."""
    return read(request.POST.get("collected", "")) if allowed(request) else {}


def address_of(request: HttpRequest) -> str:
    """The network address, with the tick and where it is one."""
    address = callers.address_of(request) if allowed(request) else ""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""
