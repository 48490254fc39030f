"""How interest is asked over a loan's life, in two ways behind one face: as planned, or following the real balance.

`Planned`: interest stays as it was planned; an instalment paid early pays its whole interest. `Running`: interest follows
the principal really owed. Rules kept (`Running`): a period's interest is one rounding of all its stretches, plus what the
period before did not ask; unpaid due principal keeps earning until it is paid; an instalment paid early asks interest to
that day and principal for the rest of the level payment, and the interest still running to its due date moves to the
next; interest above the level payment moves on; the last open instalment takes what is left; after the last due date
nothing accrues. Nothing below a cent is lost: it lies in `weight` until the period ends.

>>> from datetime import date; from decimal import Decimal
>>> from puhui.servicing.core.terms import LoanTerms
>>> plan = Running.of(LoanTerms("CNY", 10_000, Decimal("0.07"), 6, date(2024, 1, 1)))
>>> plan.advance(daycount.day_number(date(2024, 1, 15)))
>>> plan.asked_early(0)
(26, 1675)
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from puhui.servicing.core import daycount
from puhui.servicing.core.dues import Dues
from puhui.servicing.core.rounding import MODES, round_ratio
from puhui.servicing.core.schedule import Schedule, build, level_payments, periods_of
from puhui.servicing.core.spans import Spans
from puhui.servicing.core.terms import LoanTerms, TermsColumns

_LEVEL_METHODS = ("equal_installment", "flat")


@dataclass(frozen=True, slots=True)
class Mark:
    """From when the interest of a row runs, and what of it was earned by then; a day's interest is a share of the rest.

    Rule kept (decision 0020): earned to a day is one rounding of rest × elapsed ÷ days; the day of the due date has it all.
    """

    row: int
    day: int
    earned_minor: int

    def earned(self, interest: int, due: int, now: int, terms: LoanTerms) -> int:
        """Of a row's whole interest, what is earned by `now`."""
        days = max(due - self.day, 1)
        elapsed = min(max(now - self.day, 0), days)
        rest = max(interest - self.earned_minor, 0)
        return self.earned_minor + round_ratio(rest * elapsed, days, MODES[terms.rounding])


