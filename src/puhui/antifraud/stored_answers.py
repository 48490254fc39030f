"""Answers as they are stored and found again: the assessment with its hits in one statement; which were given before.

Rule kept: past the ORM's compiler, but into the columns of its models; what is stored is what the ORM reads (`Assessment.as_value`).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from puhui.antifraud import models
from puhui.antifraud.core.assessment import Assessment
from puhui.store import prepared

GIVEN = "SELECT id, application_key, input_hash FROM antifraud_assessment WHERE application_key = ANY(%s::text[])"
_COLUMNS = {
    "application_key": "text", "input_hash": "text", "person_index": "bytea", "phone_index": "bytea", "device_hash": "text",
    "applied_at": "timestamptz", "signals": "jsonb", "outcome": "text", "unknown": "jsonb", "rulebook": "text",
    "recorded_at": "timestamptz", "position": "bigint", "strategy": "text", "conditions": "jsonb", "score": "float8",
    "scored_by": "text",
}  # fmt: skip
_HIT_COLUMNS = {
    "position": "bigint", "code": "text", "severity": "text", "outcome": "text", "text_zh": "text", "text_en": "text",
    "evidence": "jsonb", "action": "text",
}  # fmt: skip
_HIT_NAMES = tuple(_HIT_COLUMNS)[1:]


_STORING = (
    f"WITH kept AS (INSERT INTO antifraud_assessment ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS)}"
    f" FROM {prepared.json_rows(_COLUMNS)} ORDER BY nth RETURNING id, position),"
    f" hit AS (INSERT INTO antifraud_hit (assessment_id, {', '.join(_HIT_NAMES)}) SELECT kept.id, {', '.join(_HIT_NAMES)}"
    f" FROM {prepared.json_rows(_HIT_COLUMNS)} JOIN kept USING (position) ORDER BY nth)"
    " SELECT position, id FROM kept"
)


def read(ids: Iterable[int]) -> dict[int, Assessment]:
    """Stored answers by id."""
    rows = models.Assessment.objects.filter(id__in=list(ids)).prefetch_related("hits")
    return {row.id: row.as_value() for row in rows}


def store(rows: Sequence[models.Assessment], answers: Sequence[Sequence[Any]]) -> None:
    """Store fresh assessments (each with a position of its own) and the hits of each; fills in their ids."""
    hits = [
        {"position": row.position} | {name: getattr(hit, name) for name in _HIT_NAMES}
        for row, found in zip(rows, answers, strict=True)
        for hit in found
    ]
    told = [{name: getattr(row, name) for name in _COLUMNS} for row in rows]
    ids = dict(prepared.rows(_STORING, [json.dumps(told, default=_plain), json.dumps(hits, default=_plain)]))
    for row in rows:
        row.id, row._state.adding = ids[row.position], False


def _plain(value: Any) -> str:
    """As PostgreSQL reads it from a text: bytes and times (what else a signal may hold is JSON already)."""
    return f"\\x{bytes(value).hex()}" if isinstance(value, bytes | memoryview) else str(value.isoformat())
