"""The calculators' wire format (JSON objects) into values: every field is checked, and a wrong one is named.

Rule kept: an amount is a whole number of minor units and a rate an exact decimal written as text; nothing is guessed,
and a field nobody knows is refused rather than passed over.

>>> read_terms({"currency": "CNY", "principal_minor": 100, "annual_rate": "0.1", "periods": 2,
...             "disbursed_on": "2026-01-31"}).periods
2
>>> read_terms({"currency": "CNY", "principal_minor": 100.5, "annual_rate": "0.1", "periods": 2})
Traceback (most recent call last):
  ...
puhui.kernel.refusal.Refused: AMOUNT_NOT_WHOLE: 金额须为整数最小单位 · a whole number of minor units: 100.5 (principal_minor)
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.servicing.core.terms import Fee, LoanTerms, refuse

Record = Mapping[str, Any]


def whole(value: Any, where: str) -> int:
    """A whole number; 5, not 5.5, "5" or true."""
    if isinstance(value, bool) or not isinstance(value, int):
        text = f"金额须为整数最小单位 · a whole number of minor units: {value}"
        raise Refused(Refusal("AMOUNT_NOT_WHOLE", text, where=where))
    return value


def rate(value: Any, where: str) -> Decimal:
    """An exact decimal: text, or a JSON number that was read as a decimal."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise Refused(Refusal("RATE_NOT_EXACT", f"利率须为小数 · a decimal such as 0.07: {value}", where=where))
    return number


def day(value: Any, where: str) -> date:
    """A date, YYYY-MM-DD."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused(Refusal("DATE_UNREADABLE", f"日期须为 YYYY-MM-DD · a date: {value}", where=where)) from None


def text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise Refused(Refusal("TEXT_EXPECTED", f"须为文字 · text expected: {value}", where=where))
    return value


def fees(value: Any, where: str) -> tuple[Fee, ...]:
    """[{at, amount_minor? | rate?, name?}, …]"""
    return tuple(Fee(**read(part, _FEE, f"{where}[{i}]", ("at",))) for i, part in enumerate(listed(value, where)))


def listed(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(Refusal("LIST_EXPECTED", f"须为列表 · a list expected: {value}", where=where))
    return value


_FEE: dict[str, Callable[[Any, str], Any]] = {"at": text, "amount_minor": whole, "rate": rate, "name": text}
_TERMS: dict[str, Callable[[Any, str], Any]] = {
    "currency": text,
    "principal_minor": whole,
    "annual_rate": rate,
    "periods": whole,
    "period_unit": text,
    "period_every": whole,
    "disbursed_on": day,
    "first_due_on": day,
    "method": text,
    "interest_per": text,
    "day_count": text,
    "rounding": text,
    "minor_digits": whole,
    "fees": fees,
    "principal_grace_periods": whole,
    "interest_grace_periods": whole,
    "installment_multiple_minor": whole,
    "interest_rounding": text,
    "installment_rounding": text,
    "down_payment_minor": whole,
    "rolling": text,
}
_NEEDED = ("principal_minor", "annual_rate", "periods", "disbursed_on")


def read_terms(record: Any, where: str = "") -> LoanTerms:
    """Terms as a calculator takes them. Raises Refused."""
    given = {name: value for name, value in _object(record, where).items() if name != "id"}
    terms = LoanTerms(**{"currency": "CNY", **read(given, _TERMS, where, _NEEDED)})
    if (refusal := refuse(terms, calculator=True)) is not None:
        raise Refused(refusal)
    return terms


def read(record: Any, fields: Mapping[str, Callable[[Any, str], Any]], where: str, needed: tuple[str, ...]) -> Record:
    """Known fields, each by its reader; empty ones (null) are left out."""
    values = {}
    for name, value in _object(record, where).items():
        place = f"{where}.{name}" if where else name
        if name not in fields:
            known = ", ".join(fields)
            raise Refused(Refusal("FIELD_UNKNOWN", f"没有这个字段 · no such field; known: {known}", where=place))
        if value is not None:
            values[name] = fields[name](value, place)
    for name in needed:
        if name not in values:
            place = f"{where}.{name}" if where else name
            raise Refused(Refusal("FIELD_MISSING", f"缺少字段 · this field is needed: {name}", where=place))
    return values


def _object(record: Any, where: str) -> Record:
    if not isinstance(record, Mapping):
        raise Refused(Refusal("OBJECT_EXPECTED", f"须为 JSON 对象 · a JSON object expected: {record}", where=where))
    return record
