"""Front door, reads: a decision, its batch, and the check of the whole chain."""

from dataclasses import dataclass
from typing import Any

from puhui.policy import models, record
from puhui.policy.record import BatchDraft, DecisionDraft


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
        return models.Decision.objects.select_related("batch").get(id=decision_id)
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
    """Recompute every hash from what is stored; the first that differs is named."""
    previous, count, batches = record.GENESIS, 0, {row.id: row for row in models.DecisionBatch.objects.all()}
    for row in models.Decision.objects.order_by("sequence").iterator(chunk_size=2000):
        count += 1
        run = batches[row.batch_id]
        batch = BatchDraft(run.kind, run.policy_name, run.policy_version, run.parameters, run.as_of)
        draft = DecisionDraft(row.subject, row.inputs, row.output, row.reasons)
        expected = record.row_hash(previous_hash=previous, batch=record.batch_digest(run.id, batch), draft=draft)
        if (row.sequence, row.previous_hash, row.row_hash) != (count, previous, expected):
            return ChainReport(count, row.id)
        previous = row.row_hash
    return ChainReport(count, None)
