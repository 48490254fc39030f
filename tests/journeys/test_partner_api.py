"""The partner API: signed, counted, idempotent; a partner sees what it sent and nothing else."""

import json
import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from puhui.funding import partners
from puhui.journeys import disburse
from puhui.underwriting import queries as underwriting
from puhui.web import clock
from tests.journeys.conftest import NOW, Lender
from tests.journeys.partner_client import PartnerClient, send

APPLICATIONS = "/api/v1/applications"


def register(name: str = "某平台（虚构）", *, calls_a_minute: int = 1000) -> PartnerClient:
    return PartnerClient(*partners.register_partner(name, calls_a_minute=calls_a_minute, sample=True, now=NOW))


@pytest.fixture
def partner(lender: Lender) -> PartnerClient:
    return register()


def body(lender: Lender, place: int = 0, **changes: Any) -> dict[str, Any]:
    intake = lender.intake(lender.approved[place])
    sent = {
        "person": {"name": intake.person.name, "id_number": intake.person.id_number, "phone": intake.person.phone},
        "shop": {"name": intake.shop.name, "evidence_code": intake.shop.evidence_code},
        "requested_minor": intake.requested_minor,
        "months": 12,
        "consent": {"credit_assessment": True, "given_on": "partner_page"},
    }
    return sent | changes


def stored() -> tuple[int, ...]:
    counts = []
    with connection.cursor() as cursor:
        for table in ("underwriting_application", "parties_person", "funding_partner_nonce", "funding_partner_minute"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts.append(cursor.fetchone()[0])
    return tuple(counts)


def offered(lender: Lender, partner: PartnerClient) -> dict[str, Any]:
    for place in range(len(lender.approved)):
        status, told, _ = partner.call("POST", APPLICATIONS, body(lender, place), key=f"key-apply-{place}")
        assert status == 201, told
        if told["offer_id"]:
            _, shown, _ = partner.call("GET", f"/api/v1/offers/{told['offer_id']}")
            if shown["institution_id"]:
                return shown
    raise AssertionError("nobody was offered a funded loan")


def firm_of(shown: dict[str, Any]) -> str:
    """The code of the firm an offer was made to."""
    return underwriting.application(shown["application_id"]).firm_code or ""


class TestASmallOwner:
    answers = {
        "trade": "tobacco_shop", "wallet_month_yuan": "65000", "tobacco_month_yuan": "31000", "rent_month_yuan": "4500",
        "instalments_month_yuan": "0", "overdue_now_yuan": "0", "worst_late_days": "0", "inquiries_3m": "1",
        "credit_since_year": "2015",
    }  # fmt: skip

    def small(self, lender: Lender, **changes: Any) -> dict[str, Any]:
        return body(lender, shop={"name": "虚构·街口烟酒"}, requested_minor=1_500_000, segment="shop") | changes

    def test_is_answered_on_the_same_questions(self, lender: Lender, partner: PartnerClient) -> None:
        status, told, _ = partner.call(
            "POST", APPLICATIONS, self.small(lender, answers=self.answers), key="small-owner-1"
        )
        assert (status, told["state"], told["limit_minor"]) == (201, "offered", 1_500_000), told

    def test_may_send_evidence_which_is_graded_as_passed_on(self, lender: Lender, partner: PartnerClient) -> None:
        orders = {"kind": "tobacco_orders", "source": "partner", "observed_from": "2025-09-01", "observed_to": "2026-03-01",
                  "values": {"orders_by_month": {f"2025-{m:02d}": 3_000_000 for m in (9, 10, 11, 12)}}}  # fmt: skip
        sent = self.small(lender, answers=self.answers, evidence=[orders])
        status, told, _ = partner.call("POST", APPLICATIONS, sent, key="small-owner-2")
        assert status == 201, told
        with connection.cursor() as cursor:
            cursor.execute("SELECT grade FROM underwriting_evidence_item WHERE source = 'partner'")
            assert cursor.fetchall() == [("C",)]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"answers": {"gender": "f"}}, "QUESTION_UNKNOWN"), ({"answers": {"wallet_month_yuan": "lots"}}, "AMOUNT_UNREADABLE"),
         ({"segment": "whale"}, "INPUT_INVALID"),
         ({"evidence": [{"kind": "rent", "source": "bank", "observed_from": "2026-01-01", "observed_to": "2026-02-01",
                         "values": {"monthly_minor": 1}}]}, "INPUT_INVALID"),
         ({"evidence": [{"kind": "rent", "source": "partner", "observed_from": "2026-01-01", "observed_to": "2026-02-01",
                         "values": {"monthly_minor": -1}}]}, "EVIDENCE_VALUE_INVALID")],
    )  # fmt: skip
    def test_is_refused_by_name_and_nothing_is_stored(
        self, lender: Lender, partner: PartnerClient, changes: dict[str, Any], code: str
    ) -> None:
        before = stored()[:2]
        status, told, _ = partner.call("POST", APPLICATIONS, self.small(lender, **changes), key="small-owner-3")
        assert (status, told["code"]) == (422, code)
        assert stored()[:2] == before


