"""Terms → instalments, in columns: many loans at once, to the cent; one loan is a batch of one.

Rules kept: the level payment is exact (a ratio of integers, no float) and rounded once; interest is
round(balance × factor) on the rounded balance; principal is the rest; the last instalment absorbs, so the parts
always re-add to the principal; nothing is negative. Formulas: domain facts 2.2,
A = P·i·(1+i)ⁿ / ((1+i)ⁿ − 1), generalised to a broken first period with its own factor.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.terms import LoanTerms
>>> plan = build([LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 1, 15))])
>>> plan.due_minor[[0, -1]].tolist(), int(plan.interest_minor.sum())
([888488, 888485], 661853)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import gcd
from typing import Any

import numpy as np

from puhui.servicing.core.rounding import divide, widen
from puhui.servicing.core.terms import RATE_SCALE, Days, LoanTerms, TermsColumns, Whole

_MONTHS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Instalments as columns of equal length, loan by loan, by number within a loan.

    `loan` is the position in the batch, `n` counts from 1, a period is half-open [starts_on, due_on);
    `balance_minor` is the principal left after the instalment.
    """

    loan: Whole
    n: Whole
    starts_on: Days
    due_on: Days
    principal_minor: Whole
    interest_minor: Whole
    balance_minor: Whole

    @property
    def due_minor(self) -> Whole:
        return self.principal_minor + self.interest_minor

    def __len__(self) -> int:
        return len(self.loan)


def build(batch: Sequence[LoanTerms] | TermsColumns) -> Schedule:
    """The instalments of every loan of the batch. Time: about 0.1 µs an instalment, plus the dates."""
    terms = batch if isinstance(batch, TermsColumns) else TermsColumns.of(batch)
    longest = int(terms.periods.max(initial=0))
    due_on = due_dates(terms, longest)
    numerators, denominators = _factors(terms, due_on)
    level = _level_payments(terms, numerators, denominators)
    principal, interest, balance = _amortise(terms, level, numerators, denominators, longest)
    starts_on = np.vstack([terms.disbursed_on[None, :], due_on[:-1]])
    inside = (np.arange(1, longest + 1)[:, None] <= terms.periods).T
    loan, position = np.nonzero(inside)
    money = (column.T[inside] for column in (principal, interest, balance))
    return Schedule(loan, position + 1, starts_on.T[inside], due_on.T[inside], *money)


def due_dates(terms: TermsColumns, longest: int) -> Days:
    """Due dates, shape (longest, loans): the anchor's day of the month, clamped in short months.

    The anchor is the first due date where one is agreed, else the disbursement.
    """
    agreed = ~np.isnat(terms.first_due_on)
    anchor = np.where(agreed, terms.first_due_on, terms.disbursed_on)
    months_on = np.arange(1, longest + 1)[:, None] - agreed.astype(np.int64)
    return months_after(anchor, months_on)


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


def _factors(terms: TermsColumns, due_on: Days) -> tuple[Whole, Whole]:
    """Interest factor of the first and of a whole period, as integer ratios of shape (2, loans).

    A whole month earns rate ÷ 12. A first period that is not one month earns its whole months plus the share of the
    broken one by actual days: elapsed ÷ days in that month, counted back from the first due date.
    """
    ones = np.ones(len(terms), np.int64)
    if due_on.size == 0:
        return np.vstack([ones, ones]), np.vstack([ones, ones])
    first, start = due_on[0], terms.disbursed_on
    whole = np.maximum((first.astype("datetime64[M]") - start.astype("datetime64[M]")).astype(np.int64), 0)
    whole = np.where(months_after(first, -whole) < start, whole - 1, whole)
    reached = months_after(first, -whole)
    before = months_after(first, -whole - 1)
    days, elapsed = (reached - before).astype(np.int64), (reached - start).astype(np.int64)
    natural = np.isnat(terms.first_due_on)  # a month from the 31st to a month's end is one whole month
    days, elapsed = np.where(natural | (elapsed == 0), 1, days), np.where(natural, 0, elapsed)
    whole = np.where(natural, 1, whole)
    first_numerator = terms.rate_millionths * (whole * days + elapsed)
    denominator = RATE_SCALE * _MONTHS * ones
    return np.vstack([first_numerator, terms.rate_millionths]), np.vstack([denominator * days, denominator])


def _level_payments(terms: TermsColumns, numerators: Whole, denominators: Whole) -> Whole:
    """The level payment of each loan: exact ratio per distinct (factors, periods), then rounded once."""
    keys = np.vstack([numerators, denominators, terms.periods, terms.half_even.astype(np.int64)])
    distinct, member = np.unique(keys, axis=1, return_inverse=True)
    level = np.empty(len(terms), np.int64)
    order = np.argsort(member, kind="stable")
    bounds = np.searchsorted(member[order], np.arange(distinct.shape[1] + 1))
    for column, (first, last) in enumerate(pairwise(bounds)):
        *factors, half_even = distinct[:, column].tolist()
        up, down = _annuity(*factors)
        rows = order[first:last]
        exact = terms.principal_minor[rows].astype(object) * up
        level[rows] = divide(exact, down, half_even=bool(half_even))
    return level


@lru_cache(maxsize=65_536)
def _annuity(first_up: int, up: int, first_down: int, down: int, periods: int) -> tuple[int, int]:
    """Level payment per unit of principal, as an exact ratio.

    With f₁ the first factor, f the others and n periods: (1+f₁) ÷ Σ_{k<n} (1+f)⁻ᵏ; writing 1+f = g/d this is
    (1+f₁)·(g−d)·gⁿ⁻¹ ÷ (gⁿ−dⁿ), and (1+f₁)/n at rate zero.
    """
    shared, first_shared = gcd(up, down), gcd(first_up, first_down)
    d, g = down // shared, (down + up) // shared
    first = ((first_down + first_up) // first_shared, first_down // first_shared)
    if g == d:
        return first[0], first[1] * periods
    return first[0] * (g - d) * g ** (periods - 1), first[1] * (g**periods - d**periods)


def _amortise(
    terms: TermsColumns, level: Whole, numerators: Whole, denominators: Whole, longest: int
) -> tuple[Whole, Whole, Whole]:
    """Principal, interest and balance after, each of shape (longest, loans); a step of the loop is one period."""
    shape = (longest, len(terms))
    principal, interest, balance = (np.zeros(shape, np.int64) for _ in range(3))
    largest = (int(terms.principal_minor.max(initial=0)), int(numerators.max(initial=0)))
    left = terms.principal_minor
    for k in range(longest):
        row = min(k, 1)
        product = widen(left, *largest) * numerators[row]
        interest[k] = divide(product, denominators[row], half_even=terms.half_even)
        paid_down = np.where(terms.periods == k + 1, left, np.clip(level - interest[k], 0, left))
        principal[k] = paid_down
        left = left - paid_down
        balance[k] = left
    return principal, interest, balance
