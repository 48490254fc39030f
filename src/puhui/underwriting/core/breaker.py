"""When a keeper of records is left alone (熔断): asked in vain so many times in a row, it rests; then one question tries it.

Rule kept: nothing is stored for this. What was asked and what came of it is on record already, the same for every worker and
machine, and the state is a fold over the newest of it; whatever is answered, in whichever way, ends the row of failures.

>>> at = datetime(2026, 3, 2, 9, 0)
>>> vain = [Try(at - timedelta(seconds=n), "down", at - timedelta(seconds=n)) for n in range(5)]
>>> rules = Rules(break_after=5, rest=timedelta(seconds=30), patience=timedelta(seconds=6))
>>> state(vain, rules, now=at + timedelta(seconds=29)), state(vain, rules, now=at + timedelta(seconds=30))
(<State.OPEN: 'open'>, <State.HALF_OPEN: 'half_open'>)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

VAIN = "down"


class State(StrEnum):
    CLOSED = "closed"  # it is asked
    OPEN = "open"  # it rests: nobody asks
    HALF_OPEN = "half_open"  # the next question tries it


@dataclass(frozen=True, slots=True)
class Try:
    """A question put: `outcome` and `ended_at` are None while it is under way."""

    asked_at: datetime
    outcome: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rules:
    """In vain `break_after` times in a row: rest. A question without an answer for longer than `patience` was left by its asker."""

    break_after: int
    rest: timedelta
    patience: timedelta


def state(newest_first: Sequence[Try], rules: Rules, *, now: datetime) -> State:
    """What the tries say at a time; one that is under way since the last failure is the one that tries it."""
    row = in_vain(newest_first)
    if len(row) < rules.break_after:
        return State.CLOSED
    failed_at = max(each.ended_at for each in row if each.ended_at is not None)
    if now < failed_at + rules.rest:
        return State.OPEN
    trying = any(
        each.outcome is None and each.asked_at >= failed_at and each.asked_at + rules.patience > now
        for each in newest_first
    )
    return State.OPEN if trying else State.HALF_OPEN


def in_vain(newest_first: Sequence[Try]) -> list[Try]:
    """The failures in a row up to the newest that has ended."""
    ended = (each for each in newest_first if each.outcome is not None)
    return list(takewhile(lambda each: each.outcome == VAIN, ended))
