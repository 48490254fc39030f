"""What one loan asks and what has been paid of it, instalment by instalment and head by head: the state that is folded.

Rule kept: plain lists of whole numbers, so that a loan with thousands of instalments folds in milliseconds; days are
day numbers (daycount.day_number). Money goes instalment by instalment, and inside one by the heads of a waterfall; the
columns of settlement.py do the same for a whole book at once, and a property test holds the two together.

>>> dues = Dues.empty(2)
>>> dues.asked["interest"][0], dues.asked["principal"][0] = 10, 90
>>> dues.take(0, 55, ("interest", "principal"))
{'interest': 10, 'principal': 45}
>>> dues.open_minor(0)
45
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

HEADS = ("cost", "penalty", "compound", "fee", "interest", "principal")
CHARGES = ("cost", "penalty", "compound", "fee")
Amounts = dict[str, int]


@dataclass(slots=True)
class Dues:
    """Instalments of one loan: `starts` and `dues` are day numbers, `asked` and `paid` minor units by head."""

    starts: list[int]
    dues: list[int]
    asked: dict[str, list[int]]
    paid: dict[str, list[int]]
    open_due: list[int] = field(default_factory=list)  # positions of instalments that are due and not paid in full
    settled: dict[int, int] = field(default_factory=dict)  # on which day a due instalment was paid in full

    @classmethod
    def empty(cls, count: int) -> "Dues":
        asked, paid = ({head: [0] * count for head in HEADS} for _ in range(2))
        return cls([0] * count, [0] * count, asked, paid)

    def __len__(self) -> int:
        return len(self.dues)

    def open_of(self, k: int, head: str) -> int:
        """Unpaid of one head."""
        return self.asked[head][k] - self.paid[head][k]

    def open_minor(self, k: int) -> int:
        """Unpaid of one instalment."""
        asked, paid, total = self.asked, self.paid, 0
        for head in HEADS:
            total += asked[head][k] - paid[head][k]
        return total

    def take(self, k: int, money: int, order: Iterable[str]) -> Amounts:
        """Pay an instalment with at most `money` by the order of heads; returns what each head took."""
        taken: Amounts = {}
        for head in order:
            unpaid = self.asked[head][k] - self.paid[head][k]
            if unpaid > 0 < money:
                taken[head] = amount = min(money, unpaid)
                self.paid[head][k] += amount
                money -= amount
        return taken

    def insert(self, start: int, due: int) -> int:
        """One more instalment at the end; returns its position."""
        self.starts.append(start)
        self.dues.append(due)
        for amounts in (self.asked, self.paid):
            for head in HEADS:
                amounts[head].append(0)
        return len(self.dues) - 1

    def append(self, other: "Dues") -> None:
        """The instalments of another plan after these."""
        self.starts += other.starts
        self.dues += other.dues
        for mine, theirs in ((self.asked, other.asked), (self.paid, other.paid)):
            for head in HEADS:
                mine[head] += theirs[head]

    def cut(self, count: int) -> None:
        """Keep the first `count` instalments only."""
        for column in (self.starts, self.dues, *self.asked.values(), *self.paid.values()):
            del column[count:]

    def holding(self, day: int) -> int | None:
        """The instalment whose period (start, due] holds a day; the first for the day of disbursement; None after the last."""
        k = bisect_left(self.dues, day)
        return k if k < len(self.dues) else None

    def total(self, head: str) -> tuple[int, int]:
        """(asked, paid) of a head over all instalments."""
        return sum(self.asked[head]), sum(self.paid[head])

    def oldest_open(self, day: int) -> int | None:
        """Due day of the oldest instalment that is due by `day` and not paid in full."""
        for k in self.open_due:
            if self.dues[k] <= day:
                return self.dues[k]
        return None

    def fall_due(self, k: int) -> None:
        """An instalment has become due, or one that was paid in full asks more: it is open until it is paid."""
        if self.open_minor(k) > 0 and k not in self.open_due:
            insort(self.open_due, k)

    def overdue(self, head: str) -> int:
        """What is due and unpaid of one head."""
        return sum(self.asked[head][k] - self.paid[head][k] for k in self.open_due)

    def close_paid(self) -> None:
        """Take from the open instalments those that ask nothing any more."""
        self.open_due = [k for k in self.open_due if self.open_minor(k) > 0]

    def copy(self) -> "Dues":
        """The same state, to go on from in another way."""
        asked, paid = ({head: column.copy() for head, column in heads.items()} for heads in (self.asked, self.paid))
        return Dues(self.starts.copy(), self.dues.copy(), asked, paid, self.open_due.copy(), self.settled.copy())


@dataclass(frozen=True, slots=True)
class Late:
    """What being late costs: yearly rate in millionths on unpaid principal (罚息), and on unpaid interest (复利) if asked.

    Nothing is asked while an instalment is at most `grace_days` late; afterwards from its due date on.
    """

    rate_millionths: int
    basis_days: int = 360
    grace_days: int = 0
    compound: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """How a loan is serviced: orders of heads, what early money does, whether interest follows the real balance."""

    waterfall: tuple[str, ...] = ("penalty", "compound", "interest", "fee", "principal")
    waterfall_in_advance: tuple[str, ...] = ()
    waterfall_past: tuple[str, ...] = ()  # the order when more than `past_days` late
    past_days: int = 90
    prepayment: str = "next_installment"
    recalculation: bool = False
    late: Late | None = None

    def order(self, days_late: int) -> tuple[str, ...]:
        """The order for what is due."""
        return self.waterfall_past if self.waterfall_past and days_late > self.past_days else self.waterfall

    @property
    def in_advance(self) -> tuple[str, ...]:
        return self.waterfall_in_advance or self.waterfall


PREPAYMENTS = ("next_installment", "last_installment", "reduce_installment", "payoff_only", "credit")


@lru_cache(maxsize=256)
def whole_order(heads: Sequence[str]) -> tuple[str, ...]:
    """An order with the heads it does not name at its end."""
    return (*heads, *(head for head in HEADS if head not in heads))


@dataclass(slots=True)
class Transaction:
    """One fact with what it did: amounts by head, what it left as credit, principal owed afterwards."""

    on: int
    kind: str
    amount_minor: int
    ref: str = ""
    by_head: Amounts = field(default_factory=dict)
    credit_minor: int = 0
    balance_minor: int = 0
    reversed: bool = False
    capitalised: Amounts = field(default_factory=dict)  # what was asked and has become principal
