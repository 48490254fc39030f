"""Front door, reads: a decision, its batch, and the check of the whole chain."""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from puhui.kernel.canonical import digest
from puhui.policy import models, record
from puhui.policy.record import BatchDraft, DecisionDraft

_CHUNK = 5_000
_CHAIN = """
SELECT decision.id, decision.sequence, decision.previous_hash, decision.row_hash, decision.subject, decision.inputs::text,
       decision.output::text, decision.reasons::text, run.id, run.kind, run.policy_name, run.policy_version,
       run.parameters::text, run.parameters_hash, run.as_of, run.version_id, run.experiment_id, run.arm
  FROM policy_decision decision JOIN policy_batch run ON run.id = decision.batch_id ORDER BY decision.sequence
"""


class DecisionUnknown(LookupError):
    """No decision with this id is in the record."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """`broken_at` is the id of the first decision whose hash does not follow from what is stored, or None."""

    decisions: int
    broken_at: str | None


def decision(decision_id: str) -> models.Decision:
    """One decision with its batch."""
    try:
        return models.Decision.objects.select_related("batch__shared").get(id=decision_id)
    except models.Decision.DoesNotExist:
        raise DecisionUnknown(f"no decision {decision_id} is recorded") from None


def latest() -> models.models.QuerySet[models.Decision]:
    """All decisions with their batches, newest first; the caller takes a page of them."""
    return models.Decision.objects.select_related("batch").order_by("-sequence")


def batch_rows(batch_id: str) -> list[models.Decision]:
    """The decisions of one batch in the order they were taken."""
    return list(models.Decision.objects.filter(batch_id=batch_id).order_by("position"))


def as_dict(row: models.Decision) -> dict[str, Any]:
    """A decision as plain data, for `puhui explain` and the console."""
    return {
        "decision": row.id,
        "subject": row.subject,
        "kind": row.batch.kind,
        "policy": f"{row.batch.policy_name}@{row.batch.policy_version}",
        "as_of": row.batch.as_of.isoformat(),
        "decided_at": row.batch.decided_at.isoformat(),
        "batch": row.batch_id,
        "inputs": row.inputs,
        "output": row.output,
        "reasons": row.reasons,
        "hash": row.row_hash,
    }


def verify_chain() -> ChainReport:
    """Recompute every hash from what is stored, in one pass with flat memory; the first that differs is named.

    What is kept beside the hashed parameters for quick questions (version, experiment, arm) must say the same.
    """
    previous, count, batch_id, common = record.GENESIS, 0, "", dict[str, Any]()
    met = dict[str, list[Any] | None]()
    with connection.chunked_cursor() as cursor:
        cursor.execute(_CHAIN)
        while rows := cursor.fetchmany(_CHUNK):
            for decision_id, sequence, before, row_hash, subject, inputs, output, reasons, *batch in rows:
                count += 1
                if batch[0] != batch_id:
                    batch_id, common = batch[0], _batch_of(batch, met)
                draft = DecisionDraft(subject, json.loads(inputs), json.loads(output), json.loads(reasons))
                expected = record.row_hash(previous_hash=previous, batch=common, draft=draft)
                if (sequence, before, row_hash) != (count, previous, expected) or not common:
                    return ChainReport(count, decision_id)
                previous = row_hash
    return ChainReport(count, None)


def _batch_of(row: list[Any], met: dict[str, list[Any] | None]) -> dict[str, Any]:
    """The batch as it entered the hashes; empty where the columns beside it tell another story, or where its shared parameters are
    missing or are others than their hash says. `met` holds what shared parameters tell beside, by hash."""
    batch_id, kind, name, version, own, shared_hash, as_of, *beside = row
    told: list[Any] | None
    if shared_hash is None:
        parameters = json.loads(own)
        told, shared_hash = _beside(parameters), digest(parameters)
    else:
        if shared_hash not in met:
            kept = models.DecisionParameters.objects.filter(hash=shared_hash).values_list("content", flat=True).first()
            met[shared_hash] = _beside(kept) if kept is not None and digest(kept) == shared_hash else None
        told = met[shared_hash]
    if beside != told:
        return {}
    return record.batch_digest(batch_id, BatchDraft(kind, name, version, {}, as_of), shared_hash)


def _beside(parameters: dict[str, Any]) -> list[Any]:
    """What is kept in columns too, for quick questions."""
    return [parameters.get("version_id"), parameters.get("experiment_id"), parameters.get("arm", "")]
