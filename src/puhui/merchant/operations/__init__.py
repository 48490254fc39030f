"""Front door, writes: open books, import a bill and undo it, type an entry, correct one, close a month, keep a paper."""

from puhui.merchant.operations.books import (
    EntryDraft,
    Paper,
    attach,
    close_month,
    open_books,
    open_month,
    record_entries,
    record_sentence,
    restrict,
    sort_entry,
    strike_entry,
)
from puhui.merchant.operations.imports import BillFile, ImportDone, import_bill, remember_mapping, undo_import
from puhui.merchant.operations.invoices import InvoicesKept, keep_invoices
from puhui.merchant.operations.pairs import say_of_pair

__all__ = [
    "BillFile",
    "EntryDraft",
    "ImportDone",
    "InvoicesKept",
    "Paper",
    "attach",
    "close_month",
    "import_bill",
    "keep_invoices",
    "open_books",
    "open_month",
    "record_entries",
    "record_sentence",
    "remember_mapping",
    "restrict",
    "say_of_pair",
    "sort_entry",
    "strike_entry",
    "undo_import",
]
