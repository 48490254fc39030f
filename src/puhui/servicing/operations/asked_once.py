"""Every write is asked once: its key remembers its input and its answer (card 24).

Rule kept: the same key with the same input gives the same answer and moves nothing again; the same key with other
content is refused. A refusal is not remembered: the cause may be cured and the same request sent again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from puhui.kernel.canonical import digest
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models


@dataclass(frozen=True, slots=True)
class Asked:
    """One write as it was asked for. `inputs` is everything the answer depends on, as plain values."""

    institution_id: str
    operation: str
    key: str
    inputs: Mapping[str, Any]
    now: datetime

    @property
    def input_hash(self) -> str:
        return digest(dict(self.inputs))


def answer_once(asked: Asked, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do the work, or give the answer it gave before. Call inside the operation's transaction."""
    if not asked.key:
        raise Refused(Refusal("KEY_MISSING", "缺少幂等键 · every write needs an idempotency key", asked.operation))
    _one_at_a_time(asked)
    known = models.Request.objects.filter(
        institution_id=asked.institution_id, operation=asked.operation, idempotency_key=asked.key
    ).first()
    if known is not None:
        return _same_or_conflict(known, asked)
    answer = work()
    models.Request.objects.create(
        institution_id=asked.institution_id,
        operation=asked.operation,
        idempotency_key=asked.key,
        input_hash=asked.input_hash,
        answer=answer,
        recorded_at=asked.now,
    )
    return answer


def _one_at_a_time(asked: Asked) -> None:
    """Two requests under one key wait for each other; the second finds the first one's answer."""
    name = f"servicing/{asked.institution_id}/{asked.operation}/{asked.key}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _same_or_conflict(known: models.Request, asked: Asked) -> dict[str, Any]:
    if known.input_hash == asked.input_hash:
        return dict(known.answer)
    text = "同一幂等键内容不同 · this key was used before with other content; use a new key"
    raise Refused(Refusal("DUPLICATE_KEY_OTHER_CONTENT", text, where=asked.key))
