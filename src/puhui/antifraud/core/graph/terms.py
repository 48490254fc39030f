"""Terms of batch graph work as data: budgets, smoothing, candidates and tree settings (card 26); `policy/graph.toml` is in force.

>>> in_force().features["folds"], [one["name"] for one in in_force().candidates("large")]
(8, ['own', 'neighbours_labels'])
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from puhui.kernel import shipped


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the table; each section is a plain mapping."""

    stored: dict[str, Any]

    @property
    def version(self) -> str:
        return str(self.stored["version"])

    @property
    def reading(self) -> dict[str, Any]:
        return self.stored["reading"]

    @property
    def budget(self) -> dict[str, int]:
        return self.stored["budget"]

    @property
    def features(self) -> dict[str, Any]:
        return self.stored["features"]

    @property
    def groups(self) -> dict[str, Any]:
        return self.stored["groups"]

    @property
    def choice(self) -> dict[str, Any]:
        return self.stored["choice"]

    @property
    def net(self) -> dict[str, Any]:
        return self.stored["net"]

    def trees(self, size: str) -> dict[str, Any]:
        """Settings of boosted trees for a `small` or `large` graph."""
        return self.stored["trees"][size]

    def candidates(self, size: str) -> list[dict[str, Any]]:
        """Feature sets that are tried for a `small` or `large` graph, in order."""
        return [one for one in self.stored["candidate"] if size in one["sizes"]]


@cache
def in_force() -> Terms:
    """The version shipped with this release."""
    return Terms(shipped.tree("puhui.antifraud", "policy/graph.toml"))
