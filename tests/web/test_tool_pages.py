"""The shop's tools on the phone: every tool opens on an empty shop and on a full one, records are kept once, refused ones stay typed."""

import base64
import io
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from icalendar import Calendar
from pypdf import PdfReader

from puhui.funding import operations as funding
from puhui.funding import queries as funding_queries
from puhui.kernel.money import parse_yuan
from puhui.kernel.refusal import Refused
from puhui.merchant import book_queries, operations, tool_facts, tool_list
from puhui.merchant.core.settlement import Terms
from puhui.merchant.operations import EntryDraft, Paper, tool_records
from puhui.merchant.operations.tool_records import Told
from puhui.merchant.tools import customers, payouts
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
        assert (page["replenish"].rows[0].tone, page["replenish"].rows[0].text) == (
            "bad",
            "订 264",
        )  # 730.9 is beyond 60 days of 4.39
        assert page["members"].figures[-1].text == "¥380.00"
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
        answer = client.get(f"/m/books/{shop}/tools/scam/", told)
        assert 'name="licence" value="" inputmode="text"' in answer.content.decode()  # letters can be typed
        page = answer.context["page"]
        assert (page.headline.text, len(page.rows)) == ("危险", 3)
        for asked, colour, doubts in (
            ({"phone": "17012345678"}, "可疑", 1),
            ({"phone": "95588", "licence": "91350200MA2YJ1XR9G"}, "暂无", 0),
            ({"licence": "91350200MA2YJ1XR9X"}, "可疑", 1),
        ):
            page = client.get(f"/m/books/{shop}/tools/scam/", asked).context["page"]
            assert (page.headline.text, len(page.rows)) == (colour, doubts)


