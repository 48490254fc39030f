"""Gross margin, break-even and prices (毛利、保本点、定价): what one sale leaves and how many are needed.

Rules kept: exact until shown, fen half up; gross % = (p − c) ÷ p; break-even units = F ÷ (p − c), rounded up; amount = F ÷ gross %.
A price from a target margin: cost ÷ (1 − margin − fee); a platform order's net: price·(1 − take) − delivery − coupon share (domain facts 4, tools 4 and 12).

>>> found = break_even(price_minor=1_000, cost_minor=600, fixed_minor=800_000)
>>> found.gross_share, found.units, found.amount_minor
(Decimal('0.4000'), 2000, 2000000)
>>> price_for(600, margin=Decimal("0.3"), fee=Decimal("0.1")), charming(1_003)
(1000, 990)
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from puhui.kernel.refusal import Refusal, Refused
from puhui.kernel.rounding import half_up

_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class BreakEven:
    """A month's: `units` and `amount_minor` cover the fixed costs; None where each sale loses money."""

    gross_share: Decimal
    units: int | None
    amount_minor: int | None


def break_even(*, price_minor: int, cost_minor: int, fixed_minor: int) -> BreakEven:
    """From a price, its cost and the fixed costs of a month. Raises Refused PRICE_ZERO."""
    if price_minor <= 0:
        raise Refused(Refusal("PRICE_ZERO", "售价应大于零 · a price is above zero", where="price"))
    share = Decimal(price_minor - cost_minor) / price_minor
    shown = share.quantize(_PLACES, rounding=ROUND_HALF_UP)
    if price_minor <= cost_minor:
        return BreakEven(shown, None, None)
    units = (Decimal(fixed_minor) / (price_minor - cost_minor)).to_integral_value(rounding=ROUND_CEILING)
    return BreakEven(shown, int(units), half_up(fixed_minor / share))


def days_to_break_even(amount_minor: int, sales_a_day_minor: int) -> int | None:
    """Days of sales that cover a month's fixed costs; None without sales.

    >>> days_to_break_even(2_000_000, 90_000)
    23
    """
    return -(-amount_minor // sales_a_day_minor) if sales_a_day_minor > 0 else None


def price_for(cost_minor: int, *, margin: Decimal, fee: Decimal = Decimal(0)) -> int:
    """The price that leaves a margin after a platform's fee. Raises Refused MARGIN_IMPOSSIBLE."""
    left = 1 - margin - fee
    if left <= 0:
        raise Refused(
            Refusal("MARGIN_IMPOSSIBLE", "毛利与扣点合计应小于 100% · margin and fee are below 100 %", where="margin")
        )
    return half_up(cost_minor / left)


def charming(price_minor: int) -> int:
    """The price ending in .9 yuan just below, or the price itself under a yuan."""
    return max(price_minor // 100 * 100 - 10, 0) or price_minor


def platform_net(price_minor: int, *, take: Decimal, delivery_minor: int = 0, coupon_minor: int = 0) -> int:
    """What an order on a platform leaves the shop, fen half up; may be below nothing.

    >>> platform_net(3_000, take=Decimal("0.2"), delivery_minor=300, coupon_minor=200)
    1900
    """
    return half_up(price_minor * (1 - take)) - delivery_minor - coupon_minor
