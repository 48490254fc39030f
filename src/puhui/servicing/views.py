"""What leaves the room: frozen values of a loan, an instalment, a journal line, a balance, a day.

Rule kept: rows stay home (card 8); amounts are minor units, rates decimals, dates dates.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from puhui.servicing.core.terms import LoanTerms


@dataclass(frozen=True, slots=True)
class LoanView:
    """One loan: who, what was agreed, and where it stands. `institution_id` lent it, `held_by` is its first funder now."""

    loan_id: str
    institution_id: str
    person_id: str
    shop_id: str
    application_id: str
    offer_id: str
    disclosure_id: str
    terms: LoanTerms
    waterfall: str
    final_due_on: date
    state: str
    state_name: str
    outstanding_minor: int
    received_minor: int
    credit_minor: int
    days_past_due: int
    bucket: str
    five_class: str
    closed_on: date | None
    apr_simple: Decimal
    apr_compound: Decimal
    held_by: str = ""


@dataclass(frozen=True, slots=True)
class InstalmentView:
    """One instalment with what was paid of it; `state` is planned, due, overdue or paid."""

    n: int
    starts_on: date
    due_on: date
    principal_minor: int
    interest_minor: int
    due_minor: int
    balance_minor: int
    paid_principal_minor: int
    paid_interest_minor: int
    unpaid_minor: int
    settled_on: date | None
    state: str


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One posting with its entry."""

    entry_id: str
    kind: str
    effective_date: date
    recorded_at: datetime
    debit: str
    credit: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class MoveView:
    """One step of a loan's life."""

    from_state: str
    verb: str
    to_state: str
    effective_date: date
    reason: str


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """One line of the trial balance: exactly one of the two columns is not zero."""

    account: str
    name_zh: str
    name_en: str
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class LoanFilter:
    """What to list. Empty fields do not filter; `text` is part of an id."""

    state: str = ""
    institution_id: str = ""
    shop_id: str = ""
    person_id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class LoanPage:
    """One page of loans, newest first."""

    loans: list[LoanView]
    page: int
    pages: int
    total: int


@dataclass(frozen=True, slots=True)
class BookSummary:
    """The book as of the end of one business date, summed over the institutions the asker may see."""

    as_of: date
    loans: int
    outstanding_minor: int
    overdue_loans: int
    by_institution: dict[str, int] = field(default_factory=dict)
    by_bucket: dict[str, int] = field(default_factory=dict)
    by_class: dict[str, int] = field(default_factory=dict)
