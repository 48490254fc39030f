"""The page that ties what payment channels took to what they paid out: fees as agreed, money that is still to come, differences."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from puhui.kernel.periods import Period
from puhui.merchant import book_queries, filing_calendar, payout_queries, record_kinds, rule_files
from puhui.merchant.core import settlement
from puhui.merchant.core.settlement import Pair, Taking, Terms
from puhui.merchant.core.tool_records import Record
from puhui.merchant.payout_queries import Payout
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import Asked, Curve, Figure, Picture, ToolPage, Words, yuan, yuan_number

_TITLE: Words = ("收款对账", "Payouts")
_STATES: dict[str, tuple[str, str, str]] = {
    "missing": ("没到账", "missing", "bad"),
    "differs": ("对不上", "differs", "warn"),
    "waiting": ("还没到时候", "not due yet", ""),
    "arrived": ("已到账", "arrived", "good"),
}
_SHOWN = 12


def payouts(facts: Facts, asked: Asked) -> ToolPage:
    """Lumps of each channel beside what the bank got, fees beside what is agreed."""
    del asked
    told = _told(facts)
    if not told:
        return ToolPage("payouts", _TITLE, notes=_usual(facts.as_of), kinds=("channel",), missing=(
            "先记下您用的收款渠道：签的费率、几天到账；再导入收款账单和银行账单",
            "record your payment channels first: the fee and the days; then import their bills and your bank's"))  # fmt: skip
    lines = {
        row["name"]: int(row["value"])
        for row in rule_files.in_force("tool_lines", on=facts.as_of)
        if row["name"].startswith("settlement")
    }
    since = facts.as_of - timedelta(days=lines["settlement_back_days"])
    takings = payout_queries.takings(
        book_queries.day_totals(facts.shop_id, Period(since, facts.as_of + timedelta(days=1))), tuple(told)
    )
    lumps = settlement.lumps(takings, lambda taking: _terms(told[taking.channel], taking.on), paid_out_on)
    came = payout_queries.payouts(facts.shop_id, tuple(told), since=since, until=facts.as_of)
    pairs, unexplained = settlement.match(
        lumps, [each.arrival for each in came], as_of=facts.as_of,
        wait_days=lines["settlement_wait_days"], slack_minor=lines["settlement_slack_minor"],
    )  # fmt: skip
    names = record_kinds.kind("channel").choices_of("channel")
    missing = sum(-pair.gap_minor for pair in pairs if pair.state == "missing")
    short = sum(pair.gap_minor for pair in pairs if pair.state == "differs")
    over = sum(
        extra for lump in lumps if (extra := settlement.overcharged(lump)) > lump.slack_minor + _rounding(takings, lump)
    )
    figures = (
        Figure(("这段时间收款", "Taken"), yuan(sum(lump.gross_minor - lump.returned_minor for lump in lumps))),
        Figure(("手续费", "Fees"), yuan(sum(lump.fee_minor for lump in lumps))),
        Figure(("比签的费率多收", "Above the agreed fee"), yuan(over), "bad" if over else "good"),
        Figure(("到账金额对不上的差额", "Differences"), yuan(short), "warn" if short else ""),
        Figure(
            ("快要到账", "Still to come"), yuan(sum(pair.lump.net_minor for pair in pairs if pair.state == "waiting"))
        ),
    )
    return ToolPage(
        "payouts", _TITLE, Figure(("该到没到的钱", "Should have come"), yuan(missing), "bad" if missing else "good"), figures,
        _notes(came, unexplained, names), _picture(pairs, since, facts.as_of), _rows(pairs, names), ("channel",),
        missing=("", "") if lumps else ("渠道记下了；再导入收款账单和银行账单", "now import the bills of the channels and of your bank"),
    )  # fmt: skip


def paid_out_on(day: date, terms: Terms) -> date:
    """The day on which a day's takings reach the bank: T+n, by working days where the channel rests at weekends and holidays."""
    if not terms.working:
        return day + timedelta(days=terms.days)
    for _ in range(terms.days):
        day += timedelta(days=1)
        while not filing_calendar.works(day):
            day += timedelta(days=1)
    return day


def _told(facts: Facts) -> dict[str, list[Record]]:
    """What was told of each channel, oldest first."""
    found: dict[str, list[Record]] = {}
    for each in facts.of("channel"):
        found.setdefault(each.text("channel"), []).append(each)
    return found


def _terms(told: Sequence[Record], on: date) -> Terms:
    """What was agreed on a day: the newest record of that day or before, or the first there is."""
    row = next((each for each in reversed(told) if each.on <= on), told[0])
    return Terms(row.number("fee_rate"), int(row.body["days"]), row.text("working") == "yes")


