"""Pages about goods: stock, stock-take, replenishment, gross margin and break-even, prices."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import numpy as np

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import rule_files
from puhui.merchant.core import margin, reorder, written
from puhui.merchant.core.stock import Shelf
from puhui.merchant.core.tool_records import Record
from puhui.merchant.outlook import lead_time
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

_SOON, _LEAD, _LOOK_BACK, _PICTURED, _SHELVES, _TAKES, _ISSUED = 30, 3, 90, 12, 8, 12, Decimal("0.9")
_SURE: tuple[tuple[str, Words], ...] = tuple(
    (value, (f"{Decimal(value):.0%}",) * 2) for value in ("0.8", "0.9", "0.95", "0.99")
)


def stock(facts: Facts, asked: Asked) -> ToolPage:
    """What lies on the shelves, at moving average cost; what expires soon."""
    del asked
    rows, soon = [], []
    by_worth = sorted(facts.shelves.items(), key=lambda pair: -pair[1].worth_minor)
    pictured = [(name, shelf.worth_minor) for name, shelf in by_worth[:_SHELVES] if shelf.worth_minor]
    for name, shelf in by_worth:
        rows.append(
            Figure(
                (name, name),
                f"{shelf.quantity.normalize():f}",
                told=(f"均价 {yuan(shelf.average_minor)}", f"average cost {yuan(shelf.average_minor)}"),
            )
        )
        for expires, left in shelf.batches:
            if expires and expires <= facts.as_of + timedelta(days=_SOON):
                soon.append(
                    (
                        f"{name} {left.normalize():f} 件 {expires} 到期，先卖",
                        f"{name}: {left.normalize():f} expire on {expires}",
                    )
                )
    worth = sum(shelf.worth_minor for shelf in facts.shelves.values())
    sold = sum(shelf.sold_cost_minor for shelf in facts.shelves.values())
    return ToolPage(
        "stock", ("进销存", "Stock"), Figure(("现在的存货值", "Stock at cost"), yuan(worth)),
        (Figure(("已卖出的成本", "Cost of what was sold"), yuan(sold)),), tuple(soon), rows=tuple(rows),
        picture=Picture(("钱压在哪些货上", "Money in goods"), tuple(name for name, _ in pictured), (Curve(("存货值", "At cost"), tuple(yuan_number(minor) for _, minor in pictured)),)) if pictured else None,
        kinds=("stock_in", "stock_out", "item"), missing=("" if rows else "先记一笔进货入库", "" if rows else "record goods in first"),
    )  # fmt: skip


def stock_take(facts: Facts, asked: Asked) -> ToolPage:
    """Counted against the book: what is missing, in pieces and yuan."""
    del asked
    shrink = sum(shelf.shrink_minor for shelf in facts.shelves.values())
    handled = sum((shelf.sold_quantity + shelf.quantity for shelf in facts.shelves.values()), Decimal(0))
    lost = sum((shelf.shrink_quantity for shelf in facts.shelves.values()), Decimal(0))
    rows = tuple(
        Figure((name, name), yuan(abs(shelf.shrink_minor)), "bad" if shelf.shrink_quantity > 0 else "",
               (f"一共{'少' if shelf.shrink_quantity > 0 else '多'}了 {abs(shelf.shrink_quantity).normalize():f}", f"{abs(shelf.shrink_quantity).normalize():f} {'missing' if shelf.shrink_quantity > 0 else 'more'} in all"))
        for name, shelf in facts.shelves.items() if shelf.shrink_quantity
    )  # fmt: skip
    rate = percent(float(lost / handled)) if handled else "—"
    return ToolPage(
        "stock_take", ("盘点", "Stock-take"), Figure(("盘点亏损合计", "Missing in all"), yuan(shrink), "bad" if shrink > 0 else ""),
        (Figure(("损耗率", "Shrinkage"), rate),), rows=rows, sections=_takes(facts), kinds=("stock_count", "item"),
        notes=(("扫码枪：先点一下“条码”，扫一下就跳到数量；条码先在“商品”里和品名记在一起", "a scanner: tap the barcode field, scan, type the count; record each barcode with its name under Goods first"),
               ("照片一存就记下指纹，以后谁也改不了；给机构看“存货和盘点”时，只给指纹不给照片", "a photo is kept under its fingerprint and cannot be changed; lenders whom you let see stock are shown the fingerprint, not the photo")),
        missing=("" if facts.shelves else "先记进货，再盘点", "" if facts.shelves else "record goods in first"),
    )  # fmt: skip


def _takes(facts: Facts) -> tuple[Section, ...]:
    """The newest counts with their photos' fingerprints, worked out anew."""
    rows = []
    for take in facts.stock_takes(_TAKES):
        gone = take.missing
        zh, en = ("和账上一样", "as booked") if not gone else (f"比账上少 {gone.normalize():f}", f"{gone.normalize():f} missing") if gone > 0 else (f"比账上多 {-gone.normalize():f}", f"{-gone.normalize():f} more")  # fmt: skip
        proof, proof_en = ("没有照片", "no photo")
        if take.photos:
            prints = "、".join(photo.sha256[:12] for photo in take.photos)
            state = ("没有改动", "unchanged") if take.proven else ("和原来的对不上！", "changed!")
            proof, proof_en = f"照片指纹 {prints}，{state[0]}", f"photo {prints}, {state[1]}"
        counted = take.record.number("counted").normalize()
        tone = "bad" if take.photos and not take.proven else "warn" if gone > 0 else ""
        rows.append(Figure((take.record.text("name"),) * 2, f"{counted:f}", tone, (f"{take.record.on} · {zh} · {proof}", f"{take.record.on}, {en}, {proof_en}")))  # fmt: skip
    return (Section(("最近的盘点", "Latest counts"), tuple(rows)),) if rows else ()


