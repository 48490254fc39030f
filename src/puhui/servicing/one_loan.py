"""One loan in the core's columns: read under its locks in one round trip, written back in another.

Rule kept: a row is a batch of one (card 6), so a payment is settled by the very code of the end of day. Only the way to
PostgreSQL is its own: the statements of a payment travel together (pipeline), which is what makes five hundred a second
possible on two cores.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from puhui.servicing import models
from puhui.servicing.core.classification import CLASSES
from puhui.servicing.core.day import DayLoans, DayRows
from puhui.servicing.core.loan_policy import YEAR_DAYS, LoanPolicy
from puhui.servicing.core.penalty import Counted, LateTerms
from puhui.servicing.core.provision import penalty_rate_millionths
from puhui.servicing.core.settlement import OpenLoans
from puhui.servicing.core.shares import Holdings
from puhui.servicing.core.terms import RATE_SCALE, Whole
from puhui.servicing.core.waterfall import Waterfall
from puhui.store import prepared

_LOCKS = (
    "SELECT pg_advisory_xact_lock_shared(%s), pg_advisory_xact_lock(hashtextextended("
    "concat_ws('/', 'servicing_request', institution_id, %s::text, %s::text), 0)) FROM servicing_loan WHERE id = %s"
)
_DAYS = "SELECT state, business_date FROM servicing_business_day WHERE state <> 'closed'"
# Only the loan's row is waited for; days, key and shares cannot change under the locks that are held by then.
_LOAN = f"""
SELECT id, number, institution_id, state, outstanding_minor, received_minor, credit_minor, oldest_due_on, five_class, stage,
       provision_minor, ecl_minor, product, final_due_on, non_accrual_on, restructured_on, disbursed_on, rounding,
       annual_rate, day_count, waterfall,
       policy::text AS policy, (SELECT array_agg(ARRAY[state, business_date::text]) FROM ({_DAYS}) days) AS days,
       (SELECT ARRAY[request.input_hash, request.answer::text] FROM servicing_request request
         WHERE request.institution_id = loan.institution_id AND request.operation = %s
           AND request.idempotency_key = %s) AS known,
       (SELECT array_agg(ARRAY[institution_id, from_weight::text, to_weight::text, of_weight::text] ORDER BY from_weight)
          FROM servicing_share share WHERE share.loan_id = loan.id AND NOT EXISTS
               (SELECT FROM servicing_share_end gone WHERE gone.share_id = share.id)) AS shares
  FROM servicing_loan loan
 WHERE id = %s AND (%s OR NOT EXISTS (SELECT FROM servicing_business_day WHERE state = 'closing')) FOR UPDATE OF loan
"""
_ROW_FIELDS = (
    *("n", "starts_on", "due_on", "penalty_to", "interest_minor", "principal_minor", "fee_minor", "planned_fee_minor"),
    "earned_before_minor",
    *("penalty_minor", "penalty_carry", "compound_minor", "compound_carry", "charged_penalty_minor"),
    *("paid_fee_minor", "paid_penalty_minor", "paid_compound_minor", "paid_interest_minor", "paid_principal_minor"),
)
_ROWS = (
    f"SELECT {', '.join(_ROW_FIELDS)} FROM servicing_instalment "
    "WHERE loan_id = %s AND settled_on IS NULL AND due_on <= %s ORDER BY n"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which loan, due by which day, under which operation and key."""

    loan_id: str
    on: date
    operation: str
    key: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What stands in the book: `loan` is None where there is none, or where a day is closing and was not expected to be."""

    known: tuple[str, dict[str, Any]] | None
    days: dict[str, date]  # by state: open, closing
    loan: Any
    rows: list[tuple[Any, ...]]
    shares: list[Any]


def take(wanted: Wanted, *, closed_early: bool = False) -> Taken:
    """Lock books, key and loan; read all that a write on the loan needs. Inside the caller's transaction."""
    _, loans, rows = prepared.together(
        [
            (_LOCKS, (models.BOOKS, wanted.operation, wanted.key, wanted.loan_id)),
            (_LOAN, (wanted.operation, wanted.key, wanted.loan_id, closed_early)),
            (_ROWS, (wanted.loan_id, wanted.on)),
        ]
    )
    if not loans:
        return Taken(None, dict(prepared.rows(_DAYS)), None, [], [])
    (loan,), found = loans, [tuple(row) for row in rows]
    return Taken(
        known=None if loan.known is None else (loan.known[0], json.loads(loan.known[1])),
        days={state: date.fromisoformat(day) for state, day in loan.days or ()},
        loan=loan,
        rows=found,
        shares=[(name, *map(int, weights)) for name, *weights in loan.shares or ()],
    )


