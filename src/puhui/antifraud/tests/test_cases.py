"""From a lead to a confirmed case: merged by what is shared, said by two, felt by the next application; lists, appeals, dry runs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from puhui.antifraud import case_files, dry_run, list_entries, models, operations, queries
from puhui.antifraud.core import rulebook
from puhui.antifraud.tests.test_assess import NOW, facts
from puhui.kernel.china_ids import Finding
from puhui.kernel.refusal import Refused
from puhui.policy import operations as policy
from puhui.policy.core.policy_text import read_policy

LATER = NOW + timedelta(hours=1)


def ring() -> str:
    """Three people on one device, a fourth on the third's telephone: two leads, one case."""
    for n in (1, 2, 3):
        operations.assess(facts(n, device="shared"), now=NOW + timedelta(minutes=n))
    return models.Case.objects.get().id


def worked(case_id: str, *moves: str, by: str = "ana") -> None:
    for move in moves:
        operations.move_case(case_id, move, by=by, now=LATER, note="证据充分，共用设备")


@pytest.mark.django_db
class TestALead:
    def test_comes_from_a_grave_doubt_and_joins_the_case_it_shares_an_entity_with(self) -> None:
        case_id = ring()
        operations.assess(facts(4, device="shared"), now=NOW + timedelta(minutes=9))
        assert models.Case.objects.count() == 1
        file = case_files.case_file(case_id, now=LATER)
        assert file is not None
        assert [lead["application_key"] for lead in file.leads] == ["app_3", "app_4"]
        assert (file.view.state, file.view.leads) == ("new", 2)

    def test_that_touches_two_cases_makes_them_one(self) -> None:
        for n, device in ((1, "x"), (2, "x"), (3, "x"), (4, "y"), (5, "y"), (6, "y")):
            operations.assess(facts(n, device=device), now=NOW + timedelta(minutes=n))
        assert models.Case.objects.filter(state="new").count() == 2
        operations.assess(
            replace(facts(7, device="x"), phone_index=facts(6).phone_index), now=NOW + timedelta(minutes=9)
        )
        states = sorted(models.Case.objects.values_list("state", flat=True))
        assert states == ["merged", "new"]
        whole = case_files.queue(now=LATER)[0]
        assert whole.leads == models.Lead.objects.count() == 3

    def test_of_a_person_is_raised_once_and_needs_words(self) -> None:
        operations.assess(facts(1), now=NOW)
        first = operations.raise_lead("complaint", "app_1", told="客户投诉被冒名", by="ana", now=NOW)
        assert operations.raise_lead("complaint", "app_1", told="客户投诉被冒名", by="ben", now=NOW) == first
        for wrong, code in (
            ({"told": " "}, "NOTE_MISSING"),
            ({"source": "gossip"}, "LEAD_SOURCE"),
            ({"key": "nobody"}, "APPLICATION_UNKNOWN"),
        ):
            asked: dict[str, Any] = {"source": "police", "key": "app_1", "told": "警方协查"} | wrong
            with pytest.raises(Refused, match=code):
                operations.raise_lead(asked["source"], asked["key"], told=asked["told"], by="ana", now=NOW)
        assert models.Lead.objects.count() == 1


