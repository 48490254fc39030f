"""Roles and tenants: which page opens for whom, and what the database shows behind it."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from puhui.funding import operations as funding
from puhui.funding import queries as funding_queries
from puhui.store import tenancy
from puhui.web.tests import visitors
from puhui.web.urls import handler403, handler404
from puhui.web.urls import urlpatterns as of_the_house

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def _seen(request: object) -> HttpResponse:
    """What PostgreSQL shows in this request: the tenant, and how many institutions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting('puhui.tenant', true), ''), (SELECT count(*) FROM funding_institution)"
        )
        tenant, institutions = cursor.fetchone()
    return HttpResponse(f"{tenant}|{institutions}")


urlpatterns = [path("seen/", _seen), *of_the_house]
__all__ = ["handler403", "handler404", "urlpatterns"]

PLATFORM_PAGES = ("/firms/", "/offer-book/", "/decisions/", "/closing/")
OPEN_TO_ALL = ("/loans/",)


@pytest.mark.django_db
class TestPages:
    @pytest.mark.parametrize(
        ("role", "closed"),
        [
            ("analyst", ("/people/",)),
            ("operator", ()),
            ("admin", ()),
            ("institution", (*PLATFORM_PAGES, "/people/")),
        ],
    )
    def test_open_by_role(self, role: str, closed: tuple[str, ...]) -> None:
        visitors.staff("one", role, "inst_1" if role == "institution" else "")
        client = visitors.enter("one")
        for page in (*PLATFORM_PAGES, *OPEN_TO_ALL, "/people/"):
            assert client.get(page).status_code == (403 if page in closed else 200), page

    def test_lead_strangers_to_the_log_in(self) -> None:
        for page in (*PLATFORM_PAGES, *OPEN_TO_ALL, "/people/", "/"):
            answer = Client().get(page)
            assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={page}")

    def test_of_the_office_open_to_administrators_only(self) -> None:
        visitors.staff("gao", "admin")
        visitors.staff("lin", "analyst")
        assert visitors.enter("gao").get("/admin/auth/user/").status_code == 200
        assert visitors.enter("lin").get("/admin/auth/user/").status_code == 302

    def test_that_change_something_need_the_role_too(self) -> None:
        visitors.staff("lin", "analyst")
        assert visitors.enter("lin").post("/closing/run/", {"day": "2026-01-01"}).status_code == 403


class TestTheTenant:
    @pytest.fixture(autouse=True)
    def _institutions(self, fresh_database: object, settings: object) -> None:
        settings.ROOT_URLCONF = __name__  # type: ignore[attr-defined]
        funding.load_sample_programmes(now=NOW)
        self.institution_id = funding_queries.institutions()[0].id
        visitors.staff("lin", "analyst")
        visitors.staff("sun", "institution", self.institution_id)

    def test_is_the_platform_for_its_staff_and_one_institution_for_its_user(self) -> None:
        assert visitors.enter("lin").get("/seen/").content.decode() == "platform|3"
        assert visitors.enter("sun").get("/seen/").content.decode() == f"{self.institution_id}|1"

    def test_is_nobody_for_strangers_and_for_who_gave_a_password_only(self) -> None:
        assert Client().get("/seen/").content.decode() == "|0"
        half = Client()
        visitors.give_password(half, "lin")
        assert half.get("/seen/").content.decode() == "|0"

    def test_of_a_request_is_gone_in_the_next_on_the_same_connection(self) -> None:
        staff = visitors.enter("lin")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            before = cursor.fetchone()
        assert staff.get("/seen/").content.decode() == "platform|3"
        assert Client().get("/seen/").content.decode() == "|0"
        assert visitors.enter("sun").get("/seen/").content.decode() == f"{self.institution_id}|1"
        assert Client().get("/seen/").content.decode() == "|0"
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            assert cursor.fetchone() == before

    def test_left_behind_by_anybody_does_not_reach_a_stranger(self) -> None:
        tenancy.enter(tenancy.PLATFORM)
        assert Client().get("/seen/").content.decode() == "|0"

    def test_is_taken_back_when_a_page_fails(self) -> None:
        from puhui.web.middleware import TenantMiddleware

        def fails(request: object) -> HttpResponse:
            assert tenancy.current() == ""
            raise RuntimeError("a bug")

        tenancy.enter(tenancy.NOBODY)
        request = RequestFactory().get("/x")
        from django.contrib.auth.models import AnonymousUser

        request.user = AnonymousUser()
        with pytest.raises(RuntimeError):
            TenantMiddleware(fails)(request)
        assert tenancy.current() == ""

    def test_keeps_another_institutions_page_from_being_found(self) -> None:
        other = next(each.id for each in funding_queries.institutions() if each.id != self.institution_id)
        client = visitors.enter("sun")
        assert client.get(f"/institutions/{other}/").status_code == 404
        assert client.get(f"/institutions/{self.institution_id}/").status_code == 200
