"""How each column of a tape is read: its kind, its shapes, its special codes. Settled once, on training rows; kept in the model.

Rules kept: `read` is the one way from raw values to numbers, days and words, for a tape of a million and for one applicant; it
looks at one value at a time, so a row reads the same alone as among others. What training did not settle is never guessed later.

>>> from puhui.underwriting.core.modelling import terms
>>> column = infer(pl.Series("income", ["1,200", "900", "-999", "2,000", "NA"] * 20), terms.in_force())
>>> column.kind, column.specials, read(pl.Series("income", ["3,000", "n/a", "-999"]), column).to_list()
('number', (-999.0,), [3000.0, None, -999.0])
"""

import re
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from puhui.underwriting.core.modelling import parsing
from puhui.underwriting.core.modelling.terms import Terms

KINDS = ("number", "date", "category", "identifier", "text", "constant", "empty", "nested")
DIGITS = ("%Y%m%d", "%Y%m", "%y%m%d")
MODELLED = ("number", "date", "category")
SPANS = (pl.Time, pl.Duration)
EXCEL_1970 = 25_569  # 1970-01-01 as spreadsheets count days


@dataclass(frozen=True, slots=True)
class Column:
    """One column as training saw it. `specials`: codes that stand apart; `odd_words`: words found among numbers, read as missing."""

    name: str
    kind: str
    comma: bool = False
    shapes: tuple[str, ...] = ()
    stamp: str = ""  # a date kept as a number: "ms", "s" since 1970, "excel" (days since 1899-12-30) or "digits" (19970220, 199702)
    specials: tuple[float, ...] = ()
    odd_words: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    missing_words: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ((), "", False)}

    @staticmethod
    def of(stored: dict[str, Any]) -> "Column":
        known = {field.name for field in fields(Column)}
        given: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in stored.items() if name in known
        }
        return Column(**given)


def infer(raw: pl.Series, terms: Terms) -> Column:
    """Settle how a column is read from its training values."""
    words = tuple(terms.reading["missing_words"])
    if raw.dtype.is_nested() or raw.dtype in (pl.Binary, pl.Object):
        return Column(raw.name, "nested")
    if raw.dtype.is_numeric():
        return _of_numbers(Column(raw.name, "number"), raw.cast(pl.Float64, strict=False), terms)
    if raw.dtype in SPANS:
        return _of_numbers(Column(raw.name, "number"), _spans(raw), terms)
    if raw.dtype.is_temporal():
        days = _days(raw)
        return Column(raw.name, "empty" if not days.count() else "constant" if days.n_unique() == 1 else "date")
    text = parsing.plain(_text(raw), words)
    if not text.count():
        return Column(raw.name, "empty", missing_words=words)
    return _of_text(Column(raw.name, "category", missing_words=words), text, terms)


def read(raw: pl.Series, column: Column) -> pl.Series:
    """Raw values → numbers or days (Float64), or words (String), by what training settled. Unread values are null."""
    if column.kind == "number":
        return _numbers(raw, column)
    if column.kind == "date":
        return _dates(raw, column)
    return parsing.plain(_text(raw), column.missing_words)


def unread(raw: pl.Series, values: pl.Series, column: Column) -> pl.Series:
    """Where a value stands in the tape but could not be read as what the column is (and is no odd word of training)."""
    if column.kind == "category" or raw.dtype != pl.String:
        return pl.Series(raw.name, [False]).new_from_index(0, len(raw))
    text = parsing.plain(raw, column.missing_words)
    return text.is_not_null() & values.is_null() & ~text.is_in(list(column.odd_words)).fill_null(False)


def specials_of(values: pl.Series, codes: list[float]) -> tuple[float, ...]:
    """Codes at the ends of a column's values that lie apart from all the others, taken off one at a time.

    >>> specials_of(pl.Series([float(n) for n in range(40)] + [999.0] * 5 + [998.0] * 3), [998, 999])
    (998.0, 999.0)
    >>> specials_of(pl.Series([-2.5, -1.0, 0.0, 1.0, 2.0] * 9), [-1, -2])
    ()
    """
    if not values.is_in([float(code) for code in codes]).any():
        return ()
    counts = values.drop_nulls().value_counts().sort(values.name)
    points, rows = counts[values.name].to_list(), counts["count"].to_list()
    known, found = {float(code) for code in codes}, []
    high = [point for point in points if point in known and point > 0]
    low = [point for point in points if point in known and point < 0]
    inner = [p for p in points if p not in high and p not in low]
    if len(inner) < 2:
        return ()
    times = dict(zip(points, rows, strict=True))
    least = max(2, 0.00001 * sum(rows))
    width = max(_bulk_width(inner, times), 1.0)
    found += [p for p in high if p - inner[-1] > max(0.5 * width, 2.0) and times[p] >= least]
    if inner[0] >= 0:
        found += [p for p in low if times[p] >= least and not (p > -2 and _fractional(inner))]
    else:
        found += [p for p in low if inner[0] - p > max(0.5 * width, 2.0) and times[p] >= least]
    return tuple(sorted(found))


