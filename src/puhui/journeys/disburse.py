"""Pay a booked loan out: postings, quota confirmed, application funded, in one transaction; as often as asked, once.

Rule kept: no double disbursement. The servicing room remembers the key, the quota's confirmation is idempotent, and
the move of the application follows its state; a job that is run again after a crash finds what is done and stops.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from puhui.funding import operations as funding
from puhui.funding import queries as funding_queries
from puhui.journeys import fraud_conditions
from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing import operations as servicing
from puhui.servicing import queries as servicing_queries
from puhui.servicing.views import LoanFilter, LoanView
from puhui.underwriting import operations as underwriting

TOO_LATE = "约定放款日已过 · the agreed day of disbursement has passed"


@dataclass(frozen=True, slots=True)
class Disbursed:
    """`state` is active, booked while the agreed day has not come, or cancelled when it had passed before the money could go out."""

    loan_id: str
    state: str
    entry_id: str | None


@transaction.atomic
def disburse(loan_id: str, *, now: datetime) -> Disbursed:
    """Idempotent. A loan whose day has passed is cancelled, its quota freed, its application marked unfunded."""
    loan = servicing_queries.loan(loan_id)
    held = funding_queries.allotment_of(loan.offer_id)
    if held is None:
        raise Refused(Refusal("ALLOTMENT_UNKNOWN", "没有占用额度，不能放款 · no quota is reserved", where=loan_id))
    today = servicing_queries.business_date()
    if loan.state in ("booked", "cancelled") and today is not None and today > loan.terms.disbursed_on:
        return _give_up(loan, held[0], now=now)
    if loan.state == "booked" and today is not None and today < loan.terms.disbursed_on:
        return Disbursed(loan_id, "booked", None)
    fraud_conditions.refuse_unless_payee_named(loan.application_id)
    entry_id = servicing.disburse(loan_id, on=loan.terms.disbursed_on, key=f"disburse:{loan_id}", now=now)
    funding.confirm(held[0], now=now)
    underwriting.mark_funded(loan.application_id, loan_id=loan_id, now=now)
    return Disbursed(loan_id, "active", entry_id)


def _give_up(loan: LoanView, allotment_id: str, *, now: datetime) -> Disbursed:
    today = servicing_queries.business_date()
    assert today is not None, "the caller has seen an open business date"
    if loan.state == "booked":
        servicing.cancel_loan(loan.loan_id, reason=TOO_LATE, on=today, key=f"cancel:{loan.loan_id}", now=now)
    funding.void(allotment_id, reason=TOO_LATE, now=now)
    underwriting.mark_unfunded(loan.application_id, now=now)
    return Disbursed(loan.loan_id, "cancelled", None)


def waiting() -> list[str]:
    """Loans that are booked and not yet paid out, oldest first."""
    found, page = [], 1
    while True:
        shown = servicing_queries.loans(page=page, where=LoanFilter(state="booked"))
        found += [loan.loan_id for loan in shown.loans]
        if page >= shown.pages:
            return sorted(found)
        page += 1
