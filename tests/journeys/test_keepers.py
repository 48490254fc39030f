"""Keepers of records in the journey: asked once, by consent, before the decision; what they say decides, what they do not say is noted.

The sandbox of `web.sandbox.keepers` answers over real HTTP; people, shops and every answer are invented (虚构).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory
from stdnum.cn import uscc

from puhui.journeys import apply as applying
from puhui.journeys import outside_facts
from puhui.journeys import release as releasing
from puhui.kernel.refusal import Refused
from puhui.parties import operations as parties
from puhui.parties import queries as parties_queries
from puhui.parties.operations import PersonDraft, ShopDraft
from puhui.policy import operations as policy
from puhui.policy import queries as policy_queries
from puhui.policy import replay
from puhui.simulate.owners import invented_owner
from puhui.underwriting import shipped_policy
from puhui.web import clock
from puhui.web.sandbox import keepers
from tests.journeys.conftest import Lender
from tests.journeys.test_partner_api import APPLICATIONS, register
from tests.journeys.test_small_owners import SHOP, small_owner
from tests.local_server import served
from tests.web.logged_in import owner

TOLD = SHOP | {"purpose": "stock", "id_expires_on": "长期"}
KEY = "key of the sandbox"
GOOD_SHOP = {"licence_state": "in_business", "on_abnormal_list": False, "annual_report_missing": False}


@dataclass
class Sandbox:
    """The sandbox on a port of its own; `calls` are the paths asked, `broken` the statuses it answers instead."""

    calls: list[str] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    running = Sandbox()

    def answered(call: BaseHTTPRequestHandler, body: bytes) -> None:
        running.calls.append(call.path)
        headers = {name: value for name, value in call.headers.items() if name.startswith("X-Puhui")}
        asked = RequestFactory().post(call.path, body, content_type="application/json", headers=headers)
        answer: Any = getattr(keepers, call.path.strip("/"))(asked)
        status = running.broken.pop(0) if running.broken else answer.status_code
        call.send_response(status)
        for name, value in answer.items():
            call.send_header(name, value)
        call.send_header("Content-Length", str(len(answer.content)))
        call.end_headers()
        call.wfile.write(answer.content)

    with served(answered, at_once=False) as base:
        settings.KEEPERS = {name: {"url": f"{base}/{name}", "key": KEY} for name in ("bureau", "registry")}
        yield running


def publish(now: datetime) -> None:
    """The shipped policy, not a letter changed."""
    policy.open_rulebook(shipped_policy.KIND, name_zh="准入", name_en="credit rules", now=now)
    drafted = policy.draft_version(
        shipped_policy.KIND, shipped_policy.texts(), author="ann", note="as shipped", now=now
    )
    policy.move_version(drafted, "submit", by="ann", now=now, note="please", force=True)
    policy.move_version(drafted, "approve", by="bob", now=now, note="read")
    policy.publish_version(drafted, at=now, by="cat", now=now)


@pytest.fixture
def shipped(lender: Lender, sandbox: Sandbox) -> Sandbox:
    publish(clock.now() - timedelta(hours=1))
    return sandbox


def person(*, overdue: bool) -> PersonDraft:
    """An invented owner of whom the sandbox's bureau says nothing bad, or that something is overdue."""
    for place in range(200):
        found = invented_owner(f"K{place}", seed=1)
        said = keepers.of_person(found.id_number, on=clock.now().date())
        if said is None or said["court_enforcement"] or not 25 <= 2026 - int(found.id_number[6:10]) <= 55:
            continue
        bad = said["overdue_now_minor"] > 0
        if bad == overdue and (bad or said["worst_overdue_days_24m"] == said["balance_minor"] == 0):
            return found
    raise AssertionError("no such owner among two hundred")


def shop() -> ShopDraft:
    """An invented shop of which the sandbox's registry says nothing bad."""
    for place in range(200):
        body = f"92420500MA4A{place:05d}"
        code = body + uscc.calc_check_digit(body)
        said = keepers.of_shop(code, on=clock.now().date())
        if said is not None and said | GOOD_SHOP == said:
            return ShopDraft("虚构·街口烟酒", credit_code=code, invented=True)
    raise AssertionError("no such shop among two hundred")


