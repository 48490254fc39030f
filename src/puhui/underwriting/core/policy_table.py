"""The appraisal policy as data: limits, haircuts, model settings, ratings that get nothing (card 26).

`policy/appraisal.toml` holds the version in force. A decision stores the whole table it used (`as_json`), so a replay
reads the thresholds of its own time.

>>> in_force().floor_minor
10000000
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from puhui.kernel import shipped
from puhui.underwriting.core.scoring import FitTerms


@dataclass(frozen=True, slots=True)
class Haircut:
    """Cuts the limit by `factor_bps` when the measure lies above or below a bound."""

    code: str
    measure: str
    factor_bps: int
    above: float | None = None
    below: float | None = None

    def applies(self, value: float | None) -> bool:
        """A missing measure cuts nothing: missing is not false, and not true either."""
        if value is None:
            return False
        return (self.above is not None and value > self.above) or (self.below is not None and value < self.below)


@dataclass(frozen=True, slots=True)
class AppraisalPolicy:
    """One version of the table; `stored` is its JSON form, which rebuilds it."""

    stored: dict[str, Any]

    @property
    def version(self) -> str:
        return str(self.stored["version"])

    @property
    def floor_minor(self) -> int:
        return int(self.stored["limit"]["floor_minor"])

    @property
    def ceiling_minor(self) -> int:
        return int(self.stored["limit"]["ceiling_minor"])

    @property
    def step_minor(self) -> int:
        return int(self.stored["limit"]["step_minor"])

    @property
    def months_of_sales(self) -> int:
        return int(self.stored["limit"]["months_of_sales"])

    @property
    def loop_floor_minor(self) -> int:
        return int(self.stored["limit"]["loop_floor_minor"])

    @property
    def haircuts(self) -> tuple[Haircut, ...]:
        return tuple(Haircut(**row) for row in self.stored["haircut"])

    @property
    def fit_terms(self) -> FitTerms:
        model = self.stored["model"]
        return FitTerms(**{name: model[name] for name in FitTerms.__dataclass_fields__})

    @property
    def min_defaults(self) -> int:
        return int(self.stored["model"]["min_defaults"])

    @property
    def min_goods(self) -> int:
        return int(self.stored["model"]["min_goods"])

    @property
    def ratings_refused(self) -> tuple[str, ...]:
        return tuple(self.stored["ratings"]["nothing"])

    @property
    def offer_valid_days(self) -> int:
        return int(self.stored["offer"]["valid_days"])

    def as_json(self) -> dict[str, Any]:
        return self.stored


@cache
def in_force() -> AppraisalPolicy:
    """The version shipped with this release."""
    return AppraisalPolicy(shipped.tree("puhui.underwriting", "policy/appraisal.toml"))
