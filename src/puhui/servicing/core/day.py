"""One end of day, decided in columns: no database, no clock. Two functions: loans to look at, and loans that only earn.

Rule kept: order of work on a business date D: credit settles what is due by D; interest, penalty and compound interest of the
day [D, D+1) accrue; lateness, class, stage and provision are read as of D; interest of a loan late beyond the limit leaves the
balance sheet, and comes back when nothing is overdue; states move by the life-cycle table. The same inputs give the same
outcome, so a run that was killed and started again ends in the same book.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from puhui.servicing.core import changes
from puhui.servicing.core.accrual import accrued_to
from puhui.servicing.core.changes import EARNED
from puhui.servicing.core.classification import ClassLimits, five_class
from puhui.servicing.core.delinquency import days_late
from puhui.servicing.core.lifecycle import SERVICED, move_for
from puhui.servicing.core.penalty import Counted, Late, LateTerms, charged, count, within_grace
from puhui.servicing.core.provision import (
    EclTable,
    ProvisionRates,
    StageLimits,
    ecl_minor,
    ecl_stage,
    provision_minor,
)
from puhui.servicing.core.settlement import OpenLoans, OpenRows, Settlement, settle_due
from puhui.servicing.core.shares import Change
from puhui.servicing.core.terms import Days, Flags, Whole
from puhui.servicing.core.waterfall import WATERFALLS, Waterfall, per_loan

_ONE_DAY = np.timedelta64(1, "D")
_NEVER = np.datetime64("NaT", "D")
CHARGES = (
    "penalty",
    "compound",
    "fee",
)  # heads beside interest and principal; where an order names none, in the order of the fold


@dataclass(frozen=True, slots=True)
class DayRules:
    """The dated rules of one business date (see servicing/rules.py)."""

    classes: ClassLimits
    stages: StageLimits
    provisions: ProvisionRates
    ecl: EclTable
    non_accrual_over: int


@dataclass(frozen=True, slots=True, eq=False)
class DayLoans:
    """The loans to look at, one row each, as they were at the end of the day before.

    `provision_minor` and `ecl_minor` are what the two methods ask for, whichever of them the books follow.
    `order_late` and `late_over`: the order of allocation that takes over when a loan is late by more than so many days.
    """

    held: OpenLoans
    outstanding_minor: Whole
    state: np.ndarray
    oldest_due_on: Days
    class_position: Whole
    stage: Whole
    provision_minor: Whole
    ecl_minor: Whole
    non_accrual: Flags
    restructured: Flags
    product: np.ndarray
    final_due_on: Days
    order_late: np.ndarray
    late_over: Whole

    def __len__(self) -> int:
        return len(self.outstanding_minor)

    @property
    def serviced(self) -> Flags:
        return np.isin(self.state, SERVICED)


@dataclass(frozen=True, slots=True, eq=False)
class DayRows:
    """Unsettled instalments begun by the day, sorted by loan and number: what they ask, what is paid, what is counted."""

    loan: Whole
    starts_on: Days
    due_on: Days
    asked: Mapping[str, Whole]  # interest, principal, fee
    planned_fee_minor: Whole
    paid: Mapping[str, Whole]  # every head
    penalty: Counted
    compound: Counted
    counted_to: Days
    half_even: Flags
    late_terms: LateTerms
    earned_before_minor: Whole  # interest earned before `starts_on`: a row whose running changed inside its period
    charged_penalty_minor: Whole  # part of the penalty that facts charged

    def __len__(self) -> int:
        return len(self.loan)

    def late(self) -> Late:
        principal, interest = (self.asked[head] - self.paid[head] for head in ("principal", "interest"))
        counted = (self.penalty, self.compound, self.counted_to)
        return Late(self.due_on, principal, interest, *counted, self.charged_penalty_minor)

    def owed_at(self, day: np.datetime64) -> dict[str, Whole]:
        """What each row owes at the start of `day` by head, paid or not: whole interest and principal once they are due."""
        penalty, compound = charged(self.late(), self.late_terms, day)
        rest = self.asked["interest"] - self.earned_before_minor
        interest = self.earned_before_minor + accrued_to(rest, self.starts_on, self.due_on, day, self.half_even)
        fee = self.asked["fee"] - np.where(self.due_on <= day, 0, self.planned_fee_minor)
        return {"interest": interest, "fee": fee, "penalty": penalty, "compound": compound}

    def after(self, done: Settlement, day: np.datetime64) -> "DayRows":
        """The rows after a settlement on `day`: paid, and counted to the day where something was paid."""
        paid = {head: self.paid[head] + done.taken[head] for head in self.paid}
        changed = sum(done.taken.values(), np.zeros(len(self), np.int64)) > 0
        in_time = done.row_settled & within_grace(self.due_on, self.late_terms, day)
        penalty, compound = (
            Counted(np.where(changed, new.minor, old.minor), np.where(changed, new.carry, old.carry))
            for new, old in zip(count(self.late(), self.late_terms, day), (self.penalty, self.compound), strict=True)
        )
        return DayRows(
            self.loan,
            self.starts_on,
            self.due_on,
            self.asked,
            self.planned_fee_minor,
            paid,
            penalty.where(~in_time, self.charged_penalty_minor),
            compound.where(~in_time),
            np.where(changed & (self.due_on <= day), day, self.counted_to),
            self.half_even,
            self.late_terms,
            self.earned_before_minor,
            self.charged_penalty_minor,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Money that met dues: the settlement, the rows and principal after it, the changes to post."""

    settlement: Settlement
    rows: DayRows
    outstanding_minor: Whole
    changes: list[Change]


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """The period that runs for each loan, until `look_on`: all that the days before it need. NaT: look tomorrow."""

    look_on: Days
    starts_on: Days
    ends_on: Days
    interest_minor: Whole