def _rounding(takings: Sequence[Taking], lump: settlement.Lump) -> int:
    """Half a fen a payment: each payment's fee is rounded by itself."""
    return -(
        -sum(
            each.payments
            for each in takings
            if each.channel == lump.channel and lump.first_on <= each.on <= lump.last_on
        )
        // 2
    )


def _rows(pairs: Sequence[Pair], names: Mapping[str, Words]) -> tuple[Figure, ...]:
    order = {state: place for place, state in enumerate(_STATES)}
    rows = []
    for pair in sorted(pairs, key=lambda each: (order[each.state], -each.lump.due_on.toordinal())):
        zh, en, tone = _STATES[pair.state]
        lump, name = pair.lump, names[pair.lump.channel]
        days = (
            f"{lump.first_on:%m-%d}"
            if lump.first_on == lump.last_on
            else f"{lump.first_on:%m-%d} – {lump.last_on:%m-%d}"
        )
        sums = f"{yuan(lump.gross_minor)} − {yuan(lump.returned_minor)} − {yuan(lump.fee_minor)}"
        came = (f"，{pair.arrival.on:%m-%d} 到 {yuan(pair.arrival.amount_minor)}，差 {yuan(pair.gap_minor)}",
                f"; {yuan(pair.arrival.amount_minor)} on {pair.arrival.on:%m-%d}, {yuan(pair.gap_minor)} off") if pair.state == "differs" and pair.arrival else ("", "")  # fmt: skip
        rows.append(Figure(
            (f"{name[0]} {days}：{zh}", f"{name[1]} {days}: {en}"), yuan(lump.net_minor), tone,
            (f"收款 − 退款 − 手续费 = {sums}，应 {lump.due_on:%m-%d} 到{came[0]}", f"taken − returned − fee = {sums}, due {lump.due_on:%m-%d}{came[1]}"),
        ))  # fmt: skip
    left = len(rows) - _SHOWN
    more = (
        (Figure((f"还有 {left} 笔没列出", f"{left} more"), "", told=("先把上面的弄清楚", "settle those above first")),)
        if left > 0
        else ()
    )
    return (*rows[:_SHOWN], *more)


def _notes(
    came: Sequence[Payout], unexplained: Sequence[settlement.Arrival], names: Mapping[str, Words]
) -> tuple[Words, ...]:
    notes: list[Words] = []
    twice = sum(each.arrival.amount_minor for each in came if each.as_income)
    if twice:
        notes.append((f"到账的 {yuan(twice)} 在账上又记成了收入，会和卖货重复；请在流水里把它改成“自己账户之间”",
                      f"{yuan(twice)} of payouts stand in the books as income beside the sales: set them to 'between own accounts'"))  # fmt: skip
    for each in list(unexplained)[:3]:
        name = names[each.channel]
        notes.append((f"{each.on:%m-%d} {name[0]} 到账 {yuan(each.amount_minor)}，找不到对应的收款：可能少导入了账单",
                      f"{name[1]} paid {yuan(each.amount_minor)} on {each.on:%m-%d} with no takings behind it: a bill may be missing"))  # fmt: skip
    notes.append(
        ("按您记的费率和到账时间核对；以渠道合同为准", "checked against what you recorded; the contract counts")
    )
    return tuple(notes)


def _picture(pairs: Sequence[Pair], since: date, until: date) -> Picture | None:
    """Bars of what was due and what came, by the day due."""
    days = sorted({pair.lump.due_on for pair in pairs if since <= pair.lump.due_on <= until})[-21:]
    if not days:
        return None
    due = [sum(pair.lump.net_minor for pair in pairs if pair.lump.due_on == day) for day in days]
    came = [
        sum(pair.arrival.amount_minor for pair in pairs if pair.lump.due_on == day and pair.arrival) for day in days
    ]
    return Picture(("应到和实到", "Due and come"), tuple(f"{day:%m-%d}" for day in days), (
        Curve(("应到", "Due"), tuple(yuan_number(each) for each in due)), Curve(("实到", "Come"), tuple(yuan_number(each) for each in came)),
    ))  # fmt: skip


def _usual(on: date) -> tuple[Words, ...]:
    return tuple(
        (f"{row['zh']}通常费率 {float(row['fee_rate']):.1%}，T+{row['days']}{'（工作日）' if row['working'] == 'yes' else ''}到账，以您的合同为准",
         f"{row['en']}: usually {float(row['fee_rate']):.1%}, T+{row['days']}{' working days' if row['working'] == 'yes' else ''}; your contract counts")
        for row in rule_files.in_force("settlement_terms", on=on)
    )  # fmt: skip
