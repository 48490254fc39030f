"""What the loan truly costs: yearly rates, simple and compound, from the borrower's own cash flows.

Rule kept: decimals only; the number that is shown and the number that is checked come from the same flows. PBoC
announcement 2021-3: all borrower-borne costs over the principal actually in use, annualised (domain facts 1.2).
Solve Σ CFₖ ÷ (1+i)ᵏ = 0 for the rate of one period; simple = i × periods a year, compound = (1+i)^(periods a year) − 1.

>>> cost = yearly_cost([100_000, -60_000, -60_000])
>>> cost.apr_simple
Decimal('1.567949')
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext

PLACES = Decimal("0.000001")  # stored: six decimals
_SHOWN = Decimal("0.01")  # shown: percent with two decimals, rounded up
_DIGITS = 40
_CLOSE = Decimal("1e-18")
_SOLVED = Decimal("1e-12")  # what the solver is good for; rounding up starts here, or 24 % could become 24.0001 %
_LOW, _HIGH = Decimal("-0.999"), Decimal(1000)
_YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class YearlyCost:
    """Both yearly rates to six decimals, and the simple one to twelve, which the cap is checked against."""

    apr_simple: Decimal
    apr_compound: Decimal
    simple_exact: Decimal


class NoRateExists(ValueError):
    """These cash flows have no yearly rate: money must go both ways, first towards the borrower."""


def yearly_cost(flows: Sequence[int], *, periods_a_year: int = 12) -> YearlyCost:
    """Rates of equally spaced flows in minor units, from the borrower's side: received +, paid −, from period 0 on."""
    with localcontext() as context:
        context.prec = _DIGITS
        rate = _solve(lambda growth: _periodic_value(flows, growth), flows)
        return _rounded(rate * periods_a_year, (1 + rate) ** periods_a_year - 1)


def yearly_cost_by_days(flows: Sequence[tuple[date, int]]) -> YearlyCost:
    """Rates of dated flows: r compound solves Σ CFₖ ÷ (1+r)^(days/365) = 0; simple = 365·((1+r)^(1/365) − 1)."""
    first = min(day for day, _ in flows)
    dated = [(Decimal((day - first).days) / _YEAR_DAYS, amount) for day, amount in flows]
    amounts = [amount for _, amount in sorted(dated)]
    with localcontext() as context:
        context.prec = _DIGITS
        compound = _solve(lambda growth: sum((amount / growth**years for years, amount in dated), Decimal(0)), amounts)
        daily = (1 + compound) ** (Decimal(1) / _YEAR_DAYS) - 1
        return _rounded(daily * _YEAR_DAYS, compound)


def within_cap(simple_exact: Decimal, cap: Decimal) -> bool:
    """The hard gate before contract: the simple yearly cost, rounded up to six decimals, is at most the cap."""
    return simple_exact.quantize(PLACES, rounding=ROUND_CEILING) <= cap


def shown_percent(rate: Decimal) -> Decimal:
    """The rate as a percentage with two decimals, rounded up: never shown cheaper than it is.

    >>> shown_percent(Decimal("0.123401"))
    Decimal('12.35')
    """
    return (rate * 100).quantize(_SHOWN, rounding=ROUND_CEILING)


def _periodic_value(flows: Sequence[int], growth: Decimal) -> Decimal:
    value = Decimal(0)
    for amount in reversed(flows):  # Horner: one multiplication a period
        value = value / growth + amount
    return value


def _solve(value_at: Callable[[Decimal], Decimal], flows: Sequence[int]) -> Decimal:
    """The rate per unit of time at which the flows are worth nothing: bracketed secant (Illinois), so it must end.

    From the borrower's side (receive first, pay later) the value rises with the rate: one sign change, one root.
    """
    if not flows or flows[0] <= 0 or min(flows) >= 0:
        raise NoRateExists("现金流须先收后付 · flows must first reach the borrower, then leave")
    at_zero = value_at(Decimal(1))
    if at_zero == 0:
        return Decimal(0)
    low, high = (Decimal(0), Decimal(1)) if at_zero < 0 else (_LOW, Decimal(0))
    while (above := value_at(1 + high)) < 0:
        high = high * 4
        if high > _HIGH:
            raise NoRateExists("年化成本超出可计算范围 · the rate is above any that can be computed")
    below = at_zero if low == 0 else value_at(1 + low)
    for _ in range(500):
        if high - low < _CLOSE or above == below:
            break
        middle = high - above * (high - low) / (above - below)
        worth = value_at(1 + middle)
        if worth == 0:
            return middle
        if worth > 0:
            high, above, below = middle, worth, below / 2
        else:
            low, below, above = middle, worth, above / 2
    return (low + high) / 2


def _rounded(simple: Decimal, compound: Decimal) -> YearlyCost:
    return YearlyCost(
        apr_simple=simple.quantize(PLACES, rounding=ROUND_HALF_UP),
        apr_compound=compound.quantize(PLACES, rounding=ROUND_HALF_UP),
        simple_exact=simple.quantize(_SOLVED, rounding=ROUND_HALF_UP),
    )