def _bulk_width(inner: list[float], times: dict[float, int]) -> float:
    """From the 1st to the 99th hundredth of the rows: one far value must not hide a code."""
    total, seen, start, end = sum(times[p] for p in inner), 0, inner[0], inner[-1]
    for point in inner:
        seen += times[point]
        if seen <= 0.01 * total:
            start = point
        if seen <= 0.99 * total:
            end = point
    return end - start


def _fractional(points: list[float]) -> bool:
    return any(point != round(point) for point in points[:50])


def _of_numbers(column: Column, values: pl.Series, terms: Terms) -> Column:
    values = values.set(~values.is_finite().fill_null(True), None)
    if not values.count():
        return _as(column, kind="empty")
    if values.drop_nulls().n_unique() == 1:
        return _as(column, kind="constant")
    stamp = stamp_of(values, column.name)
    if stamp:
        return _as(column, kind="date", stamp=stamp)
    if _identifies(values, column.name, terms):
        return _as(column, kind="identifier")
    return _as(column, specials=specials_of(values, terms.reading["special_codes"]))


def _of_text(column: Column, text: pl.Series, terms: Terms) -> Column:
    present, enough = text.drop_nulls(), float(terms.reading["typed_share"])
    figures = int(present.str.contains(r"\d").sum())
    if figures < 0.5 * len(present):  # neither a number nor a date is read without a figure
        return _of_words(column, present, terms)
    comma = parsing.decimal_comma(present)
    values = parsing.numbers(present, comma=comma)
    odd = present.filter(values.is_null()).unique().sort()
    is_number = values.count() >= enough * len(present) or (
        values.count() >= 0.5 * len(present) and len(odd) <= 3 and values.n_unique() > 20
    )
    if is_number and len(odd) <= max(terms.reading["max_odd_words"], 0.02 * len(present)):
        as_number = _as(column, kind="number", comma=comma, odd_words=tuple(odd.head(terms.reading["max_odd_words"])))
        return _of_numbers(as_number, values, terms)
    shapes = parsing.shapes_of(present.head(20_000), enough=enough) if figures > 0.9 * len(present) else ()
    if shapes:
        return _as(column, kind="date", shapes=shapes)
    return _of_words(column, present, terms)


def _of_words(column: Column, present: pl.Series, terms: Terms) -> Column:
    distinct = present.n_unique()
    if distinct == 1 and len(present) > 1:
        alone = present.null_count() == 0
        return _as(column, kind="constant" if alone else "category", levels=(str(present[0]),))
    if distinct > 50 and distinct >= terms.reading["identifier_share"] * len(present):
        return _as(column, kind="identifier")
    if distinct > terms.reading["max_categories"]:
        named = named_like_an_id(column.name, terms)
        return _as(column, kind="identifier" if named else "text")
    return _as(column, levels=tuple(present.unique().sort()))


def stamp_of(values: pl.Series, name: str, *, wanted: bool = False) -> str:
    """How a number writes a date, if it does: "digits", "ms", "s", "excel" (1980 to 2099); `wanted` where the analyst said that it
    is one."""
    present = values.drop_nulls()
    if present.is_empty() or (present != present.round()).any():
        return ""
    text = present.head(20_000).cast(pl.Int64).cast(pl.String)
    dated = wanted or any(
        part in name.lower() for part in ("date", "time", "month", "_dt", "日期", "时间", "年月", "dt_")
    )
    if present.n_unique() > 2 and text.str.contains(r"^(19|20)\d{6}$").all():
        return "digits" if parsing.dates(text, ("%Y%m%d",)).count() >= 0.98 * len(text) else ""
    if dated and text.str.contains(r"^\d{6}$").all():
        return "digits" if parsing.dates(text, DIGITS).count() >= 0.98 * len(text) else ""
    if dated and present.is_between(3e11, 4.2e12).all():  # type: ignore[operator]
        return "ms"
    if dated and present.is_between(3e8, 4.2e9).all():  # type: ignore[operator]
        return "s"
    return "excel" if dated and present.n_unique() > 2 and present.is_between(29_221, 73_050).all() else ""  # type: ignore[operator]


