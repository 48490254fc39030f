"""The rows of the shopkeeper's zone, one file a subject; only this room reads them. Django finds a model by its import here."""

from puhui.merchant.models.books import (
    Attachment,
    BillImport,
    Books,
    ColumnMapping,
    Correction,
    DayTotal,
    Entry,
    MonthClosing,
    PayerMonth,
    Telling,
)
from puhui.merchant.models.invoices import KeptInvoice
from puhui.merchant.models.tool_records import ToolRecord, ToolRevocation

__all__ = [
    "Attachment",
    "BillImport",
    "Books",
    "ColumnMapping",
    "Correction",
    "DayTotal",
    "Entry",
    "KeptInvoice",
    "MonthClosing",
    "PayerMonth",
    "Telling",
    "ToolRecord",
    "ToolRevocation",
]
