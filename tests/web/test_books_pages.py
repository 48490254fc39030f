"""The books on the phone, through Django's own client: set-up, a sentence sent twice, an import and its undoing, consent, taking away."""

import base64
import csv
import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from puhui.funding import operations as funding
from puhui.funding import queries as funding_queries
from puhui.journeys import shop_evidence
from puhui.kernel.refusal import Refused
from puhui.merchant import book_queries, tool_facts
from puhui.parties import queries as parties
from puhui.simulate.owners import invented_owner
from puhui.web import clock
from puhui.web.phone.books import today_in_china
from tests.web.logged_in import owner

pytestmark = pytest.mark.django_db
ME, OTHER = invented_owner("BOOK1", seed=2), invented_owner("BOOK2", seed=2)
WECHAT = """微信支付账单明细
交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注
2026-03-01 10:00:00,商户消费,海鲜批发,进货,支出,¥500.00,工商银行(9876),支付成功,42000001,/,/
2026-03-01 12:00:00,二维码收款,=cmd(),收款,收入,¥80.00,零钱,已收钱,42000002,/,/
"""


LOCKED = "UEsDBBQAAQBjAEy5fV0AAAAAdgAAAGkAAAAFAAsAYS5jc3YBmQcAAgBBRQMIADJ+e+yUwhQ0gxuO0OyLzdOPrsUl5gL/4k/se8qYK16vxPvOcYjd1pzXEf56aKJLntVBfCPN1j2wIdPM7zR91OhVi2Fk6HNO3iH1avdBU1punGLyJu/497tuFD0UehPdTjH6vRjhMQ5EoA57bWleMUNLVJsyIVtQSwECFAMUAAEAYwBMuX1dAAAAAHYAAABpAAAABQALAAAAAAAAAAAAgAEAAAAAYS5jc3YBmQcAAgBBRQMIAFBLBQYAAAAAAQABAD4AAACkAAAAAAA="  # two rows of a bill under the password 1234, AES of 256 bits, packed by pyzipper 0.4


@pytest.fixture
def opened() -> tuple[Client, str]:
    client = owner(ME.phone)
    said = {
        "name": ME.name,
        "id_number": ME.id_number,
        "shop_name": "虚构·小馆",
        "opening_cash": "500",
        "opening_loan": "200",
    }
    answer = client.post("/m/books/open/", said)
    assert answer.status_code == 302, answer.content.decode()
    return client, answer["Location"].rstrip("/").split("/")[-1]


def hand_in(client: Client, shop: str, content: bytes = WECHAT.encode(), **more: str) -> Any:
    return client.post(f"/m/books/{shop}/imports/", {"bill": SimpleUploadedFile("a.csv", content), **more}, follow=True)


