"""Finish the end of a day: when every slice is done, prove the laws over the whole book, keep the record, close the date.

Rule kept: the ledger (yesterday's balances and today's postings) equals the sub-ledger (the sums of the slices), the lines of
what accrued equal their postings, and what each funder is owed equals the cash of the day. If not, nothing is recorded.
"""

from datetime import date, datetime

from django.db import transaction

from puhui.servicing import control, models
from puhui.servicing.provisioning import methods_on


class LawBroken(Exception):
    """The book contradicts itself; the day was not closed. A person must look."""


@transaction.atomic
def finish_day(day: date, *, now: datetime) -> None:
    """Close a date whose slices are all done; one that is closed already is left as it is."""
    turn = models.BusinessDay.objects.select_for_update().get(business_date=day)
    if turn.state == "closed":
        return
    assert not models.DaySlice.objects.filter(business_date=day, done_at=None).exists(), "slices are still to be closed"
    figures, ledger = control.figures_of(day), control.ledger_at_close(day)
    breaches = control.breaches_at_close(ledger, figures) + control.lines_against_postings(day)
    if breaches:
        raise LawBroken("; ".join(f"{b.law} {b.where}: {b.expected} ≠ {b.found}" for b in breaches[:5]))
    moved, methods = control.provision_moves(day), methods_on(day)
    models.DayRun.objects.bulk_create(
        models.DayRun(
            business_date=day,
            institution_id=institution,
            recorded_at=now,
            balances=ledger.get(institution, {}),
            provision_moves=moved.get(institution, {}),
            provision_method=methods.name_of(institution),
            **control.recorded(figures.get(institution, {})),
        )
        for institution in sorted(ledger.keys() | figures.keys())
    )
    models.SettlementLine.objects.bulk_create(control.settlement_lines(day, now=now))
    turn.state, turn.closed_at = "closed", now
    turn.save(update_fields=["state", "closed_at"])
