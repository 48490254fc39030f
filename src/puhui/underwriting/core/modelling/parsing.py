"""Text of any tape → numbers and dates, one value at a time and a column at once: what a value means never depends on its row.

Rules kept: nothing is guessed here; how a column is written (decimal comma, date shapes) was settled when the model was
fitted and comes in as arguments. What cannot be read is null, and the caller counts it.

>>> numbers(plain(pl.Series(["$1,234.00", "12%", "１２", "(5)", "36 months", "3万", "n/a"]), ["n/a"])).to_list()
[1234.0, 0.12, 12.0, -5.0, 36.0, 30000.0, None]
>>> dates(pl.Series(["20-Feb-97", "2/28/1997", "199702"]), ["%d-%b-%y", "%m/%d/%Y", "%Y%m"]).to_list()
[9912.0, 9920.0, 9893.0]
"""

from collections.abc import Sequence

import polars as pl

# Shapes in the order in which they are preferred where two read equally many values; days are counted from 1970-01-01.
DATE_SHAPES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d-%b-%y", "%d-%b-%Y", "%d %b %Y",
    "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y", "%b-%Y",
    "%b-%y", "%b %Y", "%Y-%m", "%Y/%m", "%m/%Y", "%Y年%m月", "%Y%m", "%y%m%d",
)  # fmt: skip
SHAPE_LOOK = 500
# Shapes that read the same text with day and month changed round.
TURNED_SHAPES = (("%m/%d/%Y", "%d/%m/%Y"), ("%m-%d-%Y", "%d-%m-%Y"), ("%m/%d/%y", "%d/%m/%y"))
_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {"\u3000": " ", "￥": "¥"}
_CURRENCY = r"(?i)usd|rmb|cny|eur|gbp|us\$|[$€£¥￥元%+\s']"
_UNIT = r"(?i)\s*(months?|mths?|mos?|years?|yrs?|days?|个月|月|年|天|笔|次)$"
_FEW = 256  # values of which none is asked first whether full-width forms are among them
_MOST_KEPT = 4_096  # words remembered of each list of missing words
_READ_BEFORE: dict[tuple[str, ...], dict[str | None, str | None]] = {}
_SCALES = (("%", 0.01), ("万", 1e4), ("亿", 1e8), ("k", 1e3), ("m", 1e6), ("万元", 1e4), ("亿元", 1e8))


def plain(text: pl.Series, missing_words: Sequence[str]) -> pl.Series:
    """Text without surrounding space and full-width forms; words that mean "not there" become null.

    A word reads the same in whichever row it stands, so few are looked up among those read before: one applicant waits for no query.
    """
    if len(text) >= _FEW:
        return _plain(text, missing_words)
    words, known = text.to_list(), _READ_BEFORE.setdefault(tuple(missing_words), {None: None})
    fresh = [word for word in dict.fromkeys(words) if word not in known]
    if fresh:
        if len(known) + len(fresh) > _MOST_KEPT:
            known = _READ_BEFORE[tuple(missing_words)] = {None: None}
            fresh = [word for word in dict.fromkeys(words) if word is not None]
        known.update(zip(fresh, _plain(pl.Series(fresh, dtype=pl.String), missing_words).to_list(), strict=True))
    return pl.Series(text.name, [known[word] for word in words], dtype=pl.String)


def _plain(text: pl.Series, missing_words: Sequence[str]) -> pl.Series:
    read = pl.lit(text).str.strip_chars()
    if len(text) < _FEW or text.str.contains("[\uff01-\uff5e\u3000]").any():
        read = read.str.replace_many(_FULL_WIDTH).str.strip_chars()
    absent = read.str.to_lowercase().is_in(list(missing_words)).fill_null(False)
    return pl.select(pl.when(absent).then(None).otherwise(read).alias(text.name)).to_series()


def numbers(text: pl.Series, *, comma: bool = False) -> pl.Series:
    """Numbers as written by people: currency, thousands, per cent, brackets for minus, units, 万; null where none is read.

    `comma`: the column writes decimals with a comma (1.234,56). "< 1" reads as half of it.
    """
    values = text if not comma else text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    read = values.cast(pl.Float64, strict=False)
    open_places = (read.is_null() & values.is_not_null()).arg_true()
    if len(open_places):
        read = read.scatter(open_places, _dressed(values.gather(open_places)))
    return read.set(~read.is_finite().fill_null(True), None)


def dates(text: pl.Series, shapes: Sequence[str]) -> pl.Series:
    """Days since 1970-01-01 by the first shape that reads a value; a time of day is left off."""
    values = _without_clock(text)
    if not shapes:
        return pl.Series(text.name, [None] * len(text), dtype=pl.Float64)
    read = _by_shapes(values, shapes[:1])[0]
    for shape in shapes[1:]:
        still = (read.is_null() & values.is_not_null()).arg_true()
        if not len(still):
            break
        read = read.scatter(still, _by_shapes(values.gather(still), (shape,))[0])
    return read.alias(text.name)


