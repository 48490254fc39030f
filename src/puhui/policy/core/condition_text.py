"""From the text of a condition (PostgreSQL's SQL, parsed by sqlglot) to checked terms: a white list of what may be said.

Rule kept: what is not listed here is refused, with its place in the text and, where one is known, what to write instead.
Predicates inside predicates need brackets, so that no reader and no parser can disagree on what binds tighter.
"""

import difflib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlglot import expressions as exp

from puhui.policy.core.columns import Columns
from puhui.policy.core.fault import ConditionFault
from puhui.policy.core.term import (
    Term,
    arithmetic,
    compare,
    exact,
    mistyped,
    spread,
    to_float,
    unified,
)

Node = Any  # a node of sqlglot's tree; its own classes differ from release to release in what they inherit
FUNCTIONS = ("abs", "coalesce", "greatest", "least", "length", "nullif", "starts_with", "extract")
_DAYS_MOST = 10**7
_DEEPEST = 60
_LOOSE = (exp.Predicate, exp.Not, exp.And, exp.Or, exp.Is, exp.In, exp.Between, exp.Like)
_COMPARISONS: dict[type, str] = {
    exp.EQ: "eq", exp.NEQ: "ne", exp.LT: "lt", exp.LTE: "le", exp.GT: "gt", exp.GTE: "ge",
    exp.NullSafeEQ: "not_distinct", exp.NullSafeNEQ: "distinct",
}  # fmt: skip
_SUMS: dict[type, str] = {exp.Add: "add", exp.Sub: "sub", exp.Mul: "mul", exp.Div: "div", exp.Mod: "mod"}
_NAMED: dict[type, tuple[str, str]] = {
    exp.Exists: ("SUBQUERY", "不能用子查询 · no sub-queries"),
    exp.AggFunc: ("AGGREGATE", "规则只看一行，不能用聚合函数 · a rule sees one row; no aggregates"),
    exp.Query: ("SUBQUERY", "不能用子查询 · no sub-queries"),
    exp.Window: ("WINDOW", "不能用窗口函数 · no window functions"),
    exp.CurrentDate: ("CLOCK", "条件不看时钟，请与日期字段比较 · a condition does not read the clock; use a date column"),
    exp.CurrentTimestamp: ("CLOCK", "条件不看时钟，请与日期字段比较 · a condition does not read the clock; use a date column"),
    exp.Interval: ("INTERVAL", "日期加减请直接写天数 · add days as a plain whole number"),
}  # fmt: skip


def read_term(node: Node, columns: Columns, depth: int = 0) -> Term:
    """The checked term of a parsed node."""
    if depth > _DEEPEST:
        raise _fault(node, "TOO_DEEP", f"嵌套超过 {_DEEPEST} 层 · nested deeper than {_DEEPEST}")
    reader = _READERS.get(type(node))
    if reader is None:
        raise _not_allowed(node)

    def read(part: Node) -> Term:
        return read_term(part, columns, depth + 1)

    term: Term = reader(node, read, columns)
    start, end = span_of(node)
    return replace(term, start=start, end=end)


Read = Callable[[Any], Term]


def span_of(node: Node) -> tuple[int, int]:
    """Where this node stands in the text."""
    places = [(each.meta["start"], each.meta["end"] + 1) for each in node.walk() if "start" in each.meta]
    return min((start for start, _ in places), default=0), max((end for _, end in places), default=0)


def _column(node: exp.Column, read: Read, columns: Columns) -> Term:
    identifier = node.this
    if not isinstance(identifier, exp.Identifier) or node.args.get("table"):
        raise _fault(node, "NOT_ALLOWED", "字段前不写表名 · no table before a column")
    name = identifier.name if identifier.args.get("quoted") else identifier.name.lower()
    if name not in columns:
        near = columns.nearest(name) or ""
        raise _fault(node, "COLUMN_UNKNOWN", f"没有字段 {name} · there is no column {name}", near)
    column = columns[name]
    limit = column.magnitude if column.kind in ("integer", "decimal") else 0
    return Term("column", column.kind, (), name, limit, column.scale)


def _literal(node: exp.Literal, read: Read, columns: Columns) -> Term:
    if node.is_string:
        return Term("literal", "text", (), node.this)
    try:
        value = Decimal(node.this)
    except InvalidOperation:
        raise _fault(node, "NUMBER", f"不是数字：{node.this} · not a number") from None
    if abs(value.adjusted()) > 36 or -int(value.as_tuple().exponent) > 18:
        raise _fault(node, "NUMBER_TOO_WIDE", "数字过长 · too many digits")
    return exact(value)


