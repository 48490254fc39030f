"""A journey is done once per key (see store.asked_once); its key is the journey's name and the caller's key.

Rule kept: the hash of the input is keyed, since what is asked holds ID numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from puhui.journeys import models
from puhui.kernel.canonical import digest
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import asked_once
from puhui.store.sealed import blind_index

_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Asked:
    """One journey as asked for. `inputs` is everything the answer depends on, as plain values."""

    journey: str
    key: str
    inputs: dict[str, Any]
    now: datetime


def answer_once(asked: Asked, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do the work, or give the answer given before. Call inside the journey's transaction."""
    if not 1 <= len(asked.key) <= _LONGEST:
        text = f"缺少幂等键 · an idempotency key of 1–{_LONGEST} characters is needed"
        raise Refused(Refusal("KEY_MISSING", text, asked.journey))
    hashed = blind_index(digest(asked.inputs), purpose=f"journey.{asked.journey}")
    key = asked_once.Key(models.Request, {"journey": asked.journey, "key": asked.key}, hashed)
    return asked_once.answer_once(key, work, now=asked.now)


def is_known(journey: str, key: str) -> bool:
    """Whether this key has been answered."""
    return models.Request.objects.filter(journey=journey, key=key).exists()
