"""A checked condition as one Polars expression that answers as PostgreSQL would, row for row, nulls included.

Rule kept: true, false and unknown are three answers (SQL's logic); exact numbers are whole numbers in units of their
scale, dates are days since 1970-01-01, texts compare by bytes, NaN is the greatest number and equals itself.

>>> age = Term("column", "integer", value="age", limit=200)
>>> adult = Term("ge", "boolean", (age, Term("literal", "integer", value=Decimal(18), limit=18)))
>>> pl.DataFrame({"age": [17, 18, None]}).select(expression(adult)).to_series().to_list()
[False, True, None]
"""

import operator
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any

import polars as pl

from puhui.policy.core.term import Term

_NARROW = 2**63 - 1
_EPOCH = date(1970, 1, 1)
_SMALL_LIST = 4


def expression(term: Term) -> pl.Expr:
    """The expression of a term; its columns are read by name from the frame."""
    short = folded(term)
    form = _form(short)
    if not any(part.op in _CHOOSES for part in short.walk()):
        return form
    # a choice that falls on a constant in every row may come out one value long (Polars 2.1); this makes it a column
    whole = pl.int_range(pl.len()) >= 0
    return form & whole if term.kind == "boolean" else pl.when(whole).then(form)


def folded(term: Term) -> Term:
    """The same term with its constant parts reckoned out: a part that reads no column has one answer for all rows."""
    if term.op in ("literal", "null", "column"):
        return term
    term = replace(term, args=tuple(folded(arg) for arg in term.args))
    if term.op in _STRICT and any(arg.op == "null" for arg in term.args):
        return replace(term, op="null", args=())
    if term.op == "in" and (term.args[0].op == "null" or all(arg.op == "null" for arg in term.args[1:])):
        return replace(term, op="null", args=())
    if term.op in ("and", "or", "case", "coalesce"):
        term = _shortened(term)
    if term.op in _TURNED and term.args[0].op == "literal":
        # Polars 2.1 gives one value for the frame when a constant stands to the left of a choice that fell on a constant
        term = replace(term, op=_TURNED[term.op], args=term.args[::-1])
    return term if term.op in ("literal", "null", "column") or term.columns() else _constant(term)


def _shortened(term: Term) -> Term:
    """Without the parts that a constant beside them decides."""
    if term.op == "case":
        return _shorter_case(term)
    if term.op == "coalesce":
        known = [arg for arg in term.args if arg.op != "null"] or [term.args[0]]
        last = next((place for place, arg in enumerate(known) if arg.op == "literal"), len(known) - 1)
        return known[0] if last == 0 else replace(term, args=tuple(known[: last + 1]))
    decides = term.op == "or"  # TRUE decides an OR, FALSE an AND; the other one says nothing
    constants = [arg.value for arg in term.args if arg.op == "literal"]
    open_parts = [arg for arg in term.args if arg.op != "literal"]
    if decides in constants or not open_parts:
        return Term("literal", "boolean", (), decides if decides in constants else not decides)
    return open_parts[0] if len(open_parts) == 1 else replace(term, args=tuple(open_parts))


def _shorter_case(term: Term) -> Term:
    *branches, last = term.args
    kept: list[Term] = []
    for condition, value in zip(branches[::2], branches[1::2], strict=True):
        if condition.op == "literal" and condition.value:
            last = value
            break
        if condition.op not in ("literal", "null"):
            kept += [condition, value]
    return replace(term, args=(*kept, last)) if kept else last


def _constant(term: Term) -> Term:
    value = _ONE_ROW.with_columns(_form(term).alias("value"))["value"][0]
    if value is None:
        return replace(term, op="null", args=())
    if term.family == "exact":
        value = Decimal(value).scaleb(-term.scale)
    elif term.kind == "date":
        value = _EPOCH + timedelta(days=value)
    return replace(term, op="literal", args=(), value=value)


def _form(term: Term) -> pl.Expr:
    if term.op in _SPECIAL:
        return _SPECIAL[term.op](term)
    return _PLAIN["float_div" if (term.op, term.kind) == ("div", "float") else term.op](*_operands(term))


def _operands(term: Term) -> list[pl.Expr]:
    """The parts of a term; where one exact part or the result needs 128 bits, all exact parts get them."""
    wide = _is_wide(term) or any(map(_is_wide, term.args))
    return [
        _form(arg).cast(pl.Int128) if wide and arg.family == "exact" and not _is_wide(arg) else _form(arg)
        for arg in term.args
    ]


def _is_wide(term: Term) -> bool:
    """Does its form live in 128 bits? A column of integers never does; whatever is reckoned with it may."""
    if term.family != "exact" or (term.op, term.kind) == ("column", "integer"):
        return False
    return term.limit > _NARROW or any(map(_is_wide, term.args))


def _column(term: Term) -> pl.Expr:
    column = pl.col(term.value)
    if term.kind == "decimal":
        return column.to_physical() if _is_wide(term) else column.to_physical().cast(pl.Int64)
    return column.to_physical().cast(pl.Int64) if term.kind == "date" else column


def _literal(term: Term) -> pl.Expr:
    if term.family == "exact":
        units = int(Decimal(term.value).scaleb(term.scale))
        return pl.lit(units, dtype=pl.Int128 if abs(units) > _NARROW else pl.Int64)
    if term.kind == "date":
        return pl.lit((term.value - _EPOCH).days, dtype=pl.Int64)
    return pl.lit(term.value, dtype=_STORED[term.kind])


def _null(term: Term) -> pl.Expr:
    return pl.lit(None, dtype=_STORED[term.kind])


def _to_float(term: Term) -> pl.Expr:
    inner = term.args[0]
    units = _form(inner).cast(pl.Float64)
    return _divided(units, pl.lit(float(10**inner.scale))) if inner.scale else units


