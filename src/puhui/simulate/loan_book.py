"""A made-up loan book (虚构) in the middle of its life, for load and kill tests: mixed terms, some due, some late, some ahead.

What is invented, and labelled so in every person's, shop's and offer's id: everything. About 3 in 100 loans are due on the
day; 5 in 100 have missed one to four dues, and are charged penalty interest where their policy says so; some hold credit for
the next due; one in fifty belongs to two funders. Rule kept: the rows are those that the front door would have written, so the
laws hold over them (loan_book_rows).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from puhui.servicing.core.accrual import accrued_to
from puhui.servicing.core.classification import five_class
from puhui.servicing.core.delinquency import days_late, oldest_due
from puhui.servicing.core.loan_policy import LoanPolicy
from puhui.servicing.core.penalty import Counted, Late, LateTerms, charged
from puhui.servicing.core.provision import ProvisionRates, penalty_rate_millionths, provision_minor
from puhui.servicing.core.schedule import Schedule, build
from puhui.servicing.core.shares import Holdings
from puhui.servicing.core.terms import LoanTerms, Whole
from puhui.servicing.core.waterfall import Waterfall, per_loan

BATCH = 50_000
INSTITUTIONS = tuple(f"inst_{n:032x}" for n in range(1, 6))
RATES = ProvisionRates(15_000, 30_000, 300_000, 600_000, 1_000_000)
NON_ACCRUAL_OVER = 90
_HEADS = ("penalty", "compound", "interest", "fee", "principal")
_STANDARD = Waterfall("standard-1", _HEADS)
_NPL = Waterfall("standard-npl-1", ("principal", "interest", "fee", "compound", "penalty"))
POLICIES = (  # three in four are charged for being late
    LoanPolicy(_STANDARD, _NPL),
    LoanPolicy(_STANDARD, _NPL, penalty_multiplier=1_500_000, penalty_cap=240_000),
    LoanPolicy(_STANDARD, _NPL, penalty_multiplier=1_300_000, penalty_cap=240_000, grace_days=3),
    LoanPolicy(_STANDARD, _NPL, penalty_multiplier=1_500_000, penalty_cap=240_000, compounds=True),
)
NEVER = np.datetime64("NaT", "D")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some loans of the book by position, as of the morning of `on`. Numbers count from `first`."""

    on: date
    first: int
    batch: list[LoanTerms]
    plan: Schedule
    policy: Whole
    institution: Whole
    paid: np.ndarray  # by instalment
    credit_minor: Whole
    holdings: Holdings

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def day(self) -> np.datetime64:
        return np.datetime64(self.on)

    @property
    def number(self) -> Whole:
        return np.arange(self.first, self.first + len(self))

    def ids(self, noun: str) -> list[str]:
        return [f"{noun}_{number:032x}" for number in self.number.tolist()]

    def sum(self, amounts: Whole) -> Whole:
        return per_loan(amounts, self.plan.loan, len(self))

    @property
    def principal_minor(self) -> Whole:
        return np.array([terms.principal_minor for terms in self.batch], np.int64)

    @property
    def paid_minor(self) -> dict[str, Whole]:
        amounts = {"interest": self.plan.interest_minor, "principal": self.plan.principal_minor}
        return {head: self.sum(np.where(self.paid, column, 0)) for head, column in amounts.items()}

    @property
    def outstanding_minor(self) -> Whole:
        return self.principal_minor - self.paid_minor["principal"]

    @property
    def oldest_due_on(self) -> np.ndarray:
        unpaid = (~self.paid).astype(np.int64)
        return oldest_due(self.plan.due_on, unpaid, self.plan.loan, len(self), self.day - 1)

    @property
    def days_past_due(self) -> Whole:
        return days_late(self.oldest_due_on, self.day - 1)

    @property
    def non_accrual(self) -> np.ndarray:
        return self.days_past_due > NON_ACCRUAL_OVER

    @property
    def class_position(self) -> Whole:
        return five_class(self.days_past_due)

    @property
    def provision_minor(self) -> Whole:
        return provision_minor(self.outstanding_minor, self.class_position, RATES)

    def earned(self) -> dict[str, Whole]:
        """What has accrued so far by head, paid or not."""
        plan = self.plan
        interest = self.sum(accrued_to(plan.interest_minor, plan.starts_on, plan.due_on, self.day))
        principal, unpaid = (np.where(self.paid, 0, asked) for asked in (plan.principal_minor, plan.interest_minor))
        nothing = Counted.none(len(plan))
        late = Late(plan.due_on, principal, unpaid, nothing, nothing, np.full(len(plan), NEVER))
        penalty, compound = charged(late, self._late_terms(), self.day)
        return {"interest": interest, "penalty": self.sum(penalty), "compound": self.sum(compound)}

    def _late_terms(self) -> LateTerms:
        rate = np.array([int(terms.annual_rate * 10**6) for terms in self.batch], np.int64)

        def of(values: list[int]) -> Whole:
            return np.array(values, np.int64)[self.policy]

        per_year = penalty_rate_millionths(
            rate,
            of([policy.penalty_multiplier for policy in POLICIES]),
            of([policy.penalty_cap for policy in POLICIES]),
        )
        grace, compounds = of([policy.grace_days for policy in POLICIES]), of([policy.compounds for policy in POLICIES])
        return LateTerms(per_year, np.full(len(self), 360), grace, compounds == 1).of_rows(self.plan.loan)


