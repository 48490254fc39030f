"""Any table → numbers a model can read: numeric columns with their gaps marked, dates as days, words as indicator columns.

Names, constants and the columns that are spoken for are left out, and each leaving is told with its reason.

>>> design = designed(pl.DataFrame({"age": ["31", "", "45"], "town": ["a", "b", "a"], "same": [1, 1, 1]}), leave=(), terms=tables()["reading"])
>>> design.names
('age', 'age missing', 'town = a')
>>> design.left_out
{'same': 'one value only'}
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from puhui.kernel import shipped

Floats = NDArray[np.float64]
_DAY_US = 86_400_000_000
_LOOK = 50  # a form that fits none of the first so many is not tried on the rest


@dataclass(frozen=True, slots=True)
class Design:
    """`values` (rows, names): numbers without gaps; `source[i]` is the column that names[i] comes from."""

    values: Floats
    names: tuple[str, ...]
    source: tuple[str, ...]
    left_out: dict[str, str]

    def without(self, columns: Collection[str], reason: str) -> "Design":
        """The design without what comes from `columns`."""
        kept = [place for place, source in enumerate(self.source) if source not in columns]
        return Design(
            self.values[:, kept],
            tuple(self.names[place] for place in kept),
            tuple(self.source[place] for place in kept),
            self.left_out | dict.fromkeys(columns, reason),
        )


def tables() -> dict[str, Any]:
    """The version of tables/uplift.toml in force."""
    return shipped.tree("puhui.acquisition", "tables/uplift.toml")


def designed(frame: pl.DataFrame, *, leave: Collection[str], terms: dict[str, Any]) -> Design:
    """All columns of the frame but `leave`."""
    columns: list[tuple[str, str, Floats]] = []
    left_out: dict[str, str] = {}
    for name in frame.columns:
        if name in leave:
            continue
        found, reason = _column(frame[name], terms)
        if reason:
            left_out[name] = reason
        columns += [(label, name, values) for label, values in found]
    values = np.column_stack([one[2] for one in columns]) if columns else np.zeros((frame.height, 0))
    return Design(values, tuple(one[0] for one in columns), tuple(one[1] for one in columns), left_out)


def as_numbers(column: pl.Series, terms: dict[str, Any]) -> Floats | None:
    """The column as floats with NaN for gaps; None when it is words. Infinite values are gaps."""
    if column.dtype == pl.Boolean:
        column = column.cast(pl.Int8)
    if column.dtype.is_numeric():
        values = column.cast(pl.Float64).to_numpy().astype(np.float64)
        return np.where(np.isfinite(values), values, np.nan)
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
        return None
    text = as_words(column, terms)
    numbers = text.cast(pl.Float64, strict=False)
    known = int(text.is_not_null().sum())
    if not known or int(numbers.is_not_null().sum()) < terms["number_share"] * known:
        return None
    found = numbers.to_numpy().astype(np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def as_words(column: pl.Series, terms: dict[str, Any]) -> pl.Series:
    """Trimmed text; the words for "missing" become null."""
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.str.to_lowercase().is_in(terms["missing"]).fill_null(True), None)


def as_days(column: pl.Series, terms: dict[str, Any]) -> Floats | None:
    """Dates and times as days since 1970 with NaN for gaps, a span as its days; None for anything else.

    >>> as_days(pl.Series(["1970-01-02", "", "1970-01-03"]), tables()["reading"]).tolist()
    [1.0, nan, 2.0]
    """
    if column.dtype == pl.String:
        text = as_words(column, terms)
        column = next((read for form in terms["date_forms"] if (read := _dates(text, form, terms)) is not None), column)
    if column.dtype == pl.Duration:
        days = column.dt.total_microseconds() / _DAY_US
    elif column.dtype in (pl.Date, pl.Datetime):
        days = column.cast(pl.Datetime("us")).dt.epoch("us") / _DAY_US
    else:
        return None
    return days.cast(pl.Float64).to_numpy().astype(np.float64)


def _dates(text: pl.Series, form: str, terms: dict[str, Any]) -> pl.Series | None:
    known = len(text) - text.null_count()
    if not known or text.drop_nulls().head(_LOOK).str.to_datetime(form, strict=False).null_count() == min(known, _LOOK):
        return None
    read = text.str.to_datetime(form, strict=False, time_unit="us")
    return read if len(read) - read.null_count() >= terms["number_share"] * known else None


def _column(column: pl.Series, terms: dict[str, Any]) -> tuple[list[tuple[str, Floats]], str]:
    if column.dtype == pl.Time or column.dtype.is_nested() or column.dtype == pl.Binary:
        return [], f"not a number and not words ({column.dtype})"
    values = as_numbers(column, terms)
    values = as_days(column, terms) if values is None else values
    if values is not None:
        return _numeric(column.name, values)
    return _words(column.name, as_words(column, terms), terms)


def _numeric(name: str, values: Floats) -> tuple[list[tuple[str, Floats]], str]:
    gaps = np.isnan(values)
    if gaps.all():
        return [], "empty"
    middle = float(np.median(values[~gaps]))
    found = [(name, np.where(gaps, middle, values))] if np.ptp(values[~gaps]) > 0 else []
    if gaps.any():
        found.append((f"{name} missing", gaps.astype(np.float64)))
    return found, "" if found else "one value only"


def _words(name: str, text: pl.Series, terms: dict[str, Any]) -> tuple[list[tuple[str, Floats]], str]:
    counts = text.value_counts(sort=True)
    words = [word for word in counts[text.name].to_list() if word is not None]
    if len(words) > terms["identifier_share"] * max(1, len(text) - text.null_count()) and len(words) > 2:
        return [], "nearly every row has a word of its own"
    if len(words) + (text.null_count() > 0) < 2:
        return [], "one value only" if words else "empty"
    kept = words[: terms["categories_max"]]
    if len(kept) == len(words) and not text.null_count():
        kept = kept[:-1]  # the last word is what none of the others is
    found = [(f"{name} = {word}", (text == word).fill_null(False).to_numpy().astype(np.float64)) for word in kept]
    return found, ""
