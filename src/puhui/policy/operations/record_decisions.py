"""Append decisions to the record: one writer at a time extends the chain; many rows at once go by COPY."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int8

from puhui.kernel.ids import new_id
from puhui.policy import record
from puhui.policy.record import BatchDraft, DecisionDraft
from puhui.store import copying, prepared
from puhui.store.undivided import undivided

_CHAIN_LOCK = 7_305_001  # one writer at a time extends the chain
_MANY = 500
_COLUMNS = "id, sequence, batch_id, position, subject, inputs, output, reasons, previous_hash, row_hash"


@undivided
def record_decisions(
    batch: BatchDraft, decisions: Sequence[DecisionDraft], *, now: datetime, batch_id: str | None = None
) -> tuple[str, list[str]]:
    """Append a batch and its decisions to the record; returns (batch id, decision ids in the order given)."""
    prepared.rows(f"SELECT pg_advisory_xact_lock({_CHAIN_LOCK})")
    run_id = batch_id or new_id("run", now=now)
    run = {
        "id": run_id, "kind": batch.kind, "policy_name": batch.policy_name, "policy_version": batch.policy_version,
        "parameters": Jsonb(batch.parameters), "as_of": batch.as_of, "decided_at": now,
        "version_id": batch.parameters.get("version_id"), "experiment_id": batch.parameters.get("experiment_id"),
        "arm": batch.parameters.get("arm", ""), "elapsed_microseconds": _counted(batch.elapsed_microseconds),
    }  # fmt: skip
    last = prepared.first("SELECT sequence, row_hash FROM policy_decision ORDER BY sequence DESC LIMIT 1")
    sequence, previous = last or (0, record.GENESIS)
    common, rows = record.batch_digest(run_id, batch), []
    for position, draft in enumerate(decisions):
        row_hash = record.row_hash(previous_hash=previous, batch=common, draft=draft)
        rows.append((new_id("dec", now=now), sequence + position + 1, position, draft, previous, row_hash))
        previous = row_hash
    if len(rows) < _MANY:
        _insert(run, rows)
    else:
        _insert(run, [])
        copying.copy_frame(_frame(run_id, rows), "policy_decision")
    return run_id, [row[0] for row in rows]


def _insert(run: dict[str, Any], rows: Sequence[tuple[Any, ...]]) -> None:
    """The batch and its decisions in one statement, since an applicant waits for each round trip."""
    values: list[Any] = list(run.values())
    told = f"INSERT INTO policy_batch ({', '.join(run)}) VALUES ({_places(len(run))})"
    if rows:
        told = f"WITH run AS ({told}) INSERT INTO policy_decision ({_COLUMNS}) VALUES " + ", ".join(
            [f"({_places(10)})"] * len(rows)
        )
        for decision_id, sequence, position, draft, previous, row_hash in rows:
            values += [decision_id, Int8(sequence), run["id"], Int8(position), draft.subject, Jsonb(draft.inputs), Jsonb(draft.output),
                       Jsonb(draft.reasons), previous, row_hash]  # fmt: skip
    prepared.moved(told, values)


def _counted(microseconds: int | None) -> Int8 | None:
    return None if microseconds is None else Int8(microseconds)


def _places(count: int) -> str:
    return ", ".join(["%s"] * count)


def _frame(run_id: str, rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    ids, sequences, positions, drafts, previous, hashes = zip(*rows, strict=True)
    return pl.DataFrame({
        "id": ids, "sequence": sequences, "batch_id": [run_id] * len(rows), "position": positions,
        "subject": [draft.subject for draft in drafts], "inputs": [_json(draft.inputs) for draft in drafts],
        "output": [_json(draft.output) for draft in drafts], "reasons": [_json(draft.reasons) for draft in drafts],
        "previous_hash": previous, "row_hash": hashes,
    })  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