def replenish(facts: Facts, asked: Asked) -> ToolPage:
    """What to order today: stock against the demand until delivery by the item's own history; how much by what an order and holding cost."""
    lines = {row["name"]: Decimal(row["value"]) for row in rule_files.in_force("tool_lines", on=facts.as_of)}
    service = written.share(asked["service"], "service") if asked.get("service") else lines["service"]
    if not Decimal("0.5") <= service < 1:
        raise Refused(
            Refusal("SERVICE_OUT_OF_RANGE", "把握在 50% 到 99.9% 之间 · between 50 % and 99.9 %", where="service")
        )
    sold: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for each in facts.of("stock_out"):
        sold[each.text("name")][(facts.as_of - each.on).days] += float(each.number("quantity"))
    items = {each.text("name"): each for each in facts.newest("item", "name")}
    advice = []
    for name, days in sold.items():
        span = min(max(days) + 1, _LOOK_BACK * 3)
        history = np.array([days.get(back, 0.0) for back in range(span - 1, -1, -1)])
        advice.append(_advice(name, facts.shelves[name], history, items.get(name), service, lines))
    advice.sort(key=lambda each: (each.row.tone != "bad", each.row.name[0]))
    short = sum(each.row.tone == "bad" for each in advice)
    shown = advice[:_PICTURED]
    asks = (
        Ask(
            "service",
            ("要有几成把握够卖", "How sure to have enough"),
            f"{service.normalize():f}",
            _SURE if f"{service.normalize():f}" in dict(_SURE) else (),
        ),
    )
    return ToolPage(
        "replenish", ("智能补货", "Replenishment"),
        Figure(("今天该补的商品", "To order today"), str(short), "warn" if short else "good"), rows=tuple(each.row for each in advice),
        notes=((f"补货点：到货前{percent(service)}的情况够卖；记了每次进货的路费，就按一年花费最少的批量订，但不超过 {lines['order_days_most']:f} 天的销量",
                f"the reorder point suffices {percent(service)} of the time until delivery; with the cost of an order recorded, the quantity costs least over a year, and is never more than {lines['order_days_most']:f} days' sales"),),
        kinds=("stock_out", "item"), asks=asks if advice else (),
        picture=Picture(("库存和补货点", "Stock and reorder point"), tuple(each.row.name[0] for each in shown), (
            Curve(("库存", "Stock"), tuple(float(each.there) for each in shown)), Curve(("补货点", "Reorder point"), tuple(float(each.point) for each in shown)),
        ), "") if shown else None,
        missing=("" if advice else "记几天卖出，就能算补货", "" if advice else "record a few days of goods out first"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Advice:
    """One item: its row, what is there and where the reorder point lies."""

    row: Figure
    there: Decimal
    point: Decimal


def _advice(
    name: str, shelf: Shelf, history: np.ndarray, item: Record | None, service: Decimal, lines: Mapping[str, Decimal]
) -> _Advice:
    there, lead = shelf.quantity, max(int(item.body.get("lead_days") or _LEAD) if item else _LEAD, 1)
    point, likely, how = _point(history, lead, service)
    if there > point:
        told = (f"库存 {there.normalize():f}，补货点 {point:f}", f"{there.normalize():f} there, reorder at {point:f}")
        return _Advice(Figure((name, name), "够卖" if there else "—", "good", told), there, point)
    economic = _economic(history, shelf, item, lines["holding_share"])
    most = Decimal(str(_usual(history))) * lines["order_days_most"]
    needed = max(point + likely - there, Decimal(0)).quantize(Decimal("0.1"))
    found = reorder.order(needed, economic and min(economic, most), item.number("pack") if item else Decimal(0))
    told = (f"库存 {there.normalize():f}，{lead} 天内最多约卖 {point:f}（{how[0]}）", f"{there.normalize():f} there, up to {point:f} in {lead} days ({how[1]})")  # fmt: skip
    if economic is not None:
        told = (
            f"{told[0]}；最省钱的批量 {economic.normalize():f}",
            f"{told[1]}; economic order {economic.normalize():f}",
        )
    return _Advice(Figure((name, name), f"订 {found.quantity.normalize():f}", "bad", told), there, point)


def _point(history: np.ndarray, lead: int, service: Decimal) -> tuple[Decimal, Decimal, Words]:
    """(reorder point, likely demand until delivery, how): by the item's own misses where there are days enough, else by mean and spread."""
    z = lead_time.quantile(service)
    if len(history) >= lead_time.LEAST:
        _, middle, high = lead_time.ahead(history, lead)
        likely, most = Decimal(str(round(float(middle), 1))), Decimal(str(round(float(high), 1)))
        wider = z / lead_time.quantile(_ISSUED)  # the issued band is p90; its distance from the middle grows with z
        return (likely + (most - likely) * wider).quantize(Decimal("0.1")), likely, ("按自己的销售规律", "by its own history")  # fmt: skip
    mean, spread = Decimal(str(history.mean())), Decimal(str(history.std()))
    return reorder.reorder_point(mean, spread, lead_days=lead, service=z), mean * lead, ("数据还少，按平均值", "few days yet: by the mean")  # fmt: skip


def _economic(history: np.ndarray, shelf: Shelf, item: Record | None, usual_holding: Decimal) -> Decimal | None:
    """Wilson's quantity √(2DS ÷ H) from the last 90 days' sales; None where the cost of an order or the goods' cost is not told."""
    cost = item.minor("order_cost") if item else 0
    if item is None or not cost:
        return None
    sold_at = Decimal(shelf.sold_cost_minor) / shelf.sold_quantity if shelf.sold_quantity else Decimal(0)
    holding = (shelf.cost_minor / shelf.quantity if shelf.quantity else sold_at) * (
        item.number("holding") or usual_holding
    )
    if holding <= 0:
        return None
    return reorder.economic_order(
        Decimal(str(_usual(history))) * 365, order_cost_minor=cost, holding_cost_minor=holding
    )


def _usual(history: np.ndarray) -> float:
    """What sells a day, the mean of the last 90 days."""
    return float(history[-_LOOK_BACK:].mean())


def gross_margin(facts: Facts, asked: Asked) -> ToolPage:
    """What is left of a yuan, and the sales that cover a month's fixed costs."""
    sales, goods = facts.gross_share()
    fixed = written.amount(asked["fixed"], "fixed") if asked.get("fixed") else facts.fixed_month()
    asks = (Ask("fixed", ("每月固定开支（元）", "Fixed costs a month (yuan)"), f"{fixed / 100:.2f}"),
            Ask("price", ("算一件货：卖多少（元）", "One item: price (yuan)"), asked.get("price", "")),
            Ask("cost", ("这件货进价（元）", "Its cost (yuan)"), asked.get("cost", "")))  # fmt: skip
    item = _one_item(asked, fixed)
    if sales <= 0:
        return ToolPage(
            "margin",
            ("毛利与保本点", "Margin and break-even"),
            figures=item,
            asks=asks,
            missing=("账本里还没有卖货收入", "no sales in the books yet") if not item else ("", ""),
        )
    found = margin.break_even(price_minor=sales, cost_minor=goods, fixed_minor=fixed)
    days = margin.days_to_break_even(found.amount_minor, sales // 90) if found.amount_minor else None
    up = margin.break_even(price_minor=sales * 11 // 10, cost_minor=goods, fixed_minor=fixed)
    figures = [Figure(("近 90 天卖货", "Sales of 90 days"), yuan(sales)), Figure(("近 90 天进货", "Goods bought"), yuan(goods)),
               Figure(("每月固定开支", "Fixed costs a month"), yuan(fixed))]  # fmt: skip
    if found.amount_minor is not None:
        figures.append(Figure(("每月要卖多少才保本", "Sales a month to break even"), yuan(found.amount_minor)))
        figures.append(
            Figure(
                ("大约第几天保本", "Days to break even"),
                f"{days}" if days is not None else "—",
                "bad" if days is None or days > 30 else "good",
            )
        )
    if up.amount_minor is not None:
        figures.append(Figure(("如果涨价 10%，每月保本", "With prices 10 % up"), yuan(up.amount_minor)))
    return ToolPage(
        "margin", ("毛利与保本点", "Margin and break-even"),
        Figure(("每卖 100 元剩下", "Left of 100 yuan"), f"¥{found.gross_share * 100:.2f}", "bad" if found.units is None else ""),
        (*item, *figures), (("按账本里的卖货和进货算，存货变化未计入", "by sales and purchases of the books; changes of stock are not counted"),), asks=asks,
        picture=_months_picture(facts),
    )  # fmt: skip


def _one_item(asked: Asked, fixed_minor: int) -> tuple[Figure, ...]:
    """One item's margin and how many of it cover a month's fixed costs; nothing where its price and cost are not asked about."""
    if not (asked.get("price") and asked.get("cost")):
        return ()
    price, cost = written.amount(asked["price"], "price"), written.amount(asked["cost"], "cost")
    found, up = (
        margin.break_even(price_minor=each, cost_minor=cost, fixed_minor=fixed_minor)
        for each in (price, price * 11 // 10)
    )
    return (
        Figure(
            ("这件货的毛利率", "Margin of this item"),
            percent(float(found.gross_share)),
            "bad" if found.units is None else "",
        ),
        Figure(
            ("每月卖几件才保本", "Items a month to break even"), str(found.units) if found.units is not None else "—"
        ),
        Figure(("涨价 10% 只要卖", "With its price 10 % up"), str(up.units) if up.units is not None else "—"),
    )


def _months_picture(facts: Facts) -> Picture:
    months: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for place, days in enumerate((facts.sales, facts.costs)):
        for day, minor in days.items():
            months[f"{day:%Y-%m}"][place] += minor
    labels = tuple(sorted(months))[-12:]
    shown = tuple(label[2:] for label in labels)
    return Picture(("每月收入与成本", "Income and costs a month"), shown, tuple(
        Curve(name, tuple(yuan_number(months[label][place]) for label in labels))
        for place, name in enumerate((("收入", "Income"), ("成本", "Costs")))
    ))  # fmt: skip


def pricing(facts: Facts, asked: Asked) -> ToolPage:
    """A price from its cost, and what a platform's order leaves."""
    del facts
    asks = (
        Ask("cost", ("成本（元）", "Cost (yuan)"), asked.get("cost", "")),
        Ask("margin", ("想要的毛利率", "Wanted margin"), asked.get("margin", "30%")),
        Ask("fee", ("平台扣点", "Platform's take"), asked.get("fee", "0%")),
        Ask("delivery", ("每单配送（元）", "Delivery an order"), asked.get("delivery", "0")),
        Ask("coupon", ("每单优惠（元）", "Coupon an order"), asked.get("coupon", "0")),
        Ask("rival", ("对手卖多少（元）", "A rival's price"), asked.get("rival", "")),
    )
    title = ("定价计算器", "Prices")
    if not asked.get("cost"):
        return ToolPage("pricing", title, asks=asks)
    cost, fee = written.amount(asked["cost"], "cost"), written.share(asked.get("fee") or "0", "fee")
    price = margin.price_for(cost, margin=written.share(asked.get("margin") or "30%", "margin"), fee=fee)
    sold_at = written.amount(asked["rival"], "rival") if asked.get("rival") else price
    net = margin.platform_net(sold_at, take=fee, delivery_minor=written.amount(asked.get("delivery") or "0", "delivery"),
                              coupon_minor=written.amount(asked.get("coupon") or "0", "coupon"))  # fmt: skip
    return ToolPage("pricing", title, Figure(("建议售价", "Price"), yuan(price)), (
        Figure(("好看的价", "A charming price"), yuan(margin.charming(price))),
        Figure((f"卖 {yuan(sold_at)} 一单到手", f"An order at {yuan(sold_at)} leaves"), yuan(net)),
        Figure(("扣掉成本后赚", "After the cost"), yuan(net - cost), "bad" if net < cost else "good"),
    ), asks=asks)  # fmt: skip
