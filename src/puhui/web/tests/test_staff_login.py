"""Staff log-in: password, second factor, lock-out, new session ids, log-out."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from puhui.kernel.refusal import Refused
from puhui.web import people
from puhui.web.models import StaffProfile
from puhui.web.tests import visitors

pytestmark = pytest.mark.django_db


class TestLoggingIn:
    def test_opens_no_page_before_the_second_factor(self) -> None:
        visitors.staff("lin", "analyst")
        client = Client()
        answer = visitors.give_password(client, "lin")
        assert (answer.status_code, answer["Location"]) == (302, "/login/code/")
        for page in ("/", "/firms/", "/loans/", "/closing/"):
            assert client.get(page)["Location"] == "/login/code/"
        assert client.get("/admin/").status_code == 302

    def test_opens_the_console_with_both_factors_under_a_new_session_id(self) -> None:
        visitors.staff("lin", "analyst")
        client = Client()
        visitors.give_password(client, "lin")
        before = client.cookies["sessionid"].value
        answer = client.post("/login/code/", {"code": visitors.one_time_password()})
        assert (answer.status_code, answer["Location"]) == (302, "/")
        assert client.cookies["sessionid"].value != before
        assert client.get("/closing/").status_code == 200

    def test_takes_a_code_only_once(self) -> None:
        visitors.staff("lin", "analyst")
        visitors.enter("lin")
        again = Client()
        visitors.give_password(again, "lin")
        answer = again.post("/login/code/", {"code": visitors.one_time_password()})
        assert answer.status_code == 422
        assert "口令不对" in answer.content.decode()

    def test_goes_on_to_the_page_that_was_asked_for_and_nowhere_else(self) -> None:
        visitors.staff("lin", "analyst")
        for wanted, reached in (("/loans/", "/loans/"), ("https://evil.example/", "/")):
            client = Client()
            client.post("/login/", {"username": "lin", "password": visitors.PASSWORD, "next": wanted})
            drift = 0 if reached == "/loans/" else 1
            answer = client.post("/login/code/", {"code": visitors.one_time_password(drift=drift)})
            assert answer["Location"] == reached

    def test_is_locked_after_five_wrong_passwords_with_a_page_in_plain_words(self) -> None:
        visitors.staff("lin", "analyst")
        client = Client()
        answers = [visitors.give_password(client, "lin", "wrong") for _each in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
        locked = visitors.give_password(client, "lin")
        assert locked.status_code == 429
        assert "暂停登录 15 分钟" in locked.content.decode()

    def test_ends_with_log_out(self) -> None:
        visitors.staff("lin", "analyst")
        client = visitors.enter("lin")
        assert client.post("/logout/").status_code == 302
        assert client.get("/closing/")["Location"].startswith("/login/")

    def test_refuses_forms_without_their_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        answer = client.post("/login/", {"username": "lin", "password": "x"})
        assert answer.status_code == 403
        assert "页面已过期" in answer.content.decode()


class TestTheFirstLogIn:
    def test_enrols_an_authenticator_and_gives_backup_codes_that_work_once(self) -> None:
        people.create_staff("new", "operator", visitors.PASSWORD)
        client = Client()
        visitors.give_password(client, "new")
        page = client.get("/login/code/", follow=True)
        assert page.request["PATH_INFO"] == "/login/enrol/"
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.content.decode())
        assert secret is not None
        assert "<svg" in page.content.decode()
        from django_otp.oath import totp

        code = f"{totp(bytes.fromhex(people.otp_key(secret.group(1)))):06d}"
        done = client.post("/login/enrol/", {"code": code})
        backup = re.findall(r"<code>([a-z2-7]{8})</code>", done.content.decode())
        assert len(backup) == 8
        assert client.get("/closing/").status_code == 200
        for expected in (302, 422):
            other = Client()
            visitors.give_password(other, "new")
            assert other.post("/login/code/", {"code": backup[0]}).status_code == expected


class TestMakingStaff:
    @pytest.mark.parametrize(
        ("username", "role", "password", "institution_id", "secret", "code"),
        [
            ("lin", "boss", visitors.PASSWORD, "", None, "ROLE_UNKNOWN"),
            ("lin", "institution", visitors.PASSWORD, "", None, "INSTITUTION_MISSING"),
            ("lin", "analyst", visitors.PASSWORD, "inst_1", None, "INSTITUTION_MISSING"),
            ("lin", "analyst", "short", "", None, "PASSWORD_WEAK"),
            ("lin", "analyst", visitors.PASSWORD, "", "not base 32!", "TOTP_SECRET_UNREADABLE"),
        ],
    )
    def test_is_refused_by_name_and_makes_nobody(
        self, username: str, role: str, password: str, institution_id: str, secret: str | None, code: str
    ) -> None:
        with pytest.raises(Refused) as refused:
            people.create_staff(username, role, password, institution_id, secret)
        assert refused.value.refusal.code == code
        assert get_user_model().objects.count() == StaffProfile.objects.count() == 0

    def test_refuses_a_name_that_is_taken(self) -> None:
        visitors.staff("lin", "analyst")
        with pytest.raises(Refused, match="USERNAME_TAKEN"):
            visitors.staff("lin", "admin")
        assert StaffProfile.objects.get().role == "analyst"
