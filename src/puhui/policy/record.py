"""The decision record's values: a draft in, a hash-chained row out.

Each row's hash covers the row before it, so a changed, removed or inserted decision is seen by `puhui audit verify`.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from puhui.kernel.canonical import canonical_json, digest

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class BatchDraft:
    """What a batch of decisions has in common. `parameters` hold all that replay needs beside each row's inputs.

    Of a rulebook's decisions they name `version_id`, `content_hash`, `arm` and `experiment_id`. How long it took is kept
    beside the record, not in its hash.
    """

    kind: str
    policy_name: str
    policy_version: str
    parameters: dict[str, Any]
    as_of: date
    elapsed_microseconds: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionDraft:
    """One decision. `inputs` are the values as seen; JSON types only (money in fen, dates as ISO text)."""

    subject: str
    inputs: dict[str, Any]
    output: dict[str, Any]
    reasons: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Texts:
    """A decision's values in canonical form: written once, hashed and stored."""

    inputs: bytes
    output: bytes
    reasons: bytes


def texts(draft: DecisionDraft) -> Texts:
    return Texts(canonical_json(draft.inputs), canonical_json(draft.output), canonical_json(draft.reasons))


def row_hash(*, previous_hash: str, batch: dict[str, Any], draft: DecisionDraft) -> str:
    """SHA-256 over the previous hash, the batch and the decision in canonical form."""
    return row_hash_of(texts(draft), previous_hash=previous_hash, batch=batch, subject=draft.subject)


def row_hash_of(written: Texts, *, previous_hash: str, batch: dict[str, Any], subject: str) -> str:
    """The same of a decision that is written down already: the canonical form of a list is that of its parts, between commas."""
    parts = (*map(canonical_json, (previous_hash, batch, subject)), written.inputs, written.output, written.reasons)
    return hashlib.sha256(b"[" + b",".join(parts) + b"]").hexdigest()


def batch_digest(batch_id: str, draft: BatchDraft, parameters_hash: str | None = None) -> dict[str, Any]:
    """The batch as it enters every row's hash; `parameters_hash` where its parameters were digested already."""
    return {
        "id": batch_id,
        "kind": draft.kind,
        "policy": f"{draft.policy_name}@{draft.policy_version}",
        "parameters": parameters_hash or digest(draft.parameters),
        "as_of": draft.as_of.isoformat(),
    }
