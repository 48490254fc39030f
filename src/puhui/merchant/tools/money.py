"""Pages about money: thirteen weeks of cash, rent, offers of money, health month by month, signs of a scam."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from puhui.kernel.china_ids import check_phone, check_uscc
from puhui.kernel.periods import add_months
from puhui.kernel.refusal import tongues
from puhui.merchant import rule_files, scam_signs
from puhui.merchant.core import financing, rent, scam, written
from puhui.merchant.core.tool_records import Record
from puhui.merchant.outlook import weekly
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import (
    Ask,
    Asked,
    Curve,
    Figure,
    Picture,
    Section,
    ToolPage,
    Words,
    percent,
    yuan,
    yuan_number,
)
from puhui.merchant.tools import coming, shop_health
from puhui.policy import rule_table

_HISTORY_WEEKS, _MONTHS = 156, 12
_UNTOLD = ("", "")
_BY: tuple[tuple[str, Words], ...] = (("cost", ("总成本", "Total cost")), ("rate", ("年化成本", "Yearly cost")))


def forecast(facts: Facts, asked: Asked) -> ToolPage:
    """Cash at the end of each of thirteen weeks: p10, p50, p90, with what is known to come; the first week that may not hold."""
    del asked
    title = ("13 周现金流", "Thirteen weeks of cash")
    income, costs = _weeks(facts)
    if len(income) < weekly.LEAST:
        told = (
            f"至少要 {weekly.LEAST} 个完整星期的账，现在有 {len(income)} 个",
            f"{weekly.LEAST} whole weeks are needed, there are {len(income)}",
        )
        return ToolPage("forecast", title, kinds=("planned", "debt"), missing=told)
    issued, going = weekly.issued(income), weekly.ahead(costs)
    takings, start = issued[-1], facts.as_of
    known, told_rows, left_out = _known(facts)
    held = facts.held() / 100
    paths = _paths(takings, going, known, held)
    weeks = tuple((start + timedelta(days=7 * (n + 1))).strftime("%m-%d") for n in range(weekly.HORIZON))
    low = next((n for n in range(weekly.HORIZON) if paths[n, 0] < 0), None)
    safe = max(0, int(min(paths[:, 0].min(), held) * 100))
    figures = [
        Figure(("现在手上的钱", "Money now"), yuan(round(held * 100))),
        Figure(
            ("13 周后大约有", "In thirteen weeks, about"),
            yuan(int(paths[-1, 1] * 100)),
            "" if paths[-1, 1] >= 0 else "bad",
        ),
        Figure(("最多可以放心拿走", "Safe to take out"), yuan(safe)),
    ]
    headline = Figure(
        ("现金最早可能不够的一周", "First week that may not hold"),
        weeks[low] if low is not None else "13 周内都够",
        "bad" if low is not None else "good",
    )
    notes = _forecast_notes(_held_so_far(income, issued), left_out, known=bool(told_rows))
    return ToolPage(
        "forecast", title, headline, tuple(figures), notes,
        Picture(("手上的钱", "Money in hand"), weeks, tuple(
            Curve(name, tuple(round(float(value), 2) for value in paths[:, place]), "line")
            for place, name in enumerate((("偏坏", "p10"), ("最可能", "p50"), ("偏好", "p90")))
        )), kinds=("planned", "debt"),
        sections=(Section(("已经知道的收付", "What is known to come"), told_rows),) if told_rows else (),
    )  # fmt: skip


def _forecast_notes(inside: float | None, left_out: Sequence[Words], *, known: bool) -> tuple[Words, ...]:
    """How to read the chart, what the known rows are, what is left out, how often past bands held."""
    notes: list[Words] = [
        (
            "中间那条线最可能；十次有八次落在上下两条线之间",
            "the middle line is likeliest; eight times in ten it ends between the outer two",
        )
    ]
    if known:
        notes.append(
            (
                "已经知道的收付里，平常就有的那部分（货款、税、还贷）没有重复算",
                "what is known to come is not counted twice where the ordinary weeks hold it already",
            )
        )
    notes += left_out
    if inside is not None:
        notes.append(
            (
                f"过去的预测带实际罩住了 {percent(inside)} 的周收入（应约 80%）",
                f"past bands held {percent(inside)} of weekly takings (80 % is right)",
            )
        )
    return tuple(notes)


def _weeks(facts: Facts) -> tuple[np.ndarray, np.ndarray]:
    """Yuan in and out of the whole weeks that end today, from the first payment of either kind; returns beyond takings count as nothing."""
    days = [day for way in facts.money.values() for day in way if day <= facts.as_of]
    whole = min(((facts.as_of - min(days)).days + 1) // 7, _HISTORY_WEEKS) if days else 0
    sums = np.zeros((2, whole))
    for place, way in enumerate(("in", "out")):
        for day, minor in facts.money[way].items():
            back = (facts.as_of - day).days // 7
            if 0 <= back < whole:
                sums[place, whole - 1 - back] += minor / 100
    income, costs = np.maximum(sums, 0)
    return income, costs


def _known(facts: Facts) -> tuple[np.ndarray, tuple[Figure, ...], list[Words]]:
    """Yuan by week that what is known adds to the ordinary run (below zero: takes away), rows that name it, notes on what is left out."""
    known, notes = coming.coming(facts, weekly.HORIZON * 7)
    weeks = np.array(coming.added(facts, known, weekly.HORIZON)) / 100
    rows = tuple(
        Figure(each.who, yuan(each.minor), "warn" if each.minor < 0 else "", (f"{each.on} · {each.told[0]}", f"{each.on}, {each.told[1]}"))
        for each in known
    )  # fmt: skip
    return weeks, rows, notes


def _paths(coming: np.ndarray, going: np.ndarray, known: np.ndarray, held: float) -> np.ndarray:
    """(weeks, 3): money at each week's end; widths of a running sum add as the weeks' errors go together (`weekly.added`)."""
    middle = held + np.cumsum(coming[:, 1] - going[:, 1] + known)
    down = np.hypot(coming[:, 1] - coming[:, 0], going[:, 2] - going[:, 1])
    up = np.hypot(coming[:, 2] - coming[:, 1], going[:, 1] - going[:, 0])
    return np.stack([middle - weekly.added(down), middle, middle + weekly.added(up)], axis=1)


def _held_so_far(weeks: np.ndarray, bands: np.ndarray) -> float | None:
    """Share of the weeks that came within the bands issued before them; None where too few have come."""
    came = weekly.truth(weeks)
    ripe = ~np.isnan(bands[:, :, 0]) & ~np.isnan(came)
    ripe[: weekly.LEAST + 6] = False
    if ripe.sum() < 2 * weekly.HORIZON:
        return None
    return float(((came >= bands[:, :, 0]) & (came <= bands[:, :, 2]))[ripe].mean())


def rent_page(facts: Facts, asked: Asked) -> ToolPage:
    """Rent against sales, what carries it, how long the lease runs."""
    row = rule_files.in_force("rent_lines", on=facts.as_of, trade=facts.about("trade", "retail"))[0]
    line = Decimal(row["line"])
    leases = facts.newest("lease", "name")
    total = sum(each.minor("rent") for each in leases) or facts.account("rent", 90) // 3
    sales = facts.summed(facts.sales, 90) // 3
    asks = (
        Ask("basket", ("平均每笔（元）", "A payment (yuan)"), asked.get("basket", "")),
        Ask("buying", ("进店几成会买", "Share who buy"), asked.get("buying", "50%")),
        Ask("penalty", ("提前退租要赔几个月租金", "Months of rent for leaving early"), asked.get("penalty", "")),
        Ask("deposit", ("退不回的押金（元）", "Deposit not returned (yuan)"), asked.get("deposit", "")),
    )
    title = ("房租承压", "Rent")
    if not total:
        return ToolPage(
            "rent", title, kinds=("lease", "profile"), asks=asks, missing=("先记下每月租金", "record the rent first")
        )
    share, heavy = rent.burden(total, sales_minor=sales, line=line)
    orders = facts.summed(facts.orders, 90)
    basket = (
        written.amount(asked["basket"], "basket")
        if asked.get("basket")
        else (facts.summed(facts.sales, 90) // orders if orders else 0)
    )
    sold, goods = facts.gross_share()
    left = Decimal(sold - goods) / sold if sold > 0 else Decimal(0)
    people = rent.visitors_to_break_even(
        total, basket_minor=basket, gross_share=left, buying_share=written.share(asked.get("buying") or "50%", "buying")
    )
    leaving = _leaving(leases, facts.as_of, asked)
    rows = tuple(
        Figure(
            (each.text("name"),) * 2,
            yuan(each.minor("rent")),
            told=(
                f"租到 {each.text('ends_on')}，还有 {rent.months_left(each.day('ends_on') or facts.as_of, facts.as_of)} 个月",
                f"until {each.text('ends_on')}",
            ),
        )
        for each in leases
    )
    return ToolPage(
        "rent", title, Figure(("房租占卖货", "Rent of sales"), percent(float(share)) if share is not None else "—", "bad" if heavy else "good"),
        (Figure(("同行警戒线", "The line of the trade"), percent(float(line))), Figure(("每月要卖到", "Sales to bear it"), yuan(rent.sales_to_bear(total, line))),
         Figure(("每月要进店多少人才付得起房租", "Visitors a month that pay the rent"), str(people) if people is not None else "—"),
         Figure(("现在退租要花", "Leaving today costs"), yuan(leaving) if leaving is not None else "—")),
        (("退租赔几个月，看租约的违约条款", "the months for leaving early stand in the lease"),), rows=rows, kinds=("lease", "profile"), asks=asks, sources=(row["source"],),
    )  # fmt: skip


def _leaving(leases: Sequence[Record], as_of: date, asked: Asked) -> int | None:
    """What giving all leases back today costs, or None while nobody said how many months that is."""
    if not asked.get("penalty") or not leases:
        return None
    months = written.number(asked["penalty"], "penalty")
    deposit = written.amount(asked["deposit"], "deposit") if asked.get("deposit") else 0
    each = (
        rent.cost_of_leaving(
            row.minor("rent"), penalty_months=months, left_months=rent.months_left(row.day("ends_on") or as_of, as_of)
        )
        for row in leases
    )
    return sum(each) + deposit


def compare(facts: Facts, priced: Sequence[financing.Priced], asked: Asked) -> ToolPage:
    """Offers by what they truly cost. `priced` comes from the loan book's own sums (journeys.compare_financing)."""
    guarded = shop_health.assessed(facts)["guard"]
    alike = financing.alike(priced)
    by = asked["by"] if asked.get("by") in dict(_BY) else "cost" if alike else "rate"
    found = financing.ordered(priced, by)
    rows = [_offer_row(place, each) for place, each in enumerate(found, 1)]
    notes: list[Words] = [
        (
            ("按总成本从低到高排" if by == "cost" else "按真实年化成本从低到高排") + "，和佣金无关；平台不因排名收钱",
            f"ordered by {'total' if by == 'cost' else 'yearly'} cost; no commission plays a part",
        )
    ]
    if not alike:
        notes.append(
            ("各方案金额或期限不同，总成本不好直接比，看年化", "amounts or terms differ: the yearly cost compares them")
        )
    if guarded["over_indebted"]:
        notes[:0] = [(each["zh"], each["en"]) for each in guarded["plan"]]
    rates = [each.apr_simple for each in priced if each.apr_simple is not None]
    best = min(rates, default=None)
    return ToolPage(
        "financing", ("融资比较器", "Compare offers"),
        Figure(("最便宜的年化成本（单利）", "The cheapest yearly cost (simple)"), f"{best:.2%}" if best is not None else "—"), notes=tuple(notes), rows=tuple(rows),
        picture=Picture(("总成本", "Total cost"), tuple(each.who for each in found), (Curve(("总成本", "Total cost"), tuple(yuan_number(each.cost_minor) for each in found)),)) if priced else None,
        kinds=("loan_offer",), asks=(Ask("by", ("按什么排", "Order by"), by, _BY),) if len(priced) > 1 else (),
        missing=_UNTOLD if priced else ("把收到的方案记下来，就能比真实成本", "record the offers you have"),
    )  # fmt: skip


