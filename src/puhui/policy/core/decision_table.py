"""A decision table (决策表): rows of conditions over named inputs, each with outputs; compiled to one Polars expression an output.

The head's first cell says how rows are met (命中方式): `first` (from the top), `unique` (exactly one), `collect_sum`,
`collect_min`, `collect_max`. Then inputs by column name, `when` for a free condition, and outputs `=name:kind`. A cell
of an input is SQL that follows the column (`< 0.05`, `BETWEEN 1 AND 3`, `IN ('a', 'b')`, `IS NULL`); `-` or nothing: any.

Rule kept: a missing value never silently passes. Where a row that would count cannot be decided, the output is null.

>>> columns = Columns([Column("grade", "text", may_be_missing=False), Column("months", "integer")])
>>> table = read_table("price", "first,grade,months,=rate_bps:integer\\nA,= 'A',<= 6,600\\nB,= 'A',-,700\\nC,-,-,900\\n", columns)
>>> seen = columns.frame([{"grade": "A", "months": 3}, {"grade": "A", "months": 9}, {"grade": "B"}, {"grade": "A"}])
>>> table.over(seen)["rate_bps"].to_list()
[600, 700, 900, None]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, reduce
from typing import Literal, cast, get_args

import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core import polars_form
from puhui.policy.core.columns import KINDS, Column, Columns, Kind
from puhui.policy.core.condition import Condition, read_condition, read_formula
from puhui.policy.core.fault import ConditionFault
from puhui.policy.core.sheet import read_sheet
from puhui.policy.core.static_checks import Finding, gaps_and_overlaps
from puhui.policy.core.term import Term, unified

HitPolicy = Literal["first", "unique", "collect_sum", "collect_min", "collect_max"]
HIT_POLICIES: tuple[HitPolicy, ...] = get_args(HitPolicy)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row; `condition` None meets everybody."""

    name: str
    condition: Condition | None
    outputs: tuple[Condition, ...]


@dataclass(frozen=True)
class DecisionTable:
    """`outputs` are the columns that it adds to a frame."""

    name: str
    text: str
    hit_policy: HitPolicy
    rows: tuple[TableRow, ...]
    outputs: tuple[Column, ...]

    @property
    def columns(self) -> frozenset[str]:
        """All columns that it reads."""
        parts = [part for row in self.rows for part in (row.condition, *row.outputs) if part]
        return frozenset(name for part in parts for name in part.columns)

    def over(self, seen: pl.DataFrame) -> pl.DataFrame:
        """The frame with the outputs beside it."""
        return seen.with_columns(self.expressions)

    @cached_property
    def expressions(self) -> list[pl.Expr]:
        """The outputs as columns."""
        return [self._output(n).alias(column.name) for n, column in enumerate(self.outputs)]

    def met(self, seen: pl.DataFrame) -> pl.DataFrame:
        """Which rows of the table each row of the frame meets: one boolean column a row of the table."""
        return seen.select(_condition(row).alias(row.name) for row in self.rows)

    def _output(self, place: int) -> pl.Expr:
        column = self.outputs[place]
        values = [_typed(row.outputs[place].tree, column) for row in self.rows]
        met = [_condition(row) for row in self.rows]
        form = _FORMS[self.hit_policy](met, values)
        return stored(form, column)

    def check(self, columns: Columns) -> list[Finding]:
        """Gaps, rows met together, and rows that no one can meet, as far as witnesses are certain."""
        conditions = [row.condition or _always(columns) for row in self.rows]
        gap, pairs, complete = gaps_and_overlaps(conditions, columns)
        findings = [] if gap is None else [_gap(self.name, gap)]
        if self.hit_policy == "unique":
            names = [row.name for row in self.rows]
            findings += [
                Finding("overlap", f"{self.name}.{names[one]}", names[other], f"与行 {names[other]} 可同时成立",
                        f"it can be met together with row {names[other]}")
                for one, other in pairs
            ]  # fmt: skip
        if not complete:
            told = (
                "条件含算式或文字匹配，缺口未能全部检查",
                "it has sums or text patterns; gaps could not all be checked",
            )
            findings.append(Finding("unchecked", self.name, "", *told))
        return findings


def read_table(name: str, text: str, columns: Columns) -> DecisionTable:
    """Parse and check a table; every refusal names the row and the column."""
    head, *body = read_sheet(text)
    if head[0] not in HIT_POLICIES:
        told = f"左上角应为 {'、'.join(HIT_POLICIES)} 之一 · the corner is one of them"
        raise Refused(Refusal("TABLE_HIT_POLICY", told, where=name))
    inputs = [title for title in head[1:] if not title.startswith("=")]
    if strange := [title for title in inputs if title != "when" and title not in columns]:
        near = columns.nearest(strange[0])
        told = f"没有字段 {strange[0]}" + (f"，是否指 {near}" if near else "") + " · there is no such column"
        raise Refused(Refusal("COLUMN_UNKNOWN", told, where=name))
    outputs = tuple(output_column(title, name) for title in head[1:] if title.startswith("="))
    if not outputs or not body:
        raise Refused(Refusal("TABLE_EMPTY", "决策表须有输出列与至少一行 · it needs an output and a row", where=name))
    rows = tuple(_row(name, dict(zip(head, cells, strict=True)), head, columns, outputs) for cells in body)
    if len({row.name for row in rows}) != len(rows):
        raise Refused(Refusal("TABLE_ROW_TWICE", "行名重复 · two rows have one name", where=name))
    table = DecisionTable(name, text, cast(HitPolicy, head[0]), rows, outputs)
    if table.hit_policy.startswith("collect") and any(
        column.kind not in ("integer", "decimal", "float") for column in outputs
    ):
        raise Refused(Refusal("TABLE_COLLECT", "汇总只能用于数字 · only numbers can be collected", where=name))
    return table