def good(lender: Lender, **changes: Any) -> applying.Intake:
    agreed = (applying.owner_consent("phone"), outside_facts.bureau_consent("phone"))
    return small_owner(
        lender, **{"person": person(overdue=False), "shop": shop(), "answers": TOLD, "consents": agreed} | changes
    )


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def asked_of_rules(decision_id: str) -> dict[str, Any]:
    """What the credit rules saw before this decision."""
    decided = policy_queries.decision(decision_id)
    return dict(policy_queries.decision(decided.inputs["rules"]["decision"]).inputs)


class TestTheShippedPolicy:
    def test_lends_to_a_good_owner_without_a_person_by_a_partner(self, shipped: Sandbox, lender: Lender) -> None:
        who, where = person(overdue=False), shop()
        sent = {
            "person": {"name": who.name, "id_number": who.id_number, "phone": who.phone},
            "shop": {"name": where.name, "credit_code": where.credit_code},
            "requested_minor": 1_500_000, "months": 12, "segment": "shop", "answers": TOLD,
            "consent": {"credit_assessment": True, "credit_bureau_query": True, "given_on": "partner_page"},
        }  # fmt: skip
        status, told, _ = register().call("POST", APPLICATIONS, sent, key="keepers-good-1")
        assert (status, told["state"], told["limit_minor"]) == (201, "offered", 1_500_000), told
        assert sorted(shipped.calls) == ["/bureau", "/registry"]
        seen = asked_of_rules(told["decision_id"])
        assert {name: seen[name] for name in ("five_class_worst", "overdue_now", "bureau_on_file", "licence_state", "purpose",
                                              "id_expires_on", "prior_loans", "consent_to_assess", "evidence_age_days")} == {
            "five_class_worst": "normal", "overdue_now": False, "bureau_on_file": True, "licence_state": "in_business",
            "purpose": "stock", "id_expires_on": "9999-12-31", "prior_loans": 0, "consent_to_assess": True, "evidence_age_days": 0,
        }  # fmt: skip
        decided = policy_queries.decision(told["decision_id"])
        assert [(each["keeper"], each["outcome"]) for each in decided.inputs["outside"]] == [
            ("bureau", "answered"), ("registry", "answered")]  # fmt: skip
        assert replay.replay(told["decision_id"]).same

    def test_lends_to_a_good_owner_without_a_person_by_the_phone(self, shipped: Sandbox, lender: Lender) -> None:
        who, where = person(overdue=False), shop()
        client = owner(who.phone)
        pages = {"business": ("trade", "wallet_month_yuan", "tobacco_month_yuan"), "things": ("rent_month_yuan",)}
        asked = {step: {name: TOLD[name] for name in names} for step, names in pages.items()}
        asked["owner"] = {
            name: text for name, text in TOLD.items() if name not in (*pages["business"], *pages["things"])
        }
        for step, answers in asked.items():
            assert client.post(f"/m/small/shop/{step}/", answers)["Location"].startswith("/m/small/shop/")
        assert outside_facts.BUREAU_PURPOSE in client.get("/m/small/shop/send/").content.decode()
        sent = {
            "name": who.name, "id_number": who.id_number, "shop_name": where.name, "credit_code": where.credit_code,
            "requested_yuan": "15000", "months": "12", "key": "k1", "consent": ["credit_assessment", "credit_report"],
        }  # fmt: skip
        assert client.post("/m/small/shop/send/", sent)["Location"].startswith("/m/offers/offer_")
        assert sorted(shipped.calls) == ["/bureau", "/registry"]

    def test_refuses_whom_the_bureau_knows_to_be_overdue_whatever_they_told(
        self, shipped: Sandbox, lender: Lender
    ) -> None:
        applied = applying.apply(good(lender, person=person(overdue=True)), key="k", now=clock.now())
        assert (applied.state, applied.offer_id, applied.limit_minor) == ("refused", None, 0)
        assert applied.decision_id is not None
        assert "OVERDUE_NOW" in [reason["code"] for reason in applied.reasons]
        assert replay.replay(applied.decision_id).same

    def test_asks_nobody_without_consent_and_a_person_looks(self, shipped: Sandbox, lender: Lender) -> None:
        alone = good(
            lender, consents=(applying.owner_consent("phone"),), shop=ShopDraft("虚构·无照摊位", invented=True)
        )
        applied = applying.apply(alone, key="k", now=clock.now())
        assert (applied.state, applied.held, shipped.calls) == ("submitted", True, [])
        assert {"QUERIES_1M", "FIVE_CLASS"} <= {reason["code"] for reason in applied.reasons}
        assert (
            count("underwriting_keeper_question"),
            parties_queries.has_consent(applied.person_id, purpose="credit_report"),
        ) == (0, False)
        with pytest.raises(Refused, match="CONSENT_MISSING"):
            applying.apply(good(lender, consents=(outside_facts.bureau_consent("phone"),)), key="k2", now=clock.now())
        assert (shipped.calls, count("underwriting_keeper_question"), count("underwriting_application")) == ([], 0, 1)

    def test_does_not_decide_after_the_consent_was_taken_back(self, shipped: Sandbox, lender: Lender) -> None:
        alone = good(lender, consents=(applying.owner_consent("phone"),))
        applied = applying.apply(alone, key="k", now=clock.now())
        assert applied.held
        for consent in parties_queries.consents(applied.person_id):
            parties.withdraw_consent(consent.id, now=clock.now())
        let = releasing.release(
            applied.application_id, by="eve", reason="看过征信报告", on=lender.today, now=clock.now()
        )
        assert (let.state, let.offer_id) == ("refused", None)
        assert "CONSENT_ASSESS" in [reason["code"] for reason in let.reasons]