def _both(op: str) -> Callable[[Any, Read, Columns], Term]:
    def reader(node: exp.Binary, read: Read, columns: Columns) -> Term:
        return Term(op, "boolean", (_boolean(read(node.left)), _boolean(read(node.right))))

    return reader


def _not(node: exp.Not, read: Read, columns: Columns) -> Term:
    return _negated(_boolean(read(node.this)))


def _comparison(node: exp.Binary, read: Read, columns: Columns) -> Term:
    op = _COMPARISONS[type(node)]
    if isinstance(node.right, exp.Any):
        return _any(node, read)
    left, right = (read(_tight(side)) for side in (node.left, node.right))
    if "null" in (left.kind, right.kind) and op not in ("distinct", "not_distinct"):
        raise _fault(
            node, "NULL_COMPARED", "与 NULL 比较永远未知 · never true; write it so", f"{_sql(node.left)} IS NULL"
        )
    return compare(op, *_dated(left, right))


def _any(node: exp.Binary, read: Read) -> Term:
    inside = node.right.this.unnest() if isinstance(node.right.this, exp.Paren) else node.right.this
    if not isinstance(node, exp.EQ) or not isinstance(inside, exp.Array):
        raise _fault(node, "NOT_ALLOWED", "ANY 只用于 = ANY(ARRAY[…]) · ANY only as = ANY(ARRAY[…])")
    return _listed(read(_tight(node.left)), [read(item) for item in inside.expressions], node)


def _is(node: exp.Is, read: Read, columns: Columns) -> Term:
    subject, what = read(_tight(node.this)), node.expression
    if isinstance(what, exp.Null):
        found = Term("is_null", "boolean", (subject,))
    elif isinstance(what, exp.Boolean):
        found = Term("is_true" if what.this else "is_false", "boolean", (_boolean(subject),))
    else:
        raise _fault(node, "NOT_ALLOWED", "IS 后只能是 NULL、TRUE、FALSE · IS takes NULL, TRUE, FALSE")
    return _negated(found) if node.args.get("negate") else found


def _in(node: exp.In, read: Read, columns: Columns) -> Term:
    if node.args.get("query") or node.args.get("unnest"):
        raise _fault(node, *_NAMED[exp.Query])
    found = _listed(read(_tight(node.this)), [read(item) for item in node.expressions], node)
    return _negated(found) if node.args.get("negate") else found


def _listed(sought: Term, items: list[Term], node: Node) -> Term:
    if not items or sought.family == "null":
        raise _fault(node, "NOT_ALLOWED", "IN 需要字段与至少一个值 · IN needs a column and at least one value")
    pairs = [_dated(sought, item) for item in items]
    sought, *items = unified([pairs[0][0], *(item for _, item in pairs)], what="IN")
    return Term("in", "boolean", (sought, *items))


def _between(node: exp.Between, read: Read, columns: Columns) -> Term:
    if node.args.get("symmetric"):
        raise _fault(node, "NOT_ALLOWED", "不支持 SYMMETRIC · not supported: SYMMETRIC")
    parts = node.this, node.args["low"], node.args["high"]
    subject, low, high = (read(_tight(part)) for part in parts)
    return Term("and", "boolean", (compare("ge", *_dated(subject, low)), compare("le", *_dated(subject, high))))


def _like(node: exp.Like, read: Read, columns: Columns) -> Term:
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        raise _fault(node, "NOT_ALLOWED", "LIKE 后须为引号中的文字 · LIKE takes a quoted text")
    text = pattern.this
    if (len(text) - len(text.rstrip("\\"))) % 2:
        raise _fault(node, "PATTERN", "LIKE 模式不能以反斜杠结尾 · a pattern cannot end in a backslash")
    found = Term("like", "boolean", (_text(read(_tight(node.this))),), text)
    return _negated(found) if node.args.get("negate") else found


def _sum(node: exp.Binary, read: Read, columns: Columns) -> Term:
    op = _SUMS[type(node)]
    left, right = (read(_tight(side)) for side in (node.left, node.right))
    if "date" in (left.kind, right.kind):
        return _days(op, left, right, node)
    if op in ("div", "mod"):
        _checked_divisor(right, columns, node.right)
    return arithmetic(op, left, right)


def _days(op: str, left: Term, right: Term, node: Node) -> Term:
    left, right = _dated(left, right)
    if op == "sub" and left.kind == right.kind == "date":
        return Term("sub", "integer", (left, right), None, 2**33, 0)
    if op == "add" and right.kind == "date":
        left, right = right, left
    if op not in ("add", "sub") or right.kind != "integer":
        raise _fault(node, "TYPE_MISMATCH", "日期只能加减整天数或相减 · a date takes whole days, or another date away")
    if right.limit > _DAYS_MOST:
        told = "天数可能过大，请给该字段声明范围 · the days may be too many; declare the column's range"
        raise _fault(node, "NUMBER_TOO_WIDE", told)
    return Term(op, "date", (left, right))