class TestSetUp:
    def test_one_page_opens_the_books(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        page = client.get("/m/books/", follow=True)
        assert page.redirect_chain[-1][0] == f"/m/books/{shop}/"
        held = book_queries.balance(shop, as_of=today_in_china(clock.now()))
        assert (held.owned_minor, held.owed_minor) == (50_000, 20_000)

    @pytest.mark.parametrize(
        "wrong", [{"opening_cash": "很多"}, {"opening_cash": "-5"}, {"shop_name": ""}, {"id_number": "1"}]
    )
    def test_what_is_wrong_is_said_and_nothing_is_opened(self, wrong: dict[str, str]) -> None:
        client = owner(OTHER.phone)
        page = client.post(
            "/m/books/open/", {"name": OTHER.name, "id_number": OTHER.id_number, "shop_name": "x"} | wrong
        )
        assert page.status_code == 422
        person = parties.find_person(OTHER.phone)
        assert person is None or not any(book_queries.are_open(shop.id) for shop in parties.shops_of(person.id))

    def test_nobody_else_reaches_them(self, opened: tuple[Client, str]) -> None:
        stranger = owner(OTHER.phone)
        for place in ("", "entries/", "profit/", "imports/", "pairs/", "consents/", "export.zip", "close/"):
            assert stranger.get(f"/m/books/{opened[1]}/{place}").status_code == 404
        assert stranger.post(f"/m/books/{opened[1]}/say/", {"text": "进货 5"}).status_code == 404


class TestASentence:
    def test_sent_twice_posts_once(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        said = {"text": "进货 烟 3200 微信", "client_id": "c1"}
        answers = [
            client.post(f"/m/books/{shop}/say/", said, headers={"accept": "application/json"}).json() for _ in range(2)
        ]
        assert answers[0]["entry"] == answers[1]["entry"]
        assert book_queries.trial_balance(shop)["goods"] == 320_000

    def test_that_says_nothing_is_answered_in_the_owners_words(self, opened: tuple[Client, str]) -> None:
        answer = opened[0].post(
            f"/m/books/{opened[1]}/say/", {"text": "你好", "client_id": "c2"}, headers={"accept": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "SENTENCE_WITHOUT_AMOUNT")

    def test_pages_show_it(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        client.post(f"/m/books/{shop}/say/", {"text": "进货 烟 3200 微信", "client_id": "c1"})
        row = book_queries.entries(shop)[0]
        for place in ("", "entries/?q=烟", f"entries/{row['id']}/", "profit/", "profit/?month=2026-01"):
            page = client.get(f"/m/books/{shop}/{place}")
            assert page.status_code == 200
        assert (
            client.post(f"/m/books/{shop}/entries/{row['id']}/", {"verb": "sort", "category": "owner_out"}).status_code
            == 302
        )
        assert book_queries.trial_balance(shop)["owner_out"] == 320_000


class TestAnImport:
    def test_comes_in_once_and_goes_out_again(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        before = book_queries.trial_balance(shop)
        assert "2 笔" in hand_in(client, shop).content.decode()
        assert "以前导入过" in hand_in(client, shop).content.decode()
        found = book_queries.imports(shop)[0]
        client.post(f"/m/books/{shop}/imports/{found.id}/undo/")
        assert book_queries.trial_balance(shop) == before

    def test_a_bill_nobody_knows_is_mapped_once(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        bill = "何时,多少,跟谁\n2026-03-02,-3.00,某\n2026-03-03,-4.00,某\n".encode()
        asked = hand_in(client, shop, bill)
        assert asked.status_code == 422
        assert "map_datetime" in asked.content.decode()
        kept = asked.content.decode().partition('name="kept" value="')[2].partition('"')[0]
        place = f"/m/books/{shop}/imports/"
        half = client.post(place, {"kept": kept, "map_datetime": "何时"})
        assert (half.status_code, half.content.decode().count(kept)) == (422, 1)
        assert not [row for row in book_queries.entries(shop) if row["origin"] == "import"]
        assert client.post(place, {"kept": "att_none", "map_datetime": "何时"}).status_code == 422
        client.post(place, {"kept": kept, "map_datetime": "何时", "map_amount": "多少", "map_counterparty": "跟谁"})
        assert [row["amount_minor"] for row in book_queries.entries(shop) if row["origin"] == "import"] == [400, 300]
        assert hand_in(client, shop, bill.replace(b"-4.00", b"-5.00")).status_code == 200

    def test_that_is_locked_waits_for_its_password_and_keeps_its_good_rows(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        packed = base64.b64decode(LOCKED)
        asked = hand_in(client, shop, packed).content.decode()
        assert "请填写密码" in asked
        kept = asked.partition('name="kept" value="')[2].partition('"')[0]
        place = f"/m/books/{shop}/imports/"
        assert "密码不对" in client.post(place, {"kept": kept, "password": "4321"}).content.decode()
        assert not book_queries.imports(shop)
        client.post(place, {"kept": kept, "password": "1234"})
        assert [row["amount_minor"] for row in book_queries.entries(shop) if row["origin"] == "import"] == [
            4_000,
            10_000,
        ]

    def test_no_file_and_a_broken_one_are_answered(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        assert client.post(f"/m/books/{shop}/imports/", {}).status_code == 422
        assert "重新下载" in hand_in(client, shop, b"PK\x03\x04cut").content.decode()


class TestPairs:
    ICBC = "中国工商银行\n交易日期,摘要,交易场所,收入金额,支出金额,余额,对方户名\n2026-03-02,消费,海鲜批发,,500.00,1500.00,\n"

    def test_are_shown_with_reasons_answered_and_taken_back(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        hand_in(client, shop, WECHAT.replace("工商银行(9876)", "/").encode())
        assert "有 1 对账可能是同一笔" in hand_in(client, shop, self.ICBC.encode()).content.decode()
        place = f"/m/books/{shop}/pairs/"
        page = client.get(place).content.decode()
        for told in ("金额一分不差", "相差 1 天", "都写着“海鲜批发”", "微信支付", "工商银行"):
            assert told in page
        ids = {row["source"]: row["id"] for row in book_queries.entries(shop) if row["amount_minor"] == 50_000}
        said = {"main": ids["wechat"], "lesser": ids["icbc"]}
        assert "只算一笔" in client.post(place, said | {"said": "same"}, follow=True).content.decode()
        assert book_queries.trial_balance(shop)["goods"] == 50_000
        client.post(place, said | {"said": "forget"})
        assert book_queries.trial_balance(shop)["goods"] == 100_000

    def test_that_are_none_are_refused_and_move_nothing(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        hand_in(client, shop)
        before, place = book_queries.trial_balance(shop), f"/m/books/{shop}/pairs/"
        for said in (
            {"main": "²", "lesser": "1", "said": "same"},
            {"said": "same"},
            {"main": "1", "lesser": "1", "said": "x"},
        ):
            assert 'class="notice error"' in client.post(place, said, follow=True).content.decode()
        assert book_queries.trial_balance(shop) == before


class TestConsent:
    def test_is_given_and_taken_back_kind_by_kind(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        funding.load_sample_programmes(now=clock.now())
        lender, other = (row.id for row in list(funding_queries.institutions())[:2])
        client.post(f"/m/books/{shop}/say/", {"text": "卖货 1000 微信", "client_id": "c1"})
        person = parties.shop(shop).owner_id  # type: ignore[union-attr]
        today = today_in_china(clock.now())
        assert shop_evidence.seen_by(person, shop, lender, as_of=today) == []
        client.post(f"/m/books/{shop}/consents/sales/", {"lender": lender, "verb": "grant"})
        seen = shop_evidence.seen_by(person, shop, lender, as_of=today)
        assert [(each.kind, each.sources, each.age_days) for each in seen] == [("sales", ("typed",), 0)]
        assert seen[0].values == {"sales_minor_by_month": {f"{today:%Y-%m}": 100_000}}
        assert shop_evidence.seen_by(person, shop, other, as_of=today) == []
        shown = client.get(f"/m/books/{shop}/consents/?lender={lender}").content.decode()
        assert "现在看到的" in shown
        assert "<dd>您自己记的</dd>" in shown
        client.post(f"/m/books/{shop}/consents/sales/", {"lender": lender, "verb": "withdraw"})
        assert shop_evidence.snapshot(person, shop, lender, as_of=today)["items"] == []
        assert client.post(f"/m/books/{shop}/consents/wish/", {"lender": lender, "verb": "grant"}).status_code == 404
        assert client.post(f"/m/books/{shop}/consents/sales/", {"lender": "nobody", "verb": "grant"}).status_code == 404

    def test_to_the_assessor_is_for_the_sales_alone(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        person, place = parties.shop(shop).owner_id, f"/m/books/{shop}/consents/"  # type: ignore[union-attr]
        page = client.post(f"{place}sales/", {"lender": "platform", "verb": "grant"}, follow=True).content.decode()
        assert "一起交给评估" in page
        with pytest.raises(Refused, match="CONSENT_KIND_UNKNOWN"):
            shop_evidence.grant(person, shop, shop_evidence.ASSESSOR, "holdings", now=clock.now())
        assert [(each.kind, each.consent_id != "") for each in shop_evidence.grants(person, shop, "")] == [
            ("sales", True)
        ]
        client.post(f"{place}sales/", {"lender": "platform", "verb": "withdraw"})
        assert [(each.kind, each.consent_id) for each in shop_evidence.grants(person, shop, "")] == [("sales", "")]


class TestTakingAway:
    def test_everything_is_in_the_archive_and_no_cell_is_a_formula(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        hand_in(client, shop)
        client.post(
            f"/m/books/{shop}/tools/members/", {"kind": "visit", "client_id": "v", "who": "小李", "amount": "3"}
        )
        made = tool_facts.records(shop)[0].id
        client.post(f"/m/books/{shop}/tools/members/{made}/back/")
        archive = zipfile.ZipFile(io.BytesIO(client.get(f"/m/books/{shop}/export.zip").content))
        assert set(archive.namelist()) == {
            "import.csv",
            "entry.csv",
            "correction.csv",
            "day_total.csv",
            "month_closing.csv",
            "tool_record.csv",
            "invoice.csv",
            "attachment.csv",
            "column_mapping.csv",
            "consents.csv",
        }
        (row,) = csv.DictReader(io.StringIO(archive.read("tool_record.csv").decode("utf-8-sig")))
        assert (row["id"], row["revoked_at"][:10]) == (made, clock.now().date().isoformat())
        assert "'=cmd()" in archive.read("entry.csv").decode()

    def test_books_closed_away_open_to_nobody(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        client.post(f"/m/books/{shop}/close/", {"sure": "yes"})
        assert client.get(f"/m/books/{shop}/").status_code == 302
        assert not book_queries.are_open(shop)


class TestTheApp:
    def test_has_a_manifest_and_a_worker_of_its_own_scope(self) -> None:
        client = Client()
        told = client.get("/m/manifest.webmanifest").json()
        assert (told["scope"], told["display"]) == ("/m/", "standalone")
        assert "caches.open" in client.get("/m/worker.js").content.decode()


class TestInvoices:
    def test_are_kept_once_and_refused_in_the_owners_words(self, opened: tuple[Client, str]) -> None:
        client, shop = opened
        xml = b"<x><FPDM>032</FPDM><FPHM>12345678</FPHM><KPRQ>20260105</KPRQ><JSHJ>98.98</JSHJ></x>"
        for told in ("新收 1 张", "以前收过 1 张"):
            page = client.post(f"/m/books/{shop}/invoices/", {"invoice": SimpleUploadedFile("a.xml", xml)})
            assert told in page.content.decode()
        assert [row.key for row in book_queries.invoices(shop)] == ["032/12345678"]
        assert (
            client.post(f"/m/books/{shop}/invoices/", {"invoice": SimpleUploadedFile("a.xml", b"<x><")}).status_code
            == 422
        )