class TestTheSignature:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"X-Signature": ""}, "SIGNATURE_WRONG"),
            ({"X-Signature": "0" * 64}, "SIGNATURE_WRONG"),
            ({"X-Key-Id": ""}, "SIGNATURE_WRONG"),
            ({"X-Key-Id": "pk_nobody"}, "SIGNATURE_WRONG"),
            ({"X-Nonce": "another-nonce"}, "SIGNATURE_WRONG"),
            ({"X-Timestamp": "1"}, "SIGNATURE_WRONG"),
        ],
    )
    def test_wrong_is_turned_away_and_stores_nothing(
        self, lender: Lender, partner: PartnerClient, changes: dict[str, str], code: str
    ) -> None:
        before = stored()
        status, told, _ = partner.call("POST", APPLICATIONS, body(lender), key="key-00001", changes=changes)
        assert (status, told["code"], sorted(told)) == (401, code, ["code", "message", "where"])
        assert stored() == before

    def test_missing_is_turned_away(self, lender: Lender) -> None:
        before = stored()
        status, told, _ = send("POST", APPLICATIONS, json.dumps(body(lender)).encode(), {})
        assert (status, told["code"], stored()) == (401, "SIGNATURE_WRONG", before)

    def test_of_another_body_is_turned_away(self, lender: Lender, partner: PartnerClient) -> None:
        before = stored()
        headers = partner.headers("POST", APPLICATIONS, b"{}") | {"Idempotency-Key": "key-00001"}
        status, told, _ = send("POST", APPLICATIONS, json.dumps(body(lender)).encode(), headers)
        assert (status, told["code"], stored()) == (401, "SIGNATURE_WRONG", before)

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_that_is_too_old_or_too_new_is_turned_away(
        self, lender: Lender, partner: PartnerClient, seconds: int
    ) -> None:
        before = stored()
        stamp, nonce, path = str(int(clock.now().timestamp()) + seconds), secrets.token_hex(8), f"{APPLICATIONS}/app_1"
        signature = partners.sign(partner.secret, method="GET", path=path, timestamp=stamp, nonce=nonce, body=b"")
        headers = {"X-Key-Id": partner.shown.key_id, "X-Timestamp": stamp, "X-Nonce": nonce, "X-Signature": signature}
        status, told, _ = send("GET", path, b"", headers)
        assert (status, told["code"], stored()) == (401, "TIMESTAMP_EXPIRED", before)

    def test_replayed_is_turned_away(self, lender: Lender, partner: PartnerClient) -> None:
        path = f"{APPLICATIONS}/app_{'0' * 32}"
        headers = partner.headers("GET", path, b"")
        assert send("GET", path, b"", headers)[0] == 404
        before = stored()
        status, told, _ = send("GET", path, b"", headers)
        assert (status, told["code"], stored()) == (401, "NONCE_REPLAYED", before)


class TestIdempotency:
    def test_same_key_and_body_give_the_same_answer(self, lender: Lender, partner: PartnerClient) -> None:
        first = partner.call("POST", APPLICATIONS, body(lender), key="key-00001")
        again = partner.call("POST", APPLICATIONS, body(lender), key="key-00001")
        assert first[:2] == again[:2]
        assert first[0] == 201
        assert underwriting.applications()[1] == 1

    def test_the_answer_stays_the_same_when_things_have_moved_on(self, lender: Lender, partner: PartnerClient) -> None:
        shown = offered(lender, partner)
        place = [row.firm for row in lender.approved].index(firm_of(shown))
        partner.call("POST", f"/api/v1/offers/{shown['offer_id']}/decline", key="key-decline")
        status, told, _ = partner.call("POST", APPLICATIONS, body(lender, place), key=f"key-apply-{place}")
        assert (status, told["state"], told["offer_id"]) == (201, "offered", shown["offer_id"])

    def test_same_key_and_another_body_are_a_conflict(self, lender: Lender, partner: PartnerClient) -> None:
        partner.call("POST", APPLICATIONS, body(lender), key="key-00001")
        status, told, _ = partner.call("POST", APPLICATIONS, body(lender, months=6), key="key-00001")
        assert (status, told["code"]) == (409, "DUPLICATE_KEY_OTHER_CONTENT")
        assert underwriting.applications()[1] == 1

    def test_a_key_belongs_to_its_partner(self, lender: Lender, partner: PartnerClient) -> None:
        partner.call("POST", APPLICATIONS, body(lender), key="key-00001")
        assert register("另一平台").call("POST", APPLICATIONS, body(lender, 1), key="key-00001")[0] == 201
        assert underwriting.applications()[1] == 2

    def test_a_missing_key_is_refused(self, lender: Lender, partner: PartnerClient) -> None:
        status, told, _ = partner.call("POST", APPLICATIONS, body(lender))
        assert (status, told["code"], told["where"]) == (422, "INPUT_INVALID", "header.Idempotency-Key")
        assert underwriting.applications()[1] == 0


