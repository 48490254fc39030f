"""One-time codes: limits, tries, expiry, secrecy, and the message that is queued in the same transaction."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from puhui.kernel.refusal import Refused
from puhui.store import tenancy
from puhui.web import phone_codes
from puhui.web.models import OneTimeCode, TextMessage

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
PHONE = "13800138000"


@pytest.fixture(autouse=True)
def _gateway(settings: Any) -> None:
    settings.SMS_URL, settings.SMS_KEY = "http://127.0.0.1:9/sms", "key"


def sent_code() -> str:
    message = TextMessage.objects.latest("queued_at")
    assert message.text is not None
    found = re.search(r"\d{6}", message.text.reveal())
    assert found is not None
    return found.group()


def jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'puhui.web.deliver_text'")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
class TestACode:
    def test_is_good_once(self) -> None:
        phone_codes.send(PHONE, address="1.1.1.1", now=NOW)
        code = sent_code()
        assert phone_codes.check(PHONE, code, now=NOW + timedelta(minutes=4)) is True
        assert phone_codes.check(PHONE, code, now=NOW + timedelta(minutes=4)) is False

    def test_is_worth_nothing_after_five_minutes_or_for_another_phone(self) -> None:
        phone_codes.send(PHONE, address="1.1.1.1", now=NOW)
        assert phone_codes.check(PHONE, sent_code(), now=NOW + timedelta(minutes=5)) is False
        assert phone_codes.check("13900139000", sent_code(), now=NOW) is False

    def test_is_worth_nothing_after_five_wrong_tries(self) -> None:
        phone_codes.send(PHONE, address="1.1.1.1", now=NOW)
        wrong = "000000" if sent_code() != "000000" else "111111"
        assert [phone_codes.check(PHONE, wrong, now=NOW) for _each in range(5)] == [False] * 5
        assert phone_codes.check(PHONE, sent_code(), now=NOW) is False

    def test_and_the_number_lie_hidden_in_the_tables(self) -> None:
        phone_codes.send(PHONE, address="1.1.1.1", now=NOW)
        code = sent_code().encode()
        with connection.cursor() as cursor:
            cursor.execute("SELECT code_hash || phone_index FROM web_one_time_code")
            row = bytes(cursor.fetchone()[0])
            cursor.execute("SELECT phone || text FROM web_text_message")
            message = bytes(cursor.fetchone()[0])
            cursor.execute("SELECT args::text FROM procrastinate_jobs")
            arguments = cursor.fetchone()[0]
        for hidden in (row, message, arguments.encode()):
            assert code not in hidden
            assert PHONE.encode() not in hidden
        assert re.fullmatch(r'\{"message_id": "sms_[0-9a-f]{32}"\}', arguments)


@pytest.mark.django_db
class TestAsking:
    def test_is_limited_per_phone_by_minute_and_hour(self) -> None:
        phone_codes.send(PHONE, address="1.1.1.1", now=NOW)
        with pytest.raises(phone_codes.TooMany) as soon:
            phone_codes.send(PHONE, address="2.2.2.2", now=NOW + timedelta(seconds=59))
        assert soon.value.seconds == 1
        for minute in range(1, 5):
            phone_codes.send(PHONE, address="1.1.1.1", now=NOW + timedelta(minutes=2 * minute))
        with pytest.raises(phone_codes.TooMany) as often:
            phone_codes.send(PHONE, address="1.1.1.1", now=NOW + timedelta(minutes=30))
        assert often.value.seconds == 30 * 60
        assert (OneTimeCode.objects.count(), TextMessage.objects.count(), jobs()) == (5, 5, 5)

    def test_is_limited_per_network_address(self) -> None:
        for number in range(10):
            phone_codes.send(f"1380013800{number}", address="1.1.1.1", now=NOW)
        with pytest.raises(phone_codes.TooMany):
            phone_codes.send("13900139000", address="1.1.1.1", now=NOW)
        phone_codes.send("13900139000", address="2.2.2.2", now=NOW)

    @pytest.mark.parametrize("phone", ["", "1380013800", "23800138000", "abc"])
    def test_for_no_phone_is_refused_and_queues_nothing(self, phone: str) -> None:
        with pytest.raises(Refused, match="PHONE_UNREADABLE"):
            phone_codes.send(phone, address="1.1.1.1", now=NOW)
        assert (OneTimeCode.objects.count(), TextMessage.objects.count(), jobs()) == (0, 0, 0)

    def test_without_a_gateway_says_so(self, settings: Any) -> None:
        settings.SMS_URL = ""
        with pytest.raises(Refused, match="SMS_NOT_SET_UP"):
            phone_codes.send(PHONE, address="1.1.1.1", now=NOW)
        assert TextMessage.objects.count() == 0


class TestTheJob:
    def test_is_gone_with_the_transaction_that_queued_it(self, fresh_database: object) -> None:
        def fails_after_all() -> None:
            with transaction.atomic():
                phone_codes.send(PHONE, address="1.1.1.1", now=NOW)
                raise RuntimeError("the log-in fails after all")

        with pytest.raises(RuntimeError):
            fails_after_all()
        assert (OneTimeCode.objects.count(), TextMessage.objects.count(), jobs()) == (0, 0, 0)


@pytest.mark.django_db
class TestTheOwnersLogIn:
    def test_leads_in_by_phone_and_code_under_a_new_session_id(self) -> None:
        client = Client()
        client.get("/m/login/")
        before = client.cookies["sessionid"].value
        assert client.post("/m/login/", {"phone": "138 0013 8000"})["Location"] == "/m/login/code/"
        with tenancy.scope(tenancy.PLATFORM):
            code = sent_code()
        assert client.post("/m/login/code/", {"code": code})["Location"] == "/m/"
        assert client.cookies["sessionid"].value != before
        assert client.get("/m/").status_code == 200
        assert client.post("/m/logout/")["Location"] == "/m/login/"
        assert client.get("/m/").status_code == 302

    def test_answers_429_with_the_seconds_to_wait(self) -> None:
        client = Client()
        client.post("/m/login/", {"phone": PHONE})
        again = Client().post("/m/login/", {"phone": PHONE})
        assert again.status_code == 429
        assert 0 < int(again["Retry-After"]) <= 60
        assert "秒后再试" in again.content.decode()

    def test_says_what_is_wrong_with_the_number_beside_the_number(self) -> None:
        answer = Client().post("/m/login/", {"phone": "12345"})
        assert answer.status_code == 422
        assert "手机号应为 1 开头的 11 位数字" in answer.content.decode()

    def test_gives_an_owner_no_staff_page(self) -> None:
        client = Client()
        client.post("/m/login/", {"phone": PHONE})
        with tenancy.scope(tenancy.PLATFORM):
            code = sent_code()
        client.post("/m/login/code/", {"code": code})
        for page in ("/", "/loans/", "/people/"):
            assert client.get(page)["Location"].startswith("/login/")
