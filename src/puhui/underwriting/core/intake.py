"""An applicant's own invoices, as dictionaries from a partner or as csv bytes from an upload, checked like a folder's.

Rule kept: one checker. Bad rows are listed with the row the sender counts; nothing is guessed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from puhui.kernel.canonical import canonical_json
from puhui.underwriting.core import invoices, tables
from puhui.underwriting.core.findings import Findings, FolderRefused
from puhui.underwriting.core.folder import READER_VERSION, Folder
from puhui.underwriting.core.offer_book import ChurnCurve

Sent = Sequence[dict[str, Any]] | bytes
_COLUMNS = tuple(column for column in invoices.COLUMNS if column != "firm")
_MOST_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class InvoicesSent:
    """Invoices of one shop. `sales` and `purchases` have the folder's columns without `firm`."""

    shop_id: str
    name: str
    sales: Sent
    purchases: Sent
    origin: str = "real"


def read_sent(sent: InvoicesSent) -> Folder:
    """A folder of one firm (code = shop id) without ratings and without a churn curve of its own."""
    findings = Findings()
    code = pl.Series("code", [sent.shop_id], dtype=pl.String)
    parts = [
        invoices.check(_frame(rows, name).with_columns(firm=pl.lit(sent.shop_id)), file=name, direction=direction,
                       firms=code, findings=findings)
        for rows, name, direction in ((sent.sales, "sales", "sale"), (sent.purchases, "purchases", "purchase"))
    ]  # fmt: skip
    good = pl.concat(parts).sort("firm", "direction", "issued_on", "number", maintain_order=True)
    firms = pl.DataFrame({"code": [sent.shop_id], "name": [sent.name], "rating": [None], "defaulted": [None]},
                         schema={"code": pl.String, "name": pl.String, "rating": pl.String, "defaulted": pl.Int16})  # fmt: skip
    counts = {"firms": 1, "invoices": good.height, **findings.counts}
    no_curve = ChurnCurve((), {"A": (), "B": (), "C": ()})
    return Folder(sent.shop_id, sent.origin, _hash(sent), firms, good, no_curve, tuple(findings.listed), counts)


def _frame(rows: Sent, name: str) -> pl.DataFrame:
    if isinstance(rows, bytes):
        frame = tables.numbered(tables.read_csv(rows, name), name, _COLUMNS)
    else:
        missing = [column for column in _COLUMNS if any(column not in row for row in rows)]
        if missing:
            raise FolderRefused.of("COLUMN_MISSING", f"{name}, column {', '.join(missing)}",
                                   f"发票缺少字段 {', '.join(missing)} · every invoice needs this field")  # fmt: skip
        texts = {column: [None if row[column] is None else str(row[column]) for row in rows] for column in _COLUMNS}
        frame = pl.DataFrame(texts, schema=dict.fromkeys(_COLUMNS, pl.String))
        frame = frame.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
    if frame.height > _MOST_ROWS:
        raise FolderRefused.of(
            "TOO_MANY_ROWS", name, f"一次最多{_MOST_ROWS}张发票 · at most {_MOST_ROWS} invoices at once"
        )
    return frame


def _hash(sent: InvoicesSent) -> str:
    parts = [rows if isinstance(rows, bytes) else canonical_json(list(rows)) for rows in (sent.sales, sent.purchases)]
    total = hashlib.sha256(canonical_json([READER_VERSION, "application", sent.shop_id, sent.name, sent.origin]))
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()