class TestTheRate:
    def test_is_told_and_then_refused(self, lender: Lender, monkeypatch: pytest.MonkeyPatch) -> None:
        minute = clock.now().replace(second=10)
        monkeypatch.setattr(clock, "now", lambda: minute)  # the minute must not turn under the test
        partner, path = register(calls_a_minute=2), f"{APPLICATIONS}/app_{'0' * 32}"
        answers = [partner.call("GET", path) for _ in range(3)]
        assert [status for status, _, _ in answers] == [404, 404, 429]
        assert [headers["X-RateLimit-Remaining"] for _, _, headers in answers] == ["1", "0", "0"]
        assert (answers[2][1]["code"], answers[2][2]["Retry-After"]) == ("TOO_MANY_CALLS", "50")
        assert register("另一平台").call("GET", path)[0] == 404


class TestAPartner:
    def test_takes_an_applicant_from_application_to_schedule(self, lender: Lender, partner: PartnerClient) -> None:
        shown = offered(lender, partner)
        yes = {
            "disclosure_hash": shown["disclosure_hash"],
            "consent_institution_id": shown["institution_id"],
            "shown_at": (clock.now() - timedelta(seconds=30)).isoformat(),
            "scrolled_to_end": True,
        }
        path = f"/api/v1/offers/{shown['offer_id']}/accept"
        status, accepted, _ = partner.call("POST", path, yes, key="key-accept")
        assert (status, accepted["institution_id"]) == (201, shown["institution_id"])
        assert partner.call("POST", path, yes, key="key-accept")[:2] == (201, accepted)
        disburse.disburse(accepted["loan_id"], now=clock.now())
        status, loan, _ = partner.call("GET", f"/api/v1/loans/{accepted['loan_id']}")
        assert (status, loan["state"], len(loan["schedule"])) == (200, "active", 12)
        assert sum(line["due_minor"] for line in loan["schedule"]) == shown["total_repaid_minor"]
        status, application, _ = partner.call("GET", f"{APPLICATIONS}/{accepted['application_id']}")
        assert (status, application["state"], application["loan_id"]) == (200, "funded", accepted["loan_id"])

    def test_declines(self, lender: Lender, partner: PartnerClient) -> None:
        offer_id = offered(lender, partner)["offer_id"]
        told = partner.call("POST", f"/api/v1/offers/{offer_id}/decline", key="key-decline")
        assert told[:2] == (200, {"id": offer_id, "state": "declined"})

    def test_sees_nothing_of_another_partner(self, lender: Lender, partner: PartnerClient) -> None:
        shown, other = offered(lender, partner), register("另一平台")
        for path in (f"{APPLICATIONS}/{shown['application_id']}", f"/api/v1/offers/{shown['offer_id']}"):
            status, told, _ = other.call("GET", path)
            assert (status, told["code"]) == (404, "NOT_FOUND")
        assert other.call("POST", f"/api/v1/offers/{shown['offer_id']}/decline", key="key-decline")[0] == 404
        assert underwriting.offer(shown["offer_id"]).state == "open"

    def test_is_told_what_is_wrong_without_the_value(self, lender: Lender, partner: PartnerClient) -> None:
        wrong = body(lender) | {"person": {"name": "王", "id_number": "110105194912310021", "phone": "13800138000"}}
        status, told, _ = partner.call("POST", APPLICATIONS, wrong, key="key-00001")
        assert (status, told["code"], told["where"]) == (422, "ID_NUMBER_UNREADABLE", "id_number")
        assert "110105" not in json.dumps(told)
        assert underwriting.applications()[1] == 0

    def test_is_told_the_place_of_a_field_it_does_not_know(self, lender: Lender, partner: PartnerClient) -> None:
        status, told, _ = partner.call("POST", APPLICATIONS, body(lender, color="red"), key="key-00001")
        assert (status, told["code"], told["where"]) == (422, "INPUT_INVALID", "body.body.color")

    def test_brings_invoices_after_a_refusal_for_want_of_them(self, lender: Lender, partner: PartnerClient) -> None:
        bare = body(lender, shop={"name": "新店"})
        _, refused, _ = partner.call("POST", APPLICATIONS, bare, key="key-00001")
        assert refused["state"] == "refused"
        invoice = {"direction": "sale", "number": "1", "issued_on": "2026-01-05", "counterparty": "甲", "net_minor": 100_000,
                   "tax_minor": 3_000}  # fmt: skip
        status, again, _ = partner.call(
            "POST", f"{APPLICATIONS}/{refused['application_id']}/invoices", {"invoices": [invoice]}, key="key-00002"
        )
        assert status == 201
        assert again["application_id"] != refused["application_id"]
        assert "NO_INVOICES" not in [reason["code"] for reason in again["reasons"]]


class TestTheDescription:
    def test_is_open_to_everybody(self, lender: Lender) -> None:
        status, schema, _ = send("GET", "/api/v1/openapi.json", b"", {})
        assert (status, len(schema["paths"])) == (200, 7)
        status, _, headers = send("GET", "/api/v1/docs", b"", {})
        assert status == 200
        assert "script-src" not in headers["Content-Security-Policy"]
