"""The accounts of a shop's books under plain words, and the double entry that each payment is.

An entry is a debit, a credit and an amount above nought (house rule 20), so the books balance by shape. Money accounts may name
their bank: `bank:icbc`, `card:cmb`, `wechat`. A refund is the opposite of what it returns, booked on the same category.

>>> chart = Chart((Account("cash", "现金", "Cash", "money", "", ("现金",)), Account("goods", "进货", "Goods", "cost", "operating", ("进货",))))
>>> chart.entry("out", money="cash", category="goods")
('goods', 'cash')
"""

from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("money", "asset", "liability", "equity", "income", "cost", "expense", "transit")
DEBIT_NORMAL = frozenset({"money", "asset", "cost", "expense", "transit"})


@dataclass(frozen=True, slots=True)
class Account:
    """One account: `statement` is its part of the cash flow (operating, investing, financing); `words` name it in a sentence."""

    code: str
    zh: str
    en: str
    kind: str
    statement: str
    words: tuple[str, ...]

    @property
    def names(self) -> tuple[str, str]:
        """(Chinese, English), for a reader's tongue."""
        return self.zh, self.en


class Chart:
    """All accounts of the table, by code."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.accounts = {account.code: account for account in accounts}

    def __contains__(self, code: str) -> bool:
        return code.split(":", 1)[0] in self.accounts

    def of(self, code: str) -> Account:
        """The account; one that names its bank (`bank:icbc`) is its general one. Raises KeyError."""
        return self.accounts.get(code) or self.accounts[code.split(":", 1)[0]]

    def is_money(self, code: str) -> bool:
        """Whether it is a place where money lies: cash, a wallet, a bank account, a credit card."""
        return code.split(":", 1)[0] == "card" or self.of(code).kind == "money"

    def sign(self, code: str) -> int:
        """+1 where a debit adds to the account, −1 where a credit does."""
        return 1 if self.of(code).kind in DEBIT_NORMAL else -1

    def entry(self, direction: str, *, money: str, category: str) -> tuple[str, str]:
        """(debit, credit) of a payment: money in debits the money account, money out credits it."""
        return (money, category) if direction == "in" else (category, money)
