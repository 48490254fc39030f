"""One cell into an amount, a day or a time, exactly or not at all.

Amounts are integer minor units (分). Full-width digits, ¥, thousands commas, brackets or a trailing minus for a minus, and
remarks in brackets behind the number are read; anything that would have to be guessed raises CellUnreadable with what was read.

>>> amount_minor("￥１，２３４．５"), amount_minor("(12.30)"), amount_minor("131.77(已退款89.84)"), amount_minor("CNY 3.10")
(123450, -1230, 13177, 310)
>>> moment("2026年1月3日 08:05"), moment("20260103"), moment("2026/1/3  18:00:59")
((datetime.date(2026, 1, 3), '08:05:00'), (datetime.date(2026, 1, 3), ''), (datetime.date(2026, 1, 3), '18:00:59'))
"""

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import polars as pl

_USUAL = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z", re.ASCII)
_FAST = re.compile(r"-?\d{1,12}\.\d\d\Z", re.ASCII)
_ALL_USUAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"  # the same, of a whole column
_ALL_FAST = r"^-?[0-9]{1,12}\.[0-9]{2}$"
_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(\.\d*)?(-?)\Z", re.ASCII)
_EXPONENT = re.compile(r"[+-]?\d+(\.\d+)?e[+-]?\d+\Z", re.ASCII)
_REMARK = re.compile(r"\([^()]*[^\d.,()+-][^()]*\)\Z")  # brackets with a word in them, behind the number
_UNITS = re.compile(r"^(?:cny|rmb|usd|hkd|eur|gbp|jpy|人民币|¥|\$|元)+|(?:元|cny|rmb|整)+$|/(?:rmb|cny|人民币)$")
_WAY = re.compile(
    r"^(?:收入|支出|存入|支取|借|贷)(?=[\d¥.])|(?<=\d)(?:cr|dr|借|贷)$"
)  # which way, written at the number
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_DAY_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})(?!\d(?!\d?:))")  # a time may follow without a space
_DAY_AND_TIME_PACKED = re.compile(r"(\d{8})(\d{6})(?!\d)")
_CLOCK = re.compile(r"(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2}))?")
_HALF = re.compile(r"(上午|凌晨|早上|中午|下午|晚上) ?")  # a day by halves, as 下午 3:05
_CLOCK_DOTTED = re.compile(r"-?(\d{2})\.(\d{2})\.(\d{2})")
_CLOCK_PACKED = re.compile(r"\d{6}\Z|\d{4}\Z|\d{5}\Z")
_ZONE = re.compile(r"(?:z|utc|gmt)?([+-]\d{1,2}):?(\d{2})?\Z|(?:z|utc|gmt)\Z")
_DASHES = str.maketrans(
    {"−": "-", "–": "-", "—": "-", "﹣": "-", "\u200b": None, "\ufeff": None, "`": None, "'": None, '"': None}
)
_FIRST_YEAR = 1990
_TOO_MUCH = Decimal(10) ** 13  # yuan
_SERIAL_FIRST, _SERIAL_LAST, _SERIAL_EPOCH = 20_000, 80_000, date(1899, 12, 30)  # Excel counts days from here


class CellUnreadable(ValueError):
    """The cell is not what its column promises; `str()` says what was read, in Chinese and English."""


def way_at(text: str) -> str:
    """What an amount says of its way beside its number (`500.00CR`, `借20.00`, `12.00(支出)`), or nothing."""
    told = "".join(unicodedata.normalize("NFKC", text).lower().split())
    behind = _REMARK.search(told)
    found = _WAY.search(told)
    return behind[0].strip("()") if behind else found[0] if found else ""


def amount_minor(text: str) -> int:
    """Yuan as a file writes them → fen, with their sign. Raises CellUnreadable."""
    bare = text[1:] if text[:1] == "¥" else text
    if _FAST.match(bare):
        return int(bare.replace(".", "", 1))
    return _amount_slowly(text)


