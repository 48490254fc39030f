"""Money is integer minor units with a currency; text becomes money here and nowhere else.

Rule kept: no float touches what is owed (card 18). Amounts typed by people or found in files are
parsed exactly or refused with the reason; they are never guessed.

>>> parse_yuan("1,234.50")
123450
>>> format_yuan(123450)
'1,234.50'
"""

import re
from dataclasses import dataclass
from decimal import Decimal

_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?\Z", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?\Z", re.ASCII)


class MoneyUnreadable(ValueError):
    """The text is not an amount of yuan with at most two decimals."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in minor units (fen for CNY) of one currency.

    >>> Money(100, "CNY") + Money(50, "CNY")
    Money(minor=150, currency='CNY')
    """

    minor: int
    currency: str = "CNY"

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError(f"minor units are an integer, not {type(self.minor).__name__}")

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other).minor, self.currency)

    def _same(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other

    def __str__(self) -> str:
        return f"{self.currency} {format_yuan(self.minor)}"


def parse_yuan(text: str) -> int:
    """Yuan as written by a person → fen. Grouping commas must be in threes; no unit words, no `¥`.

    Raises MoneyUnreadable with what was read and what to write instead.
    >>> parse_yuan("-0.5")
    -50
    """
    cleaned = text.strip()
    if not (_PLAIN.match(cleaned) or _GROUPED.match(cleaned)):
        raise MoneyUnreadable(f"{text!r} is not an amount in yuan; write digits only, such as 1234.50")
    amount = Decimal(cleaned.replace(",", "")) * 100
    if amount != amount.to_integral_value():
        raise MoneyUnreadable(f"{text!r} has more than two decimals; the smallest unit is one fen (0.01)")
    return int(amount)


def format_yuan(minor: int) -> str:
    """Fen → yuan with grouping commas and two decimals.

    >>> format_yuan(-5)
    '-0.05'
    """
    sign, whole = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{whole // 100:,}.{whole % 100:02d}"
