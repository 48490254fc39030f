"""The owner's pages over the real journeys: applying, the offer, accepting, the loan; and only one's own."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from django.test import Client

from puhui.funding import operations as funding
from puhui.servicing import operations as servicing
from puhui.simulate.owners import invented_owner
from puhui.simulate.town import build_town
from puhui.store import tenancy
from puhui.underwriting import operations as underwriting
from puhui.web import clock
from puhui.web.phone import offers
from puhui.web.tests import visitors
from tests import databases
from tests.web.logged_in import owner

ME, OTHER = invented_owner("ME1", seed=1), invented_owner("OTHER2", seed=1)


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[tuple[str, str]]:
    """A made-up town appraised, the books open, in a database of its own; its name, and a firm that is approved."""
    place, name = tmp_path_factory.mktemp("made-up") / "town", f"owners_{os.getpid()}"
    build_town(place, firms=160, seed=3)
    with django_db_blocker.unblock(), databases.copied(databases.PRISTINE, name):  # type: ignore[attr-defined]
        with databases.moved_to(name):
            best = _appraised(place)
        yield name, best


@pytest.fixture
def firm(town: tuple[str, str], django_db_blocker: pytest.FixtureRequest) -> Iterator[str]:
    """The code of the approved firm; what the test does is rolled back."""
    name, best = town
    with django_db_blocker.unblock(), databases.moved_to(name), transaction.atomic():  # type: ignore[attr-defined]
        yield best
        transaction.set_rollback(True)


def _appraised(folder: Path) -> str:
    now = clock.now()
    load = underwriting.load_folder(folder, now=now)
    outcome = underwriting.appraise(load.load_id, terms=underwriting.AppraisalTerms(budget_minor=10**9), now=now)
    funding.load_sample_programmes(now=now)
    servicing.open_books(outcome.view.as_of, now=now)
    return max(outcome.rows, key=lambda row: row.expected_profit_minor).firm


def form(firm: str, **changes: Any) -> dict[str, Any]:
    filled = {
        "key": "k1", "name": ME.name, "id_number": ME.id_number, "shop_name": "橙子小馆", "credit_code": "",
        "requested_yuan": "200,000", "months": "12", "evidence_code": firm, "consent": ["credit_assessment"],
    }  # fmt: skip
    return filled | changes


def count(table: str) -> int:
    with tenancy.scope(tenancy.PLATFORM), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


class TestApplying:
    def test_leads_to_the_offer_and_twice_the_same_form_to_the_same_one(self, firm: str) -> None:
        client = owner(ME.phone)
        first = client.post("/m/apply/", form(firm))
        assert first.status_code == 302
        assert first["Location"].startswith("/m/offers/offer_")
        assert client.post("/m/apply/", form(firm))["Location"] == first["Location"]
        assert count("underwriting_application") == 1
        page = client.get(first["Location"]).content.decode()
        assert "年化综合融资成本（单利）" in page
        assert "¥200,000.00" in page

    def test_after_an_advertisement_is_owed_to_that_touch(self, firm: str) -> None:
        client = Client()
        client.get("/m/hello/?channel=wechat&campaign=spring&click_id=c1")
        client.get("/m/hello/?channel=other&campaign=late")
        session = client.session
        session["owner_phone"] = ME.phone
        session.save()
        client.post("/m/apply/", form(firm))
        with tenancy.scope(tenancy.PLATFORM), connection.cursor() as cursor:
            cursor.execute(
                "SELECT t.channel, t.campaign, t.click_id FROM acquisition_link l JOIN acquisition_touch t ON t.id = l.touch_id"
            )
            assert cursor.fetchall() == [("wechat", "spring", "c1")]

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"consent": []}, "需要您同意信用评估"),
            ({"id_number": "123"}, "身份证号有误"),
            ({"name": ""}, "请填写姓名"),
            ({"requested_yuan": "二十万"}, "请只写数字"),
            ({"requested_yuan": "0"}, "须"),
            ({"months": "7"}, "请选择借多久"),
            ({"credit_code": "1234"}, "统一社会信用代码应为 18 位"),
        ],
    )
    def test_with_a_wrong_answer_says_which_and_stores_nothing(self, firm: str, changes: Any, told: str) -> None:
        answer = owner(ME.phone).post("/m/apply/", form(firm, **changes))
        assert answer.status_code == 422
        assert told in answer.content.decode()
        assert (count("underwriting_application"), count("parties_person")) == (0, 0)

    def test_in_the_name_of_somebody_registered_under_another_phone_is_refused(self, firm: str) -> None:
        owner(ME.phone).post("/m/apply/", form(firm))
        answer = owner(OTHER.phone).post("/m/apply/", form(firm, key="k2"))
        assert answer.status_code == 422
        assert "登记在另一个手机号下" in answer.content.decode()
        assert count("underwriting_application") == 1

    def test_without_invoices_is_answered_with_the_reason_and_the_way_to_a_person(self, firm: str) -> None:
        client = owner(ME.phone)
        answer = client.post("/m/apply/", form("", evidence_code=""))
        page = client.get(answer["Location"]).content.decode()
        assert "没有有效销项发票" in page
        assert "人工复核" in page
        assert "app_" in page

    def test_with_one_invoice_list_only_asks_for_the_other(self, firm: str) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        lone = SimpleUploadedFile("sales.csv", b"number\n1\n")
        answer = owner(ME.phone).post("/m/apply/", form("", evidence_code="", sales=lone))
        assert answer.status_code == 422
        assert "两个清单都要上传" in answer.content.decode()
        assert count("underwriting_application") == 0


class TestASmallOwner:
    business: ClassVar = {"trade": "tobacco_shop", "wallet_month_yuan": "65000", "tobacco_month_yuan": "31000"}
    things: ClassVar = {"rent_month_yuan": "4500"}
    self_told: ClassVar = {
        "instalments_month_yuan": "0", "overdue_now_yuan": "0", "worst_late_days": "0", "inquiries_3m": "1",
        "credit_since_year": "2015",
    }  # fmt: skip

    def filled(self, client: Client) -> None:
        for step, answers in (("business", self.business), ("things", self.things), ("owner", self.self_told)):
            answer = client.post(f"/m/small/shop/{step}/", answers)
            assert answer.status_code == 302, answer.content.decode()

    def send(self, client: Client, **changes: Any) -> Any:
        sent = form("", requested_yuan="15000", **changes)
        return client.post("/m/small/shop/send/", sent)

    def test_answers_a_few_questions_a_page_and_gets_an_offer(self, firm: str) -> None:
        client = owner(ME.phone)
        self.filled(client)
        answer = self.send(client)
        assert answer["Location"].startswith("/m/offers/offer_")
        assert self.send(client)["Location"] == answer["Location"]
        assert (count("underwriting_application"), count("underwriting_questionnaire")) == (1, 0)

    def test_goes_on_where_it_left_and_nothing_saved_names_a_person(self, firm: str) -> None:
        client = owner(ME.phone)
        client.post("/m/small/shop/business/", self.business)
        again = owner(ME.phone)
        assert "接着填" in again.get("/m/start/").content.decode()
        assert 'value="65000"' in again.get("/m/small/shop/business/").content.decode()
        assert "接着填" not in owner(OTHER.phone).get("/m/start/").content.decode()
        page = again.get("/m/small/shop/send/").content.decode()
        assert "还缺这几项" in page
        assert "您现在每月要还多少贷款" in page

    def test_may_show_a_photo_which_is_kept_sealed(self, firm: str) -> None:
        from django.core.files.uploadedfile import SimpleUploadedFile

        client = owner(ME.phone)
        photo = SimpleUploadedFile("bill.png", b"\x89PNG\r\n\x1a\n and the rest")
        client.post("/m/small/shop/business/", self.business | {"photo_wallet_month_yuan": photo})
        self.filled(client)
        self.send(client)
        with tenancy.scope(tenancy.PLATFORM), connection.cursor() as cursor:
            cursor.execute(
                "SELECT source, grade, document_hash FROM underwriting_evidence_item WHERE kind = 'wallet_flow'"
            )
            source, grade, document_hash = cursor.fetchone()
            cursor.execute("SELECT content_hash, position('PNG'::bytea IN content) FROM underwriting_document")
            assert cursor.fetchone() == (document_hash, 0)
        assert (source, grade) == ("photo", "C")

    @pytest.mark.parametrize(
        ("step", "changes", "told"),
        [("business", {"wallet_month_yuan": "六万"}, "请只写数字"), ("business", {"trade": "gold"}, "请选择一项"),
         ("owner", {"inquiries_3m": "-1"}, "请写整数"), ("owner", {"credit_since_year": "1800"}, "请写年份")],
    )  # fmt: skip
    def test_is_told_which_answer_is_wrong_and_nothing_is_saved(
        self, firm: str, step: str, changes: Any, told: str
    ) -> None:
        answers = {"business": self.business, "owner": self.self_told}[step] | changes
        answer = owner(ME.phone).post(f"/m/small/shop/{step}/", answers)
        assert answer.status_code == 422
        assert told in answer.content.decode()
        assert count("underwriting_questionnaire") == 0

    def test_without_consent_is_asked_for_it_and_stays_unregistered(self, firm: str) -> None:
        client = owner(ME.phone)
        self.filled(client)
        answer = self.send(client, consent=[])
        assert (answer.status_code, count("parties_person"), count("underwriting_questionnaire")) == (422, 0, 1)

    def test_a_page_that_is_none_is_not_found(self, firm: str) -> None:
        assert owner(ME.phone).get("/m/small/whale/business/").status_code == 404
        assert owner(ME.phone).get("/m/small/shop/secrets/").status_code == 404


class TestTheOffer:
    @pytest.fixture
    def offered(self, firm: str) -> tuple[Client, str]:
        client = owner(ME.phone)
        address = client.post("/m/apply/", form(firm))["Location"]
        return client, address

    def confirmed(self, client: Client, address: str, **changes: str) -> Any:
        page = client.get(f"{address}form/")
        offer = page.context["offer"]
        sent = {
            "disclosure_hash": offer.disclosure_hash,
            "consent_institution_id": offer.institution_id,
            "read_to_end": "yes",
        }
        return client.post(f"{address}accept/", sent | changes)

    def rewind(self, client: Client, seconds: int) -> None:
        """As if the form had been opened earlier."""
        session = client.session
        shown = {name: (clock.now() - timedelta(seconds=seconds)).isoformat() for name in session[offers._SHOWN]}
        session[offers._SHOWN] = shown
        session.save()

    def test_is_not_accepted_before_its_time_was_read(self, offered: tuple[Client, str]) -> None:
        client, address = offered
        answer = self.confirmed(client, address)
        assert answer.status_code == 422
        assert "请阅读完整内容" in answer.content.decode()
        assert count("servicing_loan") == 0

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"read_to_end": ""}, "请阅读完整内容"),
            ({"consent_institution_id": ""}, "需单独同意"),
            ({"disclosure_hash": "0" * 64}, "条款已变化"),
        ],
    )
    def test_is_not_accepted_without_reading_consent_or_the_very_form(
        self, offered: tuple[Client, str], changes: dict[str, str], told: str
    ) -> None:
        client, address = offered
        client.get(f"{address}form/")
        self.rewind(client, 60)
        answer = self.confirmed(client, address, **changes)
        assert answer.status_code == 422
        assert told in answer.content.decode()
        assert count("servicing_loan") == 0

    def test_accepted_becomes_a_loan_whose_payout_is_queued(self, offered: tuple[Client, str]) -> None:
        client, address = offered
        client.get(f"{address}form/")
        self.rewind(client, 60)
        answer = self.confirmed(client, address)
        assert answer["Location"].startswith("/m/loans/loan_")
        assert "正在放款" in client.get(answer["Location"]).content.decode()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'puhui.journeys.disburse_loan'")
            assert cursor.fetchone()[0] == 1

    def test_declined_leaves_nothing_behind(self, offered: tuple[Client, str]) -> None:
        client, address = offered
        assert client.post(f"{address}decline/")["Location"] == "/m/"
        assert "您已谢绝" in client.get("/m/").content.decode()
        assert count("servicing_loan") == 0

    def test_and_loan_and_answer_are_not_found_by_another(self, offered: tuple[Client, str]) -> None:
        client, address = offered
        client.get(f"{address}form/")
        self.rewind(client, 60)
        loan = self.confirmed(client, address)["Location"]
        stranger = owner(OTHER.phone)
        for page in (address, f"{address}form/", loan, "/m/answers/app_1/"):
            assert stranger.get(page).status_code == 404, page
        assert stranger.post(f"{address}decline/").status_code == 404
        assert count("servicing_loan") == 1

    def test_consent_is_withdrawn_as_easily_as_given(self, offered: tuple[Client, str]) -> None:
        client, _address = offered
        with tenancy.scope(tenancy.PLATFORM), connection.cursor() as cursor:
            cursor.execute("SELECT id FROM parties_consent")
            (consent_id,) = cursor.fetchone()
        assert owner(OTHER.phone).post(f"/m/consents/{consent_id}/withdraw/").status_code == 404
        assert client.post(f"/m/consents/{consent_id}/withdraw/").status_code == 302
        assert "已撤回" in client.get("/m/shop/").content.decode()


class TestAnApplicationThatIsHeld:
    def test_waits_for_a_person_who_releases_it_with_a_reason(self, firm: str) -> None:
        client = owner("13800138000")
        old_enough = {"name": "王小明", "id_number": "11010519491231002X"}  # over 60: the rules want a person to look
        answer = client.post("/m/apply/", form(firm, **old_enough))["Location"]
        assert answer.startswith("/m/answers/")
        assert "工作人员正在看您的申请" in client.get(answer).content.decode()
        visitors.staff("he", "operator")
        operator = visitors.enter("he")
        page = operator.get("/reviews/").content.decode()
        assert "超过60周岁" in page
        application_id = answer.split("/")[3]
        without = operator.post(f"/reviews/{application_id}/release/", {"reason": "x"}, follow=True)
        assert "请写明放行原因" in without.content.decode()
        assert count("underwriting_offer") == 0
        done = operator.post(f"/reviews/{application_id}/release/", {"reason": "电话核实本人经营"}, follow=True)
        assert "已放行" in done.content.decode()
        assert "没有等待复核的申请" in operator.get("/reviews/").content.decode()
        assert client.get(answer).status_code == 302
        assert count("underwriting_offer") == 1


class TestAnAppeal:
    def test_against_a_refusal_is_answered_by_a_person(self, firm: str) -> None:
        client = owner(ME.phone)
        answer = client.post("/m/apply/", form(firm, evidence_code=""))["Location"]
        assert "写下您的理由" in client.get(answer).content.decode()
        assert owner(OTHER.phone).post(f"{answer}appeal/", {"text": "别人的申请"}).status_code == 404
        client.post(f"{answer}appeal/", {"text": " "})
        assert count("antifraud_appeal") == 0
        for _ in range(2):
            told = client.post(f"{answer}appeal/", {"text": "我有十二个月的流水"}, follow=True).content.decode()
            assert "您的申诉已收到" in told
        assert count("antifraud_appeal") == 1
        visitors.staff("he", "operator")
        operator = visitors.enter("he")
        page = operator.get("/mirror/").content.decode()
        assert "我有十二个月的流水" in page
        appeal_id = page.split("/mirror/appeals/")[1].split("/")[0]
        operator.post(f"/mirror/appeals/{appeal_id}/answer/", {"upheld": "1", "answer": "请补充流水后重新申请"})
        assert "请补充流水后重新申请" in client.get(answer).content.decode()
