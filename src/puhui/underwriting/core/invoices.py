"""Invoices checked in columns: text or numbers in, integer fen and dates out, a finding for each row left out.

Rule kept: amounts become integer fen exactly, or the row is listed; nothing is guessed. Red (negative) invoices are
legal. One invoice counts once: a copy with the same number, date and amounts is dropped, and if any copy is void the
invoice is void. The number alone is no key, because the invoice code that makes it unique is not in these files.
"""

from collections.abc import Sequence

import polars as pl

from puhui.underwriting.core.findings import LISTED_DUPLICATES, LISTED_PER_REASON, FileFindings, Findings, unfit_text

COLUMNS = ("firm", "number", "issued_on", "counterparty", "net_yuan", "tax_yuan", "gross_yuan", "status")
GOOD_COLUMNS = ("firm", "direction", "number", "issued_on", "counterparty", "net_minor", "tax_minor", "gross_minor",
                "valid")  # fmt: skip
VALID = ("有效发票", "有效", "正常", "valid")
VOID = ("作废发票", "作废", "已作废", "void")
_AMOUNT = r"^([+-]?)(\d{1,13}|\d{1,3}(?:,\d{3}){1,4})(?:\.(\d{1,2})0*)?$"
_DATE = r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
_CENTS_MINOR = 5  # net + tax may differ from gross by rounding
_DISAGREE_MINOR, _DISAGREE_SHARE = 200, 0.01  # beyond both, one of the three amounts must be wrong


def check(raw: pl.DataFrame, *, file: str, direction: str, firms: pl.Series, findings: Findings) -> pl.DataFrame:
    """Good rows with `GOOD_COLUMNS`; everything else is listed in `findings` under `file`."""
    listed = findings.of_file(file)
    read = _read(raw)
    findings.count("rows_read", read.height)
    text = read.with_columns(pl.col(f"{kind}_yuan").cast(pl.String) for kind in ("net", "tax", "gross"))
    listed.reject(text, pl.col("firm") == "", "firm", "EMPTY_FIRM")
    listed.reject(text, (pl.col("firm") != "") & ~pl.col("firm").is_in(firms.implode()), "firm", "UNKNOWN_FIRM")
    listed.reject(text, pl.col("number") == "", "number", "EMPTY_NUMBER")
    for column, longest in (("number", 40), ("counterparty", 120)):
        listed.reject(text, unfit_text(column, longest), column, "TEXT_UNFIT")
    listed.reject(text.with_columns(issued_on="date_text"), pl.col("day").is_null(), "issued_on", "MALFORMED_DATE")
    for kind in ("net", "tax", "gross"):
        listed.reject(text, pl.col(f"{kind}_minor").is_null(), f"{kind}_yuan", "MALFORMED_AMOUNT")
    listed.reject(text, pl.col("valid").is_null(), "status", "UNKNOWN_STATUS")
    off = (pl.col("net_minor") + pl.col("tax_minor") - pl.col("gross_minor")).abs()
    large = (off > _DISAGREE_MINOR) & (off > _DISAGREE_SHARE * pl.col("gross_minor").abs())
    listed.reject(text, large, "gross_yuan", "AMOUNTS_DISAGREE")
    del text
    good = read.filter(~pl.col("row").is_in(sorted(listed.bad_rows))) if listed.bad_rows else read
    listed.warn(good.filter(off > _CENTS_MINOR), "gross_yuan", "AMOUNTS_OFF_BY_CENTS")
    findings.count("rows_rejected", len(listed.bad_rows))
    once = _count_once(good, listed)
    return once.with_columns(direction=pl.lit(direction), issued_on=pl.col("day")).select(GOOD_COLUMNS)


