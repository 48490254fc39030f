"""How an owner wants an offer: the whole sum in level payments (等额本息), or a limit to draw on and pay back at will (随借随还).

Rule kept: the way is part of what is confirmed: other terms, another form, another hash. At will the limit is the offer's; what is
drawn first stands in the form, what is drawn later costs the same rate for the days it is kept.

>>> whole = terms_of(AtOffer(30_000_000, 12), Decimal("0.072"), Way(), date(2026, 8, 3))
>>> whole.method, whole.periods, whole.principal_minor
('equal_installment', 12, 30000000)
>>> drawn = terms_of(AtOffer(30_000_000, 12), Decimal("0.072"), Way(AT_WILL, 5_000_000), date(2026, 8, 3))
>>> drawn.method, drawn.periods, drawn.period_every, drawn.principal_minor, drawn.limit_minor
('at_will', 1, 12, 5000000, 30000000)
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core.loan_policy import LoanPolicy
from puhui.servicing.core.terms import LoanTerms

CURRENCY = "CNY"
LEVEL, AT_WILL = "equal_installment", "at_will"


@dataclass(frozen=True, slots=True)
class Way:
    """The way of paying back; at will, what is drawn first."""

    method: str = LEVEL
    draw_minor: int = 0

    @property
    def plain(self) -> bool:
        return self.method == LEVEL


class Offered(Protocol):
    """What of an offer the terms need."""

    @property
    def limit_minor(self) -> int: ...

    @property
    def months(self) -> int: ...


@dataclass(frozen=True, slots=True)
class AtOffer:
    """The least that is an offer."""

    limit_minor: int
    months: int


def refuse_way(offer: Offered, way: Way, *, where: str) -> None:
    """Raises Refused for a way nobody knows and for a first draw that is none."""
    if way.method not in (LEVEL, AT_WILL):
        raise Refused(
            Refusal("METHOD_UNKNOWN", f"还款方式不支持 · no such way of paying back: {way.method}", where=where)
        )
    if way.method == AT_WILL and not 0 < way.draw_minor <= offer.limit_minor:
        text = "先借的金额要大于零，不超过额度 · what is drawn first is above zero and within the limit"
        raise Refused(Refusal("ABOVE_LIMIT", text, where=where))


def terms_of(offer: Offered, annual_rate: Decimal, way: Way, today: date) -> LoanTerms:
    """The terms of the loan that the offer becomes when it is paid out today."""
    if way.plain:
        return LoanTerms(CURRENCY, offer.limit_minor, annual_rate, offer.months, today)
    return LoanTerms(
        CURRENCY,
        way.draw_minor,
        annual_rate,
        1,
        today,
        method=AT_WILL,
        day_count="actual/360",
        period_every=offer.months,
        limit_minor=offer.limit_minor,
    )


def policy_of(way: Way) -> LoanPolicy | None:
    """At will, every payment goes to the interest of the days so far and then to principal; level payments have the book's plain policy."""
    return None if way.plain else LoanPolicy(prepayment="next_installment", recalculation=True)
