"""Personal data wears a type that prints *** (card 30); `.reveal()` is easy to grep.

>>> f"{Secret('13800138000')}"
'***'
>>> mask_phone("13800138000"), mask_id_number("11010519491231002X"), mask_name("王小明")
('138****8000', '110***********002X', '王**')
"""

from typing import Any


class Secret:
    """A text that does not show itself in logs, tracebacks or templates."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __bool__(self) -> bool:
        return bool(self._text)


def mask_phone(text: str) -> str:
    """First three and last four digits stay, as on Chinese receipts."""
    return f"{text[:3]}****{text[-4:]}" if len(text) >= 8 else "*" * len(text)


def mask_id_number(text: str) -> str:
    """Area (three) and last four stay."""
    return f"{text[:3]}{'*' * (len(text) - 7)}{text[-4:]}" if len(text) >= 8 else "*" * len(text)


def mask_name(text: str) -> str:
    """The family name's first character stays."""
    return text[:1] + "*" * (len(text) - 1)
