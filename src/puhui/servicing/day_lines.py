"""The journal of one loan: its postings, and its lines of what accrued day by day, in the order in which they were made.

Rule kept: the ledger has one posting a slice for what accrued; a reader of one loan sees its own line of it, with the entry
that holds the sum.
"""

from django.db import connection

from puhui.servicing.core import accounts
from puhui.servicing.core.changes import EARNED
from puhui.servicing.views import JournalLine

_PAIRS = ", ".join(
    f"(line.{head}_minor, CASE WHEN line.on_balance THEN '{accounts.RECEIVABLE_OF_HEAD[head]}' ELSE '{accounts.MEMO_INTEREST}' "
    f"END, CASE WHEN line.on_balance THEN '{accounts.INCOME_OF_HEAD[head]}' ELSE '{accounts.MEMO_CONTRA}' END, {place})"
    for place, head in enumerate(EARNED)
)
_JOURNAL = f"""
SELECT entry_id, kind, effective_date, recorded_at, debit, credit, amount_minor FROM (
  SELECT posting.entry_id, entry.kind, entry.effective_date, entry.recorded_at, posting.debit, posting.credit,
         posting.amount_minor, posting.business_date, posting.institution_id, 0 AS part, posting.id AS place
    FROM servicing_posting posting JOIN servicing_entry entry ON entry.id = posting.entry_id
   WHERE posting.loan_id = %(loan)s
  UNION ALL
  SELECT entry.id, entry.kind, part.business_date, part.recorded_at,
         CASE WHEN line.minor > 0 THEN line.debit ELSE line.credit END,
         CASE WHEN line.minor > 0 THEN line.credit ELSE line.debit END, abs(line.minor), part.business_date,
         part.institution_id, 1, line.place
    FROM servicing_loan loan
    JOIN servicing_day_part part ON loan.number BETWEEN part.first_number AND part.last_number
    JOIN servicing_entry entry ON entry.institution_id = part.institution_id AND entry.kind = 'accrue' AND
         entry.idempotency_key = 'close-' || part.business_date || '-' || part.first_number ||
                                 CASE WHEN part.closed_early THEN '-early' ELSE '' END
    CROSS JOIN LATERAL (SELECT pair.* FROM
         unnest(part.loan_numbers, part.interest_minor, part.penalty_minor, part.compound_minor, part.on_balance)
           AS line (loan_number, interest_minor, penalty_minor, compound_minor, on_balance),
         LATERAL (VALUES {_PAIRS}) pair (minor, debit, credit, place)
         WHERE line.loan_number = loan.number AND pair.minor <> 0) line
   WHERE loan.id = %(loan)s) lines
ORDER BY business_date, part, place, institution_id
"""


def journal_of(loan_id: str) -> list[JournalLine]:
    """Every line of one loan that the asker may see."""
    with connection.cursor() as cursor:
        cursor.execute(_JOURNAL, {"loan": loan_id})
        return [JournalLine(*row) for row in cursor.fetchall()]
