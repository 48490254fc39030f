"""The laws of the whole book, as functions that return what breaks them (an empty list is a proof).

Laws: the trial balance is zero; the sub-ledger (loan by loan) equals the ledger; the book equals its rebuild from
terms and cash alone; no balance stands on the wrong side.

>>> balances([("loan_principal", "cash", 100), ("cash", "loan_principal", 40)])
{'loan_principal': 60, 'cash': -60}
>>> compare("sub-ledger", {"loan_1": 60}, {"loan_1": 59})
[Breach(law='sub-ledger', where='loan_1', expected=60, found=59)]
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from puhui.servicing.core.accounts import CHART


@dataclass(frozen=True, slots=True)
class Breach:
    """A law that does not hold, and where. Amounts in minor units."""

    law: str
    where: str
    expected: int
    found: int


def balances(postings: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    """Debit minus credit by account, from (debit, credit, amount) rows, summed or not."""
    total: dict[str, int] = {}
    for debit, credit, amount in postings:
        total[debit] = total.get(debit, 0) + amount
        total[credit] = total.get(credit, 0) - amount
    return total


def trial_balance_is_zero(institution_id: str, total: Mapping[str, int]) -> list[Breach]:
    """All accounts of one legal entity add up to nothing."""
    return compare("trial balance is zero", {institution_id: 0}, {institution_id: sum(total.values())})


def right_sides(institution_id: str, total: Mapping[str, int]) -> list[Breach]:
    """No per-loan account of the entity stands on the wrong side."""
    wrong = []
    for code, balance in total.items():
        side = 1 if CHART[code].normal_side == "debit" else -1
        if CHART[code].per_loan and balance * side < 0:
            wrong.append(Breach("balance on its normal side", f"{institution_id}/{code}", 0, balance))
    return wrong


def compare(law: str, expected: Mapping[str, int], found: Mapping[str, int]) -> list[Breach]:
    """Every place where two views of the same amounts differ; a missing amount counts as zero."""
    places = sorted(expected.keys() | found.keys())
    pairs = ((place, expected.get(place, 0), found.get(place, 0)) for place in places)
    return [Breach(law, place, wanted, got) for place, wanted, got in pairs if wanted != got]
