"""Append decisions to the record: one writer at a time extends the chain; many rows at once go by COPY."""

import hashlib
from collections.abc import Mapping, Sequence
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
_JSON = ("inputs", "output", "reasons")
_STANDING = f"""
SELECT coalesce(last.sequence, 0), coalesce(last.row_hash, '{record.GENESIS}'),
       ARRAY(SELECT hash::text FROM policy_parameters WHERE hash = ANY(%s::text[]))
  FROM (VALUES (1)) AS always LEFT JOIN (SELECT sequence, row_hash FROM policy_decision ORDER BY sequence DESC LIMIT 1) AS last ON true
"""  # the end of the chain, and which of these parameters are kept already
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
    shared = dict[str, bytes]()
    written = list[tuple[str, list[record.Texts]]]()
    for made in batches:
        parameters = canonical_json(made.batch.parameters)
        parameters_hash = hashlib.sha256(parameters).hexdigest()
        shared[parameters_hash] = parameters
        written.append((parameters_hash, [record.texts(draft) for draft in made.decisions]))
    prepared.rows(f"SELECT pg_advisory_xact_lock({_CHAIN_LOCK})")
    ((sequence, previous, known),) = prepared.rows(_STANDING, [list(shared)])
    _keep({name: text for name, text in shared.items() if name not in known})
    rows = list[_Row]()
    for made, (parameters_hash, texts) in zip(batches, written, strict=True):
        common = record.batch_digest(made.batch_id, made.batch, parameters_hash)
        for position, (decision_id, draft, text) in enumerate(zip(made.ids, made.decisions, texts, strict=True)):
            row_hash = record.row_hash_of(text, previous_hash=previous, batch=common, subject=draft.subject)
            sequence += 1
            told = (text.inputs.decode(), text.output.decode(), text.reasons.decode())
            rows.append((decision_id, sequence, made.batch_id, position, draft.subject, *told, previous, row_hash))
            previous = row_hash
    few = rows if len(rows) < _MANY else []
    _insert([_run(made, digested, now=now) for made, (digested, _) in zip(batches, written, strict=True)], few)
    if not few and rows:
        copying.copy_frame(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), "policy_decision")


def _keep(parameters: Mapping[str, bytes]) -> None:
    """Parameters that nobody has kept yet, by their hash."""
    for name, text in parameters.items():
        told = "INSERT INTO policy_parameters (hash, content) VALUES (%s, %s::jsonb) ON CONFLICT DO NOTHING"
        prepared.moved(told, [name, text.decode()])


def _run(made: Drafted, parameters_hash: str, *, now: datetime) -> dict[str, Any]:
    batch = made.batch
    return {
        "id": made.batch_id, "kind": batch.kind, "policy_name": batch.policy_name, "policy_version": batch.policy_version,
        "parameters_hash": parameters_hash, "as_of": batch.as_of, "decided_at": now,
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
