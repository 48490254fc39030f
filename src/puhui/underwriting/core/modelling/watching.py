"""The terms of watching models as data: bands of PSI, lines of lateness, reject inference, alerts (card 26).

`policy/watching.toml` holds the version in force; a row of figures and an alert keep the version they were made by.

>>> in_force().bands.band(0.2), in_force().vintage_lines
('watch', (30, 90))
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from puhui.kernel import shipped
from puhui.policy.core.alert_line import AlertLine
from puhui.policy.core.stability import Bands
from puhui.underwriting.core.modelling.reject_inference import RejectTerms


@dataclass(frozen=True, slots=True)
class Watching:
    """One version of the table."""

    stored: dict[str, Any]

    @property
    def version(self) -> str:
        return str(self.stored["version"])

    @property
    def bands(self) -> Bands:
        return Bands(**self.stored["psi"])

    @property
    def vintage_lines(self) -> tuple[int, ...]:
        return tuple(self.stored["lateness"]["vintage_lines"])

    @property
    def first_payment_days(self) -> tuple[int, ...]:
        return tuple(self.stored["lateness"]["first_payment_days"])

    @property
    def reject_terms(self) -> RejectTerms:
        return RejectTerms(**self.stored["reject_inference"])

    @property
    def daily(self) -> dict[str, int]:
        return self.stored["daily"]

    @property
    def alert_lines(self) -> list[AlertLine]:
        return [AlertLine(**row) for row in self.stored["alert"]]


@cache
def in_force() -> Watching:
    """The version shipped with this release."""
    return Watching(shipped.tree("puhui.underwriting", "policy/watching.toml"))
