"""Income tax of a person in business (个人所得税经营所得): taxable income, tax by brackets, half of it for sole traders.

Rules kept: brackets, deduction, share of mixed costs and years of loss are dated rules handed in; one rounding, half up to
the fen, of the tax and of the relief each (domain facts 1.12). Sources: 个人所得税法, 条例 Art. 15, 计税办法 (总局令35号), 公告2023年第12号.
Relief of a sole trader (个体工商户): (tax on the part up to the line − other reliefs × that part ÷ taxable) × half.

>>> table = [Bracket(3_000_000, Decimal("0.05"), 0), Bracket(9_000_000, Decimal("0.10"), 150_000),
...          Bracket(30_000_000, Decimal("0.20"), 1_050_000), Bracket(None, Decimal("0.35"), 6_550_000)]
>>> rules = BusinessIncomeRules(tuple(table), 6_000_000, Decimal("0.40"), 5, 200_000_000, Decimal("0.5"))
>>> tax(24_000_000, rules).due_minor, tax(250_000_000, rules).due_minor
(1875000, 49225000)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from puhui.kernel.rounding import half_up
from puhui.merchant.core.brackets import Bracket, bracket_of, progressive


@dataclass(frozen=True, slots=True)
class BusinessIncomeRules:
    """The law of a day. `half_up_to_minor` is the income whose tax is multiplied by `half_factor`; 0 where there is no relief."""

    brackets: tuple[Bracket, ...]
    year_deduction_minor: int
    mixed_cost_share: Decimal
    loss_years: int
    half_up_to_minor: int
    half_factor: Decimal


@dataclass(frozen=True, slots=True)
class BusinessYear:
    """A year, or its first `months`, in fen. `cost_minor` is without the owner's own wage, which is not deductible.

    `mixed_cost_minor` serves home and business alike and cannot be told apart; `losses` are (year, loss), losses above zero.
    """

    year: int
    months: int
    revenue_minor: int
    cost_minor: int = 0
    mixed_cost_minor: int = 0
    owner_wage_minor: int = 0
    special_deductions_minor: int = 0
    losses: tuple[tuple[int, int], ...] = ()
    has_other_income: bool = False


@dataclass(frozen=True, slots=True)
class Taxable:
    """How the taxable income came about, in fen; the parts re-add: profit − losses − deductions, never below zero."""

    profit_minor: int
    not_deductible_minor: int
    losses_used: tuple[tuple[int, int], ...]
    losses_lapsed: tuple[tuple[int, int], ...]
    deduction_minor: int
    taxable_minor: int


@dataclass(frozen=True, slots=True)
class BusinessTax:
    """All in fen. `rate` and `quick_minor` are the bracket's; due = before relief − relief."""

    taxable_minor: int
    rate: Decimal
    quick_minor: int
    before_relief_minor: int
    relief_minor: int
    due_minor: int


def taxable(figures: BusinessYear, rules: BusinessIncomeRules) -> Taxable:
    """From revenue and costs to taxable income. The deduction of the year counts month by month in a quarter's prepayment."""
    mixed_minor = half_up(figures.mixed_cost_minor * rules.mixed_cost_share)
    profit = figures.revenue_minor - figures.cost_minor - mixed_minor
    oldest = figures.year - rules.loss_years
    used, lapsed, left = [], [], max(profit, 0)
    for year, loss in sorted(figures.losses):
        if not oldest <= year < figures.year:
            lapsed.append((year, loss))
            continue
        taken = min(loss, left)
        left -= taken
        if taken:
            used.append((year, taken))
    deduction = 0 if figures.has_other_income else rules.year_deduction_minor * figures.months // 12
    return Taxable(
        profit_minor=profit,
        not_deductible_minor=figures.mixed_cost_minor - mixed_minor + figures.owner_wage_minor,
        losses_used=tuple(used),
        losses_lapsed=tuple(lapsed),
        deduction_minor=deduction + figures.special_deductions_minor,
        taxable_minor=max(0, left - deduction - figures.special_deductions_minor),
    )


def tax(
    taxable_minor: int, rules: BusinessIncomeRules, *, sole_trader: bool = True, other_relief_minor: int = 0
) -> BusinessTax:
    """The tax on a taxable income. Partnerships and sole proprietorships (合伙, 独资) get no half: `sole_trader=False`."""
    row = bracket_of(max(taxable_minor, 0), rules.brackets)
    before_minor = half_up(progressive(taxable_minor, rules.brackets))
    relief_minor = half_up(_relief(taxable_minor, rules, other_relief_minor)) if sole_trader else 0
    relief_minor = min(before_minor, max(relief_minor, 0) + other_relief_minor)
    return BusinessTax(
        taxable_minor=taxable_minor,
        rate=row.rate,
        quick_minor=row.quick_minor,
        before_relief_minor=before_minor,
        relief_minor=relief_minor,
        due_minor=before_minor - relief_minor,
    )


def _relief(taxable_minor: int, rules: BusinessIncomeRules, other_minor: int) -> Decimal:
    inside = min(taxable_minor, rules.half_up_to_minor)
    if inside <= 0:
        return Decimal(0)
    others = other_minor * Decimal(inside) / taxable_minor
    return (progressive(inside, rules.brackets) - others) * (1 - rules.half_factor)


def spread(due_by_quarter: Sequence[int]) -> list[int]:
    """Cumulative tax at the end of each quarter → what each quarter prepays; never negative, later quarters make up.

    >>> spread([100, 80, 300])
    [100, 0, 200]
    """
    paid, parts = 0, []
    for due in due_by_quarter:
        parts.append(max(0, due - paid))
        paid += parts[-1]
    return parts
