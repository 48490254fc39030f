"""Applying: answered at any hour, once per key; nobody is assessed without consent; a doubt goes to a person."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from puhui.antifraud import queries as antifraud
from puhui.journeys import apply as applying
from puhui.journeys import explain, release
from puhui.journeys.apply import Applied, InvoiceDraft, invoices_of
from puhui.kernel.refusal import Refused
from puhui.parties.operations import PersonDraft, ShopDraft
from puhui.policy import queries as policy
from puhui.policy import replay
from puhui.underwriting import queries as underwriting
from tests.journeys.conftest import NOW, Lender


def applications() -> int:
    return underwriting.applications()[1]


def own_invoices(*, months: int = 14, yuan: int = 80_000) -> list[InvoiceDraft]:
    """Two sales and a purchase a month, to several buyers."""
    first = date(2025, 1, 5)
    drafts = []
    for n in range(months * 3):
        way = "purchase" if n % 3 == 2 else "sale"
        day = first + timedelta(days=10 * n)
        net = yuan * (60 if way == "purchase" else 50) + n
        drafts.append(InvoiceDraft(way, f"{way}-{n}", day, f"party-{n % 7}", net, net * 3 // 100))
    return drafts


class TestAnApplication:
    @pytest.mark.parametrize("hour", [3, 12, 23])
    def test_is_answered_at_any_hour(self, lender: Lender, hour: int) -> None:
        applied = lender.applied(now=datetime(2026, 3, 1, hour, tzinfo=UTC))
        assert (applied.state, applied.held, applied.approved) == ("offered", False, True)

    @pytest.mark.parametrize("entrance", ["phone", "partner", "file"])
    def test_comes_in_by_three_entrances(self, lender: Lender, entrance: str) -> None:
        applied = lender.applied(entrance=entrance)
        assert underwriting.application(applied.application_id).entrance == entrance

    def test_gets_the_same_answer_under_the_same_key(self, lender: Lender) -> None:
        intake = lender.intake(lender.approved[0])
        first = applying.apply(intake, key="k", now=NOW)
        again = applying.apply(intake, key="k", now=NOW + timedelta(days=1))
        assert (again, applications()) == (first, 1)

    def test_is_refused_when_a_key_comes_with_other_content(self, lender: Lender) -> None:
        intake = lender.intake(lender.approved[0])
        applying.apply(intake, key="k", now=NOW)
        with pytest.raises(Refused, match="DUPLICATE_KEY_OTHER_CONTENT"):
            applying.apply(replace(intake, months=6), key="k", now=NOW)
        assert applications() == 1

    def test_is_refused_without_consent_and_stores_nobody(self, lender: Lender) -> None:
        from puhui.parties import queries as parties

        intake = lender.intake(lender.approved[0], consents=())
        with pytest.raises(Refused, match="CONSENT_MISSING"):
            applying.apply(intake, key="k", now=NOW)
        assert (applications(), parties.find_person(intake.person.id_number)) == (0, None)

    def test_is_refused_for_a_firm_that_is_not_on_file(self, lender: Lender) -> None:
        intake = lender.intake(lender.approved[0], shop=ShopDraft("某店", evidence_code="NOBODY"))
        with pytest.raises(Refused, match="FIRM_UNKNOWN"):
            applying.apply(intake, key="k", now=NOW)
        assert applications() == 0

    def test_says_what_to_bring_when_there_are_no_invoices(self, lender: Lender) -> None:
        intake = lender.intake(lender.approved[0], shop=ShopDraft("新店"))
        applied = applying.apply(intake, key="k", now=NOW)
        assert (applied.state, applied.offer_id) == ("refused", None)
        assert "NO_INVOICES" in [reason["code"] for reason in applied.reasons]

    def test_replays_to_the_same_answer_when_refused(self, lender: Lender) -> None:
        refused = next(row for row in lender.outcome.rows if row.rating == "D")
        applied = applying.apply(lender.intake(refused), key="k", now=NOW)
        if applied.decision_id is not None:
            assert (applied.approved, replay.replay(applied.decision_id).same) == (False, True)


class TestOwnInvoices:
    def test_are_judged_by_the_same_function(self, lender: Lender) -> None:
        intake = lender.intake(lender.approved[0], shop=ShopDraft("新店"), invoices=invoices_of(own_invoices()))
        applied = applying.apply(intake, key="k", now=NOW)
        assert applied.decision_id is not None
        assert "NO_INVOICES" not in [reason["code"] for reason in applied.reasons]
        assert replay.replay(applied.decision_id).same

    def test_join_the_graph_so_that_who_names_the_same_is_seen(self, lender: Lender) -> None:
        for place, name in ((0, "新店"), (1, "另一家")):
            draft = lender.intake(lender.approved[place], shop=ShopDraft(name), invoices=invoices_of(own_invoices()))
            found = antifraud.assessment_of(applying.apply(draft, key=name, now=NOW).application_id)
            assert found is not None
            named = len({each.counterparty for each in own_invoices()}) if place else 0
            assert found.signals["counterparties_shared_180d"] == named
            assert found.signals["counterparty_people_180d"] == (1 if named > 1 else 0)

    def test_brought_later_make_a_new_application(self, lender: Lender) -> None:
        former = applying.apply(lender.intake(lender.approved[0], shop=ShopDraft("新店")), key="k", now=NOW)
        again = applying.apply_again(former.application_id, invoices_of(own_invoices()), key="k2", now=NOW)
        assert again.application_id != former.application_id
        assert "NO_INVOICES" not in [reason["code"] for reason in again.reasons]
        assert applying.apply_again(former.application_id, invoices_of(own_invoices()), key="k2", now=NOW) == again


class TestAHint:
    def test_of_many_bureau_queries_halves_the_limit_and_replays(self, lender: Lender) -> None:
        row = next(each for each in lender.approved if each.limit_minor > 30_000_000)
        whole = applying.apply(lender.intake(row), key="whole", now=NOW)
        hinted = applying.apply(lender.intake(row, signals={"queries_1m": 7}), key="hinted", now=NOW)
        assert (hinted.approved, hinted.decision_id is not None) == (True, True)
        assert 0 < hinted.limit_minor <= whole.limit_minor // 2
        found = antifraud.assessment_of(hinted.application_id)
        assert found is not None
        assert (found.strategy, found.conditions["limit_percent"]) == ("lower_limit", 50)
        assert "LIMIT_FRAUD_RULES" in [reason["code"] for reason in hinted.reasons]
        assert replay.replay(hinted.decision_id or "").same


class TestADoubt:
    def test_is_looked_at_by_a_person_before_anything_is_decided(self, lender: Lender) -> None:
        elder = PersonDraft("虚构·老人", _id_of_born("19500101"), "15400000001", invented=True)
        applied = applying.apply(lender.intake(lender.approved[0], person=elder), key="k", now=NOW)
        assert (applied.held, applied.state, applied.decision_id) == (True, "submitted", None)
        assert "AGE_OVER_60" in [reason["code"] for reason in applied.reasons]
        found = antifraud.assessment_of(applied.application_id)
        assert found is not None
        assert found.outcome in ("step_up", "review")
        assert applying.shown(applied.application_id)["reasons"] == applied.reasons

    def test_comes_along_however_often_the_applicant_comes_again(self, lender: Lender) -> None:
        elder = PersonDraft("虚构·老人", _id_of_born("19500101"), "15400000001", invented=True)
        applied = applying.apply(lender.intake(lender.approved[0], person=elder), key="k", now=NOW)
        for n in range(2):
            later, invoices = NOW + timedelta(days=n), invoices_of(own_invoices(yuan=80_000 + n))
            again = applying.apply_again(applied.application_id, invoices, key=f"k{n}", now=later)
            assert (again.held, again.decision_id, again.reasons) == (True, None, applied.reasons)
            assert applying.shown(again.application_id)["reasons"] == applied.reasons
            applied = again
        released = release.release(applied.application_id, by="operator", reason="已电话核实", on=lender.today, now=NOW)
        assert (released.held, released.decision_id is not None) == (False, True)


class TestARefusalByTheRulebook:
    def test_is_a_final_answer_with_reasons_and_a_way_to_a_person(self, lender: Lender) -> None:
        applied = self._minor(lender)
        assert (applied.state, applied.held, applied.approved) == ("refused", False, False)
        assert [reason["code"] for reason in applied.reasons] == ["AGE_UNDER_18", "ASK_FOR_A_PERSON"]
        assert all(reason["text_zh"] and reason["text_en"] for reason in applied.reasons)
        shown = applying.shown(applied.application_id)
        assert (shown["state"], shown["decision_id"]) == ("refused", applied.decision_id)
        assert shown["reasons"] == applied.reasons

    def test_is_on_record_and_replays_from_what_was_seen(self, lender: Lender) -> None:
        decision_id = self._minor(lender).decision_id
        assert decision_id is not None
        replayed = replay.replay(decision_id)
        assert (replayed.same, replayed.replayed["outcome"]) == (True, "refuse")
        assert policy.verify_chain().broken_at is None
        chain = explain.chain_of(decision_id)
        assert chain["decision"]["kind"] == "antifraud.refusal"
        assert chain["application"]["state"] == "refused"
        assert [step["outcome"] for step in chain["antifraud"]] == ["refuse"]

    def test_moves_nothing_else(self, lender: Lender) -> None:
        applied = self._minor(lender)
        chain = explain.chain_of(applied.application_id)
        assert {"offer", "matches", "loan"} & set(chain) == set()
        assert {consent["institution_id"] for consent in chain["applicant"]["consents"]} == {""}
        assert [move["move"] for move in chain["application"]["moves"]] == ["refuse"]
        assert policy.latest().filter(subject=f"application:{applied.application_id}").count() == 1

    def test_gets_the_same_answer_under_the_same_key(self, lender: Lender) -> None:
        assert self._minor(lender) == self._minor(lender)
        assert (applications(), policy.latest().filter(batch__kind="antifraud.refusal").count()) == (1, 1)

    def test_cannot_be_turned_by_bringing_invoices(self, lender: Lender) -> None:
        applied = self._minor(lender)
        with pytest.raises(Refused, match="REFUSED_BY_RULEBOOK"):
            applying.apply_again(applied.application_id, invoices_of(own_invoices()), key="k2", now=NOW)
        assert applications() == 1

    @staticmethod
    def _minor(lender: Lender) -> Applied:
        child = PersonDraft("虚构·小朋友", _id_of_born("20150101"), "15400000001", invented=True)
        return applying.apply(lender.intake(lender.approved[0], person=child), key="k", now=NOW)


def _id_of_born(day: str) -> str:
    from stdnum.cn import ric

    digits = f"110105{day}001"
    return digits + ric.calc_check_digit(digits + "0")


class TestARelease:
    def test_by_a_person_goes_on_to_a_decision_and_is_on_record(self, lender: Lender) -> None:
        applied = self._held(lender, "19500101")
        assert "AGE_OVER_60" in [reason["code"] for reason in applied.reasons]
        released = release.release(applied.application_id, by="operator", reason="已电话核实", on=lender.today, now=NOW)
        assert (released.held, released.decision_id is not None) == (False, True)
        by_person = policy.latest().get(batch__kind=release.KIND)
        assert (by_person.inputs["by"], by_person.inputs["hits"][0]) == ("operator", "AGE_OVER_60")
        assert replay.replay(by_person.id).same
        assert policy.verify_chain().broken_at is None
        with pytest.raises(Refused, match="NOT_HELD"):
            release.release(applied.application_id, by="operator", reason="再来一次", on=lender.today, now=NOW)

    def test_of_what_the_rulebook_refuses_is_refused(self, lender: Lender) -> None:
        applied = self._held(lender, "20150101")
        with pytest.raises(Refused, match="NOT_HELD"):
            release.release(applied.application_id, by="operator", reason="网开一面", on=lender.today, now=NOW)
        assert policy.latest().filter(batch__kind=release.KIND).count() == 0

    def test_needs_a_reason(self, lender: Lender) -> None:
        applied = self._held(lender, "19500101")
        with pytest.raises(Refused, match="REASON_MISSING"):
            release.release(applied.application_id, by="operator", reason=" ", on=lender.today, now=NOW)
        assert underwriting.application(applied.application_id).state == "submitted"

    @staticmethod
    def _held(lender: Lender, born: str) -> Applied:
        person = PersonDraft("虚构·某人", _id_of_born(born), "15400000002", invented=True)
        return applying.apply(lender.intake(lender.approved[0], person=person), key=f"k/{born}", now=NOW)


class TestTheFillingIn:
    def test_is_no_part_of_the_request_but_is_seen(self, lender: Lender) -> None:
        intake = lender.intake(
            lender.approved[0], signals={"fill_seconds": 12.5, "pasted_identity": True}, ip="203.0.113.9"
        )
        first = applying.apply(intake, key="k", now=NOW)
        again = applying.apply(replace(intake, signals={"fill_seconds": 13.1}), key="k", now=NOW)
        assert again == first
        found = antifraud.assessment_of(first.application_id)
        assert found is not None
        assert {"FILLED_TOO_FAST", "PASTED_AND_FAST"} <= {hit.code for hit in found.hits}
        assert found.signals["people_on_ip_1d"] == 1


class TestTheLock:
    def test_of_a_case_keeps_the_reason_from_the_applicant(self, lender: Lender) -> None:
        from puhui.antifraud import operations as mirror

        elder = PersonDraft("虚构·老人", _id_of_born("19500101"), "15400000001", invented=True)
        applied = applying.apply(lender.intake(lender.approved[0], person=elder), key="k", now=NOW)
        assert applying.shown(applied.application_id)["reasons"][0]["code"] == "AGE_OVER_60"
        case_id = mirror.raise_lead("police", applied.application_id, told="警方协查", by="ana", now=NOW)
        mirror.lock_tipping_off(case_id, on=True, by="ana", now=NOW, note="已报告反洗钱中心")
        assert [reason["code"] for reason in applying.shown(applied.application_id)["reasons"]] == [
            "LOOKED_AT_BY_PERSON"
        ]
