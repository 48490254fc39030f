"""Offers of money side by side by what they truly cost (融资比较器); a commission is no column here, so none can rank them.

Rules kept: offers come with their yearly cost and instalments already worked out by the loan book's own sums; they are ordered by
yearly cost, then by total cost, then by name; an offer above the legal cap, or whose instalment the careful week's cash does not bear, is marked, never hidden.

>>> offers = [Priced("甲", Decimal("0.2"), Decimal("0.22"), 900, 300, 0), Priced("乙", Decimal("0.12"), Decimal("0.127"), 990, 400, 0)]
>>> [each.who for each in ordered(offers)]
['乙', '甲']
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """`cost_minor` is interest and fees together; `instalment_minor` the highest month; `cap_passed` how the legal cap stands."""

    who: str
    apr_simple: Decimal | None
    apr_compound: Decimal | None
    cost_minor: int
    instalment_minor: int
    received_minor: int
    above_cap: bool = False
    hard_to_bear: bool = False


def ordered(offers: Sequence[Priced]) -> list[Priced]:
    """Cheapest first by yearly cost; offers without a rate (they cost nothing or cannot be worked out) by total cost at the end."""
    return sorted(
        offers, key=lambda each: (each.apr_simple is None, each.apr_simple or Decimal(0), each.cost_minor, each.who)
    )
