"""The models that score now: the champion, and what is ordinary among peers; each read once a process and kept by its id.

Without a champion rules alone give the score; without a picture of peers unusualness stays unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from puhui.antifraud import models
from puhui.antifraud.core import fraud_scorer, unusualness
from puhui.antifraud.core.fraud_scorer import FraudScorer
from puhui.antifraud.core.unusualness import Peers

_READ: dict[str, FraudScorer] = {}
_PEERS: dict[int, Peers] = {}
NOW = (
    "SELECT (SELECT id FROM antifraud_model WHERE state = 'champion') AS champion,"
    " (SELECT max(id) FROM antifraud_peers) AS picture"
)


@dataclass(frozen=True)
class LiveScorer:
    """`name` is the champion's id, "" where there is none."""

    name: str
    scorer: FraudScorer | None = None
    peers: Peers | None = None

    def add_to(self, rows: Sequence[dict[str, Any]]) -> None:
        """Fill `fraud_chance` and `unusualness` of each row of signals."""
        if self.scorer is not None:
            for row, chance in zip(rows, self.scorer.chances(rows), strict=True):
                row["fraud_chance"] = chance
        if self.peers is not None:
            for row, share in zip(rows, self.peers.unusualness(rows), strict=True):
                row["unusualness"] = share

    def reasons(self, rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        """What raised each score; nothing where no model scores."""
        return [[] for _ in rows] if self.scorer is None else self.scorer.reasons(rows)


def named(name: str | None, picture: int | None) -> LiveScorer:
    """The champion of this id and the picture of this number, as `NOW` tells them."""
    return LiveScorer(name or "", scorer(name) if name else None, peers(picture) if picture else None)


def scorer(model_id: str) -> FraudScorer:
    """The model of this id; its content never changes, so it is read once a process."""
    if model_id not in _READ:
        _READ.clear()
        _READ[model_id] = fraud_scorer.read(
            models.FraudModel.objects.values_list("content", flat=True).get(id=model_id)
        )
    return _READ[model_id]


def peers(picture: int) -> Peers:
    """The picture of this number; likewise."""
    if picture not in _PEERS:
        _PEERS.clear()
        _PEERS[picture] = unusualness.read(models.PeerPicture.objects.values_list("content", flat=True).get(id=picture))
    return _PEERS[picture]
