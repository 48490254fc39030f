"""Answers as they are stored and found again: the assessment with its hits in one statement; which were given before.

Rule kept: past the ORM's compiler, but into the columns of its models; what is stored is what the ORM reads (`Assessment.as_value`).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from puhui.antifraud import models
from puhui.antifraud.arrivals import numbers
from puhui.antifraud.core.assessment import Assessment
from puhui.store import prepared

_GIVEN = "SELECT id, application_key, input_hash FROM antifraud_assessment WHERE application_key = ANY(%s::text[])"
_STORING = (
    "WITH kept AS (INSERT INTO antifraud_assessment (application_key, input_hash, person_index, phone_index, device_hash, applied_at,"
    " signals, outcome, unknown, rulebook, recorded_at, position, strategy, conditions, score, scored_by)"
    " SELECT k, h, person, phone, nullif(device, ''), applied, signals::jsonb, outcome, unknown::jsonb, rulebook, recorded, position,"
    " strategy, conditions::jsonb, score, scored_by FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::bytea[], %s::text[],"
    " %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[], %s::text[], %s::text[],"
    " %s::float8[], %s::text[]) WITH ORDINALITY AS t(k, h, person, phone, device, applied, signals, outcome, unknown, rulebook,"
    " recorded, position, strategy, conditions, score, scored_by, nth) ORDER BY nth RETURNING id, position),"
    " hit AS (INSERT INTO antifraud_hit (assessment_id, code, severity, outcome, text_zh, text_en, evidence, action)"
    " SELECT kept.id, code, severity, outcome, zh, en, evidence::jsonb, action FROM unnest(%s::bigint[], %s::text[], %s::text[],"
    " %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY AS t(position, code, severity, outcome, zh, en,"
    " evidence, action, nth) JOIN kept USING (position) ORDER BY nth)"
    " SELECT position, id FROM kept"
)


def given(names: Iterable[str]) -> dict[tuple[str, str], int]:
    """{(application_key, input_hash): id} of the assessments of these applications."""
    return {(name, digest): key for key, name, digest in prepared.rows(_GIVEN, [sorted(set(names))])}


def read(ids: Iterable[int]) -> dict[int, Assessment]:
    """Stored answers by id."""
    rows = models.Assessment.objects.filter(id__in=list(ids)).prefetch_related("hits")
    return {row.id: row.as_value() for row in rows}


def store(rows: Sequence[models.Assessment], answers: Sequence[Sequence[Any]]) -> None:
    """Store fresh assessments (each with a position of its own) and the hits of each; fills in their ids."""
    hits = [(row.position, hit) for row, found in zip(rows, answers, strict=True) for hit in found]
    values = [
        [row.application_key for row in rows],
        [row.input_hash for row in rows],
        [row.person_index for row in rows],
        [row.phone_index for row in rows],
        [row.device_hash or "" for row in rows],
        [row.applied_at for row in rows],
        [json.dumps(row.signals) for row in rows],
        [row.outcome for row in rows],
        [json.dumps(row.unknown) for row in rows],
        [row.rulebook for row in rows],
        [row.recorded_at for row in rows],
        numbers(row.position for row in rows),
        [row.strategy for row in rows],
        [json.dumps(row.conditions) for row in rows],
        [row.score for row in rows],
        [row.scored_by for row in rows],
        numbers(position for position, _ in hits),
        *([getattr(hit, name) for _, hit in hits] for name in ("code", "severity", "outcome", "text_zh", "text_en")),
        [json.dumps(hit.evidence) for _, hit in hits],
        [hit.action for _, hit in hits],
    ]
    ids = dict(prepared.rows(_STORING, values))
    for row in rows:
        row.id, row._state.adding = ids[row.position], False
