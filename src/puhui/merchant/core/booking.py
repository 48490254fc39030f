"""A row of a bill into a double entry: which pocket the money left or reached, and what it was for.

Pockets: a wallet's own, or the bank card it was paid with (its method names the bank); a bank's account; a credit card. A move
between own pockets is no income and no cost. A refund goes back to the category that it returns.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from puhui.kernel.money import parse_yuan
from puhui.merchant.core.bills.entry import BillEntry
from puhui.merchant.core.categories import NONE, Sorter
from puhui.merchant.core.tie_out import TieRules

MOVE = "move"  # why of an entry between own pockets
FEE = "手续费"  # the word by which the rules of categories know it
FEE_OF = "/fee"  # after the number of the payment it was kept of


@dataclass(frozen=True, slots=True)
class Booking:
    """`debit` and `credit` are empty for a row that moved nothing between pockets (a fund inside a wallet)."""

    debit: str
    credit: str
    sure_percent: int
    why: str


def grossed(rows: Sequence[BillEntry], told_net: re.Pattern[str]) -> list[BillEntry]:
    """Refunds told net of the fee that came back, as the refund and its fee: so they are the same payments in every bill.

    Only where the row's own sum bears it out: what it says was refunded, less the fee it names, is its amount.
    """
    return [_grossed(row, told_net) if row.refund and not row.fee_minor else row for row in rows]


def _grossed(row: BillEntry, told_net: re.Pattern[str]) -> BillEntry:
    said = told_net.search(row.description)
    whole, fee = (parse_yuan(part) for part in said.groups()) if said else (0, 0)
    return replace(row, amount_minor=whole, fee_minor=fee) if fee and whole - fee == row.amount_minor else row


def fees_of(rows: Sequence[BillEntry]) -> list[BillEntry]:
    """What the channel kept of each payment, as a payment of its own; of money paid back, what the channel gave back.

    The payment itself stays whole: takings are what customers paid, the fee is a cost.
    """
    return [
        replace(row, direction="in" if row.refund else "out", amount_minor=row.fee_minor, fee_minor=0, description=FEE, kind=FEE,
                balance_minor=None, external_id=f"{row.external_id}{FEE_OF}" if row.external_id else "",
                merchant_id=f"{row.merchant_id}{FEE_OF}" if row.merchant_id else "")
        for row in rows
        if row.fee_minor and row.direction != "neutral"
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Way:
    """`asked`: the direction of the category; `rank`: of the text's word among the rules; `by_rank`: double entries by the deciding word."""

    asked: str
    rank: int
    by_rank: dict[int, Booking]


