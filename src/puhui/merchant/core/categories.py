"""What a payment was for: the owner's own answers first, then rules anybody can read, then a model that says how sure it is.

The model is multinomial naive Bayes over the pairs of characters of a payment's text, with the owner's corrections as its only
teacher (add-one smoothing; McCallum & Nigam 1998). Its confidence is the posterior share of the best category; below the bar it
proposes nothing. Counts are whole numbers; no money is summed here.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

OWNER, RULE, MODEL, NONE = "owner", "rule", "model", "none"
_MOST_PAIRS = 40


@dataclass(frozen=True, slots=True)
class Guess:
    """`sure_percent` 0–100; `why` names the answer, rule or model behind it, and `words` what in the text decided."""

    category: str
    sure_percent: int
    why: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A payment of this direction whose text holds one of `words` is of this category."""

    direction: str
    category: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """The owner said: a payment of this direction and text (counterparty and description) is of this category."""

    direction: str
    counterparty: str
    text: str
    category: str


class Sorter:
    """Sorts the payments of one shop. Answers are remembered by (direction, counterparty, text)."""

    def __init__(self, rules: Sequence[Rule], corrections: Sequence[Correction], *, bar_percent: int,
                 fallback: Mapping[str, str]) -> None:  # fmt: skip
        self.rules, self.bar, self.fallback = rules, bar_percent, fallback
        self.said = {(each.direction, each.counterparty): each.category for each in corrections if each.counterparty}
        self.model = {
            way: _Model([each for each in corrections if each.direction == way]) for way in ("in", "out", "neutral")
        }
        self._words = {way: _words_of(rules, way) for way in self.model}
        self._speaks = {way: _any_word(words) for way, words in self._words.items()}
        self._ranks: dict[str, dict[str, int]] = {way: {} for way in self.model}
        self._ruled: dict[tuple[str, int], Guess] = {}
        self._known: dict[tuple[str, str, str], Guess] = {}
        across = any(" " in word for rule in rules for word in rule.words)  # begins in one text and ends in the next
        self._alone = {way: model.knows_little and not across for way, model in self.model.items()}

    def guess(self, direction: str, counterparty: str, text: str) -> Guess:
        """The best guess; its category is the fallback of the direction when nothing speaks for another."""
        if self.rules_alone(direction, counterparty):
            return self.by_rank(direction, min(self.rank(direction, counterparty), self.rank(direction, text)))
        asked = (direction, counterparty, text)
        found = self._known.get(asked)
        if found is None:
            found = self._known[asked] = self._think(direction, counterparty, text)
        return found

    def rules_alone(self, direction: str, counterparty: str) -> bool:
        """Whether rules alone say what such payments are: the owner has said nothing of this name, and too little for a model. Then the
        guess is `by_rank` of the lesser rank of name and text."""
        return self._alone[direction] and (direction, counterparty) not in self.said

    def rank(self, direction: str, piece: str) -> int:
        """The place, in the order of the rules, of the first word that a name or a text holds; behind all where it holds none. Each piece
        is looked at once."""
        ranks = self._ranks[direction]
        found = ranks.get(piece)
        if found is None:
            found = ranks[piece] = self._first_word(direction, piece)
        return found

    def by_rank(self, direction: str, rank: int) -> Guess:
        """What the rules say where that word is the first."""
        found = self._ruled.get((direction, rank))
        if found is None:
            words = self._words[direction]
            found = Guess(self.fallback[direction], 0, NONE)
            if rank < len(words):
                found = Guess(words[rank][1], 90, RULE, words[rank][0])
            self._ruled[direction, rank] = found
        return found

    def _think(self, direction: str, counterparty: str, text: str) -> Guess:
        said = self.said.get((direction, counterparty))
        if said:
            return Guess(said, 100, OWNER, counterparty)
        told = f"{counterparty} {text}"
        proposed = self.model[direction].best(told)
        if proposed and proposed[1] >= self.bar:
            return Guess(proposed[0], proposed[1], MODEL)
        ruled = self.by_rank(direction, self._first_word(direction, told))
        return ruled if ruled.why == RULE or not proposed else Guess(ruled.category, proposed[1], NONE)

    def _first_word(self, direction: str, told: str) -> int:
        words = self._words[direction]
        if not self._speaks[direction].search(told):
            return len(words)
        return next(n for n, (word, _) in enumerate(words) if word in told)


def _words_of(rules: Sequence[Rule], direction: str) -> list[tuple[str, str]]:
    """(word, category) of the rules of a direction, in their order."""
    return [(word, rule.category) for rule in rules if rule.direction == direction for word in rule.words]


def _any_word(words: Sequence[tuple[str, str]]) -> re.Pattern[str]:
    """Finds whether any rule of a direction speaks at all: most texts of a shop's bills are silent."""
    return re.compile("|".join(re.escape(word) for word, _ in words) or r"(?!)")


class _Model:
    def __init__(self, corrections: Sequence[Correction]) -> None:
        self.seen = Counter(each.category for each in corrections)
        self.pairs: dict[str, Counter[str]] = {category: Counter() for category in self.seen}
        for each in corrections:
            self.pairs[each.category].update(_pairs(f"{each.counterparty} {each.text}"))
        self.words = {pair for counts in self.pairs.values() for pair in counts}
        self.sizes = {category: counts.total() for category, counts in self.pairs.items()}

    @property
    def knows_little(self) -> bool:
        """Fewer than two categories were ever named: there is nothing to choose between."""
        return len(self.seen) < 2

    def best(self, text: str) -> tuple[str, int] | None:
        """(category, its posterior in percent), or None where there is nothing learned or nothing known in the text."""
        if self.knows_little:
            return None
        pairs = [pair for pair in _pairs(text) if pair in self.words]
        if len(pairs) < 2:
            return None
        scores = {category: self._score(category, pairs) for category in self.seen}
        top = max(scores.values())
        shares = {category: math.exp(score - top) for category, score in scores.items()}
        winner = max(sorted(shares), key=lambda each: shares[each])
        return winner, int(Fraction(shares[winner]) * 100 / sum(Fraction(share) for share in shares.values()))

    def _score(self, category: str, pairs: Sequence[str]) -> float:
        bottom = self.sizes[category] + len(self.words)
        likelihood = sum(math.log(Fraction(self.pairs[category][pair] + 1, bottom)) for pair in pairs)
        return likelihood + math.log(Fraction(self.seen[category], self.seen.total()))


def _pairs(text: str) -> list[str]:
    told = "".join(text.split())[:_MOST_PAIRS]
    return [told[n : n + 2] for n in range(len(told) - 1)]
