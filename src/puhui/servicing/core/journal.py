"""Double entry: a posting is a debit account, a credit account and a positive amount (card 20).

Rule kept: an entry balances by construction, since every posting moves one amount between two accounts; entries are
never edited, only reversed by another entry. `pair` decides in columns which money paid what.

>>> entry = Entry("disburse", "inst_1", date(2026, 1, 15), (Posting("loan_principal", "cash", 100, "loan_1"),))
>>> reverse(entry, effective_date=date(2026, 1, 16)).postings[0].debit
'cash'
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from puhui.servicing.core.accounts import CHART
from puhui.servicing.core.terms import Whole


@dataclass(frozen=True, slots=True)
class Posting:
    """`amount_minor` leaves `credit` and arrives at `debit`, for one loan."""

    debit: str
    credit: str
    amount_minor: int
    loan_id: str

    def __post_init__(self) -> None:
        if self.debit not in CHART or self.credit not in CHART:
            raise ValueError(f"no such account in the chart: {self.debit} / {self.credit}")
        if self.debit == self.credit or self.amount_minor <= 0:
            raise ValueError(f"a posting moves a positive amount between two accounts: {self}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One business event of one legal entity with its postings."""

    kind: str
    institution_id: str
    effective_date: date
    postings: tuple[Posting, ...]
    reverses: str = ""


def reverse(entry: Entry, *, effective_date: date, entry_id: str = "") -> Entry:
    """The entry that undoes another: every posting with its sides exchanged."""
    undone = tuple(replace(line, debit=line.credit, credit=line.debit) for line in entry.postings)
    return replace(entry, kind="reverse", effective_date=effective_date, postings=undone, reverses=entry_id)


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """One debit/credit pair for a whole batch: `amount_minor` has a row for every loan, often zero."""

    debit: str
    credit: str
    amount_minor: Whole


def pair(sources: Mapping[str, Whole], sinks: Mapping[str, Whole]) -> list[Flow]:
    """Lay sources and sinks end to end, in the order given, and read off who pays whom; loan by loan.

    The sums of both sides must agree in every row. Sources are debited, sinks credited.
    >>> flows = pair({"cash": np.array([5])}, {"interest_receivable": np.array([2]), "loan_principal": np.array([3])})
    >>> [(flow.credit, flow.amount_minor.tolist()) for flow in flows]
    [('interest_receivable', [2]), ('loan_principal', [3])]
    """
    source_ends = np.cumsum(np.vstack(list(sources.values())), axis=0)
    sink_ends = np.cumsum(np.vstack(list(sinks.values())), axis=0)
    assert np.array_equal(source_ends[-1], sink_ends[-1]), "money in and money placed differ"
    flows = []
    for debit, source_end in zip(sources, source_ends, strict=True):
        for credit, sink_end in zip(sinks, sink_ends, strict=True):
            start = np.maximum(source_end - sources[debit], sink_end - sinks[credit])
            overlap = np.maximum(np.minimum(source_end, sink_end) - start, 0)
            if debit != credit and overlap.any():
                flows.append(Flow(debit, credit, overlap))
    return flows