@dataclass(frozen=True, slots=True, eq=False)
class DayOutcome:
    """What the day did: rows after it; per loan what accrued, what is receivable, and its new columns; changes to post."""

    settlement: Settlement
    rows: DayRows
    row_changed: Flags
    accrued: dict[str, Whole]  # EARNED
    receivable_before: dict[str, Whole]  # EARNED, after settling and before the day's accrual, and fee
    receivable: dict[str, Whole]
    outstanding_minor: Whole
    class_position: Whole
    stage: Whole
    provision_minor: Whole
    ecl_minor: Whole
    non_accrual: Flags
    verb: np.ndarray
    running: Running
    changes: dict[str, list[Change]]  # by kind of entry


def close(
    loans: DayLoans, rows: DayRows, day: np.datetime64, rules: DayRules, orders: Mapping[str, Waterfall] = WATERFALLS
) -> DayOutcome:
    """Everything that the end of `day` decides. Shapes: per loan (loans,), per row (rows,)."""
    settled = settle(loans, rows, day, orders)
    done, after = settled.settlement, settled.rows
    late = done.days_past_due
    non_accrual = loans.serviced & np.where(loans.non_accrual, late > 0, late > rules.non_accrual_over)
    start = _receivable(after, rows.owed_at(day), len(loans))
    end = _receivable(after, after.owed_at(day + _ONE_DAY), len(loans))
    outstanding = settled.outstanding_minor
    classes = np.where(
        loans.serviced, five_class(late, rules.classes, restructured=loans.restructured), loans.class_position
    )
    stage = np.where(loans.serviced, ecl_stage(late, rules.stages), loans.stage)
    moved = non_accrual != loans.non_accrual
    return DayOutcome(
        settlement=done,
        rows=after,
        row_changed=_row_changed(done, rows, after),
        accrued={head: end[head] - start[head] for head in EARNED},
        receivable_before=start,
        receivable=end,
        outstanding_minor=outstanding,
        class_position=classes,
        stage=stage,
        provision_minor=provision_minor(outstanding, classes, rules.provisions),
        ecl_minor=ecl_minor(outstanding, stage, _months(loans.final_due_on, day), rules.ecl.of(loans.product, stage)),
        non_accrual=non_accrual,
        verb=_moves(loans.state, done, outstanding),
        running=_running(after, done, non_accrual, day, len(loans)),
        changes={
            "settle_credit": settled.changes,
            "non_accrual": changes.off_balance(start, moved & non_accrual)
            + changes.back_on_balance(start, moved & ~non_accrual),
            "accrue": changes.fees_due(start["fee"], end["fee"]),
        },
    )


def earn(
    interest_minor: Whole, starts_on: Days, ends_on: Days, day: np.datetime64, half_even: Flags
) -> tuple[Whole, Whole]:
    """Loans of which nothing but the running period is needed: interest receivable before and after `day`."""
    before = accrued_to(interest_minor, starts_on, ends_on, day, half_even)
    return before, accrued_to(interest_minor, starts_on, ends_on, day + _ONE_DAY, half_even)


