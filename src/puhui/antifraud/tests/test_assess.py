"""Assessing applications: stored with hits, counted as they arrive, platform only, never edited."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, connections
from stdnum.cn import ric

from puhui.antifraud import models, operations, queries
from puhui.antifraud.operations import ApplicationFacts
from puhui.kernel import china_ids
from puhui.kernel.refusal import Refused
from puhui.policy import queries as policy
from puhui.policy import replay
from puhui.store import tenancy
from puhui.store.sealed import blind_index

NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)  # noon in Beijing
EVIDENCE = {"self_dealing_share": 0.0, "void_share": 0.1, "red_share": 0.0, "buyer_top1": 0.2, "months_active": 12}


def id_number(n: int) -> str:
    """Invented: a whole province's area code and the order code 000, which no registry hands out."""
    digits = f"37000019800{n % 9 + 1:01d}01000"
    return digits + ric.calc_check_digit(digits + "0")


def facts(n: int, *, phone: str = "", device: str | None = "dev", at: datetime = NOW) -> ApplicationFacts:
    return ApplicationFacts(
        application_key=f"app_{n}",
        id_number=china_ids.check_id_card(id_number(n)),
        phone_index=blind_index(phone or f"154{n:08d}", purpose="phone"),
        entrance="phone",
        applied_at=at,
        device_hash=f"{device}{n}" if device == "dev" else device,
        credit_code=None,
        evidence=EVIDENCE,
        evidence_on=date(2026, 2, 28),
    )


@pytest.mark.django_db
class TestAnAssessment:
    def test_of_a_clean_application_passes(self) -> None:
        found = operations.assess(facts(1), now=NOW)
        assert (found.outcome, found.hits) == ("pass", ())
        assert {"CREDIT_CODE_CHECK_DIGIT", "CREDIT_CODE_UNREADABLE", "PLOT_OVERLAP", "MODEL_HIGH"} <= set(found.unknown)
        assert not {"DEVICE_SHARED", "BLACKLISTED", "RING_FORMING", "NEAR_FRAUD"} & set(found.unknown)
        assert (found.strategy, found.score, found.scored_by) == ("pass", 0.0, "rules")
        assert queries.assessment_of("app_1") == found

    def test_is_given_again_for_the_same_facts_and_anew_for_others(self) -> None:
        first = operations.assess(facts(1), now=NOW)
        assert operations.assess(facts(1), now=NOW + timedelta(days=1)) == first
        assert models.Assessment.objects.count() == 1
        changed = operations.assess(replace(facts(1), evidence=EVIDENCE | {"red_share": 0.5}), now=NOW)
        assert changed.outcome == "review"
        assert [each.outcome for each in queries.assessments_of("app_1")] == ["pass", "review"]

    def test_of_a_missing_device_says_unknown_never_ok(self) -> None:
        found = operations.assess(facts(1, device=None), now=NOW)
        assert [hit.code for hit in found.hits] == ["DEVICE_UNKNOWN"]
        assert {"DEVICE_SHARED", "MANY_DEVICES"} <= set(found.unknown)
        assert found.signals["people_on_device_30d"] is None

    def test_meets_the_third_person_on_one_phone(self) -> None:
        outcomes = [operations.assess(facts(n, phone="15400000000"), now=NOW).outcome for n in (1, 2, 3)]
        assert outcomes == ["pass", "pass", "review"]
        assert queries.assessments_of("app_3")[0].hits[0].evidence == {"people_on_phone_30d": 3}

    def test_in_one_batch_equals_one_by_one(self) -> None:
        batch = [facts(n, device="shared", at=NOW + timedelta(minutes=n)) for n in range(1, 6)]
        together = [found.outcome for found in operations.assess_many(batch, now=NOW + timedelta(hours=1))]
        assert together == ["pass", "pass", "review", "review", "review"]
        stored = [queries.assessments_of(f"app_{n}")[0] for n in range(1, 6)]
        assert [each.signals["people_on_device_30d"] for each in stored] == [1, 2, 3, 4, 5]

    def test_of_a_back_dated_arrival_changes_no_earlier_answer(self) -> None:
        before = [operations.assess(facts(n, device="shared"), now=NOW) for n in (1, 2)]
        late = operations.assess(facts(3, device="shared", at=NOW - timedelta(days=1)), now=NOW)
        assert late.signals["people_on_device_30d"] == 1
        assert [queries.assessment_of(f"app_{n}") for n in (1, 2)] == before

    def test_does_not_use_evidence_newer_than_itself(self) -> None:
        found = operations.assess(replace(facts(1), evidence={"red_share": 0.9}, evidence_on=date(2026, 3, 2)), now=NOW)
        assert found.outcome == "pass"
        assert "RED_SHARE_HIGH" in found.unknown

    def test_of_a_broken_resident_id_refuses_with_its_reason(self) -> None:
        found = operations.assess(replace(facts(1), id_number=china_ids.check_id_card("123")), now=NOW)
        assert (found.outcome, found.hits[0].code) == ("refuse", "ID_NUMBER_INVALID")

    def test_that_refuses_is_put_on_record_once_and_replays(self) -> None:
        found = operations.assess(replace(facts(1), id_number=china_ids.check_id_card("123")), now=NOW)
        decision_id = operations.record_refusal(found, reasons=[], now=NOW)
        assert operations.record_refusal(found, reasons=[], now=NOW) == decision_id
        again = replay.replay(decision_id)
        assert (again.same, again.recorded["hits"]) == (True, ["ID_NUMBER_INVALID"])

    def test_that_does_not_refuse_or_read_other_rules_is_not_put_on_record(self) -> None:
        passed = operations.assess(facts(1), now=NOW)
        with pytest.raises(Refused, match="NOT_REFUSED"):
            operations.record_refusal(passed, reasons=[], now=NOW)
        with pytest.raises(Refused, match="RULEBOOK_CHANGED"):
            operations.record_refusal(replace(passed, outcome="refuse", rulebook="old"), reasons=[], now=NOW)
        assert policy.latest().count() == 0

    def test_stands_for_the_application_that_follows(self) -> None:
        former = operations.assess(replace(facts(1), evidence=EVIDENCE | {"red_share": 0.5}), now=NOW)
        later = NOW + timedelta(hours=1)
        carried = [operations.carry_over("app_1", "app_2", now=later) for _ in range(2)]
        assert carried[0] == carried[1] == queries.assessment_of("app_2")
        assert carried[0] is not None
        former = replace(former, position=carried[0].position)
        assert carried[0] == replace(former, id=former.id + 1, application_key="app_2", applied_at=later)
        assert operations.carry_over("app_none", "app_3", now=later) is None
        assert operations.assess(facts(1, at=later), now=later).signals["applications_of_person_30d"] == 2

    def test_of_an_old_credit_code_warns_only(self) -> None:
        code = china_ids.check_uscc("91350100M0001TGQXM")
        found = operations.assess(replace(facts(1), credit_code=code), now=NOW)
        assert (found.outcome, [hit.code for hit in found.hits]) == ("pass", ["CREDIT_CODE_CHECK_DIGIT"])

    @pytest.mark.parametrize(
        ("broken", "code"),
        [
            (replace(facts(1), application_key=" "), "APPLICATION_KEY_MISSING"),
            (replace(facts(1), applied_at=datetime(2026, 3, 1)), "TIME_ZONE_MISSING"),  # noqa: DTZ001
            (replace(facts(1), device_hash="d" * 129), "TEXT_UNREADABLE"),
            (replace(facts(1), evidence={"shoe_size": 1.0}), "SIGNAL_UNKNOWN"),
        ],
    )
    def test_is_refused_by_name_and_nothing_is_stored(self, broken: ApplicationFacts, code: str) -> None:
        with pytest.raises(Refused, match=code):
            operations.assess_many([facts(2), broken], now=NOW)
        assert (models.Assessment.objects.count(), models.Hit.objects.count()) == (0, 0)