def _rescale(term: Term) -> pl.Expr:
    factor = pl.lit(10 ** (term.scale - term.args[0].scale), dtype=pl.Int128 if _is_wide(term) else pl.Int64)
    return _operands(term)[0] * factor


def _in(term: Term) -> pl.Expr:
    """x IN (…): unknown when x is, or when it is not found and the list holds a null."""
    sought, items = term.args[0], term.args[1:]
    if len(items) > _SMALL_LIST and sought.kind == "text" and all(item.op == "literal" for item in items):
        return _form(sought).is_in([item.value for item in items])
    equal = [_form(folded(Term("eq", "boolean", (sought, item)))) for item in items]
    return reduce(lambda one, other: one | other, equal)


def _like(term: Term) -> pl.Expr:
    return _form(term.args[0]).str.contains(like_pattern(term.value))


def like_pattern(pattern: str) -> str:
    """The regular expression of a LIKE pattern; a backslash takes the next character as it is.

    >>> like_pattern("A_%"), like_pattern("50\\\\%")
    ('(?s)^A..*$', '(?s)^50%$')
    """
    parts, at = [], 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            at += 1
            parts.append(_escaped(pattern[at]))
        else:
            parts.append({"%": ".*", "_": "."}.get(letter) or _escaped(letter))
        at += 1
    return "(?s)^" + "".join(parts) + "$"


def _escaped(letter: str) -> str:
    return "\\" + letter if letter in r"\.+*?()|[]{}^$#&-~" else letter


def _case(term: Term) -> pl.Expr:
    *branches, answer = _operands(term)
    for condition, value in reversed(list(zip(branches[::2], branches[1::2], strict=True))):
        answer = pl.when(condition).then(value).otherwise(answer)
    return answer


def _horizontal(term: Term) -> pl.Expr:
    """GREATEST and LEAST; of whole numbers by Polars itself, which names each form once (a chain of them would double at every link)."""
    if term.kind in ("integer", "decimal", "date"):
        together = pl.max_horizontal if term.op == "greatest" else pl.min_horizontal
        return together(*_operands(term))
    better = operator.gt if term.op == "greatest" else operator.lt
    return _extreme(better)(*_operands(term))


def _extreme(better: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Callable[..., pl.Expr]:
    """GREATEST and LEAST: nulls are passed over; only when all are null is the answer null."""

    def fold(best: pl.Expr, other: pl.Expr) -> pl.Expr:
        return pl.when(best.is_null() | better(other, best)).then(other).otherwise(best)

    return lambda *forms: reduce(fold, forms)


def _divided(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """A true division. By a constant Polars 2.1 multiplies with the reciprocal (3 / 10 gives 0.30000000000000004), so the
    divisor is made a column first.
    """
    return left / (right + pl.int_range(pl.len()).cast(pl.Float64) * 0.0)


def _truncated(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Whole division toward zero. Each side is named twice only: what is repeated is worked out again."""
    return (left.abs() // right.abs()) * left.sign() * right.sign()


_CHOOSES = {"case", "coalesce", "greatest", "least", "nullif"}
_TURNED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "distinct": "distinct",
           "not_distinct": "not_distinct"}  # fmt: skip
_STRICT = {"eq", "ne", "lt", "le", "gt", "ge", "not", "add", "sub", "mul", "div", "mod", "neg", "abs", "length", "like",
           "starts_with", "to_float", "rescale", "whole", "year", "month", "day", "bool_to_int"}  # fmt: skip
_ONE_ROW = pl.DataFrame({"_": [0]})
_STORED: dict[str, Any] = {
    "integer": pl.Int64, "decimal": pl.Int64, "float": pl.Float64, "boolean": pl.Boolean, "text": pl.String,
    "date": pl.Int64, "null": pl.Null,
}  # fmt: skip
_SPECIAL: dict[str, Callable[[Term], pl.Expr]] = {
    "column": _column, "literal": _literal, "null": _null, "to_float": _to_float, "rescale": _rescale, "in": _in,
    "like": _like, "case": _case, "greatest": _horizontal, "least": _horizontal,
    "starts_with": lambda term: _form(term.args[0]).str.starts_with(term.value),
}  # fmt: skip
_PLAIN: dict[str, Callable[..., pl.Expr]] = {
    "and": lambda *forms: reduce(lambda one, other: one & other, forms),
    "or": lambda *forms: reduce(lambda one, other: one | other, forms),
    "not": lambda form: ~form,
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "distinct": lambda left, right: left.ne_missing(right),
    "not_distinct": lambda left, right: left.eq_missing(right),
    "is_null": lambda form: form.is_null(),
    "is_true": lambda form: form.fill_null(False),
    "is_false": lambda form: (~form).fill_null(False),
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "div": lambda left, right: _truncated(left, right),
    "float_div": _divided,
    "mod": lambda left, right: left - right * _truncated(left, right),
    "neg": lambda form: form * -1,
    "abs": lambda form: form.abs(),
    "coalesce": lambda *forms: pl.coalesce(*forms),
    "nullif": lambda left, right: pl.when((left == right).fill_null(False)).then(None).otherwise(left),
    "length": lambda form: form.str.len_chars().cast(pl.Int64),
    "whole": lambda form: form,
    "year": lambda form: _as_date(form).dt.year().cast(pl.Int64),
    "month": lambda form: _as_date(form).dt.month().cast(pl.Int64),
    "day": lambda form: _as_date(form).dt.day().cast(pl.Int64),
    "bool_to_int": lambda form: form.cast(pl.Int64),
}


def _as_date(days: pl.Expr) -> pl.Expr:
    return days.cast(pl.Int32, strict=False).cast(pl.Date)
