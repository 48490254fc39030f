"""Applications one by one: idempotent, decided like the batch, offered, accepted or not, every move a row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from puhui.kernel.refusal import Refused
from puhui.policy import replay
from puhui.policy.models import Decision
from puhui.underwriting import evidence, models, operations, queries
from puhui.underwriting.core.policy_table import AppraisalPolicy
from puhui.underwriting.operations import ApplicationDraft, AppraisalOutcome, InvoicesSent

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def draft(standing: AppraisalOutcome, firm: str | None, **changes: Any) -> ApplicationDraft:
    plain = ApplicationDraft("phone", "person_1", "shop_1", 100_000_000, 12, standing.load_id if firm else None, firm)
    return replace(plain, **changes)


def decided(standing: AppraisalOutcome, firm: str | None, key: str = "k", **changes: Any) -> operations.Decided:
    application_id = operations.submit_application(draft(standing, firm, **changes), key=key, now=NOW)
    return operations.decide_application(application_id, now=NOW)


def best(standing: AppraisalOutcome) -> Any:
    return max(standing.rows, key=lambda row: row.expected_profit_minor)


class TestSubmit:
    def test_the_same_key_and_content_is_one_application(self, standing: AppraisalOutcome) -> None:
        first = operations.submit_application(draft(standing, "E1"), key="k", now=NOW)
        assert operations.submit_application(draft(standing, "E1"), key="k", now=NOW) == first
        assert models.Application.objects.count() == 1

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"requested_minor": 0}, "AMOUNT_NOT_POSITIVE"), ({"months": 0}, "MONTHS_OUT_OF_RANGE"),
         ({"entrance": "door"}, "ENTRANCE_UNKNOWN"), ({"firm_code": "E999"}, "FIRM_UNKNOWN")],
    )  # fmt: skip
    def test_a_wrong_draft_is_refused_and_leaves_no_row(
        self, standing: AppraisalOutcome, changes: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(Refused, match=code):
            operations.submit_application(draft(standing, "E1", **changes), key="k", now=NOW)
        assert models.Application.objects.count() == 0

    def test_a_key_used_for_something_else_is_refused(self, standing: AppraisalOutcome) -> None:
        operations.submit_application(draft(standing, "E1"), key="k", now=NOW)
        with pytest.raises(Refused, match="KEY_REUSED"):
            operations.submit_application(draft(standing, "E2"), key="k", now=NOW)
        assert models.Application.objects.count() == 1


class TestDecide:
    def test_one_applicant_is_judged_as_in_the_batch(self, standing: AppraisalOutcome) -> None:
        for i, row in enumerate(standing.rows[::7]):
            application_id = operations.submit_application(draft(standing, row.firm), key=f"k{i}", now=NOW)
            operations.decide_application(application_id, now=NOW)
            answer = models.Application.objects.get(id=application_id).answer
            assert answer is not None
            assert (answer["pd"], answer["rating"], answer["limit_cap_minor"], answer["value_per_yuan"]) == (
                row.pd, row.rating, row.limit_cap_minor, row.value_per_yuan,
            )  # fmt: skip
            if row.approved and row.limit_minor == row.limit_cap_minor:
                assert answer["limit_minor"] == row.limit_minor

    def test_what_the_appraisal_saw_is_what_would_be_counted_again(self, standing: AppraisalOutcome) -> None:
        policy = AppraisalPolicy(models.Appraisal.objects.get(id=standing.appraisal_id).parameters["policy"])
        kept = dict(models.Verdict.objects.order_by("firm_id").values_list("firm_id", "evidence"))
        day, floor = standing.view.as_of, policy.loop_floor_minor
        assert evidence.gather(list(kept), as_of=day, loop_floor_minor=floor) == list(kept.values())

    def test_asks_once_and_answers_the_same_again(self, standing: AppraisalOutcome) -> None:
        first, recorded = decided(standing, best(standing).firm), Decision.objects.count()
        assert operations.decide_application(first.application_id, now=NOW + timedelta(days=1)) == first
        assert Decision.objects.count() == recorded

    def test_the_decision_replays(self, standing: AppraisalOutcome) -> None:
        answer = decided(standing, best(standing).firm)
        assert replay.replay(answer.decision_id).same

    def test_no_more_than_asked_for(self, standing: AppraisalOutcome) -> None:
        answer = decided(standing, best(standing).firm, requested_minor=15_000_000)
        assert (answer.approved, answer.limit_minor, answer.reasons[0]["code"]) == (
            True,
            15_000_000,
            "APPROVED_AS_ASKED",
        )

    def test_less_than_the_smallest_loan_is_refused(self, standing: AppraisalOutcome) -> None:
        answer = decided(standing, best(standing).firm, requested_minor=9_999_999)
        assert (answer.approved, answer.reasons[0]["code"]) == (False, "WANTED_BELOW_MINIMUM")

    def test_without_invoices_on_file_it_says_what_to_bring(self, standing: AppraisalOutcome) -> None:
        answer = decided(standing, None)
        assert (answer.approved, answer.limit_minor, answer.reasons[0]["code"]) == (False, 0, "NO_INVOICES")
        assert queries.application(answer.application_id).state == "refused"
        assert replay.replay(answer.decision_id).same

    @pytest.mark.usefixtures("db")
    def test_before_any_appraisal_it_is_refused(self) -> None:
        application_id = operations.submit_application(
            ApplicationDraft("file", "person_1", "shop_1", 20_000_000, 12), key="k", now=NOW
        )
        with pytest.raises(Refused, match="NO_STANDING_APPRAISAL"):
            operations.decide_application(application_id, now=NOW)
        assert queries.application(application_id).state == "submitted"


class TestRefuse:
    WHY: ClassVar = [{"code": "AGE_UNDER_18", "text_zh": "申请人未满18周岁", "text_en": "the applicant is under 18"}]

    def test_on_other_grounds_than_credit_is_an_answer_and_a_move(self, standing: AppraisalOutcome) -> None:
        application_id = operations.submit_application(draft(standing, "E1"), key="k", now=NOW)
        for _ in range(2):
            answer = operations.refuse_application(application_id, decision_id="dec_1", reasons=self.WHY, now=NOW)
            assert (answer.approved, answer.limit_minor, list(answer.reasons)) == (False, 0, self.WHY)
        seen = queries.application(application_id)
        assert (seen.state, seen.decision_id, seen.reasons) == ("refused", "dec_1", self.WHY)
        assert [move["move"] for move in seen.moves] == ["refuse"]
        assert operations.decide_application(application_id, now=NOW) == answer

    def test_of_what_is_decided_already_is_refused_and_moves_nothing(self, standing: AppraisalOutcome) -> None:
        first = decided(standing, best(standing).firm)
        with pytest.raises(Refused, match="DECIDED_ALREADY"):
            operations.refuse_application(first.application_id, decision_id="dec_1", reasons=self.WHY, now=NOW)
        seen = queries.application(first.application_id)
        assert (seen.state, seen.decision_id, len(seen.moves)) == ("approved", first.decision_id, 1)


class TestOwnInvoices:
    def rows(self, side: str, yuan: int) -> list[dict[str, Any]]:
        return [
            {"number": f"{side}{k}", "issued_on": f"2020-{k % 2 + 1:02d}-{k % 9 + 10}" if k > 20 else f"2019-{k % 12 + 1:02d}-15",
             "counterparty": f"{side}{k % 9}", "net_yuan": f"{yuan}.00", "tax_yuan": "0", "gross_yuan": f"{yuan}.00",
             "status": "有效发票"}
            for k in range(24)
        ]  # fmt: skip

    def test_a_partner_sends_them_as_dictionaries(self, standing: AppraisalOutcome) -> None:
        application_id = operations.submit_application(draft(standing, None), key="k", now=NOW)
        sent = InvoicesSent("shop_1", "虚构小店", self.rows("B", 400_000), self.rows("A", 250_000), origin="invented")
        summary = operations.ingest_invoices(sent, now=NOW, application_id=application_id)
        assert summary.counts["invoices"] == 48
        answer = operations.decide_application(application_id, now=NOW)
        assert answer.reasons[0]["code"] != "NO_INVOICES"
        assert replay.replay(answer.decision_id).same
        assert queries.standing_appraisal().appraisal_id == standing.appraisal_id  # type: ignore[union-attr]

    def test_an_upload_is_checked_like_a_folder(self, standing: AppraisalOutcome) -> None:
        csv = "number,issued_on,counterparty,net_yuan,tax_yuan,gross_yuan,status\n1,2020-01-01,B,5,0,5,有效发票\n2,昨天,B,5,0,5,有效发票\n"
        sent = InvoicesSent("shop_1", "虚构小店", csv.encode("gb18030"), csv.encode())
        summary = operations.ingest_invoices(sent, now=NOW)
        assert [(f.file, f.row, f.column) for f in summary.rejections] == [
            ("sales", 3, "issued_on"),
            ("purchases", 3, "issued_on"),
        ]
        assert summary.counts["invoices"] == 2

    def test_a_missing_field_is_refused_by_name(self, standing: AppraisalOutcome) -> None:
        rows = [{key: value for key, value in row.items() if key != "status"} for row in self.rows("B", 10)]
        with pytest.raises(Refused, match="status"):
            operations.ingest_invoices(InvoicesSent("shop_1", "店", rows, []), now=NOW)
        assert models.Load.objects.filter(kind="application").count() == 0

    def test_anothers_application_takes_none(self, standing: AppraisalOutcome) -> None:
        application_id = operations.submit_application(draft(standing, None), key="k", now=NOW)
        with pytest.raises(Refused, match="NOT_WAITING"):
            operations.ingest_invoices(
                InvoicesSent("shop_2", "店", self.rows("B", 10), []), now=NOW, application_id=application_id
            )
        assert models.Load.objects.filter(kind="application").count() == 0


class TestOffer:
    def test_goes_from_offer_to_funding(self, standing: AppraisalOutcome) -> None:
        answer = decided(standing, best(standing).firm)
        offer_id = operations.make_offer(answer.application_id, now=NOW)
        assert operations.make_offer(answer.application_id, now=NOW) == offer_id
        offer = queries.offer(offer_id)
        assert (offer.limit_minor, offer.annual_rate, offer.state) == (answer.limit_minor, answer.annual_rate, "open")
        operations.accept_offer(offer_id, disclosure_hash="abc", now=NOW)
        operations.accept_offer(offer_id, disclosure_hash="abc", now=NOW)
        operations.mark_funded(answer.application_id, loan_id="loan_1", now=NOW)
        view = queries.application(answer.application_id)
        assert (view.state, view.loan_id, view.offer_id) == ("funded", "loan_1", offer_id)
        assert [move["move"] for move in view.moves] == ["approve", "offer", "accept", "fund"]

    def test_a_refused_applicant_gets_no_offer(self, standing: AppraisalOutcome) -> None:
        answer = decided(standing, None)
        with pytest.raises(Refused, match="NOT_APPROVED"):
            operations.make_offer(answer.application_id, now=NOW)
        assert models.Offer.objects.count() == 0

    def test_nothing_is_accepted_unseen_or_too_late(self, standing: AppraisalOutcome) -> None:
        offer_id = operations.make_offer(decided(standing, best(standing).firm).application_id, now=NOW)
        with pytest.raises(Refused, match="NOT_DISCLOSED"):
            operations.accept_offer(offer_id, disclosure_hash="", now=NOW)
        with pytest.raises(Refused, match="OFFER_EXPIRED"):
            operations.accept_offer(offer_id, disclosure_hash="abc", now=NOW + timedelta(days=30))
        assert queries.offer(offer_id).state == "open"

    def test_an_expired_offer_is_closed_with_its_application(self, standing: AppraisalOutcome) -> None:
        answer = decided(standing, best(standing).firm)
        offer_id = operations.make_offer(answer.application_id, now=NOW)
        assert operations.expire_offers(now=NOW + timedelta(days=29)) == []
        assert operations.expire_offers(now=NOW + timedelta(days=30)) == [offer_id]
        assert (queries.offer(offer_id).state, queries.application(answer.application_id).state) == (
            "expired",
            "expired",
        )

    def test_a_declined_offer_cannot_be_accepted(self, standing: AppraisalOutcome) -> None:
        offer_id = operations.make_offer(decided(standing, best(standing).firm).application_id, now=NOW)
        operations.decline_offer(offer_id, now=NOW)
        with pytest.raises(Refused, match="MOVE_IMPOSSIBLE"):
            operations.accept_offer(offer_id, disclosure_hash="abc", now=NOW)
        assert queries.offer(offer_id).state == "declined"

    @pytest.mark.usefixtures("db")
    def test_what_is_unknown_is_said_to_be(self) -> None:
        with pytest.raises(queries.OfferUnknown):
            queries.offer("offer_none")
        with pytest.raises(queries.ApplicationUnknown):
            queries.application("app_none")
        with pytest.raises(Refused, match="OFFER_UNKNOWN"):
            operations.decline_offer("offer_none", now=NOW)
