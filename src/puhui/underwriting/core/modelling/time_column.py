"""The time column of a tape: a date in any shape, or a number that grows; and which of day and month comes first.

Rule kept: 03/05/2019 is read the way in which the tape stands in order of time, where only one does, else the way in which months
differ (firsts of months); where every date reads both ways, the answer says which was taken.

>>> from puhui.underwriting.core.modelling.terms import in_force
>>> texts = ["05/01/2019", "03/02/2019", "04/03/2019"], ["05/01/2019", "04/02/2019", "03/03/2019", "05/04/2019"]
>>> [read_time(pl.Series("when", text), in_force())[0].shapes for text in texts]
[('%d/%m/%Y',), ('%d/%m/%Y',)]
>>> column, _ = read_time(pl.Series("when", texts[0][::-1] + texts[1]), in_force())
>>> column.shapes, day_and_month(pl.Series(texts[0]), column)
(('%m/%d/%Y',), '%d/%m/%Y')
"""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl

from puhui.underwriting.core.modelling import columns, parsing
from puhui.underwriting.core.modelling.columns import Column
from puhui.underwriting.core.modelling.terms import Terms


def read_time(raw: pl.Series, terms: Terms) -> tuple[Column, pl.Series]:
    """A time column and its days: a date in any shape, or any number that grows with time (a year, a row number)."""
    numeric = raw.dtype.is_numeric()
    values = raw.cast(pl.Float64, strict=False) if numeric else None
    if raw.dtype.is_temporal():
        column = Column(raw.name, "date")
    elif values is not None:
        column = _counted(raw.name, values)
    else:
        words = tuple(terms.reading["missing_words"])
        text = parsing.plain(columns.read(raw, Column(raw.name, "category")), words)
        shapes = parsing.shapes_of(text, enough=0.5)
        counted = parsing.numbers(text)
        if not shapes and counted.count() >= 0.98 * max(text.count(), 1):
            column = _counted(raw.name, counted)
        else:
            column = _in_order(text, Column(raw.name, "date", shapes=shapes, missing_words=words))
    return column, columns.read(raw, column)


def day_and_month(text: pl.Series, column: Column) -> str:
    """The other shape in which every date of the column reads as well, day and month changed round; empty where none does."""
    if column.kind != "date" or not column.shapes or column.stamp:
        return ""
    shape = column.shapes[0]
    other = next((pair[1 - pair.index(shape)] for pair in parsing.TURNED_SHAPES if shape in pair), "")
    if not other or text.dtype != pl.String:
        return ""
    return other if parsing.dates(text, (other,)).count() >= parsing.dates(text, column.shapes).count() else ""


def _in_order(text: pl.Series, column: Column) -> Column:
    """Of 03/05/2019 the reading in which the tape stands in order of time, where only one does; else the one in
    which months differ; else the preferred one."""
    other = day_and_month(text, column)
    if not other:
        return column
    turned = replace(column, shapes=(other, *column.shapes[1:]))
    now, then = (parsing.dates(text, one.shapes) for one in (column, turned))
    if _sorted(now) != _sorted(then):
        return turned if _sorted(then) else column
    return turned if _months(now) == 1 and _months(then) > 1 else column


def _months(days: pl.Series) -> int:
    """How many months of the year occur: a tape of first days of months has many, read the wrong way round it has one."""
    return int(days.drop_nulls().cast(pl.Int32).cast(pl.Date).dt.month().n_unique())


def _sorted(days: pl.Series) -> bool:
    present = days.drop_nulls()
    return present.is_sorted() or present.is_sorted(descending=True)


def iso_day(days: float) -> str:
    """Days since 1970 as a date; a number that is no such day stays a number."""
    if 3_650 < days < 47_482:
        return (date(1970, 1, 1) + timedelta(days=int(days))).isoformat()
    return f"{days:g}"


def _counted(name: str, values: pl.Series) -> Column:
    stamp = columns.stamp_of(values, name, wanted=True)
    return Column(name, "date" if stamp else "number", stamp=stamp)
