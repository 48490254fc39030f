"""The linter of advertising texts (素材审查): forbidden phrases, facts that must be told, a cost above the legal cap.

Letters are compared after folding width and dropping what people put between characters to slip past ("秒 到·账").
A phrase that is denied ("非低门槛", "不保本") is still found: an advertisement has no need of it.

>>> phrases = [Phrase("EASY_CREDIT", "秒到账", "text", "诱导")]
>>> [(each.rule, each.found) for each in lint(Text("小店贷", "秒 到·账"), phrases, [])]
[('EASY_CREDIT', '秒 到·账')]
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

_BETWEEN = re.compile(r"[\s·•.\-_*~|/\\,，。!！?？:：;；'\"“”‘’()（）\[\]【】<>《》#&+^=​-‏﻿]")
_RATE = re.compile(r"年化[^，。；]{0,16}?(\d+(?:\.\d+)?)\s*[%％](?:\s*[-~至到—–]+\s*(\d+(?:\.\d+)?)\s*[%％])?")


@dataclass(frozen=True, slots=True)
class Text:
    """A creative: the account's or application's name as shown, and everything that is said."""

    name: str
    said: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """A forbidden phrase; `scope` text or name."""

    rule: str
    phrase: str
    scope: str
    why: str


@dataclass(frozen=True, slots=True)
class KeyFact:
    """Something that must be told: a pattern that any telling matches, and its name in both languages."""

    fact: str
    pattern: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What stops a creative: the rule, the passage as written (empty where something is missing), and what to do."""

    rule: str
    found: str
    told: str


def lint(
    text: Text, phrases: Iterable[Phrase], key_facts: Sequence[KeyFact], *, cap: Decimal | None = None
) -> list[Finding]:
    """Everything that stops this creative, in the order of the text; nothing means that it may run.

    `cap` is the highest lawful yearly cost as a fraction; a rate above it is a finding.
    """
    findings = []
    for phrase in phrases:
        passage = _passage(text.name if phrase.scope == "name" else text.said, phrase.phrase)
        if passage:
            findings.append(Finding(phrase.rule, passage, f"{phrase.why} · forbidden: {phrase.phrase}"))
    plain = unicodedata.normalize("NFKC", text.said)
    findings += [
        Finding("KEY_FACT_MISSING", "", f"须写明{fact.zh} · tell {fact.en}")
        for fact in key_facts
        if not re.search(unicodedata.normalize("NFKC", fact.pattern), plain)
    ]
    for found in _RATE.finditer(plain):
        highest = max(Decimal(each) for each in found.groups() if each)
        if cap is not None and highest / 100 > cap:
            findings.append(Finding("RATE_ABOVE_CAP", found.group(0), f"高于上限 {cap:%} · above the legal cap"))
    return findings


def _passage(text: str, phrase: str) -> str:
    """The passage of the text that reads as the phrase once width, case and fillers are gone."""
    kept, places = [], []
    for place, letter in enumerate(text):
        for folded in unicodedata.normalize("NFKC", letter).lower():
            if not _BETWEEN.match(folded):
                kept.append(folded)
                places.append(place)
    at = "".join(kept).find(unicodedata.normalize("NFKC", phrase).lower())
    return text[places[at] : places[at + len(phrase) - 1] + 1] if at >= 0 else ""
