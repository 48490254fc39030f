"""A condition (条件): one SQL boolean expression over declared columns, checked once and run over a frame of any length.

Rule kept: the text means what PostgreSQL says it means, three truth values included (proved against PostgreSQL in the
tests); what PostgreSQL would stop at (a division by zero) or what is not on the white list is refused when it is read.

>>> columns = Columns([Column("age_years", "integer"), Column("city", "text")])
>>> minor = read_condition("age_years < 18 OR city = '某地'", columns)
>>> sorted(minor.columns), pl.DataFrame({"age_years": [17, 40, None], "city": ["x", "x", "x"]}).select(minor.expression()).to_series().to_list()
(['age_years', 'city'], [True, False, None])
>>> read_condition("age_year < 18", columns)
Traceback (most recent call last):
    ...
puhui.policy.core.fault.ConditionFault: 没有字段 age_year · there is no column age_year
"""

from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl

from puhui.policy.core import polars_form
from puhui.policy.core.columns import Column, Columns  # noqa: F401 - Column is for the example
from puhui.policy.core.fault import ConditionFault
from puhui.policy.core.term import Term, mistyped

LONGEST = 2_000
_FULL_WIDTH = dict(zip("＞＜＝（），；＋－＊／％！。‘’“”", "><=(),;+-*/%!.''\"\"", strict=True)) | {
    "≥": ">=", "≤": "<=", "≠": "<>", "　": " ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """`tree` is the checked term; `columns` the names it reads; `form` its expression, built once."""

    text: str
    tree: Term
    columns: frozenset[str]
    form: pl.Expr | None = field(default=None, repr=False, compare=False)

    def expression(self) -> pl.Expr:
        """One Polars expression: true, false or null a row."""
        return polars_form.expression(self.tree) if self.form is None else self.form


def read_condition(text: str, columns: Columns) -> Condition:
    """Parse and check; a ConditionFault says what is wrong and where."""
    condition = read_formula(text, columns)
    if condition.tree.kind != "boolean":
        raise mistyped(condition.tree, "条件（真或假） · a condition, true or false")
    if not condition.columns:
        told = "条件没有用到任何字段 · it reads no column, so it is always the same"
        raise ConditionFault("CONSTANT", told, 0, len(text))
    return condition


def read_formula(text: str, columns: Columns) -> Condition:
    """Any one SQL expression over the columns, of whatever kind (a price, a limit)."""
    from puhui.policy.core import condition_text

    if len(text) > LONGEST:
        raise ConditionFault(
            "TOO_LONG", f"超过 {LONGEST} 个字符 · longer than {LONGEST} characters", LONGEST, len(text)
        )
    try:
        tree = condition_text.read_term(_parsed(text), columns)
    except ConditionFault:
        _refuse_full_width(text)
        raise
    return Condition(text, tree, tree.columns(), polars_form.expression(tree))


@lru_cache(maxsize=2_000)
def _parsed(text: str):  # type: ignore[no-untyped-def]  # sqlglot is imported when a condition is read
    import sqlglot
    from sqlglot.errors import ParseError, TokenError

    if not text.strip() or "\x00" in text:
        raise ConditionFault("EMPTY", "条件为空 · the condition is empty")
    try:
        statements = sqlglot.parse(text, dialect="postgres")
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        start = _position(text, first)
        raise ConditionFault(
            "SYNTAX", _told(first.get("description") or ""), start, start + len(first.get("highlight") or " ")
        ) from None
    except (TokenError, RecursionError):
        raise ConditionFault(
            "SYNTAX", "引号未闭合或嵌套过深 · a quote is open, or it nests too deep", 0, len(text)
        ) from None
    if len(statements) != 1 or statements[0] is None:
        raise ConditionFault("SYNTAX", "只能写一个条件 · one condition only", max(0, text.find(";")), len(text))
    return statements[0]


def _told(said: str) -> str:
    """What the parser said, in words of a rule's author: the names of its classes mean nothing to them."""
    if said.startswith("Required keyword"):
        return "语法错误：这里之后少了一部分 · not SQL: something is missing after this"
    if said.startswith("Expecting "):
        wanted = said.removeprefix("Expecting ")
        return f"语法错误：缺少 {wanted} · not SQL: {wanted} is missing"
    return "语法错误：从这里起读不懂 · not SQL: cannot be read from here on"


def _refuse_full_width(text: str) -> None:
    """What cannot be read may hold signs of a Chinese keyboard, which a parser takes for letters of a name; in a quoted text they may stand."""
    quoted = False
    for place, letter in enumerate(text):
        quoted ^= letter == "'"
        if letter in _FULL_WIDTH and not quoted:
            meant = _FULL_WIDTH[letter]
            told = f"全角符号 {letter}，请用半角 · a full-width sign; write it so"
            raise ConditionFault("FULL_WIDTH", told, place, place + 1, meant)


def _position(text: str, error: dict) -> int:  # type: ignore[type-arg]
    """sqlglot gives the line and the column of the last character of the token."""
    lines = text.split("\n")
    before = sum(len(line) + 1 for line in lines[: (error.get("line") or 1) - 1])
    return max(0, min(len(text) - 1, before + (error.get("col") or 1) - len(error.get("highlight") or " ")))
