"""Witnesses: a small frame that stands for every possible row, as far as the conditions at hand can tell rows apart.

A comparison of a column with a constant can only change its answer at that constant; so one value on each side of each
constant, the constants themselves and null stand for all values of the column. What is no such comparison (two columns,
sums, LIKE) is *opaque*: it is given every answer, freely. So the frame has at least every combination that can happen:
what is true of no witness is true of no row. The other way round it is certain only where nothing is opaque.

>>> from puhui.policy.core.condition import read_condition
>>> columns = Columns([Column("age", "integer", may_be_missing=False, low=Decimal(0), high=Decimal(120))])
>>> conditions = [read_condition(text, columns) for text in ("age < 18", "age > 60 AND age < 60")]
>>> found = witnesses(conditions, columns)
>>> found.values["age"].to_list(), [sorted(set(answer)) for answer in found.answers]
([0, 17, 18, 19, 59, 60, 61, 120], [[False, True], [False]])
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import polars as pl

from puhui.policy.core import polars_form
from puhui.policy.core.columns import Column, Columns
from puhui.policy.core.condition import Condition
from puhui.policy.core.term import FLOAT_EXACT, Term

MOST_ROWS = 200_000
_LOGIC = {"and", "or", "not", "is_true", "is_false"}
_COMPARED = {"eq", "ne", "lt", "le", "gt", "ge", "distinct", "not_distinct"}
_SEEN_THROUGH = {"to_float", "rescale", "whole"}


@dataclass(frozen=True)
class Witnesses:
    """`values` are the combinations, `answers` each condition's true, false or null on them. `opaque`: not all can happen."""

    values: pl.DataFrame = field(repr=False)
    answers: list[pl.Series] = field(repr=False)
    opaque: frozenset[str]


def witnesses(conditions: Sequence[Condition], columns: Columns) -> Witnesses | None:
    """All combinations that these conditions can tell apart; None where they would be more than MOST_ROWS."""
    veils: dict[Term, str] = {}
    trees = [_veiled(polars_form.folded(condition.tree), columns, veils) for condition in conditions]
    cuts: dict[str, set[Any]] = {}
    for tree in trees:
        for name, constants in _atoms(tree):
            cuts.setdefault(name, set()).update(constants)
    choices = {name: _choices(columns[name], constants) for name, constants in cuts.items()}
    choices |= {name: [True, False, None] for name in veils.values()}
    if math.prod(len(values) for values in choices.values()) > MOST_ROWS:
        return None
    types = {name: columns[name].type if name in cuts else pl.Boolean for name in choices}
    frame = pl.DataFrame({"_": [0]}).lazy()
    for name, values in choices.items():
        frame = frame.join(pl.LazyFrame({name: values}, schema={name: types[name]}), how="cross")
    told = frame.with_columns(polars_form.expression(tree).alias(f"?{n}") for n, tree in enumerate(trees)).collect()
    return Witnesses(told.select(sorted(cuts)), [told[f"?{n}"] for n in range(len(trees))], frozenset(veils.values()))


def constants_of(condition: Condition, columns: Columns) -> Iterator[tuple[str, list[Any]]]:
    """Each plain comparison: the column and the constants that it is compared with."""
    yield from _atoms(_veiled(condition.tree, columns, {}))


def _veiled(term: Term, columns: Columns, veils: dict[Term, str]) -> Term:
    """The tree with every opaque part put behind a free true-or-false column."""
    if term.op in _LOGIC or (term.op in ("case", "coalesce") and term.kind == "boolean"):
        return replace(term, args=tuple(_veiled(arg, columns, veils) for arg in term.args))
    if term.op in ("literal", "null") or _atom(term, columns) is not None:
        return term
    bare = _bare(term)
    return Term("column", "boolean", (), veils.setdefault(bare, f"~{len(veils)}"))


def _bare(term: Term) -> Term:
    """Without its place in the text, so that the same words are the same thing."""
    return replace(term, start=0, end=0, args=tuple(_bare(arg) for arg in term.args))


def _atoms(tree: Term) -> Iterator[tuple[str, list[Any]]]:
    found = None if tree.op in _LOGIC else _plain_atom(tree)
    if found is not None:
        yield found
        return
    for arg in tree.args:
        yield from _atoms(arg)


def _atom(term: Term, columns: Columns) -> tuple[str, list[Any]] | None:
    found = _plain_atom(term)
    if found is None:
        return None
    column = columns[found[0]]
    through_float = any(part.op == "to_float" for part in term.walk())
    return None if through_float and column.magnitude > FLOAT_EXACT else found


def _plain_atom(term: Term) -> tuple[str, list[Any]] | None:
    """(column, constants) of a comparison that one column and constants decide."""
    if term.op == "column" and term.kind == "boolean" and not term.value.startswith("~"):
        return term.value, []
    if term.op == "is_null" and term.args[0].op == "column":
        return term.args[0].value, []
    if term.op not in _COMPARED and term.op != "in":
        return None
    columns = [name for name in map(_column_of, term.args) if name]
    constants = [_constant(arg) for arg in term.args if not _column_of(arg)]
    if len(columns) != 1 or (term.op == "in" and not _column_of(term.args[0])):
        return None
    if any(constant is _OPAQUE for constant in constants):
        return None
    return columns[0], [constant for constant in constants if constant is not None]


def _column_of(term: Term) -> str:
    while term.op in _SEEN_THROUGH:
        term = term.args[0]
    return str(term.value) if term.op == "column" else ""


_OPAQUE = object()


def _constant(term: Term) -> Any:
    while term.op in _SEEN_THROUGH:
        term = term.args[0]
    if term.op == "null":
        return None
    if term.op != "literal":
        return _OPAQUE
    return Decimal(term.value) if term.kind in ("integer", "decimal", "float") else term.value


def _choices(column: Column, constants: set[Any]) -> list[Any]:
    """Values that stand for all of a column's, null last where it may be missing."""
    missing = [None] if column.may_be_missing else []
    if column.kind == "boolean":
        return [False, True, *missing]
    if column.kind == "text":
        near = {text for constant in constants for text in (constant, constant + "\x01", constant[:-1])}
        return [*sorted({"", *near}, key=str.encode), *missing]
    if column.kind == "date":
        beside = {constant + timedelta(days=n) for constant in constants for n in (-1, 0, 1)}
        return [*sorted(beside or {date(2000, 1, 1)}), *missing]
    numbers = sorted({*_beside(column, constants or {column.low or Decimal(0)})})
    return [*[number for number in numbers if column.holds(number)], *missing]


def _beside(column: Column, constants: set[Decimal]) -> Iterator[Any]:
    """Values beside each constant, and the ends of the column's range, which stand for all where no constant lies inside it."""
    ends = [end for end in (column.low, column.high) if end is not None]
    if column.kind == "float":
        for cut in {float(constant) for constant in constants}:
            yield from (math.nextafter(cut, -math.inf), cut, math.nextafter(cut, math.inf))
        yield from map(float, ends)
        return
    unit = Decimal(1).scaleb(-column.scale)
    yield from (int(end) if column.kind == "integer" else end for end in ends)
    for constant in constants:
        down, up = (constant.quantize(unit, rounding=way) for way in (ROUND_FLOOR, ROUND_CEILING))
        for number in {down - unit, down, up, up + unit, up - unit, down + unit}:
            yield int(number) if column.kind == "integer" else number
