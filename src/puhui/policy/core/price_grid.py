"""A price grid (定价网格): two or more binned axes and, in each cell, a rate or a limit; checked complete and, where said, monotone.

Long form, one row a cell. An axis of numbers or dates has two columns, `name from` (inclusive) and `name to` (exclusive; empty =
without end); an axis of words one column with the word. The output is `=name:kind`, with `up:axis` or `down:axis` behind
it where prices must rise or fall along an axis.

Rule kept: cells cover every combination once, or the grid is refused with the first that is missing or doubled. A value
that is missing, or lies outside every bin, gets no price (null): never a silent default.

>>> columns = Columns([Column("pd", "float"), Column("months", "integer")])
>>> grid = read_grid("price", "pd from,pd to,months from,months to,=rate_bps:integer up:pd\\n"
...                  ",0.05,,7,600\\n,0.05,7,,650\\n0.05,,,7,800\\n0.05,,7,,850\\n", columns)
>>> seen = columns.frame([{"pd": 0.049, "months": 6}, {"pd": 0.05, "months": 7}, {"pd": 0.01}])
>>> grid.over(seen)["rate_bps"].to_list()
[600, 850, None]
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from itertools import pairwise, product
from typing import Any

import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core.columns import Column, Columns
from puhui.policy.core.decision_table import output_column
from puhui.policy.core.sheet import read_sheet

_NUMBERS = ("integer", "decimal", "float", "date")


@dataclass(frozen=True, slots=True)
class Axis:
    """`cuts` are the lower ends of the bins (None = without end), or the words; `open_end` None where the last bin has no end."""

    column: Column
    cuts: tuple[Any, ...]
    open_end: Any = None

    @property
    def is_binned(self) -> bool:
        return self.column.kind in _NUMBERS

    def place(self) -> pl.Expr:
        """The bin's number, null outside all bins."""
        value = pl.col(self.column.name)
        if not self.is_binned:
            return value.replace_strict(list(self.cuts), range(len(self.cuts)), default=None, return_dtype=pl.Int32)
        ends = [cut for cut in self.cuts if cut is not None]
        reached = [(value >= pl.lit(end, dtype=self.column.type)).cast(pl.Int32) for end in ends]
        place = pl.sum_horizontal(reached, ignore_nulls=False) if reached else value.is_null().cast(pl.Int32)
        inside = value.is_not_null()
        if self.cuts[0] is not None:
            place, inside = place - 1, inside & (value >= pl.lit(self.cuts[0], dtype=self.column.type))
        if self.open_end is not None:
            inside = inside & (value < pl.lit(self.open_end, dtype=self.column.type))
        return pl.when(inside).then(place)


@dataclass(frozen=True)
class PriceGrid:
    """`cells` are in the order of the axes, the last axis fastest."""

    name: str
    text: str
    axes: tuple[Axis, ...]
    output: Column
    cells: tuple[Any, ...]

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(axis.column.name for axis in self.axes)

    @property
    def outputs(self) -> tuple[Column, ...]:
        return (self.output,)

    def over(self, seen: pl.DataFrame) -> pl.DataFrame:
        """The frame with the price beside it."""
        return seen.with_columns(self.expressions)

    @cached_property
    def expressions(self) -> list[pl.Expr]:
        """The price as a column."""
        place = pl.lit(0, dtype=pl.Int32)
        for axis in self.axes:
            place = place * len(axis.cuts) + axis.place()
        prices = pl.Series(self.cells, dtype=self.output.type)
        cells = pl.Series(range(len(prices)), dtype=pl.Int32)
        price = place.replace_strict(cells, prices, default=None, return_dtype=self.output.type)
        return [price.alias(self.output.name)]


def read_grid(name: str, text: str, columns: Columns) -> PriceGrid:
    """Parse and check a grid; refusals name the cell that is missing, doubled or out of order."""
    head, *body = read_sheet(text)
    output, rising = _output(head, name)
    names = _axis_names(head, name, columns)
    rows = [dict(zip(head, cells, strict=True)) for cells in body]
    cells: dict[tuple[Any, ...], Any] = {}
    for line, row in enumerate(rows, 2):
        where = f"{name}, row {line}"
        place = tuple(_bin(row, columns[axis], where) for axis in names)
        if place in cells:
            raise Refused(
                Refusal("GRID_CELL_TWICE", f"该格出现两次 · the cell stands twice: {_told(names, place)}", where=where)
            )
        cells[place] = _value(output, row[head[-1]], where)
    axes = tuple(_axis(columns[axis], [place[n] for place in cells], name) for n, axis in enumerate(names))
    ordered = []
    for place in product(*(_bins(axis) for axis in axes)):
        if place not in cells:
            raise Refused(
                Refusal("GRID_CELL_MISSING", f"缺少一格 · a cell is missing: {_told(names, place)}", where=name)
            )
        ordered.append(cells[place])
    if len(cells) > len(ordered):
        raise Refused(
            Refusal("GRID_NOT_RECTANGULAR", "各轴的分段须处处相同 · an axis has the same bins everywhere", where=name)
        )
    grid = PriceGrid(name, text, axes, output, tuple(ordered))
    for axis_name, direction in rising:
        _check_monotone(grid, names, axis_name, direction)
    return grid


