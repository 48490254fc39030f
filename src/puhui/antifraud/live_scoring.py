"""The model that scores now: the champion, read once a process and kept by its id; without one, rules alone give the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from puhui.antifraud import models
from puhui.antifraud.core import fraud_scorer
from puhui.antifraud.core.fraud_scorer import FraudScorer
from puhui.store import prepared

_READ: dict[str, FraudScorer] = {}


@dataclass(frozen=True)
class LiveScorer:
    """`name` is the champion's id, "" where there is none."""

    name: str
    scorer: FraudScorer | None = None

    def add_to(self, rows: Sequence[dict[str, Any]]) -> None:
        """Fill `fraud_chance` of each row of signals."""
        if self.scorer is not None:
            for row, chance in zip(rows, self.scorer.chances(rows), strict=True):
                row["fraud_chance"] = chance

    def reasons(self, rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        """What raised each score; nothing where no model scores."""
        return [[] for _ in rows] if self.scorer is None else self.scorer.reasons(rows)


def current() -> LiveScorer:
    """The champion."""
    found = prepared.first("SELECT id FROM antifraud_model WHERE state = 'champion'")
    return LiveScorer("") if found is None else LiveScorer(found[0], scorer(found[0]))


def scorer(model_id: str) -> FraudScorer:
    """The model of this id; its content never changes, so it is read once a process."""
    if model_id not in _READ:
        _READ.clear()
        _READ[model_id] = fraud_scorer.read(
            models.FraudModel.objects.values_list("content", flat=True).get(id=model_id)
        )
    return _READ[model_id]
