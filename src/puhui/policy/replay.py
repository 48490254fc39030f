"""Replaying a recorded decision by the same code that runs live.

A room registers, per kind of decision, the pure function that decided: rows' inputs and the batch's parameters in,
outputs out. A decision taken in a batch (a budget shared by many firms) is replayed with its batch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from puhui.kernel.canonical import digest
from puhui.policy import queries

Replayer = Callable[[list[dict[str, Any]], dict[str, Any]], list[dict[str, Any]]]
_REPLAYERS: dict[str, Replayer] = {}
_PREFIXES: dict[str, Replayer] = {}


class KindUnknown(LookupError):
    """No code is registered for this kind of decision; it cannot be replayed here."""


@dataclass(frozen=True, slots=True)
class Replay:
    """`same` is true when the replayed output equals the recorded one, value for value."""

    recorded: dict[str, Any]
    replayed: dict[str, Any]

    @property
    def same(self) -> bool:
        return digest(self.recorded) == digest(self.replayed)


def register(kind: str, decide: Replayer) -> None:
    """Called by a room's AppConfig.ready()."""
    _REPLAYERS[kind] = decide


def register_prefix(prefix: str, decide: Replayer) -> None:
    """All kinds that begin so; the policy floor's own rulebooks (policy.…, shadow.…)."""
    _PREFIXES[prefix] = decide


def replayer_of(kind: str) -> Replayer:
    """The function that decided this kind; KindUnknown where none is registered."""
    found = _REPLAYERS.get(kind) or next(
        (decide for prefix, decide in _PREFIXES.items() if kind.startswith(prefix)), None
    )
    if found is None:
        raise KindUnknown(f"decisions of kind {kind!r} have no code to replay them")
    return found


def replay(decision_id: str) -> Replay:
    """Decide again from the recorded inputs."""
    row = queries.decision(decision_id)
    rows = queries.batch_rows(row.batch_id)
    outputs = replayer_of(row.batch.kind)([each.inputs for each in rows], row.batch.parameters)
    return Replay(recorded=row.output, replayed=outputs[row.position])
