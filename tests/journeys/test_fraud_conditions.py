"""What anti-fraud asked for beside its yes: a delay holds the pay-out until its day, a direct payment waits for the supplier's account."""

from datetime import timedelta
from typing import Any

import pytest

from puhui.antifraud import operations as antifraud
from puhui.antifraud import payees
from puhui.antifraud import queries as antifraud_queries
from puhui.journeys import accept as accepting
from puhui.journeys import close_day
from puhui.journeys import disburse as disbursing
from puhui.kernel.refusal import Refused
from puhui.servicing import queries as servicing_queries
from tests.journeys.conftest import NOW, READING, Lender, confirmation


def supplier(**changes: str) -> antifraud.PayeeDraft:
    told: dict[str, Any] = {
        "name": "某某食品批发部",
        "account": "3700 0123 4567 8901 23",
        "reason": "进货合同 2026-017",
    }
    return antifraud.PayeeDraft(**(told | changes))


class TestADelay:
    def test_holds_the_pay_out_until_its_day(self, lender: Lender) -> None:
        applied = lender.applied(signals={"registered_months": 3})
        said = antifraud_queries.assessment_of(applied.application_id)
        assert said is not None
        assert (said.strategy, said.conditions["delay_days"]) == ("delay", 1)
        today = servicing_queries.business_date()
        assert today is not None
        while today < NOW.date():
            close_day.close_day(now=NOW)
            today = servicing_queries.business_date()
            assert today is not None
        loan_id = lender.booked(applied).loan_id
        loan = servicing_queries.loan(loan_id)
        assert loan.terms.disbursed_on == NOW.date() + timedelta(days=1)
        assert disbursing.disburse(loan_id, now=NOW + READING).state == "booked"
        assert servicing_queries.journal(loan_id) == []
        first = close_day.close_day(now=NOW)
        assert (first.disbursed, first.refused) == (0, {})
        assert servicing_queries.loan(loan_id).state == "booked"
        second = close_day.close_day(now=NOW + timedelta(days=1))
        assert (second.disbursed, servicing_queries.loan(loan_id).state_name != "") == (1, True)
        assert servicing_queries.loan(loan_id).outstanding_minor == loan.terms.principal_minor


class TestADirectPayment:
    def test_is_booked_only_when_staff_named_whom_it_goes_to(self, lender: Lender) -> None:
        applied = lender.applied(signals={"address_is_cluster": True})
        assert applied.offer_id is not None
        shown = accepting.show_offer(applied.offer_id, now=NOW)
        with pytest.raises(Refused, match="PAYEE_NEEDED"):
            accepting.accept(applied.offer_id, confirmation(shown), key="k", now=NOW + READING)
        assert servicing_queries.loans().loans == []
        said = antifraud.name_payee(applied.application_id, supplier(), by="ana", now=NOW)
        assert said == "370****0123"
        loan_id = lender.booked(applied, key="k").loan_id
        assert disbursing.disburse(loan_id, now=NOW + READING).state == "active"
        payee = payees.named(applied.application_id)
        assert payee is not None
        assert (payee.name, payee.account.reveal(), str(payee.account)) == (
            "某某食品批发部",
            "370001234567890123",
            "***",
        )

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"name": " "}, "PAYEE_NAME"),
            ({"account": "12345"}, "PAYEE_ACCOUNT"),
            ({"account": "６２２２0000000000"}, "PAYEE_ACCOUNT"),
            ({"reason": "货"}, "NOTE_MISSING"),
        ],
    )
    def test_needs_a_name_an_account_and_a_reason(self, lender: Lender, changes: dict[str, str], code: str) -> None:
        applied = lender.applied(signals={"address_is_cluster": True})
        with pytest.raises(Refused, match=code):
            antifraud.name_payee(applied.application_id, supplier(**changes), by="ana", now=NOW)
        assert payees.named(applied.application_id) is None

    def test_never_goes_to_an_applicants_own_account(self, lender: Lender) -> None:
        from puhui.antifraud import application_json

        applied = lender.applied(signals={"address_is_cluster": True})
        sent = {"application_id": "other", "id_number": "11010119900307803X", "card": "6222020000000000123"}
        antifraud.assess(application_json.read(sent, now=NOW).facts, now=NOW)
        with pytest.raises(Refused, match="PAYEE_IS_APPLICANT"):
            antifraud.name_payee(applied.application_id, supplier(account="6222 0200 0000 0000 123"), by="a", now=NOW)
        with pytest.raises(Refused, match="APPLICATION_UNKNOWN"):
            antifraud.name_payee("nobody", supplier(), by="ana", now=NOW)
        assert payees.named(applied.application_id) is None
