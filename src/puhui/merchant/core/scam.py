"""Signs of a lending scam (防坑核验) in a text, a rate and a few answers: red, yellow or green, each sign with what to do.

Rules kept: signs are dated data handed in (words, colour, advice); a negation close before a word (不收取手续费) takes it out; the cap of a
yearly cost is the law's of the day; nothing found is no proof of honesty, and the answer says so (domain facts 4, tool 24).

>>> signs = [Sign("UPFRONT_FEE", "red", ("先交", "保证金"), "放款前收费", "fee before the money")]
>>> [each.code for each in look("放款前请先交 2000 元保证金", signs)], look("本行放款前不会要求您先交任何费用", signs)
(['UPFRONT_FEE'], [])
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_NOT = ("不会要求您", "不需要", "无需", "不用", "不会", "不收", "不得", "没有", "谨防", "警惕", "禁止", "不要", "请勿")
_REACH = 8  # signs before a word within which a negation counts


@dataclass(frozen=True, slots=True)
class Sign:
    """`words` are alternatives; `colour` red or yellow."""

    code: str
    colour: str
    words: tuple[str, ...]
    zh: str
    en: str


def look(text: str, signs: Sequence[Sign]) -> list[Sign]:
    """Signs that a text shows, in the table's order; width, case and blanks do not matter."""
    plain = "".join(unicodedata.normalize("NFKC", text).lower().split())
    return [sign for sign in signs if any(_said(plain, word.lower()) for word in sign.words)]


def colour(found: Sequence[Sign]) -> str:
    """red, yellow, or green."""
    colours = {sign.colour for sign in found}
    return "red" if "red" in colours else "yellow" if colours else "green"


def _said(plain: str, word: str) -> bool:
    start = plain.find(word)
    while start >= 0:
        before = plain[max(0, start - _REACH) : start]
        if not any(no in before for no in _NOT):
            return True
        start = plain.find(word, start + 1)
    return False
