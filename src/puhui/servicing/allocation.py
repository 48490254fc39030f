"""The orders in which payments settle dues (冲账顺序), as dated, versioned data: policy/allocation.toml.

Rule kept: an order is found by product, state and day, or by the name that a loan was booked under; no order for a day
is an answer (`AllocationAbsent`), never a silent default. The file is checked when it is read: every head once, names
that mean one thing, dates that do not overlap.

>>> find("standard", state="performing", on=date(2026, 8, 1)).heads
('cost', 'penalty', 'compound', 'interest', 'fee', 'principal')
>>> find("standard", state=state_of("standard", days_past_due=91), on=date(2026, 8, 1)).name
'standard-npl-1'
>>> named("interest-first-1").heads
('interest', 'principal')
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from puhui.kernel import shipped
from puhui.servicing.core.accounts import RECEIVABLE_OF_HEAD
from puhui.servicing.core.waterfall import Waterfall

HEADS = {
    "cost": "实现债权费用",
    "penalty": "罚息",
    "compound": "复利",
    "interest": "利息",
    "fee": "服务费",
    "principal": "本金",
}
STATES = {"performing": "正常", "non_performing": "不良", "any": "不分状态"}
# Two orders of release 0.1.0 know no other money than interest and principal; their meaning is fixed.
_TWO_HEADS_ONLY = ("interest-first-1", "principal-first-1")


class AllocationAbsent(LookupError):
    """The policy has no order of that name, or none for that product and state on that day."""


class AllocationWrong(ValueError):
    """The policy file contradicts itself; nothing was read from it."""

    expected = True


@dataclass(frozen=True, slots=True)
class AllocationOrder:
    """One version of one order. Both ends of its dates are inclusive; an open end is None."""

    name: str
    product: str
    state: str
    heads: tuple[str, ...]
    effective_from: date
    effective_to: date | None
    confidence: str
    source: str

    @property
    def waterfall(self) -> Waterfall:
        """For the columns of a whole book, which know the heads that have an account: a cost is booked as a fee there."""
        return Waterfall(self.name, tuple(head for head in self.heads if head in RECEIVABLE_OF_HEAD))

    def covers(self, state: str, on: date) -> bool:
        in_force = self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)
        return in_force and self.state in (state, "any")


@dataclass(frozen=True, slots=True)
class AllocationProduct:
    """A product and when its loans change state: late by more than so many days."""

    code: str
    title: str
    non_performing_over_days: int


@dataclass(frozen=True, slots=True)
class RecoveryOrder:
    """Who is paid first of what is recovered after a guarantor's payment: guarantor or lender."""

    name: str
    first: str
    effective_from: date
    effective_to: date | None
    confidence: str
    source: str

    def covers(self, on: date) -> bool:
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


@dataclass(frozen=True, slots=True)
class AllocationPolicy:
    """The whole file, read and checked."""

    products: Mapping[str, AllocationProduct]
    orders: tuple[AllocationOrder, ...]
    recoveries: tuple[RecoveryOrder, ...] = ()


def find(product: str, *, state: str, on: date) -> AllocationOrder:
    """The order in force for a product and state on a day."""
    for order in policy().orders:
        if order.product == product and order.covers(state, on):
            return order
    raise AllocationAbsent(f"no allocation order for {product}/{state} is in force on {on.isoformat()}")


def recovery(on: date) -> RecoveryOrder:
    """The order of recoveries in force on a day.

    >>> recovery(date(2026, 8, 1)).first
    'guarantor'
    """
    for order in policy().recoveries:
        if order.covers(on):
            return order
    raise AllocationAbsent(f"no order of recoveries is in force on {on.isoformat()}")


def named(name: str) -> AllocationOrder:
    """The order of that name, in force or not: what a loan was booked under stays readable for ever."""
    for order in policy().orders:
        if order.name == name:
            return order
    raise AllocationAbsent(f"no allocation order is called {name!r}")


def state_of(product: str, *, days_past_due: int) -> str:
    """The state that a number of days late puts a loan of this product in."""
    if (known := policy().products.get(product)) is None:
        raise AllocationAbsent(f"no allocation product is called {product!r}")
    return "non_performing" if days_past_due > known.non_performing_over_days else "performing"


@lru_cache(maxsize=1)
def policy() -> AllocationPolicy:
    """The policy of this release."""
    return read(shipped.text("puhui.servicing", "policy/allocation.toml"))


def read(text: str) -> AllocationPolicy:
    """A policy file as values; raises AllocationWrong with every contradiction found."""
    table = tomllib.loads(text)
    products = {code: AllocationProduct(code, **entry) for code, entry in table["product"].items()}
    orders = tuple(_order(entry) for entry in table["order"])
    recoveries = tuple(RecoveryOrder(**{"effective_to": None} | entry) for entry in table.get("recovery", []))
    wrong = [
        f"{each.name}: guarantor or lender first" for each in recoveries if each.first not in ("guarantor", "lender")
    ]
    if wrong := [*_wrong_orders(orders, products), *_overlaps(orders), *wrong]:
        raise AllocationWrong("; ".join(wrong))
    return AllocationPolicy(products, orders, recoveries)


def _order(entry: dict[str, Any]) -> AllocationOrder:
    return AllocationOrder(**{"effective_to": None} | entry | {"heads": tuple(entry["heads"])})


def _wrong_orders(orders: Sequence[AllocationOrder], products: Mapping[str, AllocationProduct]) -> list[str]:
    wrong = []
    for order in orders:
        expected = {"interest", "principal"} if order.name in _TWO_HEADS_ONLY else set(HEADS)
        if sorted(order.heads) != sorted(expected):
            wrong.append(f"{order.name}: every head once, got {', '.join(order.heads)}")
        if order.product not in products:
            wrong.append(f"{order.name}: no product {order.product}")
        if order.state not in STATES:
            wrong.append(f"{order.name}: no state {order.state}")
    return wrong


def _overlaps(orders: Sequence[AllocationOrder]) -> list[str]:
    wrong = []
    for position, one in enumerate(orders):
        for other in orders[position + 1 :]:
            if one.name == other.name:
                wrong.append(f"{one.name}: a name means one thing")
            same = one.product == other.product and (one.state == other.state or "any" in (one.state, other.state))
            if same and (one.covers(one.state, other.effective_from) or other.covers(other.state, one.effective_from)):
                wrong.append(f"{one.name} and {other.name}: both in force")
    return wrong
