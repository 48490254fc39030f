"""One piece of evidence about a small owner: what kinds there are, which typed values each carries, and what is refused.

Rules kept: a value outside its kind's schema is refused by name before anything is stored; the grade of evidence follows
from its source (`policy/evidence_sources.csv`), never from who sends it; nothing may be observed later than it is recorded.
An item is plain JSON, `{kind, source, grade, observed_from, observed_to, values}`; `observed_to` is the first day after.

>>> seen = Observed("rent", "statement", date(2026, 9, 1), date(2026, 10, 1), {"monthly_minor": 300_000})
>>> check(seen, now=date(2026, 10, 5))["grade"]
'D'
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core import coefficients, plots

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\Z")
_MOST_MINOR = 10**13  # 100 billion yuan; beyond it a unit was mistaken
_MONTHS_MOST = 36
TRADES = ("tobacco_shop", "restaurant", "fresh_food", "grocery", "hardware", "clothing", "services", "other")
WALLETS = ("wechat", "alipay", "unionpay", "other")
FIVE_CLASSES = ("normal", "watch", "substandard", "doubtful", "loss")
LICENCE_STATES = ("in_business", "suspended", "revoked", "cancelled")
STAGES = ("sown", "growing", "ripening", "harvested")


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed, as sent. The period is half-open: a stock-take on the 5th is [5th, 6th)."""

    kind: str
    source: str
    observed_from: date
    observed_to: date
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """`fields`: name → check; a name in `optional` may be absent. `age` names its row of STALE_AFTER_DAYS, `group` the sources
    that say the same thing twice (a wallet is emptied into the bank)."""

    zh: str
    en: str
    age: str
    fields: Mapping[str, Callable[[Any], str | None]]
    optional: frozenset[str] = field(default_factory=frozenset)
    group: str = ""


def check(seen: Observed, *, now: date) -> dict[str, Any]:
    """The item as plain JSON with its grade; raises Refused naming kind and field."""
    kind = KINDS.get(seen.kind)
    if kind is None:
        raise _no("EVIDENCE_KIND_UNKNOWN", f"没有这种证据 · kinds are {', '.join(KINDS)}", seen.kind)
    source = coefficients.sources().get(seen.source)
    if source is None:
        raise _no(
            "EVIDENCE_SOURCE_UNKNOWN", f"没有这种来源 · sources are {', '.join(coefficients.sources())}", seen.source
        )
    if seen.observed_from >= seen.observed_to:
        raise _no("EVIDENCE_PERIOD_INVALID", "观察期为空：止日须晚于起日 · the period is empty; it ends before it begins",
                  f"{seen.kind}.observed_to")  # fmt: skip
    if seen.observed_to > date.fromordinal(now.toordinal() + 1):
        raise _no(
            "EVIDENCE_FUTURE_INVALID",
            "观察期晚于今天 · nothing can be observed in the future",
            f"{seen.kind}.observed_to",
        )
    _check_values(seen, kind)
    return {
        "kind": seen.kind, "source": seen.source, "grade": source["grade"],
        "observed_from": seen.observed_from.isoformat(), "observed_to": seen.observed_to.isoformat(),
        "values": dict(seen.values),
    }  # fmt: skip


def _check_values(seen: Observed, kind: Kind) -> None:
    unknown = sorted(set(seen.values) - set(kind.fields))
    if unknown:
        text = f"没有这一项 · no such field; this kind has {', '.join(kind.fields)}"
        raise _no("EVIDENCE_FIELD_UNKNOWN", text, f"{seen.kind}.{unknown[0]}")
    for name, wrong in kind.fields.items():
        if name not in seen.values:
            if name not in kind.optional:
                raise _no("EVIDENCE_FIELD_MISSING", "缺少这一项 · this field is needed", f"{seen.kind}.{name}")
            continue
        said = wrong(seen.values[name])
        if said:
            raise _no("EVIDENCE_VALUE_INVALID", said, f"{seen.kind}.{name}")
    _check_months(seen)


