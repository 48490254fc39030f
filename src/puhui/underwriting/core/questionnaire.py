"""The questions a small owner is asked, by segment, in plain words; and what the answers are evidence of (小微问卷).

Rules kept: the phone, a partner's call and a row of a file ask the same questions by the same names; an answer left out is
unknown, never zero; what is only told has the grade of a statement, what comes with a photo that of a photo; one month that
was told counts as one month, not as twelve.

>>> seen = evidence({"wallet_month_yuan": "45000", "trade": "tobacco_shop"}, on=date(2026, 11, 20), photos={})
>>> [(name, one.kind, one.source, dict(one.values)) for name, one in seen]
[('wallet_month_yuan', 'wallet_flow', 'statement', {'inflow_by_month': {'2026-10': 4500000}, 'trade': 'tobacco_shop'})]
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from puhui.kernel import china_ids
from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core import coefficients
from puhui.underwriting.core.evidence_item import Observed

Words = tuple[str, str]  # Chinese, English
SEGMENT_WORDS: dict[str, Words] = {
    "shop": ("开小店", "I run a shop"), "company": ("开公司", "I own a small company"), "farmer": ("种地、养殖", "I farm"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """`step` is the page it stands on; `choices` (code → words) where one is picked; `photo` when a picture may prove it;
    `keys` the keyboard a phone shows."""

    name: str
    step: str
    segments: frozenset[str]
    words: Words
    hint: Words = ("", "")
    choices: tuple[tuple[str, Words], ...] = ()
    photo: bool = False
    keys: str = "decimal"


STEPS = ("business", "things", "owner")
STEP_WORDS: dict[str, Words] = {
    "business": ("生意怎么样", "Your business"), "things": ("有些什么", "What you have"), "owner": ("您本人", "Yourself"),
}  # fmt: skip
_SHOP, _COMPANY, _FARMER = frozenset({"shop"}), frozenset({"company"}), frozenset({"farmer"})
_TRADED, _ALL = _SHOP | _COMPANY, _SHOP | _COMPANY | _FARMER
_TRADES = (
    ("tobacco_shop", ("烟酒副食", "tobacco, drinks, groceries")), ("grocery", ("超市便利店", "convenience store")),
    ("restaurant", ("餐饮", "restaurant")), ("fresh_food", ("菜肉水果", "fresh food")), ("hardware", ("五金建材", "hardware")),
    ("clothing", ("服装鞋帽", "clothing")), ("services", ("理发修理等服务", "services")), ("other", ("别的", "something else")),
)  # fmt: skip
_CROPS = (
    ("rice", ("水稻", "rice")), ("wheat", ("小麦", "wheat")), ("maize", ("玉米", "maize")), ("peanut", ("花生", "peanuts")),
    ("tobacco", ("烤烟", "tobacco")), ("apple", ("苹果", "apples")), ("kiwi", ("猕猴桃", "kiwi fruit")),
)  # fmt: skip
_STAGES = (
    ("sown", ("刚种下", "just sown")), ("growing", ("正在长", "growing")), ("ripening", ("快收了", "ripening")),
    ("harvested", ("收完了还没卖", "harvested, not sold")),
)  # fmt: skip
_SPECIES = (
    ("pig", ("猪", "pigs")),
    ("cattle", ("牛", "cattle")),
    ("sheep", ("羊", "sheep")),
    ("chicken", ("鸡", "chickens")),
)
_LATE = (("0", ("没有", "never")), ("29", ("有过，不到1个月", "yes, less than a month")), ("60", ("有过，1–3个月", "yes, 1 to 3 months")),
         ("91", ("有过，超过3个月", "yes, more than 3 months")))  # fmt: skip
_PURPOSES = (  # the last four are refused by the shipped credit rules; who wants them may say so
    ("stock", ("进货", "goods to sell")), ("equipment", ("添设备", "equipment")), ("fit_out", ("装修店面", "fitting out the shop")),
    ("rent", ("付房租", "rent")), ("wages", ("发工资", "wages")), ("farm_inputs", ("种子、化肥、饲料", "seed, fertiliser, feed")),
    ("other", ("生意上别的用处", "something else for the business")), ("repay_debt", ("还别处的贷款", "repaying another loan")),
    ("property", ("买房", "buying a home")), ("securities", ("炒股", "shares")), ("investment", ("别的投资", "other investments")),
)  # fmt: skip
_PROVINCES_EN = (
    "Beijing", "Tianjin", "Hebei", "Shanxi", "Inner Mongolia", "Liaoning", "Jilin", "Heilongjiang", "Shanghai", "Jiangsu", "Zhejiang",
    "Anhui", "Fujian", "Jiangxi", "Shandong", "Henan", "Hubei", "Hunan", "Guangdong", "Guangxi", "Hainan", "Chongqing", "Sichuan", "Guizhou",
    "Yunnan", "Tibet", "Shaanxi", "Gansu", "Qinghai", "Ningxia", "Xinjiang",
)  # fmt: skip
_PROVINCES = tuple((code, (zh, en)) for (code, zh), en in zip(china_ids.PROVINCES.items(), _PROVINCES_EN, strict=True))
QUESTIONS: tuple[Question, ...] = (
    Question("trade", "business", _TRADED, ("做哪一行", "What do you sell?"), choices=_TRADES),
    Question("wallet_month_yuan", "business", _TRADED, ("上个月收款码收了多少（元）", "QR collections last month, yuan"),
             ("微信、支付宝收款码加起来；在“账单”里能看到", "WeChat and Alipay together; their bill pages show it"), photo=True),
    Question("bank_month_yuan", "business", _TRADED, ("上个月银行卡进账多少（元）", "Money into the bank last month, yuan"),
             ("生意上的，不算自己转自己的", "From the business; not what you moved yourself"), photo=True),
    Question("tobacco_month_yuan", "business", _SHOP, ("上个月烟草订货多少（元）", "Tobacco ordered last month, yuan"),
             ("烟草公司订货平台上的金额；不卖烟不用填", "From the tobacco company's app; leave out if you sell none"), photo=True),
    Question("purchases_month_yuan", "business", _TRADED, ("上个月进货花了多少（元）", "Goods bought last month, yuan"), photo=True),
    Question("books_month_yuan", "business", _TRADED, ("账本上，上个月卖了多少（元）", "Sales last month by your own books, yuan"), photo=True),
    Question("farm_income_yuan", "business", _FARMER, ("去年种养一共卖了多少（元）", "Sold from the farm last year, yuan"), photo=True),
    Question("crop", "business", _FARMER, ("地里种的什么", "What grows in your fields?"), choices=_CROPS),
    Question("area_mu", "business", _FARMER, ("种了几亩", "How many mu?"), photo=True),
    Question("stage", "business", _FARMER, ("长到什么时候了", "How far is it?"), choices=_STAGES),
    Question("rent_month_yuan", "things", _TRADED, ("店面每月租金（元）", "Rent a month, yuan"), ("自家的房子不用填", "Leave out if it is yours"), photo=True),
    Question("electricity_month_yuan", "things", _TRADED, ("上个月电费（元）", "Electricity last month, yuan"), photo=True),
    Question("sku_count", "things", _SHOP, ("货架上大约多少种货", "About how many kinds of goods?"), photo=True),
    Question("stock_yuan", "things", _TRADED, ("店里存货值多少（进价，元）", "Goods in store at cost, yuan"), photo=True),
    Question("own_funds_yuan", "things", _COMPANY, ("手上能用的周转钱（元）", "Cash at hand for the business, yuan"), photo=True),
    Question("species", "things", _FARMER, ("养的什么", "What animals?"), choices=_SPECIES),
    Question("head", "things", _FARMER, ("养了几头（只）", "How many head?"), photo=True),
    Question("household_assets_yuan", "things", _FARMER, ("家里的房子、车、存款大约值多少（元）", "House, car, savings, about, yuan")),
    Question("purpose", "owner", _ALL, ("借钱做什么用", "What is the money for?"), ("不填要等工作人员问您", "Left out, staff will have to ask you"), choices=_PURPOSES),
    Question("id_expires_on", "owner", _ALL, ("身份证到哪天有效", "Until which day is your ID card valid?"),
             ("身份证背面“有效期限”后面的日期，比如 2036.05.01；长期有效就写“长期”", "On the back of the card, such as 2036.05.01; write 长期 or long_term where it never ends"), keys="text"),
    Question("place", "owner", _ALL, ("生意做在哪个省", "In which province is the business?"),
             ("有营业执照的不用选；有些银行只给本地人家放款", "Leave out with a business licence; some banks lend in their own area only"), choices=_PROVINCES),
    Question("instalments_month_yuan", "owner", _ALL, ("您现在每月要还多少贷款（元）", "What you repay on loans each month, yuan"),
             ("房贷、车贷、信用卡分期、网贷都算；没有写 0", "All of them; write 0 if none")),
    Question("overdue_now_yuan", "owner", _ALL, ("现在有没有到期没还的（元）", "Anything overdue now, yuan"), ("没有写 0", "Write 0 if none")),
    Question("worst_late_days", "owner", _ALL, ("近两年还款晚过吗", "Late with a payment in the last two years?"), choices=_LATE),
    Question("inquiries_3m", "owner", _ALL, ("近3个月向几家申请过贷款", "Lenders asked in the last three months"), ("没有写 0", "Write 0 if none")),
    Question("credit_since_year", "owner", _ALL, ("哪一年第一次办信用卡或贷款", "Year of your first credit card or loan"),
             ("没办过就不填", "Leave out if you never had one")),
    Question("household_month_yuan", "owner", _ALL, ("家里每月生活要花多少（元）", "What the household spends a month, yuan")),
)  # fmt: skip
NAMES = tuple(question.name for question in QUESTIONS)
_MU_MOST = 20_000


def asked(segment: str, step: str) -> list[Question]:
    """The questions of one page."""
    return [question for question in QUESTIONS if question.step == step and segment in question.segments]


OF_APPLICATION = ("purpose", "id_expires_on", "place")


@dataclass(frozen=True, slots=True)
class OfApplication:
    """What is told of this application and is evidence of nothing: what the money is for, until when the ID card is valid, in which
    province the business is (two digits, GB/T 2260)."""

    purpose: str = ""
    id_expires_on: date | None = None
    place: str = ""


def of_application(answers: Mapping[str, str]) -> OfApplication:
    """These answers, checked; what is left out is unknown. Raises Refused by field."""
    told = {name: answers[name].strip() for name in OF_APPLICATION if answers.get(name, "").strip()}
    for name in told:
        _check_choice(name, told[name])
    until = _valid_until(told["id_expires_on"]) if "id_expires_on" in told else None
    return OfApplication(told.get("purpose", ""), until, told.get("place", ""))


def says_more(answers: Mapping[str, str]) -> bool:
    """Whether anything is answered about the owner or the business, which is more to look at than the application itself."""
    return any(text.strip() for name, text in answers.items() if name not in OF_APPLICATION)


def _valid_until(text: str) -> date:
    """As printed on the card: 2036.05.01, 2036-05-01 or 20360501; 长期 never ends."""
    if text.lower() in ("长期", "long_term"):
        return date.max
    digits = re.sub(r"[-./年月]|日\Z", "", text)
    try:
        day = date.fromisoformat(digits) if re.fullmatch(r"\d{8}", digits, re.ASCII) else None
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year < 2200:
        told = "请照身份证背面写，比如 2036.05.01，或写“长期” · as on the back of the card, such as 2036.05.01, or long_term"
        raise Refused(Refusal("DAY_UNREADABLE", told, "id_expires_on"))
    return day


def evidence(answers: Mapping[str, str], *, on: date, photos: Mapping[str, str]) -> list[tuple[str, Observed]]:
    """What the answers are evidence of, each with the answer it stands on; `photos[name]` is the hash of a picture for that
    answer. Raises Refused by field."""
    strange = sorted(set(answers) - set(NAMES))
    if strange:
        raise Refused(
            Refusal("QUESTION_UNKNOWN", f"没有这个问题 · no such question; they are {', '.join(NAMES)}", strange[0])
        )
    told = {name: text.strip() for name, text in answers.items() if text.strip()}
    for name in told:
        _check_choice(name, told[name])
    of_application(told)
    return [(name, seen) for name, make in _MAKERS if (seen := make(told, on, photos)) is not None]


def missing(segment: str, answers: Mapping[str, str]) -> list[str]:
    """Names without which there can be no answer: something of the owner, and something of the business."""
    owner = [name for name in ("instalments_month_yuan", "overdue_now_yuan") if not answers.get(name, "").strip()]
    shown = ("area_mu", "farm_income_yuan", "head") if segment == "farmer" else tuple(
        name for name in NAMES if name.endswith("_month_yuan") and name not in ("instalments_month_yuan", "household_month_yuan")
    )  # fmt: skip
    return owner if any(answers.get(name, "").strip() for name in shown) else [*owner, shown[0]]


def _check_choice(name: str, text: str) -> None:
    choices = next(question.choices for question in QUESTIONS if question.name == name)
    if choices and text not in dict(choices):
        told = f"请选择一项 · choose one of {', '.join(dict(choices))}"
        raise Refused(Refusal("ANSWER_UNKNOWN", told, where=name))


def _yuan(told: Mapping[str, str], name: str) -> int | None:
    if name not in told:
        return None
    try:
        minor = parse_yuan(told[name].replace("，", ","))
    except MoneyUnreadable:
        raise Refused(
            Refusal("AMOUNT_UNREADABLE", "请只写数字，比如 45000 · write digits only, such as 45000", name)
        ) from None
    if minor < 0:
        raise Refused(Refusal("AMOUNT_INVALID", "金额不能为负 · an amount cannot be negative", name))
    return minor


def _whole(told: Mapping[str, str], name: str) -> int | None:
    if name not in told:
        return None
    text = told[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        raise Refused(Refusal("COUNT_UNREADABLE", "请写整数，比如 3 · a whole number, such as 3", name))
    return int(text)


def _source(photos: Mapping[str, str], name: str) -> str:
    return "photo" if name in photos else "statement"


def _last_month(on: date) -> tuple[date, date, str]:
    """The whole month before the day: its first day, the first day after it, its name."""
    end = on.replace(day=1)
    start = (end - timedelta(days=1)).replace(day=1)
    return start, end, start.isoformat()[:7]


Made = Callable[[Mapping[str, str], date, Mapping[str, str]], Observed | None]


def _monthly(kind: str, field: str, name: str, *, trade: bool = True) -> Made:
    def make(told: Mapping[str, str], on: date, photos: Mapping[str, str]) -> Observed | None:
        minor = _yuan(told, name)
        if minor is None:
            return None
        start, end, month = _last_month(on)
        values: dict[str, Any] = {field: {month: minor}}
        if trade and "trade" in told:
            values["trade"] = told["trade"]
        return Observed(kind, _source(photos, name), start, end, values)

    return make


def _today(kind: str, name: str, values: Mapping[str, Any], on: date, photos: Mapping[str, str]) -> Observed:
    return Observed(kind, _source(photos, name), on, on + timedelta(days=1), dict(values))


def _rent(told: Mapping[str, str], on: date, photos: Mapping[str, str]) -> Observed | None:
    minor = _yuan(told, "rent_month_yuan")
    trade = {"trade": told["trade"]} if "trade" in told else {}
    return None if minor is None else _today("rent", "rent_month_yuan", {"monthly_minor": minor, **trade}, on, photos)


def _shelf(told: Mapping[str, str], on: date, photos: Mapping[str, str]) -> Observed | None:
    count = _whole(told, "sku_count")
    return None if count is None else _today("shelf", "sku_count", {"sku_count": count}, on, photos)


def _stock(told: Mapping[str, str], on: date, photos: Mapping[str, str]) -> Observed | None:
    minor = _yuan(told, "stock_yuan")
    trade = {"trade": told["trade"]} if "trade" in told else {}
    return None if minor is None else _today("stock", "stock_yuan", {"cost_minor": minor, **trade}, on, photos)


def _plot(told: Mapping[str, str], on: date, photos: Mapping[str, str]) -> Observed | None:
    if "area_mu" not in told:
        return None
    for name in ("crop", "stage"):
        if name not in told:
            raise Refused(
                Refusal("ANSWER_MISSING", "请选择种的什么、长到什么时候 · choose the crop and its stage", name)
            )
    try:
        area = Decimal(told["area_mu"])
    except ArithmeticError:
        area = Decimal(-1)
    if not (area.is_finite() and 0 < area <= _MU_MOST):
        raise Refused(Refusal("AREA_UNREADABLE", "请写几亩，比如 12.5 · how many mu, such as 12.5", "area_mu"))
    return _today("plot", "area_mu", {"crop": told["crop"], "area_mu": float(area), "stage": told["stage"]}, on, photos)


def _livestock(told: Mapping[str, str], on: date, photos: Mapping[str, str]) -> Observed | None:
    head = _whole(told, "head")
    if not head:
        return None
    if "species" not in told:
        raise Refused(Refusal("ANSWER_MISSING", "请选择养的什么 · choose the animal", "species"))
    values = {
        "species": told["species"],
        "head": head,
        "weight_kg": coefficients.in_force(on).value("LIVESTOCK_WEIGHT", told["species"]),
        "tagged": False,
    }
    return _today("livestock", "head", values, on, photos)


def _farm_income(told: Mapping[str, str], on: date, photos: Mapping[str, str]) -> Observed | None:
    minor = _yuan(told, "farm_income_yuan")
    if minor is None:
        return None
    year = on.year - 1
    return Observed(
        "farm_income",
        _source(photos, "farm_income_yuan"),
        date(year, 1, 1),
        date(year + 1, 1, 1),
        {"year_minor": minor},
    )


def _household(told: Mapping[str, str], on: date, photos: Mapping[str, str]) -> Observed | None:
    fields = {
        "monthly_need_minor": "household_month_yuan",
        "own_funds_minor": "own_funds_yuan",
        "assets_minor": "household_assets_yuan",
    }
    values = {field: minor for field, name in fields.items() if (minor := _yuan(told, name)) is not None}
    return _today("household", "household_month_yuan", values, on, photos) if values else None


def _owner_credit(told: Mapping[str, str], on: date, _photos: Mapping[str, str]) -> Observed | None:
    instalments, overdue = _yuan(told, "instalments_month_yuan"), _yuan(told, "overdue_now_yuan")
    if instalments is None or overdue is None:
        return None
    values = {"instalments_monthly_minor": instalments, "overdue_now_minor": overdue}
    if "worst_late_days" in told:
        values["worst_overdue_days_24m"] = int(told["worst_late_days"])
        if told["worst_late_days"] == "0":
            values["overdue_months_24m"] = 0
    since = _whole(told, "credit_since_year")
    if since is not None:
        values["history_months"] = _months_since(since, on)
    inquiries = _whole(told, "inquiries_3m")
    if inquiries is not None:
        values["inquiries_3m"] = inquiries
    return Observed("owner_credit", "statement", on, on + timedelta(days=1), values)


def _months_since(year: int, on: date) -> int:
    if not on.year - 70 <= year <= on.year:
        raise Refused(Refusal("YEAR_UNREADABLE", "请写年份，比如 2015 · a year, such as 2015", "credit_since_year"))
    return 12 * (on.year - year)


_MAKERS: tuple[tuple[str, Made], ...] = (
    ("wallet_month_yuan", _monthly("wallet_flow", "inflow_by_month", "wallet_month_yuan")),
    ("bank_month_yuan", _monthly("bank_flow", "inflow_by_month", "bank_month_yuan")),
    ("tobacco_month_yuan", _monthly("tobacco_orders", "orders_by_month", "tobacco_month_yuan", trade=False)),
    ("purchases_month_yuan", _monthly("purchases", "purchases_by_month", "purchases_month_yuan")),
    ("books_month_yuan", _monthly("hand_books", "sales_by_month", "books_month_yuan")),
    ("electricity_month_yuan", _monthly("electricity", "bill_by_month", "electricity_month_yuan")),
    ("rent_month_yuan", _rent), ("sku_count", _shelf), ("stock_yuan", _stock), ("area_mu", _plot), ("head", _livestock),
    ("farm_income_yuan", _farm_income), ("household_month_yuan", _household), ("instalments_month_yuan", _owner_credit),
)  # fmt: skip