def _row(
    name: str, cells: dict[str, str], head: Sequence[str], columns: Columns, outputs: Sequence[Column]
) -> TableRow:
    row_name = cells[head[0]]
    where = f"{name}, {row_name or '?'}"
    if not row_name:
        raise Refused(Refusal("TABLE_ROW_UNNAMED", "第一列为行名 · the first column names the row", where=where))
    parts = []
    for title in head[1:]:
        cell = cells[title]
        if title.startswith("=") or cell in ("", "-"):
            continue
        parts.append(f"({cell})" if title == "when" else f"({title} {cell})")
    try:
        condition = read_condition(" AND ".join(parts), columns) if parts else None
        written = [cells[title] for title in head[1:] if title.startswith("=")]
        found = tuple(read_formula(cell or "NULL", columns) for cell in written)
    except ConditionFault as fault:
        raise fault.refused(where) from None
    for formula, column in zip(found, outputs, strict=True):
        _typed(formula.tree, column, where)
    return TableRow(row_name, condition, found)


def output_column(title: str, name: str) -> Column:
    """The column of a head `=name:kind` (decimals: `=name:decimal.4`)."""
    output, _, kind = title[1:].partition(":")
    kind, _, scale = kind.partition(".")
    if not output.isidentifier() or kind not in KINDS or (scale and not scale.isdecimal()):
        told = "输出列写成 =名称:类型，如 =rate_bps:integer 或 =rate:decimal.4 · an output is =name:kind"
        raise Refused(Refusal("TABLE_OUTPUT", told, where=f"{name}, {title}"))
    return Column(output, cast(Kind, kind), scale=int(scale or 0))


def _typed(tree: Term, column: Column, where: str = "") -> Term:
    """The output's term in the column's own type and scale."""
    wanted = Term("literal", column.kind, (), 0, 0, column.scale)
    try:
        typed = unified([tree, wanted], what=column.name)[0]
    except ConditionFault as fault:
        raise fault.refused(where) from None
    if typed.scale != column.scale or (typed.kind != column.kind and typed.kind != "null"):
        told = f"输出应为 {column.kind}，得到 {tree.kind} · the output is {column.kind}, not {tree.kind}"
        raise Refused(Refusal("TABLE_OUTPUT", told, where=f"{where}, {column.name}"))
    return typed


def _condition(row: TableRow) -> pl.Expr:
    return row.condition.expression() if row.condition else pl.lit(True)


def _always(columns: Columns) -> Condition:
    return Condition("TRUE", Term("literal", "boolean", (), True), frozenset())


def _first(met: list[pl.Expr], values: list[Term]) -> pl.Expr:
    answer = pl.lit(None)
    for condition, value in reversed(list(zip(met, values, strict=True))):
        form = polars_form.expression(value)
        answer = pl.when(condition.is_null()).then(None).when(condition).then(form).otherwise(answer)
    return answer


def _unique(met: list[pl.Expr], values: list[Term]) -> pl.Expr:
    count = pl.sum_horizontal([condition.cast(pl.Int32) for condition in met], ignore_nulls=False)
    return pl.when(count == 1).then(_first(met, values)).otherwise(None)


def _collected(how: str):  # type: ignore[no-untyped-def]
    def form(met: list[pl.Expr], values: list[Term]) -> pl.Expr:
        parts = [
            pl.when(condition).then(polars_form.expression(value)) for condition, value in zip(met, values, strict=True)
        ]
        unknown = reduce(lambda one, other: one | other, [condition.is_null() for condition in met])
        return pl.when(~unknown & pl.any_horizontal(met)).then(getattr(pl, f"{how}_horizontal")(parts))

    return form


_FORMS = {
    "first": _first, "unique": _unique, "collect_sum": _collected("sum"), "collect_min": _collected("min"),
    "collect_max": _collected("max"),
}  # fmt: skip


def stored(form: pl.Expr, column: Column) -> pl.Expr:
    """From the reckoned form (units, days) to the column's own type in a frame."""
    if column.kind == "decimal":
        return (form.cast(pl.Decimal(38, column.scale)) * pl.lit(Decimal(1).scaleb(-column.scale))).cast(column.type)
    if column.kind == "date":
        return form.cast(pl.Int32).cast(pl.Date)
    return form.cast(column.type)


def _gap(name: str, values: dict[str, object]) -> Finding:
    told = "，".join(f"{column} = {'缺失' if value is None else value}" for column, value in values.items())
    said = ", ".join(f"{column} = {'missing' if value is None else value}" for column, value in values.items())
    return Finding("gap", name, "", f"没有一行适用：{told}", f"no row is met where {said}")
