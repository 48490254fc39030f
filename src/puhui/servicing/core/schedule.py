"""Terms → instalments, in columns: many loans at once, to the cent; one loan is a batch of one.

Rules kept: the level payment is exact and rounded once (level.py); interest is round(balance × factor) on the rounded
balance; principal is the rest; the last instalment absorbs, so the parts always re-add to the principal; nothing is
negative. Formulas: domain facts 2.2. Principal grace pays interest only and re-levels the rest; interest grace defers
interest to the first instalment after it; flat interest is on the original principal; bullet pays all at the end.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.terms import LoanTerms
>>> plan = build([LoanTerms("CNY", 10_000_000, Decimal("0.12"), 12, date(2026, 1, 15))])
>>> plan.due_minor[[0, -1]].tolist(), int(plan.interest_minor.sum())
([888488, 888485], 661853)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from puhui.servicing.core import terms as words
from puhui.servicing.core.due_dates import due_dates, factors, rolled
from puhui.servicing.core.fees import fees_of
from puhui.servicing.core.level import Annuities
from puhui.servicing.core.rounding import round_ratio, widen
from puhui.servicing.core.terms import Days, Flags, LoanTerms, TermsColumns, Whole

_SEARCH_STEPS = 200  # lower_last: how many multiples from the rounded payment are tried


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Instalments as columns of equal length, loan by loan, by number within a loan.

    `loan` is the position in the batch, `n` counts from 1 (0 is a down payment), a period is half-open
    [starts_on, due_on); `balance_minor` is the principal left after the instalment.
    """

    loan: Whole
    n: Whole
    starts_on: Days
    due_on: Days
    principal_minor: Whole
    interest_minor: Whole
    balance_minor: Whole
    fee_minor: Whole

    @property
    def due_minor(self) -> Whole:
        return self.principal_minor + self.interest_minor + self.fee_minor

    def __len__(self) -> int:
        return len(self.loan)


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Dates and interest factors of every period, shape (longest, loans)."""

    starts_on: Days
    due_on: Days
    numerators: Whole
    denominators: Whole


def build(batch: Sequence[LoanTerms] | TermsColumns) -> Schedule:
    """The instalments of every loan of the batch. Time: about 0.3 µs an instalment, plus the dates."""
    terms = batch if isinstance(batch, TermsColumns) else TermsColumns.of(batch)
    longest = int(terms.periods.max(initial=0))
    periods = periods_of(terms, longest)
    money = _amortise_all(terms, periods)
    inside = (np.arange(1, longest + 1)[:, None] <= terms.periods).T
    loan, position = np.nonzero(inside)
    dates = (periods.starts_on.T[inside], periods.due_on.T[inside])
    principal, interest, balance = (column.T[inside] for column in money)
    plan = Schedule(loan, position + 1, *dates, principal, interest, balance, np.zeros(len(loan), np.int64))
    return plan if isinstance(batch, TermsColumns) else _with_extras(plan, batch)


def periods_of(terms: TermsColumns, longest: int) -> Periods:
    """Due dates (rolled where agreed) and factors."""
    planned = due_dates(terms, longest)
    due_on = rolled(terms, planned)
    by_dates = terms.by_day & (terms.day_count != "30/360")
    numerators, denominators = factors(terms, np.where(by_dates, due_on, planned) if planned.size else planned)
    return Periods(np.vstack([terms.disbursed_on[None, :], due_on[:-1]]), due_on, numerators, denominators)


def _with_extras(plan: Schedule, batch: Sequence[LoanTerms]) -> Schedule:
    """Fees and down payments, which few loans have: added loan by loan."""
    if any(terms.fees for terms in batch):
        plan = replace(plan, fee_minor=fees_of(plan, batch))
    paying = [i for i, terms in enumerate(batch) if terms.down_payment_minor]
    return _with_down_payments(plan, batch, np.array(paying)) if paying else plan


def _with_down_payments(plan: Schedule, batch: Sequence[LoanTerms], loans: Whole) -> Schedule:
    """One more instalment, number 0, due on the day of disbursement."""
    at = np.searchsorted(plan.loan, loans, side="left")
    down = np.array([batch[i].down_payment_minor for i in loans], np.int64)
    left = np.array([batch[i].principal_minor for i in loans], np.int64) - down
    on = np.array([batch[i].disbursed_on for i in loans], "datetime64[D]")
    nothing = np.zeros(len(loans), np.int64)
    added = Schedule(loans, nothing, on, on, down, nothing, left, nothing)
    names = Schedule.__dataclass_fields__
    return Schedule(**{name: np.insert(getattr(plan, name), at, getattr(added, name)) for name in names})


def _amortise_all(terms: TermsColumns, periods: Periods) -> tuple[Whole, Whole, Whole]:
    """(principal, interest, balance after), each (longest, loans)."""
    level = level_payments(terms, periods)
    money = _amortise(terms, periods, level)
    searching = terms.lower_last & (terms.method == words.LEVEL)
    if not searching.any():
        return money
    level = _lowest_level(terms, periods, np.where(searching, level, 0), searching)
    return _amortise(terms, periods, np.where(searching, level, level_payments(terms, periods)))


def level_payments(terms: TermsColumns, periods: Periods) -> Whole:
    """What each method pays level: the whole payment, the principal part, or nothing (interest first, bullet)."""
    amount = np.zeros(len(terms), np.int64)
    annuity = terms.method == words.LEVEL
    if annuity.any():
        amount[annuity] = _annuity_payments(_chosen(terms, annuity), _periods_chosen(periods, annuity))
    paying = terms.periods - terms.principal_grace
    parts = terms.method == words.EQUAL_PRINCIPAL
    step = np.where(parts, 1, terms.multiple_minor)
    mode = np.where(parts & (terms.multiple_minor > 1), terms.interest_mode, terms.level_mode)
    flat = terms.method == words.FLAT
    total = terms.principal_minor + _whole_interest(terms, periods, flat)
    equal = round_ratio(total, np.where(flat, terms.periods, paying) * step, mode) * step
    return np.where(parts | flat, equal, amount)


def flat_interest(terms: TermsColumns, periods: Periods) -> Whole:
    """Total interest on the original principal, rounded once."""
    inside = np.arange(1, len(periods.due_on) + 1)[:, None] <= terms.periods
    denominators = np.where(inside, periods.denominators, 1).astype(object)
    shared = np.lcm.reduce(denominators, axis=0) if len(denominators) else np.ones(len(terms), object)
    total = (np.where(inside, periods.numerators, 0).astype(object) * (shared // denominators)).sum(axis=0)
    return np.asarray(round_ratio(terms.principal_minor * total, shared, terms.interest_mode)).astype(np.int64)


def _annuity_payments(terms: TermsColumns, periods: Periods) -> Whole:
    """Level payments, worked out once for loans that share factors, periods and grace."""
    by_dates = terms.by_day & (terms.day_count != "30/360")
    first, again = (periods.numerators[0], periods.denominators[0]), (periods.numerators[-1], periods.denominators[-1])
    dated = np.where(by_dates, terms.disbursed_on.astype(np.int64), -1)
    start = np.where(by_dates & ~np.isnat(terms.first_due_on), terms.first_due_on.astype(np.int64), -1)
    named = np.unique(np.char.add(terms.day_count, terms.period_unit), return_inverse=True)[1]
    rolling = np.unique(terms.rolling, return_inverse=True)[1]
    counts = (terms.rate_millionths, terms.periods, terms.principal_grace, terms.period_every)
    keys = np.vstack([*first, *again, *counts, dated, start, named, np.where(by_dates, rolling, 0)])
    _, example, member = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    numerators, denominators = periods.numerators[:, example], periods.denominators[:, example]
    work = Annuities.of(numerators, denominators, terms.periods[example], terms.principal_grace[example])
    return work.for_each(member).level(terms.principal_minor, terms.level_mode, terms.multiple_minor)


def _lowest_level(terms: TermsColumns, periods: Periods, start: Whole, searching: Flags) -> Whole:
    """The smallest multiple for which the last instalment is not larger: walked from the rounded payment."""
    level, step = start - start % terms.multiple_minor, terms.multiple_minor
    for direction in (1, -1):
        for _ in range(_SEARCH_STEPS):
            tried = level if direction > 0 else level - step
            keeps = _last_not_larger(terms, periods, tried) & (tried > 0)
            moving = searching & (~keeps if direction > 0 else keeps)
            if not moving.any():
                break
            level = np.where(moving, level + direction * step, level)
    return level


def _last_not_larger(terms: TermsColumns, periods: Periods, level: Whole) -> Flags:
    principal, interest, _ = _amortise(terms, periods, level)
    last, loans = terms.periods - 1, np.arange(len(terms))
    return (principal[last, loans] + interest[last, loans]) <= level


def _amortise(terms: TermsColumns, periods: Periods, level: Whole) -> tuple[Whole, Whole, Whole]:
    """(principal, interest, balance after), each (longest, loans): one step a period, of all loans at once.

    The step is the same for columns and for the plain numbers of one loan; the latter spare a long loan the price of
    small arrays.
    """
    view = _View.of(terms, periods, level)
    money = _steps(view)
    shape = periods.due_on.shape
    return tuple(np.array(column, np.int64).reshape(shape) for column in money)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class _View:
    """What the steps need, as columns of many loans or as the plain numbers of one; with the selects that fit."""

    longest: int
    principal: Any
    level: Any
    method: Any
    periods: Any
    principal_grace: Any
    interest_grace: Any
    multiple: Any
    interest_mode: Any
    level_mode: Any
    whole_interest: Any
    numerators: Any
    denominators: Any
    pick: Callable[[Any, Any, Any], Any]
    least: Callable[[Any, Any], Any]
    most: Callable[[Any, Any], Any]

    @classmethod
    def of(cls, terms: TermsColumns, periods: Periods, level: Whole) -> "_View":
        longest, loans = periods.due_on.shape
        at_end = (terms.method == words.FLAT) | (terms.method == words.BULLET) | (terms.method == words.AT_WILL)
        whole = _whole_interest(terms, periods, at_end)
        columns: dict[str, Any] = {
            "principal": terms.principal_minor,
            "level": level,
            "method": terms.method,
            "periods": terms.periods,
            "principal_grace": terms.principal_grace,
            "interest_grace": terms.interest_grace,
            "multiple": terms.multiple_minor,
            "interest_mode": terms.interest_mode,
            "level_mode": terms.level_mode,
            "whole_interest": whole,
        }
        if loans == 1:
            plain = {name: int(column[0]) for name, column in columns.items()}
            factors = {
                "numerators": periods.numerators[:, 0].tolist(),
                "denominators": periods.denominators[:, 0].tolist(),
            }
            return cls(longest, **plain, **factors, pick=lambda c, a, b: a if c else b, least=min, most=max)
        largest = (int(terms.principal_minor.max(initial=0)), int(periods.numerators.max(initial=0)))
        columns["principal"] = widen(terms.principal_minor, *largest)
        factors = {"numerators": periods.numerators, "denominators": periods.denominators}
        return cls(longest, **columns, **factors, pick=np.where, least=np.minimum, most=np.maximum)


def _steps(view: _View) -> tuple[list[Any], list[Any], list[Any]]:
    pick, method = view.pick, view.method
    flat, waits = method == words.FLAT, (method == words.BULLET) | (method == words.AT_WILL)
    principal, interest, balance = [], [], []
    left, deferred, asked = view.principal, 0, 0
    for k in range(view.longest):
        last = view.periods == k + 1
        base = pick(flat, view.principal, left)
        earned = round_ratio(base * view.numerators[k], view.denominators[k], view.interest_mode)
        at_end = view.most(view.whole_interest - asked, 0)
        earned = pick(last & (flat | waits), at_end, pick(waits, 0, earned))
        asked = asked + earned
        waiting = view.interest_grace > k
        charged = pick(waiting, 0, earned + deferred)
        deferred = pick(waiting, deferred + earned, 0)
        paid_down = pick(last, left, _paid_down(view, k, charged, left))
        left = left - paid_down
        principal.append(paid_down)
        interest.append(charged)
        balance.append(left)
    return principal, interest, balance


def _paid_down(view: _View, k: int, interest: Any, left: Any) -> Any:
    """The principal part of instalment k + 1, where it is not the last."""
    method, pick = view.method, view.pick
    equal_parts = method == words.EQUAL_PRINCIPAL
    due = view.level + pick(equal_parts, interest, 0)
    step = pick(equal_parts, view.multiple, 1)
    due = pick(step > 1, round_ratio(due, step, view.level_mode) * step, due)
    paying = (view.principal_grace <= k) & (equal_parts | (method == words.LEVEL) | (method == words.FLAT))
    return pick(paying, view.least(view.most(due - interest, 0), left), 0)


def _whole_interest(terms: TermsColumns, periods: Periods, chosen: Flags) -> Whole:
    """Interest of the whole term on the original principal, for loans that ask it so; zero for the others."""
    whole = np.zeros(len(terms), np.int64)
    if chosen.any():
        whole[chosen] = flat_interest(_chosen(terms, chosen), _periods_chosen(periods, chosen))
    return whole


def _chosen(terms: TermsColumns, chosen: Flags) -> TermsColumns:
    names = [name for name in TermsColumns.__dataclass_fields__ if name != "rate_scale"]
    return replace(terms, **{name: getattr(terms, name)[chosen] for name in names})


def _periods_chosen(periods: Periods, chosen: Flags) -> Periods:
    return Periods(*(getattr(periods, name)[:, chosen] for name in Periods.__dataclass_fields__))