def parts(count: int, *, on: date, seed: int) -> Iterator[Part]:
    """The book in batches; the same seed gives the same book."""
    rng = np.random.default_rng(seed)
    for first in range(1, count + 1, BATCH):
        yield _part(rng, on, first, min(BATCH, count + 1 - first))


def _part(rng: np.random.Generator, on: date, first: int, count: int) -> Part:
    day, periods = np.datetime64(on), rng.choice([6, 12, 24], count, p=[0.35, 0.45, 0.2])
    disbursed_on = day - rng.integers(1, periods * 30 - 25)
    principal, rate = rng.integers(100, 30_000, count) * 10_000, rng.integers(50, 240, count)
    batch = [
        LoanTerms("CNY", minor, Decimal(millis) / 1000, months, start)
        for minor, millis, months, start in zip(
            principal.tolist(), rate.tolist(), periods.tolist(), disbursed_on.tolist(), strict=True
        )
    ]
    plan = build(batch)
    before = plan.due_on < day
    due = per_loan(before.astype(np.int64), plan.loan, count)
    missed = np.where(rng.random(count) < 0.06, rng.integers(1, 5, count), 0)  # a few of them have nothing due yet
    paid = before & (plan.n <= (due - missed)[plan.loan])
    ahead = (missed == 0) & (rng.random(count) < 0.3)
    coming = np.where(
        (plan.n == (due + 1)[plan.loan]) & ahead[plan.loan], plan.interest_minor + plan.principal_minor, 0
    )
    institution = rng.integers(0, len(INSTITUTIONS), count)
    shared = rng.random(count) < 0.02
    return Part(
        on,
        first,
        batch,
        plan,
        rng.integers(0, len(POLICIES), count),
        institution,
        paid,
        per_loan(coming, plan.loan, count),
        _holdings(institution, shared),
    )


def _holdings(institution: Whole, shared: np.ndarray) -> Holdings:
    """One in fifty is lent 70 : 30 with the next institution."""
    loan = np.concatenate([np.arange(len(institution)), np.flatnonzero(shared)])
    second = np.arange(len(loan)) >= len(institution)
    order = np.lexsort((second, loan))
    loan, second = loan[order], second[order]
    both = shared[loan]
    return Holdings(
        loan,
        (institution[loan] + second) % len(INSTITUTIONS),
        np.where(second, 70, 0),
        np.where(second, 100, np.where(both, 70, 1)),
        np.where(both, 100, 1),
    )
