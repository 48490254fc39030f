"""How many people at which hour, and what an hour of work brings (排班与人效).

Rules kept: staff of an hour = orders of the hour ÷ what one person can serve, rounded up, at least one while the shop is open; labour share
= wages ÷ sales (domain facts 4, tool 19).

>>> staff_by_hour({9: Decimal("4"), 12: Decimal("31"), 15: Decimal("0.4")}, per_person=Decimal(12))
{9: 1, 12: 3, 15: 1}
>>> sales_per_hour(1_000_000, Decimal(80))
12500
"""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from puhui.kernel.rounding import half_up


def staff_by_hour(orders: Mapping[int, Decimal], *, per_person: Decimal) -> dict[int, int]:
    """People needed in each hour that has orders. Raises ValueError for a person who serves nobody."""
    if per_person <= 0:
        raise ValueError("a person serves more than nobody")
    return {
        hour: max(1, int((count / per_person).to_integral_value(rounding=ROUND_CEILING)))
        for hour, count in sorted(orders.items())
        if count > 0
    }


def sales_per_hour(sales_minor: int, hours: Decimal) -> int | None:
    """Sales of one hour of work, fen; None without hours."""
    return half_up(sales_minor / hours) if hours else None
