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
_WIDER = [Decimal("0.001") * 4**k for k in range(13)]
_LOWER = [-Decimal("0.0001") * 4**k for k in range(7)] + [Decimal(text) for text in ("-0.8", "-0.95", "-0.999")]
YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class YearlyCost:
    """Both yearly rates to six decimals, and the simple one to twelve, which the cap is checked against."""

    apr_simple: Decimal
    apr_compound: Decimal
    simple_exact: Decimal


class NoRateExists(ValueError):
    """These cash flows have no yearly rate: money must go both ways, first towards the borrower."""


def yearly_cost(flows: Sequence[int], *, periods_a_year: int | Decimal = 12) -> YearlyCost:
    """Rates of equally spaced flows in minor units, from the borrower's side: received +, paid −, from period 0 on."""
    with localcontext() as context:
        context.prec = _DIGITS
        rate = solve(lambda growth: worth(list(enumerate(flows)), growth), flows)
        return _rounded(rate * periods_a_year, (1 + rate) ** periods_a_year - 1)


def yearly_cost_by_days(flows: Sequence[tuple[date, int]]) -> YearlyCost:
    """Rates of dated flows: r compound solves Σ CFₖ ÷ (1+r)^(days/365) = 0; simple = 365·((1+r)^(1/365) − 1)."""
    with localcontext() as context:
        context.prec = _DIGITS
        daily = daily_rate(flows)
        return _rounded(daily * YEAR_DAYS, (1 + daily) ** YEAR_DAYS - 1)


def daily_rate(flows: Sequence[tuple[date, int]]) -> Decimal:
    """The growth of one day, less one, at which dated flows are worth nothing: so that every power is a whole one."""
    first = min(day for day, _ in flows)
    by_day: dict[int, int] = {}
    for day, amount in flows:
        by_day[(day - first).days] = by_day.get((day - first).days, 0) + amount
    dated = sorted(by_day.items())
    return solve(lambda growth: worth(dated, growth), [amount for _, amount in dated])


def worth(placed: Sequence[tuple[int, int]], growth: Decimal) -> Decimal:
    """Present value of (whole periods, amount) in order of time, by Horner's rule from the last to the first."""
    value, later = Decimal(0), placed[-1][0]
    for at, minor in reversed(placed):
        value = value / growth ** (later - at) + minor
        later = at
    return value


def within_cap(simple_exact: Decimal, cap: Decimal) -> bool:
    """The hard gate before contract: the simple yearly cost, rounded up to six decimals, is at most the cap."""
    return simple_exact.quantize(PLACES, rounding=ROUND_CEILING) <= cap


def shown_percent(rate: Decimal) -> Decimal:
    """The rate as a percentage with two decimals, rounded up: never shown cheaper than it is.

    >>> shown_percent(Decimal("0.123401"))
    Decimal('12.35')
    """
    return (rate * 100).quantize(_SHOWN, rounding=ROUND_CEILING)


def solve(value_at: Callable[[Decimal], Decimal], flows: Sequence[int]) -> Decimal:
    """The rate per unit of time at which the flows are worth nothing: bracketed secant (Illinois), so it must end.

    From the borrower's side (receive first, pay later) the value rises with the rate: one sign change, one root.
    """
    if flows and sum(flows) == 0:
        return Decimal(0)
    if not flows or flows[0] <= 0 or min(flows) >= 0:
        raise NoRateExists("现金流须先收后付 · flows must first reach the borrower, then leave")
    low, high, below, above = _bracket(value_at, value_at(Decimal(1)))
    for _ in range(500):
        if high - low < _CLOSE or above == below:
            break
        middle = high - above * (high - low) / (above - below)
        value = value_at(1 + middle)
        if value == 0:
            return middle
        if value > 0:
            high, above, below = middle, value, below / 2
        else:
            low, below, above = middle, value, above / 2
    return (low + high) / 2


def _bracket(value_at: Callable[[Decimal], Decimal], at_zero: Decimal) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """(low, high, value at low < 0, value at high ≥ 0), widened step by step from zero."""
    near, value = Decimal(0), at_zero
    for far in _WIDER if at_zero < 0 else _LOWER:
        reached = value_at(1 + far)
        if (reached >= 0) == (at_zero < 0):
            return (near, far, value, reached) if at_zero < 0 else (far, near, reached, value)
        near, value = far, reached
    raise NoRateExists("年化成本超出可计算范围 · the rate is above any that can be computed")


def _rounded(simple: Decimal, compound: Decimal) -> YearlyCost:
    return YearlyCost(
        apr_simple=simple.quantize(PLACES, rounding=ROUND_HALF_UP),
        apr_compound=compound.quantize(PLACES, rounding=ROUND_HALF_UP),
        simple_exact=simple.quantize(_SOLVED, rounding=ROUND_HALF_UP),
    )