def _check_months(seen: Observed) -> None:
    """A month belongs to the observation only when it lies inside it."""
    first, last = seen.observed_from.isoformat()[:7], date.fromordinal(seen.observed_to.toordinal() - 1).isoformat()[:7]
    for name, value in seen.values.items():
        if name.endswith("_by_month") and not all(first <= month <= last for month in value):
            text = f"月份不在观察期内 · months lie outside the period observed, {first} to {last}"
            raise _no("EVIDENCE_MONTH_INVALID", text, f"{seen.kind}.{name}")


def _no(code: str, text: str, where: str) -> Refused:
    return Refused(Refusal(code, text, where))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _fen(value: Any) -> str | None:
    if not _whole(value):
        return "金额须为整数分 · an amount is a whole number of fen"
    if value < 0:
        return "金额不能为负 · an amount cannot be negative"
    return None if value <= _MOST_MINOR else "金额过大，请核对单位（分）· too large; check the unit (fen)"


def _fen_by_month(value: Any) -> str | None:
    if not isinstance(value, Mapping) or not 1 <= len(value) <= _MONTHS_MOST:
        return f"须为 1–{_MONTHS_MOST} 个月的金额 · a map of 1 to {_MONTHS_MOST} months (YYYY-MM) to fen"
    for month, amount in value.items():
        if not (isinstance(month, str) and _MONTH.match(month)):
            return f"月份须写作 2026-05 · a month is written 2026-05, not {str(month)[:20]!r}"
        if wrong := _fen(amount):
            return f"{month}: {wrong}"
    return None


def _count(most: int) -> Callable[[Any], str | None]:
    def wrong(value: Any) -> str | None:
        good = _whole(value) and 0 <= value <= most
        return None if good else f"须为 0–{most} 的整数 · a whole number from 0 to {most}"

    return wrong


def _amount(least: float, most: float, unit: str) -> Callable[[Any], str | None]:
    def wrong(value: Any) -> str | None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and least <= value <= most:
            return None
        return f"须为 {least:g}–{most:g} {unit} · between {least:g} and {most:g} {unit}; check the unit"

    return wrong


def _one_of(*words: str) -> Callable[[Any], str | None]:
    return lambda value: None if value in words else f"须为其中之一 · one of {', '.join(words)}"


def _yes_no(value: Any) -> str | None:
    return None if isinstance(value, bool) else "须为是或否 · true or false"


def _day(value: Any) -> str | None:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        return "日期须写作 2026-05-31 · a day is written 2026-05-31"
    return None


def _licence(value: Any) -> str | None:
    good = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 12
    return None if good else "烟草专卖零售许可证号为 12 位数字 · the tobacco licence number has 12 digits"


def _industry(value: Any) -> str | None:
    good = isinstance(value, str) and re.fullmatch(r"[A-T]\d{2,4}", value)
    return None if good else "行业代码写作 F5212 · an industry code of GB/T 4754, such as F5212"


def _words(value: Any) -> str | None:
    good = isinstance(value, str) and 1 <= len(value) <= 60 and value.isprintable()
    return None if good else "须为 1–60 个字 · 1 to 60 characters"


