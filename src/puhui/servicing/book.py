"""Front door, reads of the whole book: as of any closed business date, over time, by funder, and the ends of day that made it.

Rule kept: what is shown of a closed date is that date's own record (day runs, settlement lines), never today's rows; row security leaves
an institution its own. Amounts are minor units.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from puhui.servicing import models, queries
from puhui.servicing.core.accounts import CHART
from puhui.servicing.core.classification import CLASSES
from puhui.servicing.core.delinquency import BUCKETS
from puhui.servicing.holders import holders, provision_parts
from puhui.servicing.views import AccountBalance

_STAGES = ("1", "2", "3")
PROVISION_MOVES = ("provided", "released", "used", "restored")
_COUNTED = (
    "loans",
    "accrued_minor",
    "penalty_minor",
    "compound_minor",
    "off_balance_minor",
    "credit_used_minor",
    "became_overdue",
    "cured",
    "closed",
    "overdue_loans",
    "outstanding_minor",
    "provision_minor",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One funder's book at the end of a date."""

    institution_id: str
    loans: int
    overdue_loans: int
    outstanding_minor: int
    provision_minor: int
    by_bucket: dict[str, int]
    by_class: dict[str, int]
    by_stage: dict[str, int]
    provision_by_class: dict[str, int]
    provision_by_stage: dict[str, int]
    provision_moves: dict[str, int]  # how it came from the day before's to this one's
    provision_method: str  # class, ecl, greater; empty for days before methods were recorded
    balances: dict[str, int]  # account → debit − credit


@dataclass(frozen=True, slots=True)
class Book:
    """The book at the end of a closed date, funder by funder."""

    as_of: date
    funders: tuple[Standing, ...]

    def total(self, name: str) -> int:
        return sum(getattr(each, name) for each in self.funders)

    @property
    def trial_balance(self) -> list[AccountBalance]:
        """All funders' accounts together; both columns have the same sum."""
        lines = []
        for code, account in CHART.items():
            minor = sum(each.balances.get(code, 0) for each in self.funders)
            lines.append(AccountBalance(code, account.name_zh, account.name_en, max(minor, 0), max(-minor, 0)))
        return lines


@dataclass(frozen=True, slots=True)
class Settled:
    """What a funder is owed of the money received for it on a date."""

    institution_id: str
    business_date: date
    principal_minor: int
    interest_minor: int
    penalty_minor: int
    fee_minor: int
    other_minor: int
    loans: int

    @property
    def total_minor(self) -> int:
        return self.principal_minor + self.interest_minor + self.penalty_minor + self.fee_minor + self.other_minor


@dataclass(frozen=True, slots=True)
class Turn:
    """A business date as the end of day sees it: open, closing (with its progress) or closed."""

    business_date: date
    state: str
    closed_at: datetime | None
    slices: int
    slices_done: int
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def percent(self) -> int:
        return 100 * self.slices_done // self.slices if self.slices else 0


def date_to_close() -> date | None:
    """The business date whose end comes next: the one under way, else the open one."""
    day = models.day_to_close()
    return day.business_date if day else None


def closed_dates(*, limit: int = 400) -> list[date]:
    """Dates that have a record, latest first."""
    dates = models.DayRun.objects.order_by("-business_date").values_list("business_date", flat=True).distinct()
    return list(dates[:limit])


def book_at(as_of: date, *, institution_id: str = "") -> Book | None:
    """The book at the end of a closed date, of one funder or of all the asker may see; None without a record."""
    runs = models.DayRun.objects.filter(business_date=as_of).order_by("institution_id")
    if institution_id:
        runs = runs.filter(institution_id=institution_id)
    funders = tuple(
        Standing(
            institution_id=run.institution_id,
            loans=run.loans,
            overdue_loans=run.overdue_loans,
            outstanding_minor=run.outstanding_minor,
            provision_minor=run.provision_minor,
            by_bucket=_in_order(run.outstanding_by_bucket, BUCKETS),
            by_class=_in_order(run.outstanding_by_class, CLASSES),
            by_stage=_in_order(run.outstanding_by_stage, _STAGES),
            provision_by_class=_in_order(run.provision_by_class, CLASSES),
            provision_by_stage=_in_order(run.provision_by_stage, _STAGES),
            provision_moves=_in_order(run.provision_moves, PROVISION_MOVES),
            provision_method=run.provision_method,
            balances=dict(run.balances),
        )
        for run in runs
    )
    return Book(as_of, funders) if funders else None


