"""What a tool shows: a headline, figures, a chart, rows, notes, and the forms by which its records are made. Words in two tongues.

>>> page = ToolPage("stock", ("进销存", "Stock"), Figure(("存货", "Stock"), yuan(12_345)))
>>> page.headline.text
'¥123.45'
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from puhui.kernel.money import format_yuan

Words = tuple[str, str]  # Chinese, English


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name; `tone` good, warn or bad colours it."""

    name: Words
    text: str
    tone: str = ""
    told: Words = ("", "")
    record: str = ""  # the id of the record a row is about, where a file is made of it


@dataclass(frozen=True, slots=True)
class Section:
    """A titled list of rows below the page's own; `file` names what is handed out of each of its records."""

    title: Words
    rows: tuple[Figure, ...]
    told: Words = ("", "")
    file: Words = ("", "")


@dataclass(frozen=True, slots=True)
class Curve:
    """One line or row of bars of a chart; values in yuan or plain numbers, None is a gap."""

    name: Words
    values: tuple[Any, ...]
    kind: str = "bar"


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart: labels along the bottom and curves over them."""

    title: Words
    labels: tuple[str, ...]
    curves: tuple[Curve, ...]
    unit: str = "元"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question of a calculator on the page (a GET form): name, words, type, what stands there."""

    name: str
    words: Words
    value: str = ""
    choices: tuple[tuple[str, Words], ...] = ()
    long: bool = False
    keys: str = "decimal"  # which keyboard a phone shows: decimal, tel or text


@dataclass(frozen=True, slots=True)
class ToolPage:
    """One tool's page. `kinds` are the record kinds that it takes; `missing` says what to record first."""

    name: str
    title: Words
    headline: Figure | None = None
    figures: tuple[Figure, ...] = ()
    notes: tuple[Words, ...] = ()
    picture: Picture | None = None
    rows: tuple[Figure, ...] = ()
    kinds: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()
    sources: tuple[str, ...] = ()
    missing: Words = ("", "")
    link: str = ""
    more: tuple[Picture, ...] = ()
    sections: tuple[Section, ...] = ()


Asked = Mapping[str, str]


def yuan(minor: int) -> str:
    """Fen as people read it."""
    return f"-¥{format_yuan(-minor)}" if minor < 0 else f"¥{format_yuan(minor)}"


def yuan_number(minor: int) -> float:
    """Fen as a number of yuan for a chart, where nothing is owed."""
    return minor / 100


def percent(share: Any) -> str:
    """A share as people read it.

    >>> percent(0.125)
    '12.5%'
    """
    return f"{share * 100:.1f}%"