@pytest.mark.django_db
class TestACase:
    def test_confirmed_by_two_lists_its_entities_and_the_next_application_feels_it(self) -> None:
        case_id = ring()
        worked(case_id, "take", "investigate", "propose_confirm")
        worked(case_id, "agree", by="ben")
        assert models.Case.objects.get().state == "confirmed"
        assert list(models.Label.objects.values_list("application_key", "fraud")) == [("app_3", True)]
        kinds = set(list_entries.standing(LATER).filter(colour="black").values_list("kind", flat=True))
        assert kinds == {"person", "phone", "device"}
        found = operations.assess(facts(8, device="shared", at=LATER), now=LATER + timedelta(minutes=1))
        assert found.outcome == "refuse"
        assert {"BLACKLISTED", "NEAR_FRAUD"} <= {hit.code for hit in found.hits}
        assert found.signals["listed_black"] == "device"

    def test_is_not_decided_by_who_proposed_nor_without_words_and_nothing_moves(self) -> None:
        case_id = ring()
        worked(case_id, "take", "investigate", "propose_confirm")
        before = models.Case.objects.values().get()
        for move, by, note, code in (
            ("agree", "ana", "", "SECOND_PERSON"),
            ("send_back", "ben", " ", "NOTE_MISSING"),
            ("file", "ben", "报送公安", "MOVE_IMPOSSIBLE"),
            ("agree", " ", "", "PERSON_MISSING"),
        ):
            with pytest.raises(Refused, match=code):
                operations.move_case(case_id, move, by=by, now=LATER, note=note)
        assert models.Case.objects.values().get() == before
        assert (models.Label.objects.count(), models.Listing.objects.count()) == (0, 0)

    def test_cleared_labels_the_other_way_and_lists_nobody(self) -> None:
        case_id = ring()
        worked(case_id, "take", "propose_clear")
        worked(case_id, "agree", by="ben")
        assert list(models.Label.objects.values_list("fraud", flat=True)) == [False]
        assert models.Listing.objects.count() == 0

    def test_keeps_its_story_and_draws_its_ring_with_a_reason_for_every_edge(self) -> None:
        case_id = ring()
        worked(case_id, "take")
        operations.add_note(case_id, "电话核实，三人互不相识", by="ana", now=LATER)
        file = case_files.case_file(case_id, now=LATER)
        assert file is not None
        assert [each["kind"] for each in file.story] == ["lead", "move", "note"]
        drawn = case_files.ring_of("app_3")
        assert {node["shown"] for node in drawn["nodes"] if node["kind"] == "application"} == {
            "app_1",
            "app_2",
            "app_3",
        }
        assert all(edge["zh"] and edge["at"] and edge["weight"] for edge in drawn["edges"])
        assert len([edge for edge in drawn["edges"] if edge["kind"] == "device"]) == 3

    def test_under_the_lock_tells_the_applicant_nothing(self) -> None:
        case_id = ring()
        assert queries.may_tell("app_3")
        operations.lock_tipping_off(case_id, on=True, by="ana", now=LATER, note="已向反洗钱中心报告")
        assert not queries.may_tell("app_3")


@pytest.mark.django_db
class TestAListEntry:
    def test_ends_by_itself_and_by_an_upheld_appeal(self) -> None:
        operations.assess(facts(1, device="d1"), now=NOW)
        key = models.Arrival.objects.get().device or 0
        draft = operations.EntryDraft("grey", "投诉待核实", "complaint", days=10)
        (entry,) = operations.list_keys([(key, "device")], draft, by="ana", now=NOW)
        assert operations.list_keys([(key, "device")], draft, by="ana", now=NOW) == []
        assert operations.assess(facts(2, device="d1"), now=NOW).strategy == "step_up"
        assert operations.assess(facts(3, device="d1"), now=NOW + timedelta(days=11)).signals["listed_grey"] == ""
        appeal = operations.raise_appeal("app_2", "这台设备是我的新手机", now=NOW, listing_id=entry)
        operations.answer_appeal(appeal, upheld=True, answer="核实为新购设备", by="ben", now=LATER)
        assert not list_entries.standing(LATER).exists()
        with pytest.raises(Refused, match="APPEAL_ANSWERED"):
            operations.answer_appeal(appeal, upheld=False, answer="再次答复", by="ben", now=LATER)

    @pytest.mark.parametrize(
        ("draft", "code"),
        [
            (operations.EntryDraft("pink", "理由足够", "case"), "LIST_COLOUR"),
            (operations.EntryDraft("black", "", "case"), "NOTE_MISSING"),
            (operations.EntryDraft("grey", "理由足够", "case", days=91), "LIST_DAYS"),
        ],
    )
    def test_needs_a_reason_a_source_and_an_end(self, draft: operations.EntryDraft, code: str) -> None:
        with pytest.raises(Refused, match=code):
            operations.list_keys([(1, "device")], draft, by="ana", now=NOW)
        assert models.Listing.objects.count() == 0


def published(rules: str, *, now: datetime) -> str:
    texts = rulebook.shipped_texts() | {"rules.csv": rules}
    policy.open_rulebook(rulebook.KIND, name_zh="反欺诈", name_en="anti-fraud", now=now)
    version = policy.draft_version(rulebook.KIND, texts, author="ana", now=now)
    policy.move_version(version, "submit", by="ana", now=now)
    policy.move_version(version, "approve", by="ben", now=now)
    policy.publish_version(version, at=now, by="adm", now=now)
    return version


