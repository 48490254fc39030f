"""The same payment told by two sources is counted once.

A wallet tells a payment that its bank card paid; a platform tells one that a wallet paid; a withdrawal stands in the wallet and
in the bank. Two rows are one payment when the amount is the same to the fen, the directions fit, the days are close, and at
least one of them *names the other* (the bank's line says 财付通, the wallet's method says 工商银行), or both carry the same order
number. Pairs are the cheapest assignment that pairs the most (Kuhn 1955, as SciPy solves it), worked out among equal amounts
only, so that neither the order of imports nor the rest of the books can change them.

Rows that could be one payment by amount and day, but neither names the other, are only proposed (`tie_proposals`): the owner decides,
and what the owner said goes before what the rules found (`answered`).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import scipy

_NEVER = 10**9
_SECONDS_OF_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Telling:
    """One live row as the tie-out sees it. `text` is counterparty, description and kind; `method` the way it was paid.

    `key` names the row the same in every order of imports.
    """

    key: str
    source: str
    kind: str
    direction: str
    amount_minor: int
    day: date
    time: str
    order_ids: tuple[str, ...]
    text: str
    method: str
    layout: str = ""  # rows of one layout of one source are never one payment


@dataclass(frozen=True, slots=True)
class Tie:
    """`lesser` is the same payment as `main`, told with less; why: `order` (one number), `named` (one names the other), `owner`."""

    main: str
    lesser: str
    why: str


@dataclass(frozen=True, slots=True)
class TieRules:
    """From the table: how each source is called elsewhere, the window in days, a wallet's own pockets."""

    channels: Mapping[str, tuple[str, ...]]
    days_before: int
    days_after: int
    own_pocket: tuple[str, ...]
    to_bank: tuple[str, ...]
    from_bank: tuple[str, ...]


@dataclass(slots=True)
class Seen:
    """A row with what it names, worked out once: sources in its text, sources in text and method, its way as a bank sees it."""

    row: Telling
    in_text: frozenset[str]
    in_all: frozenset[str]
    way: str
    own_pocket: bool


def tie(rows: Sequence[Telling], rules: TieRules) -> list[Tie]:
    """The ties that the rules find. A row is the lesser of at most one tie; a bank row of a wallet row of an order ties to the order's row."""
    groups: dict[int, list[Telling]] = defaultdict(list)
    for row in rows:
        groups[row.amount_minor].append(row)
    ties: list[Tie] = []
    for amount in sorted(groups):
        group = groups[amount]
        if len({row.source for row in group}) > 1 or any(row.order_ids for row in group):
            ties += _among_equals(sorted(group, key=lambda row: row.key), rules)
    return _to_the_first(ties)


def answered(
    ties: Sequence[Tie], same: Sequence[tuple[str, str]], apart: Collection[tuple[str, str]], live: Collection[str]
) -> list[Tie]:
    """The ties with the owner's word: `apart` are no pairs, `same` are pairs of (main, lesser), the newest last.

    A pair of the owner's stands only while its main row is live, so that a payment whose main row goes is told by the other again;
    a pair that would close a ring (its main row is told by its lesser already) adds nothing, so that no payment vanishes.
    """
    above = {each.lesser: each for each in ties if (each.main, each.lesser) not in apart}
    for main, lesser in same:
        if main in live and lesser in live and _top(main, above) != lesser:
            above[lesser] = Tie(main, lesser, "owner")
    return _to_the_first(list(above.values()))


def _top(key: str, above: Mapping[str, Tie]) -> str:
    while key in above:
        key = above[key].main
    return key


def _among_equals(group: list[Telling], rules: TieRules) -> list[Tie]:
    seen = [look(row, rules) for row in group]
    ties: list[Tie] = []
    taken: set[str] = set()
    for above, below in (
        ("platform", "wallet"),
        ("wallet", "bank"),
        ("platform", "bank"),
        ("bank", "bank"),
        ("wallet", "wallet"),
    ):
        used: set[str] = set()
        for both_name in (True, False):
            heads = [each for each in seen if each.row.kind == above and each.row.key not in used]
            tails = [each for each in seen if each.row.kind == below and each.row.key not in taken | used]
            for tied in _pair(heads, tails, rules, alike=above == below, both_name=both_name):
                ties.append(tied)
                used |= {tied.main, tied.lesser}
                taken.add(tied.lesser)
    return ties


