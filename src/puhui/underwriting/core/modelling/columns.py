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
import numpy.typing as npt
import polars as pl

from puhui.underwriting.core.modelling import parsing
from puhui.underwriting.core.modelling.terms import Terms

Floats = npt.NDArray[np.float64]
KINDS = ("number", "date", "category", "identifier", "text", "constant", "empty", "nested")
DIGITS = ("%Y%m%d", "%Y%m", "%y%m%d")
MODELLED = ("number", "date", "category")
SPANS = (pl.Time, pl.Duration)
_FEW = 256  # values that are read sooner in one way than in two
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
    return _of_text(Column(raw.name, "category", missing_words=words), _text(raw), terms)


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
    broken = raw.is_not_null() & values.is_null()
    if not broken.any():
        return broken
    text = parsing.plain(raw, column.missing_words)
    return text.is_not_null() & broken & ~text.is_in(list(column.odd_words)).fill_null(False)


def specials_of(values: pl.Series, codes: list[float]) -> tuple[float, ...]:
    """Codes at the ends of a column's values that lie apart from all the others, taken off one at a time.

    >>> specials_of(pl.Series([float(n) for n in range(40)] + [999.0] * 5 + [998.0] * 3), [998, 999])
    (998.0, 999.0)
    >>> specials_of(pl.Series([-2.5, -1.0, 0.0, 1.0, 2.0] * 9), [-1, -2])
    ()
    """
    if not values.is_in([float(code) for code in codes]).any():
        return ()
    points, rows = np.unique(values.drop_nulls().to_numpy(), return_counts=True)
    known = np.isin(points, np.array(codes, dtype=np.float64)) & (points != 0)
    inner, seen = points[~known], np.cumsum(rows[~known])
    if len(inner) < 2:
        return ()
    frequent = known & (rows >= max(2, 0.00001 * rows.sum()))
    width = max(_bulk_width(inner, seen), 1.0)
    apart = max(0.5 * width, 2.0)
    found = list(points[frequent & (points > 0) & (points - inner[-1] > apart)])
    low = points[frequent & (points < 0)]
    if inner[0] >= 0:
        found += [point for point in low if not (point > -2 and _fractional(inner))]
    else:
        found += list(low[inner[0] - low > apart])
    return tuple(sorted(map(float, found)))


def _bulk_width(inner: Floats, seen: npt.NDArray[np.int64]) -> float:
    """From the 1st to the 99th hundredth of the rows (`seen` up to each number): one far value must not hide a code."""
    start, end = (int(np.searchsorted(seen, share * seen[-1], side="right")) - 1 for share in (0.01, 0.99))
    return float(inner[end] - inner[max(start, 0)])


def _fractional(points: Floats) -> bool:
    return bool((points[:50] != np.round(points[:50])).any())


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
    """Settled on some rows spread over the tape, then held against all of them; where they say otherwise, settled on all."""
    every = max(1, len(text) // int(terms.reading.get("look_rows", max(len(text), 1))))
    found = _held(_looked(column, text.gather_every(every), terms), text, terms)
    if found is None and every > 1:
        found = _held(_looked(column, text, terms), text, terms)
    return found or _of_words(column, parsing.plain(text, column.missing_words).drop_nulls(), terms)


def _looked(column: Column, text: pl.Series, terms: Terms) -> Column:
    """What the words look like: numbers (with a decimal comma or not), dates of some shapes, words, or nothing at all."""
    present, enough = parsing.plain(text, column.missing_words).drop_nulls(), float(terms.reading["typed_share"])
    if present.is_empty():
        return _as(column, kind="empty")
    figures = int(present.str.contains(r"\d").sum())
    if figures < 0.5 * len(present):  # neither a number nor a date is read without a figure
        return column
    comma = parsing.decimal_comma(present)
    values = parsing.numbers(present, comma=comma)
    if _are_numbers(values, present.filter(values.is_null()), terms):
        return _as(column, kind="number", comma=comma)
    shapes = parsing.shapes_of(present, enough=enough) if figures > 0.9 * len(present) else ()
    return _as(column, kind="date", shapes=shapes) if shapes else column


def _held(column: Column, text: pl.Series, terms: Terms) -> Column | None:
    """The column as all rows have it; None where they are not what it looked like."""
    if column.kind == "number":
        values = _numbers(text, column)
        odd = parsing.plain(text.filter(values.is_null() & text.is_not_null()), column.missing_words).drop_nulls()
        if not _are_numbers(values, odd, terms):
            return None
        words = odd.unique().sort().head(terms.reading["max_odd_words"])
        return _of_numbers(_as(column, odd_words=tuple(words)), values, terms)
    present = parsing.plain(text, column.missing_words).drop_nulls()
    if column.kind == "date":
        read = parsing.dates(present, column.shapes).count()
        return column if read >= float(terms.reading["typed_share"]) * len(present) else None
    if column.kind == "empty":
        return column if present.is_empty() else None
    return _of_words(column, present, terms)


def _are_numbers(values: pl.Series, odd: pl.Series, terms: Terms) -> bool:
    """Whether enough reads as numbers, beside `odd` words that do not: few different ones."""
    read, present, different = values.count(), values.count() + len(odd), odd.n_unique()
    enough = read >= float(terms.reading["typed_share"]) * present
    codes = read >= 0.5 * present and different <= 3 and values.n_unique() > 20
    return present > 0 and (enough or codes) and different <= max(terms.reading["max_odd_words"], 0.02 * present)


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
    text = _text(raw)
    if column.comma or len(text) < _FEW:
        return parsing.numbers(parsing.plain(text, column.missing_words), comma=column.comma)
    bare = text.cast(pl.Float64, strict=False)  # most are bare numbers: only the others are looked at more closely
    dressed = (bare.is_null() & text.is_not_null()).arg_true()
    if len(dressed):
        bare = bare.scatter(dressed, parsing.numbers(parsing.plain(text.gather(dressed), column.missing_words)))
    return bare.set(~bare.is_finite().fill_null(True), None)


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
