"""A checked condition as a tree of typed terms. Numbers are exact (an integer in units of a scale) or double precision.

Rule kept: every exact sum's largest possible size is known, so that no addition can silently wrap around.

>>> price = Term("column", "decimal", value="price", limit=10**6, scale=2)
>>> tree = compare("gt", arithmetic("mul", price, exact(Decimal("1.5"))), exact(Decimal(3)))
>>> tree.args[0].scale, tree.args[1].op, tree.args[1].value
(3, 'rescale', None)
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from puhui.kernel.refusal import tongues
from puhui.policy.core.fault import ConditionFault

Family = Literal["exact", "float", "boolean", "text", "date", "null"]
WIDEST = 2**127 - 1  # 128-bit integers hold every exact sum
FLOAT_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Term:
    """`kind`: integer, decimal, float, boolean, text, date or null. `limit` bounds |value| × 10**scale of exact numbers."""

    op: str
    kind: str
    args: tuple["Term", ...] = ()
    value: Any = None
    limit: int = 0
    scale: int = 0
    start: int = 0
    end: int = 0

    @property
    def family(self) -> Family:
        return "exact" if self.kind in ("integer", "decimal") else self.kind  # type: ignore[return-value]

    def walk(self) -> Iterator["Term"]:
        """This term and all below it."""
        yield self
        for arg in self.args:
            yield from arg.walk()

    def columns(self) -> frozenset[str]:
        """The names it reads."""
        return frozenset(term.value for term in self.walk() if term.op == "column")


def exact(value: Decimal, *, start: int = 0, end: int = 0) -> Term:
    """A number written out."""
    scale = max(0, -int(value.as_tuple().exponent))
    kind = "integer" if scale == 0 else "decimal"
    return Term("literal", kind, (), value, abs(int(value.scaleb(scale))), scale, start, end)


def compare(op: str, left: Term, right: Term) -> Term:
    """eq, ne, lt, le, gt, ge, distinct, not_distinct; both sides brought to one type."""
    left, right = unified([left, right], what="比较 · comparison")
    return _spanned(Term(op, "boolean", (left, right)))


def arithmetic(op: str, left: Term, right: Term) -> Term:
    """add, sub, mul, div, mod."""
    for side in (left, right):
        if side.family not in ("exact", "float"):
            raise mistyped(side, "数字 · a number")
    if "float" in (left.family, right.family):
        if op == "mod":
            raise mistyped(left if left.family == "float" else right, "整数 · a whole number")
        return _spanned(Term(op, "float", (to_float(left), to_float(right))))
    if op in ("div", "mod"):
        return _whole_division(op, left, right)
    if op == "mul":
        scale, limit = left.scale + right.scale, left.limit * right.limit
    else:
        left, right = unified([left, right], what=op)
        scale, limit = left.scale, left.limit + right.limit
    kind = "integer" if left.kind == right.kind == "integer" else "decimal"
    return _fitting(_spanned(Term(op, kind, (left, right), None, limit, scale)))


def unified(terms: list[Term], *, what: str) -> list[Term]:
    """Terms of one family and scale; nulls take the others' type."""
    known = [term for term in terms if term.family != "null"]
    if not known:
        return terms
    families = {term.family for term in known}
    if families == {"exact", "float"}:
        return [term if term.family == "null" else to_float(term) for term in terms]
    if len(families) > 1:
        odd = next(term for term in known if term.family != known[0].family)
        zh, en = tongues(what)
        told = f"{zh}两边类型不同：{known[0].kind} 与 {odd.kind} · {en or zh} of unlike types: {known[0].kind} and {odd.kind}"
        raise ConditionFault("TYPE_MISMATCH", told, odd.start, odd.end)
    if families != {"exact"}:
        return [replace(term, kind=known[0].kind) if term.family == "null" else term for term in terms]
    scale = max(term.scale for term in known)
    kind = "integer" if all(term.kind == "integer" for term in known) else "decimal"
    return [
        replace(term, kind=kind, scale=scale) if term.family == "null" else _rescaled(term, kind, scale)
        for term in terms
    ]


def to_float(term: Term) -> Term:
    """As double precision. A decimal so wide that the nearest double is not sure is refused."""
    if term.family == "float":
        return term
    if term.op == "literal":
        return replace(term, kind="float", value=float(term.value), limit=0, scale=0)
    if term.scale and (term.limit > FLOAT_EXACT or term.scale > 22):
        told = "该小数位数过多，不能无损转换 · too many digits to become double precision exactly"
        raise ConditionFault("DECIMAL_TOO_WIDE", told, term.start, term.end)
    return Term("to_float", "float", (term,), None, 0, 0, term.start, term.end)


def mistyped(term: Term, wanted: str) -> ConditionFault:
    """The fault of a term of the wrong kind; `wanted` in both tongues.

    >>> mistyped(Term("column", "integer", ()), "条件 · a condition").message
    '这里需要条件，得到 integer · a condition is needed here, but this is integer'
    """
    zh, en = tongues(wanted)
    told = f"这里需要{zh}，得到 {term.kind} · {en} is needed here, but this is {term.kind}"
    return ConditionFault("TYPE_MISMATCH", told, term.start, term.end)


def spread(terms: tuple[Term, ...]) -> tuple[int, int]:
    """The stretch of text that these terms cover."""
    placed = [term for term in terms if term.end]
    return min((term.start for term in placed), default=0), max((term.end for term in placed), default=0)


def _spanned(term: Term) -> Term:
    start, end = spread(term.args)
    return replace(term, start=start, end=end)


def _whole_division(op: str, left: Term, right: Term) -> Term:
    for side in (left, right):
        if side.kind != "integer":
            told = (
                "小数相除请写成 a::float8 / b，或改为相乘比较 · divide decimals as a::float8 / b, or multiply instead"
            )
            raise ConditionFault("DECIMAL_DIVISION", told, side.start, side.end)
    return _spanned(Term(op, "integer", (left, right), None, left.limit if op == "div" else right.limit, 0))


def _rescaled(term: Term, kind: str, scale: int) -> Term:
    up = scale - term.scale
    if up == 0:
        return term if term.kind == kind else replace(term, kind=kind)
    wider = Term("rescale", kind, (term,), None, term.limit * 10**up, scale, term.start, term.end)
    return _fitting(wider)


def _fitting(term: Term) -> Term:
    if term.limit > WIDEST:
        told = "数字可能过大，无法精确计算 · the result may be too large to stay exact"
        raise ConditionFault("NUMBER_TOO_WIDE", told, term.start, term.end)
    return term
