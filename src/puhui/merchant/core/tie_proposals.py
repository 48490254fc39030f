"""Pairs that may be one payment, told twice, where no row names the other: proposed to the owner with the reasons, never counted so.

Rules kept: the amount is the same to the fen, the money goes the same way, the days are close and neither row says that it is
somebody else's payment or paid from a wallet's own pocket. Pairs that share words come first, then those nearest in time; a row is
proposed once; where too many others fit as well, and no word tells them apart, nothing is proposed. What an owner typed or told a
tool goes before what a bill says: it tells what the money was for.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from puhui.merchant.core.tie_out import Seen, Telling, TieRules, apart_seconds, days_fit, look, names_another

OWN = "own"  # kind of a row that the owner typed or told a tool
_RANK = {OWN: 0, "platform": 1, "wallet": 2, "bank": 3}  # who tells most of a payment goes first


@dataclass(frozen=True, slots=True)
class ProposalRules:
    """From the table: words that every bill has, the shortest word that counts, how many others may fit, how far back is looked."""

    common: tuple[str, ...]
    shortest: int
    most_rivals: int
    days_back: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """`lesser` may be the same payment as `main`: so many days apart, sharing these words; `rivals` others fit as well."""

    main: str
    lesser: str
    days_apart: int
    words: str
    rivals: int


@dataclass(frozen=True, slots=True)
class _Edge:
    head: Telling
    tail: Telling
    words: str
    seconds: int

    @property
    def rank(self) -> tuple[int, int, str, str]:
        return -len(self.words), self.seconds, self.head.key, self.tail.key


@dataclass(frozen=True, slots=True)
class Known:
    """What is settled: pairs (main, lesser) an owner said no to; rows that another row is tied to, which may still be the lesser
    of a row that tells more."""

    apart: Collection[tuple[str, str]] = ()
    held: Collection[str] = ()


def propose(rows: Sequence[Telling], known: Known, rules: TieRules, limits: ProposalRules) -> list[Proposal]:
    """Proposals among rows that are the lesser of no tie, the surest first."""
    groups: dict[int, list[Telling]] = defaultdict(list)
    for row in rows:
        groups[row.amount_minor].append(row)
    edges = [
        edge
        for group in groups.values()
        if len({row.source for row in group}) > 1
        for edge in _edges(group, rules, limits)
        if (edge.head.key, edge.tail.key) not in known.apart and edge.head.key not in known.held
    ]
    fits: dict[str, int] = defaultdict(int)
    for edge in edges:
        fits[edge.head.key] += 1
        fits[edge.tail.key] += 1
    used: set[str] = set()
    found = []
    for edge in sorted(edges, key=lambda each: each.rank):
        rivals = max(fits[edge.head.key], fits[edge.tail.key]) - 1
        if used & {edge.head.key, edge.tail.key} or (rivals > limits.most_rivals and not edge.words):
            continue
        used |= {edge.head.key, edge.tail.key}
        days = abs((edge.tail.day - edge.head.day).days)
        found.append(Proposal(edge.head.key, edge.tail.key, days, edge.words, rivals))
    return found


def _edges(group: Sequence[Telling], rules: TieRules, limits: ProposalRules) -> list[_Edge]:
    """What fits among equal amounts: each row is held against those that follow it within the days."""
    seen = [look(row, rules) for row in sorted(group, key=lambda row: (row.day, row.key))]
    window = max(rules.days_before, rules.days_after)
    edges = []
    for n, one in enumerate(seen):
        for other in seen[n + 1 :]:
            if (other.row.day - one.row.day).days > window:
                break
            head, tail = sorted((one, other), key=lambda each: (_RANK[each.row.kind], each.row.key))
            if _fits(head, tail, rules):
                words = _shared(head.row.text, tail.row.text, limits)
                edges.append(_Edge(head.row, tail.row, words, apart_seconds(head.row, tail.row)))
    return edges


def _fits(head: Seen, tail: Seen, rules: TieRules) -> bool:
    if head.row.source == tail.row.source or not days_fit(head.row, tail.row, rules):
        return False
    if head.row.kind == OWN:  # an owner's own words name no channel for certain
        return head.row.direction == tail.row.direction
    if head.row.kind == tail.row.kind or head.own_pocket or names_another(head, tail):
        return False
    return head.way == tail.way != "neutral"


def _shared(one: str, other: str, limits: ProposalRules) -> str:
    """The longest run of signs that both texts have, words of every bill left out; nothing when it is too short.

    >>> _shared("海鲜批发部 进货", "消费 海鲜批发", ProposalRules(("消费",), 2, 3, 400))
    '海鲜批发'
    """
    for word in limits.common:
        one, other = one.replace(word, "\x1f"), other.replace(word, "\x1e")
    match = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    word = one[match.a : match.a + match.size].strip()
    return word if len(word) >= limits.shortest and not word.isdigit() else ""
