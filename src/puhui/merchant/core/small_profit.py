"""Corporate income tax of a small low-profit firm (小型微利企业所得税): 5 % in effect up to a line, the full rate on all above it.

Rules kept: rate, line, staff and assets are dated rules handed in. The line is a cliff: one yuan more of income, and the
*whole* of it is taxed at the full rate (domain facts 1.12; 公告2023年第12号).

>>> rules = SmallProfitRules(Decimal("0.25"), Decimal("0.05"), 300_000_000, 300, 5_000_000_000)
>>> [firm_tax(minor, rules).due_minor for minor in (300_000_000, 300_000_001, -1)]
[15000000, 75000000, 0]
"""

from dataclasses import dataclass
from decimal import Decimal

from puhui.kernel.rounding import half_up


@dataclass(frozen=True, slots=True)
class SmallProfitRules:
    """What the law says on a day; amounts in fen, comparisons are inclusive (不超过)."""

    full_rate: Decimal
    small_rate: Decimal
    taxable_line_minor: int
    staff_line: int
    assets_line_minor: int


@dataclass(frozen=True, slots=True)
class FirmTax:
    """`is_small` and the lines that were passed (`taxable`, `staff`, `assets`); `saved_minor` against the full rate."""

    taxable_minor: int
    is_small: bool
    passed: tuple[str, ...]
    rate: Decimal
    due_minor: int
    saved_minor: int
    worse_than_the_line: bool


def firm_tax(taxable_minor: int, rules: SmallProfitRules, *, staff: int = 0, assets_minor: int = 0) -> FirmTax:
    """The year's tax. `staff` and `assets_minor` are the year's averages; zero where they are not told."""
    passed = tuple(
        name
        for name, value, line in (
            ("taxable", taxable_minor, rules.taxable_line_minor),
            ("staff", staff, rules.staff_line),
            ("assets", assets_minor, rules.assets_line_minor),
        )
        if value > line
    )
    rate = rules.full_rate if passed else rules.small_rate
    due = half_up(max(0, taxable_minor) * rate)
    kept_at_line = rules.taxable_line_minor * (1 - rules.small_rate)
    return FirmTax(
        taxable_minor=taxable_minor,
        is_small=not passed,
        passed=passed,
        rate=rate,
        due_minor=due,
        saved_minor=half_up(max(0, taxable_minor) * rules.full_rate) - due,
        worse_than_the_line=passed == ("taxable",) and taxable_minor - due < kept_at_line,
    )
