"""A complaint about what applications share makes leads of them, once; how good leads are is told by what their cases ended as."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from puhui.antifraud import case_files, lead_measures, models, operations
from puhui.antifraud.core.facts import EntitySeen
from puhui.antifraud.tests.test_assess import NOW, facts
from puhui.kernel.refusal import Refused

AGENT = EntitySeen(b"agent-7", "A7")
LATER = NOW + timedelta(days=1)


def through_agent(n: int, *, days: float = 0.0) -> None:
    at = NOW + timedelta(days=days, minutes=n)
    operations.assess(replace(facts(n, at=at), entities={"agent": AGENT}), now=at)


def complaint(**changes: Any) -> operations.ComplaintDraft:
    told = operations.ComplaintDraft("中介收取百分之五服务费", "12378", LATER, kind="agent", entity=AGENT)
    return replace(told, **changes)


@pytest.mark.django_db
class TestAComplaint:
    def test_about_an_agent_makes_leads_of_those_who_came_through_it_and_of_those_who_come_later(self) -> None:
        through_agent(1)
        through_agent(2)
        operations.assess(facts(3), now=NOW)
        made = operations.record_complaint(complaint(), by="ana", now=LATER)
        assert operations.leads_from_complaints(now=LATER) == 2
        told = models.Lead.objects.order_by("application_key").values_list("application_key", "source", "score", "told")
        assert list(told) == [(f"app_{n}", "complaint", 0.3, "12378：中介收取百分之五服务费") for n in (1, 2)]
        lead = models.Lead.objects.filter(application_key="app_1").get()
        assert lead.evidence[0]["seen"]["complaint"] == made
        through_agent(4, days=3)
        assert operations.leads_from_complaints(now=NOW + timedelta(days=4)) == 1
        assert operations.leads_from_complaints(now=NOW + timedelta(days=4)) == 0
        through_agent(5, days=40)
        assert operations.leads_from_complaints(now=NOW + timedelta(days=41)) == 0  # the complaint is too old
        assert models.Lead.objects.count() == 3

    def test_says_nothing_of_what_came_long_before_nor_of_what_is_concluded(self) -> None:
        through_agent(1, days=-100)
        through_agent(2)
        case = operations.raise_lead("person", "app_2", told="老客户电话核实", by="ana", now=NOW)
        for move in ("take", "propose_clear"):
            operations.move_case(case, move, by="ana", now=NOW, note="电话核实，确为本人")
        operations.move_case(case, "agree", by="ben", now=NOW)
        operations.record_complaint(complaint(), by="ana", now=LATER)
        assert operations.leads_from_complaints(now=LATER) == 0

    def test_is_one_however_often_it_is_told(self) -> None:
        through_agent(1)
        first = operations.record_complaint(complaint(), by="ana", now=LATER)
        assert operations.record_complaint(complaint(), by="ben", now=LATER) == first
        assert operations.record_complaint(complaint(text="上门催收威胁家人"), by="ana", now=LATER) != first
        assert models.Complaint.objects.count() == 2

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"text": " 坏 "}, "NOTE_MISSING"),
            ({"door": " "}, "DOOR_MISSING"),
            ({"received_at": LATER + timedelta(seconds=1)}, "TIME_UNREADABLE"),
            ({"received_at": LATER.replace(tzinfo=None)}, "TIME_UNREADABLE"),
            ({"entity": None, "kind": ""}, "COMPLAINT_ABOUT_NOTHING"),
            ({"application_key": "app_1"}, "COMPLAINT_ABOUT_NOTHING"),
            ({"kind": "channel"}, "ENTITY_UNKNOWN"),
            ({"kind": "star_sign"}, "ENTITY_UNKNOWN"),
            ({"entity": None, "kind": "", "application_key": "nobody"}, "APPLICATION_UNKNOWN"),
        ],
    )
    def test_that_says_too_little_is_refused_and_not_kept(self, changes: dict[str, Any], code: str) -> None:
        with pytest.raises(Refused, match=code):
            operations.record_complaint(complaint(**changes), by="ana", now=LATER)
        assert models.Complaint.objects.count() == 0


@pytest.mark.django_db
class TestHowGoodLeadsAre:
    def test_is_told_by_what_their_cases_ended_as(self) -> None:
        assert lead_measures.measures(now=NOW) == []
        for n in (1, 2, 3):
            operations.assess(replace(facts(n), amount_minor=n * 1_000_000), now=NOW)
        cases = [operations.raise_lead("complaint", f"app_{n}", told="客户投诉被冒名", by="ana", now=NOW) for n in (1, 2, 3)]  # fmt: skip
        operations.raise_lead("police", "app_1", told="警方协查", by="ana", now=NOW + timedelta(days=1))
        for case, move in ((cases[0], "propose_confirm"), (cases[1], "propose_clear")):
            for step in ("take", "investigate", move):
                operations.move_case(case, step, by="ana", now=NOW, note="电话核实清楚")
            operations.move_case(case, "agree", by="ben", now=NOW + timedelta(days=3))
        later = NOW + timedelta(days=4)
        told = {row.source: row for row in lead_measures.measures(now=later)}
        assert list(told) == ["", "complaint", "police"]
        complaints, police, every = told["complaint"], told["police"], told[""]
        assert (complaints.leads, complaints.still_open, complaints.confirmed, complaints.cleared) == (3, 1, 1, 1)
        assert (complaints.precision, complaints.days, complaints.confirmed_minor) == (0.5, 3.0, 1_000_000)
        assert (complaints.open_minor, police.precision, police.days) == (3_000_000, 1.0, 2.0)
        assert (every.leads, every.precision, every.days) == (4, 2 / 3, 2.5)
        assert every.confirmed_minor == 1_000_000  # an application is one sum, however many leads it has
        before = {row.source: row for row in lead_measures.measures(now=NOW + timedelta(days=2))}
        assert (before["complaint"].still_open, before["complaint"].precision) == (3, None)
        assert case_files.case_file(cases[0], now=later) is not None