class Booker:
    """Books the rows of one bill. `card`: the bill is a credit card's; `kinds`: source → wallet, platform or bank."""

    def __init__(self, sorter: Sorter, rules: TieRules, kinds: Mapping[str, str], *, card: bool) -> None:
        self.sorter, self.rules, self.kinds, self.card = sorter, rules, kinds, card
        self._pockets: dict[tuple[str, str], str] = {}
        self._moves: dict[tuple[str, str], Booking | None] = {}
        self._ways: dict[tuple[object, ...], _Way | None] = {}
        self._by_rank: dict[tuple[str, str, str], dict[int, Booking]] = {}
        self._known: dict[tuple[object, ...], Booking] = {}

    def book(self, rows: Sequence[BillEntry]) -> list[Booking]:
        """The double entry of each row. What a row says beside whom it was with is looked at once; where rules alone sort, name and text
        are looked at each by itself and the double entry is known by the word that decided."""
        ways, booked = self._ways, []
        for row in rows:
            said = (row.direction, row.description, row.kind, row.method, row.source, row.refund)
            if said in ways:
                way = ways[said]
            else:
                way = ways[said] = self._way(row)
            if way is not None and self.sorter.rules_alone(way.asked, row.counterparty):
                rank = self.sorter.rank(way.asked, row.counterparty)
                rank = min(rank, way.rank)
                found = way.by_rank.get(rank)
                if found is None:
                    found = way.by_rank[rank] = self._book(row)
            else:
                asked = (*said, row.counterparty)
                found = self._known.get(asked)
                if found is None:
                    found = self._known[asked] = self._book(row)
            booked.append(found)
        return booked

    def _way(self, row: BillEntry) -> "_Way | None":
        """What rows that say the same of themselves share, whoever they were with; None where the name has a part in more than the category."""
        if row.direction == "neutral" or self.kinds.get(row.source) == "bank":
            return None
        asked = _asked(row)
        known = self._by_rank.setdefault((row.direction, asked, self._pocket(row.source, row.method)), {})
        return _Way(asked, self.sorter.rank(asked, f"{row.kind} {row.description}"), known)

    def _book(self, row: BillEntry) -> Booking:
        pocket = self._pocket(row.source, row.method)
        text = f"{row.kind} {row.description}"
        if row.direction == "neutral":
            return self._neutral(row, pocket, text)
        move = self._bank_move(row, pocket, text) if self.kinds.get(row.source) == "bank" else None
        return move or self._guessed(row, _asked(row), pocket, text)

    def _guessed(self, row: BillEntry, asked: str, pocket: str, text: str) -> Booking:
        guess = self.sorter.guess(asked, row.counterparty, text)
        category = guess.category
        debit, credit = (pocket, category) if row.direction == "in" else (category, pocket)
        return Booking(debit, credit, guess.sure_percent, guess.why + (f":{guess.words}" if guess.words else ""))

    def _neutral(self, row: BillEntry, pocket: str, text: str) -> Booking:
        own = self._pocket(row.source, "")
        told = f"{row.counterparty} {text} {row.method}"
        if row.refund:
            guess = self.sorter.guess("out", row.counterparty, text.replace("退款-", ""))
            return Booking(pocket, guess.category, guess.sure_percent, guess.why)
        bank = self._bank_in(told)
        if bank and any(word in told for word in self.rules.to_bank):
            return Booking(bank, own, 90, MOVE)
        if bank and any(word in told for word in self.rules.from_bank):
            paid = "信用卡还款" in told
            return (
                Booking(_card(bank), pocket if pocket != _card(bank) else own, 90, MOVE)
                if paid
                else Booking(own, bank, 90, MOVE)
            )
        return Booking("", "", 0, NONE)

    def _bank_move(self, row: BillEntry, pocket: str, text: str) -> Booking | None:
        """A bank's line that fills a wallet or is filled by one, where the wallet's own bill may not be here."""
        asked = (row.direction, f"{row.counterparty} {text}")
        if asked not in self._moves:
            self._moves[asked] = self._think_move(row.direction, asked[1], pocket)
        return self._moves[asked]

    def _think_move(self, direction: str, told: str, pocket: str) -> Booking | None:
        wallet = next((source for source, words in self.rules.channels.items()
                       if self.kinds.get(source) == "wallet" and any(word in told for word in words)), "")  # fmt: skip
        if wallet and direction == "in" and any(word in told for word in self.rules.to_bank):
            return Booking(pocket, wallet, 90, MOVE)
        if wallet and direction == "out" and "充值" in told:
            return Booking(wallet, pocket, 90, MOVE)
        if "信用卡" in told and "还款" in told and direction == "out" and not pocket.startswith("card"):
            return Booking("card", pocket, 90, MOVE)
        if self.card and direction == "in" and "还款" in told:
            return Booking(pocket, "transfer", 90, MOVE)
        return None

    def _pocket(self, source: str, method: str) -> str:
        found = self._pockets.get((source, method))
        if found is None:
            found = self._pockets[source, method] = self._find_pocket(source, method)
        return found

    def _find_pocket(self, source: str, method: str) -> str:
        kind = self.kinds.get(source, "bank")
        if kind == "bank":
            return f"card:{source}" if self.card else f"bank:{source}"
        own = any(word in method for word in self.rules.own_pocket)
        bank = "" if own else self._bank_in(method)
        if bank:
            return _card(bank) if "信用卡" in method else bank
        if kind == "wallet":
            return source if source in ("wechat", "alipay") else f"platform:{source}"
        for wallet in ("wechat", "alipay"):
            if any(word in method for word in self.rules.channels.get(wallet, ())):
                return wallet
        return f"platform:{source}"

    def _bank_in(self, text: str) -> str:
        for source, words in self.rules.channels.items():
            if self.kinds.get(source) == "bank" and any(word in text for word in words):
                return f"bank:{source}"
        return ""


def _asked(row: BillEntry) -> str:
    """The direction of the category: money back from a purchase belongs to its cost, money given back to a customer to its sale."""
    if not row.refund:
        return row.direction
    return "out" if row.direction == "in" else "in"


def _card(bank: str) -> str:
    return f"card:{bank.split(':', 1)[1]}"
