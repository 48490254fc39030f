"""When instalments fall due, and what each period earns: dates and interest factors in columns.

Rules kept: due dates count from the first due date where one is agreed, else from the disbursement; the day of the
month is that anchor's, clamped in short months. A whole period earns rate ÷ 12, 52 or 365 × its length; a broken one
its share by actual days. By day, interest follows the day count; 30/360 by day is the share of a whole month of 30.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.terms import LoanTerms
>>> terms = TermsColumns.of([LoanTerms("CNY", 100, Decimal("0.12"), 2, date(2026, 1, 31))])
>>> due_dates(terms, 2).astype(str).tolist(), [column.tolist() for column in factors(terms, due_dates(terms, 2))]
([['2026-02-28'], ['2026-03-31']], [[[120000], [120000]], [[12000000], [12000000]]])
"""

from typing import Any

import numpy as np

from puhui.servicing.core import daycount
from puhui.servicing.core.business_days import roll
from puhui.servicing.core.terms import PERIOD_UNITS, Days, Flags, TermsColumns, Whole

_STEP_DAYS = {"week": 7, "day": 1}


def due_dates(terms: TermsColumns, longest: int) -> Days:
    """Due dates, shape (longest, loans), before rolling."""
    agreed = ~np.isnat(terms.first_due_on)
    anchor = np.where(agreed, terms.first_due_on, terms.disbursed_on)
    return steps_after(terms, anchor, np.arange(1, longest + 1)[:, None] - agreed.astype(np.int64))


def rolled(terms: TermsColumns, due_on: Days) -> Days:
    """The same dates, moved off days on which no bank works, where the contract says so."""
    moved = due_on.copy()
    for name in np.unique(terms.rolling):
        if name != "none":
            chosen = terms.rolling == name
            moved[:, chosen] = roll(due_on[:, chosen], str(name)).day
    return moved


def months_after(anchor: Days, months: Any) -> Days:
    """`anchor` plus whole months, keeping the day of the month, clamped to the month's end; broadcasts.

    >>> months_after(np.array(["2026-01-31"], "datetime64[D]"), 1).astype(str).tolist()
    ['2026-02-28']
    """
    month = anchor.astype("datetime64[M]")
    day_offset = (anchor - month.astype("datetime64[D]")).astype(np.int64)
    target = month + months
    last_offset = ((target + 1).astype("datetime64[D]") - target.astype("datetime64[D]")).astype(np.int64) - 1
    return target.astype("datetime64[D]") + np.minimum(day_offset, last_offset)


def steps_after(terms: TermsColumns, anchor: Days, steps: Any) -> Days:
    """`anchor` plus whole periods of each loan's own unit and length."""
    moved = months_after(anchor, steps * terms.period_every)
    for unit, days in _STEP_DAYS.items():
        chosen = terms.period_unit == unit
        if chosen.any():
            moved = np.where(chosen, anchor + steps * terms.period_every * days, moved)
    return moved


def factors(terms: TermsColumns, due_on: Days) -> tuple[Whole, Whole]:
    """Interest factor of every period as integer ratios: (numerators, denominators), each of shape (longest, loans)."""
    shape = due_on.shape
    numerators, denominators = np.ones(shape, np.int64), np.ones(shape, np.int64)
    if not due_on.size:
        return numerators, denominators
    starts = np.vstack([terms.disbursed_on[None, :], due_on[:-1]])
    by_days = terms.by_day & (terms.day_count != "30/360")
    if not by_days.all():
        whole, year = whole_period(terms)
        numerators[:], denominators[:] = whole, year
        share_up, share_down = first_share(terms, due_on[0])
        numerators[0], denominators[0] = whole * share_up, year * share_down
    for name in np.unique(terms.day_count[by_days]):
        chosen = by_days & (terms.day_count == name)
        ends = due_on[:, chosen].astype(np.int64)
        elapsed, year_days = daycount.units(str(name), starts[:, chosen].astype(np.int64), ends)
        numerators[:, chosen] = elapsed * terms.rate_millionths[chosen]
        denominators[:, chosen] = year_days * terms.rate_scale
    return reduced(numerators, denominators)


def reduced(numerators: Whole, denominators: Whole) -> tuple[Whole, Whole]:
    """Ratios in lowest terms where the plain ones are large: products then stay in int64 longer."""
    if numerators.size and int(denominators.max()) > 10**10:
        shared = np.gcd(numerators, denominators)
        return numerators // shared, denominators // shared
    return numerators, denominators


def whole_period(terms: TermsColumns) -> tuple[Whole, Whole]:
    """What a whole period earns: rate × length ÷ periods a year; weeks and days by 30/360 count actual days of 360."""
    per_year = np.zeros(len(terms), np.int64)
    length = terms.period_every.copy()
    for unit, (count, _) in PERIOD_UNITS.items():
        chosen = terms.period_unit == unit
        per_year[chosen] = count
        if unit in _STEP_DAYS:
            by_360 = chosen & terms.by_day
            per_year[by_360], length[by_360] = 360, length[by_360] * _STEP_DAYS[unit]
    return terms.rate_millionths * length, per_year * terms.rate_scale


def first_share(terms: TermsColumns, first: Days) -> tuple[Whole, Whole]:
    """The first period as a share of a whole one: whole periods plus the broken one by actual days, (up, down)."""
    start = terms.disbursed_on
    whole, natural = _whole_first_periods(terms, first)
    reached = steps_after(terms, first, -whole)
    before = steps_after(terms, first, -whole - 1)
    days, elapsed = (reached - before).astype(np.int64), (reached - start).astype(np.int64)
    plain = natural | (elapsed == 0)
    days, elapsed = np.where(plain, 1, days), np.where(plain, 0, elapsed)
    return np.where(natural, 1, whole) * days + elapsed, days


def _whole_first_periods(terms: TermsColumns, first: Days) -> tuple[Whole, Flags]:
    """Whole periods that fit between disbursement and first due date; and where it simply is one period on."""
    start = terms.disbursed_on
    natural = np.isnat(terms.first_due_on) | (first == steps_after(terms, start, 1))
    months = (first.astype("datetime64[M]") - start.astype("datetime64[M]")).astype(np.int64)
    whole = np.maximum(months, 0) // terms.period_every
    for unit, days in _STEP_DAYS.items():
        chosen = terms.period_unit == unit
        whole = np.where(chosen, (first - start).astype(np.int64) // (days * terms.period_every), whole)
    return np.where(steps_after(terms, first, -whole) < start, whole - 1, whole), natural
