"""Loads the tables of the books: the chart of accounts, the words of categories, the rules of the tie-out."""

import re
from functools import lru_cache

from puhui.kernel import shipped
from puhui.merchant.bill_tables import table
from puhui.merchant.core.bills.words import Source
from puhui.merchant.core.categories import Rule
from puhui.merchant.core.chart import Account, Chart
from puhui.merchant.core.tie_out import TieRules
from puhui.merchant.core.tie_proposals import ProposalRules


@lru_cache(maxsize=1)
def chart() -> Chart:
    """The chart of accounts as shipped."""
    return Chart(tuple(
        Account(row["code"], row["zh"], row["en"], row["kind"], row["statement"], _words(row["words"]))
        for row in _rows("chart")
    ))  # fmt: skip


@lru_cache(maxsize=1)
def category_rules() -> tuple[Rule, ...]:
    """The visible rules by which payments are sorted, in order."""
    return tuple(Rule(row["direction"], row["category"], _words(row["words"])) for row in _rows("category_words"))


@lru_cache(maxsize=1)
def tie_rules() -> TieRules:
    """How sources name each other, and how far apart two tellings may be."""
    words = table("bill_words")
    limits = words["tie_out"]
    return TieRules(
        channels={source: tuple(names) for source, names in words["channels"].items()},
        days_before=limits["days_before"],
        days_after=limits["days_after"],
        own_pocket=tuple(limits["own_pocket"]),
        to_bank=tuple(limits["to_bank"]),
        from_bank=tuple(limits["from_bank"]),
    )


@lru_cache(maxsize=1)
def proposal_rules() -> ProposalRules:
    """When two rows are shown to the owner as perhaps one payment."""
    limits = table("bill_words")["tie_proposals"]
    return ProposalRules(tuple(limits["common"]), limits["shortest"], limits["most_rivals"], limits["days_back"])


@lru_cache(maxsize=1)
def refund_with_fee() -> re.Pattern[str]:
    """How a bill of a wallet's account says that a refund is net of its fee."""
    return re.compile(table("bill_words")["fund_bill"]["refund_with_fee"])


def proposals_shown() -> int:
    """How many pairs one page shows."""
    return int(table("bill_words")["tie_proposals"]["most_shown"])


def source_kind(sources: tuple[Source, ...], code: str) -> str:
    """wallet, platform or bank."""
    return next((source.kind for source in sources if source.code == code), "bank")


def _words(told: str) -> tuple[str, ...]:
    return tuple(word for word in told.split("|") if word)


def _rows(name: str) -> tuple[shipped.Row, ...]:
    return shipped.rows("puhui.merchant", f"rules/{name}.csv")


def evidence_kinds() -> tuple[shipped.Row, ...]:
    """What a lender may be shown of the books, kind by kind: `code, zh, en, shows_zh, shows_en`."""
    return _rows("evidence_kinds")