class TestPayouts:
    def test_lumps_of_a_channel_beside_what_the_bank_got(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        day = filled_shop.today()
        ago = lambda days: day - timedelta(days=days)  # noqa: E731 - reads as a word in the rows below
        told = {"channel": "wechat", "fee_rate": "0.6%", "days": 1, "working": "no"}
        tool_records.record(shop, Told("channel", ago(30), told, "c"), today=day, now=clock.now())
        drafts = [
            EntryDraft("a", ago(12), 30_000, "wechat", "sales", "卖货"),  # nothing of it came: 298.20 after the fee
            EntryDraft("b", ago(10), 100_000, "wechat", "sales", "卖货"),
            EntryDraft("c", ago(10), 5_000, "sales", "wechat", "退货"),
            EntryDraft("d", ago(10), 670, "fees", "wechat", "手续费"),  # 5.70 were agreed
            EntryDraft("e", ago(9), 94_330, "bank:icbc", "wechat", "提现"),
            EntryDraft("f", ago(5), 50_000, "wechat", "sales", "卖货"),
            EntryDraft(
                "g", ago(4), 49_000, "bank:icbc", "sales", "结算", "财付通支付科技"
            ),  # 497.00 were due, and it counts as sales too
            EntryDraft("h", ago(0), 20_000, "wechat", "sales", "卖货"),
        ]
        operations.record_entries(shop, drafts, today=day, now=clock.now())
        page = client.get(f"/m/books/{shop}/tools/payouts/").context["page"]
        assert page.headline.text == "¥298.20"
        assert [each.text for each in page.figures] == ["¥1,950.00", "¥12.70", "¥1.00", "-¥7.00", "¥198.80"]
        assert [(row.text, row.tone) for row in page.rows] == [
            ("¥298.20", "bad"), ("¥497.00", "warn"), ("¥198.80", ""), ("¥943.30", "good")]  # fmt: skip
        assert "¥490.00" in page.notes[0][0]

    def test_wait_for_working_days_where_the_channel_does(self) -> None:
        terms = Terms(Decimal("0.006"), days=1, working=True)
        assert payouts.paid_out_on(date(2026, 1, 30), terms) == date(2026, 2, 2)  # a Friday
        assert payouts.paid_out_on(date(2026, 1, 30), replace(terms, working=False)) == date(2026, 1, 31)


class TestLateDebts:
    def test_owe_interest_by_who_they_are(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        day = filled_shop.today()
        for who, told, due in (
            ("大厂", {"debtor": "large"}, 40),
            ("学校", {"debtor": "office", "late_rate": "1%"}, 40),
            ("老王", {"debtor": "person", "late_rate": "1%"}, 40),
            ("李姐", {}, 40),
            ("大店", {"debtor": "large"}, 10),
        ):
            said = {"who": who, "amount": "10000", "due_on": (day - timedelta(days=due)).isoformat()} | told
            tool_records.record(shop, Told("credit_sale", day - timedelta(days=100), said, who), today=day, now=clock.now())  # fmt: skip
        page = client.get(f"/m/books/{shop}/tools/receivables/").context["page"]
        assert {row.name[0]: row.told[0].rpartition("利息 ")[2] for row in page.rows} == {
            "大厂": "¥200.00",  # 10,000 · 0.05 % · 40 days
            "学校": "¥32.88",  # never below the LPR of 3 %
            "老王": "¥10.96",
            "李姐": "¥32.88",
            "大店": "¥200.00",  # 90 days were agreed, the law allows 60
        }
        assert page.figures[1].text == "¥476.72"


class TestQuestionsOfThePages:
    def test_special_invoices_are_taxed_and_what_was_prepaid_is_taken_off(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        day = filled_shop.today()
        operations.record_entries(shop, [EntryDraft("s", day, 20_000_000, "cash", "sales", "卖货")], today=day, now=clock.now())  # fmt: skip
        place = f"/m/books/{shop}/tools/vat/"
        assert client.get(place).context["page"].figures[2].text == "¥0.00"
        assert client.get(place, {"special": "1010"}).context["page"].figures[2].text == "¥10.00"
        assert client.get(place, {"special": "200001"}).status_code == 422
        place = f"/m/books/{shop}/tools/income_tax/"
        due = client.get(place).context["page"].headline.text
        left = client.get(place, {"prepaid": "1000"}).context["page"].headline.text
        assert parse_yuan(due.removeprefix("¥")) - parse_yuan(left.removeprefix("¥")) == 100_000

    def test_a_wage_by_the_day_and_the_rates_of_a_city(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        day = filled_shop.today()
        said = {"who": "小张", "base": "0", "day_wage": "200", "days": "20.5", "insured_base": "4000"}
        tool_records.record(shop, Told("staff", day, said, "w"), today=day, now=clock.now())
        asked = {"own": "10%", "employer": "20%"}
        page = client.get(f"/m/books/{shop}/tools/payroll/", asked).context["page"]
        assert (page.headline.text, page.figures[0].text) == ("¥3,700.00", "¥4,900.00")

    def test_how_many_of_one_item_break_even(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        asked = {"fixed": "8000", "price": "10", "cost": "6"}
        page = client.get(f"/m/books/{shop}/tools/margin/", asked).context["page"]
        assert [each.text for each in page.figures] == ["40.0%", "2000", "1600"]


class TestMembersConsents:
    def test_name_those_who_agreed_and_nobody_once_they_take_it_back(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        place = f"/m/books/{shop}/tools/members/"
        for who, amount in (("小李", "30"), ("老周", "90")):
            client.post(place, {"kind": "visit", "client_id": who, "who": who, "amount": amount})
        client.post(place, {"kind": "member_consent", "client_id": "yes", "who": "小李", "how": "signed"})
        page = client.get(place).context["page"]
        assert (page.headline.text, page.figures[2].text) == ("2", "1")  # both are counted, one is not named
        assert [row.name[0] for row in page.sections[0].rows] == ["小李"]
        assert f"{filled_shop.today()} 签了字" in page.sections[0].rows[0].told[0]
        client.post(place, {"kind": "member_withdrawn", "client_id": "no", "who": "小李"})
        page = client.get(place).context["page"]
        assert ([section.rows for section in page.sections], page.rows, page.figures[2].text) == ([()], (), "2")


class TestBusyHours:
    def test_are_drawn_for_working_days_and_weekends(self) -> None:
        clock = {(day, 9): 8 for day in range(1, 6)} | {(6, 11): 6, (7, 11): 10}
        (picture,) = customers.by_hour(clock)
        assert picture.labels == ("9 点", "10 点", "11 点")
        assert [curve.values for curve in picture.curves] == [(2.0, 0.0, 0.0), (0.0, 0.0, 2.0)]
        assert customers.by_hour({}) == ()


class TestAStockTakeByScanner:
    def test_is_counted_with_a_photo_that_a_lender_sees_as_a_fingerprint(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        place = f"/m/books/{shop}/tools/stock_take/"
        code, photo = "6901234567892", bytes.fromhex("ffd8ffe000104a4649460001") + b"shelf"
        client.post(
            place, {"kind": "item", "client_id": "i", "name": "矿泉水", "unit": "瓶", "price": "2", "barcode": code}
        )
        client.post(f"/m/books/{shop}/tools/stock/", {"kind": "stock_in", "client_id": "s", "barcode": code, "quantity": "10", "unit_cost": "1"})  # fmt: skip
        said = {"kind": "stock_count", "client_id": "c", "barcode": code, "name": "", "counted": "8"}
        answer = client.post(place, {**said, "barcode": "6901234567891"})
        assert (answer.status_code, "应该是 2" in answer.content.decode()) == (422, True)
        answer = client.post(place, {**said, "photo": SimpleUploadedFile("shelf.jpg", photo, "image/jpeg")})
        assert answer["Location"] == f"{place}?again=stock_count"  # ready for the next scan
        answer = client.get(answer["Location"])
        assert f'"{code}": "\\u77ff\\u6cc9\\u6c34"' in answer.content.decode()  # the scanner's page knows the name
        assert sha256(photo).hexdigest()[:12] in answer.context["page"].sections[0].rows[0].told[0]
        funding.load_sample_programmes(now=clock.now())
        lender = next(iter(funding_queries.institutions())).id
        client.post(f"/m/books/{shop}/consents/stock/", {"lender": lender, "verb": "grant"})
        shown = client.get(f"/m/books/{shop}/consents/?lender={lender}").content.decode()
        assert (sha256(photo).hexdigest()[:12] in shown, "没有改动" in shown, "矿泉水" in shown) == (True, True, False)


class TestAFarm:
    def test_sprays_in_time_and_hands_in_a_loss(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        day, place = filled_shop.today(), f"/m/books/{shop}/tools/farm/"
        later = lambda days: (day + timedelta(days=days)).isoformat()  # noqa: E731 - reads as a word in the rows below
        photo = base64.b64decode(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        )
        spray = {"name": "东坡", "what": "pest", "product": "吡虫啉", "interval_days": 14}
        records: list[tuple[str, int, dict[str, Any], tuple[Paper, ...]]] = [
            ("plot", 30, {"name": "东坡", "crop": "水稻", "area": 12, "yield_kg": 500, "price": "2.8", "insured": "400", "harvest_on": later(20)}, ()),
            ("farm_cost", 30, {"name": "东坡", "what": "seed", "amount": "9600"}, ()),
            ("spray_done", 3, spray, ()),
            ("spray_plan", 9, spray | {"planned_on": later(-3)}, ()),
            ("spray_plan", 0, spray | {"planned_on": later(8)}, ()),
            ("spray_plan", 0, spray | {"product": "乐果", "planned_on": later(5)}, ()),
            ("harvest", 1, {"name": "东坡", "kg": 10, "amount": "28"}, ()),
            ("crop_loss", 1, {"name": "东坡", "cause": "hail", "area": 3, "loss": "60%", "insurer": "某保险"}, (Paper(photo, "a.png", ""), Paper(photo, "b.png", ""))),
        ]  # fmt: skip
        for number, (kind, on, fields, photos) in enumerate(records):
            tool_records.record(shop, Told(kind, day - timedelta(days=on), fields, f"f{number}", photos), today=day, now=clock.now())  # fmt: skip
        page = client.get(place).context["page"]
        plan, ripe, losses = page.sections
        assert [(row.name[0], row.text, row.tone) for row in plan.rows] == [
            ("东坡 · 乐果", (day + timedelta(days=5)).strftime("%m-%d"), "warn"),
            ("东坡 · 吡虫啉", (day + timedelta(days=8)).strftime("%m-%d"), "bad"),
        ]
        assert f"最晚 {later(6)} 用" in plan.rows[1].told[0]
        assert [(row.text, row.tone) for row in ripe.rows] == [(later(11), "warn")]
        assert [(row.name[0], row.text) for row in losses.rows] == [("东坡 冰雹", "¥720.00")]
        assert [zh.split("，")[0] for zh, _ in page.notes] == [f"东坡 {later(-1)} 采收时"]
        assert [row.told[0].partition("；")[0] for row in plan.rows[:1]] == [
            "不能用在蔬菜、果树、茶叶、中草药上（农业部公告第2552号）"
        ]
        answer = client.get(f"{place}{losses.rows[0].record}/file/")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.namelist() == ["报案材料.pdf", "照片/photo-1.png", "sha256.txt"]
            assert archive.read("照片/photo-1.png") == photo
            assert archive.read("sha256.txt").decode() == f"{sha256(photo).hexdigest()}  照片/photo-1.png\n"
            paper = "".join(page.extract_text() for page in PdfReader(io.BytesIO(archive.read("报案材料.pdf"))).pages)
        for told in ("¥720.00", "¥2,520.00", "¥1,440.00", "冰雹", "某保险", sha256(photo).hexdigest()[:32], "没有改动"):
            assert told in paper
        assert client.get(f"{place}rec_none/file/").status_code == 404
        plot = next(each for each in tool_facts.records(shop) if each.kind == "plot")
        assert owner(OTHER.phone).get(f"{place}{losses.rows[0].record}/file/").status_code == 404
        client.post(f"{place}{plot.id}/back/")  # a loss on a plot that is no more
        assert (client.get(place).status_code, client.get(f"{place}{losses.rows[0].record}/file/").status_code) == (
            200,
            404,
        )


class TestStrangeQuestions:
    def test_are_answered_or_refused_and_never_a_fault(self, full: tuple[Client, str]) -> None:
        client, shop = full
        asks = {"margin": ("fixed", "price", "cost"), "pricing": ("cost", "margin", "fee", "delivery", "coupon", "rival"), "payroll": ("city", "own", "employer"),
                "rota": ("per_person",), "rent": ("basket", "buying", "penalty", "deposit"), "scam": ("text", "apr", "phone", "licence"),
                "vat": ("special", "farm"), "income_tax": ("prepaid", "special_deductions", "mixed_cost", "has_other_income"), "replenish": ("service",)}  # fmt: skip
        facts = tool_facts.Facts(shop, filled_shop.today())
        for text in ("", "x", "-1", "1e9", "200%", "\x00", "ｘ" * 2000, "9" * 40, "NaN"):
            for tool, names in asks.items():
                show = tool_list.tool(tool).show
                assert show is not None
                for name in names:
                    with suppress(Refused):
                        assert show(facts, {"price": "9", "cost": "6"} | {name: text}).name == tool
            answer = client.get(f"/m/books/{shop}/tools/pricing/", {"cost": "6", "rival": text})
            assert answer.status_code in (200, 422), text


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
