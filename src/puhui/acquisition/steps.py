"""The steps of the chain as data: their order and names, which media is told of which, and under what consent.

Read from `tables/conversions.csv`. Anything about a credit outcome needs a separate consent; overdue is told to nobody
unless the caller switches it on for that media, by name.
"""

from dataclasses import dataclass
from datetime import date

from puhui.acquisition import dated_tables

MEDIA = ("ocean_engine", "tencent", "kuaishou", "baidu")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `codes` by media; `told_by_default` false means that only an explicit switch sends it."""

    kind: str
    order: int
    zh: str
    en: str
    credit_outcome: bool
    needs_consent: bool
    told_by_default: bool
    codes: dict[str, str]

    def may_be_told(self, media: str, *, consent: bool, switched_on: frozenset[str] = frozenset()) -> bool:
        """Whether this media may hear of it.

        >>> default = {step.kind: step for step in steps(date(2026, 11, 29))}["default"]
        >>> default.may_be_told("tencent", consent=True)
        False
        >>> default.may_be_told("tencent", consent=True, switched_on=frozenset({"tencent/default"}))
        True
        """
        wanted = self.told_by_default or f"{media}/{self.kind}" in switched_on
        return wanted and media in self.codes and (consent or not self.needs_consent)


def steps(as_of: date) -> tuple[Step, ...]:
    """In the order of the funnel, as in force on the day."""
    found = [
        Step(
            row["kind"], int(row["order"]), row["zh"], row["en"], row["credit_outcome"] == "yes",
            row["needs_consent"] == "yes", row["told_by_default"] == "yes",
            {media: row[media] for media in MEDIA if row[media]},
        )
        for row in dated_tables.in_force("conversions.csv", "kind", as_of)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda step: step.order))