def _checked_divisor(term: Term, columns: Columns, node: Node) -> None:
    """PostgreSQL stops at a division by zero; so a divisor must be known not to be zero."""
    inner = term.args[0] if term.op in ("to_float", "whole", "rescale") else term
    if inner.op == "nullif" and inner.args[1].op == "literal" and inner.args[1].value == 0:
        return
    if inner.op == "literal" and inner.value != 0:
        return
    if inner.op == "column":
        column = columns[inner.value]
        if (column.low is not None and column.low > 0) or (column.high is not None and column.high < 0):
            return
    if inner.op == "literal":
        raise _fault(node, "DIVISOR_MAY_BE_ZERO", "除数是零 · the divisor is zero")
    told = "除数可能为零 · the divisor may be zero; write it so"
    raise _fault(node, "DIVISOR_MAY_BE_ZERO", told, f"NULLIF({_sql(node)}, 0)")


def _negative(node: exp.Neg, read: Read, columns: Columns) -> Term:
    inner = read(_tight(node.this))
    if inner.op == "literal" and inner.family == "exact":
        return replace(inner, value=-inner.value)
    return _number_of("neg", inner)


def _number_of(op: str, inner: Term) -> Term:
    if inner.family not in ("exact", "float"):
        raise mistyped(inner, "数字 · a number")
    return Term(op, inner.kind, (inner,), None, inner.limit, inner.scale)


def _cast(node: exp.Cast, read: Read, columns: Columns) -> Term:
    wanted, inner = node.to, read(_tight(node.this))
    simple = not wanted.expressions
    if simple and wanted.this == exp.DType.DATE and inner.op == "literal" and inner.kind == "text":
        return _date_literal(inner)
    if simple and wanted.this == exp.DType.DOUBLE and inner.family in ("exact", "float"):
        return to_float(inner)
    if simple and wanted.this == exp.DType.DECIMAL and inner.family == "exact":
        return replace(inner, kind="decimal") if inner.op != "column" else Term(
            "whole", "decimal", (inner,), None, inner.limit, inner.scale)  # fmt: skip
    if simple and wanted.this in (exp.DType.INT, exp.DType.BIGINT) and inner.kind in ("boolean", "integer"):
        return inner if inner.kind == "integer" else Term("bool_to_int", "integer", (inner,), None, 1, 0)
    told = f"不能把 {inner.kind} 转为 {wanted.sql('postgres')} · no cast from {inner.kind} to {wanted.sql('postgres')}"
    raise _fault(node, "CAST", told, "::float8, ::numeric, DATE '2026-01-31', flag::int")


def _case(node: exp.Case, read: Read, columns: Columns) -> Term:
    conditions, values = [], []
    subject = node.this
    for branch in node.args["ifs"]:
        if subject is not None:
            conditions.append(compare("eq", *_dated(read(_tight(subject)), read(_tight(branch.this)))))
        else:
            conditions.append(_boolean(read(branch.this)))
        values.append(read(branch.args["true"]))
    default = node.args.get("default")
    values.append(read(default) if default is not None else Term("null", "null"))
    values = _same_kind(values, node, "CASE")
    parts = [part for pair in zip(conditions, values[:-1], strict=True) for part in pair]
    return _gathered("case", values, (*parts, values[-1]))


def _chosen(op: str) -> Callable[[Any, Read, Columns], Term]:
    def reader(node: exp.Func, read: Read, columns: Columns) -> Term:
        values = _same_kind([read(part) for part in (node.this, *node.expressions)], node, op.upper())
        return _gathered(op, values, tuple(values))

    return reader


def _nullif(node: exp.Nullif, read: Read, columns: Columns) -> Term:
    left, right = unified(list(_dated(read(node.this), read(node.expression))), what="NULLIF")
    if "null" in (left.kind, right.kind):
        raise _fault(node, "NOT_ALLOWED", "NULLIF 需要两个值 · NULLIF needs two values")
    return Term("nullif", left.kind, (left, right), None, left.limit, left.scale)


def _absolute(node: exp.Abs, read: Read, columns: Columns) -> Term:
    return _number_of("abs", read(node.this))


def _length(node: exp.Length, read: Read, columns: Columns) -> Term:
    return Term("length", "integer", (_text(read(node.this)),), None, 2**31, 0)


