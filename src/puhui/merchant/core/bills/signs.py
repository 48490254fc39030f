"""In or out: by the file's own column, by two columns, by the sign, by the running balance, by words; in that order of trust.

A credit card's bill writes spending as a plus. The running balance, where a file has one, is the judge of the sign.
"""

from collections.abc import Sequence
from itertools import pairwise

from puhui.merchant.core.bills.entry import BillEntry
from puhui.merchant.core.bills.words import BillWords, plain


def direction_of(cell: str, words: BillWords) -> str | None:
    """What a cell of the direction column says, or None where it says nothing known."""
    told = plain(cell)
    if told in words.direction:
        return words.direction[told]
    for length in (4, 3, 2, 1):  # `借 Dr`, `支出(消费)`
        way = words.direction.get(told[:length]) if len(told) > length else None
        if way in ("in", "out"):
            return way
    return None


def by_words(texts: Sequence[str], words: BillWords) -> str | None:
    """What a description says: the word that stands first wins; of two at one place, the one that means money back."""
    for text in texts:
        hits = [(text.find(word), 0, "in") for word in words.kind_in if word in text]
        hits += [(text.find(word), 1, "out") for word in words.kind_out if word in text]
        if hits:
            return min(hits)[2]
    return None


def plus_is_out(amounts: Sequence[tuple[int, str]], words: BillWords) -> bool:
    """Whether a card's bill writes spending as a plus: money back (还款, 退款) then carries the minus.

    `amounts` are (signed minor units, text of the row).
    """
    back = [minor for minor, text in amounts if any(word in text.lower() for word in words.card_return)]
    minus = sum(minor < 0 for minor in back)
    if minus * 2 > len(back):
        return True
    if len(back) > minus * 2 and any(minor < 0 for minor, _ in amounts):
        return False
    return sum(minor > 0 for minor, _ in amounts) * 2 >= len(amounts)


def chain(entries: Sequence[BillEntry]) -> tuple[int, int, bool]:
    """(links of the running balance, how many hold for the amounts whatever their sign, newest first)."""
    pairs = [
        (a, b)
        for a, b in pairwise(entries)
        if a.balance_minor is not None and b.balance_minor is not None and a.currency == b.currency
    ]
    rising = sum(abs(b.balance_minor - a.balance_minor) == b.amount_minor for a, b in pairs)  # type: ignore[operator]
    falling = sum(abs(a.balance_minor - b.balance_minor) == a.amount_minor for a, b in pairs)  # type: ignore[operator]
    return len(pairs), max(rising, falling), falling > rising


def signs_by_balance(entries: Sequence[BillEntry], *, newest_first: bool) -> list[int]:
    """+1, −1 or 0 (unknown) for each entry: what it did to the balance."""
    signs = [0] * len(entries)
    for n in range(len(entries) - 1):
        old, new = (entries[n + 1], entries[n]) if newest_first else (entries[n], entries[n + 1])
        at = n if newest_first else n + 1
        if old.balance_minor is None or new.balance_minor is None or old.currency != new.currency:
            continue
        change = new.balance_minor - old.balance_minor
        if abs(change) == entries[at].amount_minor:
            signs[at] = 1 if change > 0 else -1
    return signs


def settle_by_balance(entries: list[BillEntry], words: BillWords, *, signed: bool) -> tuple[int, int]:
    """Let the balance decide where the file's sign was only inferred; (links, links that agree with the directions).

    `signed`: the file has signs, so they are turned together or not at all; without signs each entry takes its own.
    """
    links, held, newest_first = chain(entries)
    limits = words.limits
    if links < limits["balance_links_min"] or held * 100 < links * limits["balance_agree_percent"]:
        return links, _agreeing(entries, newest_first)
    signs = signs_by_balance(entries, newest_first=newest_first)
    against = sum(
        sign != 0 and (sign > 0) != (entry.direction == "in") for entry, sign in zip(entries, signs, strict=True)
    )
    known = sum(sign != 0 for sign in signs)
    if signed and against * 100 >= known * limits["balance_agree_percent"]:
        for entry in entries:
            entry.direction = {"in": "out", "out": "in"}.get(entry.direction, entry.direction)
    elif not signed:
        for entry, sign in zip(entries, signs, strict=True):
            if sign and entry.direction != "neutral":
                entry.direction = "in" if sign > 0 else "out"
    return links, _agreeing(entries, newest_first)


def agreement(entries: Sequence[BillEntry]) -> tuple[int, int]:
    """(links of the running balance, how many hold with the directions as they are)."""
    links, _, newest_first = chain(entries)
    return (links, _agreeing(entries, newest_first)) if links else (0, 0)


def _agreeing(entries: Sequence[BillEntry], newest_first: bool) -> int:
    signs = signs_by_balance(entries, newest_first=newest_first)
    return sum((sign > 0) == (entry.direction == "in") for entry, sign in zip(entries, signs, strict=True) if sign)
