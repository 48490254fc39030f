"""When to reorder and how much: reorder point d·L + z·σ·√L, economic order √(2DS ÷ H), rounded up to packs (domain facts 4, tool 6).

>>> reorder_point(Decimal(10), Decimal(3), lead_days=4, service=Decimal("1.65"))
Decimal('49.9')
>>> economic_order(Decimal(3650), order_cost_minor=2_000, holding_cost_minor=100), in_packs(Decimal("38.2"), Decimal(12))
(Decimal('382.1'), Decimal('48'))
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Order:
    """What to order: `needed` until the stock suffices again, `economic` what costs least over a year (None: not told), `quantity` in packs."""

    needed: Decimal
    economic: Decimal | None
    quantity: Decimal


def reorder_point(mean_a_day: Decimal, deviation_a_day: Decimal, *, lead_days: int, service: Decimal) -> Decimal:
    """Order when stock falls to this: demand until delivery and a reserve. `service` is the normal quantile (1.65: 95 %)."""
    exact = mean_a_day * lead_days + service * deviation_a_day * Decimal(lead_days).sqrt()
    return exact.quantize(_TENTH, rounding=ROUND_HALF_UP)


def economic_order(demand_a_year: Decimal, *, order_cost_minor: int, holding_cost_minor: Decimal | int) -> Decimal:
    """Wilson's order quantity; `holding_cost_minor` of one unit a year. Raises ValueError when holding is free."""
    if holding_cost_minor <= 0:
        raise ValueError("an order has no best size where holding is free")
    return (2 * demand_a_year * order_cost_minor / holding_cost_minor).sqrt().quantize(_TENTH, rounding=ROUND_HALF_UP)


def in_packs(quantity: Decimal, pack: Decimal) -> Decimal:
    """Whole packs that hold it."""
    return (quantity / pack).to_integral_value(rounding=ROUND_CEILING) * pack if pack else quantity


def order(needed: Decimal, economic: Decimal | None, pack: Decimal) -> Order:
    """At least what is needed, up to the economic quantity, in whole packs; nothing is ordered where nothing is needed.

    >>> order(Decimal("9.5"), Decimal("382.1"), Decimal(12)).quantity, order(Decimal(400), Decimal(382), Decimal(0)).quantity
    (Decimal('384'), Decimal('400'))
    """
    if needed <= 0:
        return Order(Decimal(0), economic, Decimal(0))
    return Order(needed, economic, in_packs(max(needed, economic or Decimal(0)), pack))