def _offer_row(place: int, each: financing.Priced) -> Figure:
    """One offer: yearly cost both ways, total, highest month, what late and early payment cost, what is wrong with it."""
    if each.apr_simple is None or each.apr_compound is None:
        told = ("利率或条件算不出来，撤回后重新记", "cannot be worked out: take it back and record it again")
        return Figure((f"{place}. {each.who}", f"{place}. {each.who}"), "—", "warn", told)
    parts = [(f"年化（复利）{each.apr_compound:.2%}", f"compound {each.apr_compound:.2%}"),
             (f"总成本 {yuan(each.cost_minor)}", f"costs {yuan(each.cost_minor)}"),
             (f"每月最多还 {yuan(each.instalment_minor)}", f"up to {yuan(each.instalment_minor)} a month"),
             (f"到手 {yuan(each.received_minor)}", f"{yuan(each.received_minor)} in hand")]  # fmt: skip
    if each.over_lpr is not None and each.rate is not None:
        parts.append(
            (
                f"利率 LPR{each.over_lpr:+f} 个基点 = {each.rate:.2%}",
                f"rate LPR {each.over_lpr:+f} points = {each.rate:.2%}",
            )
        )
    if each.penalty_rate is None:
        parts.append(("逾期罚息没说，要问清", "penalty not told: ask"))
    else:
        high = ("（高于法定倍数，可以不认）", " (above what is allowed)") if each.penalty_unlawful else ("", "")
        parts.append((f"逾期年化 {each.penalty_rate:.2%}{high[0]}", f"late: {each.penalty_rate:.2%} a year{high[1]}"))
    if each.early_fee:
        parts.append(
            (f"提前还清另收 {percent(float(each.early_fee))}", f"paying early costs {percent(float(each.early_fee))}")
        )
    if each.above_cap:
        parts.append(("超过法定上限", "above the legal cap"))
    if each.hard_to_bear:
        parts.append(("现金流偏坏时还不起", "hard to bear in a bad week"))
    bad = each.above_cap or each.hard_to_bear or each.penalty_unlawful
    return Figure(
        (f"{place}. {each.who}", f"{place}. {each.who}"), f"{each.apr_simple:.2%}", "bad" if bad else "good" if place == 1 else "",
        (" · ".join(zh for zh, _ in parts), ", ".join(en for _, en in parts)),
    )  # fmt: skip


