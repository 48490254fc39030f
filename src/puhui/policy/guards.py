"""What a room will not have decided by: checks that it registers for its kind of policy, asked when a version is submitted.

Rule kept: the floor knows no room, and yet a version that names a forbidden input does not reach review.

>>> register("doctest", lambda policy, on: None)
>>> check("doctest", None, on=date(2026, 1, 1))
"""

from collections.abc import Callable
from datetime import date
from typing import Any

from puhui.policy.core.policy_text import Policy

Guard = Callable[[Policy, date], None]
_GUARDS: dict[str, list[Guard]] = {}


def register(kind: str, guard: Guard) -> None:
    """`guard(policy, on)` raises Refused. Called by a room's AppConfig.ready(); the same guard counts once."""
    known = _GUARDS.setdefault(kind, [])
    if guard not in known:
        known.append(guard)


def check(kind: str, policy: Any, *, on: date) -> None:
    """Ask every guard of this kind."""
    for guard in _GUARDS.get(kind, []):
        guard(policy, on)
