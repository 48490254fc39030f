"""Offers of money side by side by what they truly cost (融资比较器); a commission is no column here, so none can rank them.

Rules kept: offers come with their yearly cost and instalments already worked out by the loan book's own sums; offers of one principal and term
are ordered by total cost, unlike ones by yearly cost, or as the owner asks (decision 0267); an offer above the legal cap, or whose instalment the careful week's cash does not bear, is marked, never hidden.

>>> offers = [Priced("甲", Decimal("0.2"), Decimal("0.22"), 900, 300, 0), Priced("乙", Decimal("0.12"), Decimal("0.127"), 990, 400, 0)]
>>> [each.who for each in ordered(offers)]
['乙', '甲']
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """`cost_minor` is interest and fees together; `instalment_minor` the highest month; `terms`: (principal, months) as asked for.

    `penalty_rate` is what a late yuan costs a year, None where the offer does not say; `early_fee` the share of the principal for paying early.
    """

    who: str
    apr_simple: Decimal | None
    apr_compound: Decimal | None
    cost_minor: int
    instalment_minor: int
    received_minor: int
    above_cap: bool = False
    hard_to_bear: bool = False
    terms: tuple[int, int] = (0, 0)
    rate: Decimal | None = None
    over_lpr: Decimal | None = None
    penalty_rate: Decimal | None = None
    penalty_unlawful: bool = False
    early_fee: Decimal | None = None


def alike(offers: Sequence[Priced]) -> bool:
    """Whether all are for one principal and one term, so that their total costs can be compared."""
    return len({each.terms for each in offers}) <= 1


def ordered(offers: Sequence[Priced], by: str = "rate") -> list[Priced]:
    """Cheapest first; `by` cost: total cost, then yearly cost; `by` rate: yearly cost, then total cost. Offers that cannot be worked out come last."""

    def key(each: Priced) -> tuple[bool, Decimal, Decimal, str]:
        rate, cost = each.apr_simple or Decimal(0), Decimal(each.cost_minor)
        return each.apr_simple is None, *((cost, rate) if by == "cost" else (rate, cost)), each.who

    return sorted(offers, key=key)


def over_lpr(lpr: Decimal, points: Decimal) -> Decimal:
    """A rate told as points over the LPR; a point is 0.01 %.

    >>> over_lpr(Decimal("0.0300"), Decimal(145))
    Decimal('0.0445')
    """
    return lpr + points / 10_000