@pytest.mark.django_db
class TestARulebook:
    HEAD = (
        "code,condition,outcome,severity,on_missing,shows,text_zh,text_en,effective_from,effective_to,source,action\n"
    )

    def test_published_decides_and_a_refusal_by_it_replays(self) -> None:
        published(self.HEAD + "OLD,age_years > 40,refuse,grave,pass,,年龄,age,2000-01-01,,test,\n", now=NOW)
        found = operations.assess(facts(1), now=LATER)
        assert [hit.code for hit in found.hits] == ["OLD"]
        decision = operations.record_refusal(found, reasons=[], now=LATER)
        from puhui.policy import replay

        assert replay.replay(decision).same

    def test_that_would_refuse_too_much_traffic_is_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from puhui.antifraud.core import casework

        few = casework.figures() | {"publishing": casework.figures()["publishing"] | {"least_on_record": 5}}
        monkeypatch.setattr(casework, "figures", lambda: few)
        operations.assess_many([facts(n) for n in range(1, 9)], now=NOW)
        for line, code in (
            ("ALL,age_years > 1,refuse,grave,pass,,全拒,all,2000-01-01,,test,\n", "TOO_MUCH_REFUSED"),
            ("ALL,age_years > 1,review,grave,pass,,全审,all,2000-01-01,,test,\n", "TOO_MUCH_HELD"),
            ("ODD,age_years > 1,pass,note,pass,,怪,odd,2000-01-01,,test,hang\n", "ACTION_UNREADABLE"),
        ):
            with pytest.raises(Refused, match=code):
                published(self.HEAD + line, now=LATER)
        assert operations.assess(facts(9), now=LATER).strategy == "pass"

    def test_dry_run_says_what_would_change_and_what_it_would_save(self) -> None:
        case_id = ring()
        worked(case_id, "take", "investigate", "propose_confirm")
        worked(case_id, "agree", by="ben")
        weaker = read_policy(
            rulebook.shipped_texts()
            | {"rules.csv": self.HEAD + "OLD,age_years > 90,review,warn,pass,,年龄,age,2000-01-01,,t,\n"}
        )
        found = dry_run.run(weaker, now=LATER)
        assert (found.applications, found.frauds, found.caught_before, found.caught_after) == (3, 1, 1, 0)
        by_rule = {rule.code: rule for rule in dry_run.precision_by_rule(now=LATER)}
        assert (by_rule["DEVICE_SHARED"].precision, by_rule["DEVICE_SHARED"].recall) == (1.0, 1.0)


@pytest.mark.django_db
def test_a_model_needs_confirmed_frauds_and_a_second_person() -> None:
    import random

    with pytest.raises(Refused, match="TOO_FEW_FRAUDS"):
        operations.train_model(seed=1, by="ana", now=NOW)
    dice, count = random.Random(1), 600
    operations.assess_many(
        [
            replace(
                facts(n + 10),
                application_key=f"t_{n}",
                evidence={"fill_seconds": dice.uniform(5, 300)},
                id_number=Finding(
                    "ok", "", f"37000019800101{n:03d}0"
                ),  # nobody shares anything: rings would take a minute
            )
            for n in range(count)
        ],
        now=NOW,
    )
    for row in models.Assessment.objects.all():
        if row.signals["fill_seconds"] < 60:
            from puhui.antifraud.core.entity_kind import key_of

            models.Label.objects.create(application=key_of("application", row.application_key.encode()), application_key=row.application_key,
                                        fraud=True, known_at=NOW, source="case", by="ben", recorded_at=NOW)  # fmt: skip
    model = operations.train_model(seed=1, by="ana", now=LATER)
    assert models.FraudModel.objects.get().measures["auroc"] > 0.95
    with pytest.raises(Refused, match="SECOND_PERSON"):
        operations.approve_model(model, by="ana")
    operations.approve_model(model, by="ben")
    found = operations.assess(replace(facts(7), application_key="next", evidence={"fill_seconds": 20.0}), now=LATER)
    assert found.scored_by == model
    assert found.score is not None
    assert found.score > 0.3
    assert queries.model_reasons(found)[0]["signal"] == "fill_seconds"
    assert datetime(2026, 3, 1, tzinfo=UTC) < found.applied_at
