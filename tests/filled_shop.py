"""A made-up shop with half a year of books and a record of every kind, for tests of the tools' pages; all of it is simulated."""

from datetime import date, timedelta
from typing import Any

from puhui.merchant import operations
from puhui.merchant.operations import EntryDraft, tool_records
from puhui.merchant.operations.tool_records import Told
from puhui.web import clock
from puhui.web.phone.books import today_in_china


def fill(shop: str) -> None:
    """Sales that swing by the week, goods, rent, the owner's household; then the records."""
    now = clock.now()
    today = today_in_china(now)
    drafts = []
    for back in range(180, -1, -1):
        day = today - timedelta(days=back)
        sold = 60_000 + (back * 7919) % 20_000 + 15_000 * (day.weekday() >= 5)
        drafts.append(EntryDraft(f"s{back}", day, sold, "wechat", "sales", "卖货"))
        drafts.append(EntryDraft(f"g{back}", day, sold * 6 // 10, "goods", "wechat", "进货"))
        if day.day == 1:
            drafts.append(EntryDraft(f"r{back}", day, 400_000, "rent", "cash", "房租"))
            drafts.append(EntryDraft(f"o{back}", day, 300_000, "owner_out", "wechat", "家用"))
    operations.record_entries(shop, drafts, today=today, now=now)
    for number, (kind, on, fields) in enumerate(_records(today)):
        tool_records.record(shop, Told(kind, on, fields, f"full/{number}"), today=today, now=now)


def today() -> date:
    """The day in China."""
    return today_in_china(clock.now())


def spend(shop: str) -> None:
    """Take the shop's money out, so that its days of cash and its surplus are bad: half a year of costs above sales."""
    now = clock.now()
    drafts = [
        EntryDraft(f"x{back}", today() - timedelta(days=back), 25_000, "other_cost", "wechat", "杂费")
        for back in range(181)
    ]
    operations.record_entries(shop, drafts, today=today(), now=now)


def sell_only(shop: str) -> None:
    """Ten weeks of sales and no cost at all."""
    now = clock.now()
    drafts = [
        EntryDraft(f"only{back}", today() - timedelta(days=back), 50_000, "wechat", "sales", "卖货")
        for back in range(70)
    ]
    operations.record_entries(shop, drafts, today=today(), now=now)


def _records(today: date) -> list[tuple[str, date, dict[str, Any]]]:
    ago = lambda days: today - timedelta(days=days)  # noqa: E731 - reads as a word in the table below
    later = lambda days: (today + timedelta(days=days)).isoformat()  # noqa: E731
    sold = [("stock_out", ago(back), {"name": "矿泉水", "quantity": 3 + back % 4}) for back in range(40, 0, -1)]
    return [
        ("profile", ago(50), {"entity": "sole_trader", "place": "city", "trade": "retail", "annual_report": "yes", "abnormal": "no", "reserve": "5000"}),
        ("item", ago(50), {"name": "矿泉水", "unit": "瓶", "price": "2", "pack": 24, "lead_days": 3, "order_cost": "30"}),
        ("stock_in", ago(50), {"name": "矿泉水", "quantity": 200, "unit_cost": "0.9", "expires_on": later(10)}),
        *sold,
        ("stock_count", today, {"name": "矿泉水", "counted": 10}),
        ("credit_sale", ago(60), {"who": "老王", "amount": "300", "due_on": ago(30).isoformat()}),
        ("credit_sale", ago(40), {"who": "李姐", "amount": "200", "due_on": later(2)}),
        ("credit_paid", ago(35), {"who": "老王", "amount": "100"}),
        ("bill", ago(5), {"who": "批发部", "amount": "2000", "due_on": later(25), "discount": "2%", "discount_until": later(5)}),
        ("bill_paid", ago(1), {"who": "批发部", "amount": "500"}),
        ("visit", ago(9), {"who": "小李", "amount": "30"}),
        ("visit", ago(2), {"who": "小李", "amount": "40"}),
        ("member_consent", ago(9), {"who": "小李", "how": "said"}),
        ("topup", ago(9), {"who": "小李", "amount": "500"}),
        ("topup_used", ago(2), {"who": "小李", "amount": "120"}),
        ("channel", ago(60), {"channel": "wechat", "fee_rate": "0.6%", "days": 1, "working": "no"}),
        ("campaign", ago(10), {"name": "周末半价", "starts_on": ago(9).isoformat(), "ends_on": ago(8).isoformat(), "cost": "200"}),
        ("paper", ago(9), {"name": "营业执照", "what": "licence", "expires_on": later(20)}),
        ("insurance", ago(9), {"what": "property", "expires_on": later(200)}),
        ("staff", ago(9), {"who": "小张", "base": "4500", "insured_base": "4500"}),
        ("lease", ago(9), {"name": "门店", "rent": "4000", "ends_on": later(300)}),
        ("debt", ago(9), {"who": "某银行", "owed": "50000", "instalment": "4500", "apr": "12%", "ends_on": later(365)}),
        ("planned", ago(1), {"name": "年货", "way": "out", "amount": "8000", "on": later(30)}),
        ("loan_offer", ago(1), {"who": "甲", "principal": "100000", "way": "equal_instalment", "rate": "12%", "periods": 12}),
        ("loan_offer", ago(1), {"who": "乙", "principal": "100000", "way": "flat", "rate": "13.8%", "periods": 12}),
        ("plot", ago(1), {"name": "东坡", "crop": "水稻", "area": 12, "yield_kg": 500, "price": "2.8", "insured": "400"}),
        ("farm_cost", ago(1), {"name": "东坡", "what": "seed", "amount": "960"}),
        ("harvest", ago(1), {"name": "东坡", "kg": 100, "amount": "300"}),
        ("spray_done", ago(3), {"name": "东坡", "what": "pest", "product": "吡虫啉", "interval_days": 1, "dose": "20 克"}),
        ("spray_plan", ago(1), {"name": "东坡", "what": "fertiliser", "product": "尿素", "planned_on": later(6)}),
        ("crop_loss", ago(1), {"name": "东坡", "cause": "hail", "area": 3, "loss": "60%"}),
    ]  # fmt: skip
