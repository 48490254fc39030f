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
from dataclasses import dataclass, field
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
    running = _Running(item)
    for move in moves:
        running.take(move)
    return running.shelf()


@dataclass(slots=True)
class _Running:
    """The item after the moves taken so far."""

    item: str
    quantity: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    sold_cost: Decimal = Decimal(0)
    shrink: Decimal = Decimal(0)
    lost: Decimal = Decimal(0)
    sold: Decimal = Decimal(0)
    batches: list[tuple[date | None, Decimal]] = field(default_factory=list)

    def take(self, move: Move) -> None:
        _refuse(move, self.quantity, self.item)
        average = self.cost / self.quantity if self.quantity else Decimal(0)
        if move.kind == "in":
            self.quantity, self.cost = self.quantity + move.quantity, self.cost + move.quantity * move.unit_cost_minor
            self.batches.append((move.expires_on, move.quantity))
            return
        left = move.quantity if move.kind == "count" else self.quantity - move.quantity
        gone = self.quantity - left
        if move.kind == "count":
            self.lost, self.shrink = self.lost + gone, self.shrink + gone * average
        else:
            self.sold, self.sold_cost = self.sold + gone, self.sold_cost + gone * average
        self.cost = left * average if left else Decimal(0)
        self.quantity = left
        self.batches = _taken(self.batches, gone)

    def shelf(self) -> Shelf:
        return Shelf(
            self.quantity, self.cost, half_up(self.sold_cost), half_up(self.shrink), self.lost, self.sold, tuple(self.batches),
        )  # fmt: skip


def missing_at(moves: Sequence[Move], item: str = "") -> list[tuple[int, Decimal, int]]:
    """(place, quantity, fen) that each stock-take among the moves found missing; below zero: found more.

    >>> missing_at([Move("in", Decimal(10), 500), Move("count", Decimal(8)), Move("count", Decimal(9))])
    [(1, Decimal('2'), 1000), (2, Decimal('-1'), -500)]
    """
    running, found = _Running(item), []
    for place, move in enumerate(moves):
        lost, minor = running.lost, half_up(running.shrink)
        running.take(move)
        if move.kind == "count":
            found.append((place, running.lost - lost, half_up(running.shrink) - minor))
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
