"""The whole spine as one story: a click becomes an application, an offer, a loan, and pays its first instalment."""

from datetime import timedelta

from puhui.acquisition.operations import TouchDraft
from puhui.funding import queries as funding
from puhui.journeys import accept as accepting
from puhui.journeys import close_day, disburse, explain
from puhui.policy import replay
from puhui.servicing import operations as servicing_operations
from puhui.servicing import queries as servicing
from tests.journeys.conftest import NOW, READING, Lender, confirmation


class TestAShopOwner:
    def test_comes_by_an_advertisement_and_pays_a_first_instalment(self, lender: Lender) -> None:
        # A click, and half an hour later an application by phone, decided at once.
        touch = TouchDraft("douyin", "spring", "click-1", None, NOW)
        applied = lender.applied(touch=touch, now=NOW + timedelta(minutes=30))
        assert (applied.state, applied.approved) == ("offered", True)
        assert replay.replay(applied.decision_id or "").same

        # The offer names who lends and what it costs.
        now = NOW + timedelta(hours=1)
        shown = accepting.show_offer(applied.offer_id or "", now=now)
        assert shown.sample
        assert "虚构" in (shown.institution_name or "")
        assert len(shown.instalments) == 12
        assert shown.total_repaid_minor == shown.principal_minor + shown.total_interest_minor
        assert sum(line["due_minor"] for line in shown.instalments) == shown.total_repaid_minor

        # Accepted: the quota is reserved, the loan booked; paid out: postings, quota confirmed.
        said_yes = confirmation(shown, shown_at=now)
        accepted = accepting.accept(shown.offer_id, said_yes, key="yes", now=now + READING)
        assert servicing.loan(accepted.loan_id).state == "booked"
        assert disburse.disburse(accepted.loan_id, now=now + READING).state == "active"
        assert funding.allotment_of(shown.offer_id) == (accepted.allotment_id, "confirmed")
        lines = [(line.debit, line.credit, line.amount_minor) for line in servicing.journal(accepted.loan_id)]
        assert lines == [("loan_principal", "cash", shown.principal_minor)]

        # Days are closed until the first instalment falls due, and it is paid on its day.
        first = servicing.schedule(accepted.loan_id)[0]
        while servicing.business_date() != first.due_on:
            closed = close_day.close_day(now=now)
            assert (closed.late, closed.refused) == (0, {})
        servicing_operations.record_repayment(accepted.loan_id, first.due_minor, on=first.due_on, key="pay-1", now=now)
        close_day.close_day(now=now)
        assert servicing.schedule(accepted.loan_id)[0].state == "paid"
        assert servicing.loan(accepted.loan_id).outstanding_minor == shown.principal_minor - first.principal_minor

        # The books balance, and the chain tells the story from click to postings.
        balances = servicing.trial_balance()
        assert sum(line.debit_minor for line in balances) == sum(line.credit_minor for line in balances) > 0
        assert servicing.verify() == []
        chain = explain.chain_of(accepted.loan_id)
        assert (chain["touch"]["channel"], chain["touch"]["touch_id"]) == ("douyin", applied.touch_id)
        assert chain["application"]["application_id"] == applied.application_id
        assert chain["decision"]["decision"] == applied.decision_id
        assert [match["institution_id"] for match in chain["matches"]] == [accepted.institution_id]
        assert chain["loan"]["loan_id"] == accepted.loan_id
        assert chain["loan"]["postings"][0]["amount_minor"] == shown.principal_minor
        assert {row["purpose"] for row in chain["applicant"]["consents"]} == {"credit_assessment", "funding"}
        for subject in (applied.application_id, applied.offer_id, applied.decision_id):
            assert explain.chain_of(subject or "")["loan"]["loan_id"] == accepted.loan_id
