"""Append decisions to the record: one writer at a time extends the chain; many rows at once go by COPY."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from psycopg.types.numeric import Int8

from puhui.kernel.canonical import canonical_json
from puhui.kernel.ids import new_id
from puhui.policy import record
from puhui.policy.record import BatchDraft, DecisionDraft
from puhui.store import copying, prepared
from puhui.store.undivided import undivided

_CHAIN_LOCK = 7_305_001  # one writer at a time extends the chain
_MANY = 500
_JSON = ("parameters", "inputs", "output", "reasons")
_SCHEMA = {
    "id": pl.String, "sequence": pl.Int64, "batch_id": pl.String, "position": pl.Int64, "subject": pl.String, "inputs": pl.String,
    "output": pl.String, "reasons": pl.String, "previous_hash": pl.String, "row_hash": pl.String,
}  # fmt: skip
_Row = tuple[Any, ...]  # in the order of _SCHEMA


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
    written = [
        (canonical_json(made.batch.parameters), [record.texts(draft) for draft in made.decisions]) for made in batches
    ]
    prepared.rows(f"SELECT pg_advisory_xact_lock({_CHAIN_LOCK})")
    last = prepared.first("SELECT sequence, row_hash FROM policy_decision ORDER BY sequence DESC LIMIT 1")
    sequence, previous = last or (0, record.GENESIS)
    rows = list[_Row]()
    for made, (parameters, texts) in zip(batches, written, strict=True):
        common = record.batch_digest(made.batch_id, made.batch, parameters)
        for position, (decision_id, draft, text) in enumerate(zip(made.ids, made.decisions, texts, strict=True)):
            row_hash = record.row_hash_of(text, previous_hash=previous, batch=common, subject=draft.subject)
            sequence += 1
            told = (text.inputs.decode(), text.output.decode(), text.reasons.decode())
            rows.append((decision_id, sequence, made.batch_id, position, draft.subject, *told, previous, row_hash))
            previous = row_hash
    few = rows if len(rows) < _MANY else []
    _insert([_run(made, parameters, now=now) for made, (parameters, _) in zip(batches, written, strict=True)], few)
    if not few and rows:
        copying.copy_frame(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), "policy_decision")


def _run(made: Drafted, parameters: bytes, *, now: datetime) -> dict[str, Any]:
    batch = made.batch
    return {
        "id": made.batch_id, "kind": batch.kind, "policy_name": batch.policy_name, "policy_version": batch.policy_version,
        "parameters": parameters.decode(), "as_of": batch.as_of, "decided_at": now,
        "version_id": batch.parameters.get("version_id"), "experiment_id": batch.parameters.get("experiment_id"),
        "arm": batch.parameters.get("arm", ""), "elapsed_microseconds": _counted(batch.elapsed_microseconds),
    }  # fmt: skip


def _insert(runs: Sequence[dict[str, Any]], rows: Sequence[_Row]) -> None:
    """Batches and their decisions in one statement, since an applicant waits for each round trip."""
    values: list[Any] = [value for run in runs for value in run.values()]
    told = f"INSERT INTO policy_batch ({', '.join(runs[0])}) VALUES {_places(list(runs[0]), len(runs))}"
    if rows:
        told = f"WITH run AS ({told}) INSERT INTO policy_decision ({', '.join(_SCHEMA)}) VALUES {_places(list(_SCHEMA), len(rows))}"
        values += [Int8(value) if isinstance(value, int) else value for row in rows for value in row]
    prepared.moved(told, values)


def _counted(microseconds: int | None) -> Int8 | None:
    return None if microseconds is None else Int8(microseconds)


def _places(columns: Sequence[str], count: int) -> str:
    """Places for so many rows; what goes as JSON is text until then."""
    place = ", ".join("%s::jsonb" if name in _JSON else "%s" for name in columns)
    return ", ".join([f"({place})"] * count)
