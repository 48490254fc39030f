"""The proof of the book (`puhui ledger verify`): everything again from facts, in columns, compared to what is stored.

Rule kept: facts are terms, cash and dates; all else is a fold over them. The rebuild uses the same core as the day's
work, over all loans at once: schedules from terms, allocation from cash received, interest from dates; then journal
balances loan by loan. What it finds is a list of breaches; it repairs nothing.
"""

from datetime import date

import numpy as np
import polars as pl

from puhui.servicing import columns, control, fold_proof, loan_ledger, models, parts_of_loans
from puhui.servicing.core import accounts, laws
from puhui.servicing.core.accrual import accrued_to
from puhui.servicing.core.laws import Breach
from puhui.servicing.core.schedule import Schedule, build
from puhui.servicing.core.settlement import OpenLoans, OpenRows, settle_due
from puhui.servicing.core.terms import Flags, Whole
from puhui.servicing.core.waterfall import per_loan

_BATCH = 20_000


def breaches() -> list[Breach]:
    """Every law that does not hold, from the first posting to now."""
    found: list[Breach] = []
    for institution, total in control.ledger_of(models.Posting.objects.all()).items():
        found += laws.trial_balance_is_zero(institution, total) + laws.right_sides(institution, total)
    found += control.instalments_against_loans() + control.lines_against_postings() + _entities_agree() + _keys_agree()
    today = models.open_day()
    if today is None:
        return found
    found += parts_of_loans.breaches(today.business_date)
    loans = models.Loan.objects.exclude(state="cancelled").order_by("id")
    for start in range(0, loans.count(), _BATCH):
        found += _again(list(loans[start : start + _BATCH]), today.business_date)
    return found


def _again(loans: list[models.Loan], today: date) -> list[Breach]:
    """A batch of loans: those with plain histories in columns, the others each by its fold."""
    folded = fold_proof.need_folding(loans)
    plain = [loan for loan in loans if loan.id not in folded]
    others = [loan for loan in loans if loan.id in folded]
    found = _rebuild(plain, today) if plain else []
    if others:
        found += fold_proof.breaches(others, _journal_balances([loan.id for loan in others]), today)
    return found


def _rebuild(loans: list[models.Loan], today: date) -> list[Breach]:
    """A batch of loans from terms and cash, compared with instalments, loan rows and journal balances."""
    plan = build([columns.terms_of(loan) for loan in loans])
    stored = _stored_instalments(loans)
    found = _planned_as_stored(loans, plan, stored)
    if found:
        return found
    received, last_settled = _cash(loans), _settled_through(today)
    disbursed = np.array([loan.state != "booked" for loan in loans])
    rows = OpenRows(plan.loan, plan.due_on, plan.interest_minor, plan.principal_minor)
    held = OpenLoans(np.zeros(len(loans), np.int64), np.array([loan.waterfall for loan in loans]))
    done = settle_due(rows, held, np.where(disbursed, received, 0), last_settled)
    paid = {
        "interest": columns.column(stored, "paid_interest_minor"),
        "principal": columns.column(stored, "paid_principal_minor"),
    }
    # A payment of today may already have settled what is due today; the end of day would do the same.
    today_done = settle_due(rows, held, np.where(disbursed, received, 0), np.datetime64(today))
    for head, early, late in (
        ("interest", done.interest_minor, today_done.interest_minor),
        ("principal", done.principal_minor, today_done.principal_minor),
    ):
        wrong = (paid[head] != early) & (paid[head] != late)
        found += _at(loans, plan.loan, wrong, f"{head} paid equals rebuild", late, paid[head])
    return found + _journal_agrees(loans, plan, paid, received, disbursed, today)


def _settled_through(today: date) -> np.datetime64:
    """Credit settles dues at the end of day: what is certain is settled through yesterday."""
    return np.datetime64(today) - np.timedelta64(1, "D")


def _stored_instalments(loans: list[models.Loan]) -> pl.DataFrame:
    names = ", ".join(columns.INSTALMENT_COLUMNS)
    statement = f"SELECT {names} FROM servicing_instalment WHERE loan_id = ANY(%s)"
    ids = [loan.id for loan in loans]
    rows = columns.read_frame(statement, columns.INSTALMENT_COLUMNS, [ids])
    return rows.join(pl.DataFrame({"loan_id": ids}).with_row_index("loan"), on="loan_id").sort("loan", "n")


def _planned_as_stored(loans: list[models.Loan], plan: Schedule, stored: pl.DataFrame) -> list[Breach]:
    """The stored plan is the plan of the terms, row by row."""
    if len(plan) != stored.height:
        return [Breach("instalments equal rebuild", "number of rows", len(plan), stored.height)]
    found: list[Breach] = []
    for name, wanted in (
        ("loan", plan.loan),
        ("n", plan.n),
        ("due_on", plan.due_on.astype(np.int64)),
        ("principal_minor", plan.principal_minor),
        ("interest_minor", plan.interest_minor),
    ):
        stored_column = columns.column(stored, name).astype(np.int64)
        found += _at(loans, plan.loan, stored_column != wanted, f"{name} equals rebuild", wanted, stored_column)
    return found