@dataclass(slots=True)
class Planned:
    """Interest as planned. `closed` instalments are due by `now`; `balance` is principal owed."""

    terms: LoanTerms
    dues: Dues
    level: int
    mode: int
    balance: int
    now: int
    periods: int
    closed: int = 0
    first: int = 0  # rows before those of the terms in force: a down payment, an earlier plan
    mark: Mark | None = None

    @property
    def spans(self) -> Spans:
        """Periods with their weights, for a change of the plan."""
        spans = Spans.of(self.terms)
        spans.prepend(self.dues.dues[: self.first])
        return spans

    @classmethod
    def of(cls, terms: LoanTerms) -> "Planned":
        """The plan of fresh terms."""
        dues, level = _fresh(terms)[0].copy(), _fresh(terms)[1] if terms.method in _LEVEL_METHODS else 0
        start = daycount.day_number(terms.disbursed_on)
        mode = MODES.get(terms.interest_rounding, MODES[terms.rounding])
        plan = cls(terms, dues, level, mode, terms.principal_minor, start, len(dues))
        plan.first = len(dues) - terms.periods
        plan.wait(start)
        plan.advance(start)
        return plan

    def wait(self, start: int) -> None:
        """The interest of a bullet loan is asked with its last row, and runs from the day the money went out."""
        if self.terms.method == "bullet":
            self.dues.starts[-1] = start

    def advance(self, day: int) -> None:
        """Move to `day`: instalments due by then are due."""
        while self.closed < len(self.dues) and self.dues.dues[self.closed] <= day:
            self.dues.fall_due(self.closed)
            self.closed += 1
        self.now = day

    def copy(self) -> "Planned":
        """The same plan at the same moment, to go on from in another way."""
        return replace(self, dues=self.dues.copy())

    def repaid(self, principal: int, *, early: bool) -> None:
        """Principal has been paid today."""
        del early
        self.balance -= principal

    def asked_early(self, k: int) -> tuple[int, int]:
        """(interest, principal) an instalment asks when it is paid before its due date."""
        return self.dues.asked["interest"][k], self.dues.asked["principal"][k]

    def earned(self) -> int:
        """Interest earned so far, in cents: whole periods, and the current one by its share of days."""
        asked = self.dues.asked["interest"]
        return sum(asked[: self.closed]) + self.earned_of_open()

    def earned_of_open(self) -> int:
        """Interest that has run and lies in a row that is not due."""
        return self._earned_of(self.running_row()) if self.closed < self.periods else 0

    def ran_so_far(self) -> tuple[int, int]:
        """(earned, asked) of the row whose interest grows now; (0, 0) after the last."""
        row = self.running_row()
        return (self._earned_of(row), self.dues.asked["interest"][row]) if row < self.periods else (0, 0)

    def lowered(self, ran: tuple[int, int], principal: int, *, inside: bool) -> None:
        """`principal` was paid early, inside a period or on its due date; `ran` as it was before.

        What has run stays. The rest is asked on what is left; where interest does not follow the balance (flat, bullet) it falls by the
        share of principal that was paid.
        """
        row, left = self.running_row(), self.balance - self.dues.overdue("principal")
        earned, whole = ran
        if self.terms.method == "flat":
            base = round_ratio(self.terms.principal_minor * left, max(left + principal, 1), self.mode)
            self.terms = replace(self.terms, principal_minor=max(base, 1))
        if row >= self.periods or not (inside or self.terms.method == "bullet"):
            return
        if self.terms.method in ("flat", "bullet"):
            self._ask(row, earned, round_ratio((whole - earned) * left, max(left + principal, 1), self.mode))
        else:
            rest = left * self.spans.weight(row, self.now, self.spans.dues[row])
            self._ask(row, earned, round_ratio(rest, self.spans.denominators[row], self.mode))

    def ask_at_end(self, earned: int) -> None:
        """The terms of a bullet loan have changed: what it had earned, and what it earns from today on."""
        spans, left, rest = self.spans, self.balance - self.dues.overdue("principal"), Fraction(0)
        for k in range(self.closed, self.periods):
            weight = spans.weight(k, max(self.now, spans.starts[k]), spans.dues[k])
            rest += Fraction(left * weight, spans.denominators[k])
        self._ask(self.periods - 1, earned, round_ratio(rest.numerator, rest.denominator, self.mode))

    def _ask(self, row: int, earned: int, rest: int) -> None:
        interest = earned + rest
        self.dues.asked["interest"][row] = max(interest, self.dues.paid["interest"][row])
        self.mark = Mark(row, self.now, min(earned, interest))

    def splice(self, tail: LoanTerms, rows: Dues, carried: int, charges: int) -> None:
        """A new plan from today on: `rows` follow what is closed; charges join the first, interest `carried` the one that runs."""
        waits = -1 if tail.method == "bullet" else 0
        rows.asked["interest"][waits] += carried
        rows.asked["fee"][0] += charges
        self.first = len(self.dues)
        self.dues.append(rows)
        self.terms, self.periods = tail, len(self.dues)
        self.wait(self.now)
        self.mark = Mark(self.periods - 1 if waits else self.first, self.now, carried)
        self.level = _fresh(tail)[1] if tail.method in _LEVEL_METHODS else 0

    def _earned_of(self, k: int) -> int:
        mark = self.mark if self.mark and self.mark.row == k else Mark(k, self.dues.starts[k], 0)
        return mark.earned(self.dues.asked["interest"][k], self.dues.dues[k], self.now, self.terms)

    def stop_interest(self) -> None:
        """Paid off today: interest not earned is not asked (Civil Code 677)."""
        row = self.running_row()
        for k in range(self.closed, self.periods):
            earned = self._earned_of(k) if k == row else 0
            self.dues.asked["interest"][k] = max(earned, self.dues.paid["interest"][k])
        if self.closed < self.periods:
            self.mark = Mark(row, self.now, self.dues.asked["interest"][row])

    def project(self, *, overdue_stays: bool) -> None:
        """The rest of the plan, if all goes as agreed from today: it stands already."""
        del overdue_stays

    def running_row(self) -> int:
        """The row whose interest grows now: the open one, or the last of a bullet loan."""
        return self.periods - 1 if self.terms.method == "bullet" and self.closed < self.periods else self.closed


