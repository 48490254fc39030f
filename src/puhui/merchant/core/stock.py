"""Stock of goods: moving average cost, cost of what was sold, stock-takes, expiry first in first out.

Rules kept: the average is c' = (q·c + q_in·c_in) ÷ (q + q_in), exact until shown; stock never goes below nothing: a move that would is
refused, wherever in time it is put in; a stock-take sets the quantity at the average cost and its difference is a gain or a loss, and
can never be below nothing (domain facts 4, tools 5 and 7). Quantities are decimals of three places, money fen.

>>> moves = [Move("in", Decimal(10), 500), Move("in", Decimal(30), 700), Move("out", Decimal(8)), Move("count", Decimal(30))]
>>> shelf = fold(moves)
>>> shelf.quantity, shelf.average_minor, shelf.sold_cost_minor, shelf.shrink_minor, shelf.worth_minor
(Decimal('30'), 650, 5200, 1300, 19500)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from puhui.kernel.refusal import Refusal, Refused
from puhui.kernel.rounding import half_up


@dataclass(frozen=True, slots=True)
class Move:
    """`kind`: in, out or count (then `quantity` is what was counted)."""

    kind: str
    quantity: Decimal
    unit_cost_minor: int = 0
    on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """One item now. `shrink_minor`: what stock-takes found missing (below zero: found more); `batches`: (expiry, quantity left)."""

    quantity: Decimal
    cost_minor: Decimal  # of all that is there, exact
    sold_cost_minor: int
    shrink_minor: int
    shrink_quantity: Decimal
    sold_quantity: Decimal
    batches: tuple[tuple[date | None, Decimal], ...]

    @property
    def average_minor(self) -> int:
        return half_up(self.cost_minor / self.quantity) if self.quantity else 0

    @property
    def worth_minor(self) -> int:
        return half_up(self.cost_minor)


def fold(moves: Sequence[Move], item: str = "") -> Shelf:
    """The item after all its moves in order. Raises Refused STOCK_BELOW_ZERO, naming the day and what was there."""
    quantity, cost = Decimal(0), Decimal(0)
    sold_cost, shrink, lost, sold = Decimal(0), Decimal(0), Decimal(0), Decimal(0)
    batches: list[tuple[date | None, Decimal]] = []
    for move in moves:
        _refuse(move, quantity, item)
        average = cost / quantity if quantity else Decimal(0)
        if move.kind == "in":
            quantity, cost = quantity + move.quantity, cost + move.quantity * move.unit_cost_minor
            batches.append((move.expires_on, move.quantity))
            continue
        left = move.quantity if move.kind == "count" else quantity - move.quantity
        gone = quantity - left
        if move.kind == "count":
            lost, shrink = lost + gone, shrink + gone * average
        else:
            sold, sold_cost = sold + gone, sold_cost + gone * average
        cost = left * average if left else Decimal(0)
        quantity = left
        batches = _taken(batches, gone)
    return Shelf(quantity, cost, half_up(sold_cost), half_up(shrink), lost, sold, tuple(batches))


def missing_at(moves: Sequence[Move], item: str = "") -> list[tuple[int, Decimal, int]]:
    """(place, quantity, fen) that each stock-take among the moves found missing; below zero: found more.

    >>> missing_at([Move("in", Decimal(10), 500), Move("count", Decimal(8)), Move("count", Decimal(9))])
    [(1, Decimal('2'), 1000), (2, Decimal('-1'), -500)]
    """
    found = []
    for place, move in enumerate(moves):
        if move.kind == "count":
            before, after = fold(moves[:place], item), fold(moves[: place + 1], item)
            found.append(
                (place, after.shrink_quantity - before.shrink_quantity, after.shrink_minor - before.shrink_minor)
            )
    return found


def _refuse(move: Move, there: Decimal, item: str) -> None:
    where = f"{item} {move.on or ''}".strip()
    if move.quantity < 0:
        raise Refused(Refusal("QUANTITY_NEGATIVE", "数量不能为负 · a quantity is at least zero", where=where))
    if move.kind == "out" and move.quantity > there:
        told = f"库存只有 {there:f}，不够出 {move.quantity:f}；先补记入库或盘点 · only {there:f} there"
        raise Refused(Refusal("STOCK_BELOW_ZERO", told, where=where))


def _taken(batches: list[tuple[date | None, Decimal]], gone: Decimal) -> list[tuple[date | None, Decimal]]:
    """Take from the batch that expires first; what a stock-take found more is a batch without a date."""
    if gone < 0:
        return [*batches, (None, -gone)]
    left = []
    for expires, there in sorted(batches, key=lambda batch: (batch[0] is None, batch[0] or date.min)):
        taken = min(there, gone)
        gone -= taken
        if there > taken:
            left.append((expires, there - taken))
    return left