def look(row: Telling, rules: TieRules) -> Seen:
    """What a row names, and its way as the other side tells it (a withdrawal goes into the bank)."""
    in_text = _named_in(row.text, rules)
    way = row.direction
    if way == "neutral":
        way = "in" if any(word in row.text for word in rules.to_bank) else "neutral"
        way = "out" if way == "neutral" and any(word in row.text for word in rules.from_bank) else way
    own = row.direction == "out" and any(word in row.method for word in rules.own_pocket)
    return Seen(row, in_text, in_text | _named_in(row.method, rules), way, own)


def _named_in(text: str, rules: TieRules) -> frozenset[str]:
    told = text.lower()
    return frozenset(source for source, words in rules.channels.items() if any(word in told for word in words))


def _pair(heads: list[Seen], tails: list[Seen], rules: TieRules, *, alike: bool, both_name: bool) -> list[Tie]:
    """The assignment that pairs the most at the least cost; `alike`: both lists are of one kind (two banks, two layouts)."""
    if not heads or not tails:
        return []
    costs = np.full((len(heads), len(tails)), _NEVER, dtype=np.int64)
    for i, head in enumerate(heads):
        for j, tail in enumerate(tails):
            if head.row.key != tail.row.key and not (alike and head.row.key > tail.row.key):
                cost = _cost(head, tail, rules, alike=alike, both_name=both_name)
                if cost is not None:
                    costs[i, j] = cost
    if (costs == _NEVER).all():
        return []
    first, second = scipy.optimize.linear_sum_assignment(costs)
    ties, used = [], set()
    for i, j in sorted(zip(first.tolist(), second.tolist(), strict=True), key=lambda pair: int(costs[pair])):
        head, tail = heads[i].row, tails[j].row
        if costs[i, j] < _NEVER and not (alike and (head.key in used or tail.key in used)):
            ties.append(Tie(head.key, tail.key, "order" if _one_order(head, tail) else "named"))
            used |= {head.key, tail.key}
    return ties


def _cost(head: Seen, tail: Seen, rules: TieRules, *, alike: bool, both_name: bool) -> int | None:
    one, other = head.row, tail.row
    if not days_fit(one, other, rules):
        return None
    if _one_order(one, other) and one.direction == other.direction:
        return apart_seconds(one, other)
    if one.source == other.source:
        return None
    if {head.way, tail.way} != {"in", "out"} if alike else head.way not in (tail.way, "neutral"):
        return None
    tail_names, head_names = one.source in tail.in_text, other.source in head.in_all
    if both_name:
        return apart_seconds(one, other) if tail_names and head_names else None
    if alike or head.own_pocket or not (tail_names or head_names):
        return None
    return None if names_another(head, tail) else apart_seconds(one, other)


def names_another(head: Seen, tail: Seen) -> bool:
    """Whether one of them says that it is somebody else's payment."""
    one, other = head.row, tail.row
    if tail.in_text and one.source not in tail.in_text:
        return True
    return other.source not in head.in_all and bool(head.in_all - {one.source} - tail.in_text)


def _one_order(head: Telling, tail: Telling) -> bool:
    """One order number, told by two sources or in two layouts of one."""
    return (head.source, head.layout) != (tail.source, tail.layout) and bool(set(head.order_ids) & set(tail.order_ids))


def days_fit(head: Telling, tail: Telling, rules: TieRules) -> bool:
    """Whether the tail is told on a day on which it may be the head."""
    return -rules.days_before <= (tail.day - head.day).days <= rules.days_after


def apart_seconds(head: Telling, tail: Telling) -> int:
    """Seconds apart where both tell the time; whole days otherwise."""
    days = abs((tail.day - head.day).days) * _SECONDS_OF_DAY
    if not (head.time and tail.time):
        return days
    return abs((tail.day - head.day).days * _SECONDS_OF_DAY + _seconds(tail.time) - _seconds(head.time))


def _seconds(clock: str) -> int:
    hour, minute, second = (int(part) for part in clock.split(":"))
    return hour * 3600 + minute * 60 + second


def _to_the_first(ties: list[Tie]) -> list[Tie]:
    """bank → wallet → platform: all point at the row that tells most."""
    above = {each.lesser: each.main for each in ties}

    def top(key: str) -> str:
        seen = {key}
        while key in above and above[key] not in seen:
            key = above[key]
            seen.add(key)
        return key

    return [Tie(top(each.main), each.lesser, each.why) for each in ties]
