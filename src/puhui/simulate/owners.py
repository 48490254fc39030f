"""Invented owners (虚构业主) for firms whose real owners nobody may know, and for firms that never existed.

Nobody real can be hit by accident, and everybody can see that the person is made up:
- the ID number carries a whole province's area code (`370000`), while cards are issued under a county's, together with
  the order code 000, which no registry hands out; its check digit is right, so it passes every check of shape;
- the phone begins with 154, a range not given to any operator (nor are 142, 143, 161, 164, 194, as of 2022);
- the name begins with 虚构, and the draft is marked `invented`.

>>> owner = invented_owner("E17", seed=1)
>>> owner.name[:2], owner.id_number[2:6], owner.id_number[14:17], owner.phone[:3], owner.invented
('虚构', '0000', '000', '154', True)
>>> owner == invented_owner("E17", seed=1)
True
"""

import hashlib
import re
from datetime import date, timedelta

from stdnum.cn import ric

from puhui.parties.operations import PersonDraft, ShopDraft

_PROVINCES = (
    "11",
    "12",
    "13",
    "14",
    "15",
    "21",
    "22",
    "23",
    "31",
    "32",
    "33",
    "34",
    "35",
    "36",
    "37",
    "41",
    "42",
    "43",
    "44",
    "45",
    "51",
    "52",
    "53",
    "54",
    "61",
    "62",
    "63",
    "64",
    "65",
)  # fmt: skip - without 46 海南 (1988) and 50 重庆 (1997), younger than most of our owners
_BORN_FIRST, _BORN_DAYS = date(1968, 1, 1), 11_000  # to early 1998: grown up in 2020, not yet 60 in 2026
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "安平宁和顺达兴旺恒信诚明德仁义礼智勤俭朴远帆松柏竹梅兰菊春夏秋冬晨晓晴朗"
_STRIDE = 1009  # a prime that divides neither range, so that neighbouring firm codes lie far apart


def invented_owner(firm_code: str, *, seed: int) -> PersonDraft:
    """The made-up owner of a firm: always the same for one code and seed; different codes, different people."""
    place = _place(firm_code, seed, len(_PROVINCES) * _BORN_DAYS)
    area = _PROVINCES[place % len(_PROVINCES)] + "0000"
    born = _BORN_FIRST + timedelta(days=place // len(_PROVINCES))
    digits = f"{area}{born:%Y%m%d}000"
    surname, first, second = (text[_hash(firm_code, seed, part) % len(text)] for part, text in
                              (("surname", _SURNAMES), ("first", _GIVEN), ("second", _GIVEN)))  # fmt: skip
    return PersonDraft(
        name=f"虚构·{surname}{first}{second}",
        id_number=digits + ric.calc_check_digit(digits + "0"),
        phone=f"154{_place(firm_code, seed, 100_000_000):08d}",
        invented=True,
    )


def invented_shop(firm_code: str, name: str, *, invented: bool = True) -> ShopDraft:
    """The shop under its evidence code. No credit code is made up: an invented one could be somebody's.

    The 425 masked firms are real (`invented=False`), only their owners are not.
    """
    return ShopDraft(name=name, credit_code="", evidence_code=firm_code, invented=invented)


def _place(firm_code: str, seed: int, places: int) -> int:
    """Numbered codes of one prefix never share a place; two prefixes are shifted apart by a hash."""
    prefix, number = re.fullmatch(r"(.*?)(\d{0,6})", firm_code, re.DOTALL).groups()  # type: ignore[union-attr]
    return (_hash(prefix, seed, "place") + int(number or 0) * _STRIDE) % places


def _hash(text: str, seed: int, part: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\x1f{part}\x1f{text}".encode()).digest()[:8])