@lru_cache(maxsize=65536)
def _amount_slowly(text: str) -> int:
    told = "".join(unicodedata.normalize("NFKC", text).translate(_DASHES).lower().split())
    told = _WAY.sub("", _REMARK.sub("", told))
    sign = 1
    if told.startswith("(") and told.endswith(")"):
        told, sign = told[1:-1], -1
    if told[:1] in "+-" and _UNITS.match(told[1:]):
        sign, told = (-sign if told[0] == "-" else sign), told[1:]
    told = _UNITS.sub("", told)
    told = _UNITS.sub("", told)
    found = _NUMBER.match(told)
    if found:
        lead, whole, decimals, trail = found.groups()
        number = Decimal(f"{whole.replace(',', '')}{decimals or ''}" or "0")
        sign = -sign if (lead == "-") != (trail == "-") else sign
    elif _EXPONENT.match(told):
        number = Decimal(told)
    else:
        raise CellUnreadable(f"金额读不懂：{text.strip()!r} · not an amount")
    if abs(number) >= _TOO_MUCH:
        raise CellUnreadable(f"金额大得不合理：{text.strip()!r} · too large to be an amount")
    minor = (number * 100).quantize(Decimal("0.000001"))
    if minor != minor.to_integral_value():
        raise CellUnreadable(f"金额多于两位小数：{text.strip()!r} · more than two decimals")
    return sign * int(minor)


@lru_cache(maxsize=131072)
def moment(text: str, *, day_first: bool = True, near: date | None = None, home_hours: int = 8) -> tuple[date, str]:
    """The day and the time of day (`HH:MM:SS`, or empty where there is none). Raises CellUnreadable.

    A time that names another zone is told in the home zone. `near` gives the year to a day written without one (`01/03`): the
    latest year in which it is not after `near`. `day_first` decides `03/04/2026`.
    """
    if _USUAL.match(text):
        with suppress(ValueError):
            return _usual(text)
    told = unicodedata.normalize("NFKC", text).translate(_DASHES).strip()
    packed = _DAY_AND_TIME_PACKED.match(told)
    if packed:
        told = f"{packed[1]} {packed[2][:2]}:{packed[2][2:4]}:{packed[2][4:]}"
    day, rest = _day_of(told, text, day_first, near)
    clock, rest = _clock_of(rest)
    zone = _ZONE.match(rest.strip().lower()) if clock and rest.strip() else None
    return _home(day, clock, zone, home_hours) if zone else (day, clock)


def moments(
    cells: Sequence[str], *, day_first: bool, near: date, home_hours: int
) -> list[tuple[date, str] | CellUnreadable]:
    """`moment` of each cell, or why it has none. A day is worked out once, however many payments it had."""
    days: dict[str, date] = {}
    found: list[tuple[date, str] | CellUnreadable] = []
    for cell in cells:
        day = days.get(cell[:10])
        if day and _USUAL.match(cell) and _is_clock(cell[11:]):
            found.append((day, cell[11:]))
            continue
        try:
            if not cell:
                raise CellUnreadable("没有日期 · no date")
            told = moment(cell, day_first=day_first, near=near, home_hours=home_hours)
        except CellUnreadable as fault:
            found.append(fault)
        else:
            found.append(told)
            if _USUAL.match(cell):
                days[cell[:10]] = told[0]
    return found


def usual_moments(cells: Sequence[str]) -> tuple[list[date], list[str]] | None:
    """(days, times of day) of a column whose every cell is `2026-01-31 08:05:00`, as most files write it; None of any other."""
    told = pl.Series(cells, dtype=pl.String)
    if not told.str.contains(_ALL_USUAL).all():
        return None
    days = told.str.slice(0, 10)
    try:
        known = {day: _usual(f"{day} 00:00:00")[0] for day in days.unique()}
    except ValueError:
        return None
    return [known[day] for day in days], told.str.slice(11).to_list()


def usual_amounts(cells: Sequence[str]) -> list[int] | None:
    """`amount_minor` of a column whose every cell is `12.30`, a minus or ¥ before it; None of any other."""
    told = pl.Series(cells, dtype=pl.String).str.strip_prefix("¥")
    if not told.str.contains(_ALL_FAST).all():
        return None
    return told.str.replace(".", "", literal=True).cast(pl.Int64).to_list()


def _is_clock(text: str) -> bool:
    return text[:2] < "24" and text[3:5] < "60" and text[6:] < "60"


