"""A journey is done once per key: the same key with the same input gives the same answer and moves nothing again.

Rule kept: two requests under one key wait for each other; a refusal is not remembered, since its cause may be cured.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from puhui.journeys import models
from puhui.kernel.canonical import digest
from puhui.kernel.refusal import Refusal, Refused
from puhui.store.sealed import blind_index


@dataclass(frozen=True, slots=True)
class Asked:
    """One journey as asked for. `inputs` is everything the answer depends on, as plain values."""

    journey: str
    key: str
    inputs: dict[str, Any]
    now: datetime

    @property
    def input_hash(self) -> bytes:
        return blind_index(digest(self.inputs), purpose=f"journey.{self.journey}")


def answer_once(asked: Asked, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do the work, or give the answer given before. Call inside the journey's transaction."""
    if not 1 <= len(asked.key) <= 160:
        raise Refused(
            Refusal("KEY_MISSING", "缺少幂等键 · an idempotency key of 1–160 characters is needed", asked.journey)
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{asked.journey}/{asked.key}"])
    known = models.Request.objects.filter(journey=asked.journey, key=asked.key).first()
    if known is not None:
        return _same_or_conflict(known, asked)
    answer = work()
    models.Request.objects.create(
        journey=asked.journey, key=asked.key, input_hash=asked.input_hash, answer=answer, recorded_at=asked.now
    )
    return answer


def _same_or_conflict(known: models.Request, asked: Asked) -> dict[str, Any]:
    if bytes(known.input_hash) == asked.input_hash:
        return dict(known.answer)
    text = "同一幂等键内容不同，请换新的键 · this key was used before with other content; use a new key"
    raise Refused(Refusal("DUPLICATE_KEY_OTHER_CONTENT", text, where=asked.key))


def is_known(journey: str, key: str) -> bool:
    """Whether this key has been answered."""
    return models.Request.objects.filter(journey=journey, key=key).exists()
