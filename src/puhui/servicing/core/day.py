"""One end of day over the whole book, decided in columns: no database, no clock.

Rule kept: order of work on a business date D: credit settles what is due by D; interest of the day [D, D+1) accrues;
lateness, buckets and classes are read as of D; states move by the life-cycle table. The same inputs give the same
outcome, so a run that was killed and started again ends in the same book.
"""

from dataclasses import dataclass

import numpy as np

from puhui.servicing.core import accounts
from puhui.servicing.core.accrual import accrual_of, accrued_to
from puhui.servicing.core.classification import CLASSES, ClassLimits, five_class
from puhui.servicing.core.delinquency import bucket_of
from puhui.servicing.core.journal import Flow
from puhui.servicing.core.lifecycle import move_for
from puhui.servicing.core.settlement import OpenLoans, OpenRows, Settlement, settle_due
from puhui.servicing.core.terms import Days, Flags, Whole
from puhui.servicing.core.waterfall import per_loan

_ONE_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True, eq=False)
class DayLoans:
    """The loans in service, one row each: what they were at the end of the day before."""

    held: OpenLoans
    outstanding_minor: Whole
    state: np.ndarray
    oldest_due_on: Days
    five_class: np.ndarray

    def __len__(self) -> int:
        return len(self.outstanding_minor)


@dataclass(frozen=True, slots=True, eq=False)
class DayRows:
    """Unsettled instalments begun by the day, sorted by loan and number; planned and paid amounts."""

    loan: Whole
    starts_on: Days
    due_on: Days
    interest_minor: Whole
    principal_minor: Whole
    paid_interest_minor: Whole
    paid_principal_minor: Whole
    half_even: Flags

    def still_open(self) -> OpenRows:
        return OpenRows(
            self.loan,
            self.due_on,
            self.interest_minor - self.paid_interest_minor,
            self.principal_minor - self.paid_principal_minor,
        )


@dataclass(frozen=True, slots=True, eq=False)
class DayOutcome:
    """What the day did: by row (settlement), by loan, and the flows to post."""

    settlement: Settlement
    accrued_minor: Whole
    receivable_minor: Whole
    outstanding_minor: Whole
    five_class: np.ndarray
    bucket: np.ndarray
    verb: np.ndarray
    loan_changed: Flags
    row_changed: Flags
    accrual_flow: Flow


def close(loans: DayLoans, rows: DayRows, day: np.datetime64, limits: ClassLimits) -> DayOutcome:
    """Everything that the end of `day` decides. Shapes: per loan (loans,), per row (rows,)."""
    count = len(loans)
    done = settle_due(rows.still_open(), loans.held, np.zeros(count, np.int64), day)
    periods = (rows.interest_minor, rows.starts_on, rows.due_on)
    accrued = per_loan(accrual_of(*periods, day, rows.half_even), rows.loan, count)
    earned = accrued_to(*periods, day + _ONE_DAY, rows.half_even)
    receivable = per_loan(earned - rows.paid_interest_minor - done.interest_minor, rows.loan, count)
    outstanding = loans.outstanding_minor - per_loan(done.principal_minor, rows.loan, count)
    classes = np.array(CLASSES)[five_class(done.days_past_due, limits)]
    verb = _moves(loans.state, done, outstanding)
    return DayOutcome(
        settlement=done,
        accrued_minor=accrued,
        receivable_minor=receivable,
        outstanding_minor=outstanding,
        five_class=classes,
        bucket=bucket_of(done.days_past_due),
        verb=verb,
        loan_changed=_loan_changed(loans, done, outstanding, classes, verb),
        row_changed=(done.interest_minor > 0) | (done.principal_minor > 0) | done.row_settled,
        accrual_flow=Flow(accounts.INTEREST_RECEIVABLE, accounts.INTEREST_INCOME, accrued),
    )


def _moves(state: np.ndarray, done: Settlement, outstanding: Whole) -> np.ndarray:
    """The verb of each loan, empty for most: the table is asked only where state and facts may disagree."""
    settled = (outstanding == 0) & (done.unpaid_due_minor == 0)
    late = done.days_past_due > 0
    verb = np.full(len(state), "", dtype="<U16")
    for i in np.flatnonzero(settled | (late & (state == "active")) | (~late & (state == "overdue"))):
        asked = move_for(str(state[i]), days_past_due=int(done.days_past_due[i]), settled=bool(settled[i]))
        verb[i] = asked or ""
    return verb


def _loan_changed(
    loans: DayLoans, done: Settlement, outstanding: Whole, classes: np.ndarray, verb: np.ndarray
) -> Flags:
    return (
        (outstanding != loans.outstanding_minor)
        | (done.credit_minor != loans.held.credit_minor)
        | ~(
            (done.oldest_due_on == loans.oldest_due_on) | (np.isnat(done.oldest_due_on) & np.isnat(loans.oldest_due_on))
        )
        | (classes != loans.five_class)
        | (verb != "")
    )