def _output(head: list[str], name: str) -> tuple[Column, list[tuple[str, str]]]:
    title, *said = head[-1].split()
    if not title.startswith("=") or any(cell.startswith("=") for cell in head[:-1]):
        raise Refused(
            Refusal("GRID_OUTPUT", "最后一列为输出 =名称:类型 · the last column is the output =name:kind", where=name)
        )
    rising = [tuple(word.split(":", 1)) for word in said]
    if any(len(pair) != 2 or pair[0] not in ("up", "down") for pair in rising):
        raise Refused(Refusal("GRID_OUTPUT", "单调写成 up:轴 或 down:轴 · say up:axis or down:axis", where=name))
    return output_column(title, name), [(pair[1], pair[0]) for pair in rising]


def _axis_names(head: list[str], name: str, columns: Columns) -> list[str]:
    names: list[str] = []
    for title in head[:-1]:
        column, _, end = title.partition(" ")
        if column not in columns:
            near = columns.nearest(column)
            told = f"没有字段 {column}" + (f"，是否指 {near}" if near else "") + " · there is no such column"
            raise Refused(Refusal("COLUMN_UNKNOWN", told, where=f"{name}, {title}"))
        ends = ("from", "to") if columns[column].kind in _NUMBERS else ("",)
        if end not in ends or any(f"{column} {each}".strip() not in head for each in ends):
            told = "数字轴写两列「名 from」「名 to」，文字轴写一列 · two columns for numbers, one for words"
            raise Refused(Refusal("GRID_AXIS", told, where=f"{name}, {title}"))
        if column not in names:
            names.append(column)
    if not names:
        raise Refused(Refusal("GRID_AXIS", "至少一条轴 · at least one axis", where=name))
    return names


def _bin(row: dict[str, str], column: Column, where: str) -> Any:
    if column.kind not in _NUMBERS:
        return _value(column, row[column.name], where)
    ends = [
        _value(column, row[f"{column.name} {end}"], where) if row[f"{column.name} {end}"] else None
        for end in ("from", "to")
    ]
    if ends[0] is not None and ends[1] is not None and ends[0] >= ends[1]:
        raise Refused(
            Refusal("GRID_BIN", "下界须小于上界 · a bin begins before it ends", where=f"{where}, {column.name}")
        )
    return tuple(ends)


def _value(column: Column, cell: str, where: str) -> Any:
    try:
        if column.kind == "boolean":
            return {"true": True, "false": False}[cell.lower()]
        if column.kind in ("text", "date"):
            return cell if column.kind == "text" else date.fromisoformat(cell)
        number = Decimal(cell)
        if not number.is_finite() or (number != round(number, column.scale) and column.kind != "float"):
            raise ValueError
        return {"integer": int, "float": float, "decimal": Decimal}[column.kind](number)
    except (ValueError, KeyError, InvalidOperation):
        told = f"应为 {column.kind}，得到 {cell!r} · expected {column.kind}"
        raise Refused(Refusal("GRID_VALUE", told, where=f"{where}, {column.name}")) from None


def _axis(column: Column, bins: list[Any], name: str) -> Axis:
    if column.kind not in _NUMBERS:
        return Axis(column, tuple(dict.fromkeys(bins)))
    ordered = sorted(set(bins), key=lambda ends: (ends[0] is not None, ends[0] or 0) if column.kind != "date" else
                     (ends[0] is not None, ends[0] or date.min))  # fmt: skip
    for (_, until), (since, _) in pairwise(ordered):
        if until != since:
            told = f"{column.name} 的分段有缺口或重叠：{until} 与 {since} · bins leave a gap or overlap"
            raise Refused(Refusal("GRID_BIN", told, where=name))
    return Axis(column, tuple(since for since, _ in ordered), ordered[-1][1])


def _bins(axis: Axis) -> list[Any]:
    return list(pairwise([*axis.cuts, axis.open_end])) if axis.is_binned else list(axis.cuts)


def _told(names: list[str], place: tuple[Any, ...]) -> str:
    return ", ".join(
        f"{name} {'–'.join(str(end) for end in at) if isinstance(at, tuple) else at}"
        for name, at in zip(names, place, strict=True)
    )


def _check_monotone(grid: PriceGrid, names: list[str], axis_name: str, direction: str) -> None:
    if axis_name not in names:
        raise Refused(Refusal("GRID_AXIS", f"没有轴 {axis_name} · there is no such axis", where=grid.name))
    at = names.index(axis_name)
    sizes = [len(axis.cuts) for axis in grid.axes]
    step = 1
    for size in sizes[at + 1 :]:
        step *= size
    for place, (cell, following) in enumerate(zip(grid.cells, grid.cells[step:], strict=False)):
        if place // step % sizes[at] == sizes[at] - 1:
            continue
        if (following < cell) if direction == "up" else (following > cell):
            bins = list(product(*(_bins(axis) for axis in grid.axes)))
            told = f"沿 {axis_name} 应{'升' if direction == 'up' else '降'}：{cell} → {following} · it must go {direction} along {axis_name}"
            raise Refused(Refusal("GRID_NOT_MONOTONE", told, where=f"{grid.name}, {_told(names, bins[place])}"))