def _cash(loans: list[models.Loan]) -> Whole:
    """Cash received by loan, from the facts, not from the loan's own column."""
    statement = "SELECT loan_id, sum(amount_minor)::bigint FROM servicing_event WHERE kind = 'repay' AND loan_id = ANY(%s) GROUP BY 1"
    ids = [loan.id for loan in loans]
    sums = dict(columns.read_frame(statement, {"loan_id": pl.String, "minor": pl.Int64}, [ids]).rows())
    return np.array([sums.get(loan_id, 0) for loan_id in ids], np.int64)


def _journal_agrees(
    loans: list[models.Loan], plan: Schedule, paid: dict[str, Whole], received: Whole, disbursed: Flags, today: date
) -> list[Breach]:
    """Balances of the journal, loan by loan, against terms, cash and dates; interest on and off the balance sheet together."""
    count = len(loans)
    paid_loan = {head: per_loan(amounts, plan.loan, count) for head, amounts in paid.items()}
    half_even = np.array([loan.rounding == "half_even" for loan in loans])[plan.loan]
    earned = accrued_to(plan.interest_minor, plan.starts_on, plan.due_on, np.datetime64(today), half_even)
    principal = np.array([loan.principal_minor for loan in loans], np.int64) - paid_loan["principal"]
    credit = received - paid_loan["interest"] - paid_loan["principal"]
    owed = np.where(disbursed, per_loan(earned, plan.loan, count) - paid_loan["interest"], 0)
    off = np.array([loan.non_accrual_on is not None for loan in loans])
    wanted = {
        accounts.LOAN_PRINCIPAL: np.where(disbursed, principal, 0),
        accounts.INTEREST_RECEIVABLE: np.where(off, 0, owed),
        accounts.MEMO_INTEREST: np.where(off, owed, 0),
        accounts.BORROWER_CREDIT: np.where(disbursed, -credit, 0),
    }
    in_journal = _journal_balances([loan.id for loan in loans])
    every = np.arange(count)
    found: list[Breach] = []
    for account, amounts in wanted.items():
        held = np.array([in_journal.get((loan.id, account), 0) for loan in loans], np.int64)
        found += _at(loans, every, held != amounts, f"journal equals rebuild: {account}", amounts, held)
    for name, amounts in (
        ("outstanding_minor", wanted[accounts.LOAN_PRINCIPAL]),
        ("credit_minor", -wanted[accounts.BORROWER_CREDIT]),
        ("received_minor", received),
    ):
        kept = np.array([getattr(loan, name) for loan in loans], np.int64)
        found += _at(loans, every, kept != amounts, f"loan row equals rebuild: {name}", amounts, kept)
    return found


def _journal_balances(ids: list[str]) -> dict[tuple[str, str], int]:
    """Debit − credit by loan and account, over all institutions: its own postings, and its lines of what accrued."""
    found: dict[tuple[str, str], int] = {}
    for (loan, _, account), minor in loan_ledger.balances(ids).items():
        found[loan, account] = found.get((loan, account), 0) + minor
    return found


def _keys_agree() -> list[Breach]:
    """What foreign keys would say, for all rows at once: every posting, entry, instalment and move has its loan and entry."""
    found = []
    for law, statement in _ORPHANS.items():
        rows = columns.read_frame(statement, {"id": pl.String}).rows()
        found += [Breach(law, row[0], 0, 1) for row in rows]
    return found


_ORPHANS = {
    "a posting has its entry": "SELECT p.id::text FROM servicing_posting p LEFT JOIN servicing_entry e ON e.id = p.entry_id "
    "WHERE e.id IS NULL",
    "a posting has its loan": "SELECT p.id::text FROM servicing_posting p LEFT JOIN servicing_loan l ON l.id = p.loan_id "
    "WHERE p.loan_id IS NOT NULL AND l.id IS NULL",
    "an instalment has its loan": "SELECT DISTINCT i.loan_id FROM servicing_instalment i LEFT JOIN servicing_loan l "
    "ON l.id = i.loan_id WHERE l.id IS NULL",
    "a move has its loan": "SELECT m.id::text FROM servicing_move m LEFT JOIN servicing_loan l ON l.id = m.loan_id "
    "WHERE l.id IS NULL",
}


def _entities_agree() -> list[Breach]:
    """A posting stands in the books of who holds or held its loan, or paid for it as guarantor, and of its entry's institution."""
    statement = (
        "SELECT p.id::text FROM servicing_posting p JOIN servicing_entry e ON e.id = p.entry_id "
        "LEFT JOIN servicing_loan l ON l.id = p.loan_id WHERE p.institution_id <> e.institution_id OR "
        "(p.institution_id <> l.institution_id AND NOT EXISTS (SELECT FROM servicing_share s "
        "WHERE s.loan_id = p.loan_id AND s.institution_id = p.institution_id) AND NOT EXISTS (SELECT FROM servicing_event g "
        "WHERE g.loan_id = p.loan_id AND g.kind = 'compensate' AND g.details->>'guarantor' = p.institution_id))"
    )
    rows = columns.read_frame(statement, {"id": pl.String}).rows()
    return [Breach("one posting, one legal entity", f"posting {row[0]}", 0, 1) for row in rows]


def _at(loans: list[models.Loan], loan: Whole, wrong: Flags, law: str, wanted: Whole, got: Whole) -> list[Breach]:
    return [Breach(law, loans[int(loan[i])].id, int(wanted[i]), int(got[i])) for i in np.flatnonzero(wrong)]