def send(statements: Sequence[tuple[str, Sequence[Any]]]) -> None:
    """Write: all statements in one round trip."""
    prepared.together(statements)


def day_loans(loan: Any) -> tuple[DayLoans, dict[str, Waterfall]]:
    """The loan as a batch of one."""
    policy = policy_of(loan)
    return (
        DayLoans(
            held=OpenLoans(_one(loan.credit_minor), np.array([policy.performing.name])),
            outstanding_minor=_one(loan.outstanding_minor),
            state=np.array([loan.state]),
            oldest_due_on=np.array([loan.oldest_due_on], "datetime64[D]"),
            class_position=_one(CLASSES.index(loan.five_class)),
            stage=_one(loan.stage),
            provision_minor=_one(loan.provision_minor),
            ecl_minor=_one(loan.ecl_minor),
            non_accrual=np.array([loan.non_accrual_on is not None]),
            restructured=np.array([loan.restructured_on is not None]),
            order_late=np.array([policy.non_performing.name]),
            late_over=_one(policy.non_performing_over),
            product=np.array([loan.product]),
            final_due_on=np.array([loan.final_due_on], "datetime64[D]"),
        ),
        {order.name: order for order in (policy.performing, policy.non_performing)},
    )


def day_rows(loan: Any, rows: Sequence[tuple[Any, ...]]) -> DayRows:
    """Its instalments, in the order of their numbers."""
    by_name = dict(zip(_ROW_FIELDS, zip(*rows, strict=True) if rows else [()] * len(_ROW_FIELDS), strict=True))
    count = len(rows)

    def whole(name: str) -> Whole:
        return np.array(by_name[name], np.int64)

    policy, rate = policy_of(loan), _one(int(loan.annual_rate * RATE_SCALE))
    late = LateTerms(
        penalty_rate_millionths(rate, policy.penalty_multiplier, policy.penalty_cap),
        _one(YEAR_DAYS.get(loan.day_count, 360)),
        _one(policy.grace_days),
        np.array([policy.compounds]),
    )
    return DayRows(
        loan=np.zeros(count, np.int64),
        starts_on=np.array(by_name["starts_on"], "datetime64[D]"),
        due_on=np.array(by_name["due_on"], "datetime64[D]"),
        asked={head: whole(f"{head}_minor") for head in ("interest", "principal", "fee")},
        planned_fee_minor=whole("planned_fee_minor"),
        paid={head: whole(f"paid_{head}_minor") for head in ("fee", "penalty", "compound", "interest", "principal")},
        penalty=Counted(whole("penalty_minor"), whole("penalty_carry")),
        compound=Counted(whole("compound_minor"), whole("compound_carry")),
        counted_to=np.array(by_name["penalty_to"], "datetime64[D]"),
        half_even=np.full(count, loan.rounding == "half_even"),
        late_terms=late.of_rows(np.zeros(count, np.int64)),
        earned_before_minor=whole("earned_before_minor"),
        charged_penalty_minor=whole("charged_penalty_minor"),
    )


def holdings(loan: Any, shares: Sequence[Any]) -> tuple[Holdings, list[str]]:
    """Who holds the loan, and the names of the holders; one that holds two parts is named once."""
    if not shares:
        return Holdings.whole(np.zeros(1, np.int64)), [loan.institution_id]
    weights = (np.array([share[place] for share in shares], np.int64) for place in (1, 2, 3))
    names = list(dict.fromkeys(share[0] for share in shares))
    whose = np.array([names.index(share[0]) for share in shares], np.int64)
    return Holdings(np.zeros(len(shares), np.int64), whose, *weights), names


def policy_of(loan: Any) -> LoanPolicy:
    """The policy frozen with the loan."""
    return _read_policy(loan.policy, loan.waterfall)


@lru_cache(maxsize=4096)
def _read_policy(record: str, waterfall: str) -> LoanPolicy:
    return LoanPolicy.of_record(json.loads(record), waterfall=waterfall)


def _one(value: int) -> Whole:
    return np.array([value], np.int64)


__all__ = ["Taken", "Wanted", "day_loans", "day_rows", "holdings", "policy_of", "send", "take"]