def _identifies(values: pl.Series, name: str, terms: Terms) -> bool:
    """Whole numbers that differ in nearly every row: a row number, or a number with the name or the width of an account's.
    A number named like an identifier may come back a few times (one customer, several loans)."""
    present = values.drop_nulls()
    if len(present) < 50 or (present != present.round()).any():
        return False
    share, named = present.n_unique() / len(present), named_like_an_id(name, terms)
    if share < terms.reading["identifier_share"]:
        return named and share >= 0.2
    low, high = (float(end) for end in present.to_frame("x").select(pl.min("x"), pl.max("x").alias("y")).row(0))
    return named or high - low + 1 <= 2.0 * len(present) or low >= 1e7


def named_like_an_id(name: str, terms: Terms) -> bool:
    """Whether a piece of the name says identifier: CustomerId, loan_no, customerid, 客户号 (but not "paid").

    >>> from puhui.underwriting.core.modelling.terms import in_force
    >>> [named_like_an_id(name, in_force()) for name in ("CustomerId", "LoanNr_ChkDgt", "customerid", "amount_paid", "客户编号")]
    [True, True, True, False, True]
    """
    pieces = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().replace("-", "_").replace(" ", "_").split("_")
    if any(piece in terms.reading["identifier_names"] for piece in pieces):
        return True
    last = pieces[-1]
    return (last.endswith("id") and not last.endswith(("paid", "valid", "fluid"))) or name.endswith(
        ("编号", "号码", "流水号", "序号")
    )


def _numbers(raw: pl.Series, column: Column) -> pl.Series:
    if raw.dtype in SPANS:
        return _spans(raw)
    if raw.dtype.is_numeric() or raw.dtype == pl.Boolean:
        values = raw.cast(
            pl.Float64, strict=False
        ).to_numpy()  # a null is NaN here; no query plan a column (one applicant)
        return pl.Series(raw.name, np.where(np.isfinite(values), values, np.nan), nan_to_null=True)
    return parsing.numbers(parsing.plain(_text(raw), column.missing_words), comma=column.comma)


def _dates(raw: pl.Series, column: Column) -> pl.Series:
    if raw.dtype.is_temporal():
        return _days(raw)
    if not column.stamp and not raw.dtype.is_numeric():
        shapes = column.shapes or parsing.DATE_SHAPES[:1]
        return parsing.dates(parsing.plain(_text(raw), column.missing_words), shapes)
    values = _numbers(raw, column)
    if column.stamp == "excel":
        return values.floor() - EXCEL_1970
    if column.stamp in ("ms", "s"):
        return (values / (86_400_000.0 if column.stamp == "ms" else 86_400.0)).floor()
    return parsing.dates(values.cast(pl.Int64, strict=False).cast(pl.String), DIGITS)


def _spans(raw: pl.Series) -> pl.Series:
    """A span of time as days, a time of day as hours."""
    if raw.dtype == pl.Time:
        return raw.to_physical().cast(pl.Float64) / 3.6e12
    return raw.dt.total_microseconds().cast(pl.Float64) / 8.64e10


def _days(raw: pl.Series) -> pl.Series:
    return raw.cast(pl.Date, strict=False).cast(pl.Int32).cast(pl.Float64)


def _text(raw: pl.Series) -> pl.Series:
    """Any value as a word: 1.0 and 1 are the same word, true is "true"."""
    if raw.dtype == pl.String:
        return raw
    if raw.dtype.is_float():
        whole = raw.cast(pl.Int64, strict=False)
        same = (whole.cast(raw.dtype) == raw).fill_null(False)
        return whole.cast(pl.String).zip_with(same, raw.cast(pl.String))
    return raw.cast(pl.String, strict=False)


def _as(column: Column, **changed: Any) -> Column:
    return Column(**{field.name: getattr(column, field.name) for field in fields(Column)} | changed)
