"""Who owes whom (赊账、供应商): payments settle the oldest due first; ageing, days of sales outstanding, what early payment is worth.

Rules kept: what is paid beyond all debts stands as credit, never lost; ages are days past the due day on `as_of`: not due, 0–30, 31–60,
61–90, more. Early payment: yearly rate d ÷ (1 − d) · 365 ÷ (T − t) (domain facts 4, tools 8 and 9).

>>> early_pay_rate(Decimal("0.02"), days_earlier=20)
Decimal('0.3724')
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from puhui.kernel.rounding import half_up

AGES = ((0, "not_due"), (30, "0-30"), (60, "31-60"), (90, "61-90"))


@dataclass(frozen=True, slots=True)
class Debt:
    """One promise to pay. `debtor` and `late_rate` (yearly, as agreed) matter only when it is late."""

    who: str
    on: date
    amount_minor: int
    due_on: date
    debtor: str = ""
    late_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    who: str
    on: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class OpenDebt:
    """What is left of a debt on a day, and when it was paid off (None: not yet)."""

    debt: Debt
    left_minor: int
    settled_on: date | None

    def days_late(self, as_of: date) -> int:
        return max(0, (as_of - self.debt.due_on).days)


@dataclass(frozen=True, slots=True)
class Debts:
    """All debts with what is left, and credit of those who paid too much."""

    all: tuple[OpenDebt, ...]
    credit: dict[str, int]

    @property
    def open_minor(self) -> int:
        return sum(each.left_minor for each in self.all)


def settle(debts: Sequence[Debt], payments: Sequence[Payment]) -> Debts:
    """Payments of each person settle their debts by due day, then by day of the debt."""
    found: list[OpenDebt] = []
    credit: dict[str, int] = {}
    for who in dict.fromkeys([*(each.who for each in debts), *(each.who for each in payments)]):
        queue = sorted((each for each in debts if each.who == who), key=lambda debt: (debt.due_on, debt.on))
        left = [debt.amount_minor for debt in queue]
        settled: list[date | None] = [None] * len(queue)
        over = 0
        for payment in sorted((each for each in payments if each.who == who), key=lambda paid: paid.on):
            rest = payment.amount_minor
            for i, due in enumerate(left):
                taken = min(due, rest)
                left[i], rest = due - taken, rest - taken
                if taken and not left[i]:
                    settled[i] = max(payment.on, queue[i].on)
            over += rest
        found.extend(OpenDebt(*each) for each in zip(queue, left, settled, strict=True))
        if over:
            credit[who] = over
    return Debts(tuple(found), credit)


def ageing(debts: Debts, as_of: date) -> dict[str, int]:
    """Open amounts by age of lateness."""
    sums = {name: 0 for _, name in AGES} | {"90+": 0}
    for each in debts.all:
        late = (as_of - each.debt.due_on).days
        name = "not_due" if late < 0 else next((name for most, name in AGES[1:] if late <= most), "90+")
        sums[name] += each.left_minor
    return sums


def on_time_rate(debts: Debts, as_of: date, since: date) -> Decimal | None:
    """Share, by amount, of what fell due in (since, as_of] that was paid by its due day; None when nothing fell due."""
    due = [each for each in debts.all if since < each.debt.due_on <= as_of]
    total = sum(each.debt.amount_minor for each in due)
    good = sum(each.debt.amount_minor for each in due if each.settled_on and each.settled_on <= each.debt.due_on)
    return Decimal(good) / total if total else None


def days_outstanding(open_minor: int, sales_minor: int, days: int) -> Decimal | None:
    """DSO = receivables ÷ sales · days; None without sales."""
    return (
        (Decimal(open_minor) * days / sales_minor).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
        if sales_minor
        else None
    )


def late_interest(amount_minor: int, *, days_late: int, daily_rate: Decimal) -> int:
    """Interest of late payment where a law or a contract allows it, fen half up."""
    return half_up(amount_minor * daily_rate * max(0, days_late))


@dataclass(frozen=True, slots=True)
class LateRules:
    """The law of a day: the one-year LPR, the daily rate where a large firm or an office agreed nothing, the days they may take (None: no bound)."""

    lpr: Decimal
    daily_rate: Decimal
    days_most: int | None


def late_rate(agreed: Decimal | None, rules: LateRules, *, protected: bool) -> Decimal:
    """Daily rate of late payment. `protected`: a large firm or an office owes it; then what is agreed is never below the one-year LPR.

    Nothing agreed: the law's daily rate of large firms and offices; of anybody else the one-year LPR a day.

    >>> rules = LateRules(Decimal("0.03"), Decimal("0.0005"), 60)
    >>> late_rate(None, rules, protected=True), late_rate(Decimal("0.01"), rules, protected=True) * 365
    (Decimal('0.0005'), Decimal('0.03000000000000000000000000000'))
    """
    if protected and agreed is None:
        return rules.daily_rate
    yearly = rules.lpr if agreed is None else max(agreed, rules.lpr) if protected else agreed
    return yearly / 365


def early_pay_rate(discount: Decimal, *, days_earlier: int) -> Decimal:
    """Yearly worth of paying early for a discount. Raises ValueError where it cannot be told."""
    if not 0 < discount < 1 or days_earlier <= 0:
        raise ValueError("a discount between 0 and 1, and days above zero")
    return (discount / (1 - discount) * 365 / days_earlier).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