_TRADE = {"trade": _one_of(*TRADES)}
_PLOT = {
    "crop": _one_of("rice", "wheat", "maize", "peanut", "tobacco", "apple", "kiwi"),
    "area_mu": _amount(0.05, 20_000, "亩 mu"), "stage": _one_of(*STAGES), "county": _words, "boundary": plots.wrong_boundary,
    "ndvi_z": _amount(-20, 20, "MAD"), "rent_due_minor": _fen, "insured_per_mu_minor": _fen, "input_need_minor": _fen,
    "land_use": _one_of("cropland", "orchard", "other"),
}  # fmt: skip
_BY_A_KEEPER = {  # what only a credit bureau can say of an owner
    "inquiries_1m": _count(500), "new_loans_1m": _count(500), "non_bank_minor": _fen, "guarantees_minor": _fen,
    "household_credit_minor": _fen, "five_class_worst": _one_of(*FIVE_CLASSES), "court_enforcement": _yes_no,
}  # fmt: skip
KINDS: dict[str, Kind] = {
    "bank_flow": Kind("银行流水", "bank flows", "flow",
                      {"inflow_by_month": _fen_by_month, "own_transfer_by_month": _fen_by_month, **_TRADE},
                      frozenset({"own_transfer_by_month", "trade"}), "flows"),
    "wallet_flow": Kind("收款码流水", "QR collections", "flow",
                        {"inflow_by_month": _fen_by_month, "wallet": _one_of(*WALLETS), **_TRADE},
                        frozenset({"wallet", "trade"}), "flows"),
    "hand_books": Kind("手工账", "hand-kept books", "flow", {"sales_by_month": _fen_by_month, **_TRADE},
                       frozenset({"trade"}), "books"),
    "tobacco_orders": Kind("烟草订单", "tobacco orders", "flow",
                           {"orders_by_month": _fen_by_month, "licence": _licence, "licence_until": _day},
                           frozenset({"licence", "licence_until"}), "purchases"),
    "purchases": Kind("进货单", "purchase slips", "flow", {"purchases_by_month": _fen_by_month, **_TRADE},
                      frozenset({"trade"}), "purchases"),
    "electricity": Kind("电费", "electricity", "premises", {"bill_by_month": _fen_by_month, **_TRADE},
                        frozenset({"trade"}), "premises"),
    "rent": Kind("店面租金", "rent", "premises", {"monthly_minor": _fen, **_TRADE}, frozenset({"trade"}), "premises"),
    "shelf": Kind("货架品种", "shelf", "asset", {"sku_count": _count(100_000)}, group="shelf"),
    "stock": Kind("存货", "stock", "asset", {"cost_minor": _fen, **_TRADE}, frozenset({"trade"})),
    "machine": Kind("机器设备", "machine", "asset",
                    {"class": _one_of("tractor", "combine", "drone", "shop_equipment", "vehicle"), "list_price_minor": _fen,
                     "bought_on": _day, "brand": _one_of("known", "other")}),
    "livestock": Kind("牲畜", "livestock", "asset",
                      {"species": _one_of("pig", "cattle", "sheep", "chicken"), "head": _count(1_000_000),
                       "weight_kg": _amount(0.5, 1_500, "kg"), "tagged": _yes_no}),
    "greenhouse": Kind("大棚", "greenhouse", "asset",
                       {"class": _one_of("film", "solar", "glass"), "area_m2": _amount(10, 2_000_000, "m²"), "built_on": _day}),
    "plot": Kind("地块", "plot", "crop", _PLOT, frozenset(_PLOT) - {"crop", "area_mu", "stage"}),
    "farm_income": Kind("农业经营收入", "farm income", "flow", {"year_minor": _fen}),
    "household": Kind("家庭", "household", "household",
                      {"monthly_need_minor": _fen, "other_income_minor": _fen, "own_funds_minor": _fen, "assets_minor": _fen,
                       "members": _count(30)},
                      frozenset({"monthly_need_minor", "other_income_minor", "own_funds_minor", "assets_minor", "members"})),
    "owner_credit": Kind("本人征信", "the owner's own credit", "credit",
                         {"instalments_monthly_minor": _fen, "overdue_now_minor": _fen, "balance_minor": _fen,
                          "inquiries_3m": _count(500), "overdue_months_24m": _count(24), "worst_overdue_days_24m": _count(3_000),
                          "loans_open": _count(500), "history_months": _count(900), **_BY_A_KEEPER},
                         frozenset({"balance_minor", "inquiries_3m", "overdue_months_24m", "worst_overdue_days_24m",
                                    "loans_open", "history_months", *_BY_A_KEEPER})),
    "registry": Kind("登记公示", "business registry", "registry",
                     {"licence_state": _one_of(*LICENCE_STATES), "registered_on": _day, "on_abnormal_list": _yes_no,
                      "industry_code": _industry, "operator_changed_on": _day, "annual_report_missing": _yes_no,
                      "court_enforcement": _yes_no},
                     frozenset({"industry_code", "operator_changed_on", "annual_report_missing", "court_enforcement"})),
}  # fmt: skip
