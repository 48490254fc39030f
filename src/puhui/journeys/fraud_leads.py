"""Loans that never paid their first instalment become leads (首逾复盘): anti-fraud looks at how they came.

Rule kept: only closed dates are told; whoever paid a fen is left to collection; a loan is a lead once. An application that anti-fraud
never assessed (loans from before) cannot be one and is passed over.
"""

from datetime import date, datetime, timedelta

import polars as pl

from puhui.antifraud import operations as antifraud
from puhui.antifraud import queries as antifraud_queries
from puhui.antifraud.core import casework
from puhui.servicing import performance
from puhui.servicing import queries as servicing

SOURCE, _BY = "fpd_autopsy", "puhui"


def autopsies(*, now: datetime) -> int:
    """Leads of loans whose first instalment is late by the days of the table with nothing repaid; answers how many are new."""
    today = servicing.business_date()
    if today is None:
        return 0
    closed, late_days = today - timedelta(days=1), casework.figures()["autopsy"]["late_days"]
    silent = _never_paid(closed, late_days)
    names = silent["application_id"].to_list()
    open_to_it = list(antifraud_queries.assessed(names) - antifraud_queries.led(SOURCE, names))
    fresh, raised = silent.filter(pl.col("application_id").is_in(open_to_it)), 0
    for loan_id, application_id, due_on in fresh.select("loan", "application_id", "first_due_on").iter_rows():
        loan = servicing.loan(loan_id)
        if loan.received_minor == 0:
            days = (closed - due_on).days
            told = f"首期应于 {due_on} 还款，已逾期 {days} 天，分文未还 · the first instalment of {due_on} is {days} days late, nothing was repaid"
            antifraud.raise_lead(
                SOURCE, application_id, told=told, by=_BY, now=now, amount_minor=loan.outstanding_minor
            )
            raised += 1
    return raised


def _never_paid(as_of: date, late_days: int) -> pl.DataFrame:
    """Loans by id whose first instalment fell due so many days ago and is not settled."""
    return performance.first_payments(as_of=as_of).filter(
        pl.col("first_paid_on").is_null() & (pl.col("first_due_on") + pl.duration(days=late_days) <= as_of)
    )
