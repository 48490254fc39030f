"""What is known to be paid or received, beside an ordinary run that holds some of it already: nothing is counted twice.

Rule kept (decision 0270): what is known of a kind (suppliers' bills, customers' debts, taxes, instalments) stands in the place of what usually is
paid of that kind: the running sum of the weeks is the larger of the two. Fen.

>>> beyond([0, 3_000, 0, 0], usual_minor=13_000, usual_weeks=13)
[0, 1000, -1000, 0]
>>> beyond([0, 3_000, 0, 0], usual_minor=0, usual_weeks=13)
[0, 3000, 0, 0]
"""

from collections.abc import Sequence


def beyond(known: Sequence[int], *, usual_minor: int, usual_weeks: int) -> list[int]:
    """By week, what known amounts (at least zero) add to an ordinary run of `usual_minor` over `usual_weeks`; below zero where the run has caught up."""
    found, told, before = [], 0, 0
    for week, minor in enumerate(known, 1):
        told += minor
        more = max(told - usual_minor * week // max(usual_weeks, 1), 0)
        found.append(more - before)
        before = more
    return found