def _starts_with(node: exp.StartsWith, read: Read, columns: Columns) -> Term:
    start = node.expression
    if not (isinstance(start, exp.Literal) and start.is_string):
        raise _fault(node, "NOT_ALLOWED", "STARTS_WITH 后须为引号中的文字 · it takes a quoted text")
    return Term("starts_with", "boolean", (_text(read(node.this)),), start.this)


def _extract(node: exp.Extract, read: Read, columns: Columns) -> Term:
    part, subject = node.this.name.lower(), read(node.expression)
    if part not in ("year", "month", "day") or subject.kind != "date":
        raise _fault(node, "NOT_ALLOWED", "EXTRACT 取日期的 YEAR、MONTH、DAY · it takes YEAR, MONTH, DAY of a date")
    return Term("whole", "decimal", (Term(part, "integer", (subject,), None, 2**31, 0),), None, 2**31, 0)


def _same_kind(values: list[Term], node: Node, what: str) -> list[Term]:
    dated = next((value for value in values if value.kind == "date"), None)
    values = [_dated(dated, value)[1] if dated else value for value in values]
    values = unified(values, what=what)
    if values[0].family == "null":
        raise _fault(node, "NOT_ALLOWED", f"{what} 中没有一个值 · no value in it")
    return values


def _gathered(op: str, values: list[Term], args: tuple[Term, ...]) -> Term:
    return Term(op, values[0].kind, args, None, max(value.limit for value in values), values[0].scale)


def _dated(left: Term, right: Term) -> tuple[Term, Term]:
    """A quoted text beside a date is a date."""
    if left.kind == "date" and right.op == "literal" and right.kind == "text":
        return left, _date_literal(right)
    if right.kind == "date" and left.op == "literal" and left.kind == "text":
        return _date_literal(left), right
    return left, right


def _date_literal(term: Term) -> Term:
    try:
        if len(term.value) != 10:
            raise ValueError
        return replace(term, kind="date", value=date.fromisoformat(term.value))
    except ValueError:
        told = f"日期写成 2026-01-31 的样子 · not a date: {term.value!r:.30}"
        raise ConditionFault("DATE", told, term.start, term.end, "DATE '2026-01-31'") from None


def _boolean(term: Term) -> Term:
    if term.kind == "null":
        return replace(term, kind="boolean")
    if term.kind != "boolean":
        raise mistyped(term, "条件 · a condition")
    return term


def _text(term: Term) -> Term:
    if term.kind != "text":
        raise mistyped(term, "文字 · a text")
    return term


def _negated(term: Term) -> Term:
    return Term("not", "boolean", (term,), None, 0, 0, *spread((term,)))


def _tight(node: Node) -> Node:
    if isinstance(node, _LOOSE):
        raise _fault(node, "BRACKETS_NEEDED", "条件套条件须加括号 · put brackets around it", f"({_sql(node)})")
    return node


def _not_allowed(node: Node) -> ConditionFault:
    for kind, (code, told) in _NAMED.items():
        if isinstance(node, kind):
            return _fault(node, code, told)
    if isinstance(node, exp.Func):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        near = next(iter(difflib.get_close_matches(name, FUNCTIONS, n=1, cutoff=0.6)), "")
        told = f"没有函数 {name}，可用：{', '.join(FUNCTIONS)} · there is no function {name}; those are"
        return _fault(node, "FUNCTION_UNKNOWN", told, near)
    return _fault(node, "NOT_ALLOWED", f"条件中不能用 {type(node).__name__} · not allowed in a condition")


def _fault(node: Node, code: str, told: str, suggestion: str = "") -> ConditionFault:
    return ConditionFault(code, told, *span_of(node), suggestion)


def _sql(node: Node) -> str:
    return node.sql("postgres")


_READERS: dict[type, Callable[[Any, Read, Columns], Term]] = {
    exp.Paren: lambda node, read, columns: read(node.this),
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: lambda node, read, columns: Term("literal", "boolean", (), node.this),
    exp.Null: lambda node, read, columns: Term("null", "null"),
    exp.And: _both("and"),
    exp.Or: _both("or"),
    exp.Not: _not,
    **dict.fromkeys(_COMPARISONS, _comparison),
    **dict.fromkeys(_SUMS, _sum),
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.Neg: _negative,
    exp.Cast: _cast,
    exp.Case: _case,
    exp.Coalesce: _chosen("coalesce"),
    exp.Greatest: _chosen("greatest"),
    exp.Least: _chosen("least"),
    exp.Nullif: _nullif,
    exp.Abs: _absolute,
    exp.Length: _length,
    exp.StartsWith: _starts_with,
    exp.Extract: _extract,
}
