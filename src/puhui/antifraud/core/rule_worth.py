"""Precision and recall of each rule on known truth: a table measured in a made-up world (虚构), read beside what is confirmed.

In the made-up world frauds are many, so that few rules go untried; precision is therefore worked out at the base rate of the table
`policy/casework.toml`, from the shares of frauds and of honest applications that the rule hits:

    precision = π·r / (π·r + (1 − π)·f)      r: share of the frauds hit, f: share of the honest, π: base rate

with half a hit added to the honest, so that none among so many is not taken for never. A rule is made for some way of cheating: beside
the recall over all ways stands the one that it finds best.

>>> worth = Worth("DEVICE_SHARED", 36, 360, 0, 1_999, "device_gang", 30, 40, "v")
>>> worth.recall, worth.best_recall, round(worth.precision(0.01), 4)
(0.1, 0.75, 0.8016)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from puhui.kernel import shipped as tables


@dataclass(frozen=True, slots=True)
class Worth:
    """One rule's counts; `best`: the scheme that it finds best, with its members hit; `rulebook`: the version they were counted by."""

    code: str
    fraud_hits: int
    frauds: int
    honest_hits: int
    honest: int
    best: str
    best_hits: int
    best_members: int
    rulebook: str

    @property
    def is_tried(self) -> bool:
        """Was it ever hit? Else the made-up world says nothing of it."""
        return self.fraud_hits + self.honest_hits > 0

    @property
    def recall(self) -> float:
        """Share of the frauds that it hits."""
        return self.fraud_hits / self.frauds

    @property
    def best_recall(self) -> float:
        """Share of the members of the scheme that it finds best."""
        return self.best_hits / self.best_members if self.best_members else 0.0

    def precision(self, base_rate: float) -> float:
        """Share of fraud among its hits, were so large a share of all applications fraud."""
        right = base_rate * self.recall
        return right / (right + (1 - base_rate) * (self.honest_hits + 0.5) / (self.honest + 1))

    def told(self, base_rate: float) -> dict[str, Any] | None:
        """For pages and JSON; None where the made-up world never hits the rule."""
        if not self.is_tried:
            return None
        return {
            "fraud_hits": self.fraud_hits, "frauds": self.frauds, "honest_hits": self.honest_hits, "honest": self.honest,
            "recall": round(self.recall, 4), "precision": round(self.precision(base_rate), 4), "base_rate": base_rate,
            "best_scheme": self.best, "best_recall": round(self.best_recall, 4), "rulebook": self.rulebook,
        }  # fmt: skip


@cache
def shipped() -> Mapping[str, Worth]:
    """By rule, the table that was measured for the shipped rules (`puhui mirror rules --simulate`)."""
    return {
        row["code"]: Worth(
            row["code"], int(row["fraud_hits"]), int(row["frauds"]), int(row["honest_hits"]), int(row["honest"]),
            row["best"], int(row["best_hits"]), int(row["best_members"]), row["rulebook"],
        )
        for row in tables.rows("puhui.antifraud", "policy/rulebook/simulated_worth.csv")
    }  # fmt: skip


@cache
def untried() -> Mapping[str, tuple[str, str]]:
    """By rule that the made-up world never hits, why it cannot: (Chinese, English)."""
    found = tables.rows("puhui.antifraud", "policy/rulebook/untried.csv")
    return {row["code"]: (row["zh"], row["en"]) for row in found}