def bearable_month(facts: Facts) -> int | None:
    """Fen a month that the careful weeks leave; None where there is no forecast."""
    income, costs = _weeks(facts)
    if len(income) < weekly.LEAST:
        return None
    takings, going = weekly.ahead(income), weekly.ahead(costs)
    known, *_ = _known(facts)
    paths = _paths(takings, going, known, facts.held() / 100)
    return max(0, int(paths[:, 0].min() * 100 / 3))


def health(facts: Facts, asked: Asked) -> ToolPage:
    """The index now, twelve months of it, three next actions; for the over-indebted a plan and no advertisement."""
    del asked
    found = shop_health.assessed(facts)
    months = [add_months(facts.as_of.replace(day=1), -back) - timedelta(days=1) for back in range(_MONTHS - 2, -1, -1)]
    history = [shop_health.assessed(facts.at(day))["index"] if day >= _first(facts) else None for day in months]
    notes: list[Words] = [(each["zh"], each["en"]) for each in found["notes"]]
    if found["guard"]["over_indebted"]:
        notes += [(each["zh"], each["en"]) for each in found["guard"]["plan"]]
    notes.append(
        ("这个分数只给您自己看，不参与任何贷款审批", "this is for you alone and takes no part in any loan decision")
    )
    rows = tuple(
        Figure((part["zh"], part["en"]), part["score"] or "不知道", _tone(part["score"]), ({"books": "来自账本", "told": "您说的", "missing": "没有数据"}[part["source"]], part["source"]))
        for item in found["items"].values() for part in item["parts"].values()
    )  # fmt: skip
    return ToolPage(
        "health", ("财务健康体检", "Financial health"),
        Figure(("健康指数（满分 100）", "Health of 100"), found["index"] or "—", {"healthy": "good", "coping": "warn", "fragile": "bad"}.get(found["level"], ""), (found["level_zh"], found["level_en"])),
        (Figure(("数据齐全程度", "Known"), percent(float(found["confidence"]))),
         *(Figure((f"下一步：{each['zh']}", f"Next: {each['en']}"), f"+{each['gain']}") for each in found["next_actions"])),
        tuple(notes), Picture(("逐月健康指数", "Health by month"), tuple([f"{day:%Y-%m}" for day in months] + ["现在"]),
                              (Curve(("指数", "Index"), tuple(None if value is None else float(value) for value in [*history, found["index"]]), "line"),), ""),
        rows, ("profile", "debt", "insurance"),
    )  # fmt: skip


