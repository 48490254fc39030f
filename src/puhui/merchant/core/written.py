"""Numbers and days as shopkeepers and files write them → exact values, or a named refusal that says where and what to write.

Rules kept: nothing is guessed (card 18): full-width digits, `¥`, `元`, `万` and grouping commas mean one thing and are read;
anything else is refused. A share above 2 without a percent sign is percent (85 is 85 %), up to 1 it is a share (0.85); between
the two it could be either and is refused.

>>> amount("￥３０３，０００.00元", "gross"), amount("30.3万", "gross"), amount(303000, "gross")
(30300000, 30300000, 30300000)
>>> share("85%", "on_time"), share("85", "on_time"), share("0.85", "on_time")
(Decimal('0.85'), Decimal('0.85'), Decimal('0.85'))
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refusal, Refused

_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?\Z")
_TEN_THOUSAND = "万"
_LARGEST = 10**16  # fen: a hundred thousand billion yuan; more is a slip of the hand


def amount(value: Any, where: str, *, negative: bool = False) -> int:
    """Yuan → fen. Raises Refused AMOUNT_UNREADABLE or AMOUNT_NEGATIVE."""
    text = _plain(value, where, "AMOUNT_UNREADABLE")
    text = re.sub(r"^([+-]?)(¥|￥|CNY|RMB)", r"\1", text).removesuffix("元").removesuffix("圆")
    minor: Decimal | int
    try:
        if text.endswith(_TEN_THOUSAND):
            minor = Decimal(text.removesuffix(_TEN_THOUSAND).replace(",", "")) * 1_000_000
            if not minor.is_finite() or minor != minor.to_integral_value():
                raise MoneyUnreadable(text)
        else:
            minor = parse_yuan(text)
    except (MoneyUnreadable, InvalidOperation):
        raise _refused(
            "AMOUNT_UNREADABLE", f"金额看不懂，写成 1234.50 · not an amount, write 1234.50: {value}", where
        ) from None
    if not -_LARGEST <= minor <= _LARGEST:
        raise _refused("AMOUNT_TOO_LARGE", f"金额太大，请检查 · too large, check it: {value}", where)
    if minor < 0 and not negative:
        raise _refused("AMOUNT_NEGATIVE", f"金额不能为负 · an amount is at least zero: {value}", where)
    return int(minor)


def share(value: Any, where: str) -> Decimal:
    """A share or a percentage → Decimal (0.85). Raises Refused SHARE_UNREADABLE."""
    text = _plain(value, where, "SHARE_UNREADABLE")
    percent = text.endswith(("%", "‰"))
    try:
        found = Decimal(text.rstrip("%‰"))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise _refused("SHARE_UNREADABLE", f"比例写成 85% 或 0.85 · write 85% or 0.85: {value}", where)
    if percent:
        return found / (1000 if text.endswith("‰") else 100)
    if 1 < abs(found) < 2:
        text = f"分不清是 {found} 还是 {found}%，请写百分号 · could be either, write a percent sign: {value}"
        raise _refused("SHARE_AMBIGUOUS", text, where)
    return found if abs(found) <= 1 else found / 100


def number(value: Any, where: str, *, least: int | None = 0) -> Decimal:
    """A plain number, at least `least`. Raises Refused NUMBER_UNREADABLE or NUMBER_TOO_SMALL."""
    text = _plain(value, where, "NUMBER_UNREADABLE").replace(",", "")
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise _refused("NUMBER_UNREADABLE", f"不是数字 · not a number: {value}", where)
    if least is not None and found < least:
        raise _refused("NUMBER_TOO_SMALL", f"不能小于 {least} · at least {least}: {value}", where)
    return found


def whole(value: Any, where: str, *, least: int = 0) -> int:
    """A whole number. Raises Refused NUMBER_NOT_WHOLE."""
    found = number(value, where, least=least)
    if found != found.to_integral_value():
        raise _refused("NUMBER_NOT_WHOLE", f"应为整数 · a whole number: {value}", where)
    return int(found)


def day(value: Any, where: str) -> date:
    """2026-01-31, 2026/1/31, 20260131 or 2026年1月31日. Raises Refused DAY_UNREADABLE."""
    if isinstance(value, date):
        return value
    text = _plain(value, where, "DAY_UNREADABLE")
    match = _DAY.match(text)
    try:
        if not match or (len(text) == 8) != text.isdigit():
            raise ValueError
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        raise _refused("DAY_UNREADABLE", f"日期写成 2026-01-31 · write a day as 2026-01-31: {value}", where) from None


def flag(value: Any, where: str) -> bool:
    """true/false, 1/0, yes/no, 是/否, 有/无. Raises Refused FLAG_UNREADABLE."""
    text = str(value).strip().lower()
    if text in ("true", "1", "yes", "y", "是", "有", "on"):
        return True
    if text in ("false", "0", "no", "n", "否", "无", "没有", ""):
        return False
    raise _refused("FLAG_UNREADABLE", f"写是或否 · yes or no: {value}", where)


def _plain(value: Any, where: str, code: str) -> str:
    """Text with full-width signs made plain and blanks taken out; JSON's true, lists and the like are refused."""
    if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
        raise _refused(code, f"应为数字或文字 · a number or text: {value!r}", where)
    text = "".join(unicodedata.normalize("NFKC", str(value)).split()).replace("−", "-")
    if not text:
        raise _refused(code, "没有填 · nothing is given", where)
    return text


def _refused(code: str, message: str, where: str) -> Refused:
    return Refused(Refusal(code, message, where=where))
