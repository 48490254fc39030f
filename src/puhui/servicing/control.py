"""Control totals: the ledger by institution, and the sub-ledger it must equal.

Rule kept: at each end of day the ledger is carried forward (yesterday's balances and today's postings), so the proof
costs one day's rows and not the book's whole history; `puhui ledger verify` adds up everything from the first row.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from django.db.models import F, Q, Sum

from puhui.servicing import models
from puhui.servicing.core import accounts, laws
from puhui.servicing.core.laws import Breach

Ledger = dict[str, dict[str, int]]


def ledger_at_close(day: date) -> Ledger:
    """Balances (debit − credit) by institution and account at the end of `day`."""
    totals = {
        run.institution_id: dict(run.balances)
        for run in models.DayRun.objects.filter(business_date__lt=day)
        .order_by("institution_id", "-business_date")
        .distinct("institution_id")
    }
    for institution, moved in ledger_of(models.Posting.objects.filter(business_date=day)).items():
        before = totals.setdefault(institution, {})
        for account, minor in moved.items():
            before[account] = before.get(account, 0) + minor
    return totals


def ledger_of(postings: models.models.QuerySet[models.Posting]) -> Ledger:
    """Balances by institution and account of some postings."""
    sums = postings.order_by().values_list("institution_id", "debit", "credit").annotate(Sum("amount_minor"))
    rows: dict[str, list[tuple[str, str, int]]] = {}
    for institution, debit, credit, minor in sums:
        rows.setdefault(institution, []).append((debit, credit, int(minor)))
    return {institution: laws.balances(lines) for institution, lines in sorted(rows.items())}


def breaches_at_close(ledger: Ledger, receivable: Mapping[str, int]) -> list[Breach]:
    """Trial balance zero, normal sides, and ledger = sub-ledger for principal, credit and interest."""
    found: list[Breach] = []
    for institution, total in ledger.items():
        found += laws.trial_balance_is_zero(institution, total) + laws.right_sides(institution, total)
    loans = models.Loan.objects.order_by().values_list("institution_id")
    subledger = {row[0]: row[1:] for row in loans.annotate(Sum("outstanding_minor"), Sum("credit_minor"))}
    views = (
        (accounts.LOAN_PRINCIPAL, 1, {name: int(row[0]) for name, row in subledger.items()}),
        (accounts.BORROWER_CREDIT, -1, {name: int(row[1]) for name, row in subledger.items()}),
        (accounts.INTEREST_RECEIVABLE, 1, receivable),
    )
    for account, sign, expected in views:
        in_ledger = {name: sign * total.get(account, 0) for name, total in ledger.items()}
        found += laws.compare(f"sub-ledger equals ledger: {account}", dict(expected), in_ledger)
    return found


def instalments_against_loans() -> list[Breach]:
    """Principal left on the instalments of a disbursed loan is the loan's outstanding principal."""
    left = Sum(F("instalments__principal_minor") - F("instalments__paid_principal_minor"))
    disbursed = ~Q(state__in=["booked", "cancelled"])
    rows: Iterable[tuple[str, int, int]] = (
        models.Loan.objects.filter(disbursed)
        .annotate(left=left)
        .exclude(outstanding_minor=F("left"))
        .values_list("id", "left", "outstanding_minor")
    )
    return [Breach("instalments re-add to the loan", loan, int(minor), found) for loan, minor, found in rows]
