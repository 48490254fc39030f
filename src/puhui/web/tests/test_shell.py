"""Headers, errors, languages, health, metrics: what holds for every page."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import path

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import tool_list
from puhui.web import callers, surroundings
from puhui.web.tests import visitors
from puhui.web.urls import handler400, handler403, handler404, handler500
from puhui.web.urls import urlpatterns as of_the_house


def _refuses(request: HttpRequest) -> Any:
    raise Refused(Refusal("LOAN_CLOSED", "贷款已结清 · the loan is closed"))


def _breaks(request: HttpRequest) -> Any:
    raise KeyError("13800138000")


urlpatterns = [path("refuses/", _refuses), path("breaks/", _breaks), *of_the_house]
__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def test_every_place_and_every_tool_has_a_drawing() -> None:
    sprite = finders.find("puhui/icons.svg")
    assert isinstance(sprite, str)
    drawn = re.findall(r'<symbol id="([^"]+)"', Path(sprite).read_text(encoding="utf-8"))
    wanted = {place.icon for place in surroundings.PLACES} | {f"tool-{tool.name}" for tool in tool_list.TOOLS}
    assert wanted - set(drawn) == set()
    assert len(drawn) == len(set(drawn))


@pytest.mark.django_db
class TestEveryAnswer:
    def test_forbids_inline_scripts_frames_and_caching(self) -> None:
        answer = Client().get("/login/")
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer["X-Frame-Options"] == "DENY"
        assert "no-store" in answer["Cache-Control"]
        assert "<script>" not in answer.content.decode()
        assert " style=" not in answer.content.decode()

    def test_carries_a_request_id_the_callers_own_if_it_is_sane(self) -> None:
        assert Client().get("/login/")["X-Request-ID"].startswith("req_")
        assert Client().get("/login/", headers={"X-Request-ID": "abc-12345"})["X-Request-ID"] == "abc-12345"
        assert Client().get("/login/", headers={"X-Request-ID": "a\tb"})["X-Request-ID"].startswith("req_")


@pytest.mark.django_db
class TestErrors:
    @pytest.fixture(autouse=True)
    def _urls(self, settings: Any) -> None:
        settings.ROOT_URLCONF = __name__

    def test_are_pages_in_plain_words_with_the_request_id(self) -> None:
        client = Client(raise_request_exception=False)
        for address, status, told in (
            ("/nowhere/", 404, "没有找到"),
            ("/refuses/", 409, "贷款已结清"),
            ("/breaks/", 500, "系统出了问题"),
        ):
            answer = client.get(address)
            text = answer.content.decode()
            assert answer.status_code == status
            assert told in text
            assert answer["X-Request-ID"] in text
            assert "KeyError" not in text
            assert "13800138000" not in text

    def test_speak_english_to_who_chose_it(self) -> None:
        client = Client(raise_request_exception=False)
        client.post("/language/setlang/", {"language": "en"})
        assert "the loan is closed" in client.get("/refuses/").content.decode()
        assert "Not found" in client.get("/nowhere/").content.decode()

    def test_are_fragments_for_htmx(self) -> None:
        answer = Client().get("/refuses/", headers={"HX-Request": "true"})
        assert answer.status_code == 409
        assert answer.content.decode().startswith('<div class="notice error"')


@pytest.mark.django_db
class TestTheLanguage:
    def test_is_chinese_until_the_reader_switches_whatever_the_browser_prefers(self) -> None:
        client = Client(headers={"Accept-Language": "en"})
        assert "员工登录" in client.get("/login/").content.decode()
        client.post("/language/setlang/", {"language": "en", "next": "/login/"})
        page = client.get("/login/").content.decode()
        assert "Staff log-in" in page
        assert '<html lang="en">' in page


@pytest.mark.django_db
class TestHealth:
    def test_tells_database_migrations_jobs_and_worker(self) -> None:
        answer = Client().get("/healthz")
        assert (answer.status_code, answer.json()) == (
            200,
            {"status": "degraded", "database": "ok", "migrations_missing": 0, "jobs_waiting": 0, "worker_heartbeat_seconds": None},
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
        assert Client().get("/healthz").json()["status"] == "ok"


@pytest.mark.django_db
class TestMetrics:
    def test_count_requests_by_view(self) -> None:
        Client().get("/login/")
        text = Client().get("/metrics").content.decode()
        assert 'puhui_http_requests_total{method="GET",status="200",view="staff:login"}' in text
        assert 'puhui_http_seconds_bucket{le="0.5",view="staff:login"}' in text

    def test_stay_on_this_machine_without_a_token_and_ask_for_it_with_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert Client(REMOTE_ADDR="10.0.0.9").get("/metrics").status_code == 403
        assert Client(headers={"X-Forwarded-For": "10.0.0.9"}).get("/metrics").status_code == 403
        monkeypatch.setenv("PUHUI_METRICS_TOKEN", "t0ken")
        assert Client().get("/metrics").status_code == 403
        assert Client(headers={"Authorization": "Bearer t0ken"}).get("/metrics").status_code == 200


@pytest.mark.django_db
class TestARevealOnTheConsole:
    def test_needs_a_reason_is_logged_and_masked_again_on_the_next_look(self) -> None:
        from datetime import UTC, datetime

        from puhui.parties import operations
        from puhui.parties.operations import PersonDraft

        person_id = operations.register_person(
            PersonDraft("王小明", "11010519491231002X", "13800138000"), now=datetime(2026, 3, 1, tzinfo=UTC)
        )
        visitors.staff("he", "operator")
        client = visitors.enter("he")
        found = client.post("/people/", {"text": "138 0013 8000"})
        assert found["Location"] == f"/people/{person_id}/"
        assert "13800138000" not in client.get(found["Location"]).content.decode()
        refused = client.post(f"/people/{person_id}/reveal/", {"field": "phone", "reason": "x"})
        assert refused.status_code == 422
        assert "13800138000" not in refused.content.decode()
        shown = client.post(f"/people/{person_id}/reveal/", {"field": "phone", "reason": "客户来电核对"})
        assert "13800138000" in shown.content.decode()
        assert "11010519491231002X" not in shown.content.decode()
        assert "13800138000" not in client.get(f"/people/{person_id}/").content.decode()
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('puhui.tenant', 'platform', false)")
            cursor.execute("SELECT field, reason, seen_by FROM parties_reveal")
            assert cursor.fetchall() == [("phone", "客户来电核对", "he")]


class TestTheCallersAddress:
    @pytest.mark.parametrize(
        ("proxies", "forwarded", "address"),
        [
            (0, "9.9.9.9", "10.0.0.1"),
            (1, "9.9.9.9", "9.9.9.9"),
            (1, "1.2.3.4, 9.9.9.9", "9.9.9.9"),
            (2, "1.2.3.4, 9.9.9.9, 10.0.0.2", "9.9.9.9"),
            (2, "9.9.9.9", "10.0.0.1"),
        ],
    )
    def test_is_what_our_own_proxies_saw_and_never_what_the_caller_wrote(
        self, proxies: int, forwarded: str, address: str, settings: Any
    ) -> None:
        settings.PROXIES = proxies
        request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded})
        assert callers.address_of(request) == address
