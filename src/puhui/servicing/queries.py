"""Front door, reads: loans, schedules, journals, balances, days, and the proof of the laws.

Rule kept: rows stay home; what leaves are frozen values. Row security decides what the asker sees: an institution its
own loans, the platform all. Amounts are minor units; days late and classes are as of the last end of day or payment.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Count, Q, Sum, Value
from django.db.models.functions import Coalesce, NullIf

from puhui.servicing import control, models, proof
from puhui.servicing.columns import terms_of
from puhui.servicing.core import accounts, delinquency
from puhui.servicing.core.laws import Breach
from puhui.servicing.core.lifecycle import SERVICED, STATES
from puhui.servicing.day_lines import journal_of
from puhui.servicing.views import (
    AccountBalance,
    BookSummary,
    InstalmentView,
    JournalLine,
    LoanFilter,
    LoanPage,
    LoanView,
    MoveView,
)
from puhui.store import prepared

PAGE_SIZE = 50


class LoanNotFound(LookupError):
    """没有这笔贷款 · no such loan, or it belongs to another institution."""


def loan(loan_id: str) -> LoanView:
    """One loan. Raises LoanNotFound."""
    return _view(_row(loan_id), _last_closed())


def loans(*, page: int = 1, where: LoanFilter | None = None) -> LoanPage:
    """A page of loans, newest first."""
    wanted = where or LoanFilter()
    exact = {name: value for name in ("state", "shop_id", "person_id") if (value := getattr(wanted, name))}
    rows = models.Loan.objects.select_related("disclosure").filter(**exact).order_by("-id")
    if wanted.institution_id:
        rows = rows.filter(_held_by(wanted.institution_id))
    if wanted.text:
        rows = rows.filter(Q(id__contains=wanted.text) | Q(shop_id__contains=wanted.text))
    total = rows.count()
    pages = max(-(-total // PAGE_SIZE), 1)
    page = min(max(page, 1), pages)
    start = (page - 1) * PAGE_SIZE
    as_of = _last_closed()
    return LoanPage([_view(row, as_of) for row in rows[start : start + PAGE_SIZE]], page, pages, total)


def loans_of_offers(offer_ids: Sequence[str]) -> dict[str, str]:
    """Which of these offers have become loans: offer id → loan id."""
    return dict(models.Loan.objects.filter(offer_id__in=list(offer_ids)).values_list("offer_id", "id"))


def late_loans(*, as_of: date) -> list[tuple[str, str, str, int, int]]:
    """Every loan that is late at the end of a closed date: (loan, institution, person, days late, planned dues unpaid)."""
    return control.late_loans(as_of)


def schedule(loan_id: str) -> list[InstalmentView]:
    """The instalments with what was paid; states as of the open business date."""
    _row(loan_id)
    today = business_date()
    return [_instalment(row, today) for row in models.Instalment.objects.filter(loan_id=loan_id).order_by("n")]


def journal(loan_id: str) -> list[JournalLine]:
    """All postings of one loan and its lines of what accrued, in the order they were made."""
    _row(loan_id)
    return journal_of(loan_id)


def moves(loan_id: str) -> list[MoveView]:
    """The life of one loan so far."""
    names = ("from_state", "verb", "to_state", "effective_date", "reason")
    return [MoveView(*row) for row in models.Move.objects.filter(loan_id=loan_id).order_by("id").values_list(*names)]


def trial_balance(institution_id: str | None = None) -> list[AccountBalance]:
    """Balances of every account of the chart, added up from all postings; both columns have the same sum."""
    postings = models.Posting.objects.all()
    if institution_id is not None:
        postings = postings.filter(institution_id=institution_id)
    total: dict[str, int] = {}
    for balances in control.ledger_of(postings).values():
        for code, minor in balances.items():
            total[code] = total.get(code, 0) + minor
    return [
        AccountBalance(code, line.name_zh, line.name_en, max(total.get(code, 0), 0), max(-total.get(code, 0), 0))
        for code, line in accounts.CHART.items()
    ]


def business_date() -> date | None:
    """The open business date, or None before the books are opened."""
    today = models.open_day()
    return today.business_date if today else None


def loans_repaid(person_id: str) -> int:
    """How many loans of a person were paid back to the end; written off or sold is not paid back."""
    found = prepared.first("SELECT count(*) FROM servicing_loan WHERE person_id = %s AND state = 'closed'", [person_id])
    return int(found[0]) if found else 0


def book_summary(*, as_of: date | None = None) -> BookSummary | None:
    """The book as of the end of a closed business date (the last one if not given); None if that day has no record."""
    runs = models.DayRun.objects.all()
    if as_of is None:
        as_of = runs.order_by("-business_date").values_list("business_date", flat=True).first()
    rows = list(runs.filter(business_date=as_of)) if as_of else []
    if as_of is None or not rows:
        return None
    return BookSummary(
        as_of=as_of,
        loans=sum(row.loans for row in rows),
        outstanding_minor=sum(row.outstanding_minor for row in rows),
        overdue_loans=sum(row.overdue_loans for row in rows),
        by_institution={row.institution_id: row.outstanding_minor for row in rows},
        by_bucket=_added([row.outstanding_by_bucket for row in rows]),
        by_class=_added([row.outstanding_by_class for row in rows]),
    )


def ageing(institution_id: str) -> list[tuple[str, int, int]]:
    """One institution's loans in service now by month bucket: (bucket, number, outstanding), empty buckets left out."""
    rows = (
        models.Loan.objects.filter(_held_by(institution_id), state__in=SERVICED)
        .order_by()
        .values_list("oldest_due_on")
        .annotate(Count("id"), Sum("outstanding_minor"))
    )
    as_of, sums = _last_closed(), dict[str, tuple[int, int]]()
    for oldest_due_on, count, outstanding_minor in rows:
        days = delinquency.days_late(np.array([oldest_due_on], "datetime64[D]"), as_of or np.datetime64("NaT"))
        bucket = str(delinquency.bucket_of(days)[0])
        known = sums.get(bucket, (0, 0))
        sums[bucket] = (known[0] + count, known[1] + int(outstanding_minor))
    return [(bucket, *sums[bucket]) for bucket in delinquency.BUCKETS if bucket in sums]


