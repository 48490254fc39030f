"""Loads the two tables by which bills are read (`rules/bill_words.toml`, `rules/bill_sources.toml`)."""

from functools import lru_cache
from typing import Any

from puhui.kernel import shipped
from puhui.merchant.core.bills.words import BillWords, read_words
from puhui.merchant.core.invoices import InvoiceWords
from puhui.merchant.core.invoices import read_words as read_invoice_words


@lru_cache(maxsize=1)
def bill_words() -> BillWords:
    """The words as shipped."""
    return read_words(table("bill_words"), table("bill_sources"))


@lru_cache(maxsize=1)
def invoice_words() -> InvoiceWords:
    """The names under which invoices carry their parts."""
    return read_invoice_words(table("invoice_words"))


def table(name: str) -> dict[str, Any]:
    """A table of the room as TOML gives it."""
    return shipped.tree("puhui.merchant", f"rules/{name}.toml")
