"""The shop's tools on the phone: every tool opens on an empty shop and on a full one, records are kept once, refused ones stay typed."""

import pytest
from django.test import Client
from icalendar import Calendar

from puhui.merchant import book_queries, operations, tool_facts, tool_list
from puhui.merchant.operations import EntryDraft
from puhui.simulate.owners import invented_owner
from puhui.web import clock
from tests import filled_shop
from tests.web.logged_in import owner

pytestmark = pytest.mark.django_db
ME, OTHER = invented_owner("TOOL1", seed=3), invented_owner("TOOL2", seed=3)
NAMES = [tool.name for tool in tool_list.TOOLS]


@pytest.fixture
def opened() -> tuple[Client, str]:
    client = owner(ME.phone)
    said = {"name": ME.name, "id_number": ME.id_number, "shop_name": "虚构·小店", "opening_cash": "5000"}
    answer = client.post("/m/books/open/", said)
    return client, answer["Location"].rstrip("/").split("/")[-1]


@pytest.fixture
def full(opened: tuple[Client, str]) -> tuple[Client, str]:
    filled_shop.fill(opened[1])
    return opened


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


class TestAShopWithoutCosts:
    def test_is_forecast_all_the_same(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        filled_shop.sell_only(shop)
        page = client.get(f"/m/books/{shop}/tools/forecast/").context["page"]
        assert (page.missing[0], page.headline.tone, len(page.picture.labels)) == ("", "good", 13)


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

    def test_what_leaving_a_lease_costs(self, full: tuple[Client, str]) -> None:
        client, shop = full
        place = f"/m/books/{shop}/tools/rent/"
        assert client.get(place).context["page"].figures[-1].text == "—"
        asked = {"penalty": "0.5", "deposit": "1000"}
        assert client.get(place, asked).context["page"].figures[-1].text == "¥3,000.00"

    def test_the_board_tells_refunds_and_the_busiest_hour(self, full: tuple[Client, str]) -> None:
        client, shop = full
        day = filled_shop.today()
        sold = sum(minor for on, minor in tool_facts.Facts(shop, day).sales.items() if (day - on).days < 30)
        back = EntryDraft("back", day, sold // 10, "sales", "wechat", "退货")
        operations.record_entries(shop, [back], today=day, now=clock.now())
        figures = {
            each.name[1]: each.text for each in client.get(f"/m/books/{shop}/tools/board/").context["page"].figures
        }
        assert figures["Refunded in 30 days"] == "10.0%"
        assert figures["Busiest hour of four weeks"] == "—"  # what was typed carries no time

    def test_see_a_scam(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        told = {"text": "放款前先交 2000 元保证金，内部渠道", "apr": "36%"}
        page = client.get(f"/m/books/{shop}/tools/scam/", told).context["page"]
        assert (page.headline.text, len(page.rows)) == ("危险", 3)


class TestStrangeQuestions:
    def test_are_answered_or_refused_and_never_a_fault(self, full: tuple[Client, str]) -> None:
        client, shop = full
        asks = {"margin": ("fixed",), "pricing": ("cost", "margin", "fee", "delivery", "coupon", "rival"), "payroll": ("city",),
                "rota": ("per_person",), "rent": ("basket", "buying", "penalty", "deposit"), "scam": ("text", "apr")}  # fmt: skip
        for text in ("", "x", "-1", "1e9", "200%", "\x00", "ｘ" * 3000, "9" * 40, "NaN"):
            for tool, names in asks.items():
                for name in names:
                    asked = {"cost": "6"} | {name: text}
                    assert client.get(f"/m/books/{shop}/tools/{tool}/", asked).status_code in (200, 422), (tool, name)


class TestTheFilingCalendar:
    def test_is_a_calendar_with_alarms(self, full: tuple[Client, str]) -> None:
        client, shop = full
        answer = client.get(f"/m/books/{shop}/tools/calendar.ics")
        book = Calendar.from_ical(answer.content)
        events = book.walk("VEVENT")
        assert len(events) >= 20
        assert len(book.walk("VALARM")) == len(events)


class TestAnOverIndebtedShop:
    def test_is_offered_a_plan_and_no_advertisement(self, full: tuple[Client, str]) -> None:
        client, shop = full
        assert "开始申请" in client.get("/m/").content.decode()
        today = filled_shop.today()
        for number in range(6):
            said = {"kind": "debt", "client_id": f"d{number}", "who": f"放款人{number}", "owed": "90000", "instalment": "9000",
                    "apr": "36%", "ends_on": str(today)}  # fmt: skip
            assert client.post(f"/m/books/{shop}/tools/health/", said).status_code == 302
        said = {"kind": "profile", "client_id": "p", "entity": "sole_trader", "place": "city", "trade": "retail",
                "annual_report": "no", "abnormal": "yes", "reserve": "0"}  # fmt: skip
        client.post(f"/m/books/{shop}/tools/health/", said)
        page = client.get(f"/m/books/{shop}/tools/health/").context["page"]
        filled_shop.spend(shop)
        home = client.get("/m/").content.decode()
        assert "先把现有的债理顺" in home, page.headline
        assert "开始申请" not in home