def _read(raw: pl.DataFrame) -> pl.DataFrame:
    """Text trimmed, blank lines dropped, amounts in fen, dates, and the status as a flag; null where unreadable."""
    texts = raw.with_columns(
        pl.col("firm", "number", "counterparty", "status").cast(pl.String).str.strip_chars().fill_null("")
    )
    everything = pl.concat_str(
        [pl.col(c).cast(pl.String).fill_null("") for c in ("firm", "number", "status", "gross_yuan")]
    )
    texts = texts.filter(everything.str.strip_chars() != "")
    status = pl.col("status").str.to_lowercase()
    return texts.with_columns(
        fen(texts, "net_yuan").alias("net_minor"),
        fen(texts, "tax_yuan").alias("tax_minor"),
        fen(texts, "gross_yuan").alias("gross_minor"),
        day(texts, "issued_on").alias("day"),
        pl.col("issued_on").cast(pl.String).alias("date_text"),
        pl.when(status.is_in(VALID)).then(True).when(status.is_in(VOID)).then(False).alias("valid"),
    )


def fen(frame: pl.DataFrame, column: str) -> pl.Expr:
    """Yuan → integer fen, null where it is no amount with at most two decimals."""
    kind, value = frame.schema[column], pl.col(column)
    if kind.is_integer():
        return pl.when(value.abs() < 10**13).then(value.cast(pl.Int64) * 100)
    if kind.is_float():
        scaled = value.cast(pl.Float64) * 100
        whole = scaled.round()
        # A double holds yuan and fen up to 10^13 with room to spare; a third decimal shows as a distance from whole.
        exact = value.is_finite() & (value.abs() < 1e13) & ((scaled - whole).abs() < 1e-3)
        return pl.when(exact).then(whole.cast(pl.Int64, strict=False))
    text = value.cast(pl.String).str.strip_chars()
    parts = [text.str.extract(_AMOUNT, k) for k in (1, 2, 3)]
    yuan = parts[1].str.replace_all(",", "").cast(pl.Int64, strict=False)
    cents = parts[2].fill_null("0").str.pad_end(2, "0").cast(pl.Int64, strict=False)
    return (yuan * 100 + cents) * pl.when(parts[0] == "-").then(-1).otherwise(1)


def day(frame: pl.DataFrame, column: str) -> pl.Expr:
    """A date of the years 1990–2100, null where it is none."""
    kind, value = frame.schema[column], pl.col(column)
    if kind in (pl.Date, pl.Datetime) or isinstance(kind, pl.Datetime):
        found = value.cast(pl.Date)
    else:
        text = value.cast(pl.String).str.strip_chars()
        year, month, dom = (text.str.extract(_DATE, k).str.zfill(2) for k in (1, 2, 3))
        found = pl.concat_str([year, month, dom], separator="-").str.to_date("%Y-%m-%d", strict=False)
    return pl.when(found.dt.year().is_between(1990, 2100)).then(found)


def _count_once(good: pl.DataFrame, listed: FileFindings) -> pl.DataFrame:
    """Drop exact copies, then copies of one invoice under another counterparty code or status; void wins."""
    invoice = ["firm", "number", "day", "net_minor", "tax_minor", "gross_minor"]
    exact = pl.struct(*invoice, "counterparty", "valid")
    copies = good.filter(~exact.is_first_distinct())
    listed.duplicates(copies, "number", "EXACT_DUPLICATE", listed=LISTED_DUPLICATES)
    if copies.height:
        good = good.filter(exact.is_first_distinct())
    again = good.filter(pl.struct(invoice).is_duplicated()) if good.height else good
    if again.height:
        kept = again.sort("valid", "row").unique(subset=invoice, keep="first", maintain_order=True)
        dropped = again.filter(~pl.col("row").is_in(kept["row"].to_list()))
        listed.duplicates(dropped, "number", "SAME_INVOICE_AGAIN", listed=LISTED_PER_REASON)
        good = good.filter(~pl.col("row").is_in(dropped["row"].to_list()))
    listed.warn(_reused(good, ["firm", "number"]), "number", "NUMBER_REUSED")
    return good


def _reused(good: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Second and later rows that carry a number already used by the same firm."""
    return good.filter(~pl.struct(key).is_first_distinct()) if good.height else good
