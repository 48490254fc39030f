"""The decision record's values: a draft in, a hash-chained row out.

Each row's hash covers the row before it, so a changed, removed or inserted decision is seen by `puhui audit verify`.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from puhui.kernel.canonical import digest

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


def row_hash(*, previous_hash: str, batch: dict[str, Any], draft: DecisionDraft) -> str:
    """SHA-256 over the previous hash, the batch and the decision in canonical form."""
    return digest([previous_hash, batch, draft.subject, draft.inputs, draft.output, draft.reasons])


def batch_digest(batch_id: str, draft: BatchDraft) -> dict[str, Any]:
    """The batch as it enters every row's hash."""
    return {
        "id": batch_id,
        "kind": draft.kind,
        "policy": f"{draft.policy_name}@{draft.policy_version}",
        "parameters": digest(draft.parameters),
        "as_of": draft.as_of.isoformat(),
    }
