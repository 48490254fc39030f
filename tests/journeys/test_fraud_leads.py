"""A loan that never pays its first instalment becomes a lead of anti-fraud after the days of the table, once; one that paid a little does not."""

from datetime import timedelta

from puhui.antifraud import case_files, lead_measures
from puhui.antifraud import operations as antifraud
from puhui.antifraud.core import casework
from puhui.journeys import disburse as disbursing
from puhui.journeys import fraud_leads
from puhui.servicing import operations as servicing
from puhui.servicing import queries as servicing_queries
from tests.journeys.conftest import NOW, READING, Lender


def test_a_loan_that_never_paid_is_looked_at_once(lender: Lender) -> None:
    assert fraud_leads.autopsies(now=NOW) == 0
    silent = lender.booked(lender.applied())
    disbursing.disburse(silent.loan_id, now=NOW + READING)
    loan = servicing_queries.loan(silent.loan_id)
    first_due = servicing_queries.schedule(silent.loan_id)[0].due_on
    late = casework.figures()["autopsy"]["late_days"]
    seen: dict[int, int] = {}
    while (day := servicing_queries.business_date()) <= first_due + timedelta(days=late + 1):
        days_late = (day - first_due).days - 1  # the last day that is closed
        if days_late >= late - 1:
            seen[days_late] = fraud_leads.autopsies(now=NOW)
        servicing.close_day(now=NOW)
    assert seen == {late - 1: 0, late: 1}
    assert fraud_leads.autopsies(now=NOW) == 0
    (view,) = case_files.queue(now=NOW)
    file = case_files.case_file(view.case_id, now=NOW)
    assert file is not None
    (lead,) = file.leads
    assert (lead["source"], lead["application_key"]) == ("fpd_autopsy", loan.application_id)
    assert f"{first_due} 还款，已逾期 {late} 天，分文未还" in lead["told"]
    assert view.amount_minor == servicing_queries.loan(silent.loan_id).outstanding_minor
    assert lead_measures.measures(now=NOW)[0].leads == 1
    assert antifraud.leads_from_complaints(now=NOW) == 0
