"""Append decisions to the record: one writer at a time extends the chain; many rows at once go by COPY."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Drafted:
    """A batch that has its ids and is not on record yet."""

    batch: BatchDraft
    decisions: Sequence[DecisionDraft]
    batch_id: str
    ids: list[str]


def drafted(batch: BatchDraft, decisions: Sequence[DecisionDraft], *, now: datetime, batch_id: str = "") -> Drafted:
    """Give a batch its ids; `record_drafted` puts it on record within the same operation."""
    return Drafted(batch, decisions, batch_id or new_id("run", now=now), [new_id("dec", now=now) for _ in decisions])


@undivided
def record_decisions(
    batch: BatchDraft, decisions: Sequence[DecisionDraft], *, now: datetime, batch_id: str | None = None
) -> tuple[str, list[str]]:
    """Append a batch and its decisions to the record; returns (batch id, decision ids in the order given)."""
    made = drafted(batch, decisions, now=now, batch_id=batch_id or "")
    record_drafted([made], now=now)
    return made.batch_id, made.ids


@undivided
def record_drafted(batches: Sequence[Drafted], *, now: datetime) -> None:
    """Append batches to the record in their order. Others wait for the chain until this operation ends, so it is best its last step."""
    prepared.rows(f"SELECT pg_advisory_xact_lock({_CHAIN_LOCK})")
    last = prepared.first("SELECT sequence, row_hash FROM policy_decision ORDER BY sequence DESC LIMIT 1")
    sequence, previous = last or (0, record.GENESIS)
    rows = list[tuple[Any, ...]]()
    for made in batches:
        common = record.batch_digest(made.batch_id, made.batch)
        for position, (decision_id, draft) in enumerate(zip(made.ids, made.decisions, strict=True)):
            row_hash, sequence = record.row_hash(previous_hash=previous, batch=common, draft=draft), sequence + 1
            rows.append((decision_id, sequence, made.batch_id, position, draft, previous, row_hash))
            previous = row_hash
    few = rows if len(rows) < _MANY else []
    _insert([_run(made, now=now) for made in batches], few)
    if not few and rows:
        copying.copy_frame(_frame(rows), "policy_decision")


def _run(made: Drafted, *, now: datetime) -> dict[str, Any]:
    batch = made.batch
    return {
        "id": made.batch_id, "kind": batch.kind, "policy_name": batch.policy_name, "policy_version": batch.policy_version,
        "parameters": Jsonb(batch.parameters), "as_of": batch.as_of, "decided_at": now,
        "version_id": batch.parameters.get("version_id"), "experiment_id": batch.parameters.get("experiment_id"),
        "arm": batch.parameters.get("arm", ""), "elapsed_microseconds": _counted(batch.elapsed_microseconds),
    }  # fmt: skip


def _insert(runs: Sequence[dict[str, Any]], rows: Sequence[tuple[Any, ...]]) -> None:
    """Batches and their decisions in one statement, since an applicant waits for each round trip."""
    values: list[Any] = [value for run in runs for value in run.values()]
    places = ", ".join([f"({_places(len(runs[0]))})"] * len(runs))
    told = f"INSERT INTO policy_batch ({', '.join(runs[0])}) VALUES {places}"
    if rows:
        told = f"WITH run AS ({told}) INSERT INTO policy_decision ({_COLUMNS}) VALUES " + ", ".join(
            [f"({_places(10)})"] * len(rows)
        )
        for decision_id, sequence, batch_id, position, draft, previous, row_hash in rows:
            values += [decision_id, Int8(sequence), batch_id, Int8(position), draft.subject, Jsonb(draft.inputs), Jsonb(draft.output),
                       Jsonb(draft.reasons), previous, row_hash]  # fmt: skip
    prepared.moved(told, values)


def _counted(microseconds: int | None) -> Int8 | None:
    return None if microseconds is None else Int8(microseconds)


def _places(count: int) -> str:
    return ", ".join(["%s"] * count)


def _frame(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    ids, sequences, runs, positions, drafts, previous, hashes = zip(*rows, strict=True)
    return pl.DataFrame({
        "id": ids, "sequence": sequences, "batch_id": runs, "position": positions,
        "subject": [draft.subject for draft in drafts], "inputs": [_json(draft.inputs) for draft in drafts],
        "output": [_json(draft.output) for draft in drafts], "reasons": [_json(draft.reasons) for draft in drafts],
        "previous_hash": previous, "row_hash": hashes,
    })  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
