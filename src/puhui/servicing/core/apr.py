"""Yearly rates as other countries publish them: one engine, checked against their published examples.

Methods (`apr`): `us_actuarial`, Regulation Z Appendix J (12 CFR 1026): equal unit-periods, a part of one at simple
interest, Σ A ÷ ((1+f·i)(1+i)ᵗ) = Σ P ÷ ((1+f·i)(1+i)ᵗ), APR = i × unit-periods a year. `eu` (2008/48/EC, 2014/17/EU,
2023/2225 Annexes) and `uk` (FCA CONC App 1.2, MCOB 10A): Σ A(1+X)^(−d/365) = Σ P(1+X)^(−d/365), compound. `irr_daily`
is the same equation, as spreadsheets call it XIRR. `irr_period`: Σ CF ÷ (1+i)ᵏ = 0 over equal periods, i × periods a year.

>>> from puhui.servicing.core.unit_periods import months_on
>>> flows = [Flow(date(1978, 1, 10), 500_000)]
>>> paid = [Flow(months_on(date(1978, 2, 10), k), 23_000) for k in range(24)]
>>> apr(flows, paid, "us_actuarial").quantize(Decimal("0.0001"))
Decimal('0.0969')
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

from puhui.servicing.core.true_cost import YEAR_DAYS, NoRateExists, daily_rate, solve, worth
from puhui.servicing.core.unit_periods import UnitPeriod, between, due_day, infer

METHODS = ("us_actuarial", "eu", "uk", "irr_daily", "irr_period")
PLACES = Decimal("1e-12")
_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Flow:
    """An amount on a day: an advance to the borrower or a payment by him, in minor units, above zero."""

    on: date
    amount_minor: int


def apr(advances: Sequence[Flow], payments: Sequence[Flow], method: str, hint: UnitPeriod | None = None) -> Decimal:
    """The yearly rate to twelve decimals. Raises NoRateExists where no rate solves the equation."""
    if not advances or not payments:
        raise NoRateExists("至少一笔放款和一笔还款 · at least one advance and one payment")
    flows = sorted([(flow.on, flow.amount_minor) for flow in advances] + [(p.on, -p.amount_minor) for p in payments])
    with localcontext() as context:
        context.prec = _DIGITS
        solved = _METHODS[method](flows, advances, payments, hint)
        return solved.quantize(PLACES, rounding=ROUND_HALF_UP)


Flows = list[tuple[date, int]]


def _by_days(flows: Flows, advances: Sequence[Flow], payments: Sequence[Flow], hint: UnitPeriod | None) -> Decimal:
    """Compound by days ÷ 365."""
    del advances, payments, hint
    return (1 + daily_rate(flows)) ** YEAR_DAYS - 1


def _by_period(flows: Flows, advances: Sequence[Flow], payments: Sequence[Flow], hint: UnitPeriod | None) -> Decimal:
    """Equal periods: each flow's number of periods is rounded to a whole one."""
    period = hint or infer(_dates(advances), _dates(payments))
    first = flows[0][0]
    counted = []
    for on, minor in flows:
        whole, up, down = between(period, first, on)
        counted.append((whole + (1 if 2 * up >= down else 0), minor))
    rate = solve(lambda growth: worth(counted, growth), _in_order(flows))
    return rate * period.per_year


def _us_actuarial(flows: Flows, advances: Sequence[Flow], payments: Sequence[Flow], hint: UnitPeriod | None) -> Decimal:
    """Appendix J, paragraph (b)(8): the general equation."""
    period = hint if hint and len(flows) > 2 else infer(_dates(advances), _dates(payments))
    first = min(flow.on for flow in advances)
    placed = []
    paid_on = due_day(_dates(payments))
    for on, minor in flows:
        whole, up, down = between(period, first, on, paid_on if minor < 0 else 0)
        placed.append((whole, Decimal(up) / down, minor))

    def balance(growth: Decimal) -> Decimal:
        rate = growth - 1
        return sum((minor / ((1 + part * rate) * growth**whole) for whole, part, minor in placed), Decimal(0))

    return solve(balance, _in_order(flows)) * period.per_year


_METHODS: dict[str, Callable[..., Decimal]] = {
    "us_actuarial": _us_actuarial,
    "eu": _by_days,
    "uk": _by_days,
    "irr_daily": _by_days,
    "irr_period": _by_period,
}


def _in_order(flows: Flows) -> list[int]:
    """Amounts by day, those of one day added up."""
    by_day: dict[date, int] = {}
    for on, minor in flows:
        by_day[on] = by_day.get(on, 0) + minor
    return list(by_day.values())


def _dates(flows: Sequence[Flow]) -> list[date]:
    return sorted({flow.on for flow in flows})
