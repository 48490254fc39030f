"""What a room will not have decided by: checks that it registers for its kind of policy, asked when a version is submitted.

A check of what a version says is asked when it is submitted; one that looks at the traffic on record (`register_dated`) is asked
then and again when it is published.

Rule kept: the floor knows no room, and yet a version that names a forbidden input does not reach review.

>>> register("doctest", lambda policy, on: None)
>>> check("doctest", None, on=date(2026, 1, 1))
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from puhui.policy.core.policy_text import Policy

Guard = Callable[[Policy, date], None]
DatedGuard = Callable[[Policy, datetime], None]
_GUARDS: dict[str, list[Guard]] = {}
_DATED: dict[str, list[DatedGuard]] = {}


def register(kind: str, guard: Guard) -> None:
    """`guard(policy, on)` raises Refused. Called by a room's AppConfig.ready(); the same guard counts once."""
    known = _GUARDS.setdefault(kind, [])
    if guard not in known:
        known.append(guard)


def check(kind: str, policy: Any, *, on: date) -> None:
    """Ask every guard of this kind."""
    for guard in _GUARDS.get(kind, []):
        guard(policy, on)


def register_dated(kind: str, guard: DatedGuard) -> None:
    """`guard(policy, now)` raises Refused; it may look at what is on record by now."""
    known = _DATED.setdefault(kind, [])
    if guard not in known:
        known.append(guard)


def check_now(kind: str, policy: Any, *, now: datetime) -> None:
    """Ask every dated guard of this kind."""
    for guard in _DATED.get(kind, []):
        guard(policy, now)