def roll(*, until: date, institution_id: str = "", limit: int = 90) -> list[dict[str, Any]]:
    """Outstanding principal over time, oldest first: in all, by bucket, provisions and what moved them, loans late."""
    runs = models.DayRun.objects.filter(business_date__lte=until)
    if institution_id:
        runs = runs.filter(institution_id=institution_id)
    days: dict[date, dict[str, Any]] = {}
    wanted = runs.order_by("-business_date").values_list("business_date", flat=True).distinct()[:limit]
    for run in runs.filter(business_date__in=list(wanted)).order_by("business_date"):
        into = days.setdefault(
            run.business_date, {"business_date": run.business_date, "by_bucket": {}, "provision_moves": {}}
        )
        for name in ("loans", "overdue_loans", "outstanding_minor", "provision_minor", "accrued_minor"):
            into[name] = into.get(name, 0) + getattr(run, name)
        for name, sums in (("by_bucket", run.outstanding_by_bucket), ("provision_moves", run.provision_moves)):
            for group, minor in sums.items():
                into[name][group] = into[name].get(group, 0) + minor
    return list(days.values())


def settled(*, until: date, institution_id: str = "", limit: int = 100) -> list[Settled]:
    """Settlement lines up to a date, latest first."""
    lines = models.SettlementLine.objects.filter(business_date__lte=until)
    if institution_id:
        lines = lines.filter(institution_id=institution_id)
    names = Settled.__dataclass_fields__.keys()
    rows = lines.order_by("-business_date", "institution_id").values(*names)[:limit]
    return [Settled(**{name: row[name] for name in names}) for row in map(dict, rows)]


def turns(*, limit: int = 60) -> list[Turn]:
    """Business dates, latest first: what is open, what is closing and how far, and what the closed ones came to."""
    days = list(models.BusinessDay.objects.order_by("-business_date")[: limit + 2])
    if not days:
        return []
    first = days[-1].business_date
    counted = (
        models.DaySlice.objects.filter(business_date__gte=first)
        .order_by()
        .values("business_date")
        .annotate(all=Count("id"), done=Count("id", filter=Q(done_at__isnull=False)))
    )
    slices = {row["business_date"]: row for row in map(dict[str, Any], counted)}
    sums = _sums_since(first)
    return [
        Turn(
            business_date=day.business_date,
            state=day.state,
            closed_at=day.closed_at,
            slices=slices.get(day.business_date, {}).get("all", 0),
            slices_done=slices.get(day.business_date, {}).get("done", 0),
            figures=sums.get(day.business_date, {}),
        )
        for day in days
    ]


def accruals(loan_id: str, *, limit: int = 400) -> list[dict[str, Any]]:
    """What each end of day accrued on one loan, latest first. Raises LoanNotFound."""
    queries.loan(loan_id)
    number = models.Loan.objects.values_list("number", flat=True).get(pk=loan_id)
    statement = (
        "SELECT business_date, sum(interest_minor), sum(penalty_minor), sum(compound_minor), bool_and(on_balance) "
        "FROM servicing_accrual WHERE loan_number = %s AND business_date IN (SELECT business_date FROM servicing_day_part "
        "WHERE first_number <= %s AND last_number >= %s) GROUP BY 1 ORDER BY 1 DESC LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [number, number, number, limit])
        names = ("business_date", "interest_minor", "penalty_minor", "compound_minor", "on_balance")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def risk(loan_id: str) -> dict[str, Any]:
    """How the book judges one loan: stage, provision, product, and since when its interest is off the balance sheet."""
    queries.loan(loan_id)
    loan = models.Loan.objects.get(pk=loan_id)
    told = {name: getattr(loan, name) for name in ("stage", "non_accrual_on", "restructured_on", "product")}
    today = queries.business_date()
    parts = provision_parts(loan, *holders(loan), today - timedelta(days=1)) if today else ()
    return told | {"provision_minor": int(sum(parts))}


def shares(loan_id: str) -> list[tuple[str, int, int]]:
    """Who holds which part of a loan now: (institution, weight, of weight); the whole where it is not shared."""
    loan = queries.loan(loan_id)
    rows = models.Share.objects.filter(loan_id=loan_id, end=None).order_by("from_weight")
    held = [(row.institution_id, row.to_weight - row.from_weight, row.of_weight) for row in rows]
    return held or [(loan.institution_id, 1, 1)]


def _sums_since(first: date) -> dict[date, dict[str, int]]:
    """Figures of the closed dates, added up over the funders the asker may see."""
    rows = (
        models.DayRun.objects.filter(business_date__gte=first)
        .order_by()
        .values("business_date")
        .annotate(**{f"sum_{name}": Sum(name) for name in _COUNTED})
    )
    return {
        row["business_date"]: {name: int(row[f"sum_{name}"]) for name in _COUNTED} for row in map(dict[str, Any], rows)
    }


def _in_order(sums: dict[str, int], order: Any) -> dict[str, int]:
    """The groups in their own order, empty ones as zero."""
    return {str(name): int(sums.get(str(name), 0)) for name in order}
