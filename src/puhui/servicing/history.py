"""A loan's stored history as the fold takes it: terms, policy and facts from rows; the fold of them on a day.

Rule kept: facts are folded by one code (core/fold), whoever asks: a write, a quote, a preview, the proof.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from puhui.servicing import models
from puhui.servicing.columns import terms_of
from puhui.servicing.core.daycount import day_number
from puhui.servicing.core.dues import Late, Policy
from puhui.servicing.core.fold import Fact, Folded, fold, fold_both
from puhui.servicing.core.loan_policy import YEAR_DAYS, LoanPolicy
from puhui.servicing.core.provision import penalty_rate_millionths
from puhui.servicing.core.terms import RATE_SCALE, LoanTerms
from puhui.store import arrays


@dataclass(frozen=True, slots=True)
class History:
    """Terms, policy and facts of one loan. A fact's `ref` is its event's id; the first disbursement lies in the terms."""

    terms: LoanTerms
    policy: Policy
    facts: tuple[Fact, ...]

    @classmethod
    def of(cls, row: models.Loan) -> "History":
        """The history of a stored loan."""
        told = [_fact(*event) for event in arrays.fetch(_EVENTS, [row.id])]
        first = next((fact for fact in told if fact.kind == "disburse"), None)
        return cls(terms_of(row), policy_of(row), tuple(fact for fact in told if fact is not first))

    def next(self, fact: Fact) -> Fact:
        """The fact as the last one entered."""
        return replace(fact, entered=max((each.entered for each in self.facts), default=0) + 1)

    def with_and_without(self, fact: Fact, as_of: date) -> tuple[Folded, Folded]:
        """The loan without the fact and with it, as the book keeps them. Raises Refused."""
        return fold_both(self.terms, self.policy, self.facts, fact, day_number(as_of))

    def folded(
        self, as_of: date, more: Sequence[Fact] = (), *, overdue_stays: bool = False, credit_waits: bool = False
    ) -> Folded:
        """The loan on a day, with further facts if wanted (see core.fold). Raises Refused."""
        facts, day = [*self.facts, *more], day_number(as_of)
        return fold(self.terms, self.policy, facts, day, overdue_stays=overdue_stays, credit_waits=credit_waits)


# Day numbers and text as the fold takes them: a long history has thousands of facts, most of them without details.
_EVENTS = """
SELECT CASE WHEN kind = 'reverse' THEN coalesce(reverses_id, '') ELSE id END, kind, effective_date - date '1970-01-01',
       coalesce(amount_minor, 0), sequence, CASE WHEN details <> '{}' THEN details::text END
  FROM servicing_event WHERE loan_id = %s ORDER BY sequence
"""


def _fact(ref: str, kind: str, on: int, amount_minor: int, sequence: int, details: str | None) -> Fact:
    """A stored event as a fact; that of a reversal is named after the event it undoes."""
    told = {} if details is None else json.loads(details)
    return Fact(on, kind, amount_minor, ref, sequence, None, told)


def policy_of(row: models.Loan) -> Policy:
    """The policy frozen with the loan, as the fold takes it."""
    frozen = LoanPolicy.of_record(row.policy, waterfall=row.waterfall)
    return Policy(
        waterfall=frozen.performing.heads,
        waterfall_past=frozen.non_performing.heads,
        past_days=frozen.non_performing_over,
        prepayment=frozen.prepayment or "credit",
        recalculation=frozen.recalculation,
        late=late_of(frozen, int(row.annual_rate * RATE_SCALE), row.day_count),
    )


def late_of(frozen: LoanPolicy, rate_millionths: int, day_count: str) -> Late | None:
    """What being late costs: contract rate × multiplier, at most the cap; None where nothing is charged."""
    if not frozen.penalty_multiplier:
        return None
    rate = penalty_rate_millionths(np.array([rate_millionths]), frozen.penalty_multiplier, frozen.penalty_cap)
    return Late(int(rate[0]), YEAR_DAYS.get(day_count, 360), frozen.grace_days, frozen.compounds)
