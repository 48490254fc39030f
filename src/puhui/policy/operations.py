"""Front door, writes: record decisions."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from puhui.kernel.ids import new_id
from puhui.policy import models, record
from puhui.policy.record import BatchDraft, DecisionDraft

_CHAIN_LOCK = 7_305_001  # one writer at a time extends the chain


@transaction.atomic
def record_decisions(
    batch: BatchDraft, decisions: Sequence[DecisionDraft], *, now: datetime, batch_id: str | None = None
) -> tuple[str, list[str]]:
    """Append a batch and its decisions to the record; returns (batch id, decision ids in the order given)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CHAIN_LOCK])
    run = models.DecisionBatch.objects.create(
        id=batch_id or new_id("run", now=now),
        kind=batch.kind,
        policy_name=batch.policy_name,
        policy_version=batch.policy_version,
        parameters=batch.parameters,
        as_of=batch.as_of,
        decided_at=now,
    )
    last = models.Decision.objects.order_by("-sequence").values_list("sequence", "row_hash").first()
    sequence, previous = last or (0, record.GENESIS)
    common, rows = record.batch_digest(run.id, batch), []
    for position, draft in enumerate(decisions):
        sequence += 1
        row_hash = record.row_hash(previous_hash=previous, batch=common, draft=draft)
        rows.append(
            models.Decision(
                id=new_id("dec", now=now),
                sequence=sequence,
                batch=run,
                position=position,
                subject=draft.subject,
                inputs=draft.inputs,
                output=draft.output,
                reasons=draft.reasons,
                previous_hash=previous,
                row_hash=row_hash,
            )
        )
        previous = row_hash
    models.Decision.objects.bulk_create(rows, batch_size=500)
    return run.id, [row.id for row in rows]