@dataclass(slots=True)
class Running:
    """Interest on the principal really owed. `weight` is the open period's interest so far, over its denominator."""

    terms: LoanTerms
    dues: Dues
    level: int
    mode: int
    balance: int
    now: int
    periods: int
    spans: Spans
    planned_principal: list[int]
    closed: int = 0
    weight: int = 0
    moved: int = 0  # interest that earlier periods did not ask
    total: int = 0  # principal lent so far
    asked_principal: int = 0  # of closed instalments
    early: int = 0  # principal paid on instalments that are not closed
    first: int = 0  # rows before those of the terms in force: a down payment, an earlier plan
    interest_from: int = 0  # first row that asks interest
    principal_from: int = 0  # first row that asks a level payment
    fixed: dict[int, int] = field(default_factory=dict)  # rows whose principal is settled by an early payment
    mark: Mark | None = None

    @classmethod
    def of(cls, terms: LoanTerms) -> "Running":
        """The plan of fresh terms."""
        dues, spans = _fresh(terms)[0].copy(), Spans.of(terms)
        start = daycount.day_number(terms.disbursed_on)
        mode = MODES.get(terms.interest_rounding, MODES[terms.rounding])
        level = _fresh(terms)[1] if terms.method in _LEVEL_METHODS else 0
        planned = dues.asked["principal"].copy()
        plan = cls(terms, dues, level, mode, terms.principal_minor, start, len(dues), spans, planned)
        plan.total = terms.principal_minor
        plan.first = len(dues) - terms.periods
        spans.prepend(dues.dues[: plan.first])
        plan.interest_from = plan.first + terms.interest_grace_periods
        plan.principal_from = plan.first + terms.principal_grace_periods
        plan.advance(start)
        return plan

    def advance(self, day: int) -> None:
        """Move to `day`: close the periods that end by then, let interest run in the open one."""
        while self.closed < len(self.dues) and self.dues.dues[self.closed] <= day:
            self._close()
        self._run_to(day)
        self.now = day
        self.set_mark(changed=False)

    def repaid(self, principal: int, *, early: bool) -> None:
        """Principal has been paid today: from now on interest runs on the rest. `early`: on an open instalment."""
        self.balance -= principal
        self.early += principal if early else 0
        self.set_mark(changed=True)

    def asked_early(self, k: int) -> tuple[int, int]:
        """(interest, principal) an instalment asks when it is paid today, before its due date."""
        paid_interest, paid_principal = self.dues.paid["interest"][k], self.dues.paid["principal"][k]
        if self._full(k) and not self.is_last_open(k):
            return paid_interest, paid_principal
        first = all(self._full(before) for before in range(self.closed, k))
        asked_before = sum(self.dues.paid["interest"][self.closed : k]) if first else 0
        calculated = max(self._calculated() - asked_before, 0) if first else 0
        left = self.balance + paid_principal
        if first and self.is_last_open(k):
            return max(calculated, paid_interest), left
        if not self.level:
            return max(calculated, paid_interest), min(self.planned_principal[k], left)
        interest = max(min(calculated, self.level), paid_interest)
        return interest, min(max(self.level - interest, paid_principal), left)

    def is_last_open(self, k: int) -> bool:
        """Is this the last instalment that is not paid in full? Where all are, the very last stands for it."""
        if not all(self._full(later) for later in range(self.periods - 1, k, -1)):
            return False
        return not self._full(k) or (k == self.periods - 1 and all(map(self._full, range(self.closed, k))))

    def earned(self) -> int:
        """Interest earned so far, in cents: what earlier rows ask, and the running row's share of days."""
        row = self.running_row()
        before = sum(self.dues.asked["interest"][: self.closed]) + self._frozen_before(row)
        if row >= self.periods:
            return before + self.moved
        mark = self.mark or Mark(row, self.now, self._earned_of(row))
        return before + mark.earned(self.expected(row), self.dues.dues[row], self.now, self.terms)

    def copy(self) -> "Running":
        """The same plan at the same moment, to go on from in another way."""
        spans, planned = self.spans.since(0), self.planned_principal.copy()
        return replace(self, dues=self.dues.copy(), spans=spans, planned_principal=planned, fixed=self.fixed.copy())

    def running_row(self) -> int:
        """The row whose interest grows now: the first that is not settled by an early payment."""
        row = self.closed
        while row < self.periods - 1 and self._stopped(row):
            row += 1
        return row

    def expected(self, row: int) -> int:
        """Interest that the running row will ask if nothing happens until its due date, what is overdue staying unpaid."""
        total = self.moved - self._frozen_before(row)
        for k in range(self.closed, row + 1):
            total += self._interest_at_due(k)
        return max(total, self.dues.paid["interest"][row])

    def set_mark(self, *, changed: bool) -> None:
        """The running row begins, or what it runs on has changed: its share of days is counted from here."""
        row = self.running_row()
        if row < self.periods and (changed or self.mark is None or self.mark.row != row):
            self.mark = Mark(row, self.now, self._earned_of(row))

    def _earned_of(self, row: int) -> int:
        """What the running row has earned by now, by the exact count."""
        if row >= self.periods:
            return 0
        return max(self._calculated() - self._frozen_before(row), 0) if self.closed < self.periods else self.moved

    def _frozen_before(self, row: int) -> int:
        """Interest asked by rows that are settled early, between what is closed and the running row."""
        return sum(self.dues.paid["interest"][self.closed : row])

    def _stopped(self, k: int) -> bool:
        """Does an early payment keep this row from asking more interest?"""
        if k in self.fixed or self.is_last_open(k):
            return False
        if self._full(k):
            return True
        if k != self.closed or not self.level:
            return False
        return self.dues.paid["principal"][k] > max(self.level - self._interest_at_due(k) - self.moved, 0)

    def _interest_at_due(self, k: int) -> int:
        """Interest of one period by its end, if the balance stays as it is: what has run, and the rest of its days."""
        ran = self.weight if k == self.closed else 0
        since = max(self.now, self.spans.starts[k])
        weight = ran + self.balance * self.spans.weight(k, since, self.spans.dues[k])
        return round_ratio(weight, self.spans.denominators[k], self.mode)

    def take_running(self) -> int:
        """Interest that has run and was not asked, taken out of the open period in whole cents."""
        carried = self._calculated() if self.closed < self.periods else self.moved
        carried -= sum(self.dues.paid["interest"][self.closed :])
        self.weight = self.moved = 0
        return max(carried, 0)

    def splice(self, tail: LoanTerms, rows: Dues, carried: int, charges: int) -> None:
        """A new plan from today on: `rows` follow what is closed; interest `carried` and charges join the first."""
        first = len(self.dues)
        self.spans.continue_with(first, Spans.of(tail), self.dues.dues[self.periods :])
        self.planned_principal += self.dues.asked["principal"][self.periods :]
        self.planned_principal[first:] = rows.asked["principal"]
        rows.asked["fee"][0] += charges
        self.dues.append(rows)
        self.moved, self.weight = carried, 0
        self.level = _fresh(tail)[1] if tail.method in _LEVEL_METHODS else 0
        self.terms, self.periods, self.first = tail, len(self.dues), first
        self.interest_from = self.principal_from = first
        self.fixed = {k: principal for k, principal in self.fixed.items() if k < first}
        self.mark = Mark(first, self.now, carried)

    def stop_interest(self) -> None:
        """Paid off today: nothing more accrues once the balance is paid, so there is nothing to take away."""

    def project(self, *, overdue_stays: bool) -> None:
        """The rest of the plan if all goes as agreed from today: what is overdue is paid today, the rest when due."""
        ahead = self.copy()
        principal, paid = ahead.dues.asked["principal"], ahead.dues.paid["principal"]
        overdue = ahead.dues.overdue("principal")
        until = self.running_row() if overdue_stays else -1
        while ahead.closed < len(ahead.dues):
            k = ahead.closed
            if overdue and k > until:
                ahead.balance, overdue = ahead.balance - overdue, 0
            ahead._close()
            ahead.balance -= principal[k] - paid[k]
        for head in ("interest", "principal"):
            self.dues.asked[head][self.closed :] = ahead.dues.asked[head][self.closed :]

    def _full(self, k: int) -> bool:
        """Paid in full before its time: the level payment, or its planned principal."""
        principal = self.dues.paid["principal"][k]
        if k in self.fixed:
            return False
        if not self.level:
            return principal >= self.planned_principal[k] and self.planned_principal[k] > 0
        return principal + self.dues.paid["interest"][k] >= self.level

    def _run_to(self, day: int) -> None:
        if self.closed < self.periods and day > self.now:
            self.weight += self.balance * self.spans.weight(self.closed, self.now, day)
            self.now = day

    def _calculated(self) -> int:
        """Interest of the open period up to now, with what was moved into it."""
        return round_ratio(self.weight, self.spans.denominators[self.closed], self.mode) + self.moved

    def _close(self) -> None:
        """The open period has ended: fix what its instalment asks, move the rest of its interest on."""
        k = self.closed
        if k < self.periods:
            self._run_to(self.dues.dues[k])
            calculated = self._calculated()
            interest, principal = self._settled(k, calculated)
            self.dues.asked["interest"][k], self.dues.asked["principal"][k] = interest, principal
            self.asked_principal += principal
            self.early -= self.dues.paid["principal"][k]
            self.moved, self.weight = calculated - interest, 0
        self.dues.fall_due(k)
        self.closed += 1
        self.now = max(self.now, self.dues.dues[k])

    def _settled(self, k: int, calculated: int) -> tuple[int, int]:
        """(interest, principal) that instalment `k` asks on its due date."""
        paid_interest, paid_principal = self.dues.paid["interest"][k], self.dues.paid["principal"][k]
        left = self.total - self.asked_principal - (self.early - paid_principal)
        if k < self.first:
            return self.dues.asked["interest"][k], self.planned_principal[k]
        if k in self.fixed and not self.is_last_open(k):
            return max(calculated, paid_interest), max(self.fixed[k], paid_principal)
        if k < self.interest_from:
            interest = paid_interest
        elif self.is_last_open(k):
            interest = max(calculated, paid_interest)
        elif not self.level:
            interest = paid_interest if self._full(k) else max(calculated, paid_interest)
        elif paid_principal > max(self.level - calculated, 0):
            interest = paid_interest
        else:
            interest = max(min(calculated, self.level), paid_interest)
        if self.is_last_open(k):
            return interest, left
        due = self.planned_principal[k] if not self.level else max(self.level - interest, paid_principal)
        if self.level and k < self.principal_from:
            due = paid_principal
        return interest, min(due, left)


