"""The shop's tools on the phone: every tool opens on an empty shop and on a full one, records are kept once, refused ones stay typed."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from icalendar import Calendar

from puhui.merchant import book_queries, operations, tool_facts, tool_list
from puhui.merchant.operations import EntryDraft, tool_records
from puhui.merchant.operations.tool_records import Told
from puhui.simulate.owners import invented_owner
from puhui.web import clock
from puhui.web.phone.books import today_in_china

pytestmark = pytest.mark.django_db
ME, OTHER = invented_owner("TOOL1", seed=3), invented_owner("TOOL2", seed=3)
NAMES = [tool.name for tool in tool_list.TOOLS]


def owner(phone: str) -> Client:
    client = Client()
    client.get("/m/login/")
    session = client.session
    session["owner_phone"] = phone
    session.save()
    return client


@pytest.fixture
def opened() -> tuple[Client, str]:
    client = owner(ME.phone)
    said = {"name": ME.name, "id_number": ME.id_number, "shop_name": "虚构·小店", "opening_cash": "5000"}
    answer = client.post("/m/books/open/", said)
    return client, answer["Location"].rstrip("/").split("/")[-1]


@pytest.fixture
def full(opened: tuple[Client, str]) -> tuple[Client, str]:
    """A made-up shop with half a year of books and a record of every kind."""
    client, shop = opened
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
    return client, shop


def _records(today: date) -> list[tuple[str, date, dict[str, Any]]]:
    ago = lambda days: today - timedelta(days=days)  # noqa: E731 - reads as a word in the table below
    later = lambda days: (today + timedelta(days=days)).isoformat()  # noqa: E731
    sold = [("stock_out", ago(back), {"name": "矿泉水", "quantity": 3 + back % 4}) for back in range(40, 0, -1)]
    return [
        ("profile", ago(50), {"entity": "sole_trader", "place": "city", "trade": "retail", "annual_report": "yes", "abnormal": "no", "reserve": "5000"}),
        ("item", ago(50), {"name": "矿泉水", "unit": "瓶", "price": "2", "pack": 24, "lead_days": 3}),
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
    ]  # fmt: skip


class TestEveryTool:
    def test_opens_on_an_empty_shop(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        for name in NAMES:
            assert client.get(f"/m/books/{shop}/tools/{name}/").status_code == 200, name

    def test_opens_on_a_full_shop_and_in_english(self, full: tuple[Client, str]) -> None:
        client, shop = full
        for tongue in ("zh-hans", "en"):
            client.cookies["django_language"] = tongue
            for name in NAMES:
                answer = client.get(f"/m/books/{shop}/tools/{name}/")
                assert answer.status_code == 200, name
                assert "missing" not in answer.context["page"].missing, name
            assert client.get(f"/m/books/{shop}/tools/").status_code == 200

    def test_says_what_the_records_say(self, full: tuple[Client, str]) -> None:
        client, shop = full
        page = {name: client.get(f"/m/books/{shop}/tools/{name}/").context["page"] for name in NAMES}
        assert page["receivables"].headline.text == "¥400.00"
        assert page["payables"].headline.text == "¥1,500.00"
        assert page["stock"].headline.text == "¥9.00"
        assert [row.name[0] for row in page["financing"].rows] == ["1. 甲", "2. 乙"]  # 12 % level beats 13.8 % flat
        assert page["financing"].rows[1].tone == "bad"  # the flat offer passes the cap of 24 %
        assert page["replenish"].rows[0].tone == "bad"
        assert page["farm"].rows[0].text == "¥1,321.67"
        assert len(page["forecast"].picture.labels) == 13
        assert page["health"].headline.text != "—"

    def test_is_for_its_owner_only(self, full: tuple[Client, str]) -> None:
        _client, shop = full
        for path in ("", "stock/", "calendar.ics"):
            assert owner(OTHER.phone).get(f"/m/books/{shop}/tools/{path}").status_code == 404

    def test_that_does_not_exist_is_not_found(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        assert client.get(f"/m/books/{shop}/tools/nothing/").status_code == 404


class TestARecord:
    def test_is_kept_once_and_taken_back(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        said = {"kind": "credit_sale", "client_id": "c1", "who": "老王", "amount": "300", "due_on": "2099-01-01"}
        for _again in range(2):
            assert client.post(f"/m/books/{shop}/tools/receivables/", said).status_code == 302
        assert book_queries.trial_balance(shop)["receivable"] == 30_000
        made = tool_facts.records(shop)[0].id
        assert client.post(f"/m/books/{shop}/tools/receivables/{made}/back/").status_code == 302
        assert "receivable" not in book_queries.trial_balance(shop)

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ({"kind": "stock_out", "name": "烟", "quantity": "1"}, "库存只有 0"),
            ({"kind": "stock_count", "name": "烟", "counted": "-1"}, "不能小于 0"),
            (
                {"kind": "stock_in", "name": "烟", "quantity": "1", "unit_cost": "5", "told_on": "2099-01-01"},
                "日期在将来",
            ),
            ({"kind": "stock_in", "name": "烟", "quantity": "x", "unit_cost": "5"}, "不是数字"),
            ({"kind": "stock_in", "name": "烟", "quantity": "1", "unit_cost": "5", "told_on": "soon"}, "日期写成"),
        ],
    )
    def test_that_is_refused_is_told_in_words_and_stays_typed(
        self, opened: tuple[Client, str], said: dict[str, str], told: str
    ) -> None:
        client, shop = opened
        answer = client.post(f"/m/books/{shop}/tools/stock/", said)
        assert answer.status_code == 422
        assert told in answer.content.decode()
        assert tool_facts.records(shop) == []


class TestCalculators:
    def test_price_from_a_cost(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        answer = client.get(f"/m/books/{shop}/tools/pricing/", {"cost": "6", "margin": "30%", "fee": "10%"})
        assert answer.context["page"].headline.text == "¥10.00"
        assert client.get(f"/m/books/{shop}/tools/pricing/", {"cost": "six"}).status_code == 422

    def test_see_a_scam(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        told = {"text": "放款前先交 2000 元保证金，内部渠道", "apr": "36%"}
        page = client.get(f"/m/books/{shop}/tools/scam/", told).context["page"]
        assert (page.headline.text, len(page.rows)) == ("危险", 3)


class TestTheFilingCalendar:
    def test_is_a_calendar_with_alarms(self, full: tuple[Client, str]) -> None:
        client, shop = full
        answer = client.get(f"/m/books/{shop}/tools/calendar.ics")
        book = Calendar.from_ical(answer.content)
        events = book.walk("VEVENT")
        assert len(events) >= 20
        assert len(book.walk("VALARM")) == len(events)
