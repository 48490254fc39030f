"""Penalty interest 罚息 and compound interest 复利 on what is late: counted exactly, carried below a cent, never lost.

Rules kept: an instalment's penalty counted *to* a date is unpaid principal × rate × days, summed exactly; what is stored is
whole cents and the numerator of the rest over (days of the year × 10⁶), and the date to which both are counted. Between two
payments nothing changes but the date, so nothing need be stored daily; the charge of a day is the difference of two rounded
figures, as with interest (decision 0020). Within the days of grace nothing is charged; an instalment still unpaid when they
have passed is charged from its due date, one paid within them is not charged at all. Compound interest is the same sum over
unpaid interest, where the policy says so (银发〔2003〕251号; domain facts 2.3).

>>> late = LateTerms(np.array([180_000]), np.array([360]), np.array([0]), np.array([True]))
>>> due = np.array(["2026-02-15"], "datetime64[D]")
>>> owed = Late(due, np.array([788_488]), np.array([100_000]), Counted.none(1), Counted.none(1), np.full(1, np.datetime64("NaT"), "datetime64[D]"))
>>> charged(owed, late, np.datetime64("2026-03-07"))
(array([7885]), array([1000]))
"""

from dataclasses import dataclass

import numpy as np

from puhui.servicing.core.rounding import widen
from puhui.servicing.core.terms import RATE_SCALE, Days, Flags, Whole


@dataclass(frozen=True, slots=True, eq=False)
class LateTerms:
    """What being late costs, one row an instalment: yearly rate in millionths, days of the year, days of grace, 复利."""

    rate_millionths: Whole
    year_days: Whole
    grace_days: Whole
    compounds: Flags

    def of_rows(self, rows: Whole | Flags) -> "LateTerms":
        return LateTerms(self.rate_millionths[rows], self.year_days[rows], self.grace_days[rows], self.compounds[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """An amount counted exactly: whole cents, and the numerator of the rest."""

    minor: Whole
    carry: Whole

    @classmethod
    def none(cls, rows: int) -> "Counted":
        return cls(np.zeros(rows, np.int64), np.zeros(rows, np.int64))

    def rounded(self, denominator: Whole) -> Whole:
        """Half up; asked at a date, so that the differences of a row of days re-add."""
        return self.minor + (self.carry >= denominator - self.carry)

    def where(self, flags: Flags, rest_minor: Whole | int = 0) -> "Counted":
        return Counted(np.where(flags, self.minor, rest_minor), np.where(flags, self.carry, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Late:
    """Instalments as they stand: what is unpaid of principal and interest, and what is counted to `counted_to`."""

    due_on: Days
    unpaid_principal_minor: Whole
    unpaid_interest_minor: Whole
    penalty: Counted
    compound: Counted
    counted_to: Days  # NaT: nothing counted yet, counting starts on the due date
    charged_penalty_minor: Whole | int = 0  # part of the penalty that facts charged: owed from its day on, grace or not


def count(rows: Late, terms: LateTerms, as_of: np.datetime64) -> tuple[Counted, Counted]:
    """Penalty and compound interest counted to `as_of`, exact; nothing before the due date."""
    start = np.where(np.isnat(rows.counted_to), rows.due_on, rows.counted_to)
    days = np.maximum((as_of - start).astype(np.int64), 0)
    penalty = _grown(rows.penalty, rows.unpaid_principal_minor, terms, days)
    compound = _grown(rows.compound, np.where(terms.compounds, rows.unpaid_interest_minor, 0), terms, days)
    return penalty, compound


def charged(rows: Late, terms: LateTerms, as_of: np.datetime64) -> tuple[Whole, Whole]:
    """What the borrower owes of both at the start of `as_of`, in cents: within the days of grace only what facts charged."""
    over = ~within_grace(rows.due_on, terms, as_of)
    penalty, compound = count(rows, terms, as_of)
    denominator = terms.year_days * RATE_SCALE
    owed = np.where(over, penalty.rounded(denominator), rows.charged_penalty_minor)
    return owed, np.where(over, compound.rounded(denominator), 0)


def within_grace(due_on: Days, terms: LateTerms, as_of: np.datetime64) -> Flags:
    """Is what is paid on `as_of` still paid in time?"""
    return as_of <= due_on + terms.grace_days.astype("timedelta64[D]")


def _grown(counted: Counted, base_minor: Whole, terms: LateTerms, days: Whole) -> Counted:
    largest = (int(column.max(initial=0)) for column in (base_minor, terms.rate_millionths, days))
    denominator = terms.year_days * RATE_SCALE
    numerator = widen(base_minor, *largest, 2) * terms.rate_millionths * days + counted.carry
    whole = numerator // denominator
    return Counted(counted.minor + _int64(whole), _int64(numerator - whole * denominator))


def _int64(column: object) -> Whole:
    return np.asarray(column).astype(np.int64)
