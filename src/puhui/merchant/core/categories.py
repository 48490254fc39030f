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
        self._speaks = {way: _any_word(rules, way) for way in ("in", "out", "neutral")}
        self._known: dict[tuple[str, str, str], Guess] = {}
        self._silent = {way: Guess(category, 0, NONE) for way, category in fallback.items()}
        self._spoken: dict[str, dict[str, bool]] = {way: {} for way in self.model}
        across = any(" " in word for rule in rules for word in rule.words)  # begins in one text and ends in the next
        self._quick = {way: model.knows_little and not across for way, model in self.model.items()}

    def guess(self, direction: str, counterparty: str, text: str) -> Guess:
        """The best guess; its category is the fallback of the direction when nothing speaks for another."""
        if self.is_silent(direction, counterparty, text):
            return self._silent[direction]
        asked = (direction, counterparty, text)
        found = self._known.get(asked)
        if found is None:
            found = self._known[asked] = self._think(direction, counterparty, text)
        return found

    def _think(self, direction: str, counterparty: str, text: str) -> Guess:
        said = self.said.get((direction, counterparty))
        if said:
            return Guess(said, 100, OWNER, counterparty)
        told = f"{counterparty} {text}"
        proposed = self.model[direction].best(told)
        if proposed and proposed[1] >= self.bar:
            return Guess(proposed[0], proposed[1], MODEL)
        for rule in self.rules if self._speaks[direction].search(told) else ():
            if rule.direction == direction:
                hit = next((word for word in rule.words if word in told), "")
                if hit:
                    return Guess(rule.category, 90, RULE, hit)
        return Guess(self.fallback[direction], proposed[1] if proposed else 0, NONE)

    def is_silent(self, direction: str, counterparty: str, text: str) -> bool:
        """Whether neither the owner, nor the model, nor a rule has anything to say; each name and each text is looked at once."""
        if not self._quick[direction] or (direction, counterparty) in self.said:
            return False
        spoken = self._spoken[direction]
        for piece in (counterparty, text):
            speaks = spoken.get(piece)
            if speaks is None:
                speaks = spoken[piece] = bool(self._speaks[direction].search(piece))
            if speaks:
                return False
        return True


def _any_word(rules: Sequence[Rule], direction: str) -> re.Pattern[str]:
    """Finds whether any rule of a direction speaks at all: most texts of a shop's bills are silent."""
    words = [re.escape(word) for rule in rules if rule.direction == direction for word in rule.words]
    return re.compile("|".join(words) or r"(?!)")


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
