"""Laws of who holds what: the parts of every loan lie end to end, and a discount stands at what its principal asks.

Rule kept: parts are never edited; a sale ends one and begins another. What is still carried of a discount is derived (core/sale), and
what the ledger carries beside it is found here and released by the end of day (operations/release_discounts).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from puhui.servicing.core.laws import Breach
from puhui.servicing.core.sale import discount_left

_GAPS = """
SELECT share.loan_id FROM servicing_share share
 WHERE NOT EXISTS (SELECT FROM servicing_share_end gone WHERE gone.share_id = share.id)
 GROUP BY share.loan_id
HAVING sum(to_weight::numeric / of_weight - from_weight::numeric / of_weight) <> 1 OR min(from_weight) <> 0
    OR count(DISTINCT from_weight) <> count(*) OR count(DISTINCT of_weight) <> 1
"""
# What the ledger still carries of each discount or premium, with the part's principal by the same rounding as Holdings.part.
_CARRIED = """
SELECT share.loan_id, share.institution_id, loan.state, share.discount_minor, share.bought_principal_minor,
       (loan.outstanding_minor::numeric * share.to_weight * 2 + share.of_weight) / (2 * share.of_weight),
       (loan.outstanding_minor::numeric * share.from_weight * 2 + share.of_weight) / (2 * share.of_weight),
       coalesce((SELECT sum(CASE WHEN posting.credit IN ('purchase_discount', 'purchase_premium') THEN posting.amount_minor
                                 ELSE -posting.amount_minor END)
                   FROM servicing_posting posting WHERE posting.loan_id = share.loan_id
                    AND posting.institution_id = share.institution_id
                    AND (posting.debit IN ('purchase_discount', 'purchase_premium')
                         OR posting.credit IN ('purchase_discount', 'purchase_premium'))), 0)
  FROM servicing_share share JOIN servicing_loan loan ON loan.id = share.loan_id
 WHERE share.discount_minor <> 0 AND NOT EXISTS (SELECT FROM servicing_share_end gone WHERE gone.share_id = share.id)
"""
_POSTED_ON = "EXISTS (SELECT FROM servicing_posting posting WHERE posting.loan_id = share.loan_id AND posting.business_date = %s)"


@dataclass(frozen=True, slots=True)
class Carried:
    """One discount or premium of a part: what the ledger carries and what it should, both below zero for a premium."""

    loan_id: str
    institution_id: str
    state: str
    premium: bool
    carried_minor: int
    left_minor: int


def carried(first: int, last: int, *, posted_on: date) -> list[Carried]:
    """The discounts of a range of loans on which something was posted that day."""
    where = f" AND share.loan_number BETWEEN %s AND %s AND {_POSTED_ON}"
    return list(_carried(_CARRIED + where, [first, last, posted_on]))


def breaches(today: date) -> list[Breach]:
    """Parts with gaps or overlaps; discounts that the last end of day left elsewhere than at their principal."""
    found = [Breach("parts of a loan lie end to end", row[0], 1, 0) for row in _rows(_GAPS, [])]
    for each in _carried(f"{_CARRIED} AND NOT {_POSTED_ON}", [today]):
        if each.carried_minor != each.left_minor:
            where = f"{each.loan_id}/{each.institution_id}"
            found.append(Breach("a discount stands at its principal", where, each.left_minor, each.carried_minor))
    return found


def _carried(statement: str, parameters: list[Any]) -> Iterator[Carried]:
    for loan, institution, state, discount, bought, upto, below, minor in _rows(statement, parameters):
        left = discount_left(discount, int(upto) - int(below), bought)
        yield Carried(loan, institution, state, discount < 0, int(minor), left)


def _rows(statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