class TestAKeeper:
    def test_is_asked_once_in_a_window_and_the_answer_serves_the_next_application(
        self, shipped: Sandbox, lender: Lender
    ) -> None:
        now = clock.now()
        first = applying.apply(good(lender), key="k", now=now)
        assert applying.apply(good(lender), key="k", now=now) == first
        second = applying.apply(good(lender), key="k2", now=now + timedelta(days=20))
        assert (second.state, second.reasons[0]["code"]) == ("offered", "APPROVED_SMALL_OWNER"), second.reasons
        assert sorted(shipped.calls) == ["/bureau", "/registry"]
        assert (count("underwriting_keeper_question"), count("underwriting_keeper_answer")) == (2, 2)

    def test_that_is_down_holds_nothing_back_and_is_noted(self, shipped: Sandbox, lender: Lender) -> None:
        shipped.broken = [503, 503, 503, 503]
        applied = applying.apply(good(lender), key="k", now=clock.now())
        assert (applied.state, applied.held) == ("submitted", True)
        assert sorted(shipped.calls) == ["/bureau", "/bureau", "/registry", "/registry"]
        let = releasing.release(
            applied.application_id, by="eve", reason="看过征信报告", on=lender.today, now=clock.now()
        )
        assert let.decision_id is not None
        noted = policy_queries.decision(let.decision_id).inputs["outside"]
        assert [(each["keeper"], each["outcome"], each["said"]) for each in noted] == [
            ("bureau", "down", "status 503"), ("registry", "down", "status 503")]  # fmt: skip
        again = applying.apply(good(lender), key="k2", now=clock.now())
        assert (again.state, len(shipped.calls)) == ("offered", 6)

    def test_keeps_of_an_answer_what_evidence_has_and_with_which_consent(
        self, shipped: Sandbox, lender: Lender
    ) -> None:
        applied = applying.apply(good(lender), key="k", now=clock.now())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT item.kind, item.source, item.grade, consent.purpose, length(answer.content_hash)"
                " FROM underwriting_evidence_item item JOIN parties_consent consent ON consent.id = item.consent_id"
                " JOIN underwriting_keeper_question question ON item.key LIKE 'keeper/' || question.id || '/%%'"
                " JOIN underwriting_keeper_answer answer ON answer.question_id = question.id"
                " WHERE item.shop_id = %s ORDER BY item.kind",
                [applied.shop_id],
            )
            found = cursor.fetchall()
        assert found == [
            ("owner_credit", "sandbox", "B", "credit_report", 64),
            ("registry", "sandbox", "B", "credit_assessment", 64),
        ]

    def test_is_not_asked_for_a_request_that_cannot_be_taken(self, shipped: Sandbox, lender: Lender) -> None:
        with pytest.raises(Refused, match="DAY_UNREADABLE"):
            applying.apply(good(lender, answers=TOLD | {"id_expires_on": "明年"}), key="k", now=clock.now())
        assert (shipped.calls, count("underwriting_keeper_question"), count("underwriting_application")) == ([], 0, 0)
