"""What small owners bring: recorded once, never edited, seen as of a day, and enough for an answer without invoices."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from puhui.kernel.refusal import Refused
from puhui.policy import replay
from puhui.underwriting import lending, models, operations, owner_evidence, queries
from puhui.underwriting.core.evidence_item import Observed
from puhui.underwriting.operations import ApplicationDraft, EvidenceDraft
from puhui.underwriting.tests.owner_samples import rice_farmer, tobacco_shop

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
FIELD = [[113.0, 30.0], [113.001, 30.0], [113.001, 30.001], [113.0, 30.001]]


def observed(item: dict[str, Any]) -> Observed:
    days = (date.fromisoformat(item["observed_from"]), date.fromisoformat(item["observed_to"]))
    return Observed(item["kind"], item["source"], *days, item["values"])


def drafts(items: list[dict[str, Any]], *, shop: str = "shop_1", person: str = "person_1") -> list[EvidenceDraft]:
    return [EvidenceDraft(person, shop, observed(each)) for each in items]


def plot(boundary: list[list[float]], *, person: str) -> EvidenceDraft:
    values = {"crop": "rice", "area_mu": 16, "stage": "growing", "boundary": boundary}
    seen = Observed("plot", "satellite", date(2026, 10, 1), date(2026, 11, 1), values)
    return EvidenceDraft(person, f"shop of {person}", seen)


def seen(shop: str = "shop_1", *, as_of: date = date(2026, 11, 20), known_at: datetime = NOW) -> list[str]:
    return [item["kind"] for item in owner_evidence.gather([shop], as_of=as_of, known_at=known_at)[shop]]


@pytest.mark.usefixtures("db")
class TestRecord:
    def test_the_same_key_and_content_is_one_item(self) -> None:
        ids = operations.record_evidence(drafts(tobacco_shop()), key="k", now=NOW)
        assert operations.record_evidence(drafts(tobacco_shop()), key="k", now=NOW) == ids
        assert models.EvidenceItem.objects.count() == 4
        with pytest.raises(Refused, match="KEY_REUSED"):
            operations.record_evidence(drafts(rice_farmer()), key="k", now=NOW)

    def test_one_bad_value_leaves_nothing(self) -> None:
        bad = drafts(tobacco_shop())
        bad.append(
            EvidenceDraft(
                "p", "s", Observed("rent", "document", date(2026, 10, 1), date(2026, 11, 1), {"monthly_minor": -5})
            )
        )
        with pytest.raises(Refused, match="EVIDENCE_VALUE_INVALID"):
            operations.record_evidence(bad, key="k", now=NOW)
        assert models.EvidenceItem.objects.count() == 0

    def test_the_grade_follows_from_the_source(self) -> None:
        operations.record_evidence(drafts(tobacco_shop()), key="k", now=NOW)
        grades = dict(models.EvidenceItem.objects.values_list("source", "grade"))
        assert grades == {"wallet": "B", "tobacco_bureau": "A", "statement": "D", "bureau": "A"}

    def test_nothing_is_ever_edited(self) -> None:
        operations.record_evidence(drafts(tobacco_shop()), key="k", now=NOW)
        with pytest.raises(DatabaseError, match=r"permission denied|append-only"), transaction.atomic():
            models.EvidenceItem.objects.update(grade="A")


@pytest.mark.usefixtures("db")
class TestVerify:
    def test_a_visit_says_it_again_with_a_better_grade(self) -> None:
        told = operations.record_evidence(drafts(tobacco_shop()[2:3]), key="k", now=NOW)[0]
        visited = operations.verify_evidence(told, by="王芳", now=NOW + timedelta(hours=1))
        assert operations.verify_evidence(told, by="王芳", now=NOW + timedelta(hours=1)) == visited
        row = models.EvidenceItem.objects.get(id=visited)
        assert (row.source, row.grade, row.verified_by, row.replaces_id) == ("staff_visit", "B", "王芳", told)
        assert seen(known_at=NOW + timedelta(hours=2)) == ["hand_books"]

    @pytest.mark.parametrize(("which", "by", "code"), [(1, "王芳", "GOOD_ENOUGH"), (2, " ", "VERIFIER_MISSING")])
    def test_is_refused_and_moves_nothing(self, which: int, by: str, code: str) -> None:
        told = operations.record_evidence(drafts(tobacco_shop()), key="k", now=NOW)[which]
        with pytest.raises(Refused, match=code):
            operations.verify_evidence(told, by=by, now=NOW)
        assert models.EvidenceItem.objects.count() == 4


@pytest.mark.usefixtures("db")
class TestAsOf:
    def test_nothing_recorded_or_observed_later_is_visible(self) -> None:
        books = tobacco_shop()[2]
        operations.record_evidence(drafts([books]), key="first", now=NOW)
        later = NOW + timedelta(days=5)
        fresh = books | {"kind": "shelf", "values": {"sku_count": 9_999}, "observed_to": "2026-11-25"}
        operations.record_evidence(drafts([fresh]), key="planted, observed later", now=later)
        operations.record_evidence(drafts([tobacco_shop()[0]]), key="planted, recorded later", now=later)
        assert seen() == ["hand_books"]
        assert seen(as_of=date(2026, 11, 20), known_at=later) == ["hand_books", "wallet_flow"]
        assert len(seen(as_of=date(2026, 11, 25), known_at=later)) == 3

    def test_a_correction_hides_what_it_corrects_only_once_it_is_known(self) -> None:
        told = operations.record_evidence(drafts(tobacco_shop()[2:3]), key="k", now=NOW)[0]
        operations.verify_evidence(told, by="王芳", now=NOW + timedelta(days=1))
        before = owner_evidence.gather(["shop_1"], as_of=date(2026, 11, 20), known_at=NOW)["shop_1"]
        after = owner_evidence.gather(["shop_1"], as_of=date(2026, 11, 22), known_at=NOW + timedelta(days=2))["shop_1"]
        assert ([i["grade"] for i in before], [i["grade"] for i in after]) == (["D"], ["B"])


@pytest.mark.usefixtures("db")
class TestPlots:
    def test_another_owners_field_on_the_same_ground_is_passed_on_not_judged(self) -> None:
        operations.record_evidence([plot(FIELD, person="a")], key="a", now=NOW)
        shifted = [[x + 0.0005, y] for x, y in FIELD]  # half of each lies on the other: IoU 1/3
        operations.record_evidence([plot(shifted, person="b")], key="b", now=NOW)
        signal = models.EvidenceSignal.objects.get()
        assert (signal.code, signal.item.person_id, signal.other and signal.other.person_id) == (
            "PLOT_OVERLAP",
            "b",
            "a",
        )
        assert signal.value == pytest.approx(1 / 3, abs=1e-4)
        assert queries.evidence_signals(queries.evidence_brought("shop of b", now=NOW)) == (
            {"plot_overlap": signal.value},
            date(2026, 11, 20),
        )

    @pytest.mark.parametrize(("shift", "person"), [(0.0009, "b"), (0.0, "a")])
    def test_a_neighbour_or_ones_own_field_is_no_signal(self, shift: float, person: str) -> None:
        operations.record_evidence([plot(FIELD, person="a")], key="a", now=NOW)
        beside = [[x + shift, y] for x, y in FIELD]
        operations.record_evidence([plot(beside, person=person)], key="b", now=NOW)
        assert models.EvidenceSignal.objects.count() == 0


@pytest.mark.usefixtures("standing")
class TestTheAnswer:
    def decided(self, items: list[dict[str, Any]], *, segment: str = "shop", **when: Any) -> operations.Decided:
        draft = ApplicationDraft("phone", "person_1", "shop_1", 1_500_000, 12, segment=segment)
        application_id = operations.submit_application(draft, key=f"k{segment}{when}", now=NOW)
        operations.record_evidence(drafts(items), key=f"e{segment}", now=NOW)
        return operations.decide_application(application_id, now=NOW, **when)

    def test_comes_without_invoices_on_other_evidence_and_replays(self) -> None:
        found = self.decided(tobacco_shop())
        assert (found.approved, found.limit_minor, found.reasons[0]["code"]) == (
            True,
            1_500_000,
            "APPROVED_SMALL_OWNER",
        )
        assert replay.replay(found.decision_id).same
        answer = models.Application.objects.get().answer
        assert answer is not None
        assert (answer["price"]["cap"]["rate"], answer["binding"]) == ("0.24", "WANTED")
        assert [rule["lender_type"] for rule in answer["price"]["cap"]["rules"]] == ["bank", "mcc"]

    def test_is_still_a_refusal_that_says_what_to_bring_without_any(self) -> None:
        assert self.decided([]).reasons[0]["code"] == "NO_INVOICES"

    def test_does_not_change_when_facts_are_planted_later(self) -> None:
        first = self.decided(tobacco_shop())
        later = NOW + timedelta(days=3)
        bad = [item | {"values": item["values"] | {"overdue_now_minor": 10**9}} for item in tobacco_shop()[3:]]
        operations.record_evidence(drafts(bad), key="planted", now=later)
        second_id = operations.submit_application(
            ApplicationDraft("phone", "person_1", "shop_1", 1_500_000, 12, segment="shop"), key="again", now=later
        )
        as_then = operations.decide_application(second_id, now=later, as_of=date(2026, 11, 20))
        assert replace(as_then, application_id="", decision_id="") == replace(first, application_id="", decision_id="")
        assert replay.replay(first.decision_id).same

    def test_an_unknown_segment_is_refused(self) -> None:
        with pytest.raises(Refused, match="SEGMENT_UNKNOWN"):
            self.decided([], segment="whale")
        assert models.Application.objects.count() == 0

    def test_an_invoice_firm_with_a_bad_owner_is_refused_for_the_owner(self) -> None:
        row = next(row for row in queries.outcome(models.Appraisal.objects.get().id).rows if row.approved)
        load_id = models.Load.objects.get().id
        draft = ApplicationDraft("phone", "person_1", "shop_1", 10_000_000, 12, load_id, row.firm)
        overdue = [item | {"values": item["values"] | {"overdue_now_minor": 10**7}} for item in tobacco_shop()[3:]]
        operations.record_evidence(drafts(overdue), key="e", now=NOW)
        found = operations.decide_application(operations.submit_application(draft, key="k", now=NOW), now=NOW)
        assert (found.approved, found.reasons[0]["code"]) == (False, "OWNER_OVERDUE_NOW")
        assert replay.replay(found.decision_id).same


def test_the_law_of_the_day_bounds_the_price() -> None:
    assert str(lending.legal_cap(date(2026, 11, 20)).rate) == "0.24"
    assert str(lending.legal_cap(date(2028, 1, 1)).rate) == "0.1200"