def _first(facts: Facts) -> date:
    return min([*facts.sales, *facts.costs, *(each.on for each in facts.records)], default=facts.as_of)


def _tone(score: str | None) -> str:
    return "" if score is None else "good" if float(score) >= 75 else "warn" if float(score) >= 50 else "bad"


def scam_check(facts: Facts, asked: Asked) -> ToolPage:
    """Paste what they sent you: red, yellow or green, each sign with what to do."""
    asks = (Ask("text", ("把短信、聊天或合同的话粘贴在这里", "Paste the message or the contract"), asked.get("text", ""), long=True),
            Ask("apr", ("说好的年化利率（可不填）", "The yearly rate they say"), asked.get("apr", "")),
            Ask("phone", ("对方的电话（可不填）", "Their phone number"), asked.get("phone", ""), keys="tel"),
            Ask("licence", ("对方的统一社会信用代码（可不填）", "Their unified credit code"), asked.get("licence", ""), keys="text"))  # fmt: skip
    title = ("防坑核验", "Scam check")
    if not any(asked.get(name) for name in ("text", "apr", "phone", "licence")):
        return ToolPage("scam", title, asks=asks)
    found = scam.look(asked.get("text", ""), scam_signs.signs(facts.as_of))
    colour = scam.colour(found)
    rows = [Figure((each.zh, each.en), "", "bad" if each.colour == "red" else "warn") for each in found]
    named = _doubts_of_numbers(asked)
    rows += named
    colour = "yellow" if named and colour == "green" else colour
    sources: tuple[str, ...] = ()
    if asked.get("apr"):
        cap = rule_table.find("CAP_ALLIN", metric="apr_simple", lender_type="bank", on=facts.as_of)
        sources = (cap.source,)
        if written.share(asked["apr"], "apr") > cap.value:
            colour = "red"
            rows.append(
                Figure(
                    (f"年化超过 {cap.value:.0%}，高于法定上限", f"above the cap of {cap.value:.0%} a year"),
                    asked["apr"],
                    "bad",
                )
            )
    words = {
        "red": ("红灯：不要转账，不要给验证码", "red: pay nothing"),
        "yellow": ("黄灯：先核实再说", "yellow: check first"),
        "green": ("没发现常见骗术，仍要核实机构", "no known sign; check the lender all the same"),
    }[colour]
    return ToolPage(
        "scam", title, Figure(words, {"red": "危险", "yellow": "可疑", "green": "暂无"}[colour], {"red": "bad", "yellow": "warn", "green": "good"}[colour]),
        notes=(("金融投诉 12378，报警 110，反诈专线 96110", "complaints 12378, police 110, anti-fraud 96110"), ("机构有没有牌照，请到金融监管总局网站查", "look the licence up at the regulator's site")),
        rows=tuple(rows), asks=asks, sources=sources,
    )  # fmt: skip


def _doubts_of_numbers(asked: Asked) -> list[Figure]:
    """What a phone number and a credit code tell against those who gave them; nothing told is no proof of honesty."""
    rows = []
    if asked.get("phone"):
        phone = check_phone(asked["phone"])
        if phone.severity == "warn":
            rows.append(
                Figure(
                    (
                        "电话是虚拟运营商号段，正规机构不用它揽客",
                        "a virtual operator's number: lenders do not call from it",
                    ),
                    asked["phone"],
                    "warn",
                )
            )
        elif phone.severity == "ok":
            rows.append(
                Figure(
                    (
                        "电话是个人手机号，请打机构官网上的客服电话核实",
                        "a private mobile: call the number on the lender's own site",
                    ),
                    asked["phone"],
                    "warn",
                )
            )
    if asked.get("licence"):
        code = check_uscc(asked["licence"])
        if code.severity != "ok":
            zh, en = tongues(code.message)
            rows.append(Figure((f"执照号码不对：{zh}", f"the credit code is wrong: {en}"), asked["licence"], "warn"))
    return rows
