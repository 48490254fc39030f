"""Balances of single loans in the books of each institution, from the journal: postings that name the loan, and its lines of what accrued.

Rule kept: the journal is the truth. Provisions are posted in sums and are not found here; what stands for a loan is the part of its
target (holders.py).
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import polars as pl

from puhui.servicing import columns
from puhui.servicing.core import accounts
from puhui.servicing.core.changes import EARNED

Balances = dict[tuple[str, str, str], int]  # (loan, institution, account) → debit − credit
_POSTED = """
SELECT loan_id, institution_id, account, sum(minor)::bigint FROM (
  SELECT loan_id, institution_id, debit AS account, amount_minor AS minor FROM servicing_posting
   WHERE loan_id = ANY(%s) AND id >= %s
  UNION ALL SELECT loan_id, institution_id, credit, -amount_minor FROM servicing_posting WHERE loan_id = ANY(%s) AND id >= %s) sides
GROUP BY 1, 2, 3
"""
_LINES = """
WITH asked AS MATERIALIZED (SELECT id, number FROM servicing_loan WHERE id = ANY(%s))
SELECT asked.id, part.institution_id, line.on_balance, sum(line.interest)::bigint, sum(line.penalty)::bigint, sum(line.compound)::bigint
  FROM servicing_day_part part, unnest(part.loan_numbers, part.interest_minor, part.penalty_minor, part.compound_minor,
       part.on_balance) AS line (number, interest, penalty, compound, on_balance) JOIN asked ON asked.number = line.number
 WHERE part.last_number >= (SELECT min(number) FROM asked) AND part.first_number <= (SELECT max(number) FROM asked)
   AND part.business_date >= %s
 GROUP BY 1, 2, 3
"""
_EVER = date(1900, 1, 1)


def balances(loan_ids: Sequence[str], *, since_posting: int = 0, since_day: date = _EVER) -> Balances:
    """Balances by loan, institution and account, of all that was posted, or from a posting and a business date on."""
    ids, found = list(loan_ids), Balances()
    schema = dict.fromkeys(("loan", "institution", "account"), pl.String) | {"minor": pl.Int64}
    parameters: list[Any] = [ids, since_posting, ids, since_posting]
    for loan, institution, account, minor in columns.read_frame(_POSTED, schema, parameters).rows():
        found[loan, institution, account] = minor
    for loan, institution, account, minor in _accrued(ids, since_day):
        found[loan, institution, account] = found.get((loan, institution, account), 0) + minor
    return found


def _accrued(ids: list[str], since: date) -> Iterator[tuple[str, str, str, int]]:
    """Both sides of the lines of what accrued."""
    schema = dict.fromkeys(("loan", "institution", "on_balance"), pl.String) | dict.fromkeys(EARNED, pl.Int64)
    for loan, institution, on_balance, *sums in columns.read_frame(_LINES, schema, [ids, since]).rows():
        for head, minor in zip(EARNED, sums, strict=True):
            pair = (accounts.RECEIVABLE_OF_HEAD[head], accounts.INCOME_OF_HEAD[head])
            debit, credit = pair if on_balance == "t" else (accounts.MEMO_INTEREST, accounts.MEMO_CONTRA)
            yield loan, institution, debit, minor
            yield loan, institution, credit, -minor