def planned_rows(terms: LoanTerms) -> Dues:
    """The instalments of fresh terms."""
    return _fresh(terms)[0].copy()


@lru_cache(maxsize=256)
def _fresh(terms: LoanTerms) -> tuple[Dues, int]:
    """The instalments of terms and their level payment, worked out once: a loan is folded many times. Not to be changed."""
    schedule = build([terms])
    return _dues_of(schedule), _level_of(terms, schedule)


def _dues_of(schedule: Schedule) -> Dues:
    """A schedule of one loan as lists."""
    dues = Dues.empty(len(schedule))
    dues.starts = schedule.starts_on.astype(np.int64).tolist()
    dues.dues = schedule.due_on.astype(np.int64).tolist()
    dues.asked["principal"] = schedule.principal_minor.tolist()
    dues.asked["interest"] = schedule.interest_minor.tolist()
    dues.asked["fee"] = schedule.fee_minor.tolist()
    return dues


def _level_of(terms: LoanTerms, schedule: Schedule) -> int:
    """The level payment: that of the schedule, where it has more than one instalment after grace."""
    first = len(schedule) - terms.periods + terms.principal_grace_periods  # after a down payment and the grace
    if len(schedule) - first > 1:
        return int(schedule.principal_minor[first] + schedule.interest_minor[first])
    columns = TermsColumns.of([terms])
    return int(level_payments(columns, periods_of(columns, terms.periods))[0])
