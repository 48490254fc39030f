"""The workbench's terms as data: every threshold of reading, suspecting, binning and fitting (card 26).

`policy/workbench.toml` holds the version in force. A model keeps the whole table it was fitted with, so that its report
and its by-hand re-binning read the thresholds of their own time.

>>> in_force().bins["max_bins"], in_force().scorecard["points_at_base"]
(10, 600)
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from puhui.kernel import shipped


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the table; `stored` is its JSON form, which rebuilds it. Each section is a plain mapping."""

    stored: dict[str, Any]

    @property
    def version(self) -> str:
        return str(self.stored["version"])

    @property
    def reading(self) -> dict[str, Any]:
        return self.stored["reading"]

    @property
    def label(self) -> dict[str, Any]:
        return self.stored["label"]

    @property
    def split(self) -> dict[str, Any]:
        return self.stored["split"]

    @property
    def leak(self) -> dict[str, Any]:
        return self.stored["leak"]

    @property
    def drift(self) -> dict[str, Any]:
        return self.stored["drift"]

    @property
    def bins(self) -> dict[str, Any]:
        return self.stored["bins"]

    @property
    def scorecard(self) -> dict[str, Any]:
        return self.stored["scorecard"]

    @property
    def boosting(self) -> dict[str, Any]:
        return self.stored["boosting"]

    @property
    def directions(self) -> dict[str, Any]:
        return self.stored["directions"]


@cache
def in_force() -> Terms:
    """The version shipped with this release."""
    return Terms(shipped.tree("puhui.underwriting", "policy/workbench.toml"))
