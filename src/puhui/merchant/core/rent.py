"""What rent a shop can bear (租金承压): rent to sales, the sales and visitors that carry it, what leaving early costs.

Rules kept: lines by trade are dated data handed in; exact until shown (domain facts 4, tool 20).

>>> burden(1_200_000, sales_minor=10_000_000, line=Decimal("0.10"))
(Decimal('0.120'), True)
>>> sales_to_bear(1_200_000, Decimal("0.10")), visitors_to_break_even(1_200_000, basket_minor=4_000, gross_share=Decimal("0.3"), buying_share=Decimal("0.5"))
(12000000, 2000)
"""

from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from puhui.kernel.rounding import half_up


def burden(rent_minor: int, *, sales_minor: int, line: Decimal) -> tuple[Decimal | None, bool]:
    """(rent ÷ sales, whether it passes the line); None, True where there are no sales."""
    if sales_minor <= 0:
        return None, True
    share = Decimal(rent_minor) / sales_minor
    return share.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP), share > line


def sales_to_bear(rent_minor: int, line: Decimal) -> int:
    """Sales a month at which the rent is just on the line."""
    return half_up(rent_minor / line)


def visitors_to_break_even(
    rent_minor: int, *, basket_minor: int, gross_share: Decimal, buying_share: Decimal
) -> int | None:
    """Visitors a month whose gross profit pays the rent; None where a visitor leaves nothing."""
    each = basket_minor * gross_share * buying_share
    return int((rent_minor / each).to_integral_value(rounding=ROUND_CEILING)) if each > 0 else None


def cost_of_leaving(rent_minor: int, *, penalty_months: Decimal, left_months: int, deposit_minor: int = 0) -> int:
    """What it costs to give a lease back today: the months agreed for it, never more than what is left to run, and the deposit.

    >>> cost_of_leaving(500_000, penalty_months=Decimal(2), left_months=9, deposit_minor=500_000), cost_of_leaving(500_000, penalty_months=Decimal(2), left_months=1)
    (1500000, 500000)
    """
    return half_up(rent_minor * min(penalty_months, Decimal(left_months))) + deposit_minor


def months_left(ends_on: date, as_of: date) -> int:
    """Whole months of a lease still to run, none when it has ended.

    >>> months_left(date(2027, 3, 31), date(2026, 11, 29))
    4
    """
    whole = (ends_on.year - as_of.year) * 12 + ends_on.month - as_of.month - (ends_on.day < as_of.day)
    return max(0, whole)
