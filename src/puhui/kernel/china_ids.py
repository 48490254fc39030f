"""Chinese identifiers: resident ID, unified social credit code, phone, bank card.

The check digits are python-stdnum's; what a failed check *means* is ours: a broken resident ID is refused,
a broken credit code only warns, since genuine early codes of Fujian fail it (domain facts 1.14).
>>> check_id_card("11010519491231002x").ok
True
>>> check_uscc("91350100M0001TGQXM").severity
'warn'
"""

import re
from dataclasses import dataclass
from typing import Literal

from stdnum import luhn
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError
from stdnum.numdb import get as numbers_of

Severity = Literal["ok", "warn", "refuse"]
_PHONE = re.compile(r"1[3-9][0-9]{9}\Z")
_VIRTUAL = ("162", "165", "167", "170", "171")
_USCC = re.compile(r"[0-9A-HJ-NP-RTUW-Y]{18}\Z")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `normalised` is the text to store."""

    severity: Severity
    message: str
    normalised: str

    @property
    def ok(self) -> bool:
        return self.severity != "refuse"


def check_id_card(text: str) -> Finding:
    """Resident ID, 18 characters (GB 11643)."""
    cleaned = text.strip().upper()
    try:
        return Finding("ok", "", ric.validate(cleaned))
    except ValidationError:
        return Finding("refuse", "身份证号有误，请核对 18 位号码 · not a valid 18-digit resident ID", cleaned)


def check_uscc(text: str) -> Finding:
    """Unified social credit code (GB 32100-2015); a failed check digit warns, a wrong shape refuses."""
    cleaned = text.strip().upper()
    if not _USCC.match(cleaned):
        return Finding(
            "refuse", "统一社会信用代码应为 18 位，且不含 I、O、S、V、Z · 18 characters, no I O S V Z", cleaned
        )
    try:
        uscc.validate(cleaned)
    except ValidationError:
        return Finding("warn", "校验位不符，请与营业执照核对 · the check digit differs; look it up", cleaned)
    return Finding("ok", "", cleaned)


def division_of(credit_code: str) -> str:
    """The administrative division (GB/T 2260, six digits) where a business is registered, as its unified credit code says.

    Empty where it does not say: no code, or one given out by the national office (100000).
    >>> division_of("91350100M0001TGQXM"), division_of("911000000000000000"), division_of("")
    ('350100', '', '')
    """
    division = credit_code.strip().upper()[2:8]
    return division if division[:2] in PROVINCES and division.isdigit() and len(division) == 6 else ""


def division_name(prefix: str) -> str:
    """What a division is called, by the first two, four or six digits of its code; the code itself where the list does not know it.

    >>> division_name("42"), division_name("4201"), division_name("420102"), division_name("9900")
    ('湖北省', '湖北省武汉市', '湖北省江岸区', '9900')
    """
    province = PROVINCES.get(prefix[:2], "")
    if len(prefix) == 2 or not province:
        return province or prefix
    county = numbers_of("cn/loc").info(prefix.ljust(6, "0"))[-1][1].get("county", "")
    county = re.sub(r"\[[^]]*\]", "", county.split(",")[-1])
    return province + county if county else prefix


def _provinces() -> dict[str, str]:
    """Two digits → name, of the thirty-one divisions of the first level on the mainland."""
    listed = {f"{n:02d}": numbers_of("cn/loc").info(f"{n:02d}0000")[0][1].get("province", "") for n in range(11, 66)}
    return {code: name for code, name in listed.items() if name}


PROVINCES = _provinces()


def check_phone(text: str) -> Finding:
    """Mainland mobile number; a virtual operator's range warns."""
    cleaned = re.sub(r"[\s-]", "", text.strip()).removeprefix("+86")
    if not _PHONE.match(cleaned):
        return Finding("refuse", "手机号应为 1 开头的 11 位数字 · 11 digits beginning with 1", cleaned)
    if cleaned.startswith(_VIRTUAL):
        return Finding("warn", "虚拟运营商号段 · a virtual operator's number", cleaned)
    return Finding("ok", "", cleaned)


def check_bank_card(text: str) -> Finding:
    """16–19 digits; a failed Luhn sum only warns, since a few old cards never had one."""
    cleaned = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{16,19}", cleaned):
        return Finding("refuse", "银行卡号应为 16 至 19 位数字 · 16 to 19 digits", cleaned)
    if not luhn.is_valid(cleaned):
        return Finding("warn", "卡号校验不符，请核对 · the card's check digit differs", cleaned)
    return Finding("ok", "", cleaned)
