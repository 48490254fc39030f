"""What a payment channel took, kept and still has to pay out (收款对账): lumps by the day they are due, matched with what reached the bank.

Rules kept: a lump is what a channel took on days that are paid out together (T+n, by calendar or working days, dated terms handed in):
gross − returned − fee; the fee is what its bill tells, or (gross − returned) · rate where it tells none. An arrival is the same as a lump
when it differs by no more than the slack and comes by some days after it is due; what comes in those days with another amount is a
difference; what does not come at all is missing once those days are over (domain facts 4, tool 2).

>>> terms = Terms(Decimal("0.006"), days=1, working=False)
>>> found = lumps([Taking("wechat", date(2026, 3, 2), 100_000, 5_000, None, 12)], lambda taking: terms, lambda day, terms: day + timedelta(days=terms.days))
>>> found[0].due_on, found[0].agreed_fee_minor, found[0].net_minor
(datetime.date(2026, 3, 3), 570, 94430)
>>> [(pair.state, pair.gap_minor) for pair in match(found, [Arrival("wechat", date(2026, 3, 3), 94_000)], as_of=date(2026, 3, 9), wait_days=3, slack_minor=1)[0]]
[('differs', -430)]
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from puhui.kernel.rounding import half_up


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed with a channel: its fee, and after how many days it pays out; `working`: only working days count."""

    fee_rate: Decimal
    days: int
    working: bool


@dataclass(frozen=True, slots=True)
class Taking:
    """One channel's day in fen. `fee_minor` is None where the bill tells no fee; `payments` is how many there were."""

    channel: str
    on: date
    gross_minor: int
    returned_minor: int
    fee_minor: int | None
    payments: int


@dataclass(frozen=True, slots=True)
class Arrival:
    channel: str
    on: date
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Lump:
    """What a channel should pay out on one day. `slack_minor` is how far roundings of fees may take it off."""

    channel: str
    first_on: date
    last_on: date
    due_on: date
    gross_minor: int
    returned_minor: int
    fee_minor: int
    agreed_fee_minor: int
    slack_minor: int

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.returned_minor - self.fee_minor


@dataclass(frozen=True, slots=True)
class Pair:
    """`state`: arrived, differs, waiting or missing; `gap_minor` is what came less what should have."""

    lump: Lump
    arrival: Arrival | None
    state: str
    gap_minor: int


def lumps(
    takings: Sequence[Taking], terms_of: Callable[[Taking], Terms], due: Callable[[date, Terms], date]
) -> list[Lump]:
    """Takings that are paid out on one day together, by channel and day due; those that come to nothing are left out."""
    groups: dict[tuple[str, date], list[tuple[Taking, Terms]]] = defaultdict(list)
    for taking in takings:
        terms = terms_of(taking)
        groups[taking.channel, due(taking.on, terms)].append((taking, terms))
    found = [_lump(channel, due_on, group) for (channel, due_on), group in groups.items()]
    return sorted((each for each in found if each.net_minor > 0), key=lambda each: (each.due_on, each.channel))


def _lump(channel: str, due_on: date, group: Sequence[tuple[Taking, Terms]]) -> Lump:
    agreed = [half_up((taking.gross_minor - taking.returned_minor) * terms.fee_rate) for taking, terms in group]
    fees = [
        each if taking.fee_minor is None else taking.fee_minor for (taking, _), each in zip(group, agreed, strict=True)
    ]
    rounded = sum(
        taking.payments for taking, _ in group if taking.fee_minor is None
    )  # each payment's fee is rounded by itself
    return Lump(
        channel=channel,
        first_on=min(taking.on for taking, _ in group),
        last_on=max(taking.on for taking, _ in group),
        due_on=due_on,
        gross_minor=sum(taking.gross_minor for taking, _ in group),
        returned_minor=sum(taking.returned_minor for taking, _ in group),
        fee_minor=sum(fees),
        agreed_fee_minor=sum(agreed),
        slack_minor=-(-rounded // 2),
    )


def match(
    expected: Sequence[Lump], arrivals: Sequence[Arrival], *, as_of: date, wait_days: int, slack_minor: int
) -> tuple[list[Pair], list[Arrival]]:
    """(each lump with what came of it, arrivals that no lump explains). Exact ones are matched first, oldest first."""
    left = sorted(arrivals, key=lambda each: (each.on, each.amount_minor))
    taken: dict[int, Arrival] = {}
    for exact in (True, False):
        for n, lump in enumerate(expected):
            if n in taken:
                continue
            first, last = (lump.last_on if exact else lump.due_on), lump.due_on + timedelta(days=wait_days)
            fit = [each for each in left if each.channel == lump.channel and first <= each.on <= last
                   and (not exact or abs(each.amount_minor - lump.net_minor) <= max(slack_minor, lump.slack_minor))]  # fmt: skip
            if fit:
                taken[n] = min(fit, key=lambda each: abs((each.on - lump.due_on).days))
                left.remove(taken[n])
    return [_pair(lump, taken.get(n), as_of, wait_days, slack_minor) for n, lump in enumerate(expected)], left


def _pair(lump: Lump, arrival: Arrival | None, as_of: date, wait_days: int, slack_minor: int) -> Pair:
    if arrival is None:
        late = as_of > lump.due_on + timedelta(days=wait_days)
        return Pair(lump, None, "missing" if late else "waiting", -lump.net_minor)
    gap = arrival.amount_minor - lump.net_minor
    return Pair(lump, arrival, "arrived" if abs(gap) <= max(slack_minor, lump.slack_minor) else "differs", gap)


def overcharged(lump: Lump) -> int:
    """Fen that the bill's fees go beyond what is agreed; roundings of single payments aside (within the slack counts as nothing)."""
    return lump.fee_minor - lump.agreed_fee_minor
