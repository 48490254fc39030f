"""How a lender without an optimiser would share out the same money, on the same firms, under the same limits.

    equal split      the same amount to every acceptable firm, up to its cap; what the capped leave goes round again
    by rating        A before B before C, each up to its cap
    by score         the lowest chance of default first, each up to its cap

Everybody gets its own best rate and nobody who earns nothing is lent to: both favour the baselines. Only the amounts differ.

>>> one = Book(np.array([0.1]), np.array([10**8]), (Rate(0.1, np.array([0.05]), np.array([0.01])),), {})
>>> {name: int(limit[0]) for name, limit in limits_of(one, ["A"], Limits(10**7, 10**7)).items()}
{'equal_split': 10000000, 'by_rating': 10000000, 'by_score': 10000000}
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from puhui.underwriting.core.portfolio import Book, Limits
from puhui.underwriting.core.portfolio import Rate as Rate  # for the example

Columns = npt.NDArray[np.float64]
Fen = npt.NDArray[np.int64]


def limits_of(firms: Book, rating: Sequence[str], limits: Limits) -> dict[str, Fen]:
    """Each baseline's limits, in whole fen, within budget, floor, caps and the loss budget."""
    value, loss = best_of(firms)
    good = (value > 0) & (firms.cap_minor >= limits.floor_minor)
    letters = np.array([ord(letter) if letter else 255 for letter in rating])
    rows = np.arange(len(value))
    return {
        "equal_split": _equal(firms, loss, good, limits),
        "by_rating": _in_order(firms, loss, good, np.lexsort((rows, letters)), limits),
        "by_score": _in_order(firms, loss, good, np.lexsort((rows, firms.pd)), limits),
    }


def best_of(firms: Book) -> tuple[Columns, Columns]:
    """(value, loss) of a yuan at each firm's own best rate."""
    value = np.column_stack([rate.value for rate in firms.rates])
    loss = np.column_stack([rate.loss for rate in firms.rates])
    best, rows = np.argmax(value, axis=1), np.arange(len(value))
    return value[rows, best], loss[rows, best]


def _in_order(firms: Book, loss: Columns, good: npt.NDArray[np.bool_], order: Fen, limits: Limits) -> Fen:
    limit = np.zeros(len(loss), dtype=np.int64)
    money, risk = limits.budget_minor, _risk(limits)
    for i in order:
        room = min(money, int(risk / loss[i])) if loss[i] > 0 and np.isfinite(risk) else money
        amount = min(int(firms.cap_minor[i]), room)
        if good[i] and amount >= limits.floor_minor:
            limit[i] = amount
            money -= amount
            risk -= amount * loss[i]
    return limit


def _equal(firms: Book, loss: Columns, good: npt.NDArray[np.bool_], limits: Limits) -> Fen:
    """Level by level; where not even the floor goes round, the first of the list get it. Scaled down to the loss budget."""
    rows = np.flatnonzero(good)[: limits.budget_minor // limits.floor_minor]
    limit = np.zeros(len(loss), dtype=np.int64)
    limit[rows] = limits.floor_minor
    while True:
        open_rows = rows[limit[rows] < firms.cap_minor[rows]]
        each = (limits.budget_minor - int(limit.sum())) // max(len(open_rows), 1)
        if len(open_rows) == 0 or each == 0:
            break
        limit[open_rows] = np.minimum(limit[open_rows] + each, firms.cap_minor[open_rows])
    risk = _risk(limits)
    while float(np.dot(loss, limit)) > risk:  # drop the last of the list until the loss fits
        limit[np.flatnonzero(limit)[-1]] = 0
    return limit


def _risk(limits: Limits) -> float:
    return float("inf") if limits.loss_budget_minor is None else float(limits.loss_budget_minor)