def settle(
    loans: DayLoans,
    rows: DayRows,
    day: np.datetime64,
    orders: Mapping[str, Waterfall] = WATERFALLS,
    cash_minor: Whole | None = None,
) -> Settled:
    """Credit, then cash, meets what is due on `day`, by the order of each loan's state. A payment is a batch of one."""
    cash = np.zeros(len(loans), np.int64) if cash_minor is None else cash_minor
    owed = rows.owed_at(day)
    open_rows = OpenRows(
        rows.loan,
        rows.due_on,
        rows.asked["interest"] - rows.paid["interest"],
        rows.asked["principal"] - rows.paid["principal"],
        {head: owed[head] - rows.paid[head] for head in CHARGES},
    )
    names = np.where(days_late(loans.oldest_due_on, day) > loans.late_over, loans.order_late, loans.held.order_name)
    done = settle_due(open_rows, OpenLoans(loans.held.credit_minor, names), cash, day, orders)
    outstanding = loans.outstanding_minor - per_loan(done.principal_minor, rows.loan, len(loans))
    receivable = _receivable(rows, owed, len(loans)) | {"principal": loans.outstanding_minor}
    used = {head: per_loan(amounts, rows.loan, len(loans)) for head, amounts in done.taken.items()}
    posted = changes.settled(receivable, used, loans.held.credit_minor, cash, loans.non_accrual)
    return Settled(done, rows.after(done, day), outstanding, posted)


def _months(final_due_on: Days, day: np.datetime64) -> Whole:
    """Months left until the last due date, begun ones counted whole; none once it has passed."""
    days_left = np.maximum((final_due_on - day).astype(np.int64), 0)
    return (days_left * 12 + 364) // 365


def _receivable(rows: DayRows, owed: Mapping[str, Whole], loans: int) -> dict[str, Whole]:
    return {head: per_loan(amounts - rows.paid[head], rows.loan, loans) for head, amounts in owed.items()}


def _row_changed(done: Settlement, rows: DayRows, after: DayRows) -> Flags:
    taken = sum(done.taken.values(), np.zeros(len(rows), np.int64)) > 0
    return taken | done.row_settled | (after.penalty.minor != rows.penalty.minor)


def _moves(state: np.ndarray, done: Settlement, outstanding: Whole) -> np.ndarray:
    """The verb of each loan, empty for most: the table is asked only where state and facts may disagree."""
    settled = (outstanding == 0) & (done.unpaid_due_minor == 0)
    late = done.days_past_due > 0
    verb = np.full(len(state), "", dtype="<U16")
    for i in np.flatnonzero(settled | (late & (state == "active")) | (~late & (state == "overdue"))):
        asked = move_for(str(state[i]), days_past_due=int(done.days_past_due[i]), settled=bool(settled[i]))
        verb[i] = asked or ""
    return verb


def _running(rows: DayRows, done: Settlement, non_accrual: Flags, day: np.datetime64, loans: int) -> Running:
    """Where exactly one unsettled row has begun, is not due and unpaid, nothing need be looked at until it is due."""
    untouched = sum(rows.paid.values(), np.zeros(len(rows), np.int64)) == 0
    untouched &= (rows.earned_before_minor == 0) & (rows.penalty.minor == 0)
    quiet = (rows.due_on > day) & untouched & (rows.asked["fee"] == rows.planned_fee_minor) & ~done.row_settled
    still_open = np.zeros(loans, np.int64)
    np.add.at(still_open, rows.loan, ~done.row_settled)
    ahead = np.where(rows.planned_fee_minor > 0, rows.due_on - _ONE_DAY, rows.due_on)
    ahead = np.where(ahead <= day, rows.due_on, ahead)
    ready = quiet & (still_open == 1)[rows.loan] & np.isnat(done.oldest_due_on)[rows.loan] & ~non_accrual[rows.loan]
    look_on, starts_on, ends_on = (np.full(loans, _NEVER) for _ in range(3))
    running = Running(look_on, starts_on, ends_on, np.zeros(loans, np.int64))
    loan = rows.loan[ready]
    running.look_on[loan], running.interest_minor[loan] = ahead[ready], rows.asked["interest"][ready]
    running.starts_on[loan], running.ends_on[loan] = rows.starts_on[ready], rows.due_on[ready]
    return running
