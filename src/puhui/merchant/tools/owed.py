"""Pages about promises: who owes the shop, whom the shop owes."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from puhui.merchant.core import debts
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import Asked, Curve, Figure, Picture, ToolPage, Words, percent, yuan, yuan_number
from puhui.policy import rule_table

_REMIND, _YEAR, _WEEKS = timedelta(days=3), timedelta(days=365), 13
_LONGEST = {"large": "large_firm_days", "office": "government_days_agreed"}  # the rule that bounds what may be agreed
_AGES = {
    "not_due": "没到期",
    "0-30": "≤30天",
    "31-60": "≤60天",
    "61-90": "≤90天",
    "90+": ">90天",
}


def receivables(facts: Facts, asked: Asked) -> ToolPage:
    """Debts of customers by age, who to remind today, how many pay on time, what late ones owe in interest."""
    del asked
    owed = facts.owed("credit_sale", "credit_paid")
    ages = debts.ageing(owed, facts.as_of)
    rate = debts.on_time_rate(owed, facts.as_of, facts.as_of - _YEAR)
    dso = debts.days_outstanding(owed.open_minor, facts.summed(facts.sales, 90), 90)
    late = sum(minor for name, minor in ages.items() if name != "not_due")
    left = _open(owed)
    interest = [_interest(each, facts.as_of) for each in left]
    figures = (
        Figure(("已经晚了的", "Late"), yuan(late), "bad" if late else "good"),
        Figure(("晚了可以要的利息", "Interest for being late"), yuan(sum(interest))),
        Figure(("按时还的比例", "Paid on time"), percent(float(rate)) if rate is not None else "—"),
        Figure(("平均多少天收回", "Days of sales outstanding"), f"{dso}" if dso is not None else "—"),
    )
    notes: list[Words] = [
        (f"{who} 多还了 {yuan(minor)}，记着抵下次", f"{who} paid {yuan(minor)} too much")
        for who, minor in owed.credit.items()
    ]
    daily, lpr = _rule("LATE_PAYMENT", "daily_interest", facts.as_of), _rule("LPR1Y", "rate", facts.as_of)
    notes.append(
        (
            f"利息：大企业、机关没有约定的按每天 {daily.value:%}，约定了也不低于一年期 LPR（现在 {lpr.value:.2%}）；其他人按约定，没约定按 LPR",
            f"interest: large firms and offices {daily.value:%} a day where nothing is agreed, never below the one-year LPR ({lpr.value:.2%}); others as agreed, else the LPR",
        )
    )
    for each in left:
        most = _days_most(each.debt)
        if most and each.debt.due_on > each.debt.on + timedelta(days=most):
            notes.append((f"{each.debt.who}：法律规定最长 {most} 天内付清，利息从第 {most} 天算起",
                          f"{each.debt.who}: the law allows {most} days at most; interest runs from then"))  # fmt: skip
    return ToolPage(
        "receivables", ("赊账本", "Owed to me"), Figure(("别人一共欠我", "Owed to me"), yuan(owed.open_minor)), figures, tuple(notes),
        Picture(("晚了多久", "By days late"), tuple(_AGES.values()), (Curve(("金额", "Amount"), tuple(yuan_number(ages[name]) for name in _AGES)),)),
        _open_rows(facts, left, interest), ("credit_sale", "credit_paid"), sources=(daily.source, lpr.source),
    )  # fmt: skip


def _interest(each: debts.OpenDebt, as_of: date) -> int:
    """Fen that what is left owes for being late, by the law of the day it was sold on."""
    most = _days_most(each.debt)
    since = min(each.debt.due_on, each.debt.on + timedelta(days=most)) if most else each.debt.due_on
    lpr, daily = (
        _rule_then(code, metric, each.debt.on, as_of)
        for code, metric in (("LPR1Y", "rate"), ("LATE_PAYMENT", "daily_interest"))
    )
    daily_rate = debts.late_rate(
        each.debt.late_rate, debts.LateRules(lpr, daily, most), protected=each.debt.debtor in _LONGEST
    )
    return debts.late_interest(each.left_minor, days_late=(as_of - since).days, daily_rate=daily_rate)


def _days_most(debt: debts.Debt) -> int | None:
    """Days that a large firm or an office may take at most, as the law of the day said; None for others and before such a law."""
    if debt.debtor not in _LONGEST:
        return None
    try:
        return int(_rule("LATE_PAYMENT", _LONGEST[debt.debtor], debt.on).value)
    except rule_table.RuleAbsent:
        return None


def _rule_then(code: str, metric: str, on: date, as_of: date) -> Decimal:
    """The rule of the day of the sale; of today where there was none yet."""
    try:
        return _rule(code, metric, on).value
    except rule_table.RuleAbsent:
        return _rule(code, metric, as_of).value


def _rule(code: str, metric: str, on: date) -> rule_table.Rule:
    return rule_table.find(code, metric=metric, on=on)


def payables(facts: Facts, asked: Asked) -> ToolPage:
    """Bills of suppliers by day due, and what paying early is worth."""
    del asked
    owed = facts.owed("bill", "bill_paid")
    week = sum(each.left_minor for each in owed.all if each.debt.due_on <= facts.as_of + timedelta(days=7))
    notes: list[Words] = []
    for bill in facts.of("bill"):
        until, due, discount = bill.day("discount_until"), bill.day("due_on"), bill.number("discount")
        if until and due and until >= facts.as_of and 0 < discount < 1 and due > until:
            rate = debts.early_pay_rate(discount, days_earlier=(due - until).days)
            who = bill.text("who")
            notes.append(
                (
                    f"{who} 的货款 {until} 前付，相当于年化 {percent(float(rate))} 的收益",
                    f"paying {who} by {until} is worth {percent(float(rate))} a year",
                )
            )
    weeks = [facts.as_of + timedelta(days=7 * ahead) for ahead in range(_WEEKS)]
    by_week = [
        sum(
            each.left_minor
            for each in owed.all
            if (start <= each.debt.due_on or not ahead) and each.debt.due_on < start + timedelta(days=7)
        )
        for ahead, start in enumerate(weeks)
    ]
    return ToolPage(
        "payables", ("欠供应商", "I owe"), Figure(("我一共欠别人", "I owe"), yuan(owed.open_minor)),
        (Figure(("七天内要付", "Due within a week"), yuan(week), "warn" if week else ""),), tuple(notes),
        Picture(("哪周要付多少", "To pay by week"), tuple(f"{start:%m-%d}" for start in weeks), (Curve(("要付", "To pay"), tuple(yuan_number(minor) for minor in by_week)),)) if owed.open_minor else None,
        _open_rows(facts, _open(owed), None), ("bill", "bill_paid"),
    )  # fmt: skip


def _open(owed: debts.Debts) -> list[debts.OpenDebt]:
    """What is open, the earliest due first."""
    return sorted((each for each in owed.all if each.left_minor), key=lambda each: each.debt.due_on)


def _open_rows(facts: Facts, left: Sequence[debts.OpenDebt], interest: Sequence[int] | None) -> tuple[Figure, ...]:
    """A row a debt; `interest` of each of customers' debts, None for what the shop itself owes."""
    rows = []
    for each, extra in zip(left, interest or [0] * len(left), strict=True):
        late, due = each.days_late(facts.as_of), each.debt.due_on
        if late or extra:
            told, tone = (f"{due} 到期，晚了 {late} 天", f"due {due}, {late} days late"), "bad"
            if extra:
                told = (f"{told[0]}，可要利息 {yuan(extra)}", f"{told[1]}, interest {yuan(extra)}")
        elif due <= facts.as_of + _REMIND:
            told, tone = (
                (
                    f"{due} 到期，{'准备付款' if interest is None else '今天提醒一下'}",
                    f"due {due}: {'get ready' if interest is None else 'remind today'}",
                ),
                "warn",
            )
        else:
            told, tone = (f"{due} 到期", f"due {due}"), ""
        rows.append(Figure((each.debt.who, each.debt.who), yuan(each.left_minor), tone, told))
    return tuple(rows)


def on_time(facts: Facts) -> Decimal | None:
    """Share of customers' debts of a year paid by their day."""
    return debts.on_time_rate(facts.owed("credit_sale", "credit_paid"), facts.as_of, facts.as_of - _YEAR)