def live_book() -> dict[str, dict[str, int]]:
    """Loans in service now, by the institution that holds them (the first, where there are several): number, outstanding principal, number late."""
    as_of = _last_closed()
    rows = (
        models.Loan.objects.filter(state__in=SERVICED)
        .order_by()
        .values(holder=Coalesce(NullIf("held_by", Value("", models.models.TextField())), "institution_id"))
        .annotate(
            loans=Count("id"),
            outstanding_minor=Sum("outstanding_minor"),
            late=Count("id", filter=Q(oldest_due_on__lt=as_of.item() if as_of else date.min)),
        )
    )
    return {
        str(row["holder"]): {name: int(row[name]) for name in ("loans", "outstanding_minor", "late")}  # type: ignore[call-overload]
        for row in map(dict, rows)
    }


def day_history(*, limit: int = 60) -> list[dict[str, Any]]:
    """The last ends of day, newest first, summed over the institutions the asker may see; provisions by class, stage and move."""
    counted = (
        "loans",
        "accrued_minor",
        "credit_used_minor",
        "became_overdue",
        "cured",
        "closed",
        "overdue_loans",
        "outstanding_minor",
        "provision_minor",
    )
    rows = (
        models.DayRun.objects.order_by("-business_date")
        .values("business_date")
        .annotate(**{f"sum_{name}": Sum(name) for name in counted})[:limit]
    )
    days = [
        {"business_date": row["business_date"]} | {name: int(row[f"sum_{name}"]) for name in counted}
        for row in map(dict[str, Any], rows)
    ]
    grouped = ("provision_by_class", "provision_by_stage", "provision_moves")
    parts: dict[date, list[tuple[dict[str, int], ...]]] = {}
    runs = models.DayRun.objects.filter(business_date__in=[day["business_date"] for day in days])
    for business_date, *groups in runs.values_list("business_date", *grouped):
        parts.setdefault(business_date, []).append(tuple(groups))
    for day in days:
        for place, name in enumerate(grouped):
            day[name] = _added([groups[place] for groups in parts[day["business_date"]]])
    return days


