"""Random conditions and rows, for the proof against PostgreSQL: every form the white list allows, typed by construction."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from puhui.policy.core.columns import Column, Columns

COLUMNS = Columns([
    Column("i", "integer"), Column("j", "integer", low=Decimal(1), high=Decimal(9)),
    Column("k", "integer", low=Decimal(-50), high=Decimal(50)),
    Column("d", "decimal", scale=2), Column("e", "decimal", scale=3, low=Decimal(-9), high=Decimal(9)),
    Column("x", "float"), Column("y", "float"), Column("p", "boolean"), Column("q", "boolean"),
    Column("s", "text"), Column("t", "text"), Column("u", "date"), Column("v", "date"),
])  # fmt: skip
POSTGRES = {"integer": "bigint", "small": "integer", "decimal": "numeric", "float": "double precision", "boolean": "boolean",
            "text": 'text COLLATE "C"', "date": "date"}  # fmt: skip
TEXTS = ["", "a", "b", "ab", "a_b", "a%", "A", "中", "中文", "é", "b\\c", "~", "a\nb"]
_DAYS = [
    date(2020, 2, 29),
    date(2024, 12, 31),
    date(2025, 1, 1),
    date(2026, 11, 25),
    date(1969, 12, 31),
    date(1900, 3, 1),
]
_VALUES: dict[str, list[Any]] = {
    "i": [0, 1, -1, 7, -7, 2**53 + 1, -(2**53) - 1, 10**15, 3], "j": list(range(1, 10)), "k": [-50, -7, -1, 0, 1, 2, 7, 50],
    "d": [Decimal(text) for text in ("0.00", "1.50", "-2.25", "0.30", "7.00", "1000000.01")],
    "e": [Decimal(text) for text in ("0.000", "0.300", "-1.125", "8.999", "1.500")],
    "x": [0.0, -0.0, 0.3, 1.5, -7.0, float("nan"), 1e300, 0.1], "y": [0.3, 1.0, float("nan"), -1.5, 0.0],
    "p": [True, False], "q": [True, False], "s": TEXTS, "t": TEXTS, "u": _DAYS, "v": _DAYS,
}  # fmt: skip


def postgres_type(column: Column) -> str:
    """As a table would declare it: a whole number known to be small is `integer`."""
    return POSTGRES["small" if column.kind == "integer" and column.magnitude < 2**31 else column.kind]


def rows(count: int, seed: int) -> list[dict[str, Any]]:
    """Rows that mix all values, a fifth of them null; the first row is all null."""
    import random

    chance = random.Random(seed)
    made = [{name: None if chance.random() < 0.2 else chance.choice(values) for name, values in _VALUES.items()}
            for _ in range(count - 1)]  # fmt: skip
    return [dict.fromkeys(_VALUES), *made]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_INTEGERS = st.sampled_from(["i", "j", "k", "0", "1", "-3", "7", "9007199254740993"])
_DECIMALS = st.sampled_from(["d", "e", "0.3", "1.50", "-2.25", "1e2"])
_FLOATS = st.sampled_from(["x", "y", "x", "y", "0.5::float8", "k::float8"])
_TEXTS = st.sampled_from(["s", "t"]) | st.sampled_from(TEXTS).map(_quoted)
_DATES = st.sampled_from(["u", "v", "DATE '2025-01-01'", "u + 30", "v - k", "DATE '2024-12-31' + j"])
_COMPARED = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"])
_PATTERNS = st.sampled_from(["a%", "%b", "_", "a_b", "%", "", "a\\%", "中%", "_%_", "%\n%", "b\\\\c"]).map(_quoted)


def _numbers(integers: st.SearchStrategy[str], decimals: st.SearchStrategy[str], floats: st.SearchStrategy[str]) -> Any:
    return integers | decimals | floats


def _sums(part: Any, signs: list[str]) -> Any:
    return st.builds(lambda a, sign, b: f"({a} {sign} {b})", part, st.sampled_from(signs), part)


def _called(part: Any) -> Any:
    two = st.tuples(part, part)
    return (
        st.builds(
            lambda name, ab: f"{name}({ab[0]}, {ab[1]})",
            st.sampled_from(["coalesce", "greatest", "least", "nullif"]),
            two,
        )
        | st.builds(lambda a: f"abs({a})", part)
        | st.builds(lambda a: f"(-{a})" if not a.startswith("-") else a, part)
    )


_WHOLE = _INTEGERS | _sums(_INTEGERS, ["+", "-", "*"]) | _called(_INTEGERS) | st.sampled_from(
    ["length(s)", "(u - v)", "(u - DATE '2020-01-01')", "p::int", "(i / j)", "(i % j)", "(k / 7)", "(i / NULLIF(k, 0))",
     "(k % NULLIF(k, 0))", "(i / -3)", "CASE WHEN p THEN i WHEN x > 0 THEN k END"])  # fmt: skip
_EXACT = _WHOLE | _DECIMALS | _sums(_WHOLE | _DECIMALS, ["+", "-", "*"]) | _called(_WHOLE | _DECIMALS) | st.sampled_from(
    ["extract(year from u)", "extract(month from v)", "extract(day FROM u)", "i::numeric", "CASE k WHEN 1 THEN d ELSE 0 END"])  # fmt: skip
_DOUBLE = _FLOATS | _sums(_FLOATS, ["+", "-", "*"]) | _called(_FLOATS) | st.sampled_from(
    ["(x / 3)", "(k::float8 / j)", "(x / NULLIF(y, 0))", "(i::float8 / NULLIF(k, 0))", "CASE WHEN q THEN x ELSE 1 END"])  # fmt: skip
_NUMBERS = _EXACT | _DOUBLE


def _listed(part: Any, form: str) -> Any:
    items = st.lists(part | st.just("NULL"), min_size=1, max_size=7).map(", ".join)
    return st.builds(lambda a, no, b: form.format(a=a, no=no, b=b), part, st.sampled_from(["", "NOT "]), items)


_COMPARISONS = st.one_of(
    st.builds(lambda a, sign, b: f"{a} {sign} {b}", _NUMBERS, _COMPARED, _NUMBERS),
    st.builds(lambda a, sign, b: f"{a} {sign} {b}", _TEXTS, _COMPARED, _TEXTS),
    st.builds(lambda a, sign, b: f"{a} {sign} {b}", _DATES, _COMPARED, _DATES),
    st.builds(lambda a, no, b: f"{a} {no}LIKE {b}", st.sampled_from(["s", "t"]), st.sampled_from(["", "NOT "]), _PATTERNS),
    st.builds(lambda a, b, c, no: f"{a} {no}BETWEEN {b} AND {c}", _NUMBERS, _NUMBERS, _NUMBERS, st.sampled_from(["", "NOT "])),
    st.builds(lambda a, no: f"{a} IS {no}NULL", st.sampled_from(["i", "d", "x", "p", "s", "u", "(i + k)"]), st.sampled_from(["", "NOT "])),
    _listed(_EXACT, "{a} {no}IN ({b})"), _listed(_TEXTS, "{a} {no}IN ({b})"), _listed(_FLOATS, "{a} {no}IN ({b})"),
    _listed(_DATES, "{a} {no}IN ({b})"), st.builds(lambda a: f"s = ANY(ARRAY[{a}, 'b'])", _TEXTS),
    st.sampled_from(["p", "q", "p = q", "p < q", "starts_with(s, 'a')", "coalesce(p, q)", "u > '2025-01-01'"]),
)  # fmt: skip
CONDITIONS = st.recursive(
    _COMPARISONS,
    lambda part: st.one_of(
        st.builds(lambda a, b: f"{a} AND {b}", part, part),
        st.builds(lambda a, b: f"({a} OR {b})", part, part),
        st.builds(lambda a: f"NOT ({a})", part),
        st.builds(lambda a, what: f"({a}) IS {what}", part, st.sampled_from(["TRUE", "FALSE", "UNKNOWN", "NOT TRUE", "NOT NULL"])),
        st.builds(lambda a, b, c: f"CASE WHEN {a} THEN {b} ELSE {c} END", part, part, part),
        st.builds(lambda a, b: f"({a}) = ({b})", part, part),
        st.builds(lambda a, b: f"coalesce({a}, {b})", part, part),
    ),
    max_leaves=6,
)  # fmt: skip
