"""The words by which bills are read, as the table gives them: names of columns, states, signs, who wrote what.

Names are compared plain: NFKC, no spaces, lower case. So `金额（元）` and `金额(元)` are one name, and full-width digits are digits.

>>> plain("交易 金额（元）")
'交易金额(元)'
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

ROLES = ("datetime", "amount", "income", "expense", "direction", "status", "id", "merchant_id", "refund_id", "refund_amount",
         "refund_status", "counterparty", "payer", "payee", "account", "description", "kind", "method", "balance", "currency", "fee",
         "own_account")  # fmt: skip


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A name fit for comparing."""
    return "".join(unicodedata.normalize("NFKC", text).split()).strip("`'\"\ufeff").lower()


@dataclass(frozen=True, slots=True)
class Source:
    """Who writes bills like this: `titles` stand outside the rows; each of `headers` is a set of columns only it has."""

    code: str
    zh: str
    en: str
    kind: str
    titles: tuple[str, ...]
    headers: tuple[frozenset[str], ...]

    @property
    def names(self) -> tuple[str, str]:
        """(Chinese, English)."""
        return self.zh, self.en


@dataclass(frozen=True, slots=True)
class BillWords:
    """The table, read once. `columns[role][name]` is the name's rank within its role (lower is better)."""

    columns: Mapping[str, Mapping[str, int]]
    direction: Mapping[str, str]
    dead: tuple[str, ...]
    alive: tuple[str, ...]
    kind_in: tuple[str, ...]
    kind_out: tuple[str, ...]
    kind_refund: tuple[str, ...]
    undone_sale: tuple[str, ...]
    card_return: tuple[str, ...]
    card_headers: frozenset[str]
    till_headers: frozenset[str]
    card_words: tuple[str, ...]
    settled: frozenset[str]
    tail: tuple[str, ...]
    whole_refund: tuple[str, ...]
    empty: frozenset[str]
    summary_sheets: tuple[str, ...]
    currencies: Mapping[str, str]
    limits: Mapping[str, int]
    sources: tuple[Source, ...]


def read_words(words: Mapping[str, Any], sources: Mapping[str, Any]) -> BillWords:
    """From the two tables as TOML gives them."""
    columns = {role: _ranks(words["columns"].get(role, ())) for role in ROLES}
    direction = {plain(word): way for way, names in words["direction_words"].items() for word in names}
    states, kinds, marks = words["state_words"], words["kind_words"], words["marks"]
    return BillWords(
        columns=columns,
        direction=direction,
        dead=tuple(plain(word) for word in states["dead"]),
        alive=tuple(plain(word) for word in states["alive"]),
        kind_in=tuple(kinds["in"]),
        kind_out=tuple(kinds["out"]),
        kind_refund=tuple(kinds["refund"]),
        undone_sale=tuple(kinds["undone_sale"]),
        card_return=tuple(kinds["money_back_on_card"]),
        card_headers=frozenset(plain(word) for word in marks["card_headers"]),
        till_headers=frozenset(plain(word) for word in marks["till_headers"]),
        card_words=tuple(plain(word) for word in marks["card_words"]),
        settled=frozenset(plain(word) for word in marks["settled"]),
        tail=tuple(plain(word) for word in marks["tail"]),
        whole_refund=tuple(marks["whole_refund"]),
        empty=frozenset(plain(word) for word in marks["empty"]),
        summary_sheets=tuple(plain(word) for word in marks["summary_sheets"]),
        currencies={plain(name): code for name, code in marks["currencies"].items()},
        limits=dict(words["limits"]),
        sources=tuple(_source(row) for row in sources["source"]),
    )


def _ranks(names: Sequence[str]) -> dict[str, int]:
    ranks: dict[str, int] = {}
    for rank, name in enumerate(names):
        ranks.setdefault(plain(name), rank)
    return ranks


def _source(row: Mapping[str, Any]) -> Source:
    return Source(
        code=row["code"],
        zh=row["zh"],
        en=row["en"],
        kind=row["kind"],
        titles=tuple(plain(title) for title in row["titles"]),
        headers=tuple(frozenset(plain(name) for name in names) for names in row["headers"]),
    )