def disclosure(disclosure_id: str) -> dict[str, Any] | None:
    """The stored form with its hash, and when it was confirmed (None if it was not)."""
    row = models.Disclosure.objects.select_related("confirmation").filter(pk=disclosure_id).first()
    if row is None:
        return None
    confirmed = getattr(row, "confirmation", None)
    return {
        "disclosure_id": row.id,
        "sha256": row.sha256,
        "form": row.form,
        "cap": row.cap,
        "cap_source": row.cap_source,
        "min_read_seconds": row.min_read_seconds,
        "confirmed_at": confirmed.confirmed_at if confirmed else None,
    }


def verify() -> list[Breach]:
    """Prove the laws over the whole book, from the first posting; an empty list is the proof (`puhui ledger verify`)."""
    return proof.breaches()


def _row(loan_id: str) -> models.Loan:
    row = models.Loan.objects.select_related("disclosure").filter(pk=loan_id).first()
    if row is None:
        raise LoanNotFound(loan_id)
    return row


def _held_by(institution_id: str) -> Q:
    """Loans it lent and holds, or bought, as the first funder."""
    return Q(held_by=institution_id) | Q(held_by="", institution_id=institution_id)


def _last_closed() -> np.datetime64 | None:
    """The last business date whose end has come: lateness is read as of it."""
    today = business_date()
    return np.datetime64(today) - np.timedelta64(1, "D") if today else None


def _days_late(row: models.Loan, as_of: np.datetime64 | None) -> int:
    if as_of is None:
        return 0
    return int(delinquency.days_late(np.array([row.oldest_due_on], "datetime64[D]"), as_of)[0])


def _view(row: models.Loan, as_of: np.datetime64 | None) -> LoanView:
    days_past_due = _days_late(row, as_of)
    return LoanView(
        loan_id=row.id,
        institution_id=row.institution_id,
        held_by=row.held_by or row.institution_id,
        person_id=row.person_id,
        shop_id=row.shop_id,
        application_id=row.application_id,
        offer_id=row.offer_id,
        disclosure_id=row.disclosure_id,
        terms=terms_of(row),
        waterfall=row.waterfall,
        final_due_on=row.final_due_on,
        state=row.state,
        state_name=STATES[row.state],
        outstanding_minor=row.outstanding_minor,
        received_minor=row.received_minor,
        credit_minor=row.credit_minor,
        days_past_due=days_past_due,
        bucket=str(delinquency.bucket_of(np.array([days_past_due]))[0]),
        five_class=row.five_class,
        closed_on=row.closed_on,
        apr_simple=row.disclosure.apr_simple,
        apr_compound=row.disclosure.apr_compound,
    )


def _instalment(row: models.Instalment, today: date | None) -> InstalmentView:
    due = row.principal_minor + row.interest_minor
    unpaid = due - row.paid_principal_minor - row.paid_interest_minor
    state = delinquency.instalment_state(
        row.due_on, unpaid_minor=unpaid, settled=row.settled_on is not None, as_of=today or row.starts_on
    )
    return InstalmentView(
        n=row.n,
        starts_on=row.starts_on,
        due_on=row.due_on,
        principal_minor=row.principal_minor,
        interest_minor=row.interest_minor,
        due_minor=due,
        balance_minor=row.balance_minor,
        paid_principal_minor=row.paid_principal_minor,
        paid_interest_minor=row.paid_interest_minor,
        unpaid_minor=unpaid,
        settled_on=row.settled_on,
        state=state,
    )


def _added(parts: list[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, minor in part.items():
            total[name] = total.get(name, 0) + minor
    return total
