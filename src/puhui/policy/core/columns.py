"""The columns (字段) that a condition may name: their kind, whether they may be missing, their range, and what they mean.

Rule kept: a condition can only ask for what is declared here. Kinds are PostgreSQL's: integer = bigint, decimal =
numeric of a fixed scale, float = double precision, boolean, text (byte order, collation "C") and date.

>>> text = ("name,kind,scale,may_be_missing,low,high,zh,en\\n"
...         "age_years,integer,,no,0,120,年龄,age\\n"
...         "debt_ratio,decimal,4,yes,0,,负债比,debt to income\\n")
>>> columns = read_columns(text)
>>> columns["debt_ratio"].may_be_missing, columns["debt_ratio"].type, columns.nearest("age_year")
(True, Decimal(precision=38, scale=4), 'age_years')
>>> columns.frame([{"age_years": 40, "debt_ratio": "0.5"}]).rows()
[(40, Decimal('0.5000'))]
"""

import csv
import difflib
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast, get_args

import polars as pl

from puhui.kernel.refusal import Refusal, Refused

Kind = Literal["integer", "decimal", "float", "boolean", "text", "date"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_DIGITS = 38
LONGEST_TEXT = 2_000
_INTEGER_MOST = 2**63
_FEW = 16  # rows that are sooner handed over row by row than column by column
_FLOAT_MOST = (
    1e15  # beyond, PostgreSQL's JSON writes a float as a whole number, and the record's hash would not be found again
)
_TYPES: dict[Kind, Any] = {
    "integer": pl.Int64, "float": pl.Float64, "boolean": pl.Boolean, "text": pl.String, "date": pl.Date,
}  # fmt: skip
_HEAD = ("name", "kind", "zh", "en")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `low` and `high` are inclusive and known for certain; None means not known."""

    name: str
    kind: Kind
    may_be_missing: bool = True
    zh: str = ""
    en: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    scale: int = 0

    @property
    def type(self) -> Any:
        """Its type in a Polars frame."""
        return pl.Decimal(MOST_DIGITS, self.scale) if self.kind == "decimal" else _TYPES[self.kind]

    @property
    def magnitude(self) -> int:
        """The largest absolute value of an integer, or of a decimal in units of its scale."""
        if self.low is not None and self.high is not None:
            return int(max(abs(self.low), abs(self.high)) * 10**self.scale)
        return 10**18 - 1 if self.kind == "decimal" else _INTEGER_MOST

    def holds(self, value: int | float | Decimal) -> bool:
        """Is this number inside the range? Static checks and exact arithmetic rest on it."""
        inside = (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
        return inside and (self.kind != "decimal" or abs(value) * 10**self.scale <= self.magnitude)


class Columns(Mapping[str, Column]):
    """Columns by name, in the order declared."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._by_name = {column.name: column for column in columns}
        if len(self._by_name) != len(columns):
            names = [column.name for column in columns]
            twice = next(name for name in names if names.count(name) > 1)
            raise Refused(Refusal("COLUMN_TWICE", "字段重复 · the column is declared twice", where=twice))

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def nearest(self, name: str) -> str | None:
        """The declared name that looks most like this one, or whose Chinese words do, or None."""
        by_words = {column.zh: column.name for column in self.values() if column.zh}
        spoken = next((words for words in by_words if name in words), "") if not name.isascii() else ""
        if spoken:
            return by_words[spoken]
        return next(iter(difflib.get_close_matches(name.lower(), self._by_name, n=1, cutoff=0.6)), None)

    def plus(self, columns: Sequence[Column]) -> "Columns":
        """With more columns behind."""
        return Columns([*self.values(), *columns])

    def frame(self, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        """JSON values to columns. A name that is absent is missing; a value of another kind is refused by name."""
        schema = {name: column.type for name, column in self.items()}
        if 0 < len(rows) < _FEW:
            return pl.from_dicts([self.values_of(row, at) for at, row in enumerate(rows)], schema)
        read = {
            name: [_read(column, row.get(name), at) for at, row in enumerate(rows)] for name, column in self.items()
        }
        return pl.DataFrame(read, schema=schema)

    def values_of(self, row: Mapping[str, Any], at: int = 0) -> dict[str, Any]:
        """The values of one row as `frame` reads them, without a frame; `at` is its place, for a refusal to name."""
        return {name: _read(column, row.get(name), at) for name, column in self.items()}


def read_columns(text: str) -> Columns:
    """Parse a table of columns (CSV with a head)."""
    reader = csv.DictReader(io.StringIO(text))
    if missing := [name for name in _HEAD if name not in (reader.fieldnames or ())]:
        raise Refused(Refusal("COLUMN_HEAD_MISSING", f"表头缺少 {missing[0]} · the head lacks it", where=missing[0]))
    return Columns([_column(row, line) for line, row in enumerate(reader, 2)])


def _column(row: Mapping[str, str | None], line: int) -> Column:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(value, str | None)}
    kind, where = cells["kind"], f"line {line}, {cells['name']}"
    if kind not in KINDS:
        raise Refused(Refusal("COLUMN_KIND", f"类型应为 {'、'.join(KINDS)} 之一 · one of them", where=where))
    if not cells["name"].isidentifier() or cells["name"] != cells["name"].lower():
        told = "字段名用小写字母、数字和下划线 · a name is lower-case letters, digits, underscores"
        raise Refused(Refusal("COLUMN_NAME", told, where=where))
    try:
        scale = int(cells.get("scale") or 0)
        low, high = (Decimal(cells[end]) if cells.get(end) else None for end in ("low", "high"))
    except (ValueError, InvalidOperation):
        told = "scale、low、high 须为数字 · they must be numbers"
        raise Refused(Refusal("COLUMN_RANGE", told, where=where)) from None
    if not 0 <= scale <= 18 or (low is not None and high is not None and low > high):
        told = "小数位 0–18，low 不大于 high · scale 0 to 18, low not above high"
        raise Refused(Refusal("COLUMN_RANGE", told, where=where))
    may_be_missing = cells.get("may_be_missing", "yes").lower() not in ("no", "false", "0")
    return Column(cells["name"], cast(Kind, kind), may_be_missing, cells["zh"], cells["en"], low, high, scale)


def _read(column: Column, value: Any, at: int) -> Any:
    if value is None:
        return None
    where = f"row {at + 1}, {column.name}"
    try:
        read = _READERS[column.kind](value, column)
    except (TypeError, ValueError, InvalidOperation):
        told = f"应为 {column.kind} · expected {column.kind}, got {value!r:.60}"
        raise Refused(Refusal("INPUT_KIND", told, where=where)) from None
    if column.kind in ("integer", "decimal", "float") and not column.holds(read):
        told = f"超出该字段的已知范围 · outside the column's known range: {value!r:.60}"
        raise Refused(Refusal("INPUT_RANGE", told, where=where))
    return read


def _integer(value: Any, _: Column) -> int:
    if type(value) is not int or abs(value) > _INTEGER_MOST - 1:
        raise TypeError
    return value


def _decimal(value: Any, column: Column) -> Decimal:
    if isinstance(value, bool):
        raise TypeError
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        raise ValueError
    rounded = exact.quantize(Decimal(1).scaleb(-column.scale))
    if rounded != exact:  # a silent rounding could move a value over a threshold
        raise ValueError
    return rounded


def _float(value: Any, _: Column) -> float:
    if isinstance(value, bool | str) or not math.isfinite(value) or abs(value) >= _FLOAT_MOST:
        raise TypeError
    return float(value) + 0.0  # no negative zero, which PostgreSQL's JSON cannot keep


def _boolean(value: Any, _: Column) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(value: Any, _: Column) -> str:
    if not isinstance(value, str) or "\x00" in value or len(value) > LONGEST_TEXT:
        raise TypeError
    value.encode()  # half a surrogate pair is no text: UnicodeEncodeError is a ValueError
    return value


def _date(value: Any, _: Column) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value)
    if type(value) is not date:
        raise TypeError
    return value


_READERS: dict[str, Any] = {
    "integer": _integer, "decimal": _decimal, "float": _float, "boolean": _boolean, "text": _text, "date": _date,
}  # fmt: skip