@pytest.mark.django_db
class TestTheLists:
    def test_count_hits_by_rule_over_a_half_open_period(self) -> None:
        operations.assess(facts(1, device=None), now=NOW)
        by_rule = {row.code: row.hits for row in queries.hits_by_rule(NOW, NOW + timedelta(days=1))}
        assert (by_rule["DEVICE_UNKNOWN"], by_rule["PHONE_SHARED"]) == (1, 0)
        assert sum(row.hits for row in queries.hits_by_rule(NOW - timedelta(days=1), NOW)) == 0

    def test_show_what_waits_for_a_person(self) -> None:
        operations.assess_many([facts(n, phone="15400000000") for n in (1, 2, 3)], now=NOW)
        assert [found.application_key for found in queries.waiting_for_review()] == ["app_3"]


class TestTheDatabase:
    def test_shows_institutions_nothing_keeps_no_identity_and_lets_nobody_edit(self, fresh_database: object) -> None:
        operations.assess(facts(1, device=None), now=NOW)
        tables = ("antifraud_assessment", "antifraud_hit")
        for tenant, seen in ((tenancy.PLATFORM, 1), ("inst_a", 0), (tenancy.NOBODY, 0)):
            with tenancy.scope(tenant), connection.cursor() as cursor:
                for table in tables:
                    cursor.execute(f"SELECT count(*) FROM {table}")
                    assert cursor.fetchone()[0] == seen
        with connection.cursor() as cursor:
            cursor.execute("SELECT a::text FROM antifraud_assessment a")
            stored = cursor.fetchone()[0]
        assert id_number(1) not in stored
        assert "15400000001" not in stored
        for link in (connection, connections["owner"]):
            for table in tables:
                with pytest.raises(DatabaseError), link.cursor() as cursor:
                    cursor.execute(f"UPDATE {table} SET outcome = 'pass'")
        assert queries.assessments_of("app_1")[0].hits[0].code == "DEVICE_UNKNOWN"
