"""Pages about promises: who owes the shop, whom the shop owes."""

from datetime import timedelta
from decimal import Decimal

from puhui.merchant.core import debts
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import Asked, Curve, Figure, Picture, ToolPage, Words, percent, yuan, yuan_number
from puhui.policy import rule_table

_REMIND, _YEAR = timedelta(days=3), timedelta(days=365)
_AGES = {
    "not_due": "没到期",
    "0-30": "晚 30 天内",
    "31-60": "晚 31–60 天",
    "61-90": "晚 61–90 天",
    "90+": "晚 90 天以上",
}


def receivables(facts: Facts, asked: Asked) -> ToolPage:
    """Debts of customers by age, who to remind today, how many pay on time."""
    del asked
    owed = facts.owed("credit_sale", "credit_paid")
    ages = debts.ageing(owed, facts.as_of)
    rate = debts.on_time_rate(owed, facts.as_of, facts.as_of - _YEAR)
    dso = debts.days_outstanding(owed.open_minor, facts.summed(facts.sales, 90), 90)
    late = sum(minor for name, minor in ages.items() if name != "not_due")
    figures = (
        Figure(("已经晚了的", "Late"), yuan(late), "bad" if late else "good"),
        Figure(("按时还的比例", "Paid on time"), percent(float(rate)) if rate is not None else "—"),
        Figure(("平均多少天收回", "Days of sales outstanding"), f"{dso}" if dso is not None else "—"),
    )
    notes: list[Words] = [
        (f"{who} 多还了 {yuan(minor)}，记着抵下次", f"{who} paid {yuan(minor)} too much")
        for who, minor in owed.credit.items()
    ]
    daily = rule_table.find("LATE_PAYMENT", metric="daily_interest", on=facts.as_of)
    notes.append(
        (
            f"大企业、机关拖欠货款，没有约定的可按每天 {daily.value:%} 要利息",
            f"large firms and offices that pay late owe {daily.value:%} a day where nothing is agreed",
        )
    )
    return ToolPage(
        "receivables", ("赊账本", "Owed to me"), Figure(("别人一共欠我", "Owed to me"), yuan(owed.open_minor)), figures, tuple(notes),
        Picture(("欠了多久", "By age"), tuple(_AGES.values()), (Curve(("金额", "Amount"), tuple(yuan_number(ages[name]) for name in _AGES)),)),
        _open_rows(facts, owed, incoming=True), ("credit_sale", "credit_paid"), sources=(daily.source,),
    )  # fmt: skip


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
    return ToolPage(
        "payables", ("欠供应商", "I owe"), Figure(("我一共欠别人", "I owe"), yuan(owed.open_minor)),
        (Figure(("七天内要付", "Due within a week"), yuan(week), "warn" if week else ""),), tuple(notes),
        rows=_open_rows(facts, owed, incoming=False), kinds=("bill", "bill_paid"),
    )  # fmt: skip


def _open_rows(facts: Facts, owed: debts.Debts, *, incoming: bool) -> tuple[Figure, ...]:
    rows = []
    for each in sorted((each for each in owed.all if each.left_minor), key=lambda each: each.debt.due_on):
        late, due = each.days_late(facts.as_of), each.debt.due_on
        if late:
            told, tone = (f"{due} 到期，晚了 {late} 天", f"due {due}, {late} days late"), "bad"
        elif due <= facts.as_of + _REMIND:
            told, tone = (
                (
                    f"{due} 到期，{'今天提醒一下' if incoming else '准备付款'}",
                    f"due {due}: {'remind today' if incoming else 'get ready'}",
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