def _usual(text: str) -> tuple[date, str]:
    """`2026-01-31 08:05:00`, as most files write it."""
    when = datetime.fromisoformat(text)
    if when.year < _FIRST_YEAR:
        raise ValueError
    return when.date(), text[11:]


def _day_of(told: str, text: str, day_first: bool, near: date | None) -> tuple[date, str]:
    try:
        found = _DAY.match(told) or _DAY_PACKED.match(told)
        if found and int(found[1]) >= _FIRST_YEAR:  # Excel writes a time of day as a time of 1899
            return date(int(found[1]), int(found[2]), int(found[3])), told[found.end() :]
        parts = re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", told)
        if parts:
            first, second = int(parts[1]), int(parts[2])
            if second > 12 or (not day_first and first <= 12):
                first, second = second, first
            return date(int(parts[3]), second, first), told[parts.end() :]
        short = re.match(r"(\d{1,2})[-/.月](\d{1,2})日?(?!\d)", told)
        if short and near:
            return _with_year(int(short[1]), int(short[2]), near), told[short.end() :]
        if re.fullmatch(r"\d{5}(\.\d+)?", told) and _SERIAL_FIRST < int(told[:5]) < _SERIAL_LAST:
            return _SERIAL_EPOCH + timedelta(days=int(told[:5])), _clock_of_share(f"0{told[5:]}")
        if re.fullmatch(r"\d{4}[A-Za-z]{3}\d{1,2}|\d{1,2}[ -]?[A-Za-z]{3}[ -]?\d{4}", told):
            return datetime.strptime(re.sub("[ -]", "", told), "%d%b%Y").date(), ""  # noqa: DTZ007 - a day, no clock
    except ValueError:
        pass
    raise CellUnreadable(f"日期读不懂：{text.strip()!r} · not a date")


def _with_year(month: int, day: int, near: date) -> date:
    this = date(near.year, month, day)
    return this if this <= near else date(near.year - 1, month, day)


def _clock_of(rest: str) -> tuple[str, str]:
    rest = rest.lstrip(" T\t")
    half = _HALF.match(rest)
    rest = rest[half.end() :] if half else rest
    found = _CLOCK.match(rest) or _CLOCK_DOTTED.match(rest)
    if found:
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        tail = re.sub(r"^(\.\d+|秒)", "", rest[found.end() :])
        afternoon = tail.strip().lower()[:2]
        if afternoon in ("am", "pm"):
            hour, tail = hour % 12 + (12 if afternoon == "pm" else 0), ""
        elif half and hour <= 12:
            hour = hour % 12 + (12 if half[1] in "下午晚上" or (half[1] == "中午" and hour not in (10, 11)) else 0)
    elif _CLOCK_PACKED.match(rest):
        padded = rest.zfill(6) if len(rest) > 4 else rest + "00"
        hour, minute, second, tail = int(padded[:2]), int(padded[2:4]), int(padded[4:6]), ""
    else:
        return "", ""
    if hour > 23 or minute > 59 or second > 59:
        return "", ""
    return f"{hour:02d}:{minute:02d}:{second:02d}", tail


def clock_alone(text: str) -> str:
    """The time of a cell that holds only one (`08:05`, `080559`, Excel's day 0); empty when there is none."""
    told = unicodedata.normalize("NFKC", text).strip()
    if told.startswith("1899-12-3"):
        told = told[11:]
    return _clock_of_share(told) or _clock_of(told)[0]


def _clock_of_share(told: str) -> str:
    """The time that a part of a day is, as Excel keeps it: 0.4375 is 10:30:00."""
    if not re.fullmatch(r"0\.\d+", told):
        return ""
    seconds = int((Decimal(told) * 86_400).quantize(Decimal(1), rounding=ROUND_HALF_UP)) % 86_400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _home(day: date, clock: str, zone: "re.Match[str]", home_hours: int) -> tuple[date, str]:
    hours, minutes = int(zone[1] or 0), int(zone[2] or 0)
    offset = timezone(timedelta(hours=hours, minutes=minutes if hours >= 0 else -minutes))
    there = datetime.combine(day, datetime.strptime(clock, "%H:%M:%S").time(), tzinfo=offset)  # noqa: DTZ007
    here = there.astimezone(timezone(timedelta(hours=home_hours)))
    return here.date(), here.strftime("%H:%M:%S")
