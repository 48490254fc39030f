"""Every write of the book is asked once (see store.asked_once); its key belongs to an institution and an operation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from puhui.kernel.canonical import digest
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import models
from puhui.store import asked_once


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
    columns = {
        "institution_id": asked.institution_id,
        "operation": asked.operation,
        "idempotency_key": asked.key,
    }
    key = asked_once.Key(models.Request, columns, asked.input_hash)
    return asked_once.answer_once(key, work, now=asked.now)