def shapes_of(text: pl.Series, *, enough: float) -> tuple[str, ...]:
    """The date shapes that together read `enough` of the values, the most frequent first; empty where they do not."""
    values = _without_clock(text.drop_nulls())
    total, found = len(values), list[str]()
    while len(values):
        few = values.gather_every(max(1, len(values) // SHAPE_LOOK))  # a few tell which shapes are worth trying on all
        likely = [shape for shape, read in zip(DATE_SHAPES, _by_shapes(few, DATE_SHAPES), strict=True) if read.count()]
        if not likely:
            break
        tried = _by_shapes(values, likely)
        best = max(range(len(likely)), key=lambda number: (tried[number].count(), -number))
        if found and tried[best].count() < 0.001 * total:
            break
        found.append(likely[best])
        values = values.filter(tried[best].is_null())
    return tuple(found) if total and len(values) <= (1 - enough) * total else ()


def decimal_comma(text: pl.Series) -> bool:
    """Whether a column writes 12,5 and 1.234,56 rather than 12.5 and 1,234.56."""
    if not text.str.contains(",", literal=True).any():
        return False
    text = text.str.replace_all(r"(\d)\s(\d)", "$1$2")  # 1 234,56: thousands apart by a space, broken or not
    european = text.str.contains(r"^\D*\d[\d.]*,(\d{1,2}|\d{4,})\D*$|^\D*0,\d+\D*$").sum() or 0
    other = text.str.contains(r"[1-9]\d{0,2},\d{3}(\D|$)|\d\.\d{1,2}\D*$").sum() or 0
    return european > other


def _dressed(values: pl.Series) -> pl.Series:
    text = values.str.strip_chars()
    less = text.str.starts_with("<")
    negative = text.str.contains(r"^\(.*\)$|^.{0,4}-|-$").fill_null(False)
    text = text.str.replace(_UNIT, "").str.strip_chars("<>()- ")
    scale = pl.Series([1.0]).new_from_index(0, len(text)) if len(text) else pl.Series([], dtype=pl.Float64)
    for suffix, factor in _SCALES:
        scale = scale.set(text.str.to_lowercase().str.ends_with(suffix).fill_null(False), factor)
    bare = text.str.replace(r"(?i)(\d\s*)(万元|亿元|万|亿|k|m)$", "$1").str.replace_all(_CURRENCY, "")
    grouped = bare.str.contains(r"^-?\d{1,3}(,\d{3})+(\.\d*)?$|^-?\d{1,2}(,\d{2})*,\d{3}(\.\d*)?$").fill_null(False)
    bare = bare.str.replace_all(",", "", literal=True).zip_with(grouped, bare)
    read = bare.str.strip_chars("-").cast(pl.Float64, strict=False) * scale
    signed = read * (1.0 - 2.0 * negative.cast(pl.Float64))
    return signed * (1.0 - 0.5 * less.fill_null(False).cast(pl.Float64))


def _without_clock(text: pl.Series) -> pl.Series:
    bare = text.str.strip_chars()
    if bare.str.contains(r"^[A-Za-z]{3,9}, ").any():  # Tue, 05 Mar 2019
        bare = bare.str.replace(r"^(?i)(mon|tue|wed|thu|fri|sat|sun)[a-z]*, ", "")
    bare = bare.str.replace(r"(日)\s*\d{1,2}[时点:：].*$|[ T]\d{1,2}[:：]\d{2}.*$|^(\d{6,8})\.0$", "$1$2")
    if not bare.str.contains(r"[qQ季]").any():
        return bare
    for quarter, month in zip("1234", ("01", "04", "07", "10"), strict=True):  # a quarter is its first month
        bare = bare.str.replace(rf"^(\d{{4}})[-/年 ]?(?:[qQ]{quarter}|第?{quarter}季度?)$", f"${{1}}-{month}")
        bare = bare.str.replace(rf"^(?:[qQ]{quarter}|{quarter}[qQ])[-/ ]?(\d{{4}})$", f"${{1}}-{month}")
    return bare


def _by_shapes(values: pl.Series, shapes: Sequence[str]) -> list[pl.Series]:
    """Days by each shape, all in one query: a query a shape costs more than the reading."""
    frame = pl.DataFrame({"text": values})
    return frame.select(_by_shape(pl.col("text"), shape).alias(shape) for shape in shapes).get_columns()


def _by_shape(text: pl.Expr, shape: str) -> pl.Expr:
    widths = {"%Y%m%d": r"^\d{8}$", "%Y%m": r"^\d{6}$", "%y%m%d": r"^\d{6}$"}
    if shape in widths:
        text = pl.when(text.str.contains(widths[shape])).then(text)
    if "%d" not in shape:
        shape, text = shape + "~%d", text + "~01"
    read = text.str.to_date(shape, strict=False)
    return pl.when(read.dt.year().is_between(1900, 2100)).then(read.cast(pl.Int32).cast(pl.Float64))
