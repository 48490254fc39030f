"""The same payment told by two sources is counted once.

A wallet tells a payment that its bank card paid; a platform tells one that a wallet paid; a withdrawal stands in the wallet and
in the bank. Two rows are one payment when the amount is the same to the fen, the directions fit, the days are close, and at
least one of them *names the other* (the bank's line says 财付通, the wallet's method says 工商银行), or both carry the same order
number. Pairs are the cheapest assignment that pairs the most (Kuhn 1955, as SciPy solves it), worked out among equal amounts
only, so that neither the order of imports nor the rest of the books can change them.

Rows that could be one payment by amount and day, but neither names the other, are only proposed (`maybe`): the owner decides.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.optimize import linear_sum_assignment

_RANK = {"platform": 0, "wallet": 1, "bank": 2}  # who tells most of a payment goes first
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
    """`lesser` is the same payment as `main`, told with less; why: `order` (one number), `named` (one names the other)."""

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
class _Seen:
    """A row with what it names, worked out once: sources in its text, sources in text and method, its way as a bank sees it."""

    row: Telling
    in_text: frozenset[str]
    in_all: frozenset[str]
    way: str
    own_pocket: bool


def tie(rows: Sequence[Telling], rules: TieRules) -> tuple[list[Tie], list[Tie]]:
    """(ties, maybes). A row is the lesser of at most one tie; a bank row of a wallet row of an order ties to the order's row."""
    groups: dict[int, list[Telling]] = defaultdict(list)
    for row in rows:
        groups[row.amount_minor].append(row)
    ties: list[Tie] = []
    maybes: list[Tie] = []
    for amount in sorted(groups):
        group = groups[amount]
        if len({row.source for row in group}) > 1 or any(row.order_ids for row in group):
            found, perhaps = _among_equals(sorted(group, key=lambda row: row.key), rules)
            ties += found
            maybes += perhaps
    return _to_the_first(ties), maybes


def _among_equals(group: list[Telling], rules: TieRules) -> tuple[list[Tie], list[Tie]]:
    seen = [_look(row, rules) for row in group]
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
    held = taken | {each.main for each in ties}
    return ties, _perhaps([row for row in group if row.key not in held], rules)


def _perhaps(free: list[Telling], rules: TieRules) -> list[Tie]:
    maybes = []
    for n, one in enumerate(free):
        for other in free[n + 1 :]:
            main, lesser = sorted((one, other), key=lambda row: (_RANK[row.kind], row.key))
            if one.source != other.source and one.direction == other.direction and _days_fit(main, lesser, rules):
                maybes.append(Tie(main.key, lesser.key, "maybe"))
    return maybes


def _look(row: Telling, rules: TieRules) -> _Seen:
    in_text = _named_in(row.text, rules)
    way = row.direction
    if way == "neutral":
        way = "in" if any(word in row.text for word in rules.to_bank) else "neutral"
        way = "out" if way == "neutral" and any(word in row.text for word in rules.from_bank) else way
    own = row.direction == "out" and any(word in row.method for word in rules.own_pocket)
    return _Seen(row, in_text, in_text | _named_in(row.method, rules), way, own)


def _named_in(text: str, rules: TieRules) -> frozenset[str]:
    told = text.lower()
    return frozenset(source for source, words in rules.channels.items() if any(word in told for word in words))


def _pair(heads: list[_Seen], tails: list[_Seen], rules: TieRules, *, alike: bool, both_name: bool) -> list[Tie]:
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
    first, second = linear_sum_assignment(costs)
    ties, used = [], set()
    for i, j in sorted(zip(first.tolist(), second.tolist(), strict=True), key=lambda pair: int(costs[pair])):
        head, tail = heads[i].row, tails[j].row
        if costs[i, j] < _NEVER and not (alike and (head.key in used or tail.key in used)):
            ties.append(Tie(head.key, tail.key, "order" if _one_order(head, tail) else "named"))
            used |= {head.key, tail.key}
    return ties


def _cost(head: _Seen, tail: _Seen, rules: TieRules, *, alike: bool, both_name: bool) -> int | None:
    one, other = head.row, tail.row
    if not _days_fit(one, other, rules):
        return None
    if _one_order(one, other) and one.direction == other.direction:
        return _apart(one, other)
    if one.source == other.source:
        return None
    if {head.way, tail.way} != {"in", "out"} if alike else head.way not in (tail.way, "neutral"):
        return None
    tail_names, head_names = one.source in tail.in_text, other.source in head.in_all
    if both_name:
        return _apart(one, other) if tail_names and head_names else None
    if alike or head.own_pocket or not (tail_names or head_names):
        return None
    if (tail.in_text and not tail_names) or (not head_names and head.in_all - {one.source} - tail.in_text):
        return None  # it names somebody else
    return _apart(one, other)


def _one_order(head: Telling, tail: Telling) -> bool:
    """One order number, told by two sources or in two layouts of one."""
    return (head.source, head.layout) != (tail.source, tail.layout) and bool(set(head.order_ids) & set(tail.order_ids))


def _days_fit(head: Telling, tail: Telling, rules: TieRules) -> bool:
    return -rules.days_before <= (tail.day - head.day).days <= rules.days_after


def _apart(head: Telling, tail: Telling) -> int:
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
