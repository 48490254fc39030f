"""Answers of keepers field by field, the client over real HTTP, and what of an answer becomes columns of the credit rules."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from puhui.kernel.masked import Secret
from puhui.kernel.refusal import Refused
from puhui.underwriting import models
from puhui.underwriting.core import coefficients, deciding, keeper_answer, owner_facts, questionnaire, rule_inputs
from puhui.underwriting.core.breaker import Rules, State, Try, state
from puhui.underwriting.core.keeper_answer import Malformed, NotOnFile
from puhui.underwriting.core.lending_policy import LendingPolicy
from puhui.underwriting.outside import asking
from puhui.underwriting.outside.asking import Asked, Wanted
from puhui.underwriting.outside.door import Door, DoorNotSecure, KeeperFault, sign
from puhui.underwriting.outside.terms import Terms, TermsAbsent, terms
from tests.local_server import served

ON, NOW = date(2026, 3, 2), datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = Secret("shared")
QUICK = Terms(window_days=30, timeout_ms=300, attempts=2, pause_ms=0, deadline_ms=5000, break_after=5, rest_ms=30_000)
SUMMARY: dict[str, Any] = {
    "instalments_monthly_minor": 200_000, "overdue_now_minor": 0, "worst_overdue_days_24m": 20, "overdue_months_24m": 1,
    "inquiries_1m": 2, "inquiries_3m": 3, "new_loans_1m": 1, "balance_minor": 3_000_000, "non_bank_minor": 1_000_000,
    "guarantees_minor": 50_000, "household_credit_minor": 9_000_000, "five_class_worst": "normal", "court_enforcement": False,
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "query_id": "ask_1",
    "sandbox": False,
    "found": True,
    "as_of": "2026-03-01",
    "summary": SUMMARY,
}


class TestReading:
    def test_takes_a_good_answer_as_evidence_of_its_day(self) -> None:
        seen = keeper_answer.read("bureau", ANSWER, query_id="ask_1", on=ON)
        assert not isinstance(seen, NotOnFile)
        assert (seen.kind, seen.source, seen.observed_from, seen.observed_to) == (
            "owner_credit", "bureau", date(2026, 3, 1), date(2026, 3, 2))  # fmt: skip

    def test_tells_who_is_not_on_file(self) -> None:
        told = ANSWER | {"found": False, "summary": None}
        assert keeper_answer.read("bureau", told, query_id="ask_1", on=ON) == NotOnFile()

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"query_id": "ask_2"}, "query_id"), ({"sandbox": "no"}, "sandbox"), ({"as_of": "2026-03-03"}, "as_of"),
            ({"as_of": "2026-01-15"}, "as_of"), ({"as_of": 5}, "as_of"), ({"more": 1}, "the fields"), ({"found": False}, "summary"),
            ({"summary": []}, "summary"), ({"summary": {k: v for k, v in SUMMARY.items() if k != "inquiries_1m"}}, "summary.inquiries_1m"),
            ({"summary": SUMMARY | {"overdue_now_minor": -1}}, "owner_credit.overdue_now_minor"),
            ({"summary": SUMMARY | {"balance_minor": 1.5}}, "owner_credit.balance_minor"),
            ({"summary": SUMMARY | {"five_class_worst": "fine"}}, "owner_credit.five_class_worst"),
            ({"summary": SUMMARY | {"score": 700}}, "owner_credit.score"),
        ],
    )  # fmt: skip
    def test_believes_nothing_of_an_answer_with_one_wrong_field(self, changed: dict[str, Any], named: str) -> None:
        with pytest.raises(Malformed, match=f"^{named}"):
            keeper_answer.read("bureau", ANSWER | changed, query_id="ask_1", on=ON)


class _Keeper(HTTPServer):
    """Answers the given (status, body, signed) in turn; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, bytes, bool]] = []
        self.asked: list[tuple[dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Keeper

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((dict(self.headers), body))
        status, content, signed = self.server.answers.pop(0)
        self.send_response(status)
        self.send_header("X-Puhui-Timestamp", "1")
        self.send_header("X-Puhui-Signature", sign(KEY.reveal(), timestamp="1", body=content) if signed else "0" * 64)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        return


@pytest.fixture
def keeper() -> Iterator[_Keeper]:
    server = _Keeper()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class TestTheDoor:
    def ask(self, keeper: _Keeper) -> Any:
        door = Door(f"http://127.0.0.1:{keeper.server_port}/bureau", KEY)
        return asyncio.run(door.ask({"query_id": "ask_1"}, terms=QUICK, now=NOW))

    def test_signs_and_asks_again_under_the_same_id(self, keeper: _Keeper) -> None:
        keeper.answers = [(503, b"", False), (200, json.dumps(ANSWER).encode(), True)]
        heard = self.ask(keeper)
        assert (heard.told, heard.attempts, len(heard.content_hash)) == (ANSWER, 2, 64)
        (headers, body), (_, repeated) = keeper.asked
        assert body == repeated == b'{"query_id": "ask_1"}'
        assert headers["X-Puhui-Signature"] == sign(KEY.reveal(), timestamp=headers["X-Puhui-Timestamp"], body=body)
        assert headers["X-Puhui-Timestamp"] == str(int(NOW.timestamp()))

    @pytest.mark.parametrize(
        ("answers", "outcome", "said", "attempts"),
        [
            ([(503, b"", False), (429, b"", False)], "down", "status 429", 2), ([(403, b"{}", True)], "no_consent", "status 403", 1),
            ([(422, b"{}", True)], "refused", "status 422", 1), ([(301, b"", False)], "refused", "status 301", 1),
            ([(200, b"{}", False)], "malformed", "the signature of the answer does not fit", 1),
            ([(200, b"<html>", True)], "malformed", "not JSON", 1), ([(200, b" " * 70_000, True)], "malformed", "longer than 65536 bytes", 1),
        ],
    )  # fmt: skip
    def test_names_every_way_it_can_fail(
        self, keeper: _Keeper, answers: list[Any], outcome: str, said: str, attempts: int
    ) -> None:
        keeper.answers = list(answers)
        with pytest.raises(KeeperFault) as fault:
            self.ask(keeper)
        assert (fault.value.outcome, fault.value.said, fault.value.attempts) == (outcome, said, attempts)
        assert len(keeper.asked) == attempts

    def test_counts_silence_as_down(self) -> None:
        with pytest.raises(KeeperFault) as fault:
            asyncio.run(Door("http://127.0.0.1:9/bureau", KEY).ask({}, terms=QUICK, now=NOW))
        assert (fault.value.outcome, fault.value.said, fault.value.attempts) == ("down", "ConnectError", 2)

    def test_waits_for_no_answer_that_trickles_past_the_deadline(self) -> None:
        def trickle(call: BaseHTTPRequestHandler, _body: bytes) -> None:
            call.send_response(200)
            call.send_header("Content-Length", "1000")
            call.end_headers()
            for _ in range(1000):
                call.wfile.write(b" ")
                time.sleep(0.05)

        patient = replace(QUICK, deadline_ms=400)
        with served(trickle) as base, pytest.raises(KeeperFault) as fault:
            asyncio.run(Door(f"{base}/bureau", KEY).ask({}, terms=patient, now=NOW))
        assert (fault.value.outcome, fault.value.said, fault.value.attempts) == ("down", "no answer within 400 ms", 1)

    @pytest.mark.parametrize(
        "url", ["http://bureau.example/v1", "ftp://127.0.0.1/", "bureau.example", "http://127.0.0.1.example/"]
    )
    def test_is_never_opened_without_https(self, url: str) -> None:
        with pytest.raises(DoorNotSecure, match="https"):
            Door(url, KEY)

    def test_is_never_opened_without_a_key(self) -> None:
        with pytest.raises(DoorNotSecure, match="key"):
            Door("https://bureau.example/v1", Secret(""))

    def test_has_dated_terms(self) -> None:
        assert terms("bureau", on=ON) == terms("registry", on=ON) == Terms(30, 2000, 2, 200, 3000, 5, 30_000)
        with pytest.raises(TermsAbsent, match="bureau on 2025-12-31"):
            terms("bureau", on=date(2025, 12, 31))


def tries(*outcomes: str | None, every: int = 10) -> list[Try]:
    """Tries the newest of which was put at NOW, each ended after a second."""
    asked = [NOW - timedelta(seconds=n * every) for n in range(len(outcomes))]
    return [
        Try(at, told, at + timedelta(seconds=1) if told else None) for at, told in zip(asked, outcomes, strict=True)
    ]


class TestTheBreaker:
    RULES = Rules(break_after=3, rest=timedelta(seconds=30), patience=timedelta(seconds=6))

    @pytest.mark.parametrize(
        ("newest_first", "after_s", "said"),
        [
            ([], 0, "closed"), (["down", "down"], 2, "closed"), (["down", "down", "answered", "down"], 2, "closed"),
            (["refused", "down", "down", "down"], 2, "closed"), (["down", "down", "down"], 2, "open"),
            (["down", "down", "down", "answered"], 30, "open"), (["down", "down", "down"], 31, "half_open"),
            ([None, "down", "down", "down"], 2, "open"), ([None, "down", "down"], 2, "closed"),
        ],
    )  # fmt: skip
    def test_is_a_fold_over_what_was_asked(self, newest_first: list[str | None], after_s: int, said: str) -> None:
        assert state(tries(*newest_first), self.RULES, now=NOW + timedelta(seconds=after_s)) == said

    def test_lets_one_question_try_and_the_next_where_that_ones_asker_died(self) -> None:
        vain = [Try(NOW - timedelta(seconds=60), "down", NOW - timedelta(seconds=50))] * 3
        tried = [Try(NOW, None, None), *vain]
        told = [state(tried, self.RULES, now=NOW + timedelta(seconds=s)) for s in (0, 5, 6)]
        assert told == [State.OPEN, State.OPEN, State.HALF_OPEN]


def wanted(keeper: str, number: int) -> Wanted:
    fields = {"bureau": {"name": "虚构", "id_number": str(number)}, "registry": {"credit_code": str(number)}}[keeper]
    return Wanted(keeper, f"{keeper}_{number}", f"person_{number}", "cons_1", fields)


def answering(call: BaseHTTPRequestHandler, body: bytes) -> None:
    """A keeper that has nobody on file."""
    asked = json.loads(body)
    told = {"query_id": asked["query_id"], "sandbox": True, "found": False, "as_of": ON.isoformat(), "summary": None}
    content = json.dumps(told).encode()
    call.send_response(200)
    call.send_header("X-Puhui-Timestamp", "1")
    call.send_header("X-Puhui-Signature", sign(KEY.reveal(), timestamp="1", body=content))
    call.send_header("Content-Length", str(len(content)))
    call.end_headers()
    call.wfile.write(content)


class TestSeveralKeepers:
    def test_are_asked_side_by_side(self, db: None) -> None:
        both = threading.Barrier(2, timeout=20)  # neither answers before the other has been asked

        def together(call: BaseHTTPRequestHandler, body: bytes) -> None:
            both.wait()
            answering(call, body)

        with served(together) as base:
            doors = {name: Door(f"{base}/{name}", KEY) for name in ("bureau", "registry")}
            came = asking.ask_keepers(doors, [wanted("bureau", 1), wanted("registry", 1)], now=NOW)
        assert [(each.keeper, each.outcome) for each in came] == [("bureau", "unknown"), ("registry", "unknown")]

    def test_one_that_is_down_does_not_spoil_the_others_answer(self, db: None) -> None:
        with served(answering) as base:
            doors = {"bureau": Door("http://127.0.0.1:9/bureau", KEY), "registry": Door(f"{base}/registry", KEY)}
            came = asking.ask_keepers(doors, [wanted("bureau", 1), wanted("registry", 1)], now=NOW)
        assert [(each.outcome, each.said) for each in came] == [("down", "ConnectError"), ("unknown", "")]


class TestAKeeperThatIsDown:
    def test_rests_after_five_in_vain_and_is_tried_by_one_question_alone(self, db: None) -> None:
        dead = {"bureau": Door("http://127.0.0.1:9/bureau", KEY)}
        came = [asking.ask_keepers(dead, [wanted("bureau", n)], now=NOW)[0] for n in range(6)]
        assert [each.outcome for each in came] == ["down"] * 5 + ["resting"]
        assert came[5] == Asked("bureau", "", "resting", "in vain 5 times in a row", NOW)
        assert models.KeeperQuestion.objects.count() == 5
        last = max(models.KeeperAnswer.objects.values_list("answered_at", flat=True))
        assert asking.state_of("bureau", now=NOW + timedelta(seconds=20)) == (State.OPEN, last + timedelta(seconds=30))
        assert asking.state_of("registry", now=NOW) == (State.CLOSED, None)
        later = last + timedelta(seconds=31)
        assert asking.ask_keepers(dead, [wanted("bureau", 6)], now=later)[0].outcome == "down"
        assert asking.ask_keepers(dead, [wanted("bureau", 7)], now=later + timedelta(seconds=5))[0].outcome == "resting"
        with served(answering) as base:
            alive = {"bureau": Door(f"{base}/bureau", KEY)}
            again = max(models.KeeperAnswer.objects.values_list("answered_at", flat=True)) + timedelta(seconds=30)
            told = [asking.ask_keepers(alive, [wanted("bureau", n)], now=again)[0].outcome for n in (8, 9)]
        assert (told, models.KeeperQuestion.objects.count()) == (["unknown", "unknown"], 8)
        assert asking.state_of("bureau", now=again) == (State.CLOSED, None)


def item(kind: str, source: str, day: date, values: dict[str, Any]) -> dict[str, Any]:
    end = (day + timedelta(days=1)).isoformat()
    return {
        "kind": kind,
        "source": source,
        "grade": "A",
        "observed_from": day.isoformat(),
        "observed_to": end,
        "values": values,
    }


BUREAU = item("owner_credit", "bureau", date(2026, 3, 1), SUMMARY)
TOLD = item("owner_credit", "statement", ON, {"instalments_monthly_minor": 0, "overdue_now_minor": 0})
REGISTRY = item("registry", "registry", ON, {"licence_state": "in_business", "registered_on": "2024-03-03", "on_abnormal_list": False,
                                             "industry_code": "F5227", "operator_changed_on": "2026-02-01"})  # fmt: skip


def columns(*items: dict[str, Any], **row: Any) -> dict[str, Any]:
    lending = {"cap": {"rate": "0.24"}, "policy": LendingPolicy.in_force().as_json(), "as_of": ON.isoformat(),
               "coefficients": coefficients.in_force(ON).as_json()}  # fmt: skip
    seen = {"evidence": {}, "items": list(items), "wanted_minor": 1_000_000} | row
    return rule_inputs.of(seen, {"pd": 0.02, "rate": None}, {"lending": lending})


class TestTheColumns:
    def test_are_what_the_bureau_said(self) -> None:
        seen = columns(BUREAU, TOLD)
        told = {"bureau_on_file": True, "overdue_now": False, "overdue_days_most_24m": 20, "overdue_count_24m": 1, "queries_1m": 2,
                "queries_3m": 3, "new_loans_1m": 1, "existing_debt_minor": 3_000_000, "non_bank_share": "0.3333",
                "guarantees_minor": 50_000, "household_credit_minor": 9_000_000, "five_class_worst": "normal",
                "court_enforcement": False}  # fmt: skip
        assert {name: seen.get(name) for name in told} == told

    def test_are_unknown_of_a_report_too_old(self) -> None:
        seen = columns(item("owner_credit", "bureau", ON - timedelta(days=92), SUMMARY))
        assert (seen["bureau_on_file"], "overdue_now" in seen, "queries_1m" in seen) == (False, False, False)

    def test_are_what_the_registry_said(self) -> None:
        seen = columns(REGISTRY)
        told = {"registered_months": 23, "operator_changed_days": 29, "licence_state": "in_business", "industry_code": "F5227",
                "on_abnormal_list": False}  # fmt: skip
        assert {name: seen[name] for name in told} == told
        assert "annual_report_missing" not in seen
        assert "licence_state" not in columns(item("registry", "registry", ON - timedelta(days=32), REGISTRY["values"]))

    def test_count_a_court_that_either_keeper_names(self) -> None:
        sued = item("registry", "registry", ON, REGISTRY["values"] | {"court_enforcement": True})
        assert columns(BUREAU, sued)["court_enforcement"] is True
        assert columns(sued)["court_enforcement"] is True
        assert "court_enforcement" not in columns(TOLD, REGISTRY)

    def test_count_the_age_of_the_newest_evidence_of_the_business_alone(self) -> None:
        books = item("hand_books", "statement", date(2026, 1, 31), {"sales_by_month": {"2026-01": 1}})
        assert columns(BUREAU, REGISTRY, books)["evidence_age_days"] == 29
        assert "evidence_age_days" not in columns(BUREAU, REGISTRY)
        fired = {"sales_valid": 3, "sales_net_year": 1_200, "months_active_year": 4, "month_mean": 100.0, "month_sd": 50.0,
                 "last_on": "2026-02-20"}  # fmt: skip
        seen = columns(evidence=fired)
        told = {
            "evidence_age_days": 10,
            "has_invoices": True,
            "months_active": 4,
            "revenue_volatility": 0.5,
            "monthly_inflow_minor": 100,
        }
        assert {name: seen[name] for name in told} == told

    def test_know_what_a_firm_with_invoices_has_left_and_its_instalments_only_from_its_credit(self) -> None:
        year = {"sales_valid": 30, "sales_net_year": 240_000_000}
        assert columns(evidence=year)["monthly_disposable_minor"] > 0
        assert "existing_instalments_minor" not in columns(evidence=year)
        assert columns(BUREAU, evidence=year)["existing_instalments_minor"] == 200_000


class TestAKeepersWord:
    def test_stands_before_what_was_told_later_while_it_is_fresh(self) -> None:
        table = coefficients.in_force(ON)
        late = TOLD | {"observed_to": "2026-05-31"}
        for as_of, keeper_first, source in (
            (date(2026, 5, 31), True, "bureau"), (date(2026, 5, 31), False, "statement"), (date(2026, 6, 1), True, "statement"),
        ):  # fmt: skip
            found = owner_facts.credit_of([BUREAU, late], table, as_of=as_of, keeper_first=keeper_first)
            assert found is not None
            assert (as_of, found["source"]) == (as_of, source)

    def test_of_a_shop_shows_no_business_to_judge_by(self) -> None:
        assert not deciding.judged_by_owner({"items": [REGISTRY], "evidence": {}})
        assert deciding.judged_by_owner({"items": [REGISTRY, BUREAU], "evidence": {}})


class TestWhatIsAskedOfAnApplication:
    @pytest.mark.parametrize(
        ("text", "day"),
        [("2036.05.01", date(2036, 5, 1)), ("2036-05-01", date(2036, 5, 1)), ("20360501", date(2036, 5, 1)),
         ("长期", date.max), ("long_term", date.max)],
    )  # fmt: skip
    def test_reads_a_day_as_the_card_prints_it(self, text: str, day: date) -> None:
        assert questionnaire.of_application({"id_expires_on": text}).id_expires_on == day

    @pytest.mark.parametrize("text", ["明年", "2036", "2036.13.01", "1899.01.01", "9999.12.31"])
    def test_refuses_what_is_no_day(self, text: str) -> None:
        with pytest.raises(Refused, match="DAY_UNREADABLE"):
            questionnaire.evidence({"id_expires_on": text}, on=ON, photos={})

    def test_is_evidence_of_nothing(self) -> None:
        told = {"purpose": "stock", "id_expires_on": "长期"}
        assert questionnaire.evidence(told, on=ON, photos={}) == []
        assert not questionnaire.says_more(told)
        with pytest.raises(Refused, match="ANSWER_UNKNOWN"):
            questionnaire.of_application({"purpose": "gold"})
