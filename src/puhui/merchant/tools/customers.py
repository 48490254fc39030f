"""Pages about customers: the daily board, members, campaigns."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from puhui.merchant import record_kinds
from puhui.merchant.core import campaign, daily_board, member_consents, members
from puhui.merchant.tool_facts import CLOCK_DAYS, Facts
from puhui.merchant.tool_page import Asked, Curve, Figure, Picture, Section, ToolPage, Words, percent, yuan, yuan_number

_WEEKS, _SHOWN = 13, 60


def board(facts: Facts, asked: Asked) -> ToolPage:
    """Today beside the same weekday, five weeks of sales, days out of the ordinary."""
    del asked
    today, before = facts.as_of, facts.as_of - timedelta(days=7)
    sold, orders = facts.sales.get(today, 0), facts.orders.get(today, 0)
    change = daily_board.change(sold, facts.sales.get(before, 0))
    (back, taken), hours = facts.returned(30), facts.orders_by_hour()
    busiest = max(hours, key=lambda hour: (hours[hour], -hour), default=None)
    since = today - timedelta(days=7 * _WEEKS)
    recent = {day: minor for day, minor in facts.sales.items() if since < day <= today}
    strange = daily_board.unusual(recent)[-3:]
    notes: list[Words] = [
        (
            f"{day} 卖了 {yuan(recent[day])}，比平常的同一天{'高' if z > 0 else '低'}很多",
            f"{day}: {yuan(recent[day])}, far {'above' if z > 0 else 'below'} its weekday",
        )
        for day, z in strange
    ]
    days = [today - timedelta(days=back) for back in range(34, -1, -1)]
    return ToolPage(
        "board", ("经营看板", "Daily board"), Figure((f"{today} 卖货", f"Sales on {today}"), yuan(sold)),
        (
            Figure(("笔数", "Payments"), str(orders)),
            Figure(("平均每笔", "A payment"), yuan(sold // orders) if orders else "—"),
            Figure(("比上周同一天", "Against a week ago"), "—" if change is None else f"{change:+.1%}", "" if change is None or change >= 0 else "warn"),
            Figure(("近 30 天卖货", "Sales of 30 days"), yuan(facts.summed(facts.sales, 30))),
            Figure(("近 30 天退款占比", "Refunded in 30 days"), percent(back / taken) if taken else "—"),
            Figure(("近四周最忙的钟点", "Busiest hour of four weeks"), f"{busiest}:00" if busiest is not None else "—"),
        ),
        tuple(notes), Picture(("每天卖货", "Sales a day"), tuple(f"{day:%m-%d}" for day in days), (Curve(("卖货", "Sales"), tuple(yuan_number(facts.sales.get(day, 0)) for day in days)),)),
        more=by_hour(facts.orders_by_clock),
        missing=("" if facts.sales else "还没有卖货记录，先记一笔或导入账单", "" if facts.sales else "no sales yet: write one down or import a bill"),
    )  # fmt: skip


def by_hour(clock: Mapping[tuple[int, int], int]) -> tuple[Picture, ...]:
    """Payments of an ordinary hour, working days beside weekends, from the first hour with any to the last; nothing where no payment carries a time."""
    if not clock:
        return ()
    hours = range(min(hour for _, hour in clock), max(hour for _, hour in clock) + 1)
    weeks = CLOCK_DAYS // 7

    def usual(weekdays: range) -> tuple[float, ...]:
        return tuple(
            round(sum(clock.get((day, hour), 0) for day in weekdays) / (weeks * len(weekdays)), 1) for hour in hours
        )

    return (Picture(("几点最忙（近四周平均每天几笔）", "Busy hours (payments a day, four weeks)"), tuple(f"{hour} 点" for hour in hours),
                    (Curve(("周一到周五", "Monday to Friday"), usual(range(1, 6))), Curve(("周六周日", "Weekend"), usual(range(6, 8)))), "笔"),)  # fmt: skip


def loyal(facts: Facts, asked: Asked) -> ToolPage:
    """Members in eight groups, repeat rate, who stays away: figures of all, names of those alone whose consent stands."""
    del asked
    visits: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for each in facts.of("visit"):
        visits[each.text("who")].append((each.on, each.minor("amount")))
    found = members.members(visits, as_of=facts.as_of)
    agreed = member_consents.standing(facts.of(member_consents.GIVEN, member_consents.WITHDRAWN))
    away = sum(member.away for member in found)
    groups: dict[str, int] = defaultdict(int)
    for member in found:
        groups[member.group] += 1
    rate = members.repeat_rate(found)
    ahead = {who: minor for who, minor in _paid_ahead(facts).items() if minor}
    named = sorted((member for member in found if member.name in agreed), key=lambda member: not member.away)
    unnamed = len(found) - len(named)
    balances = tuple(Figure((who, who), yuan(minor)) for who, minor in ahead.items())
    return ToolPage(
        "members", ("会员与回头客", "Members"), Figure(("会员", "Members"), str(len(found))),
        (Figure(("回头率", "Come again"), percent(float(rate)) if rate is not None else "—"), Figure(("快要流失", "Staying away"), str(away), "warn" if away else "good"),
         Figure(("没同意、不列名的", "Without consent, not named"), str(unnamed)), Figure(("欠会员的储值", "Paid ahead by members"), yuan(sum(ahead.values())))),
        (("储值是欠会员的，用掉时才算卖货收入", "what is paid ahead is owed, and becomes sales when it is used"),
         ("发消息、发券只找同意了的会员；没同意的只算进人数，说不同意了马上从名单里拿掉", "write only to members who agreed; others are counted alone, and whoever takes it back leaves the list at once")),
        Picture(("会员分组", "Groups"), tuple(groups), (Curve(("人数", "People"), tuple(groups.values())),), "人") if groups else None,
        sections=(
            Section(("可以发消息、发券的会员", "Members who may be written to"), tuple(_member_row(member, agreed[member.name]) for member in named)[:_SHOWN],
                    ("", "") if named else ("还没有。先问一句“可以给您发优惠消息吗”，同意了就记一条“会员同意”", "none yet: ask first, then record that a member agrees")),
            *((Section(("储值余额（结账用）", "Paid ahead, for the till"), balances[:_SHOWN]),) if balances else ()),
        ),
        kinds=("visit", member_consents.GIVEN, member_consents.WITHDRAWN, "topup", "topup_used"),
        missing=("", "") if found or ahead else ("先记几笔会员消费", "record a few visits first"),
    )  # fmt: skip


def _member_row(member: members.Member, consent: member_consents.Consent) -> Figure:
    zh, en = record_kinds.kind(member_consents.GIVEN).choices_of("how")[consent.how]
    told = (f"{member.group} · 来过 {member.visits} 次 · {member.recency} 天没来 · {consent.given_on} {zh}",
            f"{member.group_en} · {member.visits} visits · {member.recency} days ago · {en.lower()} on {consent.given_on}")  # fmt: skip
    return Figure((member.name, member.name), yuan(member.spent_minor), "warn" if member.away else "", told)


def _paid_ahead(facts: Facts) -> dict[str, int]:
    """What each member has paid ahead and not used, fen."""
    left: dict[str, int] = defaultdict(int)
    for each in facts.of("topup", "topup_used"):
        left[each.text("who")] += each.minor("amount") * (1 if each.kind == "topup" else -1)
    return left


def campaigns(facts: Facts, asked: Asked) -> ToolPage:
    """What each campaign brought beyond ordinary weekdays."""
    del asked
    sales, goods = facts.gross_share()
    share = Decimal(max(sales - goods, 0)) / sales if sales else Decimal(0)
    rows, gain = [], 0
    for each in facts.of("campaign"):
        starts, ends = each.day("starts_on") or each.on, min(each.day("ends_on") or each.on, facts.as_of)
        name = (each.text("name"),) * 2
        found = (
            campaign.judge(facts.sales, starts, ends, cost_minor=each.minor("cost"), gross_share=share)
            if facts.sales and ends >= starts
            else None
        )
        if found is None:
            rows.append(
                Figure(
                    name,
                    "—",
                    "",
                    ("活动前的记录不足三周，比不出来", "fewer than three weeks before it: nothing to compare with"),
                )
            )
            continue
        gain += found.gain_minor
        proof = ("效果明显", "proven") if found.proven else ("和平常的波动分不开", "within ordinary swings")
        rows.append(Figure(name, yuan(found.gain_minor), "good" if found.gain_minor > 0 and found.proven else "warn",
                           (f"多卖 {yuan(found.incremental_minor)}（误差 ±{yuan(found.error_minor)}），{proof[0]}", f"{yuan(found.incremental_minor)} more (± {yuan(found.error_minor)}), {proof[1]}")))  # fmt: skip
    return ToolPage(
        "campaigns", ("优惠活动回报", "Campaigns"), Figure(("活动多赚（扣成本）", "Gained after cost"), yuan(gain), "good" if gain > 0 else "bad" if gain < 0 else ""),
        (Figure(("用的毛利率（近 90 天）", "Gross margin used"), percent(float(share))),),
        (("收进来的储值是欠会员的，不算收入", "what members pay ahead is owed to them, no income"),), rows=tuple(rows), kinds=("campaign",),
        missing=("" if rows else "记下一次活动的起止和花费", "" if rows else "record a campaign"),
    )  # fmt: skip
