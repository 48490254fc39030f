"""A payment typed as a sentence: `进货 烟 3200 微信`, `昨天 卖货 1.2万 现金`, `房租 三千五 支付宝`, `老李欠我 500`.

Words are those of the chart of accounts; what is not understood stays as the note. Nothing is guessed in silence: what was taken
for granted is told (`assumed`), and a sentence without an amount is refused.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant.core.chart import Account, Chart

_AMOUNT = re.compile(r"(?<![\d.])(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,2})?(?:\s*(万|千|百)(\d)?)?\s*(?:元|块钱?|¥)?")
_CHINESE = re.compile(r"[零〇一二两三四五六七八九十百千万半]{2,}(?:元|块钱?)?|[一二两三四五六七八九十](?:元|块钱?)")
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10000}
_DAYS = {"大前天": 3, "前天": 2, "昨天": 1, "昨": 1, "今天": 0, "今": 0}
_DAY_OF_MONTH = re.compile(r"(?:(\d{1,2})月)?(\d{1,2})[日号]")
_OWED = (("还我", "in", "receivable"), ("欠我", "owed", "receivable"), ("我欠", "owe", "payable"), ("欠", "owe", "payable"),
         ("还他", "out", "payable"), ("赊", "owed", "receivable"))  # fmt: skip
_IN_KINDS = ("income",)


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a sentence says. `debit` and `credit` are account codes; `assumed` names what the owner did not say (zh)."""

    day: date
    amount_minor: int
    debit: str
    credit: str
    note: str
    assumed: tuple[str, ...]


def read_sentence(text: str, chart: Chart, *, today: date) -> Sentence:
    """Raises Refused: SENTENCE_WITHOUT_AMOUNT, SENTENCE_UNCLEAR, DATE_IN_FUTURE."""
    told = " ".join(unicodedata.normalize("NFKC", text).split())
    day, told = _day(told, today)
    minor, told = _amount(told)
    owed = next(((way, account, word) for word, way, account in _OWED if word in told), None)
    money, told = _named(
        told, [each for each in chart.accounts.values() if each.kind == "money" or each.code == "card"]
    )
    category, rest = _named(told, [each for each in chart.accounts.values() if each.kind not in ("money", "transit")])
    assumed = () if money else ("现金",)
    place = money.code if money else "cash"
    said = Sentence(day, minor, "", "", _note(rest if category else told, category, text), assumed)
    if owed:
        return _owed(said, owed[0], owed[1], place, category)
    if category is None:
        raise Refused(
            Refusal(
                "SENTENCE_UNCLEAR",
                "看不出是进货、卖货还是别的；请加一个词，例如「进货 烟 3200 微信」 · say what it was for, such as 进货, 卖货, 房租",
                text,
            )
        )
    inward = category.kind == "income" or category.code in ("owner_in", "loan", "prepaid_by_members")
    if category.code == "loan" and "还" in text:
        inward = False
    debit, credit = chart.entry("in" if inward else "out", money=place, category=category.code)
    return replace(said, debit=debit, credit=credit)


def _owed(said: Sentence, way: str, account: str, place: str, category: Account | None) -> Sentence:
    """Promises move no money: what is owed stands against sales or goods; paying it moves money."""
    if way == "in":
        return replace(said, debit=place, credit=account)
    if way == "out":
        return replace(said, debit=account, credit=place)
    if way == "owed":
        return replace(
            said, debit=account, credit=category.code if category and category.kind == "income" else "sales", assumed=()
        )
    return replace(said, debit=category.code if category and category.kind in ("cost", "expense") else "goods", credit=account,
                   assumed=())  # fmt: skip


def _day(told: str, today: date) -> tuple[date, str]:
    for word, back in _DAYS.items():
        if word in told:
            return today - timedelta(days=back), told.replace(word, " ", 1)
    found = _DAY_OF_MONTH.search(told)
    if not found:
        return today, told
    try:
        month = int(found[1] or today.month)
        day = date(today.year, month, int(found[2]))
    except ValueError:
        raise Refused(Refusal("DATE_UNREADABLE", "没有这一天 · there is no such day", found[0])) from None
    if day > today and not found[1]:
        before = today.replace(day=1) - timedelta(days=1)
        day = before.replace(day=min(int(found[2]), before.day))
    if day > today:
        raise Refused(Refusal("DATE_IN_FUTURE", "日期还没到，不能记将来的账 · that day has not come yet", found[0]))
    return day, told[: found.start()] + " " + told[found.end() :]


def _amount(told: str) -> tuple[int, str]:
    found = list(_AMOUNT.finditer(told))
    if len(found) > 1:
        unit = [each for each in found if re.search(r"元|块|万|千|百|¥|\.", each[0])]
        found = unit if len(unit) == 1 else found
    if len(found) > 1:
        raise Refused(
            Refusal(
                "SENTENCE_UNCLEAR",
                "有几个数字，看不出哪个是金额；请在金额后写「元」 · several numbers; write 元 behind the amount",
                told,
            )
        )
    if found:
        each = found[0]
        number = Decimal(each[1].replace(",", "") + (each[2] or ""))
        scale = _UNITS.get(each[3] or "", 1)
        number = number * scale + (int(each[4]) * scale // 10 if each[3] and each[4] else 0)
        return _whole(number, told), told[: each.start()] + " " + told[each.end() :]
    spelt = _CHINESE.search(told)
    if spelt:
        return _spelt(spelt[0].rstrip("元块钱")) * 100, told[: spelt.start()] + " " + told[spelt.end() :]
    raise Refused(
        Refusal("SENTENCE_WITHOUT_AMOUNT", "没有看到金额，例如「进货 烟 3200 微信」 · no amount in the sentence", told)
    )


def _whole(number: Decimal, told: str) -> int:
    if number <= 0:
        raise Refused(Refusal("AMOUNT_NOT_POSITIVE", "金额要大于零 · the amount must be above nought", told))
    return int(number * 100)


def _spelt(text: str) -> int:
    """`三千五` is 3500, `一万二` 12000, `十五` 15, `两百零五` 205."""
    total = section = number = 0
    last = 1
    for sign in text:
        if sign in _DIGITS:
            number = _DIGITS[sign]
            last = 1 if sign in "零〇" else last
        elif sign in _UNITS:
            unit = _UNITS[sign]
            if unit == 10000:
                total, section, number = total + (section + number or 1) * unit, 0, 0
            else:
                section, number = section + (number or 1) * unit, 0
            last = unit
    return total + section + (number * last // 10 if last >= 100 and number else number)


def _named(told: str, accounts: Sequence[Account]) -> tuple[Account | None, str]:
    """The account whose word stands in the text: the longest word wins, then the earliest."""
    hits = [
        (-len(word), told.find(word), account.code, word, account)
        for account in accounts
        for word in account.words
        if word in told
    ]
    if not hits:
        return None, told
    _, _, _, word, account = min(hits, key=lambda hit: hit[:3])
    return account, told.replace(word, " ", 1)


def _note(rest: str, category: Account | None, text: str) -> str:
    note = " ".join(rest.split())
    return note or (category.zh if category else text)
