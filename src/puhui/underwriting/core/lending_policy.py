"""The policy of the product for small owners as data: price components, bounds of the limit, caps by segment (定额定价).

Rule kept: `policy/lending.toml` holds the version in force; a decision stores the whole table it used and replays from it.

>>> policy = LendingPolicy.in_force()
>>> policy.segment("farmer").floor_minor, policy.terms.cost_of_funds_micro
(500000, 40000)
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from puhui.kernel import shipped
from puhui.kernel.refusal import Refusal, Refused

SEGMENTS = ("shop", "company", "farmer")
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """Yearly costs in millionths of the balance; acquisition cost in fen for each funded customer."""

    cost_of_funds_micro: int
    lgd_micro: int
    operating_micro: int
    capital_micro: int
    fees_micro: int
    acquisition_minor: int
    average_balance_micro: int
    life_micro: int
    least_margin: float


@dataclass(frozen=True, slots=True)
class SegmentTerms:
    name: str
    floor_minor: int
    product_cap_minor: int
    loss_budget_minor: int
    grade_cap_minor: dict[str, int]
    working_capital: bool


@dataclass(frozen=True, slots=True)
class LendingPolicy:
    """One version of the table; `stored` is its JSON form, which rebuilds it."""

    stored: dict[str, Any]

    @staticmethod
    def in_force() -> "LendingPolicy":
        return LendingPolicy(shipped.tree("puhui.underwriting", "policy/lending.toml"))

    @property
    def version(self) -> str:
        return str(self.stored["version"])

    @property
    def terms(self) -> PriceTerms:
        row = self.stored["price"]
        return PriceTerms(
            micro(row["cost_of_funds"]), micro(row["lgd"]), micro(row["operating_cost"]), micro(row["capital_cost"]),
            micro(row["fees_rate"]), int(row["acquisition_cost_minor"]), micro(row["average_balance_share"]),
            micro(row["life_years"]), float(row["least_margin"]),
        )  # fmt: skip

    @property
    def limit(self) -> dict[str, Any]:
        return dict(self.stored["limit"])

    @property
    def lender_types(self) -> tuple[str, ...]:
        return tuple(self.stored["price"]["lender_types"])

    @property
    def churn_source(self) -> str:
        return str(self.stored["price"]["churn_source"])

    @property
    def keeper_first(self) -> bool:
        """Whether a keeper's summary of the owner's credit stands before a later statement; tables from before it say nothing."""
        return bool(self.stored.get("credit", {}).get("keeper_first", False))

    @property
    def acceptance(self) -> dict[str, int]:
        return dict(self.stored["acceptance"])

    @property
    def fairness(self) -> dict[str, Any]:
        return dict(self.stored["fairness"])

    @property
    def answers_kept_days(self) -> int:
        return int(self.stored["answers_kept_days"])

    def segment(self, name: str) -> SegmentTerms:
        """An applicant who named no segment is treated as a shop, the smallest product."""
        row = self.stored["segment"][name or "shop"]
        return SegmentTerms(name=name or "shop", **row)

    def as_json(self) -> dict[str, Any]:
        return self.stored


def check_segment(name: str) -> None:
    """Refuse a segment that is none of ours; empty is not told."""
    if name and name not in SEGMENTS:
        text = f"客群须为 · the segment is one of {', '.join(SEGMENTS)}"
        raise Refused(Refusal("SEGMENT_UNKNOWN", text, where="segment"))


def micro(text: str) -> int:
    """A share as decimal text → whole millionths; refuses finer ones.

    >>> micro("0.0385")
    38500
    """
    scaled = Decimal(text) * _MICRO
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text!r} has more than six decimals")
    return int(scaled)
